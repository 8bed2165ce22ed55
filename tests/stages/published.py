"""The samplers as published by diffusers, to compare ours with."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from torch import Tensor

from models.contract import Draw, Sampler
from tests.stages.tiny_models import CELL_PX, SCHEDULE

#: The class of each, and the arguments that make it follow its paper.
PUBLISHED: dict[Sampler, tuple[Any, dict[str, Any]]] = {
    Sampler.EULER_A: (diffusers.EulerAncestralDiscreteScheduler, {}),
    Sampler.DPMPP_2M: (diffusers.DPMSolverMultistepScheduler, {}),
    Sampler.EULER: (diffusers.EulerDiscreteScheduler, {}),
    # The paper's alpha_0 is 1; Stable Diffusion's folders differ.
    Sampler.DDIM: (diffusers.DDIMScheduler, {"clip_sample": False, "set_alpha_to_one": True}),
    Sampler.HEUN: (diffusers.HeunDiscreteScheduler, {}),
}


def config(**changes: Any) -> dict[str, Any]:
    """The tiny model's scheduler_config.json with some fields changed."""
    return {**SCHEDULE, "_class_name": "EulerDiscreteScheduler"} | changes


def published(kind: Sampler, **changes: Any) -> Any:
    """Diffusers' own object for a sampler on the tiny model's schedule, as far as supported."""
    own, told = PUBLISHED[kind]
    known = inspect.signature(own).parameters
    fields = {name: value for name, value in config(**changes).items() if name in known}
    return own(**fields | told)


def published_sigmas(reference: Any) -> Tensor:
    """The noise levels of its current steps, falling, with the 0 at the end."""
    if isinstance(reference, diffusers.DDIMScheduler):
        alpha_bars = reference.alphas_cumprod[reference.timesteps]
        return torch.cat([((1 - alpha_bars) / alpha_bars).sqrt(), torch.zeros(1)])
    if isinstance(reference, diffusers.HeunDiscreteScheduler):
        return torch.cat([reference.sigmas[:1], reference.sigmas[1::2]])  # each inner one is twice
    return reference.sigmas


def drawn_by(reference: Any, unet: Any, steps: int, noise: Tensor, context: Tensor) -> Tensor:
    """Diffusers' own loop, as its pipelines run it; the noise during sampling has seed 7."""
    reference.set_timesteps(steps)
    x = noise * reference.init_noise_sigma
    drawing = "generator" in inspect.signature(reference.step).parameters
    extra = {"generator": torch.Generator().manual_seed(7)} if drawing else {}
    for t in reference.timesteps:
        output = unet(reference.scale_model_input(x, t), t, context, return_dict=False)[0]
        x = reference.step(output, t, x, return_dict=False, **extra)[0]
    return x


def drawn_by_pipeline(kind: Any, folder: Path, draw: Draw) -> np.ndarray[Any, Any]:
    """The pixels (H, W, 3), 0..255, of diffusers' whole pipeline at that size."""
    pipe = kind.from_pretrained(str(folder))
    own, told = PUBLISHED[draw.sampler]
    pipe.scheduler = own.from_config(pipe.scheduler.config, **told)
    pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(draw.seed)
    cells = (draw.height_px // CELL_PX, draw.width_px // CELL_PX)
    drawn = pipe(
        draw.prompt,
        negative_prompt=draw.negative,
        num_inference_steps=draw.steps,
        guidance_scale=draw.guidance,
        generator=generator,
        latents=torch.randn(1, 4, *cells, generator=generator),
        height=draw.height_px,
        width=draw.width_px,
        output_type="np",
    )
    return np.round(drawn.images[0] * 255).astype(int)
