"""`SlotEngine`: rows at different steps share one UNet call, and join and leave between calls.

A tick gathers the rows that `batcher` chose, denoises them in one call, has `samplers` advance each
along its own schedule, and scatters them again; rows that end are decoded. A row's randomness comes
from its own generator on the CPU, so a row is the same whatever shares its batch. Runs on one
thread; called by the bot's worker and by `draw`. Must not know where requests come from, or any
sampler or family by name.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.contract import (
    EngineError,
    ModelInfo,
    Rendered,
    RenderRequest,
    RowFailed,
    StepReport,
    TickResult,
)
from models.engine import samplers
from models.engine.batcher import Batcher, RowKey
from models.engine.codec import Codec, NotFiniteError
from models.engine.denoiser import Conditions, Denoise, Denoiser, Levels
from models.engine.embedding import Embedding, stack
from models.engine.enlarging import Enlargement, Magnifier
from models.engine.loader import Components, load
from models.engine.samplers import Descent

log = logging.getLogger(__name__)

#: The default number of rows in flight; docs/engine.md has the measurements.
CAPACITY_CPU = 4
CAPACITY_GPU = 8

_NOT_FINITE = (
    "This picture did not come together. Try another seed, less guidance or less emphasis."
)
_NOT_ENLARGED = "The upscaler could not enlarge this picture, so it stays as it is."
_NO_MEMORY = "This picture needs more memory than the device has. Try a smaller size."


@dataclass(slots=True)
class _Row:
    """One picture in flight: its request, its progress, and its conditioning."""

    request: RenderRequest
    descent: Descent
    positive: Embedding
    negative: Embedding
    #: The latest predicted picture, (C, h, w), for previews.
    x0: Tensor | None = None
    #: The largest number of rows in any of its ticks, itself included.
    batch_width: int = 1

    @property
    def guided(self) -> bool:
        """Whether guidance changes anything; without it, a row takes half the work."""
        return self.request.draw.guidance != 1


class SlotEngine:
    """Implements `contract.Engine` on loaded components; see there for each method."""

    def __init__(self, parts: Components, capacity: int) -> None:
        self._parts = parts
        self._capacity = capacity
        self._rows: dict[str, _Row] = {}
        self._enlargements: dict[str, Enlargement] = {}
        self._batcher = Batcher(capacity)
        self._condition = parts.family.condition(parts.texts, parts.card.defaults.clip_skip)
        self._denoise: Denoise = Denoiser(
            parts.unet, parts.card.prediction, Levels(parts.schedule.train_sigmas, parts.device)
        )
        family = parts.family
        self._codec = Codec(parts.vae, parts.upscale, family.unscale, family.scale)

    @property
    def info(self) -> ModelInfo:
        """The model in use."""
        return self._parts.info

    @property
    def capacity(self) -> int:
        """How many rows may be in flight at once."""
        return self._capacity

    @torch.inference_mode()
    def admit(self, request: RenderRequest) -> None:
        """Take a row in; it joins the batch at the next tick.

        Raises ValueError if the id is in flight, the engine is full, or the size or the number of
        steps is impossible; OSError if the source is no picture.
        """
        if request.row_id in self._batcher:
            raise ValueError(f"row {request.row_id} is in flight already")
        if len(self._batcher) >= self._capacity:
            raise ValueError(f"the engine is full: {self._capacity} rows are in flight")
        if request.draw.enlarged:
            self._enlargements[request.row_id] = Enlargement.of(request, self._magnifier)
            self._batcher.add(request.row_id, RowKey(model=self.info.card_id, shape=()))
            return
        row = self._new_row(request)
        self._rows[request.row_id] = row
        self._batcher.add(request.row_id, self._key(row))

    @torch.inference_mode()
    def step(self) -> TickResult:
        """Advance the rows of one bucket by one UNet call, then hand over those that finished.

        Enlargements form a separate bucket, and each advances by one piece.
        """
        row_ids = self._batcher.next_tick()
        if not row_ids:
            return TickResult()
        if row_ids[0] in self._enlargements:
            return self._enlarge([self._enlargements[row_id] for row_id in row_ids])
        rows = [self._rows[row_id] for row_id in row_ids]
        descents = [row.descent for row in rows]
        x = torch.stack([descent.x for descent in descents])
        sigma = self._column(descent.sigma for descent in descents)
        try:
            x0 = self._denoise(x, sigma, self._conditions(rows))
        except torch.OutOfMemoryError:
            return self._handle_out_of_memory(rows)
        finite = samplers.advance(descents, x, x0).isfinite().flatten(1).all(1).tolist()
        for index, row in enumerate(rows):
            row.x0 = x0[index]
            row.batch_width = max(row.batch_width, len(rows))
        return self._collect_outcomes(rows, finite)

    def evict(self, row_id: str) -> bool:
        """Drop a row in flight; False if it is not here, or no longer."""
        for rows in (self._rows, self._enlargements):
            rows.pop(row_id, None)
        return self._batcher.remove(row_id)

    def close(self) -> None:
        """Free the model's memory; the engine cannot be used again."""
        self._rows.clear()
        self._enlargements.clear()
        for part in self._parts.networks:
            part.to("meta")
        if self._parts.device.type == "cuda":
            torch.cuda.empty_cache()

    def _new_row(self, request: RenderRequest) -> _Row:
        """The row at its first sigma: pure noise, or its source under some noise."""
        width, height = self._parts.card.native_px(request.draw.width_px, request.draw.height_px)
        png = request.source_png
        source = None if png is None else self._codec.encode(png, width, height)
        cell_px = self._parts.pixels_per_latent
        shape = (self._parts.latent_channels, height // cell_px, width // cell_px)
        descent = samplers.begin(
            request.draw.sampler,
            self._parts.schedule,
            request.draw.steps,
            shape=shape,
            seed=request.draw.seed,
            device=self._parts.device,
            source=source,
            first_step=request.draw.first_step,
        )
        positive, negative = self._condition(request.draw, (width, height))
        return _Row(request=request, descent=descent, positive=positive, negative=negative)

    @property
    def _magnifier(self) -> Magnifier:
        """The upscaler. Raises ValueError if there is none: callers check first."""
        if self._parts.magnifier is None:
            raise ValueError("the model has no upscaler")
        return self._parts.magnifier

    def _enlarge(self, rows: Sequence[Enlargement]) -> TickResult:
        """Enlarge one piece of each row; hand over the pictures that are complete."""
        reports: list[StepReport] = []
        finished: list[Rendered] = []
        failed: list[RowFailed] = []
        for row in rows:
            try:
                reports.append(row.advance(self._magnifier))
            except NotFiniteError:
                failed.append(RowFailed(row_id=row.request.row_id, reason=_NOT_ENLARGED))
            except torch.OutOfMemoryError:
                failed.append(RowFailed(row_id=row.request.row_id, reason=_NO_MEMORY))
            else:
                if row.pieces_done < row.request.draw.progress_steps:
                    continue
                finished.append(row.finish())
            self.evict(row.request.row_id)
        return TickResult(reports=tuple(reports), finished=tuple(finished), failed=tuple(failed))

    def _key(self, row: _Row) -> RowKey:
        shape = (*row.descent.x.shape, len(row.positive.tokens))
        return RowKey(model=self.info.card_id, shape=shape)

    def _conditions(self, rows: Sequence[_Row]) -> Conditions:
        positives = [row.positive for row in rows]
        negatives = [row.negative for row in rows if row.guided]
        return Conditions(
            embedding=stack([*positives, *negatives]),
            guidance=self._column(row.request.draw.guidance for row in rows),
            guided=tuple(row.guided for row in rows),
        )

    def _collect_outcomes(self, rows: Sequence[_Row], finite: Sequence[bool]) -> TickResult:
        """Sort the rows of a tick into failed, finished and running; report whole steps."""
        reports: list[StepReport] = []
        finished: list[Rendered] = []
        failed: list[RowFailed] = []
        for row, is_finite in zip(rows, finite, strict=True):
            outcome = self._finish(row) if row.descent.done else None
            if not is_finite:
                outcome = RowFailed(row_id=row.request.row_id, reason=_NOT_FINITE)
            match outcome:
                case None:
                    if row.descent.between_steps:
                        reports.append(self._report(row))
                    continue
                case Rendered():
                    reports.append(self._report(row))
                    finished.append(outcome)
                case RowFailed():
                    failed.append(outcome)
            self.evict(row.request.row_id)
        return TickResult(reports=tuple(reports), finished=tuple(finished), failed=tuple(failed))

    def _finish(self, row: _Row) -> Rendered | RowFailed:
        request = row.request
        try:
            rgb = self._codec.finish(row.descent.x, request.draw.width_px, request.draw.height_px)
        except NotFiniteError:
            return RowFailed(row_id=request.row_id, reason=_NOT_FINITE)
        except torch.OutOfMemoryError:
            return RowFailed(row_id=request.row_id, reason=_NO_MEMORY)
        return Rendered(
            row_id=request.row_id,
            width_px=request.draw.width_px,
            height_px=request.draw.height_px,
            rgb=rgb,
            batch_width=row.batch_width,
        )

    def _report(self, row: _Row) -> StepReport:
        request = row.request
        step = row.descent.step
        is_preview_due = request.preview_every > 0 and step % request.preview_every == 0
        preview = None
        if is_preview_due and not row.descent.done and row.x0 is not None:
            # A preview is optional: losing it must not cost the row.
            with suppress(torch.OutOfMemoryError):
                preview = self._codec.preview(row.x0)
        return StepReport(
            row_id=request.row_id, step=step, steps=request.draw.steps, preview_png=preview
        )

    def _handle_out_of_memory(self, rows: Sequence[_Row]) -> TickResult:
        """After a tick ran out of memory: halve the width, or fail a row that was alone.

        No row has changed, so the narrower ticks that follow draw the same pictures.
        """
        torch.cuda.empty_cache()
        if len(rows) > 1:
            self._batcher.width_max = len(rows) // 2
            log.warning("out of memory with %d rows, going on with %d", len(rows), len(rows) // 2)
            return TickResult()
        row_id = rows[0].request.row_id
        self.evict(row_id)
        return TickResult(failed=(RowFailed(row_id=row_id, reason=_NO_MEMORY),))

    def _column(self, values: Iterable[float]) -> Tensor:
        """Plain numbers as float32 (B,) on the device."""
        return torch.tensor(list(values), dtype=torch.float32, device=self._parts.device)


def open_engine(
    model: str,
    *,
    device: str | None = None,
    threads: int | None = None,
    capacity: int | None = None,
    upscaler: Path | None = None,
) -> SlotEngine:
    """Load a model into a new engine. EngineError says what is wrong and what to do.

    Call it on the thread that will step. `model` and `device` as in `loader.load`. `threads` is how
    many CPU cores torch may use; None leaves one to the event loop. `capacity` is how many rows may
    be in flight; None takes the best measured for the device. `upscaler` is a file for
    `upscaler_file`.
    """
    if capacity is not None and capacity < 1:
        raise EngineError("the engine needs room for one row at least.")
    torch.set_num_threads(threads or default_threads())
    parts = load(model, device=device, upscaler_path=upscaler)
    default_capacity = CAPACITY_CPU if parts.device.type == "cpu" else CAPACITY_GPU
    return SlotEngine(parts, capacity or default_capacity)


def default_threads() -> int:
    """All cores but one, which the event loop gets; at least one."""
    return max(1, (os.cpu_count() or 1) - 1)
