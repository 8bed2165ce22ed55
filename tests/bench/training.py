"""Reading pictures for a training, and its step compared with the same step written by hand.

The rows say how much of the time is this project's code: ratios, measured alternately in one run.
On a GPU the networks have Stable Diffusion 1.5's size, at 512 px; on a CPU they are the embedded
model's. Weights and latents are random: the speed does not depend on them.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from PIL import Image

from models.data.buckets import Bucket
from models.data.caches import LatentCache
from models.data.examples import read
from models.data.findings import Report
from models.data.pictures import open_fitted
from models.painter.captions import prompt
from models.painter.drawing import draw, raster
from models.painter.portrait import sample
from models.report import Row, unmeasured

if TYPE_CHECKING:
    import torch
    from torch import nn

PICTURES = 48
ROUNDS = 7
GOAL_PEAK = 0.45


async def measure(scratch: Path) -> list[Row]:
    """Data loading, then the fine-tuning step."""
    return await asyncio.to_thread(lambda: [*_loading_rows(scratch), *_step_rows()])


def _time_alternately(*programs: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Median seconds of each program; they take turns, so that all see the same machine."""
    import torch

    def wait_for_gpu() -> None:
        # The GPU must finish its work before the clock is read.
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    seconds: list[list[float]] = [[] for _ in programs]
    for _ in range(rounds):
        for times, program in zip(seconds, programs, strict=True):
            wait_for_gpu()
            began = time.perf_counter()
            program()
            wait_for_gpu()
            times.append(time.perf_counter() - began)
    return [statistics.median(times) for times in seconds]


def _loading_rows(scratch: Path) -> list[Row]:
    """Pictures per second from a folder, and latents from the cache."""
    from models.data.latents import encode, load_pixels
    from models.engine.loader import load

    folder = _paint_folder(scratch / "pictures")
    examples = read(folder, report=Report())
    bucket = Bucket(128, 128)
    vae = load("embedded", device="cpu").vae
    cache = LatentCache(scratch / "latents", "bench")

    def fit_all() -> None:
        for example in examples:
            open_fitted(example.path, bucket)

    def resize_all() -> None:
        for example in examples:
            with Image.open(example.path) as picture:
                picture.convert("RGB").resize((128, 128), Image.Resampling.LANCZOS)

    def encode_file(path: Path) -> torch.Tensor:
        return encode(vae, load_pixels(path, bucket)[None])[0]

    def fetch_all() -> None:
        for example in examples:
            path = example.path
            cache.latents(example.sha256, bucket, lambda path=path: encode_file(path), flip=False)

    def encode_all() -> None:
        for example in examples:
            encode_file(example.path)

    fetch_all()
    own_s, plain_s, cached_s, encoded_s = _time_alternately(
        fit_all, resize_all, fetch_all, encode_all
    )
    return [
        _row("pictures decoded and fitted into a bucket", PICTURES / own_s, "pictures/s"),
        _row("the same, to Pillow's open and resize alone", own_s / plain_s, "x the time"),
        _row("latents from the cache, to making them anew", encoded_s / cached_s, "x as fast"),
    ]


def _paint_folder(folder: Path) -> Path:
    folder.mkdir()
    for seed in range(PICTURES):
        portrait = sample(Random(seed))
        raster(draw(portrait, seed), 256).save(folder / f"{seed}.png")
        (folder / f"{seed}.txt").write_text(prompt(portrait), encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Networks to train and the size of their inputs."""

    name: str
    unet: nn.Module
    text_encoder: nn.Module
    batch: int
    latent_px: int

    @property
    def latents(self) -> torch.Tensor:
        """One row's latents (C, h, w)."""
        import torch

        config: Any = self.unet.config
        shape = (config.in_channels, self.latent_px, self.latent_px)
        return torch.randn(shape, generator=torch.Generator().manual_seed(0))


class _FixedMaterial:
    """Replaces a run's material: every row has the same latents."""

    def __init__(self, latents: torch.Tensor) -> None:
        self._latents = latents

    def latents(self, fed: object, place: int) -> torch.Tensor:
        return self._latents


def _step_rows() -> list[Row]:
    import torch

    cuda = torch.cuda.is_available()
    bench = _sd15_bench(batch=16) if cuda else _embedded_bench()
    device = torch.device("cuda" if cuda else "cpu")
    peak, flops = _peak_flops(device), _flops_per_picture(bench, device)
    own_step = _own_step(bench, device)
    own_step()
    memory = torch.cuda.max_memory_allocated() if cuda else 0
    diffusers_step = _diffusers_step(bench, device)
    diffusers_step()
    own_s, diffusers_s = _time_alternately(own_step, diffusers_step)
    rows = [
        _row(f"fine-tuning step, {bench.name}", bench.batch / own_s, "pictures/s"),
        _row("the same, to diffusers' text-to-image step", own_s / diffusers_s, "x the time"),
        _row(
            "the same, of the measured matmul peak", 100 * flops * bench.batch / own_s / peak, "%"
        ),
    ]
    goal = f">= {GOAL_PEAK:.0%}"
    if not cuda:
        why = "no CUDA device here"
        return [*rows, unmeasured("training", "Stable Diffusion 1.5 at 512 px", why, goal)]
    rows.append(_row("peak memory of a step", memory / 2**30, "GiB"))
    # Free both for larger batches; accelerate puts them into reference cycles.
    del own_step, diffusers_step
    gc.collect()
    torch.cuda.empty_cache()
    compiled = replace(bench, batch=64, name="Stable Diffusion 1.5 at 512 px, 64 a step, compiled")
    return rows + _compiled_rows(compiled, device, flops / peak, diffusers_s / bench.batch)


def _compiled_rows(
    bench: Bench, device: torch.device, peak_s: float, diffusers_s: float
) -> list[Row]:
    """The step whose UNet is compiled, on a GPU with 80 GB.

    `peak_s` are the seconds for a picture at the device's peak, `diffusers_s` those of diffusers'
    step.
    """
    import torch

    from models.contract import EngineError

    goal = f">= {GOAL_PEAK:.0%}"
    torch.cuda.reset_peak_memory_stats()
    try:
        step = _own_step(bench, device, compiled=True)
        step()
    except EngineError as fault:
        return [unmeasured("training", bench.name, str(fault), goal)]
    seconds = _time_alternately(step)[0] / bench.batch
    share = peak_s / seconds
    return [
        _row(f"fine-tuning step, {bench.name}", 1 / seconds, "pictures/s"),
        _row("the same, to diffusers' step with 16", seconds / diffusers_s,
             "x the time of a picture"),
        _row("compiled, of the measured matmul peak", 100 * share, "%", goal,
             holds=share >= GOAL_PEAK),
        _row("compiled, peak memory", torch.cuda.max_memory_allocated() / 2**30, "GiB"),
    ]  # fmt: skip


def _embedded_bench() -> Bench:
    from models.engine.loader import load

    parts = load("embedded", device="cpu")
    return Bench(
        name="embedded model, CPU, 8 a step",
        unet=parts.unet,
        text_encoder=parts.text_encoder,
        batch=8,
        latent_px=16,
    )


def _sd15_bench(batch: int) -> Bench:
    """Stable Diffusion 1.5's networks with random weights."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    text = CLIPTextConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12
    )
    return Bench(
        name=f"Stable Diffusion 1.5 at 512 px, {batch} a step",
        unet=UNet2DConditionModel(sample_size=64, cross_attention_dim=768),
        text_encoder=CLIPTextModel(text),
        batch=batch,
        latent_px=64,
    )


def _ids(bench: Bench) -> torch.Tensor:
    import torch

    config: Any = bench.text_encoder.config
    return torch.randint(0, config.vocab_size, (bench.batch, 1, 77))


def _own_step(
    bench: Bench, device: torch.device, *, compiled: bool = False
) -> Callable[[], object]:
    """The project's step, as `finetune` takes it."""
    from accelerate import Accelerator

    from models.catalogue.card import Prediction
    from models.data.batches import Batch
    from models.engine.schedule import Schedule
    from models.finetuning.material import StepInput
    from models.finetuning.recipe import Recipe
    from models.finetuning.steps import Stepper
    from models.finetuning.trainee import Trainee

    recipe = Recipe(base="any", data="any", out="any", batch=bench.batch, compile=compiled)
    unet = deepcopy(bench.unet).requires_grad_(True)
    text = deepcopy(bench.text_encoder).requires_grad_(False)
    trainee = Trainee(unet.train(), text, 1, trains_text=False).to(device)
    mixed_precision = "bf16" if device.type == "cuda" else "no"
    accelerator = Accelerator(mixed_precision=mixed_precision, cpu=device.type == "cpu")
    stepper = Stepper(recipe, trainee, Schedule.from_config({}), Prediction.EPSILON, accelerator)
    material: Any = _FixedMaterial(bench.latents)
    indices = tuple(range(bench.batch))
    bucket = Bucket(8 * bench.latent_px, 8 * bench.latent_px)
    fed = StepInput(step=0, epoch=0, batch=Batch(bucket=bucket, indices=indices), ids=_ids(bench))

    def step() -> float:
        gradients = stepper.gradients(fed, material)
        stepper.learner.update(0, lambda _, peak: peak)
        return gradients.loss

    return step


def _diffusers_step(bench: Bench, device: torch.device) -> Callable[[], object]:
    """The step of diffusers' own text-to-image example: AdamW, autocast, its EMA of the UNet."""
    import torch
    from diffusers.training_utils import EMAModel

    unet = deepcopy(bench.unet).to(device).requires_grad_(True).train()
    text: Any = deepcopy(bench.text_encoder).to(device).requires_grad_(False)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=1e-5, weight_decay=1e-2)
    average = EMAModel(unet.parameters())
    z = torch.stack([bench.latents] * bench.batch).to(device)
    ids = _ids(bench)[:, 0].to(device)

    def step() -> float:
        noise = torch.randn_like(z)
        times = torch.randint(0, 1000, (len(z),), device=device)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            with torch.no_grad():
                words = text(ids).last_hidden_state
            guess = unet(z + noise, times, words, return_dict=False)[0]
        loss = torch.nn.functional.mse_loss(guess.float(), noise)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        average.step(unet.parameters())
        return loss.item()

    return step


def _flops_per_picture(bench: Bench, device: torch.device) -> float:
    """Operations of the UNet for one picture, with those that attention recomputes going back."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    unet: Any = deepcopy(bench.unet).to(device).requires_grad_(True)
    z = bench.latents[None].to(device)
    words = torch.randn(1, 77, unet.config.cross_attention_dim, device=device)
    with FlopCounterMode(display=False) as counter:
        unet(z, torch.zeros(1, device=device), words, return_dict=False)[0].sum().backward()
    return float(counter.get_total_flops())


def _peak_flops(device: torch.device) -> float:
    """Floating operations per second of one large matrix product, the best of many."""
    import torch

    cuda = device.type == "cuda"
    size, kind = (8192, torch.bfloat16) if cuda else (1024, torch.float32)
    a, b = (torch.randn(size, size, dtype=kind, device=device) for _ in range(2))

    def product() -> float:
        return (a @ b)[0, 0].item()

    product()
    best = min(_time_alternately(product, rounds=1)[0] for _ in range(20))
    return 2 * size**3 / best


def _row(name: str, value: float, unit: str, goal: str = "", *, holds: bool | None = None) -> Row:
    return Row(area="training", name=name, value=value, unit=unit, goal=goal, holds=holds)
