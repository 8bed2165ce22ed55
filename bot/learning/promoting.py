"""Promotion and rollback: one committed row, then the engine is changed. The old model or the new.

`/learn` and a trial that is won ask for it. A kill between the two leaves the row, which the next
start serves. It must not know Discord.
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
    """Changes which card is asked of; one change at a time.

    Who asks while another's change is made meant the card before it: that changes nothing.
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
        """`swap` has the engine serve a card, at an empty batch; `EngineError` if it will not."""
        self._lineage = lineage
        self._catalogue = catalogue
        self._shelf = shelf
        self._licences = licences
        self._swap = swap
        self._clock = clock
        self._one = asyncio.Lock()

    async def promote(self, card_id: str, *, by_id: UserId | None, why: str) -> str:
        """Have this card of the catalogue asked of; what came of it, as a sentence."""
        over = await self._last()
        async with self._one:
            card = await asyncio.to_thread(self._sound, card_id)
            if isinstance(card, str):
                return card
            reign = await self._lineage.promote(
                card, serving_id=over, by_id=by_id, why=why, now_ms=self._clock()
            )
            if isinstance(reign, str):
                return reign
            return await self._serve(reign) or learning.promoted(card_id, over)

    async def rollback(self, *, by_id: UserId | None, why: str) -> str:
        """Have the card before asked of again; what came of it, as a sentence."""
        over = await self._last()
        async with self._one:
            back = rollback_target(await self._lineage.history())
            if back is not None and not await asyncio.to_thread(self._is_unchanged, back):
                return learning.changed_since(back.card_id)
            reign = await self._lineage.rollback(
                serving_id=over, by_id=by_id, why=why, now_ms=self._clock()
            )
            if isinstance(reign, str):
                return reign
            return await self._serve(reign) or learning.rolled_back(reign.card_id, over)

    async def _last(self) -> str:
        """The card that is to be asked of; what is loaded may be another if it was broken."""
        return (await self._lineage.history())[-1].card_id

    async def _serve(self, reign: LineageEntry) -> str | None:
        """Change the engine as the row says; None, or what was in the way."""
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
        """Whether the card has the files that it was promoted with; MODEL's has what MODEL has."""
        return reign.files_sha256 is None or place_of(reign, self._catalogue) is not None

    def _sound(self, card_id: str) -> Card | str:
        """The card with its files as it names them; or what is wrong with it."""
        try:
            card = self._catalogue.card(card_id)
        except CardError as problem:
            return str(problem)
        wrong = faults(card, self._catalogue.folder(card_id))
        return wrong[0] if wrong else card


def place_of(reign: LineageEntry, catalogue: Registry) -> Path | None:
    """The folder of a promoted card, if its files are those that the gate passed; else None."""
    try:
        card = catalogue.card(reign.card_id)
    except CardError:
        return None
    same = reign.files_sha256 == fingerprint(card.files)
    return catalogue.folder(reign.card_id) if same else None
