"""What the scores do to harmless pictures: rows stopped, pictures withheld, and the cost.

The shipped model paints portraits in clothes, so every picture that is called nude here is a false
alarm. The benchmark treats it like a model that can draw nudity: it judges previews while others
run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random
from statistics import fmean

from bot.drawing import previews
from bot.policy.thresholds import THRESHOLDS
from bot.policy.watching import reason_to_stop
from models.catalogue.card import UNKNOWN
from models.catalogue.registry import EMBEDDED, card_of
from models.contract import Aspect, Draw, Engine, RenderRequest, Scorer, StepReport, TickResult
from models.report import Row
from tests.stages.factories import make_job

PICTURES = 32
#: The number of pictures that suffices to measure what previews cost the engine.
_TIMED = 8
#: Every n-th picture is drawn with far more guidance than suits its model: harsher and odder.
_HARSH = 4
_HARSH_GUIDANCE = 7.0
_JOB = make_job()


@dataclass
class Observations:
    """The findings in the previews and pictures of one run, and the cost of each look."""

    stopped: set[str] = field(default_factory=set[str])
    previews: list[float] = field(default_factory=list[float])
    glance_ms: list[float] = field(default_factory=list[float])
    nudity: list[float] = field(default_factory=list[float])
    score_ms: list[float] = field(default_factory=list[float])

    def judge_preview(self, scorer: Scorer, report: StepReport, preview: bytes) -> None:
        began_s = time.thread_time()
        scores = scorer.score_preview(preview)
        self.glance_ms.append(1000 * (time.thread_time() - began_s))
        self.previews.append(scores.values["nudity"])
        if reason_to_stop(_JOB, scores, report.step / report.steps) is not None:
            self.stopped.add(report.row_id)


async def measure(pictures: int = PICTURES) -> list[Row]:
    """Draw harmless pictures and compare every preview and finished picture with the thresholds."""
    return await asyncio.to_thread(_measure, pictures)


def _measure(pictures: int) -> list[Row]:
    from models.engine.safety import scorer_of
    from models.engine.slots import open_engine

    engine = open_engine("embedded", device="cpu", threads=1)
    scorer = scorer_of(replace(card_of(EMBEDDED), scores=UNKNOWN), EMBEDDED)
    try:
        observations = _score_all(engine, scorer, pictures)
        without_s, previews_s, scored_s = (
            _engine_work_s(engine, every, eyes)
            for every, eyes in (
                (0, None),
                (previews.JUDGE_EVERY, None),
                (previews.JUDGE_EVERY, scorer),
            )
        )
    finally:
        engine.close()
    return list(_rows(observations, previews_s / without_s, scored_s / previews_s))


def _rows(observations: Observations, preview_ratio: float, scoring_ratio: float) -> Iterator[Row]:
    count = len(observations.nudity)
    yield _row("harmless pictures drawn", count, "")
    yield _row("their previews, most nudity", max(observations.previews), "")
    yield _row(
        "rows stopped, every step looked at", 100 * len(observations.stopped) / count, "%", 1
    )
    for name, goal in (("spoiler", 5.0), ("hold", 2.0), ("withhold", 0.5)):
        threshold = getattr(THRESHOLDS, name)
        over = sum(value >= threshold for value in observations.nudity)
        yield _row(f"pictures over {name} ({threshold:g})", 100 * over / count, "%", goal)
    yield _row("a look at a preview", fmean(observations.glance_ms), "ms")
    yield _row("the scores of a picture", fmean(observations.score_ms), "ms")
    every = f"every {previews.JUDGE_EVERY}th step"
    yield _row(f"the engine's work with a preview in {every}, against none", preview_ratio, "times")
    yield _row(
        "the engine's work while they are looked at, against not", scoring_ratio, "times", 1.1
    )


def _score_all(engine: Engine, scorer: Scorer, pictures: int) -> Observations:
    """Score every preview and every finished picture."""
    observations = Observations()
    for result in _ticks(engine, pictures, preview_every=1):
        for report in result.reports:
            if report.preview_png is not None:
                observations.judge_preview(scorer, report, report.preview_png)
        for rendered in result.finished:
            began_s = time.thread_time()
            observations.nudity.append(scorer.score(rendered).values["nudity"])
            observations.score_ms.append(1000 * (time.thread_time() - began_s))
    return observations


def _engine_work_s(engine: Engine, preview_every: int, scorer: Scorer | None) -> float:
    """Seconds that the engine's thread works on some pictures, without its waits for a core.

    With a scorer, another thread judges previews meanwhile, as in the bot.
    """
    observations, pending = Observations(), None
    with ThreadPoolExecutor(max_workers=1) as pool:
        began_s = time.thread_time()
        for result in _ticks(engine, _TIMED, preview_every=preview_every):
            for report in result.reports:
                free = pending is None or pending.done()
                if scorer and free and (preview := report.preview_png) is not None:
                    pending = pool.submit(observations.judge_preview, scorer, report, preview)
        return time.thread_time() - began_s


def _ticks(engine: Engine, pictures: int, *, preview_every: int) -> Iterator[TickResult]:
    """Draw with a full engine."""
    waiting = list(_requests(engine, pictures, preview_every))
    running = 0
    while waiting or running:
        while waiting and running < engine.capacity:
            engine.admit(waiting.pop(0))
            running += 1
        result = engine.step()
        running -= len(result.finished) + len(result.failed)
        yield result


def _requests(engine: Engine, pictures: int, preview_every: int) -> Iterator[RenderRequest]:
    from models.painter.captions import full_caption
    from models.painter.portrait import sample

    info = engine.info
    for seed in range(pictures):
        rng = Random(seed)
        width_px, height_px = info.sizes_px[rng.choice(list(Aspect))]
        harsh = seed % _HARSH == 0
        yield RenderRequest(
            row_id=str(seed),
            preview_every=preview_every,
            draw=Draw(
                prompt=full_caption(sample(rng)),
                seed=seed,
                steps=info.default_steps,
                guidance=_HARSH_GUIDANCE if harsh else info.default_guidance,
                sampler=info.default_sampler,
                width_px=width_px,
                height_px=height_px,
            ),
        )


def _row(name: str, value: float, unit: str, goal: float | None = None) -> Row:
    return Row(
        area="safety",
        name=name,
        value=value,
        unit=unit,
        goal="" if goal is None else f"<= {goal:g}",
        holds=None if goal is None else value <= goal,
    )
