"""Combines the finished parts: as a stock pipeline, and as a diffusers folder in half precision.

Called by the UNet's training (for sample sheets) and by the `pretrain` command. Must not know
training.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from models.catalogue.card import Prediction
from models.checkpoint.files import write_part
from models.engine.schedule import Schedule

if TYPE_CHECKING:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
    from transformers import CLIPTextModel, CLIPTokenizer

#: What the UNet predicts.
PREDICTION = Prediction.V


@dataclass(frozen=True, slots=True)
class ModelParts:
    """The networks of a model, and its tokenizer."""

    autoencoder: AutoencoderTiny
    text: CLIPTextModel
    unet: UNet2DConditionModel
    tokenizer: CLIPTokenizer

    def train(self, *, on: bool) -> None:
        """Switch the networks that the UNet's training changes to training or drawing mode."""
        self.unet.train(on)
        self.text.train(on)


def noise_schedule() -> DPMSolverMultistepScheduler:
    """Stable Diffusion's betas with the fast solver used for serving."""
    from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

    return DPMSolverMultistepScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=PREDICTION.value,
        algorithm_type="dpmsolver++",
        solver_order=2,
        timestep_spacing="trailing",
        steps_offset=1,
    )


def schedule() -> Schedule:
    """The noise levels that the engine reads from the finished model's folder."""
    return Schedule.from_config(noise_schedule().config)


def pipeline(parts: ModelParts) -> Any:
    """A StableDiffusionPipeline. Its annotations name one class of autoencoder, but others work."""
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
        StableDiffusionPipeline,
    )

    pipeline_class: Any = StableDiffusionPipeline
    stock_pipeline = pipeline_class(
        vae=parts.autoencoder,
        text_encoder=parts.text,
        tokenizer=parts.tokenizer,
        unet=parts.unet,
        scheduler=noise_schedule(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    stock_pipeline.set_progress_bar_config(disable=True)
    return stock_pipeline


def write(parts: ModelParts, folder: Path, words: Path) -> None:
    """Write every part; other files in the folder (card, licence, upscaler) stay."""
    from diffusers.utils import logging

    logging.set_verbosity_error()  # It warns seven times that a CPU draws slowly in half precision.
    halved = pipeline(parts).to(torch.device("cpu"), torch.float16)
    halved.save_pretrained(folder, safe_serialization=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copyfile(words / name, folder / "tokenizer" / name)
    write_part(folder, "text_encoder", halved.text_encoder.state_dict())
    _declare_float32(folder / "text_encoder" / "config.json")


def _declare_float32(config: Path) -> None:
    """Declare float32 in the text encoder's config.

    transformers loads the type named in the config, diffusers loads float32: a folder opened
    without a type must not end up with both.
    """
    data = json.loads(config.read_text(encoding="utf-8"))
    data["dtype"] = "float32"
    config.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
