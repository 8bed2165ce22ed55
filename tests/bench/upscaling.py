"""Seconds to enlarge a picture of the default model, and the loop's lag meanwhile.

As in the bot, the engine runs on its thread, beside a loop that must stay on time.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from bot.drawing.handle import LocalThread
from models.contract import Aspect, Draw, Engine, Rendered, RenderRequest
from models.report import Row, percentile
from tests.stages.fake_engine import open_scorer

SIZES_PX = (1024, 2048)
LAG_GOAL_MS = 50.0
_SAMPLE_EVERY_S = 0.005


async def measure(sizes_px: Sequence[int] = SIZES_PX, repeats: int = 3) -> list[Row]:
    """Enlarge one picture to each size; the best time of `repeats` counts, and every lag."""
    handle = LocalThread("embedded", _open_engine, lambda model: open_scorer(model, tagger=None))
    await handle.open()
    try:
        drawn, _, _ = await _time_request(handle, RenderRequest(row_id="drawn", draw=_draw(handle)))
        rows: list[Row] = []
        for side_px in sizes_px:
            large = replace(_draw(handle), width_px=side_px, height_px=side_px, enlarged=True)
            request = RenderRequest(row_id="large", draw=large, source_png=_png(drawn))
            rows += _rows(
                drawn, side_px, [await _time_request(handle, request) for _ in range(repeats)]
            )
        return rows
    finally:
        await handle.close()


def _open_engine(model: str) -> Engine:
    from models.engine.slots import open_engine

    return open_engine(model, device="cpu")


def _draw(handle: LocalThread) -> Draw:
    info = handle.info
    width_px, height_px = info.sizes_px[Aspect.SQUARE]
    return Draw(
        prompt="1girl, blue hair, glasses, smile",
        seed=1,
        steps=info.default_steps,
        guidance=info.default_guidance,
        sampler=info.default_sampler,
        width_px=width_px,
        height_px=height_px,
    )


async def _time_request(
    handle: LocalThread, request: RenderRequest
) -> tuple[Rendered, float, list[float]]:
    """The result, the seconds it took, and how late the loop was meanwhile."""
    late_ms: list[float] = []
    lag_watch = asyncio.create_task(_watch(late_ms))
    began_s = time.perf_counter()
    await handle.admit(request)
    while not (finished := (await handle.step()).finished):
        pass
    took_s = time.perf_counter() - began_s
    lag_watch.cancel()
    return finished[0], took_s, late_ms


async def _watch(late_ms: list[float]) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due_s = clock() + _SAMPLE_EVERY_S
        await asyncio.sleep(_SAMPLE_EVERY_S)
        late_ms.append(1000 * max(0.0, clock() - due_s))


def _png(picture: Rendered) -> bytes:
    file = io.BytesIO()
    size = (picture.width_px, picture.height_px)
    Image.frombytes("RGB", size, picture.rgb).save(file, "PNG")
    return file.getvalue()


def _rows(
    source: Rendered, side_px: int, timed: Sequence[tuple[Rendered, float, list[float]]]
) -> list[Row]:
    name = f"from {source.width_px} to {side_px:,} px a side"
    lag_ms = percentile([late for _, _, some in timed for late in some], 0.99)
    return [
        Row(area="upscaling", name=name, value=min(s for _, s, _ in timed), unit="s"),
        Row(
            area="upscaling",
            name=f"{name}, event-loop lag beside it, p99",
            value=lag_ms,
            unit="ms",
            goal=f"<= {LAG_GOAL_MS:g}",
            holds=lag_ms <= LAG_GOAL_MS,
        ),
    ]
