"""Enlarging a finished picture: in pieces without a seam, beside other rows, with clear errors."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.contract import Aspect, Draw, ModelInfo, Rendered, RenderRequest, Sampler, TickResult
from models.engine import upscaler
from models.engine.enlarging import Enlargement, Magnifier
from models.engine.loader import load
from models.engine.slots import SlotEngine
from models.engine.upscaler import Upscaler
from models.engine.warping import DEPTH_MAX_PX
from tests.stages.tiny_models import NATIVE_PX, request, tiny_folder

__all__ = ["tiny_folder"]

CPU = torch.device("cpu")


def png(width_px: int, height_px: int) -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, (height_px, width_px, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    return out.getvalue()


def wish(name: str, source: bytes, width_px: int, height_px: int) -> RenderRequest:
    draw = Draw(
        prompt="1girl", width_px=width_px, height_px=height_px, seed=1, steps=20, guidance=7.0,
        sampler=Sampler.EULER_A, source="s", enlarged=True,
    )  # fmt: skip
    return RenderRequest(row_id=name, draw=draw, source_png=source)


def trained() -> Upscaler:
    """An upscaler with the shipped depth and the deepest warp: the two set how far it sees."""
    torch.manual_seed(1)
    net = Upscaler(8, 6, DEPTH_MAX_PX)
    torch.nn.init.normal_(net.leave.weight, std=0.1)
    return net.eval()


@pytest.fixture
def engine(tiny_folder: Path, tmp_path: Path) -> SlotEngine:
    folder = shutil.copytree(tiny_folder, tmp_path / "with-upscaler")
    upscaler.save(trained(), folder / upscaler.FOLDER)
    return SlotEngine(load(str(folder), device="cpu"), capacity=3)


def run(engine: SlotEngine) -> list[TickResult]:
    results: list[TickResult] = []
    while (result := engine.step()).reports or result.failed:
        results.append(result)
    return results


def finished(results: list[TickResult]) -> dict[str, Rendered]:
    return {done.row_id: done for result in results for done in result.finished}


def test_pieces_join_into_the_whole_picture_without_a_seam() -> None:
    magnifier = upscaler.magnifier_of(trained(), CPU)
    asked = wish("a", png(210, 300), 840, 1200)
    row = Enlargement.of(asked, magnifier)
    whole = (magnifier(row.source) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    steps = [row.advance(magnifier).step for _ in range(asked.draw.progress_steps)]
    assert steps == [1, 2, 3, 4, 5, 6]
    assert np.abs(row.canvas.astype(int) - whole).max() <= 1
    done = row.finish()
    assert (done.width_px, done.height_px, len(done.rgb)) == (840, 1200, 3 * 840 * 1200)


def test_an_enlargement_takes_turns_with_other_rows(engine: SlotEngine) -> None:
    side = NATIVE_PX * 4
    alone = request("drawn", steps=4, width_px=side, height_px=side)
    engine.admit(alone)
    before = finished(run(engine))["drawn"]
    assert engine.info.upscale_factor == 4
    engine.admit(wish("large", png(200, 200), 800, 800))
    engine.admit(alone)
    results = run(engine)
    order = [report.row_id for result in results for report in result.reports]
    assert order[:4] == ["large", "drawn", "large", "drawn"]
    found = finished(results)
    assert found["drawn"].rgb == before.rgb
    assert (found["large"].width_px, found["large"].height_px) == (800, 800)


def test_an_enlargement_can_end_at_an_intermediate_size(engine: SlotEngine) -> None:
    engine.admit(wish("a", png(100, 60), 300, 180))
    engine.admit(wish("whole", png(100, 60), 400, 240))
    found = finished(run(engine))
    assert (found["a"].width_px, found["a"].height_px) == (300, 180)
    whole = Image.frombytes("RGB", (400, 240), found["whole"].rgb)
    assert found["a"].rgb == whole.resize((300, 180), Image.Resampling.LANCZOS).tobytes()


def test_an_enlargement_fills_a_place_and_can_be_evicted(engine: SlotEngine) -> None:
    for name in "abc":
        engine.admit(wish(name, png(150, 150), 600, 600))
    with pytest.raises(ValueError, match="full"):
        engine.admit(wish("d", png(8, 8), 32, 32))
    engine.step()
    assert engine.evict("b")
    assert not engine.evict("b")
    with pytest.raises(ValueError, match="in flight"):
        engine.admit(wish("a", png(8, 8), 32, 32))
    assert finished(run(engine)).keys() == {"a", "c"}
    assert not engine._enlargements, "their canvases are released"


def test_enlarging_needs_an_upscaler_and_a_readable_picture(
    tiny_folder: Path, engine: SlotEngine
) -> None:
    bare = SlotEngine(load(str(tiny_folder), device="cpu"), capacity=1)
    assert bare.info.upscale_factor == 1
    with pytest.raises(ValueError, match="no upscaler"):
        bare.admit(wish("a", png(8, 8), 32, 32))
    with pytest.raises(OSError, match="cannot identify"):
        engine.admit(wish("a", b"no picture", 32, 32))
    assert not engine.evict("a")


def test_an_enlargement_that_is_not_finite_fails_alone_and_with_a_reason(
    engine: SlotEngine,
) -> None:
    broken = Magnifier(lambda x: x.repeat(1, 1, 4, 4) / (x.shape[3] - 8), scale=4, device=CPU)
    engine._parts = replace(engine._parts, magnifier=broken)
    engine.admit(wish("sick", png(8, 8), 32, 32))
    engine.admit(wish("sound", png(9, 8), 36, 32))
    results = run(engine)
    (failed,) = [failed for result in results for failed in result.failed]
    assert (failed.row_id, "stays as it is" in failed.reason) == ("sick", True)
    tiles = np.tile(np.array(Image.open(io.BytesIO(png(9, 8)))), (4, 4, 1))
    assert finished(results)["sound"].rgb == tiles.tobytes()


def test_running_out_of_memory_fails_only_that_enlargement(engine: SlotEngine) -> None:
    def full(x: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError(f"no room for {x.shape}")

    engine._parts = replace(engine._parts, magnifier=Magnifier(full, scale=4, device=CPU))
    engine.admit(wish("a", png(8, 8), 32, 32))
    engine.admit(request("b"))
    results = run(engine)
    (failed,) = [failed for result in results for failed in result.failed]
    assert (failed.row_id, "memory" in failed.reason) == ("a", True)
    assert finished(results).keys() == {"b"}


def test_no_picture_is_enlarged_beyond_2048_px_or_shrunk() -> None:
    sizes = {
        (512, 512): (2048, 2048), (512, 768): (1365, 2048), (128, 64): (512, 256),
        (1024, 1024): (2048, 2048), (2048, 64): None, (3000, 3000): None,
    }  # fmt: skip
    info = replace(_info(), upscale_factor=4)
    assert {size: info.enlarged_px(*size) for size in sizes} == sizes
    assert _info().enlarged_px(8, 8) is None


def _info() -> ModelInfo:
    from tests.stages.fake_engine import INFO

    assert Aspect.SQUARE in INFO.sizes_px
    return replace(INFO, upscale_factor=1)
