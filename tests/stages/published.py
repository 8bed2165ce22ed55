"""The samplers of diffusers, with which the tests compare ours."""

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


def published_sampler(kind: Sampler, **changes: Any) -> Any:
    """Diffusers' own object for a sampler, with all fields of the schedule that it supports."""
    sampler_class, options = PUBLISHED[kind]
    known = inspect.signature(sampler_class).parameters
    fields = {name: value for name, value in config(**changes).items() if name in known}
    return sampler_class(**fields | options)


def published_sigmas(reference: Any) -> Tensor:
    """The noise levels of the current steps, falling, with a 0 at the end."""
    if isinstance(reference, diffusers.DDIMScheduler):
        alpha_bars = reference.alphas_cumprod[reference.timesteps]
        return torch.cat([((1 - alpha_bars) / alpha_bars).sqrt(), torch.zeros(1)])
    if isinstance(reference, diffusers.HeunDiscreteScheduler):
        return torch.cat(
            [reference.sigmas[:1], reference.sigmas[1::2]]
        )  # each inner level stands twice
    return reference.sigmas


def draw_with(reference: Any, unet: Any, steps: int, noise: Tensor, context: Tensor) -> Tensor:
    """Run diffusers' own loop, as its pipelines do; the noise during sampling has seed 7."""
    reference.set_timesteps(steps)
    x = noise * reference.init_noise_sigma
    takes_generator = "generator" in inspect.signature(reference.step).parameters
    extra = {"generator": torch.Generator().manual_seed(7)} if takes_generator else {}
    for t in reference.timesteps:
        output = unet(reference.scale_model_input(x, t), t, context, return_dict=False)[0]
        x = reference.step(output, t, x, return_dict=False, **extra)[0]
    return x


def draw_with_pipeline(kind: Any, folder: Path, draw: Draw) -> np.ndarray[Any, Any]:
    """Draw with diffusers' whole pipeline; return the pixels (H, W, 3), 0..255."""
    pipe = kind.from_pretrained(str(folder))
    sampler_class, options = PUBLISHED[draw.sampler]
    pipe.scheduler = sampler_class.from_config(pipe.scheduler.config, **options)
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
