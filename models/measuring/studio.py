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


class Sitting(Protocol):
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

    def pictures(self, sittings: Sequence[Sitting]) -> list[Image.Image]:
        """One picture for each sitting, in order. Raises EngineError if one cannot be drawn."""
        began = time.monotonic()
        requests = [self._request(str(i), sitting) for i, sitting in enumerate(sittings)]
        out: dict[str, Image.Image] = {}
        for row_id, outcome in draw_all(self._engine, requests):
            if isinstance(outcome, str):
                raise EngineError(f"a picture could not be drawn: {outcome}")
            size = (outcome.width_px, outcome.height_px)
            out[row_id] = Image.frombytes("RGB", size, outcome.rgb)
        self.seconds += time.monotonic() - began
        self.count += len(sittings)
        return [out[str(i)] for i in range(len(sittings))]

    def _request(self, row_id: str, sitting: Sitting) -> RenderRequest:
        info = self._engine.info
        width, height = info.sizes_px[sitting.aspect]
        return RenderRequest(
            row_id=row_id,
            draw=Draw(
                prompt=sitting.prompt,
                negative=", ".join(filter(None, (info.default_negative, sitting.negative))),
                seed=sitting.seed,
                steps=self._steps,
                guidance=self._guidance,
                sampler=info.default_sampler,
                width_px=width,
                height_px=height,
            ),
        )
