"""What makes a step quicker: bfloat16 copies, compiled code, a GPU. It must learn the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_course import Place, forget_devices, place, tiny_base
from torch import nn
from torch._dynamo.exc import BackendCompilerFailed

from models.contract import EngineError
from models.finetuning import material
from models.finetuning.trainee import Trainee
from models.loader import load
from tests.bench import training

__all__ = ["place", "tiny_base"]

CPU = torch.device("cpu")
#: Every weight of the UNet and of the text encoder learns.
ALL: dict[str, Any] = {"train_text_encoder": True, "epochs": 2}


def test_bfloat16_copies_teach_every_float32_weight_what_it_would_have_learned(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.train("plain", **ALL, precision="fp32")
    forget_devices()
    seen: list[torch.dtype] = []
    passed = Trainee.forward

    def watched(self: Trainee, *inputs: Any) -> torch.Tensor:
        output = passed(self, *inputs)
        seen.append(output.dtype)
        return output

    monkeypatch.setattr(Trainee, "forward", watched)
    place.train("low", **ALL, precision="bf16")
    assert set(seen) == {torch.bfloat16}
    assert place.losses("low") == pytest.approx(place.losses("plain"), rel=0.03)
    first, second = place.state("plain"), place.state("low")
    assert all(weight.dtype == torch.float32 for weight in second.values())
    parts = load(str(place.base), device="cpu")
    # A weight that no gradient reached would stay where it was.
    for name, weight in parts.unet.state_dict().items():
        assert not torch.equal(second[f"weights unet.{name}"], weight), name
    for name, weight in first.items():
        torch.testing.assert_close(second[name], weight, rtol=0.2, atol=0.01)


def test_a_compiled_step_learns_what_the_plain_one_does(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[Any] = []

    def compile_(call: Any) -> Any:
        # Traces as the real one does, and leaves out the C++ compiler.
        compiled.append(call)
        return whole(call, backend="eager")

    for odd in ("3", "4"):  # A bucket less is traced once less.
        (place.pictures / f"{odd}.png").unlink()
        (place.pictures / f"{odd}.txt").unlink()
    whole = torch.compile
    monkeypatch.setattr(torch, "compile", compile_)
    place.train("plain", epochs=1)
    assert not compiled
    place.train("quick", epochs=1, compile=True)
    assert len(compiled) == 1
    assert place.losses("quick") == pytest.approx(place.losses("plain"), rel=1e-4)


def test_where_nothing_can_be_compiled_one_line_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_(call: Any) -> Any:
        def fails(*_: Any) -> Any:
            raise BackendCompilerFailed(len, RuntimeError("no C++ compiler"), None)

        return fails

    monkeypatch.setattr(torch, "compile", compile_)
    with pytest.raises(EngineError, match=r"no C\+\+ compiler.*leave out compile.*Go on with"):
        place.train("quick", compile=True)


def test_pictures_are_encoded_so_many_at_once_as_their_pixels_allow(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    encode = material.encode

    def counted(vae: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pixels))
        return encode(vae, pixels)

    monkeypatch.setattr(material, "encode", counted)
    place.train("many", epochs=1)
    assert sorted(sizes) == [1, 1, 3]
    sizes.clear()
    monkeypatch.setattr(material, "_ENCODED_PX", 2 * 16 * 16)
    place.train("few", epochs=1)
    assert sorted(sizes) == [1, 1, 1, 2]


def test_the_benchmark_measures_a_step_that_can_be_taken() -> None:
    bench = replace(training._embedded(), batch=1)
    for step in (training._own(bench, CPU), training._written(bench, CPU)):
        step()
    assert training._floating_operations(bench, CPU) > 1e9


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_learns_what_the_cpu_does(place: Place) -> None:
    place.train("cpu", **ALL)
    forget_devices()
    place.train("gpu", **ALL, cpu=False)
    assert place.losses("gpu") == pytest.approx(place.losses("cpu"), rel=0.05)
