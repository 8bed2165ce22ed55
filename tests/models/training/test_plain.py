"""The plain training: its learning rate, and which weights go to which optimizer."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from models.training import plain
from models.training.plain import PlainTraining, rate_factor


def test_the_learning_rate_rises_stays_and_falls() -> None:
    rates = [rate_factor(step, 1_000) for step in range(1_000)]
    assert rates[0] == 0.01
    assert rates[100:400] == [1.0] * 300
    assert rates[999] == 0.01
    assert all(a >= b for a, b in pairwise(rates[100:]))


def test_vectors_embeddings_and_named_modules_go_to_adam() -> None:
    net = nn.ModuleDict({"embedding": nn.Embedding(5, 4), "first": nn.Linear(4, 4)})
    slow = nn.Linear(2, 2)
    found = plain.optimizers({"net": net, "slow": slow}, {"net": 0.1, "slow": 0.03}, ("first",))
    shapes = {
        name: [[tuple(p.shape) for p in group["params"]] for group in optimizer.param_groups]
        for name, optimizer in found.items()
    }
    assert shapes == {"muon": [[(2, 2)]], "adam": [[(5, 4), (4, 4), (4,)], [(2,)]]}
    assert [group["lr"] for group in found["muon"].param_groups] == [0.03]
    assert [group["lr"] for group in found["adam"].param_groups] == [0.1, 0.03]


def test_a_slow_module_learns_at_its_share_of_the_rate() -> None:
    nets = {"fast": nn.Linear(4, 4), "slow": nn.Linear(4, 1)}
    training = PlainTraining(
        nets, lambda _: (torch.zeros(()), 0), steps=20, lr=0.01, rate_shares={"slow": 0.3}
    )
    before = {name: net.bias.detach().clone() for name, net in nets.items()}
    for net in nets.values():
        net.bias.grad = torch.ones_like(net.bias)
    training.learner.update(10, lambda _, peak: peak)
    # Adam's first step is as long as the rate.
    moved = {name: (before[name] - net.bias).abs().max().item() for name, net in nets.items()}
    assert moved == pytest.approx({"fast": 0.01, "slow": 0.003}, rel=1e-3)
