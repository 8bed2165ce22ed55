"""The trainings of the pre-training and of the aesthetic head on random data, a second each.

`trainings` maps the name of each to a function that trains its weights in a folder, and resumes
from the folder's state if there is one.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.aesthetics.grader import fit
from models.aesthetics.painted import FAULTS, Graded
from models.measuring.judge.heads import HEADS
from models.pretraining import (
    architecture,
    autoencoding,
    decoding,
    diffuse,
    enlarge,
    judging,
    reading,
    vocabulary,
)
from models.pretraining.architecture import SCALE, TOY
from models.pretraining.pictures import EncodedPictures, Pictures
from models.pretraining.pipeline import ModelParts
from models.pretraining.siblings import FAMILY
from models.training.trainer import Trainer

CPU = torch.device("cpu")
#: The number of steps in each training, on pictures of 32 px.
STEPS = 6
SMALL = replace(
    TOY,
    size_px=32,
    autoencoder_steps=STEPS,
    decoder_steps=STEPS,
    words_steps=STEPS,
    judge_steps=STEPS,
    unet_steps=STEPS,
    unet_batch=6,
    upscaler_steps=STEPS,
)

Training = Callable[[Path], dict[str, Tensor]]


def random_pictures(count: int, end: int, size_px: int = SMALL.size_px) -> Pictures:
    """Pictures with random labels and captions."""
    g = torch.Generator().manual_seed(count)
    ids = torch.randint(0, 100, (count, 2, 77), generator=g)
    ids[:, :, 40:] = end
    labels = torch.zeros(count, len(HEADS), dtype=torch.int8)
    large_px = SCALE * size_px
    return Pictures(
        pixels=torch.randint(0, 256, (count, size_px, size_px, 3), generator=g).byte(),
        labels=labels,
        ids=ids.short(),
        stated=labels[:, None].repeat(1, 2, 1),
        seeds=torch.arange(count),
        large=torch.randint(0, 256, (count, large_px, large_px, 3), generator=g).byte(),
    )


def random_grades(rows: int) -> Graded:
    """Cuts of noise with random grades."""
    rng = np.random.default_rng(0)
    degrees = rng.random((rows, len(FAULTS)), dtype=np.float32)
    cuts = rng.integers(0, 256, (rows, 32, 32, 3), dtype=np.uint8)
    return Graded(cuts, 10 - degrees.sum(1), degrees)


def trainings(words: Path) -> dict[str, Training]:
    """Every training by name; `words` is the tokenizer's folder."""
    end = vocabulary.encode(vocabulary.load(words), [""])[0][-1]
    sets = {"square": random_pictures(16, end)}

    def autoencoder(folder: Path) -> dict[str, Tensor]:
        return _weights(autoencoding.train_autoencoder(SMALL, sets, folder, CPU))

    def decoder(folder: Path) -> dict[str, Tensor]:
        torch.manual_seed(8)
        net = architecture.autoencoder(SMALL)
        alike = random_latents(4 * FAMILY, end, SMALL.size_px // decoding.PER_LATENT)
        return _weights(decoding.train_decoder(SMALL, alike, net, folder, _add_noise))

    def words_encoder(folder: Path) -> dict[str, Tensor]:
        return _weights(reading.train_words(SMALL, sets, words, folder, CPU))

    def judge(folder: Path) -> dict[str, Tensor]:
        return _weights(judging.train_judge(SMALL, sets, folder, CPU))

    def unet(folder: Path) -> dict[str, Tensor]:
        parts = untrained_model(words)
        usual, alike = random_latents(20, end), random_latents(4 * FAMILY, end)
        diffuse.train_unet(SMALL, usual, alike, parts, folder)
        return _weights(nn.ModuleDict({"unet": parts.unet, "text": parts.text}))

    def upscaler(folder: Path) -> dict[str, Tensor]:
        pictures = sets["square"]
        drawn = [enlarge.scaled(pictures.pixels).half()]
        return _weights(enlarge.train_upscaler(SMALL, pictures, drawn, folder))

    def aesthetic(folder: Path) -> dict[str, Tensor]:
        return _weights(fit(random_grades(8), folder, steps=STEPS, batch=4, seed=1))

    return {
        "autoencoder": autoencoder,
        "decoder": decoder,
        "words": words_encoder,
        "judge": judge,
        "unet": unet,
        "upscaler": upscaler,
        "aesthetic": aesthetic,
    }


def untrained_model(words: Path) -> ModelParts:
    """The toy model's networks before their training, always the same."""
    torch.manual_seed(0)
    tokenizer = vocabulary.load(words)
    text, unet = architecture.text_encoder(SMALL, tokenizer), architecture.unet(SMALL)
    return ModelParts(architecture.autoencoder(SMALL), text, unet, tokenizer)


def random_latents(count: int, end: int, side: int = 8) -> dict[str, EncodedPictures]:
    """Random latents, ids and labels in the toy recipe's form."""
    g = torch.Generator().manual_seed(count)
    latents = torch.randn(count, SMALL.latent_channels, side, side, generator=g).half()
    return {"square": EncodedPictures(latents, random_pictures(count, end))}


def interrupt_at_step(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Press Ctrl-C in the middle of step number `step` (from 1) of every training."""
    learn = Trainer._take_step

    def wrapped(self: Trainer) -> Any:
        if self.step == step - 1:
            os.kill(os.getpid(), signal.SIGINT)
        return learn(self)

    monkeypatch.setattr(Trainer, "_take_step", wrapped)


def _add_noise(z: Tensor, _: Tensor, g: torch.Generator) -> Tensor:
    return z + 0.1 * torch.randn(z.shape, generator=g)


def _weights(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}
