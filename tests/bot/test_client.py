"""The client: commands are synced only when they changed, and disk faults are reported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.domain import BotError, DatabaseError, DiskFullError, StorageError
from tests.stages.front import Front, answer_to, front


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


class Syncs:
    """Counts how often the commands are sent to Discord."""

    def __init__(self, desk: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bot = desk.bot
        self.count = 0
        sync = self.bot.tree.sync

        async def counted(*, guild: discord.abc.Snowflake | None = None) -> list[Any]:
            self.count += 1
            return await sync(guild=guild)

        monkeypatch.setattr(self.bot.tree, "sync", counted)

    async def start(self) -> int:
        """How many times one start syncs."""
        before = self.count
        await self.bot._sync_commands()
        return self.count - before


async def test_commands_are_synced_only_when_they_changed(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = Syncs(desk, monkeypatch)
    assert await starts.start() == 1, "nobody knows what Discord has"
    assert await starts.start() == 0
    assert await starts.start() == 0
    desk.bot.tree.remove_command("history")
    assert await starts.start() == 1
    assert await starts.start() == 0


async def test_commands_that_discord_lost_are_synced_again(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = Syncs(desk, monkeypatch)
    assert await starts.start() == 1

    async def none(**_: object) -> list[object]:
        return []

    monkeypatch.setattr(desk.bot.tree, "fetch_commands", none)
    assert await starts.start() == 1


async def test_an_unusable_mark_costs_a_sync_but_does_not_stop_the_start(
    desk: Front, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    starts = Syncs(desk, monkeypatch)
    mark = tmp_path / f"commands-{desk.bot.application_id}.sha256"
    mark.mkdir()
    for _ in range(2):
        assert await starts.start() == 1
    assert "cannot be read" in caplog.text
    assert "cannot be written" in caplog.text
    mark.rmdir()
    mark.write_bytes(b"\xff\xfe")
    assert [await starts.start(), await starts.start()] == [1, 0]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (DiskFullError("the disk that holds /srv/data is full."), "My disk is full"),
        (StorageError("the disk that holds /srv/data fails."), "My disk isn't working"),
        (DatabaseError("/srv/data/bot.sqlite3 cannot be written."), "I can't reach my notes"),
    ],
)
async def test_commands_and_buttons_explain_a_disk_fault_in_plain_words(
    desk: Front,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: BotError,
    told: str,
) -> None:
    async def sick(*_: object, **__: object) -> None:
        raise fault

    _, post = await desk.post_picture()
    with monkeypatch.context() as patch:
        patch.setattr(desk.services.queue, "enqueue", sick)
        patch.setattr(desk.services.views, "unfinished_jobs", sick)
        answers = [
            # The typed text is given back below the error.
            (await desk.member.slash(desk.channel, "waifu", prompt="1girl")).response,
            answer_to(await desk.member.click(post, label="Reroll")),
            answer_to(await desk.member.slash(desk.channel, "queue")),
        ]
    desk.env._errors.clear()
    for answer in answers:
        assert answer is not None
        assert told in answer.content
        assert "Nothing that you had queued is lost" in answer.content
        assert "tell the operator" in answer.content
        assert "/srv" not in answer.content, "paths are the operator's"
        assert answer.ephemeral
    assert caplog.text.count(str(fault)) == len(answers), "the log tells the operator all of it"
    assert "Next in the queue" in (await desk.ask(prompt="1girl")).content
