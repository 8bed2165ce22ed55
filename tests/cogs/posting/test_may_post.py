"""Policy is checked again before a finished picture is posted, because it may have changed."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.domain import ChannelId, GuildId, Job, JobState, RefusalReason, Refused
from bot.languages import language
from bot.words import pictures, refusals, wording
from bot.words.speaking import speaking
from tests.stages.law import make_guild, save_policy
from tests.stages.office import Office
from tests.stages.simulated import scene


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with scene(tmp_path, "cogs.posting.delivery", kind=Office) as built:
        yield built


async def switch_off(office: Office, channel_id: int) -> None:
    policy = make_guild(guild_id=GuildId(office.guild.id), disabled=ChannelId(channel_id))
    await save_policy(office.services.guilds, policy)


async def refusal(office: Office, job: Job, *, besides: Job | None = None) -> str:
    """The refusal for a picture that was not posted; the picture is kept."""
    await office.run_delivery()
    assert office.pictures() == ([f"{besides.id}.png"] if besides else [])
    state, error = await office.state(job)
    assert state is JobState.FAILED
    assert await office.services.gallery.get(job.id) is not None
    return error


async def test_nothing_is_posted_in_a_channel_that_is_switched_off(office: Office) -> None:
    job = await office.draw_picture()
    await switch_off(office, office.channel.id)
    told = await refusal(office, job)
    assert told == (
        "The moderators turned me off in this channel. The picture is kept: "
        f"`/show {job.id}` brings it back in another channel of this server."
    )


async def test_the_reason_is_stored_in_english_and_shown_in_any_language(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild = office.env.bot.get_guild(office.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale.german
    off, removed = await office.draw_picture(), await office.draw_picture()
    told = {off.id: Refused(reason=RefusalReason.CHANNEL, text="-")}
    monkeypatch.setattr(
        sys.modules["cogs.posting.delivery"],
        "may_show",
        lambda job, *_: (
            told.get(job.id) or Refused(reason=RefusalReason.REMOVED, text=refusals.REMOVED())
        ),
    )
    await office.run_delivery()
    await office.run_delivery()
    for job, why in ((off, pictures.SWITCHED_OFF), (removed, refusals.REMOVED)):
        ended = await office.services.views.get(job.id)
        assert ended is not None
        assert ended.error == why.replace("{id}", job.id)
        for locale in ("de", "ja"):
            with speaking(language(locale)):
                assert wording.why(ended) == why(id=job.id) != ended.error


async def test_switching_one_channel_off_does_not_affect_another(office: Office) -> None:
    job = await office.draw_picture()
    await switch_off(office, office.guild.create_text_channel("other").id)
    await office.run_delivery()
    assert office.pictures() == [f"{job.id}.png"]


async def test_a_newly_blocked_term_stops_the_post_and_is_not_named(office: Office) -> None:
    job = await office.draw_picture(prompt="1girl, dragon")
    guild_id = GuildId(office.guild.id)
    await save_policy(office.services.guilds, make_guild("dragon", guild_id=guild_id))
    told = await refusal(office, job)
    assert "The moderators have blocked words in this picture's prompt" in told
    assert "dragon" not in told, "everybody in the channel can read how a request ended"


async def test_a_thread_is_off_when_its_channel_is(office: Office) -> None:
    first = await office.draw_picture()
    await office.run_delivery()
    message = office.channel.last_message
    assert message is not None
    there = office.env.bot.get_partial_messageable(
        office.channel.id, guild_id=office.guild.id
    ).get_partial_message(message.id)
    thread: Any = await there.create_thread(name="about it")
    job = await office.draw_picture(channel=thread)
    await switch_off(office, office.channel.id)
    assert "turned me off" in await refusal(office, job, besides=first)
