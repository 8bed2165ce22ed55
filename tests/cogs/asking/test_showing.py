"""A released picture is not shown everywhere for ever: `may_show`, and `/show`, which asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import discord
import pytest
from simcord.builders import ChannelHandle

from bot.domain import ChannelId, GuildId, Job, Picture, Place, Rating, RefusalReason, Refused
from bot.policy.layers import GuildPolicy
from bot.policy.screening import Screen, Term
from bot.policy.showing import Shown, may_show
from tests.stages.factories import CHANNEL, GUILD, make_job, make_place, make_reaction
from tests.stages.front import Front, answer_to, front
from tests.stages.law import make_guild, make_policy, save_policy

FREE = make_guild()
PARENT = ChannelId(CHANNEL + 1)
THREAD = Place(guild_id=GUILD, channel_id=CHANNEL, parent_id=PARENT)
ADULT = make_place(adult=True)


def picture_of(job: Job, rating: Rating = Rating.GENERAL) -> Picture:
    return Picture(
        job_id=job.id, user_id=job.user_id, guild_id=job.guild_id, sha256="0" * 64, size_bytes=1,
        width_px=1, height_px=1, card_id="tiny-1", rating=rating, created_ms=1,
        spoiler=False, removed=False,
    )  # fmt: skip


def refusal(
    prompt: str = "1girl",
    *,
    place: Place = THREAD,
    guild: GuildPolicy = FREE,
    rating: Rating = Rating.GENERAL,
) -> RefusalReason | None:
    job = make_job(prompt=prompt)
    verdict = may_show(job, picture_of(job, rating), make_policy(guild, place))
    if isinstance(verdict, Shown):
        return None
    assert verdict.text
    return verdict.reason


def test_a_plain_picture_may_be_shown_in_every_place() -> None:
    assert refusal() is None
    assert refusal(place=ADULT) is None


@pytest.mark.parametrize("off", [CHANNEL, PARENT])
def test_nothing_is_shown_where_the_bot_is_switched_off(off: ChannelId) -> None:
    guild = make_guild(disabled=off)
    assert refusal(guild=guild) is RefusalReason.CHANNEL


def test_a_picture_whose_prompt_is_now_blocked_is_not_shown() -> None:
    guild = make_guild(Term(text="dragon", reason="spoilers"))
    assert refusal("a dr(ag:1.0)on", guild=guild) is RefusalReason.SERVER
    assert refusal("a dragon", guild=FREE) is None
    for place in (THREAD, ADULT):
        assert refusal("loli", place=place) is RefusalReason.FLOOR


def test_adult_pictures_are_shown_only_in_age_restricted_channels() -> None:
    assert refusal(rating=Rating.EXPLICIT) is RefusalReason.AGE
    assert refusal(rating=Rating.EXPLICIT, place=ADULT) is None
    assert refusal("1girl, nude") is RefusalReason.AGE, "whatever it was labelled when it was drawn"
    assert refusal("1girl, nude", place=ADULT) is None


def test_an_internal_error_refuses_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    other = GuildId(GUILD + 1)
    job, policy = make_job(), make_policy()
    for picture in (
        picture_of(make_job("0000000002")),
        replace(picture_of(job), guild_id=other),
    ):
        refused = may_show(job, picture, policy)
        assert isinstance(refused, Refused)
        assert refused.reason is RefusalReason.FAULT
    elsewhere = make_policy(make_guild(guild_id=other), make_place(guild=other))
    assert isinstance(may_show(job, picture_of(job), elsewhere), Refused)
    monkeypatch.setattr(Screen, "findings", broken)
    assert refusal() is RefusalReason.FAULT


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path, "cogs.voting.votes") as ready:
        yield ready


async def shown(desk: Front, job: Job, where: ChannelHandle | None = None) -> str:
    """What `/show` says, or "" if it shows the picture."""
    answer = answer_to(await desk.member.slash(where or desk.channel, "show", id=job.id))
    if answer.attachments:
        return ""
    assert answer.ephemeral
    return answer.content


async def test_show_is_refused_where_the_bot_is_switched_off(desk: Front) -> None:
    job, _ = await desk.post_picture()
    boss = desk.moderator(manage_guild=True)
    assert not await shown(desk, job)
    await boss.slash(desk.channel, "policy channel", channel=desk.channel, enabled=False)
    assert "turned off in this channel" in await shown(desk, job)


async def test_show_is_refused_for_a_prompt_that_is_now_blocked(desk: Front) -> None:
    job, _ = await desk.post_picture("1girl, dragon")
    assert not await shown(desk, job)
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy block", term="dragon", reason="we read it together")
    assert "we read it together" in await shown(desk, job)
    worse, _ = await desk.post_picture("1girl, loli")
    assert "no longer allowed" in await shown(desk, worse)


async def test_show_does_not_carry_a_picture_out_of_a_private_channel(desk: Front) -> None:
    """Nor does it reveal the prompt, which may be blocked now."""
    me = desk.guild.me
    assert me is not None
    secret = desk.guild.create_text_channel(
        "secret",
        overwrites={
            desk.guild.default_role: discord.PermissionOverwrite(view_channel=False),
            me: discord.PermissionOverwrite(view_channel=True),
        },
    )
    (job,) = await desk.queue_jobs(channel=secret, prompt="1girl, dragon")
    await desk.draw_jobs([job])
    await save_policy(desk.services.guilds, make_guild("dragon", guild_id=GuildId(desk.guild.id)))
    answer = await shown(desk, job)
    assert "drawn in a channel that not everybody here can see" in answer
    assert not any(message.attachments for message in desk.channel.history())


async def test_show_does_not_reveal_a_picture_to_a_role_denied_its_channel(desk: Front) -> None:
    young = desk.guild.create_role("under-18")
    grown = desk.guild.create_text_channel(
        "grown-ups", overwrites={young: discord.PermissionOverwrite(view_channel=False)}
    )
    (job,) = await desk.queue_jobs(channel=grown)
    await desk.draw_jobs([job])
    assert "not everybody here can see" in await shown(desk, job)
    assert not await shown(desk, job, grown)


async def test_votes_top_omits_pictures_that_are_now_blocked(desk: Front) -> None:
    (job, message), (fine, other) = [await desk.post_picture(p) for p in ("a dragon", "1girl")]
    voter = desk.newcomer("voter")
    for shown in (message, other):
        await desk.services.votes.record(make_reaction(shown.id, voter.id))
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy block", term="dragon")
    listed = answer_to(await desk.member.slash(desk.channel, "votes top"))
    assert fine.id in listed.content
    assert job.id not in listed.content
    assert len(listed.attachments) == 1


async def test_votes_top_is_refused_where_the_bot_is_switched_off(desk: Front) -> None:
    _, message = await desk.post_picture()
    await desk.services.votes.record(make_reaction(message.id, desk.newcomer("voter").id))
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy channel", channel=desk.channel, enabled=False)
    answer = answer_to(await desk.member.slash(desk.channel, "votes top"))
    assert "turned off in this channel" in answer.content
    assert answer.ephemeral
    assert not answer.attachments
