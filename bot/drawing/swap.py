"""A wish for another model, between whoever has it and the worker that carries it out."""

from __future__ import annotations

import asyncio


class Swap:
    """A model that is to serve next. Who waits for it may have gone meanwhile."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(self) -> None:
        """It serves."""
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, problem: Exception) -> None:
        """It does not, and this is why."""
        if not self.done.done():
            self.done.set_exception(problem)
