"""Age-restricted places: the channel, the parent of a thread and the whole server are checked,
when a picture is asked for and again when it is posted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import discord
import pytest

from bot.domain import ChannelId, GuildId
from cogs.translating import place_at
from tests.stages.stage import Stage, stage

EPHEMERAL_FLAG = 1 << 6

ADULT = "1girl, nude"


def make_channel(kind: type[Any], **attributes: Any) -> Any:
    """A channel of discord.py's own class, with only the attributes that the code reads."""
    made = kind.__new__(kind)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


class FakeGuild:
    """The parts of a server that a channel needs."""

    def __init__(self, level: discord.NSFWLevel = discord.NSFWLevel.default, **by_id: Any) -> None:
        self.nsfw_level = level
        self._channels = {int(name[1:]): there for name, there in by_id.items()}

    def get_channel(self, channel_id: int) -> Any:
        return self._channels.get(channel_id)


def is_age_restricted(channel: Any, guild: Any) -> bool:
    return place_at(GuildId(1), ChannelId(2), channel=channel, guild=guild).age_restricted


def test_a_thread_has_the_age_restriction_of_its_parent() -> None:
    for nsfw in (True, False):
        for kind in (discord.TextChannel, discord.ForumChannel):
            parent = make_channel(kind, nsfw=nsfw, _type=0)
            house: Any = FakeGuild(_1=parent)
            thread = make_channel(discord.Thread, guild=house, parent_id=1)
            assert is_age_restricted(thread, house) is nsfw


def test_a_thread_with_an_unknown_parent_is_not_age_restricted() -> None:
    house: Any = FakeGuild()
    assert not is_age_restricted(make_channel(discord.Thread, guild=house, parent_id=1), house)


@pytest.mark.parametrize("level", list(discord.NSFWLevel))
def test_every_channel_of_an_age_restricted_server_is_age_restricted(
    level: discord.NSFWLevel,
) -> None:
    house: Any = FakeGuild(level)
    expected = level in {discord.NSFWLevel.explicit, discord.NSFWLevel.age_restricted}
    assert (
        is_age_restricted(make_channel(discord.TextChannel, nsfw=False, _type=0), house) is expected
    )


def test_an_unknown_channel_is_not_age_restricted() -> None:
    assert not is_age_restricted(None, None)
    assert not is_age_restricted(make_channel(discord.StageChannel, nsfw=False), None)


def test_a_place_says_whether_its_parent_and_category_are_known() -> None:
    def known(there: Any) -> tuple[bool, int | None, int | None]:
        place = place_at(GuildId(1), ChannelId(2), channel=there, guild=None)
        return place.whole, place.parent_id, place.category_id

    text = make_channel(discord.TextChannel, nsfw=False, _type=0, category_id=9)
    here: Any = FakeGuild(_1=text)
    assert known(text) == (True, None, 9)
    assert known(make_channel(discord.Thread, guild=here, parent_id=1)) == (True, 1, 9)
    nowhere: Any = FakeGuild()
    assert known(make_channel(discord.Thread, guild=nowhere, parent_id=1)) == (False, 1, None)
    assert known(None) == (False, None, None)
    assert known(make_channel(discord.PartialMessageable, id=2)) == (False, None, None)


async def refusal_of(here: Stage, prompt: str) -> str:
    answer = await here.draw(prompt)
    return str(answer["content"]) if answer["flags"] & EPHEMERAL_FLAG else ""


async def test_adult_pictures_stay_in_age_restricted_channels(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        assert "age-restricted" in await refusal_of(here, ADULT)
        here.channel_name = "after-dark"
        assert not await refusal_of(here, ADULT)
        (post,) = await here.wait_for_pictures(1)
        job_id = post["attachments"][0]["filename"].split(".")[0]
        here.channel_name = "general"
        shown = await here.sandbox.slash(
            "member", here.channel_name, "show", {"id": job_id}
        ).answer()
        assert shown.message is not None
        assert "age-restricted" in shown.message["content"]
        assert "don't draw this" in await refusal_of(here, "nude, schoolgirl")
        here.channel_name = "after-dark"
        assert "don't draw this" in await refusal_of(here, "nude, schoolgirl"), "the floor"


async def test_a_channel_no_longer_age_restricted_gets_no_adult_picture(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        here.channel_name = "after-dark"
        await here.draw(ADULT, steps=50)
        here.sandbox.world.restrict_channel(here.sandbox.channel("after-dark"), nsfw=False)

        async def has_notice() -> bool:
            return any("not age-restricted any more" in m["content"]
                       for m in here.sandbox.messages(here.channel_name))  # fmt: skip

        await here.until(has_notice)
        assert not here.picture_posts()
        assert here.rows("SELECT count(*) FROM pictures WHERE deleted_ms IS NULL") == [(2,)]
