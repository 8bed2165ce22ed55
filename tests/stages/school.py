"""The material of the learning benchmarks: realistic prompts, and sets of drawn pictures.

Slow results are kept in a work folder. The pictures have the model's own size, because all compared
models share one upscaler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from PIL import Image

from models.contract import Draw, RenderRequest
from models.engine.codec import lanczos
from models.engine.draw import draw_all
from models.engine.loader import load
from models.engine.slots import SlotEngine
from models.measuring import adherence
from models.painter.portrait import sample
from models.painter.tags import tags
from models.training.precision import prefers_bfloat16
from tests.stages.tastes import SIDE_PX

#: Rows of one UNet call.
_AT_ONCE = 32
#: First seeds of the prompts for votes, for the choice of settings, and for the final judgement.
VOTED, CHOSEN_BY, FINAL = 10_000, 500_000, 900_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A prompt and a seed."""

    prompt: str
    seed: int


def prompt_of(seed: int) -> str:
    """A few tags of a random portrait, as people write them; the rest stays open."""
    rng = Random(seed)
    tag_by_group: dict[str, str] = {}
    for tag in tags(sample(rng)):
        if tag.group != "solo":
            tag_by_group.setdefault(tag.group, tag.text)
    figure = tag_by_group.pop("figure")
    rest = list(tag_by_group.values())
    return ", ".join([figure, *rng.sample(rest, min(rng.randint(2, 5), len(rest)))])


def wishes(first: int, prompts: int, each: int) -> list[Wish]:
    """`each` seeds for every prompt, prompt by prompt."""
    return [
        Wish(prompt=prompt_of(first + i), seed=(first * 7 + i * 101 + j * 13) % 2**31)
        for i in range(prompts)
        for j in range(each)
    ]


def adherence_wishes(count: int) -> list[Wish]:
    """Complete prompts of portraits that no training has seen."""
    return [Wish(prompt=t.prompt, seed=t.seed) for t in adherence.tasks(count, square=True)]


def pictures(model: str, wishes: Sequence[Wish], cache_file: Path) -> np.ndarray:
    """The model's pictures, uint8 (N, S, S, 3), drawn once and then read from the file."""
    if not cache_file.exists():
        cache_file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache_file, pictures=_draw(model, wishes))
    return np.load(cache_file)["pictures"]


def _draw(model: str, wishes: Sequence[Wish]) -> np.ndarray:
    parts = load(model, device="cpu")
    if prefers_bfloat16(parts.device):
        parts.unet.to(torch.bfloat16)
    engine = SlotEngine(replace(parts, upscale=lanczos), capacity=_AT_ONCE)
    info, by_row = engine.info, {}
    requests = [
        RenderRequest(
            row_id=str(i),
            draw=Draw(
                prompt=wish.prompt,
                seed=wish.seed,
                steps=info.default_steps,
                guidance=info.default_guidance,
                sampler=info.default_sampler,
                width_px=SIDE_PX,
                height_px=SIDE_PX,
            ),
        )
        for i, wish in enumerate(wishes)
    ]
    for row_id, outcome in draw_all(engine, requests):
        assert not isinstance(outcome, str), outcome
        by_row[int(row_id)] = np.frombuffer(outcome.rgb, np.uint8)
    return np.stack([by_row[i] for i in range(len(wishes))]).reshape(-1, SIDE_PX, SIDE_PX, 3)


def comparison_sheet(
    before: np.ndarray, after: np.ndarray, across: int = 10, rows: int = 3
) -> Image.Image:
    """A sheet with each row of one model's pictures above the other model's for the same wishes."""
    shown = min(across * rows, len(before)) // across * across
    picture = Image.new("RGB", (across * SIDE_PX, 2 * shown // across * SIDE_PX))
    for i in range(shown):
        x, y = i % across * SIDE_PX, i // across * 2 * SIDE_PX
        picture.paste(Image.fromarray(before[i]), (x, y))
        picture.paste(Image.fromarray(after[i]), (x, y + SIDE_PX))
    return picture
