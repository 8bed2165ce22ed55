"""A fake at the `Engine` seam: it draws noise instantly, so that a restart takes a second.

The harnesses name it by `ENGINE=tests.stages.fake_engine`. The noise depends on the seed, so the
same request draws the same picture here too. Certain words in a prompt cause trouble.
"""

from __future__ import annotations

import hashlib
import io
import random
import time
from pathlib import Path

from PIL import Image

from models.contract import (
    Aspect,
    Limits,
    ModelInfo,
    Rendered,
    RenderRequest,
    RowFailed,
    Sampler,
    Scores,
    StepReport,
    TickResult,
)

#: The time of one tick, which is long enough for a kill to hit a half-drawn picture.
STEP_S = 0.01
#: A prompt with this word always fails half-way.
POISON = "poison"
#: A prompt with this word becomes a picture of about three megabytes.
BILLBOARD = "billboard"
_BILLBOARD_PX = 1024

LICENCE = "Fake licence: for tests only."

INFO = ModelInfo(
    card_id="fake-1",
    name="Fake 1",
    sizes_px={
        Aspect.SQUARE: (64, 64),
        Aspect.PORTRAIT: (64, 96),
        Aspect.LANDSCAPE: (96, 64),
    },
    default_steps=6,
    default_guidance=7.0,
    default_sampler=Sampler.EULER_A,
    default_negative="",
    limits=Limits(),
    clip_skip_max=12,
    upscale_factor=4,
    licence_name="Fake licence",
    licence_text=LICENCE,
    licence_sha256=hashlib.sha256(LICENCE.encode()).hexdigest(),
)


def colour(seed: int) -> tuple[int, int, int]:
    """The colour of a seed's picture."""
    digest = hashlib.sha256(str(seed).encode()).digest()
    return digest[0], digest[1], digest[2]


class FakeEngine:
    """Implements `models.contract.Engine`."""

    def __init__(self, capacity: int, step_s: float = STEP_S) -> None:
        self._capacity = capacity
        self._step_s = step_s
        self._rows: dict[str, tuple[RenderRequest, int]] = {}

    @property
    def info(self) -> ModelInfo:
        return INFO

    @property
    def capacity(self) -> int:
        return self._capacity

    def admit(self, request: RenderRequest) -> None:
        if request.row_id in self._rows:
            raise ValueError(f"row {request.row_id} is in flight")
        assert (request.source_png is None) == (request.draw.source is None)
        self._rows[request.row_id] = (request, request.draw.first_step)

    def step(self) -> TickResult:
        time.sleep(self._step_s)
        reports: list[StepReport] = []
        finished: list[Rendered] = []
        failed: list[RowFailed] = []
        for row_id, (request, done) in list(self._rows.items()):
            step = done + 1
            self._rows[row_id] = (request, step)
            if POISON in request.draw.prompt and step * 2 >= request.draw.progress_steps:
                del self._rows[row_id]
                failed.append(RowFailed(row_id=row_id, reason="The picture came out as noise."))
                continue
            reports.append(_report(request, step))
            if step >= request.draw.progress_steps:
                del self._rows[row_id]
                finished.append(_picture(request))
        return TickResult(reports=tuple(reports), finished=tuple(finished), failed=tuple(failed))

    def evict(self, row_id: str) -> bool:
        return self._rows.pop(row_id, None) is not None

    def close(self) -> None:
        self._rows.clear()


def _report(request: RenderRequest, step: int) -> StepReport:
    preview = None
    if request.preview_every and step % request.preview_every == 0:
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16), colour(request.draw.seed)).save(buffer, "PNG")
        preview = buffer.getvalue()
    return StepReport(
        row_id=request.row_id, step=step, steps=request.draw.progress_steps, preview_png=preview
    )


def _picture(request: RenderRequest) -> Rendered:
    width_px, height_px = request.draw.width_px, request.draw.height_px
    if BILLBOARD in request.draw.prompt:
        width_px = height_px = _BILLBOARD_PX
    return Rendered(
        row_id=request.row_id,
        width_px=width_px,
        height_px=height_px,
        rgb=random.Random(request.draw.seed).randbytes(3 * width_px * height_px),
        batch_width=1,
    )


class FakeScorer:
    """Implements `models.contract.Scorer`: finds nothing wrong."""

    def score(self, rendered: Rendered) -> Scores:
        assert len(rendered.rgb) == 3 * rendered.width_px * rendered.height_px
        return Scores(values={"blank": 0.0})

    def score_preview(self, preview_png: bytes) -> Scores:
        assert preview_png.startswith(b"\x89PNG")
        return Scores()


def open_engine(
    model: str,
    *,
    device: str | None,
    threads: int | None,
    capacity: int | None,
    upscaler: Path | None,
) -> FakeEngine:
    """Has the signature of `models.engine.slots.open_engine`."""
    del model, device, threads, upscaler
    return FakeEngine(capacity or 4)


def open_scorer(model: str, *, tagger: str | None) -> FakeScorer:
    """Has the signature of `models.engine.safety.open_scorer`."""
    del model, tagger
    return FakeScorer()
