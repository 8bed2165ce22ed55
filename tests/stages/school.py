"""The material of the learning benchmarks: realistic prompts, and pools of drawn pictures.

Slow results are computed once in a work folder. Pictures are drawn at the model's own size: the
upscaler behind it is the same for all compared models.
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
#: The first seeds of prompts to vote on, to choose settings by, and for the final judgement.
VOTED, CHOSEN_BY, FINAL = 10_000, 500_000, 900_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A prompt and a seed."""

    prompt: str
    seed: int


def prompt_of(seed: int) -> str:
    """A few tags of a portrait, as people write them; most of the portrait stays open."""
    rng = Random(seed)
    said: dict[str, str] = {}
    for tag in tags(sample(rng)):
        if tag.group != "solo":
            said.setdefault(tag.group, tag.text)
    figure = said.pop("figure")
    rest = list(said.values())
    return ", ".join([figure, *rng.sample(rest, min(rng.randint(2, 5), len(rest)))])


def wishes(first: int, prompts: int, each: int) -> list[Wish]:
    """`each` pictures of every prompt, prompt by prompt."""
    return [
        Wish(prompt=prompt_of(first + i), seed=(first * 7 + i * 101 + j * 13) % 2**31)
        for i in range(prompts)
        for j in range(each)
    ]


def followed(count: int) -> list[Wish]:
    """Full prompts of portraits that no training saw."""
    return [Wish(prompt=t.prompt, seed=t.seed) for t in adherence.tasks(count, square=True)]


def pictures(model: str, asked: Sequence[Wish], kept: Path) -> np.ndarray:
    """The model's pictures, uint8 (N, S, S, 3); drawn once and cached in the file."""
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, pictures=_drawn(model, asked))
    return np.load(kept)["pictures"]


def _drawn(model: str, asked: Sequence[Wish]) -> np.ndarray:
    parts = load(model, device="cpu")
    if prefers_bfloat16(parts.device):
        parts.unet.to(torch.bfloat16)
    engine = SlotEngine(replace(parts, upscale=lanczos), capacity=_AT_ONCE)
    info, found = engine.info, {}
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
        for i, wish in enumerate(asked)
    ]
    for row_id, outcome in draw_all(engine, requests):
        assert not isinstance(outcome, str), outcome
        found[int(row_id)] = np.frombuffer(outcome.rgb, np.uint8)
    return np.stack([found[i] for i in range(len(asked))]).reshape(-1, SIDE_PX, SIDE_PX, 3)


def sheet(before: np.ndarray, after: np.ndarray, across: int = 10, rows: int = 3) -> Image.Image:
    """Rows of one model's pictures, each above the other model's for the same wishes."""
    shown = min(across * rows, len(before)) // across * across
    picture = Image.new("RGB", (across * SIDE_PX, 2 * shown // across * SIDE_PX))
    for i in range(shown):
        x, y = i % across * SIDE_PX, i // across * 2 * SIDE_PX
        picture.paste(Image.fromarray(before[i]), (x, y))
        picture.paste(Image.fromarray(after[i]), (x, y + SIDE_PX))
    return picture
