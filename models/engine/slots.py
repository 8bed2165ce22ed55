"""`SlotEngine`: rows at different steps share one UNet call, and join and leave between calls.

A tick gathers the rows that `batcher` chose, denoises them in one call, takes each one step along
its own schedule and scatters them again; rows that end are decoded. Everything random about a row
comes from its own generator, on the CPU, so a row is the same whoever shares its batch. Runs on
one thread; called by the bot's worker and by `draw`. It must not know where requests come from.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import torch
from torch import Tensor

from models.contract import (
    EngineError,
    ModelInfo,
    Rendered,
    RenderRequest,
    RowFailed,
    Sampler,
    StepReport,
    TickResult,
)
from models.engine import samplers
from models.engine.batcher import Batcher
from models.engine.codec import Codec, NotFiniteError
from models.engine.conditioning import Conditioner
from models.engine.denoiser import Conditions, Denoise, Denoiser, Levels
from models.engine.loader import Components, load

logger = logging.getLogger(__name__)

#: Rows in flight where nothing is set: see docs/engine.md for the measurements behind it.
CAPACITY_CPU = 4
CAPACITY_GPU = 8

_NOT_FINITE = (
    "The numbers of this picture ran off. Try another seed, less guidance or less emphasis."
)
_NO_MEMORY = "This picture needs more memory than the device has. Try a smaller size."


@dataclass(slots=True)
class _Row:
    """One picture in flight. `step` steps are done, so `x` (C, h, w) is at `sigmas[step]`."""

    request: RenderRequest
    sigmas: tuple[float, ...]
    generator: torch.Generator
    x: Tensor
    positive: Tensor
    negative: Tensor
    step: int = 0
    #: The x0 of the step before, for the multistep sampler.
    x0_before: Tensor | None = None
    #: The most rows it ever shared a tick with, itself included.
    batch_width: int = 1

    @property
    def guided(self) -> bool:
        """False where guidance would change nothing and half the work can be saved."""
        return self.request.draw.guidance != 1

    @property
    def done(self) -> bool:
        return self.step == self.request.draw.steps

    def noise(self) -> Tensor:
        """Unit noise of the row's shape, the next draw of its own generator."""
        return torch.randn(self.x.shape, generator=self.generator).to(self.x.device)


class SlotEngine:
    """Implements `contract.Engine` over loaded components; see there for each method."""

    def __init__(self, parts: Components, capacity: int) -> None:
        self._parts = parts
        self._capacity = capacity
        self._rows: dict[str, _Row] = {}
        self._batcher = Batcher(capacity)
        self._conditioner = Conditioner(
            parts.tokenizer, parts.text_encoder, parts.card.defaults.clip_skip
        )
        self._denoise: Denoise = Denoiser(
            parts.unet, parts.card.prediction, Levels(parts.schedule.train_sigmas, parts.device)
        )
        self._codec = Codec(parts.vae, parts.upscale)

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

        ValueError if the id is in flight, the engine is full, or size or steps make no picture.
        """
        if request.row_id in self._rows:
            raise ValueError(f"row {request.row_id} is in flight already")
        if len(self._rows) >= self._capacity:
            raise ValueError(f"the engine is full: {self._capacity} rows are in flight")
        row = self._begin(request)
        self._rows[request.row_id] = row
        self._batcher.add(request.row_id, (*row.x.shape, len(row.positive)))

    @torch.inference_mode()
    def step(self) -> TickResult:
        """Advance the rows of one bucket by one step: one UNet call, then what it finished."""
        rows = [self._rows[row_id] for row_id in self._batcher.next_tick()]
        if not rows:
            return TickResult()
        x = torch.stack([row.x for row in rows])
        sigma = self._column(row.sigmas[row.step] for row in rows)
        try:
            x0 = self._denoise(x, sigma, self._conditions(rows))
        except torch.OutOfMemoryError:
            return self._yield_memory(rows)
        sigma_next = self._column(row.sigmas[row.step + 1] for row in rows)
        x_next = self._updated(rows, x, x0, sigma, sigma_next)
        finite = x_next.isfinite().flatten(1).all(1).tolist()
        for index, row in enumerate(rows):
            row.x, row.x0_before = x_next[index], x0[index]
            row.step += 1
            row.batch_width = max(row.batch_width, len(rows))
        return self._outcome(rows, finite)

    def evict(self, row_id: str) -> bool:
        """Drop a row in flight; False if it is not here (any more)."""
        self._batcher.remove(row_id)
        return self._rows.pop(row_id, None) is not None

    def close(self) -> None:
        """Free the model's memory; the engine is not used again."""
        self._rows.clear()
        for part in (self._parts.unet, self._parts.vae, self._parts.text_encoder):
            part.to("meta")
        if self._parts.device.type == "cuda":
            torch.cuda.empty_cache()

    def _begin(self, request: RenderRequest) -> _Row:
        """The row at its first sigma: all noise."""
        width, height = self._parts.card.native_px(request.draw.width_px, request.draw.height_px)
        cell = self._parts.pixels_per_latent
        shape = (self._parts.latent_channels, height // cell, width // cell)
        sigmas = self._parts.schedule.sigmas(request.draw.steps, request.draw.sampler)
        positive, negative = self._conditioner.pair(
            request.draw.prompt, request.draw.negative, request.draw.clip_skip
        )
        generator = torch.Generator("cpu").manual_seed(request.draw.seed)
        noise = torch.randn(shape, generator=generator)
        return _Row(
            request=request,
            sigmas=sigmas,
            generator=generator,
            x=samplers.start(noise, sigmas[0]).to(self._parts.device),
            positive=positive,
            negative=negative,
        )

    def _conditions(self, rows: Sequence[_Row]) -> Conditions:
        guided = [row for row in rows if row.guided]
        positive = torch.stack([row.positive for row in rows])
        negative = [row.negative for row in guided]
        return Conditions(
            positive=positive,
            negative=torch.stack(negative) if negative else positive[:0],
            guidance=self._column(row.request.draw.guidance for row in rows),
            guided=tuple(row.guided for row in rows),
        )

    def _updated(
        self, rows: Sequence[_Row], x: Tensor, x0: Tensor, sigma: Tensor, sigma_next: Tensor
    ) -> Tensor:
        """The rows' x (B, C, h, w) after the step, each by its own sampler."""
        result = torch.empty_like(x)
        for kind in {row.request.draw.sampler for row in rows}:
            at = [index for index, row in enumerate(rows) if row.request.draw.sampler is kind]
            state = (x[at], x0[at], sigma[at], sigma_next[at])
            result[at] = self._rule([rows[index] for index in at], kind, state)
        return result

    def _rule(
        self, rows: Sequence[_Row], kind: Sampler, state: tuple[Tensor, Tensor, Tensor, Tensor]
    ) -> Tensor:
        """One sampler's update with what its rows remember; state: x, x0, sigma, sigma_next."""
        if kind is Sampler.EULER:
            return samplers.euler_step(*state)
        if kind is Sampler.EULER_A:
            noise = torch.stack([row.noise() for row in rows])
            return samplers.euler_ancestral_step(*state, noise)
        x0 = state[1]
        before = [x0[i] if row.x0_before is None else row.x0_before for i, row in enumerate(rows)]
        levels = (row.sigmas[row.step - 1] if row.step else float("inf") for row in rows)
        return samplers.dpmpp_2m_step(
            *state, x0_before=torch.stack(before), sigma_before=self._column(levels)
        )

    def _outcome(self, rows: Sequence[_Row], finite: Sequence[bool]) -> TickResult:
        """Sort the rows of a tick into those that failed, ended and go on."""
        reports: list[StepReport] = []
        finished: list[Rendered] = []
        failed: list[RowFailed] = []
        for row, sound in zip(rows, finite, strict=True):
            ended = self._finish(row) if row.done else None
            if not sound:
                ended = RowFailed(row_id=row.request.row_id, reason=_NOT_FINITE)
            match ended:
                case None:
                    reports.append(self._report(row))
                    continue
                case Rendered():
                    reports.append(self._report(row))
                    finished.append(ended)
                case RowFailed():
                    failed.append(ended)
            self.evict(row.request.row_id)
        return TickResult(reports=tuple(reports), finished=tuple(finished), failed=tuple(failed))

    def _finish(self, row: _Row) -> Rendered | RowFailed:
        request = row.request
        try:
            rgb = self._codec.finish(row.x, request.draw.width_px, request.draw.height_px)
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
        wanted = request.preview_every > 0 and row.step % request.preview_every == 0
        preview = None
        if wanted and not row.done and row.x0_before is not None:
            # A preview is a courtesy: it may be missing, it may not cost the row.
            with suppress(torch.OutOfMemoryError):
                preview = self._codec.preview(row.x0_before)
        return StepReport(
            row_id=request.row_id, step=row.step, steps=request.draw.steps, preview_png=preview
        )

    def _yield_memory(self, rows: Sequence[_Row]) -> TickResult:
        """After a tick that did not fit: halve the width, or give up a row that fails alone.

        No row has changed, so the narrower ticks that follow draw the same pictures.
        """
        torch.cuda.empty_cache()
        if len(rows) > 1:
            self._batcher.width_max = len(rows) // 2
            logger.warning(
                "out of memory with %d rows, going on with %d", len(rows), len(rows) // 2
            )
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
) -> SlotEngine:
    """Load a model and make an engine of it. EngineError says what is wrong and what to do.

    Call it on the thread that will step. `model` and `device` as in `loader.load`. `threads` is how
    many CPU cores torch may use; None leaves one to the event loop. `capacity` is how many rows may
    be in flight; None takes what was measured best for the device.
    """
    if capacity is not None and capacity < 1:
        raise EngineError("the engine needs room for one row at least.")
    torch.set_num_threads(threads or default_threads())
    parts = load(model, device=device)
    usual = CAPACITY_CPU if parts.device.type == "cpu" else CAPACITY_GPU
    return SlotEngine(parts, capacity or usual)


def default_threads() -> int:
    """All cores but one, which is the event loop's; at least one."""
    return max(1, (os.cpu_count() or 1) - 1)
