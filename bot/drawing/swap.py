"""Changes an engine's model: because somebody asked for it, or because a job needs it.

Called by the worker when its engine is empty. Must not know jobs or rows.
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
    """The model was not changed because the bot is stopping."""


class Swaps:
    """Holds at most one wish for a model; later callers wait."""

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
        """Whether a swap is waiting for the running rows to end."""
        return self._wish is not None

    def begin(self) -> None:
        """Report the model that the engine opened with."""
        self._progress.serves(self._handle.info.card_id, self._handle.capacity)

    def close(self) -> None:
        """Take no more wishes; a waiting one may still be fulfilled."""
        self._closed = True

    def give_up(self) -> None:
        """Tell those who still wait that the swap will not happen."""
        self.close()
        if self._wish is not None:
            self._wish.fail(StoppingError(_STOPPING))

    async def wish(self, card_id: str, wake: Nudge) -> None:
        """Wait until the model serves; `wake` tells the worker.

        Raises `EngineError` if it cannot.
        """
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
        """Swap to the model wished for; False if there is none.

        `leads`: this engine's model is the one that serves new requests.
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
        """Swap an empty engine to this model. Raises `EngineError` if it cannot be opened."""
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
    """The model to serve next. Whoever waits for it may be gone by now."""

    def __init__(self, card_id: str) -> None:
        self.card_id = card_id
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, problem: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(problem)
