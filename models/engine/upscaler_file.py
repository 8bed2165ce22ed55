"""An operator's upscaler from a single file, as the community shares them.

It reads the two layouts of most upscalers for drawings: RRDB networks (ESRGAN, Wang et al. 2018,
arXiv 1809.00219, and Real-ESRGAN, under their old and their new names) and Real-ESRGAN's compact
ones. No file can run code: it is safetensors, or read with `weights_only`. Must not know pictures'
sizes.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.contract import EngineError
from models.engine.enlarging import Magnifier

#: Keys under which training checkpoints nest the weights.
_WRAPPERS = ("params_ema", "params", "state_dict")
#: ESRGAN's old names, mapped to the new ones.
_OLD_BLOCK = re.compile(r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.")
_OLD_NAMES = {
    "model.0.": "conv_first.", "model.3.": "conv_up1.", "model.6.": "conv_up2.",
    "model.8.": "conv_hr.", "model.10.": "conv_last.",
}  # fmt: skip


class _Dense(nn.Module):
    """A residual dense block: (B, width, H, W) to the same."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        for number in range(5):
            out = width if number == 4 else growth
            self.add_module(f"conv{number + 1}", nn.Conv2d(width + number * growth, out, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        *inner, last = self.children()
        for conv in inner:
            features.append(functional.leaky_relu(conv(torch.cat(features, 1)), 0.2))
        return last(torch.cat(features, 1)) * 0.2 + x


class _Block(nn.Module):
    """Three dense blocks with a residual connection around them."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (_Dense(width, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class Rrdb(nn.Module):
    """(B, 3, H, W) in 0..1 -> (B, 3, 4H/n, 4W/n); `unshuffle` is n, the folding of the input."""

    def __init__(self, width: int, blocks: int, growth: int, unshuffle: int = 1) -> None:
        super().__init__()
        self.unshuffle, self.scale = unshuffle, 4 // unshuffle
        self.conv_first = nn.Conv2d(3 * unshuffle**2, width, 3, 1, 1)
        self.body = nn.Sequential(*(_Block(width, growth) for _ in range(blocks)))
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = (
            nn.Conv2d(width, width, 3, 1, 1) for _ in range(4)
        )
        self.conv_last = nn.Conv2d(width, 3, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge."""
        h = self.conv_first(functional.pixel_unshuffle(x, self.unshuffle))
        h = h + self.conv_body(self.body(h))
        for conv in (self.conv_up1, self.conv_up2):
            h = functional.leaky_relu(conv(functional.interpolate(h, scale_factor=2)), 0.2)
        return self.conv_last(functional.leaky_relu(self.conv_hr(h), 0.2))


class Compact(nn.Module):
    """(B, 3, H, W) in 0..1 -> `scale` times as large: plain layers, added to the nearest pixels."""

    def __init__(self, width: int, layers: int, scale: int) -> None:
        super().__init__()
        self.unshuffle, self.scale = 1, scale
        inner = [part for _ in range(layers) for part in _layer(width, width)]
        self.body = nn.Sequential(
            *_layer(3, width), *inner, nn.Conv2d(width, 3 * scale**2, 3, 1, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge."""
        large = functional.pixel_shuffle(self.body(x), self.scale)
        return large + functional.interpolate(x, scale_factor=self.scale)


def _layer(channels_in: int, channels_out: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(channels_in, channels_out, 3, 1, 1), nn.PReLU(channels_out)


def load(path: Path, device: torch.device) -> Magnifier:
    """The upscaler in a file, in float32 on the device. EngineError says what is wrong with it."""
    try:
        weights = _with_new_names(_read(path))
        _require_honest_size(weights, path.stat().st_size)
        # On the meta device, or a narrow layer in a malicious file could allocate a huge one.
        with torch.device("meta"):
            net = _build_network(weights)
        net.load_state_dict({k: v.float() for k, v in weights.items()}, assign=True)
    except Exception as fault:  # translated, not swallowed: torch and safetensors raise many kinds
        raise EngineError(
            f"UPSCALER_FILE: {path} is no upscaler that I can read ({_reason(fault)}); I read "
            "ESRGAN, Real-ESRGAN and its compact networks, as .safetensors or .pth."
        ) from fault
    net.eval().requires_grad_(requires_grad=False).to(device)
    return Magnifier(net, scale=net.scale, device=device, side_multiple=net.unshuffle)


def _read(path: Path) -> Mapping[str, Tensor]:
    from safetensors.torch import load_file

    if path.suffix == ".safetensors":
        return load_file(path)
    if zipfile.is_zipfile(path) and any(part.compress_type for part in _archive_entries(path)):
        raise ValueError("it is compressed, and torch compresses nothing")
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    for wrapper in _WRAPPERS:
        loaded = loaded.get(wrapper, loaded)
    return cast("Mapping[str, Tensor]", loaded)


def _archive_entries(path: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(path) as archive:
        return archive.infolist()


def _require_honest_size(weights: Mapping[str, Tensor], size_bytes: int) -> None:
    """Raise ValueError if the parts exceed the file's size: one number expanded to many."""
    if sum(value.numel() * value.element_size() for value in weights.values()) > size_bytes:
        raise ValueError("its parts are larger than the file")


def _with_new_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    if "model.0.weight" not in weights:
        return dict(weights)
    names = dict(_OLD_NAMES)
    for name in weights:
        if block := re.fullmatch(r"(model\.1\.sub\.\d+\.)weight", name):
            names[block[1]] = "conv_body."
    return {_new_name(name, names): value for name, value in weights.items()}


def _new_name(name: str, names: Mapping[str, str]) -> str:
    if block := _OLD_BLOCK.match(name):
        return f"body.{block[1]}.rdb{block[2]}.conv{block[3]}.{name[block.end() :]}"
    stem, _, leaf = name.rpartition(".")
    return names[f"{stem}."] + leaf


def _build_network(weights: Mapping[str, Tensor]) -> Rrdb | Compact:
    """A network with the layout and the sizes of the weights."""
    numbers = {int(m[1]) for name in weights if (m := re.match(r"body\.(\d+)\.", name))}
    if "conv_first.weight" in weights:
        width, channels_in = weights["conv_first.weight"].shape[:2]
        growth = weights["body.0.rdb1.conv1.weight"].shape[0]
        return Rrdb(width, len(numbers), growth, _root(channels_in // 3))
    # By their count, not the highest number: a file could claim any number at no cost.
    last = len(numbers) - 1
    out = weights[f"body.{last}.weight"].shape[0]
    layers = (last - 2) // 2
    return Compact(weights["body.0.weight"].shape[0], layers, _root(out // 3))


def _root(square: int) -> int:
    """1, 2 or 4. Raises ValueError for anything but the square of one of those."""
    return {1: 1, 4: 2, 16: 4}[square]


def _reason(fault: Exception) -> str:
    if isinstance(fault, pickle.UnpicklingError):
        return "it holds more than numbers"
    if isinstance(fault, KeyError):
        return f"no part of it is called {fault}"
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]
