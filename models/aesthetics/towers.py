"""Image towers map pictures to unit-length embeddings: any CLIP, or the project's own network.

Called by `scorer` and by the training. A tower is a folder with `config.json` and weights. Must not
know heads, grades or where pictures come from.
"""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from models.aesthetics.window import Window, read_window
from models.catalogue.registry import file_sha256
from models.contract import EngineError

CONFIG, WEIGHTS = "config.json", "model.safetensors"
#: `model_type` of the project's own network; CLIP's are `clip` and `clip_vision_model`.
OWN_TYPE = "waifu_picture_tower"
_CLIP_TYPES = ("clip", "clip_vision_model")
#: The beginnings of the names of files that an embedding depends on.
_EMBEDDING_FILES = ("config.json", "preprocessor_config.json", "model", "pytorch_model")


class _Stage(nn.Module):
    """Halves the picture, then applies a residual block."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(in_channels, out_channels, 3, 2, 1, bias=False)
        self.down_norm = nn.BatchNorm2d(out_channels)
        self.look = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.look_norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, inward, H, W) -> (B, out, H/2, W/2)."""
        x = functional.relu(self.down_norm(self.down(x)))
        return functional.relu(x + self.look_norm(self.look(x)))


class PictureTower(nn.Module):
    """A small convolutional image tower: normalised pictures (B, 3, H, W) -> embeddings (B, width).

    The faults of a drawing are local (grain, blur, broken lines) or misplaced parts of a face, and
    convolutions need little data for both.
    """

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.channels, self.width = channels, width
        self.enter = nn.Conv2d(3, channels[0], 3, 2, 1)
        self.stages = nn.Sequential(*(_Stage(a, b) for a, b in pairwise(channels)))
        self.leave = nn.Linear(2 * channels[-1], width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Mix the average and the maximum of every feature into one vector."""
        x = self.stages(functional.relu(self.enter(x)))
        return self.leave(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))


class Tower:
    """A tower on a device, with its preprocessing."""

    def __init__(self, net: nn.Module, window: Window, width: int, digest: str) -> None:
        """`width` is the length of an embedding; `digest` names the weights."""
        self.net, self.window, self.width, self.digest = net, window, width, digest

    @torch.inference_mode()
    def embed(self, cuts: np.ndarray) -> torch.Tensor:
        """Cuts uint8 (B, S, S, 3) -> embeddings float32 (B, width) of length one, on the CPU."""
        device = next(self.net.parameters()).device
        x = torch.from_numpy(self.window.normalise(cuts)).permute(0, 3, 1, 2).to(device)
        out = self.net(x)
        embeds = out if isinstance(out, torch.Tensor) else out.image_embeds
        return functional.normalize(embeds.float(), dim=-1).cpu()


def open_tower(folder: Path, device: str = "cpu") -> Tower:
    """The tower in a folder: a CLIP in the model hub's layout, or the project's own network.

    Raises EngineError, with one sentence, if it is not an image tower or is incomplete.
    """
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        kind = config.get("model_type")
    except (OSError, ValueError, AttributeError) as fault:
        raise EngineError(f"{folder} is no image tower: its {CONFIG} cannot be read.") from fault
    if kind == OWN_TYPE:
        net, width = _load_own(folder, config)
    elif kind in _CLIP_TYPES:
        net, width = _load_clip(folder, config)
    else:
        raise EngineError(f"{folder} holds a model of type {kind}, not a CLIP with an image tower.")
    window = read_window(folder)
    return Tower(net.to(device).eval(), window, width, _digest(folder))


def save_tower(net: PictureTower, folder: Path) -> None:
    """Write the project's own network in half precision, with its config."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_type": OWN_TYPE, "channels": list(net.channels), "projection_dim": net.width}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    weights = {
        name: (w.half() if w.is_floating_point() else w).contiguous().cpu()
        for name, w in net.state_dict().items()
    }
    save_file(weights, folder / WEIGHTS)


def _load_own(folder: Path, config: dict[str, object]) -> tuple[nn.Module, int]:
    try:
        channels = tuple(cast("list[int]", config["channels"]))
        width = cast("int", config["projection_dim"])
        net = PictureTower(channels, width)
        weights = load_file(folder / WEIGHTS)
        net.load_state_dict(
            {k: w.float() if w.is_floating_point() else w for k, w in weights.items()}
        )
    except (OSError, SafetensorError, KeyError, TypeError, RuntimeError) as fault:
        raise EngineError(f"{folder} holds a damaged image tower; fetch it again.") from fault
    return net, width


def _load_clip(folder: Path, whole_config: dict[str, object]) -> tuple[nn.Module, int]:
    """CLIP's image tower with its projection; a text tower beside it is ignored."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
    from transformers.utils import logging

    logging.set_verbosity_error()  # It lists the text tower's weights as unexpected.
    logging.disable_progress_bar()
    try:
        config = CLIPVisionConfig.from_pretrained(folder, local_files_only=True)
        # For a whole CLIP, the outer number counts; the inner one is often left at its default.
        config.projection_dim = cast(
            "int", whole_config.get("projection_dim", config.projection_dim)
        )
        loaded = CLIPVisionModelWithProjection.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            output_loading_info=True,
            dtype=torch.float32,
        )
        net, loading_info = cast(
            "tuple[CLIPVisionModelWithProjection, dict[str, set[str]]]", loaded
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as fault:
        raise EngineError(f"{folder} holds a damaged CLIP; fetch it again.") from fault
    # Missing weights would be random, and so would every score.
    if missing := sorted(loading_info["missing_keys"]):
        raise EngineError(f"{folder} is no whole CLIP image tower: it lacks {missing[0]}.")
    return net, net.config.projection_dim


def _digest(folder: Path) -> str:
    """One hash for all weights in the folder and their preprocessing."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(_EMBEDDING_FILES):
            digest.update(f"{path.name} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
