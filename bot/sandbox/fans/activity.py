"""A background activity of the simulated members: its progress and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.sandbox.wire.wire import NotPossible, Payload


class Activity:
    """One activity at a time; stop it before beginning another."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None
        self.wanted = 0
        self.done = 0
        #: Why it waits, or how it ended; empty while it makes progress.
        self.status = ""

    @property
    def running(self) -> bool:
        """Whether it is running."""
        return self._task is not None and not self._task.done()

    def start(self, wanted: int, work: Callable[[], Awaitable[None]]) -> None:
        """Start. Raises `NotPossible` while the previous one is running."""
        if self.running:
            raise NotPossible("They are already doing it: stop them first.")
        self.wanted, self.done, self.status = wanted, 0, ""
        self._task = asyncio.create_task(self._run(work))
        self._on_change()

    async def stop(self) -> None:
        """Cancel it."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._on_change()

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except NotPossible as reason:
            self.status = str(reason)
        finally:
            # Report a moment later, when this task is done.
            asyncio.get_running_loop().call_soon(self._on_change)

    def add_progress(self, count: int = 1) -> None:
        """Count progress."""
        self.done += count
        self.status = ""
        self._on_change()

    def set_status(self, status: str) -> None:
        """Set why it is waiting."""
        if status != self.status:
            self.status = status
            self._on_change()

    def report(self) -> Payload:
        """Its progress, for the page."""
        return {
            "running": self.running,
            "done": self.done,
            "wanted": self.wanted,
            "said": self.status,
        }
