"""The decoder's training: what tells siblings apart counts, and the encoder stays as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor

from models.pretraining import architecture, decoding
from models.pretraining.architecture import TOY
from models.pretraining.decoding import crop, next_siblings, sibling_loss, train_decoder, windows
from models.pretraining.pictures import EncodedPictures
from models.pretraining.siblings import FAMILY
from tests.stages.tiny_trainings import random_pictures

#: Four families of pictures of 64 px, with latents of 8 x 8.
FAMILIES, SIZE_PX = 4, 64
BLUEPRINT = replace(TOY, size_px=SIZE_PX, decoder_steps=4, decoder_batch=2 * FAMILY)


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
    seen: list[tuple[Tensor, Tensor]] = []
    cuts: list[tuple[list[tuple[int, int]], int]] = []
    guessed: list[int] = []

    def watch(y: Tensor, x: Tensor, siblings: Tensor) -> Tensor:
        assert y.shape == x.shape == siblings.shape
        seen.append((x, siblings))
        return sibling_loss(y, x, siblings)

    def cut(values: Tensor, corners: list[tuple[int, int]], side: int) -> Tensor:
        cuts.append((corners, side))
        return crop(values, corners, side)

    def guess(z: Tensor, ids: Tensor, _: torch.Generator) -> Tensor:
        guessed.append(len(z))
        assert ids.shape == (len(z), 77)
        return z

    monkeypatch.setattr(decoding, "sibling_loss", watch)
    monkeypatch.setattr(decoding, "crop", cut)
    net = train(encoded, tmp_path / "decoder", guess)
    before = untrained().state_dict()
    assert [x.shape[2] for x, _ in seen] == [32, 32, 32, SIZE_PX]
    # Pictures are cut where their latents are.
    for (corners, side), (in_pixels, side_px) in zip(cuts[::2], cuts[1::2], strict=True):
        assert (side, side_px) == (4, 32)
        assert in_pixels == [(8 * top, 8 * left) for top, left in corners]
    # Each is held against the next sibling of its own family, or the one after.
    for step, (x, siblings) in enumerate(seen):
        assert torch.equal(siblings, next_siblings(x, 1 + step % 2))
    # Every second picture, from the first or the second on.
    assert guessed == [3, 3, 3, 1]
    changed = {name for name, v in net.state_dict().items() if not torch.equal(v, before[name])}
    assert changed
    assert all(name.startswith("decoder.") for name in changed)


def test_what_tells_siblings_apart_changes_what_the_decoder_learns(
    encoded: dict[str, EncodedPictures], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_it = train(encoded, tmp_path / "with", lambda z, *_: z).state_dict()
    monkeypatch.setattr(decoding, "SIBLING_WEIGHT", 0.0)
    without = train(encoded, tmp_path / "without", lambda z, *_: z).state_dict()
    assert any(not torch.equal(v, without[name]) for name, v in with_it.items())


def untrained() -> AutoencoderTiny:
    torch.manual_seed(0)
    return architecture.autoencoder(BLUEPRINT)


def train(
    encoded: dict[str, EncodedPictures], folder: Path, guess: decoding.UnetGuess
) -> AutoencoderTiny:
    return train_decoder(BLUEPRINT, encoded, untrained(), folder, guess)
