"""How an engine comes to another model: because somebody wishes it, or because a job asks for it.

Told by the worker when its engine is empty. It must not know jobs or rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.drawing.handle import EngineHandle
from bot.drawing.progress import ProgressBoard
from bot.drawing.shelf import Shelf
from bot.drawing.signals import Nudge
from bot.transitions import Subject, Tell, Transition
from models.contract import EngineError

_STOPPING = "the bot is stopping, so the model was not changed."
_NOT_HERE = "the model {card} is not here (any more)."


class StoppingError(EngineError):
    """The model was not changed because the bot ends first."""


class Swaps:
    """At most one wish at a time; whoever comes later waits."""

    def __init__(
        self,
        handle: EngineHandle,
        shelf: Shelf,
        progress: ProgressBoard,
        clock: Callable[[], int],
        tell: Tell,
    ) -> None:
        self._handle = handle
        self._shelf = shelf
        self._progress = progress
        self._clock = clock
        self._tell = tell
        self._wish: _Wish | None = None
        self._one = asyncio.Lock()
        self._closed = False
        #: Cards that this engine served before and does not serve now.
        self._replaced: set[str] = set()

    @property
    def wished(self) -> bool:
        """Whether the rows that run are to be the last of this model."""
        return self._wish is not None

    def begin(self) -> None:
        """The engine is open: say which model it came with."""
        self._progress.serves(self._handle.info.card_id, self._handle.capacity)

    def close(self) -> None:
        """Take no more wishes; one that waits may still come true."""
        self._closed = True

    def give_up(self) -> None:
        """Tell whoever still waits that nothing will come of it."""
        self.close()
        if self._wish is not None:
            self._wish.fail(StoppingError(_STOPPING))

    async def wish(self, card_id: str, wake: Nudge) -> None:
        """Wait until the model serves; `wake` tells the worker. `EngineError` if it will not."""
        async with self._one:
            if self._closed:
                raise StoppingError(_STOPPING)
            self._wish = _Wish(card_id)
            wake.set()
            try:
                await self._wish.done
            finally:
                self._wish = None

    async def carry_out(self, *, leads: bool) -> bool:
        """Serve the model that is wished for; False if none is.

        `leads`: this engine's model is the one that requests are asked of.
        """
        wish = self._wish
        if wish is None:
            return False
        self._wish = None
        try:
            await self.to(wish.card_id)
        except Exception as problem:  # noqa: BLE001  whoever asked for it hears of it
            wish.fail(problem)
        except asyncio.CancelledError:
            wish.fail(StoppingError(_STOPPING))
            raise
        else:
            if leads:
                self._shelf.activate(self._handle.info)
            wish.succeed()
        return True

    async def to(self, card_id: str) -> None:
        """Serve this model, with an empty engine. `EngineError` if it cannot be opened."""
        before, began_ms = self._handle.info.card_id, self._clock()
        place = await asyncio.to_thread(self._shelf.place, card_id)
        if place is None:
            raise EngineError(_NOT_HERE.format(card=card_id))
        if before != card_id:
            await self._handle.swap(place)
            self._progress.swapped(
                self._handle.info.card_id, self._handle.capacity, self._clock() - began_ms
            )
            self._say(before, self._handle.info.card_id)

    def _say(self, before: str, after: str) -> None:
        card, was = Subject.CARD, "replaced" if after in self._replaced else None
        self._replaced = self._replaced - {after} | {before}
        self._tell(Transition(subject=card, id=before, before="serving", after="replaced"))
        self._tell(Transition(subject=card, id=after, before=was, after="serving"))


class _Wish:
    """A model that is to serve next. Who waits for it may have gone meanwhile."""

    def __init__(self, card_id: str) -> None:
        self.card_id = card_id
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, problem: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(problem)
