"""Rows share UNet calls and are drawn as if alone; a fault in one row stays in that row."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from models.contract import (
    Aspect,
    EngineError,
    Rendered,
    RenderRequest,
    Sampler,
    TickResult,
)
from models.engine.batcher import RowKey
from models.engine.denoiser import Conditions
from models.engine.loader import load
from models.engine.samplers import SOLVERS, Memory, Rows, Solver
from models.engine.schedule import Points
from models.engine.slots import SlotEngine, open_engine
from tests.stages.drawing import assert_same_picture, draw_all, pixels, run_ticks
from tests.stages.published import draw_with_pipeline
from tests.stages.tiny_models import build, request, tiny_folder

__all__ = ["tiny_folder"]


@pytest.fixture
def engine(tiny_folder: Path) -> Iterator[SlotEngine]:
    opened = open_engine(str(tiny_folder), device="cpu", threads=1, capacity=len(MIXED))
    yield opened
    opened.close()


MIXED = [
    request("euler-a"),
    request("euler", sampler=Sampler.EULER, guidance=9.0, prompt="(cat:1.3), red eyes"),
    request("dpm", sampler=Sampler.DPMPP_2M, steps=9, negative=""),
    request("unguided", guidance=1.0, steps=3, prompt=""),
    request("heun", sampler=Sampler.HEUN, steps=4),
    request("ddim", sampler=Sampler.DDIM, steps=7),
]


@pytest.mark.parametrize("asked", MIXED, ids=lambda asked: asked.row_id)
def test_a_batched_row_equals_a_solo_run(engine: SlotEngine, asked: RenderRequest) -> None:
    together = draw_all(engine, MIXED)
    alone = draw_all(engine, [asked])
    assert_same_picture(together[asked.row_id], alone[asked.row_id])
    assert together[asked.row_id].batch_width == len(MIXED)
    assert alone[asked.row_id].batch_width == 1


@pytest.mark.parametrize("kind", Sampler)
def test_a_late_row_equals_a_solo_run_and_so_do_the_rows_it_joins(
    engine: SlotEngine, kind: Sampler
) -> None:
    first, late = request("first", sampler=kind, steps=8), request("late", sampler=kind)
    solo = draw_all(engine, [first]) | draw_all(engine, [late])
    engine.admit(first)
    for _ in range(3):
        engine.step()
    company = draw_all(engine, [late])
    for row_id, picture in solo.items():
        assert_same_picture(company[row_id], picture)


def test_a_row_that_leaves_changes_nothing_for_the_others(engine: SlotEngine) -> None:
    stays, leaves = request("stays"), request("leaves")
    solo = draw_all(engine, [stays])["stays"]
    engine.admit(leaves)
    engine.admit(stays)
    engine.step()
    assert engine.evict("leaves")
    assert not engine.evict("leaves")
    rest = {done.row_id: done for result in run_ticks(engine) for done in result.finished}
    assert set(rest) == {"stays"}
    assert_same_picture(rest["stays"], solo)


def test_seeds_prompts_and_negatives_make_different_pictures(engine: SlotEngine) -> None:
    pictures = [
        draw_all(engine, [request("x", **changes)])["x"].rgb
        for changes in (
            {},
            {"seed": 5},
            {"prompt": "zzz"},
            {"negative": "qqq"},
            {"steps": 7},
            {"clip_skip": 2},
        )
    ]
    assert len(set(pictures)) == len(pictures)


def test_a_long_prompt_shares_no_call_with_a_short_one_and_both_are_drawn(
    engine: SlotEngine,
) -> None:
    long = request("long", prompt="blue hair, " * 12)
    short = request("short")
    together = draw_all(engine, [long, short])
    assert together["long"].batch_width == together["short"].batch_width == 1
    assert_same_picture(together["short"], draw_all(engine, [short])["short"])


def test_a_row_is_keyed_by_its_model_its_latents_and_its_tokens(engine: SlotEngine) -> None:
    engine.admit(request("short", prompt="cat"))
    engine.admit(request("long", prompt="cat BREAK dog"))
    short = RowKey(model=engine.info.card_id, shape=(4, 8, 8, 77))
    assert engine._batcher._line == {"short": short, "long": replace(short, shape=(4, 8, 8, 154))}


def test_pictures_of_different_shape_are_drawn_side_by_side(engine: SlotEngine) -> None:
    sizes = engine.info.sizes_px
    requests = [
        request(aspect.value, width_px=sizes[aspect][0], height_px=sizes[aspect][1], steps=3)
        for aspect in Aspect
    ]
    pictures = draw_all(engine, requests)
    for aspect in Aspect:
        picture = pictures[aspect.value]
        assert (picture.width_px, picture.height_px) == sizes[aspect]
        assert len(picture.rgb) == 3 * picture.width_px * picture.height_px
        assert min(picture.width_px, picture.height_px) >= 512


def test_a_size_the_card_does_not_list_is_still_drawn(engine: SlotEngine) -> None:
    picture = draw_all(engine, [request("odd", width_px=77, height_px=131)])["odd"]
    assert (picture.width_px, picture.height_px, len(picture.rgb)) == (77, 131, 77 * 131 * 3)


@pytest.mark.parametrize("kind", Sampler)
def test_every_step_is_reported_once(engine: SlotEngine, kind: Sampler) -> None:
    engine.admit(request("a", steps=5, sampler=kind))
    reports = [report for result in run_ticks(engine) for report in result.reports]
    assert [(report.step, report.steps) for report in reports] == [(n, 5) for n in range(1, 6)]


def test_a_sampler_is_defined_by_its_table_row_alone(
    engine: SlotEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three evaluations per step, and a memory that counts them: the engine knows of neither."""
    counted: list[float] = []

    def counting(rows: Rows) -> tuple[Tensor, Memory]:
        counted.extend((rows.memory["made"] + 1).tolist())
        return rows.x0, {"made": rows.memory["made"] + 1}

    method = Solver(
        points=Points(), updates=(counting,) * 3, begin=lambda _: {"made": torch.zeros(())}
    )
    monkeypatch.setitem(SOLVERS, Sampler.EULER, method)
    picture = draw_all(engine, [request("new", sampler=Sampler.EULER, steps=2)])["new"]
    assert len(picture.rgb) == 16 * 16 * 3
    assert counted == [1, 2, 3, 4], "three for the first step, one for the step to sigma 0"


def test_previews_are_drawn_on_request_and_are_small(tmp_path: Path) -> None:
    engine = open_engine(str(build(tmp_path / "m", tiny_vae=True)), threads=1, capacity=2)
    engine.admit(request("seen", steps=6, preview_every=2))
    engine.admit(request("unseen", steps=6))
    previews = {
        (report.row_id, report.step): report.preview_png
        for result in run_ticks(engine)
        for report in result.reports
        if report.preview_png
    }
    assert set(previews) == {("seen", 2), ("seen", 4)}
    for data in previews.values():
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.format == "PNG"
            assert max(picture.size) <= 256


def test_a_preview_that_runs_out_of_memory_does_not_lose_the_picture(
    engine: SlotEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(_: Tensor) -> bytes:
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(engine._codec, "preview", no_memory)
    assert set(draw_all(engine, [request("a", preview_every=1)])) == {"a"}


def test_a_duplicate_id_a_full_engine_and_zero_steps_are_refused(engine: SlotEngine) -> None:
    engine.admit(request("a"))
    with pytest.raises(ValueError, match="in flight"):
        engine.admit(request("a"))
    with pytest.raises(ValueError, match="steps"):
        engine.admit(request("none", steps=0))
    for row in "bcdef":
        engine.admit(request(row))
    with pytest.raises(ValueError, match="full"):
        engine.admit(request("g"))
    assert len([done for result in run_ticks(engine) for done in result.finished]) == 6


class Faulty:
    """A denoiser that fails for the rows with guidance 13."""

    def __init__(self, engine: SlotEngine, fault: float) -> None:
        self._denoise = engine._denoise
        self._fault = fault

    def __call__(self, x: Tensor, sigma: Tensor, conditions: Conditions) -> Tensor:
        x0 = self._denoise(x, sigma, conditions)
        x0[conditions.guidance == 13] = self._fault
        return x0


@pytest.mark.parametrize("fault", [float("nan"), float("inf")])
def test_a_row_that_is_not_finite_fails_alone(engine: SlotEngine, fault: float) -> None:
    solo = draw_all(engine, [request("sound")])["sound"]
    engine._denoise = Faulty(engine, fault)
    engine.admit(request("sick", guidance=13.0))
    engine.admit(request("sound"))
    results = list(run_ticks(engine))
    failed = results[0].failed
    assert [row.row_id for row in failed] == ["sick"]
    assert all(not result.failed for result in results[1:])
    assert "seed" in failed[0].reason
    finished = [row for result in results for row in result.finished]
    assert [row.row_id for row in finished] == ["sound"]
    assert_same_picture(finished[0], solo)


class Cramped:
    """A denoiser with memory for `room` rows."""

    def __init__(self, engine: SlotEngine, room: int) -> None:
        self._denoise = engine._denoise
        self._room = room

    def __call__(self, x: Tensor, sigma: Tensor, conditions: Conditions) -> Tensor:
        if len(x) > self._room:
            raise torch.OutOfMemoryError("no memory")
        return self._denoise(x, sigma, conditions)


def test_out_of_memory_narrows_the_batch_and_loses_no_row(engine: SlotEngine) -> None:
    solo = draw_all(engine, [MIXED[0]])
    engine._denoise = Cramped(engine, 1)
    for asked in MIXED:
        engine.admit(asked)
    finished: dict[str, Rendered] = {}
    for result in run_ticks(engine):
        finished |= {done.row_id: done for done in result.finished}
    assert set(finished) == {asked.row_id for asked in MIXED}
    assert_same_picture(finished["euler-a"], solo["euler-a"])


def test_a_row_too_big_on_its_own_fails_with_advice(engine: SlotEngine) -> None:
    engine._denoise = Cramped(engine, 0)
    engine.admit(request("big"))
    (failed,) = engine.step().failed
    assert (failed.row_id, failed.reason.endswith("Try a smaller size.")) == ("big", True)
    assert engine.step() == TickResult()


def test_v_prediction_and_tiny_autoencoders_can_be_drawn_with(tmp_path: Path) -> None:
    folder = build(
        tmp_path / "v", tiny_vae=True, prediction_type="v_prediction", timestep_spacing="trailing"
    )
    engine = open_engine(str(folder), threads=1, capacity=1)
    assert len(draw_all(engine, [request("v")])["v"].rgb) == 16 * 16 * 3


# diffusers passes a tensor to numpy in a way that numpy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", Sampler)
@torch.inference_mode()
def test_the_picture_equals_diffusers_own_pipeline(tiny_folder: Path, kind: Sampler) -> None:
    asked = request("same", sampler=kind, steps=7, width_px=16, height_px=16)
    theirs = draw_with_pipeline(diffusers.StableDiffusionPipeline, tiny_folder, asked.draw)
    engine = SlotEngine(load(str(tiny_folder), device="cpu"), 1)
    assert np.abs(pixels(draw_all(engine, [asked])["same"]) - theirs).max() <= 2


@pytest.mark.parametrize("capacity", [0, -3])
def test_a_capacity_below_one_row_is_refused(tiny_folder: Path, capacity: int) -> None:
    with pytest.raises(EngineError, match="one row"):
        open_engine(str(tiny_folder), capacity=capacity)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_draws_the_same_pictures_to_half_precision(tiny_folder: Path) -> None:
    exact = draw_all(open_engine(str(tiny_folder), device="cpu", capacity=len(MIXED)), MIXED)
    half = draw_all(open_engine(str(tiny_folder), device="cuda", capacity=len(MIXED)), MIXED)
    for row_id, picture in exact.items():
        assert np.abs(pixels(half[row_id]) - pixels(picture)).mean() < 4
