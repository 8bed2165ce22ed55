"""The handle to an engine on a thread: only that thread touches it; swaps are all or nothing."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from bot.drawing.handle import LocalThread
from bot.drawing.roster import Roster
from bot.store.queue import Share
from models.contract import (
    Engine,
    EngineError,
    ModelInfo,
    Rendered,
    Scorer,
    Scores,
    ScoringError,
    TickResult,
)
from tests.stages.factories import make_job
from tests.stages.fake_engine import INFO, FakeEngine, FakeScorer


class Watched(FakeEngine):
    """Records who touched it, and whether it was closed."""

    def __init__(self, model: str) -> None:
        super().__init__(2, step_s=0)
        self._info = replace(INFO, card_id=model)
        self.threads = {threading.get_ident()}
        self.closed = False

    @property
    def info(self) -> ModelInfo:
        return self._info

    def step(self) -> TickResult:
        self.threads.add(threading.get_ident())
        return super().step()

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed = True


class Shelf:
    """Opens engines by their model's name, and records them."""

    def __init__(self) -> None:
        self.opened: dict[str, Watched] = {}

    def open_engine(self, model: str) -> Engine:
        if model == "broken":
            raise EngineError("broken: its weights are cut short.")
        self.opened[model] = Watched(model)
        return self.opened[model]

    @staticmethod
    def open_scorer(model: str) -> Scorer:
        if model == "unscored":
            raise EngineError("unscored: there is no scorer for it.")
        return FakeScorer()

    def handle(self, model: str) -> LocalThread:
        return LocalThread(model, self.open_engine, self.open_scorer)


async def test_only_one_thread_touches_the_engine() -> None:
    shelf = Shelf()
    handle = shelf.handle("first")
    await handle.open()
    await asyncio.gather(*(handle.step() for _ in range(5)))
    await handle.close()
    engine = shelf.opened["first"]
    assert engine.closed
    assert len(engine.threads) == 1
    assert threading.get_ident() not in engine.threads


async def test_a_swap_serves_the_next_model_and_frees_the_old_one() -> None:
    shelf = Shelf()
    handle = shelf.handle("first")
    await handle.open()
    await handle.swap("second")
    assert handle.info.card_id == "second"
    assert shelf.opened["first"].closed
    request = make_job().request()
    await handle.admit(request)
    assert await handle.evict(request.row_id)
    assert not await handle.evict(request.row_id)
    await handle.close()
    assert shelf.opened["second"].closed


async def test_an_old_model_that_cannot_be_freed_does_not_undo_the_swap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Shelf()
    handle = shelf.handle("first")
    await handle.open()

    def stuck() -> None:
        raise EngineError("the device does not answer.")

    monkeypatch.setattr(shelf.opened["first"], "close", stuck)
    await handle.swap("second")
    assert handle.info.card_id == "second"
    await handle.close()


@pytest.mark.parametrize("model", ["broken", "unscored"])
async def test_a_failed_swap_keeps_the_old_model_and_closes_the_new_one(model: str) -> None:
    shelf = Shelf()
    handle = shelf.handle("first")
    await handle.open()
    with pytest.raises(EngineError, match=model):
        await handle.swap(model)
    assert handle.info.card_id == "first"
    assert not shelf.opened["first"].closed
    assert all(engine.closed for name, engine in shelf.opened.items() if name == model)
    await handle.close()


async def test_the_first_engine_draws_whatever_no_other_engine_draws() -> None:
    shelf = Shelf()
    first, second, third = handles = [shelf.handle(name) for name in ("a", "b", "c")]
    for handle in handles:
        await handle.open()
    roster = Roster(handles)
    assert roster.share_of(first) == Share(models=("b", "c"), excluded=True)
    assert roster.share_of(second) == Share(models=("b",), excluded=False)
    await third.swap("d")
    assert roster.share_of(third) == Share(models=("d",), excluded=False)
    assert roster.share_of(first).models == ("b", "d")
    assert Roster([first]).share_of(first) == Share(), "a single engine draws everything"
    for handle in handles:
        await handle.close()


class Gate(FakeScorer):
    """Scores when allowed; records on which threads, and how many at once."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun = threading.Event()
        self.threads: set[int] = set()

    def _wait(self) -> None:
        self.threads.add(threading.get_ident())
        self.begun.set()
        assert self.go_on.wait(20)

    def score(self, rendered: Rendered) -> Scores:
        self._wait()
        return super().score(rendered)

    def score_preview(self, preview_png: bytes) -> Scores:
        self._wait()
        return super().score_preview(preview_png)


PICTURE = Rendered(row_id="r", width_px=1, height_px=1, rgb=b"rgb", batch_width=1)
PNG = b"\x89PNG"


async def gated(timeout_s: float) -> tuple[LocalThread, Gate, Shelf]:
    shelf, gate = Shelf(), Gate()
    handle = LocalThread("first", shelf.open_engine, lambda _: gate, score_timeout_s=timeout_s)
    await handle.open()
    return handle, gate, shelf


async def test_the_engine_keeps_drawing_while_a_picture_is_scored() -> None:
    handle, gate, shelf = await gated(20)
    scoring = asyncio.create_task(handle.score(PICTURE))
    await asyncio.to_thread(gate.begun.wait, 20)
    await handle.step()
    assert not scoring.done()
    assert await handle.score_preview(PNG) is None, "the scorer is busy"
    gate.go_on.set()
    await scoring
    assert await handle.score_preview(PNG) is not None
    assert not gate.threads & {*shelf.opened["first"].threads, threading.get_ident()}
    await handle.close()
    assert not handle.abandoned


async def test_waiting_for_another_picture_does_not_count_towards_the_timeout() -> None:
    handle, gate, _ = await gated(20)
    first = asyncio.create_task(handle.score(PICTURE))
    await asyncio.to_thread(gate.begun.wait, 20)
    handle._score_timeout_s = 1
    second = asyncio.create_task(handle.score(PICTURE))
    await asyncio.sleep(1.2)
    gate.go_on.set()
    await asyncio.gather(first, second)
    await handle.close()


async def test_a_hanging_scorer_raises_an_error_and_does_not_block_the_close() -> None:
    handle, gate, shelf = await gated(0.05)
    for _ in range(2):
        with pytest.raises(ScoringError, match=r"took longer than 0\.05 s \(SCORE_TIMEOUT_S\)"):
            await handle.score(PICTURE)
    await handle.close()
    assert handle.abandoned, "its thread is still running"
    assert shelf.opened["first"].closed
    gate.go_on.set()


async def test_a_late_scorer_is_used_again_once_it_is_back() -> None:
    handle, gate, _ = await gated(0.05)
    with pytest.raises(ScoringError):
        await handle.score(PICTURE)
    gate.go_on.set()
    handle._score_timeout_s = 20
    assert (await handle.score(PICTURE)).values == {"blank": 0.0}
    await handle.close()
    assert not handle.abandoned
