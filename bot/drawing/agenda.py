"""Decides what one engine draws next, and when it changes its model for that.

Every job names the card that its member asked for. An engine keeps its loaded model until a job for
another one has waited too long; then its rows finish and the model changes. An idle engine returns
to the model that serves requests. Called by the worker; must not know rows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from bot.domain import Job
from bot.drawing.handle import EngineHandle
from bot.drawing.roster import Roster
from bot.drawing.shelf import Shelf
from bot.drawing.swap import Swaps
from bot.store.queue import Jobs, Share

log = logging.getLogger(__name__)

#: After a model failed to open, its jobs are ended without another attempt for this long.
_REOPEN_AFTER_MS = 10_000


class Agenda:
    """Claims jobs for the loaded model, and says when another model is due."""

    def __init__(
        self,
        *,
        owner: str,
        lease_ms: int,
        patience_ms: int,
        handle: EngineHandle,
        roster: Roster,
        shelf: Shelf,
        jobs: Jobs,
        swaps: Swaps,
        clock: Callable[[], int],
    ) -> None:
        self._owner = owner
        self._lease_ms = lease_ms
        self._patience_ms = patience_ms
        self._handle = handle
        self._is_first = roster.is_first(handle)
        self._roster = roster
        self._shelf = shelf
        self._jobs = jobs
        self._swaps = swaps
        self._clock = clock
        #: The card to load as soon as nothing is in flight.
        self._due_card: str | None = None
        #: When a job for another model began to wait while this one had work.
        self._waiting_since_ms: int | None = None
        #: For each card that failed to open, the time before which it is not retried.
        self._reopen_after_ms: dict[str, int] = {}

    async def claim(self) -> Job | None:
        """The next job to draw, or to end if its model is unavailable.

        None if nothing may be claimed now: no job waits, or the rows must finish first.
        """
        self._due_card = None
        now_ms = self._clock()
        card = await self._jobs.next_card(now_ms, self._claimable())
        if card is None:
            self._waiting_since_ms = None
            self._due_card = self._card_to_return_to(now_ms)
            return None
        if card == self._loaded or not await self._can_open(card, now_ms):
            return await self._claim(card)
        return await self._claim_or_switch(card, now_ms)

    def is_for_loaded_model(self, job: Job) -> bool:
        """Whether the job is for the loaded model."""
        return (job.draw.model or self._shelf.active.card_id) == self._loaded

    async def is_available(self, card_id: str) -> bool:
        """Whether the model could be opened, as far as is known."""
        return await asyncio.to_thread(self._shelf.location_of, card_id) is not None

    async def change(self) -> bool:
        """Load the model that is due, into an empty engine. False if none is due."""
        card, self._due_card = self._due_card, None
        if card is None:
            return False
        try:
            await self._swaps.swap_to(card)
        except Exception:
            log.exception("the model %s cannot be opened; %s keeps serving", card, self._loaded)
            self._reopen_after_ms[card] = self._clock() + _REOPEN_AFTER_MS
        self._waiting_since_ms = None
        return True

    @property
    def _loaded(self) -> str:
        return self._handle.info.card_id

    def _claimable(self) -> Share:
        """All jobs that this engine may draw, with any model."""
        return replace(self._roster.share_of(self._handle), unnamed=self._shelf.active.card_id)

    async def _claim(self, card: str) -> Job | None:
        share = Share(models=(card,), excluded=False, unnamed=self._shelf.active.card_id)
        return await self._jobs.claim(self._owner, self._lease_ms, self._clock(), share)

    async def _can_open(self, card: str, now_ms: int) -> bool:
        return self._reopen_after_ms.get(card, 0) <= now_ms and await self.is_available(card)

    async def _claim_or_switch(self, card: str, now_ms: int) -> Job | None:
        """Keep claiming for the loaded model for a while, unless it has no jobs."""
        if self._waiting_since_ms is None:
            self._waiting_since_ms = now_ms
        if now_ms - self._waiting_since_ms < self._patience_ms:
            job = await self._claim(self._loaded)
            if job is not None:
                return job
        self._due_card = card
        return None

    def _card_to_return_to(self, now_ms: int) -> str | None:
        """The model that serves requests, if this idle engine should go back to it."""
        serving = self._shelf.active.card_id
        is_away = self._is_first and serving != self._loaded
        return serving if is_away and self._reopen_after_ms.get(serving, 0) <= now_ms else None
