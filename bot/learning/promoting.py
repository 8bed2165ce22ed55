"""Promotion and rollback: commit one row, then change the engine's model.

`/learn` calls it. If the process is killed between the two steps, the next start serves the model
that the row names. Must not know Discord.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.domain import UserId
from bot.drawing.shelf import Shelf
from bot.drawing.swap import StoppingError
from bot.store.db import run_to_end
from bot.store.licence_texts import LicenceTexts
from bot.store.lineage import Lineage, LineageEntry, rollback_target
from bot.words import learning
from models.catalogue.registry import Card, CardError, Registry, faults
from models.catalogue.verdict import fingerprint
from models.contract import EngineError

log = logging.getLogger(__name__)


class Promotion:
    """Changes which card serves requests, one change at a time.

    A call made during another change was meant for the card before it, and changes nothing.
    """

    def __init__(
        self,
        *,
        lineage: Lineage,
        catalogue: Registry,
        shelf: Shelf,
        licences: LicenceTexts,
        swap: Callable[[str], Awaitable[None]],
        clock: Callable[[], int],
    ) -> None:
        """`swap` has the engine serve a card, at an empty batch; `EngineError` if it cannot."""
        self._lineage = lineage
        self._catalogue = catalogue
        self._shelf = shelf
        self._licences = licences
        self._swap = swap
        self._clock = clock
        self._lock = asyncio.Lock()

    async def promote(self, card_id: str, *, by_id: UserId | None, why: str) -> str:
        """Have this card of the catalogue serve requests; returns the outcome as a sentence."""
        over = await self._current_card()
        async with self._lock:
            card = await asyncio.to_thread(self._intact_card, card_id)
            if isinstance(card, str):
                return card
            reign = await self._lineage.promote(
                card, serving_id=over, by_id=by_id, why=why, now_ms=self._clock()
            )
            if isinstance(reign, str):
                return reign
            return await self._serve(reign) or learning.promoted(card_id, over)

    async def rollback(self, *, by_id: UserId | None, why: str) -> str:
        """Have the previous card serve requests again; returns the outcome as a sentence."""
        over = await self._current_card()
        async with self._lock:
            previous = rollback_target(await self._lineage.history())
            if previous is not None and not await asyncio.to_thread(self._is_unchanged, previous):
                return learning.changed_since(previous.card_id)
            reign = await self._lineage.rollback(
                serving_id=over, by_id=by_id, why=why, now_ms=self._clock()
            )
            if isinstance(reign, str):
                return reign
            return await self._serve(reign) or learning.rolled_back(reign.card_id, over)

    async def _current_card(self) -> str:
        """The card that should serve; if it is broken, another one may be loaded."""
        return (await self._lineage.history())[-1].card_id

    async def _serve(self, reign: LineageEntry) -> str | None:
        """Change the engine's model as the row says; returns None, or why that failed."""
        try:
            await self._swap(reign.card_id)
        except StoppingError:
            return learning.from_next_start(reign.card_id)
        except EngineError as problem:
            log.error("%s cannot serve: %s", reign.card_id, problem)  # noqa: TRY400  the sentence says it all
            why = "it could not be opened"
            await run_to_end(self._lineage.undo(reign, why=why, now_ms=self._clock()))
            serving = self._shelf.active.card_id
            return learning.not_opened(reign.card_id, str(problem), serving)
        await asyncio.to_thread(self._licences.save, self._shelf.active)
        return None

    def _is_unchanged(self, reign: LineageEntry) -> bool:
        """Whether the card's files are those that were promoted; always true of MODEL's card."""
        return reign.files_sha256 is None or promoted_folder(reign, self._catalogue) is not None

    def _intact_card(self, card_id: str) -> Card | str:
        """The card, if its files are as it lists them; else what is wrong with it."""
        try:
            card = self._catalogue.card(card_id)
        except CardError as problem:
            return str(problem)
        found_faults = faults(card, self._catalogue.folder(card_id))
        return found_faults[0] if found_faults else card


def promoted_folder(reign: LineageEntry, catalogue: Registry) -> Path | None:
    """The folder of a promoted card, if its files are those that were promoted; else None."""
    try:
        card = catalogue.card(reign.card_id)
    except CardError:
        return None
    is_unchanged = reign.files_sha256 == fingerprint(card.files)
    return catalogue.folder(reign.card_id) if is_unchanged else None
