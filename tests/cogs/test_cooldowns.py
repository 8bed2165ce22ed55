"""Costly commands have a cooldown, and the answer says when they work again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands
from simcord.actors import MemberActor

from bot.domain import UserId
from tests.stages.front import EXTENSIONS, Front, answer_to
from tests.stages.simulated import scene


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with scene(
        tmp_path, *EXTENSIONS, "cogs.voting.votes", "cogs.voting.duels", kind=Front
    ) as ready:
        yield ready
        # discord.py raises it, the tree answers it, and the simulation records it anyway.
        assert {type(error) for error in ready.env.errors} <= {app_commands.CommandOnCooldown}
        ready.env._errors.clear()


def seconds_to_wait(answer: str) -> int | None:
    """How long the command rests according to the answer; None if it worked."""
    found = re.fullmatch(r"You're quick! Try again in (\d+) s\.", answer)
    return int(found[1]) if found else None


#: The command, its options, how often it may be called, and in how many seconds.
LIMITS: list[tuple[str, dict[str, Any], int, int]] = [
    ("show", {"id": "0123456789"}, 5, 30),
    ("votes top", {}, 5, 30),
    ("duel top", {}, 5, 30),
    ("duel party", {}, 2, 60),
    ("privacy export", {}, 1, 60),
]


@pytest.mark.parametrize(("command", "options", "times", "per_s"), LIMITS)
async def test_a_costly_command_has_a_cooldown_per_member_and_says_how_long(
    desk: Front, command: str, options: dict[str, Any], times: int, per_s: int
) -> None:
    async def call(who: MemberActor) -> int | None:
        answer = answer_to(await who.slash(desk.channel, command, **options))
        assert seconds_to_wait(answer.content) is None or answer.ephemeral
        return seconds_to_wait(answer.content)

    assert [await call(desk.member) for _ in range(times)] == [None] * times
    rest_s = await call(desk.member)
    assert rest_s is not None
    assert per_s - 10 <= rest_s <= per_s + 1
    assert await call(desk.newcomer()) is None, "the cooldown is for one member, not for all"
    await desk.env.advance_time(rest_s)
    assert await call(desk.member) is None, "the answer was right"


async def test_a_member_can_run_one_export_at_a_time(desk: Front) -> None:
    privacy, user_id = desk.services.privacy, UserId(desk.member.id)
    async with privacy.export(user_id) as held:
        assert held is not None
        answer = answer_to(await desk.member.slash(desk.channel, "privacy export"))
        assert "still packing your data" in answer.content
        assert not answer.attachments
    await desk.env.advance_time(61)
    answer = answer_to(await desk.member.slash(desk.channel, "privacy export"))
    assert [file.filename for file in answer.attachments] == ["waifu-my-data.zip"]


async def test_an_export_file_is_closed_when_sending_it_fails(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[Any] = []
    plain = discord.File.__init__

    def noted(self: discord.File, fp: Any, *rest: Any, **options: Any) -> None:
        files.append(fp)
        plain(self, fp, *rest, **options)

    async def lost(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(discord.File, "__init__", noted)
    monkeypatch.setattr(discord.Webhook, "send", lost)
    await desk.member.slash(desk.channel, "privacy export")
    (file,) = files
    assert file.closed
