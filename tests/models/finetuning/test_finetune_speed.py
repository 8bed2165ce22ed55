"""What makes a step quicker: bfloat16 copies, compiled code, a GPU. The step learns the same."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch._dynamo.exc import BackendCompilerFailed

from models.contract import EngineError
from models.data import latents
from models.engine.loader import load
from models.finetuning import material
from models.training.watch import StoppedError
from tests.bench import training
from tests.stages.tiny_finetuning import (
    SIZES_PX,
    Place,
    forget_devices,
    interrupt,
    place,
    tiny_base,
    write_pictures,
)
from tests.stages.tiny_models import ONE_LEVEL, build

__all__ = ["place", "tiny_base"]

CPU = torch.device("cpu")
#: Every weight of the UNet and of the text encoder learns.
ALL: dict[str, Any] = {"train_text_encoder": True, "epochs": 2}


def change(place: Place, run: str) -> torch.Tensor:
    """How the UNet's weights differ from the base's, as one vector."""
    parts, state = load(str(place.base), device="cpu"), place.state(run)
    before = parts.unet.state_dict().items()
    return torch.cat([(state[f"weights unet.{n}"] - w).flatten() for n, w in before])


@pytest.fixture
def norms(monkeypatch: pytest.MonkeyPatch) -> list[torch.dtype]:
    """The dtype of the weights that the UNet's norms compute with: of bfloat16 copies or not."""
    seen: list[torch.dtype] = []
    plain = nn.GroupNorm.forward

    def watched(self: nn.GroupNorm, x: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled():
            seen.append(self.weight.dtype)
        return plain(self, x)

    monkeypatch.setattr(nn.GroupNorm, "forward", watched)
    return seen


@pytest.mark.parametrize("method", ["full", "lora"])
def test_bfloat16_copies_train_float32_weights_almost_identically(
    place: Place, norms: list[torch.dtype], method: str
) -> None:
    place.train("plain", **ALL, method=method, precision="fp32")
    assert set(norms) == {torch.float32}
    forget_devices()
    norms.clear()
    place.train("low", **ALL, method=method, precision="bf16")
    assert set(norms) == {torch.bfloat16}
    assert place.losses("low") == pytest.approx(place.losses("plain"), rel=0.03)
    learned = {name: w for name, w in place.state("low").items() if name.startswith("weights")}
    assert all(weight.dtype == torch.float32 for weight in learned.values())
    if method == "full":
        one, other = change(place, "plain"), change(place, "low")
        assert (one != 0).all()
        assert (other != 0).all()
        # Adam's first steps all have one size: only their direction shows what was learned.
        assert float(torch.cosine_similarity(one, other, dim=0)) > 0.9


def test_gradient_checkpointing_stays_with_autocast(place: Place, norms: list[torch.dtype]) -> None:
    place.train("plain", epochs=1, precision="fp32")
    forget_devices()
    norms.clear()
    place.train("lean", epochs=1, precision="bf16", gradient_checkpointing=True)
    assert set(norms) == {torch.float32}
    assert place.losses("lean") == pytest.approx(place.losses("plain"), rel=0.03)


@pytest.mark.slow(20)
@pytest.mark.parametrize(
    # Square, portrait and landscape sizes: after the second, nothing is traced again.
    ("precision", "sizes_px"),
    [("fp32", SIZES_PX), ("bf16", SIZES_PX[:2])],
)
def test_a_compiled_step_learns_the_same_as_a_plain_one(
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    precision: str,
    sizes_px: tuple[tuple[int, int], ...],
) -> None:
    # Tracing takes time for each module and size.
    place.base = build(tmp_path / "one-level", unet=ONE_LEVEL)
    shutil.rmtree(place.pictures)
    write_pictures(place.pictures, sizes_px)
    traced: list[int] = []

    def backend(graph: Any, inputs: list[Any]) -> Any:
        traced.append(len(inputs))
        return graph.forward

    whole = torch.compile
    # Traces as the real one does, and leaves out the C++ compiler.
    monkeypatch.setattr(torch, "compile", lambda call: whole(call, backend=backend))
    place.train("plain", epochs=1, precision=precision)
    assert not traced
    forget_devices()
    place.train("quick", epochs=1, precision=precision, compile=True)
    assert 1 <= len(traced) <= len(set(sizes_px))
    assert place.losses("quick") == pytest.approx(place.losses("plain"), rel=1e-3)


@pytest.mark.parametrize(
    ("cause", "kind", "told"),
    [
        (
            RuntimeError("no C++ compiler\nin PATH"),
            EngineError,
            r"no C\+\+ compiler.*leave out compile",
        ),
        # Ctrl-C stops the compiler too, which is not the compiler's fault.
        (RuntimeError("killed"), StoppedError, "stopped while the UNet was compiled"),
        (torch.OutOfMemoryError(), EngineError, "does not fit into the device's memory"),
    ],
)
def test_a_failed_compilation_says_why_and_how_to_resume(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    cause: Exception,
    kind: type[EngineError],
    told: str,
) -> None:
    def fails(*_: Any) -> Any:
        if kind is StoppedError:
            interrupt()
        raise BackendCompilerFailed(len, cause, None)

    monkeypatch.setattr(torch, "compile", lambda _: fails)
    with pytest.raises(kind, match=rf"{told}.*Go on with") as raised:
        place.train("quick", compile=True)
    assert raised.type is kind
    assert "\n" not in str(raised.value)


def test_pixels_limit_how_many_pictures_are_encoded_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    encode = latents.encode

    def counted(vae: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pixels))
        return encode(vae, pixels)

    monkeypatch.setattr(latents, "encode", counted)
    place.train("many", epochs=1)
    assert sorted(sizes) == [1, 1, 3]
    sizes.clear()
    monkeypatch.setattr(material, "_ENCODED_PX", 2 * 16 * 16)
    place.train("few", epochs=1)
    assert sorted(sizes) == [1, 1, 1, 2]


def test_the_benchmarks_training_step_can_run() -> None:
    bench = replace(training._embedded_bench(), batch=1)
    for step in (training._own_step(bench, CPU), training._diffusers_step(bench, CPU)):
        step()
    one = training._flops_per_picture(bench, CPU)
    assert one > 1e9
    assert training._flops_per_picture(replace(bench, batch=2), CPU) == one


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_learns_what_the_cpu_does(place: Place) -> None:
    place.train("cpu", **ALL)
    forget_devices()
    place.train("gpu", **ALL, cpu=False)
    assert place.losses("gpu") == pytest.approx(place.losses("cpu"), rel=0.05)
