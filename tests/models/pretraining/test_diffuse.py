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

from models.catalogue.adoption import read_config
from models.catalogue.card import Prediction
from models.catalogue.registry import EMBEDDED
from models.data.dropout import CAPTION_DROPOUT
from models.engine.schedule import Schedule, Spacing
from models.measuring.judge.heads import HEADS, UNSEEN
from models.painter.portrait import sample
from models.pretraining import architecture, diffuse, vocabulary
from models.pretraining.architecture import TOY
from models.pretraining.diffuse import (
    FACE_WEIGHT,
    LEAST_SIBLING_TIME,
    SNR_LEAST,
    SNR_MOST,
    PromptedUnet,
    TrainingBatch,
    drawing_loss,
    face_weights,
    guess_latents,
    objective_on,
    reading_loss,
    training_batch_of,
)
from models.pretraining.pictures import EncodedPictures, Pictures, generator
from models.pretraining.pipeline import PREDICTION, ModelParts, noise_schedule
from models.pretraining.reading import EndTokenReader
from models.pretraining.siblings import FAMILY
from models.training.objective import Objective, weights
from models.training.precision import LowPrecision
from models.training.state import States
from tests.stages.perfect_unet import PerfectUnet

CPU = torch.device("cpu")


def test_face_weights_peak_at_the_face_and_average_to_one() -> None:
    for height, width, row in ((16, 16, 9), (20, 16, 10), (16, 20, 9)):
        weights = face_weights(height, width)
        assert weights.shape == (height, width)
        assert weights.mean().item() == pytest.approx(1)
        y, x = divmod(int(weights.argmax()), width)
        assert abs(y - row) <= 1
        assert abs(x - (width - 1) / 2) <= 0.5
        assert 0.8 < weights[y, x] / weights[0, 0] / (1 + FACE_WEIGHT) < 1


def shipped() -> Schedule:
    """The noise levels with which the shipped model draws."""
    return Schedule.from_config(read_config(EMBEDDED, "scheduler/scheduler_config.json"))


def test_a_perfect_unet_reconstructs_every_latent() -> None:
    torch.manual_seed(0)
    z, ids = torch.randn(6, 4, 8, 8), torch.zeros(6, 77, dtype=torch.long)
    guess: Any = PerfectUnet(z, shipped(), Prediction.V)
    again = guess_latents(guess, z, ids, torch.Generator().manual_seed(1), objective_on(CPU))
    torch.testing.assert_close(again, z, rtol=1e-3, atol=1e-3)
    guess = lambda noisy, *_: (torch.zeros_like(noisy),)  # noqa: E731  a UNet that knows nothing
    lost = guess_latents(guess, z, ids, torch.Generator().manual_seed(1), objective_on(CPU))
    assert (lost - z).abs().max() > 0.1


def test_siblings_share_their_noise_and_other_pictures_do_not() -> None:
    ids = torch.arange(12 * 5 * 77).view(12, 5, 77)
    stated, none = torch.zeros(12, 5, len(HEADS)), torch.zeros(0)
    pictures = Pictures(none, none, ids, stated, none, none)
    encoded = EncodedPictures(torch.randn(12, 4, 8, 8), pictures)
    empty = torch.zeros(77, dtype=torch.long)
    for size in (1, FAMILY):
        lesson = training_batch_of(encoded, torch.arange(12), generator(1, 0, CPU), empty, size)
        same = (lesson.noise == lesson.noise[:1]).flatten(1).all(1)
        assert same.tolist() == [True] * size + [False] * (12 - size)
        assert (lesson.times == lesson.times[0])[:size].all()
        assert lesson.times.max() > 700
        assert lesson.times.min() >= (LEAST_SIBLING_TIME if size > 1 else 0)
        torch.testing.assert_close(lesson.z, encoded.latents)
        which = torch.where((lesson.ids == empty).all(1), -1, lesson.ids[:, 0] % (5 * 77) // 77)
        assert all(len(set(part)) == 1 for part in which.view(-1, size).tolist())
        assert len(set(which.tolist())) > 2


def test_captioned_siblings_see_each_other_but_predict_themselves() -> None:
    ids = torch.arange(1, 301)[:, None, None].expand(-1, 1, 77)
    stated, none = torch.zeros(300, 1, len(HEADS)), torch.zeros(0)
    z = torch.arange(300.0)[:, None, None, None].expand(-1, 4, 8, 8)
    encoded = EncodedPictures(z, Pictures(none, none, ids, stated, none, none))
    empty = torch.zeros(77, dtype=torch.long)
    rows = torch.arange(300)
    lesson = training_batch_of(encoded, rows, generator(1, 0, CPU), empty, FAMILY)
    seen = lesson.seen[:, 0, 0, 0].long()
    assert torch.equal(lesson.z, z)
    assert torch.equal(seen // FAMILY, rows // FAMILY)
    on = ((seen - rows) % FAMILY).view(-1, FAMILY)
    assert (on == on[:, :1]).all()
    dropped = (lesson.ids == empty).all(1).view(-1, FAMILY)[:, 0]
    assert 3 < dropped.sum() < 25
    assert (on[dropped] == 0).all()
    assert (torch.bincount(on[~dropped, 0], minlength=FAMILY) > 15).all()
    alone = training_batch_of(encoded, rows, generator(1, 0, CPU), empty)
    assert torch.equal(alone.seen, z)


def batch_of(kind: str) -> TrainingBatch:
    """Six rows, each of its own picture or with another one visible in its place."""
    z, other, noise = torch.randn(3, 6, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    times = torch.tensor([30, 60, 250, 500, 750, 999])
    none = torch.zeros(0)
    return TrainingBatch(z, z if kind == "own" else other, none, none, noise, times)


def loss_by_hand(lesson: TrainingBatch, v: Any) -> float:
    """Salimans and Ho's v (arXiv:2202.00512) and min-SNR, from diffusers' table of alphas."""
    a = noise_schedule().alphas_cumprod[lesson.times]
    alpha, level = a.sqrt().view(-1, 1, 1, 1), (1 - a).sqrt().view(-1, 1, 1, 1)
    noisy = alpha * lesson.seen + level * lesson.noise
    error = v(noisy) - (alpha * noisy - lesson.z) / level
    snr = (a / (1 - a)).clamp(min=0.25)
    weight = snr.clamp(max=5) / (snr + 1)
    each = (error**2 * face_weights(16, 16)).mean((1, 2, 3))
    return float((each * weight).mean()) / 0.35


@pytest.mark.parametrize("kind", ["own", "another's"])
def test_the_loss_is_the_formula_the_shipped_model_was_trained_with(kind: str) -> None:
    lesson = batch_of(kind)

    def v(noisy: torch.Tensor) -> torch.Tensor:
        return 0.3 * noisy.roll(1, 0) - 0.1

    guess: Any = lambda noisy, *_: (v(noisy), "states")  # noqa: E731
    loss, states = drawing_loss(guess, lesson, objective_on(CPU))
    assert states == "states"
    assert float(loss) == pytest.approx(loss_by_hand(lesson, v), rel=1e-5)


@pytest.mark.parametrize("kind", ["own", "another's"])
def test_a_perfect_v_prediction_unet_has_nothing_to_learn(kind: str) -> None:
    lesson = batch_of(kind)
    for prediction in Prediction:
        unet = PerfectUnet(lesson.z, shipped(), prediction)
        guess: Any = lambda *given, unet=unet: (*unet(*given), None)  # noqa: E731
        loss, _ = drawing_loss(guess, lesson, objective_on(CPU))
        assert (float(loss) < 1e-6) == (prediction is Prediction.V)


def test_errors_are_weighted_by_min_snr_with_a_floor_at_high_noise() -> None:
    def weight(a: float) -> float:
        sigma = torch.tensor([((1 - a) / a) ** 0.5])
        return weights(sigma, PREDICTION, SNR_MOST, SNR_LEAST).item()

    assert weight(0.5) == pytest.approx(1 / 2, rel=1e-4)  # The ratio is 1.
    assert weight(0.9) == pytest.approx(5 / 10, rel=1e-4)  # 9, which counts as 5.
    # Thirteen of a hundred steps have a ratio below 0.02 and by min-SNR alone would hardly count.
    assert weight(0.005) == pytest.approx(weight(0.02)) == pytest.approx(0.2, rel=1e-4)


def test_two_pictures_can_be_memorised(words: Path) -> None:
    torch.manual_seed(0)
    tokenizer = vocabulary.load(words)
    text = architecture.text_encoder(TOY, tokenizer)
    unet = architecture.unet(TOY)
    z = torch.randn(2, TOY.latent_channels, 8, 8)
    captions = ["1girl, blue hair", "1boy, red hair"]
    ids = torch.tensor(vocabulary.encode(tokenizer, captions))[:, None]
    stated = torch.full((2, 1, len(HEADS)), UNSEEN)
    none = torch.zeros(0)
    encoded = EncodedPictures(z.half(), Pictures(none, none, ids, stated, none, none))
    alphas = np.linspace(0.999, 0.01, 1000)  # Quicker to learn than the shipped model's.
    schedule = Schedule(train_sigmas=np.sqrt((1 - alphas) / alphas), spacing=Spacing.TRAILING)
    objective = Objective(schedule, PREDICTION, CPU, snr_max=SNR_MOST, snr_min=SNR_LEAST)
    guess = LowPrecision(PromptedUnet(unet, text), CPU)
    optimizer = torch.optim.Adam([*unet.parameters(), *text.parameters()], lr=4e-3)
    losses: list[float] = []
    empty = torch.tensor(vocabulary.encode(tokenizer, [""])[0])
    for step in range(160):
        rows = torch.arange(4) % 2
        lesson = training_batch_of(encoded, rows, generator(1, step, CPU), empty)
        loss, _ = drawing_loss(guess, lesson, objective)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:5])


def encoded(pictures: int, family: int, end: int) -> dict[str, EncodedPictures]:
    """Random latents, ids and labels in the toy recipe's form."""
    g = generator(2, family, CPU)
    ids = torch.randint(0, 100, (pictures, 2, 77), generator=g)
    ids[:, :, 40:] = end
    stated = torch.zeros(pictures, 2, len(HEADS), dtype=torch.int8)
    labels_ = torch.zeros(pictures, len(HEADS))
    none = torch.zeros(0)
    latents = torch.randn(pictures, TOY.latent_channels, 8, 8, generator=g).half()
    return {"square": EncodedPictures(latents, Pictures(none, labels_, ids, stated, none, none))}


def test_unet_training_mixes_in_siblings_and_keeps_the_reading_loss(
    words: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lessons: list[TrainingBatch] = []
    real = diffuse.drawing_loss

    def spy(
        guess: LowPrecision, one: TrainingBatch, objective: Objective
    ) -> tuple[torch.Tensor, torch.Tensor]:
        lessons.append(one)
        return real(guess, one, objective)

    monkeypatch.setattr(diffuse, "drawing_loss", spy)
    monkeypatch.setattr(diffuse, "sample_sheet", lambda *_: Image.new("RGB", (8, 8)))
    torch.manual_seed(0)
    tokenizer = vocabulary.load(words)
    text, unet = architecture.text_encoder(TOY, tokenizer), architecture.unet(TOY)
    parts = ModelParts(architecture.autoencoder(TOY), text, unet, tokenizer)
    blueprint = replace(TOY, unet_steps=6, unet_batch=6)
    end = vocabulary.encode(tokenizer, [""])[0][-1]
    usual, alike = encoded(20, 1, end), encoded(12, FAMILY, end)
    diffuse.train_unet(blueprint, usual, alike, parts, tmp_path / "unet")
    noised_alike = [bool((one.noise[0] == one.noise[1]).all()) for one in lessons]
    assert noised_alike == [True, False, False, True, False, False]
    # Captions state the first class of every head, so the bias's last gradients point there.
    states = States(tmp_path / "unet" / "states")
    latest = states.latest()
    assert latest is not None
    saved = states.load(latest).tensors
    shape = saved["weights"]["told.say.bias"].shape
    moments = {name: value for name, value in saved["adam"].items() if name.endswith("exp_avg")}
    (bias,) = (value for value in moments.values() if value.shape == shape)
    first = np.cumsum([0, *map(len, HEADS.values())])[:-1]
    assert (bias[first] < 0).all()


def test_a_dropped_caption_states_nothing(words: Path) -> None:
    tokenizer = vocabulary.load(words)
    ids = torch.tensor(vocabulary.encode(tokenizer, ["1girl, blue hair"]))[:, None]
    stated, none = torch.ones(1, 1, len(HEADS), dtype=torch.int8), torch.zeros(0)
    empty = torch.tensor(vocabulary.encode(tokenizer, [""])[0])
    lesson = training_batch_of(
        EncodedPictures(torch.zeros(1, 4, 8, 8), Pictures(none, none, ids, stated, none, none)),
        torch.zeros(400, dtype=torch.long),
        generator(1, 0, CPU),
        empty,
    )
    dropped = (lesson.ids == empty).all(1)
    assert dropped.float().mean() == pytest.approx(CAPTION_DROPOUT, abs=0.04)
    assert (lesson.stated[dropped] == UNSEEN).all()
    assert (lesson.stated[~dropped] == 1).all()


def test_end_tokens_are_taught_what_captions_state(words: Path) -> None:
    torch.manual_seed(0)
    tokenizer = vocabulary.load(words)
    text = architecture.text_encoder(TOY, tokenizer)
    end = vocabulary.encode(tokenizer, [""])[0][-1]
    told = EndTokenReader(TOY.width, end)
    portraits = [replace(sample(Random(i)), brows=b) for i, b in enumerate(("sad", "angry") * 8)]
    captions = [f"1girl, red hair, {p.brows}, blush" for p in portraits]
    ids = torch.tensor(vocabulary.encode(tokenizer, captions))
    brows = list(HEADS).index("brows")
    stated = torch.full((16, len(HEADS)), UNSEEN)
    stated[:, brows] = torch.tensor([HEADS["brows"].index(p.brows) for p in portraits])
    none = torch.zeros(0)
    lesson = TrainingBatch(none, none, ids, stated, none, none)
    learning = torch.optim.Adam([*text.parameters(), *told.parameters()], lr=1e-2)
    first = reading_loss(text(ids).last_hidden_state, told, lesson).item()
    for _ in range(40):
        loss = reading_loss(text(ids).last_hidden_state, told, lesson)
        learning.zero_grad()
        loss.backward()
        learning.step()
    assert loss.item() < 0.2 * first
    # Only the end tokens are read: changing the states of the words changes nothing.
    states = torch.randn(16, 77, TOY.width)
    changed = torch.where((ids == end)[:, :, None], states, states + 1)
    assert torch.equal(told(states, ids), told(changed, ids))
