"""Seconds for a picture of the default model, by CPU threads and by rows that share a batch."""

from __future__ import annotations

import asyncio
import time

from models.contract import Aspect, Draw, Engine, RenderRequest
from models.report import Row

THREADS = (1, 2)
WIDTHS = (1, 2, 4, 8)
GOAL_S = 2.0


async def measure(widths: tuple[int, ...] = WIDTHS, repeats: int = 3) -> list[Row]:
    """Draw the default picture alone and in batches; the time includes decoding and upscaling.

    The best of `repeats` counts: other work on the machine can only slow a picture down.
    """
    return await asyncio.to_thread(_measure, widths, repeats)


def _measure(widths: tuple[int, ...], repeats: int) -> list[Row]:
    from models.engine.slots import open_engine

    rows: list[Row] = []
    for threads in THREADS:
        engine = open_engine("embedded", device="cpu", threads=threads, capacity=max(widths))
        _draw_s(engine, 1)
        for width in widths:
            seconds = min(_draw_s(engine, width) for _ in range(repeats)) / width
            goal = width == 1 and threads == max(THREADS)
            rows.append(
                Row(
                    area="pictures",
                    name=f"embedded model, CPU, {threads} threads, batch of {width}",
                    value=seconds,
                    unit="s/picture",
                    goal=f"<= {GOAL_S:g}" if goal else "",
                    holds=seconds <= GOAL_S if goal else None,
                )
            )
        engine.close()
    return rows


def _draw_s(engine: Engine, count: int) -> float:
    """Seconds until the last of `count` pictures that were asked for together is finished."""
    info = engine.info
    width_px, height_px = info.sizes_px[Aspect.SQUARE]
    for seed in range(count):
        engine.admit(
            RenderRequest(
                row_id=str(seed),
                draw=Draw(
                    prompt="1girl, blue hair, glasses, smile",
                    negative=info.default_negative,
                    seed=seed,
                    steps=info.default_steps,
                    guidance=info.default_guidance,
                    sampler=info.default_sampler,
                    width_px=width_px,
                    height_px=height_px,
                ),
            )
        )
    began_s = time.perf_counter()
    ended = 0
    while ended < count:
        result = engine.step()
        ended += len(result.finished) + len(result.failed)
    return time.perf_counter() - began_s
