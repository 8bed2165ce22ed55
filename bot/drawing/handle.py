"""The seam between a worker and its engine: today a thread of this process, one day elsewhere.

A worker knows a handle and nothing behind it. This file holds the protocol and the handle for an
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
Input = TypeVar("Input")


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

    async def score_preview(self, preview_png: bytes) -> Scores | None:
        """Like `Scorer.score_preview`; None while the scorer has finished pictures to score."""
        ...

    async def swap(self, model: str) -> None:
        """Serve another model: a folder, or whatever else `open_engine` accepts.

        Allowed only while no row is in flight. Raises `EngineError` if the new model cannot be
        opened; the old one then stays.
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
        self._engine_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gpu")
        self._scorer_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scorer")
        self._score_timeout_s = score_timeout_s
        #: Held while scoring, so that waiting for the thread does not count towards the time limit.
        self._scoring = asyncio.Lock()
        #: A scoring past its time limit that may still be running: nothing can stop it.
        self._overdue: Future[Scores] | None = None
        self._model = model
        self._open_engine = open_engine
        self._open_scorer = open_scorer
        self._loaded: tuple[Engine, Scorer] | None = None
        #: Set when a thread still loads or scores and nobody waits for it any more.
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

        If cancelled, it returns at once, but the thread keeps loading, because nothing can stop it.
        A process about to end must therefore not wait for its threads.
        """
        try:
            self._loaded = await self._run_on_engine(self._load, model or self._model)
        except asyncio.CancelledError:
            self.abandoned = True
            raise

    async def admit(self, request: RenderRequest) -> None:
        """Like `Engine.admit`."""
        await self._run_on_engine(self._engine.admit, request)

    async def step(self) -> TickResult:
        """Like `Engine.step`."""
        return await self._run_on_engine(self._engine.step)

    async def evict(self, row_id: str) -> bool:
        """Like `Engine.evict`."""
        return await self._run_on_engine(self._engine.evict, row_id)

    async def score(self, rendered: Rendered) -> Scores:
        """Like `Scorer.score`; also raises `ScoringError` after `score_timeout_s`."""
        async with self._scoring:
            return await self._run_scorer(self._scorer.score, rendered)

    async def score_preview(self, preview_png: bytes) -> Scores | None:
        """Like `Scorer.score_preview`; None while the scorer is busy: pictures go first."""
        if self._scoring.locked():
            return None
        async with self._scoring:
            return await self._run_scorer(self._scorer.score_preview, preview_png)

    async def swap(self, model: str) -> None:
        """Serve another model; memory holds both for a moment."""
        old = self._engine
        self._loaded = await self._run_on_engine(self._load, model)
        try:
            await self._run_on_engine(old.close)
        except Exception:
            # The new model serves even if the old one cannot be freed.
            log.exception("the model replaced by %s was not freed", self.info.card_id)

    async def close(self) -> None:
        """Free the model and end the thread, without waiting for an abandoned one."""
        if self._loaded is not None and not self.abandoned:
            await self._run_on_engine(self._engine.close)
        self._scorer_pool.shutdown(wait=False, cancel_futures=True)
        self.abandoned |= self._overdue is not None
        self._engine_pool.shutdown(wait=not self.abandoned, cancel_futures=True)

    @property
    def _engine(self) -> Engine:
        assert self._loaded is not None, "open() comes first"
        return self._loaded[0]

    @property
    def _scorer(self) -> Scorer:
        assert self._loaded is not None, "open() comes first"
        return self._loaded[1]

    async def _run_scorer(self, work: Callable[[Input], Scores], picture: Input) -> Scores:
        """Run the scorer on a picture, within its time limit."""
        future = self._scorer_pool.submit(work, picture)
        try:
            async with asyncio.timeout(self._score_timeout_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if future.running():
                self._overdue = future
                future.add_done_callback(self._clear_overdue)
            raise ScoringError(
                f"the scorer took longer than {self._score_timeout_s:g} s (SCORE_TIMEOUT_S)."
            ) from None

    def _clear_overdue(self, _: Future[Scores]) -> None:
        self._overdue = None

    def _load(self, model: str) -> tuple[Engine, Scorer]:
        engine = self._open_engine(model)
        try:
            return engine, self._open_scorer(model)
        except BaseException:
            engine.close()
            raise

    async def _run_on_engine(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._engine_pool, lambda: work(*args, **kwargs))
