"""Trains the UNet: v-prediction with captions, and sample sheets on the way.

Called by the `pretrain` command. Must not know how latents or words were made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from PIL import Image
from torch import Tensor, nn

from models.data.dropout import NO_WORDS, is_dropped
from models.engine.embedding import Embedding, run_unet
from models.measuring.judge import network as judge
from models.measuring.judge.heads import UNSEEN
from models.painter.drawing import face_middle
from models.pretraining import vocabulary
from models.pretraining.architecture import Blueprint
from models.pretraining.papers import DEFAULTS
from models.pretraining.pictures import Pictures, batch_of, generator
from models.pretraining.pipeline import PREDICTION, Trained, pipeline, schedule
from models.pretraining.reading import Told
from models.pretraining.siblings import FAMILY
from models.training.objective import Objective
from models.training.plain import PlainTraining, train
from models.training.precision import LowPrecision

if TYPE_CHECKING:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPTextModel

#: The peak learning rate from scratch, and from finished weights. The second is a guess: once,
#: returning to the full rate lost whatever was drawn faintly.
LR, FURTHER_LR = 1.5e-3, 1.0e-3
#: Bounds of the signal-to-noise ratio in the loss weight. The upper one is min-SNR's (Hang et al.
#: 2023, arXiv 2303.09556). Without the lower one the noisiest steps, where a picture is decided,
#: count for next to nothing, and what no prompt names ends as one average scene.
SNR_LEAST, SNR_MOST = 0.25, 5.0
#: Divides the loss: about the mean of those weights over all steps.
MEAN_WEIGHT = 0.35
#: The bell over a face: its deviation across and down, in short sides of the picture, and the extra
#: weight of an error in its middle.
FACE_WIDTH, FACE_HEIGHT, FACE_WEIGHT = 0.16, 0.13, 2.0
#: One in this many steps uses a batch of siblings.
SIBLINGS_EVERY = 3
#: The least timestep for noising siblings: below it, everything is already decided.
DECIDED_BELOW = 250
#: The weight of reading beside drawing (`told_loss`).
TOLD_WEIGHT = 0.05
#: The range of timesteps at which the decoder's latents are noised.
REMEMBERED = (20, 300)
SAMPLE_PROMPTS = (
    "1girl, blue hair, long hair, glasses, smile, white background",
    "1boy, red hair, spiky hair, green eyes, suit, blue background",
    "1girl, pink hair, twintails, blue eyes, open mouth, smile, serafuku, cherry blossoms",
    "1girl, blonde hair, cat ears, green eyes, blush, red hoodie, pink background",
    "1girl, black hair, witch hat, purple eyes, starry sky",
    "1girl, white hair, dark skin, yellow eyes, horns, frown, black kimono, green background",
    "1girl, green hair, twin braids, closed eyes, grin, yellow dress, polka dot background",
    "a girl with purple hair and a red flower in a maid outfit, one eye closed, full moon",
)


class Guess(nn.Module):
    """Text encoder and UNet as one function."""

    def __init__(self, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
        super().__init__()
        self.unet, self.text = unet, text

    def forward(self, noisy: Tensor, times: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy latents (B, C, h, w), times int64 (B,), ids (B, 77) -> v, states of the text.

        v is like the latents, the states are (B, 77, width).
        """
        states = self.text(ids).last_hidden_state
        return run_unet(self.unet, noisy, times, Embedding(tokens=states)), states


class EncodedPictures(NamedTuple):
    """A UNet's training data: latents float16 (N, C, h, w) and the pictures they come from."""

    latents: Tensor
    pictures: Pictures


class Lesson(NamedTuple):
    """The data of one training step."""

    #: The latents to draw, float32 (B, C, h, w).
    z: Tensor
    #: The latents that are noised, like `z`: equal, except that for siblings they may be another's.
    seen: Tensor
    #: Token ids of the captions, int64 (B, 77); some are the ids of no words.
    ids: Tensor
    #: The labels that the captions state, int64 (B, heads).
    stated: Tensor
    #: Unit noise, like the latents.
    noise: Tensor
    #: Timesteps, int64 (B,), spread evenly over all (for siblings, the upper) ones.
    times: Tensor


def face_weights(height: int, width: int) -> Tensor:
    """The weight of each latent pixel, float32 (height, width), mean 1: a bell over the face.

    People look at eyes and mouths first, which fill a twentieth of the picture. The best prediction
    at every pixel stays the same; the weights say where errors matter more.
    """
    short = min(height, width)
    y = ((torch.arange(height) + 0.5) / short - face_middle(height, width)) / FACE_HEIGHT
    x = ((torch.arange(width) + 0.5 - width / 2) / short) / FACE_WIDTH
    bell = torch.exp(-(y[:, None] ** 2 + x**2) / 2)
    weights = 1 + FACE_WEIGHT * bell
    return weights / weights.mean()


def objective_on(device: torch.device) -> Objective:
    """The UNet's task, at the noise levels with which it is served."""
    return Objective(schedule(), PREDICTION, device, snr_max=SNR_MOST, snr_min=SNR_LEAST)


def drawing_loss(
    guess: Guess | LowPrecision, lesson: Lesson, objective: Objective
) -> tuple[Tensor, Tensor]:
    """The drawing loss of a batch, 0-d, and the states (B, 77, width) of its captions."""
    task = objective.make_task(lesson.z, lesson.noise, lesson.times, source=lesson.seen)
    output, states = guess(task.unet_input, task.times, lesson.ids)
    counts = face_weights(*output.shape[2:]).to(output.device)
    return objective.losses(output, task, counts).mean() / MEAN_WEIGHT, states


def told_loss(states: Tensor, told: Told, lesson: Lesson) -> Tensor:
    """The error in reading the captions' statements from the end tokens' states (B, 77, width).

    The text encoder could name every attribute before the UNet's training; without this loss it
    forgets those that the UNet does not draw yet, and then the UNet never learns them.
    """
    return judge.loss(told(states.float(), lesson.ids), lesson.stated)


def lesson_of(
    encoded: EncodedPictures, rows: Tensor, g: torch.Generator, empty: Tensor, family: int = 1
) -> Lesson:
    """One step's data; `empty` are the ids (77,) of no words.

    Consecutive rows of a family share everything random; they see their own latents or those of the
    next one or two, so that the words count and not what is visible.
    """
    latents, pictures = encoded
    device, count = latents.device, len(rows) // family

    def for_all(drawn: Tensor) -> Tensor:
        return drawn.repeat_interleave(family, 0)

    which = torch.randint(0, pictures.ids.shape[1], (count,), generator=g, device=device)
    unsaid = for_all(is_dropped(torch.rand(count, generator=g, device=device)))[:, None]
    which = for_all(which)
    ids = torch.where(unsaid, empty, pictures.ids[rows, which].long())
    stated = torch.where(unsaid, UNSEEN, pictures.stated[rows, which].long())
    z = latents[rows].float().contiguous(memory_format=torch.channels_last)
    # Without words, nobody can know another's latents.
    on = for_all(torch.randint(0, family, (count,), generator=g, device=device)) * ~unsaid[:, 0]
    place = torch.arange(len(rows), device=device)
    seen = z[place - place % family + (place + on) % family]
    noise = for_all(torch.randn((count, *z.shape[1:]), generator=g, device=device))
    spread = torch.arange(count, device=device) + torch.rand(count, generator=g, device=device)
    least = DECIDED_BELOW if family > 1 else 0
    times = for_all((least + spread / count * (1000 - least)).long().clamp(0, 999))
    return Lesson(z, seen, ids, stated, noise, times)


def train_unet(
    blueprint: Blueprint,
    encoded: dict[str, EncodedPictures],
    siblings: dict[str, EncodedPictures],
    parts: Trained,
    folder: Path,
    *,
    lr: float = LR,
) -> None:
    """Train UNet and text encoder together, from `parts`, which receives the averaged weights.

    `encoded` and `siblings` are by framing. Sample sheets are saved beside `folder`.
    """
    device = parts.unet.device
    empty = torch.tensor(vocabulary.encode(parts.tokenizer, [NO_WORDS])[0], device=device)
    told = Told(blueprint.width, int(empty[-1])).to(device)
    objective = objective_on(device)
    guess = LowPrecision(Guess(parts.unet, parts.text), device)

    def loss(step: int) -> tuple[Tensor, int]:
        usual, family = (encoded, 1) if step % SIBLINGS_EVERY else (siblings, FAMILY)
        lesson = _lesson(usual, step, blueprint.unet_batch, empty, family)
        drawn, states = drawing_loss(guess, lesson, objective)
        return drawn + TOLD_WEIGHT * told_loss(states, told, lesson), len(lesson.z)

    def sheet(step: int) -> None:
        if step % max(500, blueprint.unet_steps // 8) and step != blueprint.unet_steps:
            return
        with training.learner.using_final_weights():
            sample_sheet(blueprint, parts).save(folder.with_name(f"{folder.name}-{step:06d}.png"))
        parts.train(on=True)

    training = PlainTraining(
        {"unet": parts.unet, "text": parts.text, "told": told},
        loss,
        steps=blueprint.unet_steps,
        lr=lr,
        decay=0.999,
        adam_only=("conv_in", "conv_out", "say"),
        rate_shares={"text": 0.3},
        after_step=sheet,
    )
    parts.train(on=True)
    train(training, folder)
    parts.train(on=False)


def _lesson(
    encoded: dict[str, EncodedPictures], step: int, batch: int, empty: Tensor, family: int
) -> Lesson:
    """What a step trains on."""
    sets = {framing: pictures for framing, (_, pictures) in encoded.items()}
    framing, rows = batch_of(sets, step, batch, seed=4, device=empty.device, family=family)
    return lesson_of(encoded[framing], rows, generator(4, step, empty.device), empty, family)


@torch.no_grad()
def remembered(
    guess: Guess, z: Tensor, ids: Tensor, g: torch.Generator, objective: Objective
) -> Tensor:
    """Latents (B, C, h, w), slightly noised and restored at once; captions as `ids` (B, 77)."""
    times = torch.randint(*REMEMBERED, (len(z),), generator=g, device=z.device)
    noise = torch.randn(z.shape, generator=g, device=z.device)
    task = objective.make_task(z, noise, times)
    return objective.x0(guess(task.unet_input, times, ids)[0], task)


@torch.no_grad()
def sample_sheet(blueprint: Blueprint, parts: Trained) -> Image.Image:
    """Two seeds of every sample prompt, drawn by the stock pipeline."""
    parts.train(on=False)
    size, across = blueprint.size_px, len(SAMPLE_PROMPTS)
    sheet = Image.new("RGB", (across * size, 2 * size))
    for row in range(2):
        seeds = [torch.Generator().manual_seed(row * across + i) for i in range(across)]
        drawn = pipeline(parts)(
            list(SAMPLE_PROMPTS),
            num_inference_steps=DEFAULTS.steps,
            guidance_scale=DEFAULTS.guidance,
            height=size,
            width=size,
            generator=seeds,
        ).images
        for i, picture in enumerate(drawn):
            sheet.paste(picture, (i * size, row * size))
    return sheet
