"""Heads map a unit-length embedding to an aesthetic score. People share them as files.

Called by `scorer` and by the training. It recognises three layouts by their tensors' names. Must
not know towers or pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn import functional

from models.catalogue.registry import file_sha256
from models.contract import EngineError

State = dict[str, torch.Tensor]
#: Unit embeddings float64 (B, width) -> scores float64 (B,).
Rule = Callable[[torch.Tensor], torch.Tensor]

#: LAION's improved-aesthetic-predictor: linear layers separated only by dropout.
_LAION = tuple(f"layers.{i}" for i in (0, 2, 4, 6, 7))
#: Waifu Diffusion's aes-B32: ReLU between the layers, a sigmoid after the last.
_WAIFU = ("fc1", "fc2", "fc3")
#: The project's own: one affine map.
_OWN = ("grade",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A loaded head: its name, the length of its embeddings, and the range of its scores."""

    name: str
    width: int
    low: float
    high: float
    digest: str
    rule: Rule

    def __call__(self, unit: torch.Tensor) -> list[float]:
        """Scores of unit-length embeddings (B, width); computed in float64."""
        return self.rule(unit.double()).tolist()


def read_head(path: Path) -> Head:
    """The head in a `.pth` or `.safetensors` file; nothing in the file is executed.

    Raises EngineError, with one sentence, if it is unreadable or has an unknown layout.
    """
    state = _tensors(path)
    digest = file_sha256(path)
    names = set(state)
    if names == _tensor_names(_LAION):
        width, rule = _affine(path, state, _LAION)
        return Head(name="laion-linear", width=width, low=1, high=10, digest=digest, rule=rule)
    if names == _tensor_names(_WAIFU):
        width, rule = _perceptron(path, state, _WAIFU)
        return Head(name="waifu-mlp", width=width, low=0, high=1, digest=digest, rule=rule)
    if names == _tensor_names(_OWN):
        width, rule = _affine(path, state, _OWN)
        return Head(name="painter-grade", width=width, low=1, high=10, digest=digest, rule=rule)
    raise EngineError(
        f"{path} is no head this program knows: LAION's linear one (layers.0 ... layers.7), "
        "Waifu Diffusion's (fc1, fc2, fc3), or one made by aesthetic-train."
    )


def save_head(weight: torch.Tensor, bias: torch.Tensor, path: Path) -> None:
    """Write the project's own head: weight (width,), bias () -> one affine map, float32."""
    (name,) = _OWN
    own = {f"{name}.weight": weight.view(1, -1), f"{name}.bias": bias.view(1)}
    save_file({k: v.detach().float().contiguous().cpu() for k, v in own.items()}, path)


def collapse(layers: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Merge consecutive linear layers into one affine map, in float64.

    W_n(... (W_1 x + b_1) ...) + b_n = (W_n ... W_1) x + (W_n(... b_1 ...) + b_n). Computed from the
    last layer backwards, so that every product has only the few rows of the last.
    """
    weight, bias = (t.double() for t in layers[-1])
    for w, b in reversed(layers[:-1]):
        bias = bias + weight @ b.double()
        weight = weight @ w.double()
    return weight, bias


def _tensor_names(layers: tuple[str, ...]) -> set[str]:
    return {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}


def _tensors(path: Path) -> State:
    """The named tensors of a file. Raises EngineError if it holds anything else."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as fault:
        raise EngineError(f"there is no head {path}.") from fault
    except UnpicklingError as fault:
        raise EngineError(
            f"{path} is refused: it is damaged or holds more than tensors, which could run code."
        ) from fault
    except (SafetensorError, RuntimeError, EOFError, ValueError, KeyError) as fault:
        raise EngineError(f"{path} is damaged, or no file of tensors.") from fault
    if not isinstance(loaded, dict) or not all(
        isinstance(t, torch.Tensor) for t in loaded.values()
    ):
        raise EngineError(f"{path} holds no named tensors; a head is a state_dict.")
    return loaded


def _layers(
    path: Path, state: State, names: tuple[str, ...]
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The layers in order.

    Raises EngineError unless each fits the one before and the output is one number.
    """
    layers = [(state[f"{name}.weight"], state[f"{name}.bias"]) for name in names]
    shapes = [w.shape for w, _ in layers]
    fits = (
        all(w.ndim == 2 and b.shape == w.shape[:1] for w, b in layers)
        and all(a[0] == b[1] for a, b in pairwise(shapes))
        and shapes[-1][0] == 1
    )
    if not fits:
        raise EngineError(f"{path} is damaged: its layers do not fit each other.")
    if not all(torch.isfinite(t).all() for layer in layers for t in layer):
        raise EngineError(f"{path} is damaged: some of its weights are no numbers.")
    return layers


def _affine(path: Path, state: State, names: tuple[str, ...]) -> tuple[int, Rule]:
    weight, bias = collapse(_layers(path, state, names))
    return weight.shape[1], lambda unit: functional.linear(unit, weight, bias)[:, 0]


def _perceptron(path: Path, state: State, names: tuple[str, ...]) -> tuple[int, Rule]:
    layers = [(w.double(), b.double()) for w, b in _layers(path, state, names)]

    def rule(unit: torch.Tensor) -> torch.Tensor:
        for weight, bias in layers[:-1]:
            unit = functional.relu(functional.linear(unit, weight, bias))
        return torch.sigmoid(functional.linear(unit, *layers[-1]))[:, 0]

    return layers[0][0].shape[1], rule
