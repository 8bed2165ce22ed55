"""A model that sits for its measuring: what is asked for goes in, pictures come out.

Called by the `evaluate` and `gate` commands. It must not know what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from PIL import Image

from models.contract import Aspect, Draw, Engine, EngineError, RenderRequest
from models.engine.draw import drawn, require_within


class Sitting(Protocol):
    """One picture to ask for."""

    @property
    def prompt(self) -> str:
        """What is wanted."""
        ...

    @property
    def negative(self) -> str:
        """What is not wanted, beside what the model never wants."""
        ...

    @property
    def seed(self) -> int:
        """What its noise comes from."""
        ...

    @property
    def aspect(self) -> Aspect:
        """Its framing."""
        ...


class Studio:
    """The model under test. Pictures are drawn by its card where nothing else is named."""

    def __init__(
        self, engine: Engine, *, steps: int | None = None, guidance: float | None = None
    ) -> None:
        """EngineError if the model does not take so many steps or that guidance."""
        info = engine.info
        self._engine = engine
        self._steps = info.default_steps if steps is None else steps
        self._guidance = info.default_guidance if guidance is None else guidance
        require_within(info, self._steps, self._guidance)
        self.seconds = 0.0
        self.count = 0

    def pictures(self, sittings: Sequence[Sitting]) -> list[Image.Image]:
        """One picture for each, in order. EngineError if one cannot be drawn."""
        began = time.monotonic()
        requests = [self._request(str(i), sitting) for i, sitting in enumerate(sittings)]
        out: dict[str, Image.Image] = {}
        for row_id, outcome in drawn(self._engine, requests):
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
