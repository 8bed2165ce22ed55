"""Changes an engine's model, at somebody's request or because a job needs it.

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
    """Changes one engine's model; holds at most one request for a change, and later ones wait."""

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
        self._request: _SwapRequest | None = None
        self._lock = asyncio.Lock()
        self._closed = False
        #: Cards that this engine served before and does not serve now.
        self._replaced: set[str] = set()

    @property
    def is_requested(self) -> bool:
        """Whether a swap is waiting for the running rows to end."""
        return self._request is not None

    def report_opened(self) -> None:
        """Report the model that the engine opened with."""
        self._progress.record_model(self._handle.info.card_id, self._handle.capacity)

    def close(self) -> None:
        """Accept no more requests; a waiting one may still be carried out."""
        self._closed = True

    def abort(self) -> None:
        """Close, and fail the request that still waits."""
        self.close()
        if self._request is not None:
            self._request.fail(StoppingError(_STOPPING))

    async def request(self, card_id: str, wake: Nudge) -> None:
        """Wait until this model serves; `wake` wakes the worker.

        Raises `EngineError` if the model cannot serve.
        """
        async with self._lock:
            if self._closed:
                raise StoppingError(_STOPPING)
            self._request = _SwapRequest(card_id)
            wake.set()
            try:
                await self._request.done
            finally:
                self._request = None

    async def perform(self, *, is_first: bool) -> bool:
        """Swap to the requested model; False if none is requested.

        `is_first`: this engine's model is the one that serves new requests.
        """
        request = self._request
        if request is None:
            return False
        self._request = None
        try:
            await self.swap_to(request.card_id)
        except Exception as problem:  # noqa: BLE001  raised again for whoever asked for the swap
            request.fail(problem)
        except asyncio.CancelledError:
            request.fail(StoppingError(_STOPPING))
            raise
        else:
            if is_first:
                self._shelf.activate(self._handle.info)
            request.succeed()
        return True

    async def swap_to(self, card_id: str) -> None:
        """Swap an empty engine to this model. Raises `EngineError` if it cannot be opened."""
        before, began_ms = self._handle.info.card_id, self._clock()
        location = await asyncio.to_thread(self._shelf.location_of, card_id)
        if location is None:
            raise EngineError(_NOT_HERE.format(card=card_id))
        if before != card_id:
            await self._handle.swap(location)
            self._progress.record_swap(
                self._handle.info.card_id, self._handle.capacity, self._clock() - began_ms
            )
            self._report_change(before, self._handle.info.card_id)

    def _report_change(self, before: str, after: str) -> None:
        card, was = Subject.CARD, "replaced" if after in self._replaced else None
        self._replaced = self._replaced - {after} | {before}
        self._tell(Transition(subject=card, id=before, before="serving", after="replaced"))
        self._tell(Transition(subject=card, id=after, before=was, after="serving"))


class _SwapRequest:
    """The model to serve next, and a future for the caller, who may have stopped waiting."""

    def __init__(self, card_id: str) -> None:
        self.card_id = card_id
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, problem: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(problem)
