"""Sheets of sample pictures, drawn by the engine that the bot draws with.

Called by the training loop between epochs. It must not know how the weights came about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont

from models.contract import Aspect, Draw, Rendered, RenderRequest
from models.engine.loader import Components
from models.engine.slots import SlotEngine
from models.finetuning.recipe import Samples

_TILE_PX, _CAPTION_PX = 256, 30
_PAPER, _INK, _FAILED = "#ffffff", "#222222", "#c8c8c8"


@torch.no_grad()
def sheet(parts: Components, samples: Samples) -> Image.Image:
    """One row for each prompt, one column for each seed; a grey tile where numbers ran off.

    The networks of `parts` are drawn with as they are, and are left in training as they were.
    """
    networks: list[Any] = [parts.unet, parts.vae, parts.text_encoder]
    modes = [network.training for network in networks]
    for network in networks:
        network.eval()
    try:
        return _laid_out(samples, dict(_drawn(SlotEngine(parts, capacity=4), parts, samples)))
    finally:
        for network, training in zip(networks, modes, strict=True):
            network.train(training)


def _drawn(
    engine: SlotEngine, parts: Components, samples: Samples
) -> Iterator[tuple[str, Rendered]]:
    """The pictures that could be drawn, by "row,column"."""
    waiting = list(_requests(parts, samples))
    running = 0
    while waiting or running:
        while waiting and running < engine.capacity:
            engine.admit(waiting.pop(0))
            running += 1
        result = engine.step()
        running -= len(result.finished) + len(result.failed)
        yield from ((rendered.row_id, rendered) for rendered in result.finished)


def _requests(parts: Components, samples: Samples) -> Iterator[RenderRequest]:
    defaults = parts.card.defaults
    width, height = parts.card.sizes_px[Aspect.SQUARE].finished
    for row, prompt in enumerate(samples.prompts):
        for column in range(samples.count):
            yield RenderRequest(
                row_id=f"{row},{column}",
                draw=Draw(
                    prompt=prompt,
                    negative=defaults.negative,
                    seed=samples.seed + column,
                    steps=samples.steps or defaults.steps,
                    guidance=defaults.guidance,
                    sampler=defaults.sampler,
                    width_px=width,
                    height_px=height,
                ),
            )


def _laid_out(samples: Samples, drawn: dict[str, Rendered]) -> Image.Image:
    pitch = _TILE_PX + _CAPTION_PX
    size = (samples.count * _TILE_PX, len(samples.prompts) * pitch)
    picture = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13)
    for row, prompt in enumerate(samples.prompts):
        draw.text((6, row * pitch + 8), prompt, _INK, font=font)
        for column in range(samples.count):
            rendered = drawn.get(f"{row},{column}")
            place = (column * _TILE_PX, row * pitch + _CAPTION_PX)
            picture.paste(_FAILED if rendered is None else _tile(rendered), _box(place))
    return picture


def _tile(rendered: Rendered) -> Image.Image:
    picture = Image.frombytes("RGB", (rendered.width_px, rendered.height_px), rendered.rgb)
    return picture.resize((_TILE_PX, _TILE_PX), Image.Resampling.LANCZOS)


def _box(place: tuple[int, int]) -> tuple[int, int, int, int]:
    return (*place, place[0] + _TILE_PX, place[1] + _TILE_PX)
