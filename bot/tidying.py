"""Drops expired records: strikes, time-outs, decisions, drafts, and undecided cases.

Started by the composition root. Nothing still owed to anybody depends on them. No Discord.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from bot.domain import BotError
from bot.drawing.signals import Signals
from bot.store.decisions import Decisions
from bot.store.drafts import Drafts
from bot.store.members import Members
from bot.store.reviews import Reviews
from bot.words.speaking import Message

log = logging.getLogger(__name__)

_PACE_S = 3600.0
_DAY_MS = 86_400_000
#: How long moderators have to decide, how long a decided case can be looked up, and how long a
#: decision counts in the owner's report.
_OPEN_MS, _DECIDED_MS, _DECISIONS_MS = 14 * _DAY_MS, 90 * _DAY_MS, 400 * _DAY_MS
_LAPSED = Message(
    "The moderators did not look at this picture within two weeks, so it is not shown. Ask again "
    "if you still want it."
)


class Tidier:
    """Runs one round an hour."""

    def __init__(
        self,
        *,
        reviews: Reviews,
        members: Members,
        decisions: Decisions,
        drafts: Drafts,
        signals: Signals,
        clock: Callable[[], int],
    ) -> None:
        self._reviews = reviews
        self._members = members
        self._decisions = decisions
        self._drafts = drafts
        self._signals = signals
        self._clock = clock

    async def run(self) -> None:
        """Tidy until cancelled."""
        while True:
            try:
                await self.round()
            except BotError as problem:
                log.error("tidying is put off for an hour: %s", problem)  # noqa: TRY400  the sentence says it all
            await asyncio.sleep(_PACE_S)

    async def round(self) -> None:
        """Drop everything that has expired."""
        now_ms = self._clock()
        await self._members.prune(now_ms)
        await self._drafts.prune(now_ms)
        if lapsed := await self._reviews.expire(now_ms - _OPEN_MS, _LAPSED, now_ms):
            log.info("%s case(s) lapsed: nobody decided them in two weeks", lapsed)
            self._signals.status.set()
        await self._reviews.prune(now_ms - _DECIDED_MS)
        while await self._decisions.prune(now_ms - _DECISIONS_MS):
            pass
