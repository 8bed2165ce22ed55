"""The UNet's training, at toy size: its batches, its losses, and what it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.judge.heads import HEADS, UNSEEN
from models.painter.portrait import sample
from models.pretraining import architecture, diffuse, vocabulary
from models.pretraining.architecture import TOY
from models.pretraining.course import generator
from models.pretraining.diffuse import (
    DROPPED,
    FACE_WEIGHT,
    Draw,
    Guess,
    Material,
    apart_loss,
    draw_batch,
    face_weights,
    noised,
    remembered,
    told_loss,
    v_loss,
)
from models.pretraining.pictures import Pictures
from models.pretraining.pipeline import Trained, noise_schedule
from models.pretraining.precision import Lowered
from models.pretraining.reading import Told
from models.pretraining.siblings import FAMILY

CPU = torch.device("cpu")


def test_the_weights_of_faces_peak_where_the_painter_puts_them_and_change_no_sum() -> None:
    for height, width, row in ((16, 16, 9), (20, 16, 10), (16, 20, 9)):
        weights = face_weights(height, width)
        assert weights.shape == (height, width)
        assert weights.mean().item() == pytest.approx(1)
        y, x = divmod(int(weights.argmax()), width)
        assert abs(y - row) <= 1
        assert abs(x - (width - 1) / 2) <= 0.5
        assert 0.8 < weights[y, x] / weights[0, 0] / (1 + FACE_WEIGHT) < 1


def test_a_unet_that_is_never_wrong_remembers_every_latent() -> None:
    torch.manual_seed(0)
    z, ids = torch.randn(6, 4, 8, 8), torch.zeros(6, 77, dtype=torch.long)
    alphas = noise_schedule().alphas_cumprod

    def knows(noisy: torch.Tensor, times: torch.Tensor, _: torch.Tensor) -> tuple[torch.Tensor]:
        a = alphas[times].view(-1, 1, 1, 1)
        noise = (noisy - a.sqrt() * z) / (1 - a).sqrt()
        return (a.sqrt() * noise - (1 - a).sqrt() * z,)

    guess: Any = knows
    again = remembered(guess, z, ids, torch.Generator().manual_seed(1), alphas)
    torch.testing.assert_close(again, z, rtol=1e-3, atol=1e-3)
    guess = lambda noisy, *_: (torch.zeros_like(noisy),)  # noqa: E731  a UNet that knows nothing
    lost = remembered(guess, z, ids, torch.Generator().manual_seed(1), alphas)
    assert (lost - z).abs().max() > 0.1


def test_siblings_are_noised_alike_and_others_are_not() -> None:
    ids = torch.arange(12 * 5 * 77).view(12, 5, 77)
    stated, none = torch.zeros(12, 5, len(HEADS)), torch.zeros(0)
    pictures = Pictures(none, none, ids, stated, none, none)
    material = Material(torch.randn(12, 4, 8, 8), pictures)
    empty = torch.zeros(77, dtype=torch.long)
    for size in (1, FAMILY):
        drawn = draw_batch(material, torch.arange(12), generator(1, 0, CPU), empty, size)
        same = (drawn.noise == drawn.noise[:1]).flatten(1).all(1)
        assert same.tolist() == [True] * size + [False] * (12 - size)
        assert (drawn.times == drawn.times[0])[:size].all()
        assert drawn.times.max() > 700
        torch.testing.assert_close(drawn.z, material.latents)
        which = torch.where((drawn.ids == empty).all(1), -1, drawn.ids[:, 0] % (5 * 77) // 77)
        assert all(len(set(part)) == 1 for part in which.view(-1, size).tolist())
        assert len(set(which.tolist())) > 2


def test_siblings_must_lie_as_far_apart_as_they_truly_do_however_small_that_is() -> None:
    torch.manual_seed(0)
    alphas = noise_schedule().alphas_cumprod
    none, families = torch.zeros(0), 4
    shared = torch.randn(families, 1, 4, 8, 8).expand(-1, FAMILY, -1, -1, -1)
    sizes = torch.tensor([0.5, 1.0, 2.0, 4.0]).view(-1, 1, 1, 1, 1)
    z = (shared + sizes * torch.randn(families, FAMILY, 4, 8, 8)).flatten(0, 1)
    stated = torch.zeros(families * FAMILY, len(HEADS), dtype=torch.long)
    noise = torch.randn(families, 1, 4, 8, 8).expand_as(shared).flatten(0, 1)
    times = torch.tensor([100, 400, 700, 950]).repeat_interleave(FAMILY)
    drawn = Draw(z, none, stated, noise, times)
    a = alphas[times]

    def missing(guessed: torch.Tensor, of: Draw = drawn) -> float:
        # The v of a network whose latents would be these.
        noisy, target = noised(of, alphas)
        wide = a.view(-1, 1, 1, 1)
        v = (wide.sqrt() * noisy - guessed) / (1 - wide).sqrt()
        return apart_loss(v - target, a, of).item()

    middle = z.unflatten(0, (-1, FAMILY)).mean(1).repeat_interleave(FAMILY, 0)
    assert missing(z) == pytest.approx(0, abs=1e-4)
    assert missing(z + shared.flatten(0, 1)) == pytest.approx(0, abs=1e-4)
    assert missing(middle) == pytest.approx(1, rel=1e-3)
    assert missing((z + middle) / 2) == pytest.approx(0.25, rel=1e-3)
    first_alone = torch.cat([z[:FAMILY], middle[FAMILY:]])
    assert missing(first_alone) == pytest.approx(0.75, rel=1e-3)
    # Of the others, whose captions were dropped, nothing is asked.
    dropped = stated.index_fill(0, torch.arange(FAMILY, len(z)), UNSEEN)
    assert missing(first_alone, drawn._replace(stated=dropped)) == pytest.approx(0, abs=1e-4)
    # Hardly apart at all: what is missing of it counts for less than one.
    assert missing(middle, drawn._replace(z=middle + (z - middle) / 100)) < 0.5


def test_two_pictures_can_be_learned_by_heart(words: Path) -> None:
    torch.manual_seed(0)
    tokenizer = vocabulary.load(words)
    text = architecture.text_encoder(TOY, tokenizer)
    unet = architecture.unet(TOY)
    z = torch.randn(2, TOY.latent_channels, 8, 8)
    captions = ["1girl, blue hair", "1boy, red hair"]
    ids = torch.tensor(vocabulary.encode(tokenizer, captions))[:, None]
    stated = torch.full((2, 1, len(HEADS)), UNSEEN)
    none = torch.zeros(0)
    material = Material(z.half(), Pictures(none, none, ids, stated, none, none))
    alphas = torch.linspace(0.999, 0.01, 1000)
    guess = Lowered(Guess(unet, text), CPU)
    optimizer = torch.optim.Adam([*unet.parameters(), *text.parameters()], lr=4e-3)
    losses: list[float] = []
    empty = torch.tensor(vocabulary.encode(tokenizer, [""])[0])
    for step in range(160):
        rows = torch.arange(4) % 2
        drawn = draw_batch(material, rows, generator(1, step, CPU), empty)
        noisy, target = noised(drawn, alphas)
        error = guess(noisy, drawn.times, drawn.ids)[0] - target
        loss = v_loss(error, alphas[drawn.times])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:5])


def material(pictures: int, family: int, end: int) -> dict[str, Material]:
    """Latents, ids and labels by lot, as the toy recipe has them."""
    g = generator(2, family, CPU)
    ids = torch.randint(0, 100, (pictures, 2, 77), generator=g)
    ids[:, :, 40:] = end
    stated = torch.zeros(pictures, 2, len(HEADS), dtype=torch.int8)
    labels_ = torch.zeros(pictures, len(HEADS))
    none = torch.zeros(0)
    latents = torch.randn(pictures, TOY.latent_channels, 8, 8, generator=g).half()
    return {"square": Material(latents, Pictures(none, labels_, ids, stated, none, none))}


def test_the_unet_learns_from_siblings_and_the_text_encoder_goes_on_reading(
    words: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Draw] = []
    real = diffuse.told_loss

    def spy(states: torch.Tensor, told: Told, one: Draw) -> torch.Tensor:
        drawn.append(one)
        return real(states, told, one)

    monkeypatch.setattr(diffuse, "told_loss", spy)
    monkeypatch.setattr(diffuse, "sample_sheet", lambda *_: Image.new("RGB", (8, 8)))
    torch.manual_seed(0)
    tokenizer = vocabulary.load(words)
    text, unet = architecture.text_encoder(TOY, tokenizer), architecture.unet(TOY)
    parts = Trained(architecture.autoencoder(TOY), text, unet, tokenizer)
    recipe = replace(TOY, unet_steps=6, unet_batch=6)
    path = tmp_path / "unet.pt"
    end = vocabulary.encode(tokenizer, [""])[0][-1]
    usual, alike = material(20, 1, end), material(12, FAMILY, end)
    diffuse.train_unet(recipe, usual, alike, parts, path)
    noised_alike = [bool((one.noise[0] == one.noise[1]).all()) for one in drawn]
    assert noised_alike == [True, False, False, True, False, False]
    # What is stated is the first class of every head: the last gradients of its bias point there.
    saved = torch.load(path, weights_only=True)
    shape = saved["modules"]["told"]["say.bias"].shape
    adam = saved["optimizers"][1]["state"].values()
    (bias,) = (own["exp_avg"] for own in adam if own["exp_avg"].shape == shape)
    first = np.cumsum([0, *map(len, HEADS.values())])[:-1]
    assert (bias[first] < 0).all()


def test_a_dropped_caption_states_nothing(words: Path) -> None:
    tokenizer = vocabulary.load(words)
    ids = torch.tensor(vocabulary.encode(tokenizer, ["1girl, blue hair"]))[:, None]
    stated, none = torch.ones(1, 1, len(HEADS), dtype=torch.int8), torch.zeros(0)
    empty = torch.tensor(vocabulary.encode(tokenizer, [""])[0])
    drawn = draw_batch(
        Material(torch.zeros(1, 4, 8, 8), Pictures(none, none, ids, stated, none, none)),
        torch.zeros(400, dtype=torch.long),
        generator(1, 0, CPU),
        empty,
    )
    dropped = (drawn.ids == empty).all(1)
    assert dropped.float().mean() == pytest.approx(DROPPED, abs=0.04)
    assert (drawn.stated[dropped] == UNSEEN).all()
    assert (drawn.stated[~dropped] == 1).all()


def test_end_tokens_are_taught_what_captions_state(words: Path) -> None:
    torch.manual_seed(0)
    tokenizer = vocabulary.load(words)
    text = architecture.text_encoder(TOY, tokenizer)
    end = vocabulary.encode(tokenizer, [""])[0][-1]
    told = Told(TOY.width, end)
    portraits = [replace(sample(Random(i)), brows=b) for i, b in enumerate(("sad", "angry") * 8)]
    captions = [f"1girl, red hair, {p.brows}, blush" for p in portraits]
    ids = torch.tensor(vocabulary.encode(tokenizer, captions))
    brows = list(HEADS).index("brows")
    stated = torch.full((16, len(HEADS)), UNSEEN)
    stated[:, brows] = torch.tensor([HEADS["brows"].index(p.brows) for p in portraits])
    none = torch.zeros(0)
    drawn = Draw(none, ids, stated, none, none)
    learning = torch.optim.Adam([*text.parameters(), *told.parameters()], lr=1e-2)
    first = told_loss(text(ids).last_hidden_state, told, drawn).item()
    for _ in range(40):
        loss = told_loss(text(ids).last_hidden_state, told, drawn)
        learning.zero_grad()
        loss.backward()
        learning.step()
    assert loss.item() < 0.2 * first
    # Only the end tokens are read: what the words' own states are changes nothing.
    states = torch.randn(16, 77, TOY.width)
    changed = torch.where((ids == end)[:, :, None], states, states + 1)
    assert torch.equal(told(states, ids), told(changed, ids))
