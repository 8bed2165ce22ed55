"""Sheets of sample pictures, drawn by the bot's own engine.

Called by the trainings. Must not know where the weights come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont

from models.contract import Aspect, Draw, Rendered, RenderRequest
from models.engine.loader import Components
from models.engine.slots import SlotEngine

_TILE_PX, _CAPTION_PX = 256, 30
_BACKGROUND, _TEXT, _FAILED_TILE = "#ffffff", "#222222", "#c8c8c8"


@torch.no_grad()
def sheet(
    parts: Components, prompts: Sequence[str], *, count: int, seed: int, steps: int = 0
) -> Image.Image:
    """One row per prompt, one column per seed; a grey tile where numbers overflowed.

    Draws `count` pictures of each, with seeds `seed`, `seed + 1`, ...; 0 steps means the card's own
    number. The networks of `parts` draw with their current weights, and keep their training mode.
    """
    requests = list(_requests(parts, prompts, count, seed, steps))
    networks: list[Any] = [parts.unet, parts.vae, parts.text_encoder]
    training_modes = [network.training for network in networks]
    for network in networks:
        network.eval()
    try:
        return _compose_sheet(
            prompts, count, dict(_draw_all(SlotEngine(parts, capacity=4), requests))
        )
    finally:
        for network, training in zip(networks, training_modes, strict=True):
            network.train(training)


def _draw_all(engine: SlotEngine, waiting: list[RenderRequest]) -> Iterator[tuple[str, Rendered]]:
    """The pictures that could be drawn, by "row,column"."""
    in_flight = 0
    while waiting or in_flight:
        while waiting and in_flight < engine.capacity:
            engine.admit(waiting.pop(0))
            in_flight += 1
        result = engine.step()
        in_flight -= len(result.finished) + len(result.failed)
        yield from ((rendered.row_id, rendered) for rendered in result.finished)


def _requests(
    parts: Components, prompts: Sequence[str], count: int, seed: int, steps: int
) -> Iterator[RenderRequest]:
    defaults = parts.card.defaults
    width, height = parts.card.sizes_px[Aspect.SQUARE].finished
    for row, prompt in enumerate(prompts):
        for column in range(count):
            yield RenderRequest(
                row_id=f"{row},{column}",
                draw=Draw(
                    prompt=prompt,
                    negative=defaults.negative,
                    seed=seed + column,
                    steps=steps or defaults.steps,
                    guidance=defaults.guidance,
                    sampler=defaults.sampler,
                    width_px=width,
                    height_px=height,
                ),
            )


def _compose_sheet(prompts: Sequence[str], count: int, drawn: dict[str, Rendered]) -> Image.Image:
    pitch = _TILE_PX + _CAPTION_PX
    size = (count * _TILE_PX, len(prompts) * pitch)
    picture = Image.new("RGB", size, _BACKGROUND)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13)
    for row, prompt in enumerate(prompts):
        draw.text((6, row * pitch + 8), prompt, _TEXT, font=font)
        for column in range(count):
            rendered = drawn.get(f"{row},{column}")
            corner = (column * _TILE_PX, row * pitch + _CAPTION_PX)
            picture.paste(_FAILED_TILE if rendered is None else _tile(rendered), _box(corner))
    return picture


def _tile(rendered: Rendered) -> Image.Image:
    picture = Image.frombytes("RGB", (rendered.width_px, rendered.height_px), rendered.rgb)
    return picture.resize((_TILE_PX, _TILE_PX), Image.Resampling.LANCZOS)


def _box(corner: tuple[int, int]) -> tuple[int, int, int, int]:
    return (*corner, corner[0] + _TILE_PX, corner[1] + _TILE_PX)
