"""The trained upscaler: what it draws, how it is saved with a model, and errors of a broken one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from models.catalogue.registry import EMBEDDED
from models.contract import EngineError
from models.engine import upscaler
from models.engine.loader import load
from models.engine.slots import SlotEngine
from models.engine.upscaler import Enlarger, Upscaler
from models.engine.warping import warped
from models.pretraining.architecture import FULL
from tests.stages.tiny_models import NATIVE_PX, request, tiny_folder

__all__ = ["tiny_folder"]


def trained() -> Upscaler:
    """An upscaler with random weights, as if trained."""
    torch.manual_seed(1)
    net = Upscaler(8, 1)
    torch.nn.init.normal_(net.leave.weight, std=0.3)
    return net.eval()


def test_an_untrained_upscaler_is_bilinear() -> None:
    x = torch.rand(2, 3, 6, 8) * 2 - 1
    assert torch.equal(
        Upscaler(8, 1)(x), functional.interpolate(x, scale_factor=4, mode="bilinear")
    )


def test_an_upscaler_survives_saving_and_loading(tmp_path: Path) -> None:
    net = trained()
    upscaler.save(net, tmp_path)
    pixels = torch.rand(3, 8, 8)
    before, after = (
        np.asarray(Enlarger(n)(pixels, 32, 32), dtype=int) for n in (net, upscaler.load(tmp_path))
    )
    assert np.abs(before - after).max() <= 1
    assert before.std() > 1


def test_the_warp_is_saved_with_the_upscaler(tmp_path: Path) -> None:
    net = trained()
    net.warp_px = 6.5
    upscaler.save(net, tmp_path)
    x = torch.rand(1, 3, 8, 8)
    large = upscaler.load(tmp_path)(x)
    net.warp_px = 0.0
    assert (large - warped(net(x), 6.5)).abs().max() < 0.01 < (large - net(x)).abs().max()


def test_the_embedded_upscalers_warp_is_the_recipes() -> None:
    assert upscaler.load(EMBEDDED / upscaler.FOLDER).warp_px == FULL.upscaler_warp_px > 0


def test_an_upscaler_saved_before_warping_has_no_warp(tmp_path: Path) -> None:
    upscaler.save(trained(), tmp_path)
    config = tmp_path / upscaler.CONFIG
    told = json.loads(config.read_text())
    del told["warp_px"]
    config.write_text(json.dumps(told))
    assert upscaler.load(tmp_path).warp_px == 0


def test_an_intermediate_size_is_resized_to_the_requested_one() -> None:
    assert Enlarger(trained())(torch.rand(3, 8, 8), 20, 24).size == (20, 24)


def test_a_model_with_an_upscaler_finishes_its_pictures_with_it(
    tiny_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "with-upscaler")
    plain = finished(folder)
    upscaler.save(Upscaler(8, 1), folder / upscaler.FOLDER)
    smooth = finished(folder)
    upscaler.save(trained(), folder / upscaler.FOLDER)
    assert len({plain, smooth, finished(folder)}) == 3


def finished(folder: Path) -> bytes:
    """The pixels of one picture at four times its native size."""
    engine = SlotEngine(load(str(folder), device="cpu"), capacity=1)
    side = NATIVE_PX * 4
    engine.admit(request("one", steps=2, width_px=side, height_px=side))
    while not (done := engine.step().finished):
        pass
    assert len(done[0].rgb) == 3 * side * side
    return done[0].rgb


@pytest.mark.parametrize(
    "damage", ["config", "weights", "another scale", "other sizes", "too deep", "no number"]
)
def test_a_broken_upscaler_is_reported_in_one_sentence(
    tiny_folder: Path, tmp_path: Path, damage: str
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "broken")
    own = folder / upscaler.FOLDER
    upscaler.save(Upscaler(8, 1), own)
    config = own / upscaler.CONFIG
    if damage == "config":
        config.write_text("{")
    elif damage == "weights":
        (own / upscaler.WEIGHTS).write_bytes(b"torn")
    elif damage == "another scale":
        config.write_text(config.read_text().replace("4", "3"))
    elif damage == "other sizes":
        config.write_text(config.read_text().replace("8", "16"))
    else:
        deep = "12.5" if damage == "too deep" else "NaN"
        config.write_text(config.read_text().replace("0.0", deep))
    with pytest.raises(EngineError, match=r"upscaler.*(again|scale|warp)") as caught:
        load(str(folder), device="cpu")
    assert "\n" not in str(caught.value)
