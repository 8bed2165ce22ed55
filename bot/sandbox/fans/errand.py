"""A background activity of the simulated members: its progress and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.sandbox.wire.wire import NotPossible, Payload


class Errand:
    """One activity at a time; stop it before beginning another."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self.wanted = 0
        self.done = 0
        #: What it waits for, or how it ended; empty while all is well.
        self.said = ""

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._task is not None and not self._task.done()

    def begin(self, wanted: int, work: Callable[[], Awaitable[None]]) -> None:
        """Start. Raises `NotPossible` while the previous one is running."""
        if self.running:
            raise NotPossible("They are at it already: stop them first.")
        self.wanted, self.done, self.said = wanted, 0, ""
        self._task = asyncio.create_task(self._run(work))
        self._changed()

    async def stop(self) -> None:
        """End it, wherever it is."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._changed()

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except NotPossible as reason:
            self.said = str(reason)
        finally:
            # Reported a moment later, when this task is over.
            asyncio.get_running_loop().call_soon(self._changed)

    def step(self, count: int = 1) -> None:
        """Count progress."""
        self.done += count
        self.said = ""
        self._changed()

    def say(self, what: str) -> None:
        """Note why it is waiting."""
        if what != self.said:
            self.said = what
            self._changed()

    def report(self) -> Payload:
        """Its progress, for the page."""
        return {
            "running": self.running,
            "done": self.done,
            "wanted": self.wanted,
            "said": self.said,
        }
