"""The judge's network: pictures to the class of every attribute.

Called by the pre-training (which makes it) and by the evaluation. It must not know prompts or the
diffusion model: it is the measure, so it never learns from what it measures.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.contract import EngineError
from models.judge.heads import HEADS, UNSEEN

#: The judge that comes with the project.
WEIGHTS = Path(__file__).parent / "judge.safetensors"
#: The short side it looks at.
SIZE_PX = 128


def network(width: int) -> nn.Module:
    """Pictures [B,3,H,W] in -1..1 of any size -> logits [B, sum of all heads' classes]."""
    w = width
    layers = [*_stage(3, w // 2), *_stage(w // 2, w), *_stage(w, 2 * w), *_stage(2 * w, 4 * w)]
    # A grid of 6 x 6 keeps places apart: a bow on the head is no bow at the collar.
    pool = [nn.AdaptiveAvgPool2d(6), nn.Flatten(), nn.Dropout(0.1)]
    classes = sum(map(len, HEADS.values()))
    head = [nn.Linear(4 * w * 36, 6 * w), nn.ReLU(inplace=True), nn.Linear(6 * w, classes)]
    return nn.Sequential(*layers, *pool, *head)


def _stage(inward: int, out: int) -> list[nn.Module]:
    """Half the size, twice a convolution."""
    layers: list[nn.Module] = []
    for source, stride in ((inward, 2), (out, 1)):
        layers += [
            nn.Conv2d(source, out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        ]
    return layers


def split(logits: Tensor) -> dict[str, Tensor]:
    """The logits of each head."""
    parts = logits.split([len(v) for v in HEADS.values()], dim=1)
    return dict(zip(HEADS, parts, strict=True))


def loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy summed over heads; truth is int64 [B, heads] with -1 for what is not seen."""
    losses = [
        functional.cross_entropy(part.float(), truth[:, i], ignore_index=UNSEEN, reduction="sum")
        / (truth[:, i] != UNSEEN).sum().clamp(min=1)
        for i, part in enumerate(split(logits).values())
    ]
    return torch.stack(losses).sum()


def save(net: nn.Module, path: Path, width: int) -> None:
    """Write the weights in half precision; width and heads travel in the file's metadata."""
    from safetensors.torch import save_file

    weights = {
        name: (v.half() if v.is_floating_point() else v).contiguous().cpu()
        for name, v in net.state_dict().items()
    }
    save_file(weights, path, metadata={"width": str(width), "heads": json.dumps(HEADS)})


class Judge:
    """A trained judge, ready to look at pictures."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        """EngineError if the file is missing or was made for another painter."""
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
        self._net = network(int(meta["width"]))
        self._net.load_state_dict(
            {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}
        )
        self._net.eval()

    @torch.inference_mode()
    def classes(self, pixels: np.ndarray) -> np.ndarray:
        """Pictures uint8 [N,H,W,3] -> the class of each head, int64 [N, heads]."""
        x = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
        parts = split(self._net(x.contiguous(memory_format=torch.channels_last))).values()
        return torch.stack([part.argmax(1) for part in parts], dim=1).numpy()
