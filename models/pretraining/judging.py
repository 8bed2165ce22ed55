"""Trains the judge, and measures its accuracy.

Called by the workshop. Must not know any model that the judge will judge.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.measuring.judge import network as judge
from models.measuring.judge.heads import HEADS
from models.pretraining.architecture import Blueprint
from models.pretraining.pictures import Pictures, batch_of, chunks, generator
from models.training.plain import PlainTraining, train
from models.training.precision import autocast, scaled

#: The peak learning rate from scratch, and from a finished judge.
LR, FURTHER_LR = 1.5e-3, 1.0e-3


def _augment(x: Tensor, g: torch.Generator) -> Tensor:
    """Blur, mirror, move and grain pictures slightly, as a model's pictures may be."""
    if torch.rand((), generator=g, device=g.device).item() < 0.3:
        blurred = functional.avg_pool2d(functional.pad(x, (1, 1, 1, 1), mode="reflect"), 3, 1)
        x = (x + blurred) / 2
    if torch.rand((), generator=g, device=g.device).item() < 0.5:
        x = x.flip(3)  # No judged attribute depends on left and right.
    dy, dx = torch.randint(-3, 4, (2,), generator=g, device=g.device).tolist()
    x = torch.roll(x, (dy, dx), (2, 3))
    noise = torch.randn(x.shape, generator=g, device=x.device)
    return x + noise * (0.1 * torch.rand((x.shape[0], 1, 1, 1), generator=g, device=x.device))


def train_judge(
    blueprint: Blueprint,
    sets: dict[str, Pictures],
    folder: Path,
    device: torch.device,
    *,
    start: nn.Module | None = None,
) -> nn.Module:
    """Train the attribute classifier, on painter pictures only; `start` is one to train further."""
    torch.manual_seed(1)
    net = (start or judge.Network(blueprint.judge_width)).to(device)

    def batch(step: int) -> tuple[str, Tensor]:
        return batch_of(sets, step, blueprint.judge_batch, seed=1, device=device)

    def loss(step: int) -> tuple[Tensor, int]:
        framing, rows = batch(step)
        pictures = sets[framing]
        x = _augment(scaled(pictures.pixels[rows]), generator(1, step, device))
        with autocast(device):
            logits = net(x)
        return judge.loss(logits, pictures.labels[rows].long()), len(rows)

    lr = FURTHER_LR if start else LR
    train(PlainTraining({"net": net}, loss, steps=blueprint.judge_steps, lr=lr), folder)
    net.train()
    with torch.no_grad():  # Averaged weights need new normalisation statistics.
        for extra in range(min(40, blueprint.judge_steps)):
            framing, rows = batch(blueprint.judge_steps + extra)
            net(scaled(sets[framing].pixels[rows]))
    return net.eval()


def accuracy(net: nn.Module, sets: dict[str, Pictures], device: torch.device) -> dict[str, float]:
    """The share of right answers for each head on these pictures, among visible attributes."""
    right = torch.zeros(len(HEADS), device=device)
    visible = torch.zeros(len(HEADS), device=device)
    with torch.inference_mode():
        for pictures in sets.values():
            for part in chunks(len(pictures.labels), 100):
                logits = judge.split(net(scaled(pictures.pixels[part])))
                predicted = torch.stack([x.argmax(1) for x in logits.values()], 1)
                truth = pictures.labels[part]
                right += ((predicted == truth) & (truth >= 0)).sum(0)
                visible += (truth >= 0).sum(0)
    return {
        head: r / max(1, s)
        for head, r, s in zip(HEADS, right.tolist(), visible.tolist(), strict=True)
    }
