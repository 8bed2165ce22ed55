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
from models.pretraining.pictures import EncodedPictures, batch_of, generator
from models.pretraining.pipeline import PREDICTION, ModelParts, pipeline, schedule
from models.pretraining.reading import EndTokenReader
from models.pretraining.sealing import DEFAULTS
from models.pretraining.siblings import FAMILY
from models.training.objective import Objective
from models.training.plain import PlainTraining, train
from models.training.precision import LowPrecision

if TYPE_CHECKING:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPTextModel

#: The peak learning rate from scratch, and from finished weights. The second is a guess: when a
#: training once returned to the full rate, it lost whatever was drawn faintly.
LR, FURTHER_LR = 1.5e-3, 1.0e-3
#: Bounds of the signal-to-noise ratio in the loss weight. The upper one is min-SNR's (Hang et al.
#: 2023, arXiv 2303.09556). Without the lower one, the noisiest steps, which decide a picture, count
#: for almost nothing, and whatever the prompt leaves open becomes one average scene.
SNR_LEAST, SNR_MOST = 0.25, 5.0
#: Divides the loss: about the mean of those weights over all steps.
MEAN_WEIGHT = 0.35
#: The Gaussian over a face: its deviation across and down, in short sides of the picture, and the
#: extra weight of an error in its middle.
FACE_WIDTH, FACE_HEIGHT, FACE_WEIGHT = 0.16, 0.13, 2.0
#: One in this many steps uses a batch of siblings.
SIBLINGS_EVERY = 3
#: The least timestep for siblings: below it, the noisy latents already decide the attribute.
LEAST_SIBLING_TIME = 250
#: The weight of `reading_loss` beside `drawing_loss`.
READING_WEIGHT = 0.05
#: The range of timesteps at which latents for the decoder are noised.
GUESSED_TIMES = (20, 300)
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


class PromptedUnet(nn.Module):
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


class TrainingBatch(NamedTuple):
    """The data of one training step."""

    #: The latents to draw, float32 (B, C, h, w).
    z: Tensor
    #: The latents that are noised, like `z`; those of another row for some siblings.
    seen: Tensor
    #: Token ids of the captions, int64 (B, 77); some are the ids of no words.
    ids: Tensor
    #: The labels that the captions state, int64 (B, heads).
    stated: Tensor
    #: Unit noise, like the latents.
    noise: Tensor
    #: Timesteps, int64 (B,), spread evenly over all, for siblings over the upper ones.
    times: Tensor


def face_weights(height: int, width: int) -> Tensor:
    """The weight of each latent pixel, float32 (height, width), mean 1: a bell over the face.

    People look first at eyes and mouths, which fill a twentieth of the picture. The weights do not
    change the best prediction at any pixel; they say where errors matter more.
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
    prompted_unet: PromptedUnet | LowPrecision, batch: TrainingBatch, objective: Objective
) -> tuple[Tensor, Tensor]:
    """The drawing loss of a batch, 0-d, and the states (B, 77, width) of its captions."""
    task = objective.make_task(batch.z, batch.noise, batch.times, source=batch.seen)
    output, states = prompted_unet(task.unet_input, task.times, batch.ids)
    pixel_weights = face_weights(*output.shape[2:]).to(output.device)
    return objective.losses(output, task, pixel_weights).mean() / MEAN_WEIGHT, states


def reading_loss(states: Tensor, reader: EndTokenReader, batch: TrainingBatch) -> Tensor:
    """The error in reading the captions' statements from the end tokens' states (B, 77, width).

    Before the UNet's training, the text encoder can name every attribute. Without this loss it
    forgets those that the UNet does not draw yet, and then the UNet never learns them.
    """
    return judge.loss(reader(states.float(), batch.ids), batch.stated)


def training_batch_of(
    encoded: EncodedPictures, rows: Tensor, g: torch.Generator, empty_ids: Tensor, family: int = 1
) -> TrainingBatch:
    """One step's data; `empty_ids` (77,) are the token ids of no words.

    The rows of a family share everything random. Each sees its own latents or those of the next one
    or two, so that it must follow the words and not the noisy latents.
    """
    latents, pictures = encoded
    device, count = latents.device, len(rows) // family

    def for_family(values: Tensor) -> Tensor:
        return values.repeat_interleave(family, 0)

    which = torch.randint(0, pictures.ids.shape[1], (count,), generator=g, device=device)
    wordless = for_family(is_dropped(torch.rand(count, generator=g, device=device)))[:, None]
    which = for_family(which)
    ids = torch.where(wordless, empty_ids, pictures.ids[rows, which].long())
    stated = torch.where(wordless, UNSEEN, pictures.stated[rows, which].long())
    z = latents[rows].float().contiguous(memory_format=torch.channels_last)
    # Without words, a row cannot know the latents of another.
    offset = (
        for_family(torch.randint(0, family, (count,), generator=g, device=device)) * ~wordless[:, 0]
    )
    index = torch.arange(len(rows), device=device)
    seen = z[index - index % family + (index + offset) % family]
    noise = for_family(torch.randn((count, *z.shape[1:]), generator=g, device=device))
    spread = torch.arange(count, device=device) + torch.rand(count, generator=g, device=device)
    least = LEAST_SIBLING_TIME if family > 1 else 0
    times = for_family((least + spread / count * (1000 - least)).long().clamp(0, 999))
    return TrainingBatch(z, seen, ids, stated, noise, times)


def train_unet(
    blueprint: Blueprint,
    encoded: dict[str, EncodedPictures],
    siblings: dict[str, EncodedPictures],
    parts: ModelParts,
    folder: Path,
    *,
    lr: float = LR,
) -> None:
    """Train UNet and text encoder together, from `parts`, which receives the averaged weights.

    `encoded` and `siblings` are by framing. Sample sheets are saved beside `folder`.
    """
    device = parts.unet.device
    empty_ids = torch.tensor(vocabulary.encode(parts.tokenizer, [NO_WORDS])[0], device=device)
    reader = EndTokenReader(blueprint.width, int(empty_ids[-1])).to(device)
    objective = objective_on(device)
    prompted_unet = LowPrecision(PromptedUnet(parts.unet, parts.text), device)

    def loss(step: int) -> tuple[Tensor, int]:
        source, family = (encoded, 1) if step % SIBLINGS_EVERY else (siblings, FAMILY)
        batch = _batch_of_step(source, step, blueprint.unet_batch, empty_ids, family)
        drawing_error, states = drawing_loss(prompted_unet, batch, objective)
        return drawing_error + READING_WEIGHT * reading_loss(states, reader, batch), len(batch.z)

    def save_sheet(step: int) -> None:
        if step % max(500, blueprint.unet_steps // 8) and step != blueprint.unet_steps:
            return
        with training.learner.using_final_weights():
            sample_sheet(blueprint, parts).save(folder.with_name(f"{folder.name}-{step:06d}.png"))
        parts.train(on=True)

    training = PlainTraining(
        {"unet": parts.unet, "text": parts.text, "told": reader},
        loss,
        steps=blueprint.unet_steps,
        lr=lr,
        decay=0.999,
        adam_only=("conv_in", "conv_out", "say"),
        rate_shares={"text": 0.3},
        after_step=save_sheet,
    )
    parts.train(on=True)
    train(training, folder)
    parts.train(on=False)


def _batch_of_step(
    encoded: dict[str, EncodedPictures], step: int, batch: int, empty_ids: Tensor, family: int
) -> TrainingBatch:
    """The data of a step, from the framing that its number selects."""
    sets = {framing: pictures for framing, (_, pictures) in encoded.items()}
    framing, rows = batch_of(sets, step, batch, seed=4, device=empty_ids.device, family=family)
    return training_batch_of(
        encoded[framing], rows, generator(4, step, empty_ids.device), empty_ids, family
    )


@torch.no_grad()
def guess_latents(
    prompted_unet: PromptedUnet, z: Tensor, ids: Tensor, g: torch.Generator, objective: Objective
) -> Tensor:
    """Latents (B, C, h, w), slightly noised and restored in one step, by captions `ids` (B, 77)."""
    times = torch.randint(*GUESSED_TIMES, (len(z),), generator=g, device=z.device)
    noise = torch.randn(z.shape, generator=g, device=z.device)
    task = objective.make_task(z, noise, times)
    return objective.x0(prompted_unet(task.unet_input, times, ids)[0], task)


@torch.no_grad()
def sample_sheet(blueprint: Blueprint, parts: ModelParts) -> Image.Image:
    """Two seeds of every sample prompt, drawn by the stock pipeline."""
    parts.train(on=False)
    size, across = blueprint.size_px, len(SAMPLE_PROMPTS)
    sheet = Image.new("RGB", (across * size, 2 * size))
    for row in range(2):
        seeds = [torch.Generator().manual_seed(row * across + i) for i in range(across)]
        pictures = pipeline(parts)(
            list(SAMPLE_PROMPTS),
            num_inference_steps=DEFAULTS.steps,
            guidance_scale=DEFAULTS.guidance,
            height=size,
            width=size,
            generator=seeds,
        ).images
        for i, picture in enumerate(pictures):
            sheet.paste(picture, (i * size, row * size))
    return sheet
