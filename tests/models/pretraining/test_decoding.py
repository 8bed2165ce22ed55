"""The decoder's training: what tells siblings apart counts, and the encoder stays as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.pretraining import architecture, decoding
from models.pretraining.architecture import TOY
from models.pretraining.decoding import crop, next_siblings, sibling_loss, train_decoder, windows
from models.pretraining.pictures import EncodedPictures
from models.pretraining.siblings import FAMILY
from tests.stages.tiny_trainings import random_pictures

#: Four families of pictures of 64 px, with latents of 8 x 8.
FAMILIES, SIZE_PX = 4, 64


@pytest.fixture
def encoded() -> dict[str, EncodedPictures]:
    count = FAMILIES * FAMILY
    latents = torch.randn(count, TOY.latent_channels, 8, 8).half()
    return {"square": EncodedPictures(latents, random_pictures(count, 0, SIZE_PX))}


@pytest.mark.parametrize("side", [6, 32])
def test_a_picture_costs_as_much_as_it_resembles_its_sibling(side: int) -> None:
    x = torch.rand(2, 3, 64, 64)
    siblings = x.clone()
    siblings[:, :, :side, :side] += 0.9
    for share in (0.0, 0.5, 1.0):
        cost = sibling_loss(x + share * (siblings - x), x, siblings)
        assert cost.item() == pytest.approx(share**2, rel=0.03)
    elsewhere = x.clone()
    elsewhere[:, :, side:] += 0.9
    assert sibling_loss(elsewhere, x, siblings).item() == 0


def test_siblings_that_look_the_same_cost_nothing_whatever_is_drawn() -> None:
    x = torch.rand(2, 3, 64, 64)
    assert sibling_loss(torch.rand(2, 3, 64, 64), x, x).item() == 0
    barely = x.clone()
    barely[:, :, :2, :2] += 0.05
    assert sibling_loss(barely, x, barely).item() < 0.001


def test_the_next_sibling_is_of_the_same_family() -> None:
    rows = torch.arange(2 * FAMILY)
    assert next_siblings(rows, 1).tolist() == [1, 2, 0, 4, 5, 3]
    assert next_siblings(rows, 2).tolist() == [2, 0, 1, 5, 3, 4]


def test_half_of_the_squares_lie_where_siblings_differ() -> None:
    x = torch.zeros(200 * FAMILY, 3, 64, 64)
    x[::FAMILY, :, 40:48, 8:16] = 1.0  # Latent pixel (5, 1).
    corners = windows(x, 4, torch.Generator().manual_seed(0))
    assert all(0 <= top <= 4 and 0 <= left <= 4 for top, left in corners)
    assert len(set(corners)) > 20
    around = sum(2 <= top <= 5 and left <= 1 for top, left in corners) / 200
    # All of the one half, and 6 of the 25 places of the other.
    assert around == pytest.approx(0.5 + 0.5 * 6 / 25, abs=0.08)
    alike = windows(torch.zeros(200 * FAMILY, 3, 64, 64), 4, torch.Generator().manual_seed(0))
    assert len(set(alike)) > 20


def test_a_family_is_cut_at_one_place() -> None:
    values = torch.arange(2 * FAMILY * 8 * 8).view(2 * FAMILY, 1, 8, 8)
    cut = crop(values, [(0, 3), (4, 1)], 4)
    assert torch.equal(cut[:FAMILY], values[:FAMILY, :, :4, 3:7])
    assert torch.equal(cut[FAMILY:], values[FAMILY:, :, 4:, 1:5])


def test_the_decoder_learns_squares_then_whole_families_and_the_encoder_stays(
    encoded: dict[str, EncodedPictures], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: list[tuple[int, ...]] = []
    guessed: list[int] = []

    def watch(y: Tensor, x: Tensor, siblings: Tensor) -> Tensor:
        shapes.append(tuple(y.shape))
        # Cut at the same place, and of the same family.
        originals = encoded["square"].pictures.pixels.flatten(1).float() / 127.5 - 1
        whole = {tuple(sorted(p.flatten().tolist())) for p in originals}
        if y.shape[2] == SIZE_PX:
            assert all(tuple(sorted(p.flatten().tolist())) in whole for p in siblings)
        assert not torch.equal(x, siblings)
        return sibling_loss(y, x, siblings)

    def guess(z: Tensor, ids: Tensor, _: torch.Generator) -> Tensor:
        guessed.append(len(z))
        assert ids.shape == (len(z), 77)
        return z

    monkeypatch.setattr(decoding, "sibling_loss", watch)
    blueprint = replace(TOY, size_px=SIZE_PX, decoder_steps=4, decoder_batch=2 * FAMILY)
    torch.manual_seed(0)
    net = architecture.autoencoder(blueprint)
    before = {name: v.clone() for name, v in net.state_dict().items()}
    train_decoder(blueprint, encoded, net, tmp_path / "decoder", guess)
    assert shapes == [(2 * FAMILY, 3, 32, 32)] * 3 + [(FAMILY, 3, SIZE_PX, SIZE_PX)]
    # Every second picture, from the first or the second on.
    assert guessed == [3, 3, 3, 1]
    changed = {name for name, v in net.state_dict().items() if not torch.equal(v, before[name])}
    assert changed
    assert all(name.startswith("decoder.") for name in changed)
