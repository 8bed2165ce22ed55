"""A model under test: prompts go in, pictures come out.

Called by the `evaluate` and `gate` commands. Must not know what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from PIL import Image

from models.contract import Aspect, Draw, Engine, EngineError, RenderRequest
from models.engine.draw import draw_all, require_within_limits


class PictureRequest(Protocol):
    """One requested picture."""

    @property
    def prompt(self) -> str:
        """The prompt."""
        ...

    @property
    def negative(self) -> str:
        """The negative prompt, added to the model's default."""
        ...

    @property
    def seed(self) -> int:
        """The seed of its noise."""
        ...

    @property
    def aspect(self) -> Aspect:
        """Its framing."""
        ...


class Studio:
    """The model under test. Unspecified options come from its card."""

    def __init__(
        self, engine: Engine, *, steps: int | None = None, guidance: float | None = None
    ) -> None:
        """Raises EngineError if steps or guidance are outside the model's limits."""
        info = engine.info
        self._engine = engine
        self._steps = info.default_steps if steps is None else steps
        self._guidance = info.default_guidance if guidance is None else guidance
        require_within_limits(info, self._steps, self._guidance)
        self.seconds = 0.0
        self.count = 0

    def pictures(self, requests: Sequence[PictureRequest]) -> list[Image.Image]:
        """One picture for each request, in order. Raises EngineError if one cannot be drawn."""
        began = time.monotonic()
        render_requests = [self._request(str(i), request) for i, request in enumerate(requests)]
        by_row: dict[str, Image.Image] = {}
        for row_id, outcome in draw_all(self._engine, render_requests):
            if isinstance(outcome, str):
                raise EngineError(f"a picture could not be drawn: {outcome}")
            size = (outcome.width_px, outcome.height_px)
            by_row[row_id] = Image.frombytes("RGB", size, outcome.rgb)
        self.seconds += time.monotonic() - began
        self.count += len(requests)
        return [by_row[str(i)] for i in range(len(requests))]

    def _request(self, row_id: str, wanted: PictureRequest) -> RenderRequest:
        info = self._engine.info
        width, height = info.sizes_px[wanted.aspect]
        return RenderRequest(
            row_id=row_id,
            draw=Draw(
                prompt=wanted.prompt,
                negative=", ".join(filter(None, (info.default_negative, wanted.negative))),
                seed=wanted.seed,
                steps=self._steps,
                guidance=self._guidance,
                sampler=info.default_sampler,
                width_px=width,
                height_px=height,
            ),
        )
