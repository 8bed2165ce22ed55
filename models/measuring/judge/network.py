"""The judge's network: pictures to the class of every attribute.

Called by the pre-training (which makes it) and by the evaluation. Must not know prompts or the
diffusion model: a measure must never learn from what it measures.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.contract import EngineError
from models.measuring.judge.heads import HEADS, UNSEEN
from models.painter.drawing import face_middle

#: The judge shipped with the project.
WEIGHTS = Path(__file__).parent / "judge.safetensors"
#: The short side of its input.
SIZE_PX = 128


class Network(nn.Module):
    """Looks at a picture twice: all of it, and the face at twice the resolution.

    Mouths and brows are only a few pixels high, hats and clothes are large. A single network fine
    enough for the small ones would take four times as long for the large ones.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        w = width
        self.whole = nn.Sequential(
            *_convolution(3, w // 2, 2),
            *_stage(w // 2, w),
            *_stage(w, 2 * w),
            *_stage(2 * w, 4 * w),
        )
        self.face = nn.Sequential(
            *_convolution(3, w // 2, 1),
            *_stage(w // 2, w),
            *_stage(w, 2 * w),
            *_stage(2 * w, 2 * w),
        )
        classes = sum(map(len, HEADS.values()))
        # The grid keeps positions apart: a bow on the head is not a bow at the collar.
        pooled = 4 * w * 36 + 2 * w * 48
        self.say = nn.Sequential(
            nn.Dropout(0.1),
            nn.Linear(pooled, 6 * w),
            nn.ReLU(inplace=True),
            nn.Linear(6 * w, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in -1..1 of any size -> logits (B, sum of all heads' classes)."""
        whole = functional.adaptive_avg_pool2d(self.whole(x), 6)
        face = functional.adaptive_avg_pool2d(self.face(_crop_face(x)), (6, 8))
        return self.say(torch.cat([whole.flatten(1), face.flatten(1)], dim=1))


def _crop_face(x: Tensor) -> Tensor:
    """The area around the face, brows to chin: 7/16 by 1/2 of the short side."""
    height, width = x.shape[2:]
    short = min(height, width)
    top = round((face_middle(height, width) - 0.24) * short)
    left = round((width - short / 2) / 2)
    return x[:, :, top : top + short * 7 // 16, left : left + short // 2]


def _stage(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Halve the size and convolve twice."""
    return [
        *_convolution(in_channels, out_channels, 2),
        *_convolution(out_channels, out_channels, 1),
    ]


def _convolution(in_channels: int, out_channels: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    ]


def split(logits: Tensor) -> dict[str, Tensor]:
    """The logits of each head."""
    parts = logits.split([len(v) for v in HEADS.values()], dim=1)
    return dict(zip(HEADS, parts, strict=True))


def loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy summed over heads; truth is int64 (B, heads) with -1 where not visible."""
    losses = [
        functional.cross_entropy(part.float(), truth[:, i], ignore_index=UNSEEN, reduction="sum")
        / (truth[:, i] != UNSEEN).sum().clamp(min=1)
        for i, part in enumerate(split(logits).values())
    ]
    return torch.stack(losses).sum()


def save(net: nn.Module, path: Path, width: int) -> None:
    """Write the weights in half precision; width and heads go into the file's metadata."""
    from safetensors.torch import save_file

    weights = {
        name: (v.half() if v.is_floating_point() else v).contiguous().cpu()
        for name, v in net.state_dict().items()
    }
    save_file(weights, path, metadata={"width": str(width), "heads": json.dumps(HEADS)})


class Judge:
    """A trained judge, ready to use."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        """Raises EngineError if the file is missing or was made for another painter."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "pt") as file:
                meta = file.metadata()
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a dict
        except (OSError, SafetensorError) as fault:
            raise EngineError(f"the judge {path} cannot be read ({fault})") from fault
        if json.loads(meta["heads"]) != {k: list(v) for k, v in HEADS.items()}:
            raise EngineError(
                f"{path} was trained for another painter: run `python -m models pretrain` again"
            )
        self.network = Network(int(meta["width"]))
        try:
            self.network.load_state_dict(
                {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}
            )
        except RuntimeError as fault:
            raise EngineError(
                f"{path} is an incompatible judge: run `python -m models pretrain` again"
            ) from fault
        self.network.eval()

    @torch.inference_mode()
    def classes(self, pixels: np.ndarray) -> np.ndarray:
        """The class of each head, int64 (N, heads), for pictures uint8 (N, H, W, 3)."""
        parts = self._logits(pixels).values()
        return torch.stack([part.argmax(1) for part in parts], dim=1).numpy()

    @torch.inference_mode()
    def probabilities(self, pixels: np.ndarray, head: str) -> np.ndarray:
        """The probability of each class of a head, float32 (N, classes), for pictures likewise."""
        return self._logits(pixels)[head].softmax(1).numpy()

    def _logits(self, pixels: np.ndarray) -> dict[str, Tensor]:
        x = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
        return split(self.network(x.contiguous(memory_format=torch.channels_last)))
