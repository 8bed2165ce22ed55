"""Hidden tastes that a training must learn from votes alone.

A taste is a number for each picture. The bench knows it; no training does. A separate network
recognises a smile here, trained on painted pictures that the judge has never seen. So a reward
model that uses the judge does not use the network behind the taste.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.painter.drawing import draw, face_middle, raster
from models.painter.portrait import sample

Floats = NDArray[np.float64]
#: Pictures uint8 (N, S, S, 3) -> how well each fits the taste (N,).
Taste = Callable[[np.ndarray], Floats]

SIDE_PX = 128
#: The number of painted pictures that train the eye, and their first seed, used nowhere else.
_PAINTED, _FIRST_SEED = 3000, 2_600_000_000
#: Log-odds above which a drawn face is cheerful: drawn lines are softer than painted ones.
_SMILES = -2.0
_CHEERFUL = ("smile", "open smile", "grin")
#: Tags about mouth or eyes; a prompt without them leaves the expression open.
FACE_WORDS = frozenset((
    "smile", "open mouth", ":d", "closed mouth", "expressionless", "frown", "grin", "teeth", ":o",
    "tongue out", ":p", ":3", "wavy mouth", "clenched teeth", "closed eyes", "half-closed eyes",
    "one eye closed", "sad", "angry", "tears",
))  # fmt: skip


def warm_and_bright(pictures: np.ndarray) -> Floats:
    """The style: more red than blue, and light."""
    means = pictures.astype(np.float64).mean((1, 2)) / 255
    return means[:, 0] - means[:, 2] + 0.7 * means.mean(1)


def leaves_face_open(prompt: str) -> bool:
    """Whether the prompt says nothing about mouth and eyes."""
    return not FACE_WORDS & set(prompt.split(", "))


class Eye(nn.Module):
    """A small network that sees in a face whether somebody smiles with open eyes."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 48, 64, 96)
        self.stages = nn.Sequential(
            *[
                nn.Sequential(
                    nn.Conv2d(a, b, 3, 2 if b > 24 else 1, 1, bias=False),
                    nn.BatchNorm2d(b),
                    nn.ReLU(),
                )
                for a, b in pairwise(widths)
            ]
        )
        self.say = nn.Linear(96 * 16, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (B, 3, 128, 128) in -1..1 -> log-odds (B,)."""
        top = round((face_middle(SIDE_PX, SIDE_PX) - 0.24) * SIDE_PX)
        face = x[:, :, top : top + 56, 32:96]
        seen = functional.adaptive_avg_pool2d(self.stages(face), 4)
        return self.say(seen.flatten(1))[:, 0]


def cheerful(eye: nn.Module) -> Taste:
    """The open taste: 1 for somebody who smiles with open eyes, else 0."""

    @torch.inference_mode()
    def taste(pictures: np.ndarray) -> Floats:
        odds = [eye(_tensor(part)) for part in np.array_split(pictures, -(-len(pictures) // 64))]
        return (torch.cat(odds) > _SMILES).double().numpy()

    return taste


def trained_eye(folder: Path, steps: int = 400) -> nn.Module:
    """The trained eye, which is trained once and then read from the folder."""
    path = folder / "eye.pt"
    eye = Eye()
    if path.exists():
        eye.load_state_dict(torch.load(path, weights_only=True))
        return eye.eval()
    pictures, labels = painted_pictures(folder)
    torch.manual_seed(0)
    optimizer = torch.optim.AdamW(eye.parameters(), lr=2e-3)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 2e-3 * min(1, 2 * (1 - step / steps))
        rows = np.random.default_rng(step).integers(0, len(pictures), 64)
        x = _augment(_tensor(pictures[rows]), step)
        loss = functional.binary_cross_entropy_with_logits(eye(x), torch.tensor(labels[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(eye.state_dict(), path)
    return eye.eval()


def painted_pictures(folder: Path) -> tuple[np.ndarray, NDArray[np.float32]]:
    """Painted pictures and whether they are cheerful, made once and then read from the folder."""
    path = folder / "painted.npz"
    if not path.exists():
        pairs = [_paint(_FIRST_SEED + i) for i in range(_PAINTED)]
        pictures, labels = zip(*pairs, strict=True)
        np.savez(path, pictures=np.stack(pictures), labels=np.array(labels, np.float32))
    saved = np.load(path)
    return saved["pictures"], saved["labels"]


def _paint(seed: int) -> tuple[np.ndarray, bool]:
    portrait = replace(sample(Random(seed)), framing="square")
    picture = raster(draw(portrait, seed), 2 * SIDE_PX).resize((SIDE_PX, SIDE_PX))
    smiles = portrait.mouth in _CHEERFUL and portrait.eye_state == "open"
    return np.asarray(picture.convert("RGB")), smiles


def _tensor(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _augment(x: Tensor, step: int) -> Tensor:
    """Shift, mirror, blur and add grain: a model's pictures are less clean than painted ones."""
    g = torch.Generator().manual_seed(step)
    if torch.rand((), generator=g) < 0.5:
        x = functional.avg_pool2d(functional.pad(x, (1, 1, 1, 1), mode="reflect"), 3, 1)
    if torch.rand((), generator=g) < 0.5:
        x = x.flip(3)
    dy, dx = torch.randint(-2, 3, (2,), generator=g).tolist()
    return torch.roll(x, (dy, dx), (2, 3)) + 0.08 * torch.randn(x.shape, generator=g)
