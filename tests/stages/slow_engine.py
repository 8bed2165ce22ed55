"""An engine whose model loads for longer than any test waits, like a huge download."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NoReturn

LOAD_S = 120.0


def open_engine(
    model: str,
    *,
    device: str | None,
    threads: int | None,
    capacity: int | None,
    upscaler: Path | None,
) -> NoReturn:
    """Has the signature of `models.engine.slots.open_engine`."""
    del model, device, threads, capacity, upscaler
    time.sleep(LOAD_S)
    raise AssertionError("no test waits this long")


def open_scorer(model: str, *, tagger: str | None) -> NoReturn:
    """Has the signature of `models.engine.safety.open_scorer`."""
    raise AssertionError(model, tagger)
