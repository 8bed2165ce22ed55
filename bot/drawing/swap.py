"""Wishes for another model, between whoever has them and the worker, which carries them out.

Told by the worker when its engine is empty. It must not know jobs or rows.
"""

from __future__ import annotations

import asyncio

from bot.drawing.handle import EngineHandle
from bot.drawing.signals import Nudge
from bot.transitions import Subject, Tell, Transition
from models.contract import EngineError

_STOPPING = "the bot is stopping, so the model was not changed."


class Swaps:
    """At most one wish at a time; whoever comes later waits."""

    def __init__(self, handle: EngineHandle, tell: Tell) -> None:
        self._handle = handle
        self._tell = tell
        self._wish: _Wish | None = None
        self._one = asyncio.Lock()
        self._closed = False
        #: The hash of a licence that a swap brought, until the worker has settled who waits.
        self.new_licence: str | None = None

    @property
    def wished(self) -> bool:
        """Whether the rows that run are to be the last of this model."""
        return self._wish is not None

    def close(self) -> None:
        """Take no more wishes; one that waits may still come true."""
        self._closed = True

    def give_up(self) -> None:
        """Tell whoever still waits that nothing will come of it."""
        self.close()
        if self._wish is not None:
            self._wish.fail(EngineError(_STOPPING))

    async def wish(self, model: str, wake: Nudge) -> None:
        """Wait until the model serves; `wake` tells the worker. `EngineError` if it will not."""
        async with self._one:
            if self._closed:
                raise EngineError(_STOPPING)
            self._wish = _Wish(model)
            wake.set()
            try:
                await self._wish.done
            finally:
                self._wish = None

    async def carry_out(self) -> bool:
        """Serve the model that is wished for; False if none is."""
        wish = self._wish
        if wish is None:
            return False
        self._wish = None
        before = self._handle.info
        try:
            await self._handle.swap(wish.model)
        except Exception as problem:  # noqa: BLE001  whoever asked for it hears of it
            wish.fail(problem)
        except asyncio.CancelledError:
            wish.fail(EngineError(_STOPPING))
            raise
        else:
            after = self._handle.info
            if after.licence_sha256 != before.licence_sha256:
                self.new_licence = after.licence_sha256
            self._say(before.card_id, after.card_id)
            wish.succeed()
        return True

    def _say(self, before: str, after: str) -> None:
        card = Subject.CARD
        self._tell(Transition(subject=card, id=before, before="serving", after="replaced"))
        self._tell(Transition(subject=card, id=after, before=None, after="serving"))


class _Wish:
    """A model that is to serve next. Who waits for it may have gone meanwhile."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, problem: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(problem)
