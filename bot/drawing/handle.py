"""The seam between a worker and its engine: a thread of this process today, elsewhere one day.

A worker knows a handle and nothing behind it. This file holds the protocol and the handle to an
engine on a thread. Must not know jobs, stores or Discord.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

from models.contract import (
    Engine,
    ModelInfo,
    Rendered,
    RenderRequest,
    Scorer,
    Scores,
    ScoringError,
    TickResult,
)

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Seen = TypeVar("Seen")


class EngineHandle(Protocol):
    """One engine and its scorer, wherever they run; nothing here blocks the event loop.

    Raises what the engine raises, and `EngineError` if it cannot be reached.
    """

    @property
    def info(self) -> ModelInfo:
        """The loaded model; known from `open` on, and changed by `swap`."""
        ...

    @property
    def capacity(self) -> int:
        """How many rows may be in flight at once."""
        ...

    async def open(self) -> None:
        """Load the model. Raises `EngineError` with one clear sentence."""
        ...

    async def admit(self, request: RenderRequest) -> None:
        """Like `Engine.admit`."""
        ...

    async def step(self) -> TickResult:
        """Like `Engine.step`."""
        ...

    async def evict(self, row_id: str) -> bool:
        """Like `Engine.evict`."""
        ...

    async def score(self, rendered: Rendered) -> Scores:
        """Like `Scorer.score`: a picture is measured where it was drawn.

        Also raises `ScoringError` if it takes too long.
        """
        ...

    async def glance(self, preview_png: bytes) -> Scores | None:
        """Like `Scorer.score_preview`; None while the scorer has finished pictures to score."""
        ...

    async def swap(self, model: str) -> None:
        """Serve another model: a folder, or whatever else `open_engine` takes.

        Allowed only while no row is in flight. Raises `EngineError` if the new model cannot be
        opened; then the old one stays.
        """
        ...

    async def close(self) -> None:
        """Free the model; the handle cannot be used again."""
        ...


class LocalThread:
    """Implements `EngineHandle` with two threads: one for the engine, one for the scorer.

    A finished picture is scored while the next tick runs.
    """

    def __init__(
        self,
        model: str,
        open_engine: Callable[[str], Engine],
        open_scorer: Callable[[str], Scorer],
        *,
        score_timeout_s: float = 60,
    ) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gpu")
        self._eyes = ThreadPoolExecutor(max_workers=1, thread_name_prefix="eyes")
        self._score_timeout_s = score_timeout_s
        #: Held while scoring, so that waiting for the thread does not count towards its time limit.
        self._looking = asyncio.Lock()
        #: A scoring that exceeded its limit and may still run: nothing can stop it.
        self._late: Future[Scores] | None = None
        self._model = model
        self._open_engine = open_engine
        self._open_scorer = open_scorer
        self._parts: tuple[Engine, Scorer] | None = None
        #: Set when a thread is left at work, loading or scoring, and nobody waits for it any more.
        self.abandoned = False

    @property
    def info(self) -> ModelInfo:
        """The loaded model; a plain attribute read, safe from the loop."""
        return self._engine.info

    @property
    def capacity(self) -> int:
        """How many rows may be in flight at once."""
        return self._engine.capacity

    async def open(self, model: str | None = None) -> None:
        """Load the model, or another one. Raises `EngineError` with one clear sentence.

        If cancelled, it returns at once while the thread goes on, because nothing can stop it; so a
        process about to end must not wait for its threads.
        """
        try:
            self._parts = await self._call(self._load, model or self._model)
        except asyncio.CancelledError:
            self.abandoned = True
            raise

    async def admit(self, request: RenderRequest) -> None:
        """Like `Engine.admit`."""
        await self._call(self._engine.admit, request)

    async def step(self) -> TickResult:
        """Like `Engine.step`."""
        return await self._call(self._engine.step)

    async def evict(self, row_id: str) -> bool:
        """Like `Engine.evict`."""
        return await self._call(self._engine.evict, row_id)

    async def score(self, rendered: Rendered) -> Scores:
        """Like `Scorer.score`; also raises `ScoringError` after `score_timeout_s`."""
        async with self._looking:
            return await self._see(self._scorer.score, rendered)

    async def glance(self, preview_png: bytes) -> Scores | None:
        """Like `Scorer.score_preview`; None if the scorer is busy: finished pictures go first."""
        if self._looking.locked():
            return None
        async with self._looking:
            return await self._see(self._scorer.score_preview, preview_png)

    async def swap(self, model: str) -> None:
        """Serve another model; for a moment, memory holds both."""
        old = self._engine
        self._parts = await self._call(self._load, model)
        try:
            await self._call(old.close)
        except Exception:
            # The new model serves even if the old one cannot be freed.
            log.exception("the model replaced by %s was not freed", self.info.card_id)

    async def close(self) -> None:
        """Free the model and end the thread, without waiting for an abandoned one."""
        if self._parts is not None and not self.abandoned:
            await self._call(self._engine.close)
        self._eyes.shutdown(wait=False, cancel_futures=True)
        self.abandoned |= self._late is not None
        self._pool.shutdown(wait=not self.abandoned, cancel_futures=True)

    @property
    def _engine(self) -> Engine:
        assert self._parts is not None, "open() comes first"
        return self._parts[0]

    @property
    def _scorer(self) -> Scorer:
        assert self._parts is not None, "open() comes first"
        return self._parts[1]

    async def _see(self, work: Callable[[Seen], Scores], seen: Seen) -> Scores:
        """Run the scorer within its time limit."""
        look = self._eyes.submit(work, seen)
        try:
            async with asyncio.timeout(self._score_timeout_s):
                return await asyncio.wrap_future(look)
        except TimeoutError:
            if look.running():
                self._late = look
                look.add_done_callback(self._came_back)
            raise ScoringError(
                f"the scorer took longer than {self._score_timeout_s:g} s (SCORE_TIMEOUT_S)."
            ) from None

    def _came_back(self, _: Future[Scores]) -> None:
        self._late = None

    def _load(self, model: str) -> tuple[Engine, Scorer]:
        engine = self._open_engine(model)
        try:
            return engine, self._open_scorer(model)
        except BaseException:
            engine.close()
            raise

    async def _call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: work(*args, **kwargs))
