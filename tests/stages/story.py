"""A story: deeds on real stores, one at a time and in any order, with kills and disk faults.

At any moment of a deed the process can die, or the disk can fail once; then the deed is repeated.
`tests/stages/promises.py` compares the tables, the files and the board with what people were
promised. Stories come from seeds in `tests/stages/strolling.py`, and from Hypothesis in
`tests/bot/store/test_any_order.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bot.domain import BotError
from bot.sandbox.wire.wire import Payload
from bot.store import db
from bot.store.case_rows import CaseKind
from bot.store.decisions import Outcome
from tests.stages.deeds import TRIES, Deeds, retry_once
from tests.stages.errands import Errands
from tests.stages.factories import GUILD
from tests.stages.moderators import make_judgement
from tests.stages.promises import Faults, broken_now, faults
from tests.stages.stores import LEASE_MS, open_stores
from tests.stages.trouble import Killed

#: Numbers of votes by the first member, under several posts, whose events are lost.
_LOST_VOTES = (1, 21, 66, 86)
#: The number of rounds after which everything is at rest.
_ROUNDS = 6


class Story(Deeds):
    """A data directory, the process on it, and the people around."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__()
        self.data_dir = data_dir
        self.channel_name = "general"
        self._process = AsyncExitStack()

    # ---- views ----------------------------------------------------------------------------------

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._reader.execute(sql).fetchall()

    def messages(self, where: str) -> list[Payload]:
        return self.board.messages() if where == self.channel_name else []

    def reactions(self, message_id: str) -> Mapping[str, set[int]]:
        return self.board.reactions(int(message_id))

    def broken_now(self) -> Faults:
        """The faults in the promises that hold at any moment."""
        return broken_now(self, self.expected)

    def broken_at_rest(self) -> Faults:
        """The faults in all promises, once everything has come to rest."""
        return faults(self, self.expected)

    # ---- the process ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Start a process on the directory, as `bot/serving.py` does."""
        stack = AsyncExitStack()
        self.stores = await stack.enter_async_context(open_stores(self.data_dir))
        self.owner = f"process-{next(self.numbers)}"
        self.injector.watch_statements(self.stores.db)
        self.errands = Errands(self.stores, self.board, self.injector)
        self._process, self.running = stack, []
        uri = f"{(self.data_dir / 'bot.sqlite3').as_uri()}?mode=ro"
        self._reader = sqlite3.connect(uri, uri=True)
        stack.callback(self._reader.close)

    async def _clean_up_after_start(self) -> None:
        """Do what a start does before anything else."""
        await self.stores.gallery.sweep()
        await self.stores.queue.requeue_orphaned(self.owner, self.now_ms, TRIES)
        await self.stores.sends.mark_all_lost()
        await self.errands.erase()
        # Discord is reached after all that.
        await self.stores.gallery.owe_readings()

    async def stop(self) -> None:
        """End the process, which loses what it has not committed."""
        await self._process.aclose()

    async def restart(self, _: int = 0) -> None:
        """Kill the process between two deeds, and start another."""
        await self.stop()
        await self.start()
        await retry_once(self._clean_up_after_start)

    # ---- deeds and their misfortunes ------------------------------------------------------------

    async def do(self, name: str, n: int) -> None:
        """Do one deed."""
        self.now_ms += 1_000
        await getattr(self, name)(n)

    async def die_during(self, name: str, n: int, at: int) -> bool:
        """Do a deed and kill the process during it, or else after it. True if during it.

        A member who got no answer to the wish to be forgotten presses again.
        """
        self.injector.kill_at(at)
        died = False
        try:
            await self.do(name, n)
        except Killed:
            died = True
        self.injector.reset()
        await self.restart()
        if self.leaving is not None:
            await self.erase_all_of(self.leaving)
        return died

    async def fail_during(self, name: str, n: int, at: int, error: str) -> bool:
        """Do a deed during which the disk fails once, and retry it. True if the deed failed.

        Any error but a `BotError` passes through, because it would end more than the deed.
        """
        self.injector.fail_at(at, error)
        failed = False
        try:
            await self.do(name, n)
        except BotError:
            failed = True
        self.injector.reset()
        if failed:
            await self.do(name, n)
        return failed

    async def moments_of(self, name: str, n: int) -> list[str]:
        """Do a deed; return its moments."""
        self.injector.reset()
        await self.do(name, n)
        return self.injector.moments

    # ---- the end --------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Restart, then draw, release, post, read, take down and erase until all is at rest."""
        await self.restart()
        await self._rest()

    async def forget_last_member(self) -> None:
        """Forget one more member, whose last votes are unread, without a restart."""
        for vote in _LOST_VOTES:
            await self.do("vote", vote)
        await self.forget(0)
        await self._rest()

    async def _rest(self) -> None:
        for _ in range(_ROUNDS):
            while job := await self.stores.queue.claim(f"{self.owner}/0", LEASE_MS, self.now_ms):
                self.running = [job]
                await self.keep(0)
            for case in await self.stores.reviews.open_cases(GUILD, 1_000):
                outcome = Outcome.APPROVE if case.kind is CaseKind.HELD else Outcome.DISMISS
                await self.stores.reviews.decide(
                    case.id, make_judgement(outcome, at_ms=self.now_ms)
                )
            for loop in (self.deliver, self.look_for_lost, self.amend, self.take_down, self.read):
                await loop(0)
            await self.erase(0)


#: Every deed by its name for `Story.do`, with its relative frequency.
DEEDS: Mapping[str, int] = {
    "ask": 6, "claim": 10, "keep": 10, "deliver": 8, "vote": 14, "unvote": 4, "pick": 6, "show": 4,
    "delete": 1, "cancel": 1, "expire": 1, "put_back": 1, "report": 2, "review": 3, "forget": 1,
    "take_along": 1, "look_for_lost": 2, "take_down": 3, "amend": 3, "read": 3, "erase": 1,
    "restart": 1, "set_clock_back": 1,
}  # fmt: skip


@asynccontextmanager
async def story(folder: Path) -> AsyncIterator[Story]:
    """A story with a running process, which ends with the context."""
    begun = Story(folder)
    with (
        patch.object(db, "_BUSY_SLICE_MS", 1),
        begun.injector.watching_files(folder / "pictures"),
    ):
        await begun.start()
        try:
            yield begun
        finally:
            await begun.stop()
