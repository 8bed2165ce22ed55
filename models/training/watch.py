"""Stops a training before harm is done: for a bad loss, a full disk, or a user's request.

The trainer uses all of them. Must not know what is trained, or torch.
"""

from __future__ import annotations

import math
import shutil
import signal
import statistics
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from models.contract import EngineError

#: How many of the newest losses are compared with those before them.
_NEWEST = 20
#: How many losses are remembered, and how many there must be before a spike can be reported.
_REMEMBERED, _LEAST_REMEMBERED = 200, 100


class StoppedError(EngineError):
    """A person ended the training; its state is saved. The message says how to go on."""


class CutOffError(EngineError):
    """Work beside the step was interrupted, as by Ctrl-C, which a compiler receives too."""

    def __init__(self, reason: str, work: str) -> None:
        """`work` says what was going on, as in "the network was compiled"."""
        super().__init__(reason)
        self.work = work


class DivergedError(EngineError):
    """The loss or the gradients are not finite; the weights have not been touched."""


class SpikeError(EngineError):
    """The loss has jumped: what was learned is being lost."""


def require_finite(step: int, loss: float, norm: float) -> None:
    """Raise DivergedError unless the loss and the gradients' norm of a step (from 1) are finite."""
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise DivergedError(f"step {step}: loss {loss}, gradient norm {norm}")


class SpikeDetector:
    """Compares the newest losses with their usual value: the median of those before."""

    def __init__(self, factor: float, remembered: Iterable[float] = ()) -> None:
        """`factor` 0 accepts everything; `remembered` comes from a saved state."""
        self._factor = factor
        self._losses = deque(remembered, maxlen=_REMEMBERED)

    @property
    def remembered(self) -> list[float]:
        """The losses to save."""
        return list(self._losses)

    def add(self, step: int, loss: float) -> None:
        """Add a step's loss. Raises SpikeError if the newest are `factor` times the usual."""
        self._losses.append(loss)
        if not self._factor or len(self._losses) < _LEAST_REMEMBERED:
            return
        losses = list(self._losses)
        usual_loss, newest_loss = (
            statistics.median(losses[:-_NEWEST]),
            statistics.fmean(losses[-_NEWEST:]),
        )
        if newest_loss > self._factor * usual_loss:
            raise SpikeError(
                f"step {step}: the loss of the last {_NEWEST} steps is {newest_loss:.4g}, "
                f"{newest_loss / usual_loss:.1f} times its usual {usual_loss:.4g}"
            )


class DiskSpace:
    """Whether a folder's disk has room for the states to be saved."""

    def __init__(self, folder: Path, state_bytes: int, other_folder: str) -> None:
        """`other_folder` is how people name another folder, such as "another `out`"."""
        self._folder, self._state_bytes, self._other_folder = folder, state_bytes, other_folder
        self._has_warned = False

    def require(self, states: int, existing_bytes: int = 0) -> None:
        """Raise EngineError unless `states` states fit, `existing_bytes` of which exist already."""
        needed = states * self._state_bytes - existing_bytes
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise EngineError(
                f"the saved states need {needed / 1e9:.1f} GB more and the disk of {self._folder} "
                f"has {free / 1e9:.1f} GB left; make room or name {self._other_folder}."
            )

    def warning(self) -> str | None:
        """A warning, given once, when there is no space for the next state; None otherwise."""
        free = shutil.disk_usage(self._folder).free
        is_short, has_warned = free < self._state_bytes, self._has_warned
        self._has_warned = is_short
        if not is_short or has_warned:
            return None
        return (
            f"the disk of {self._folder} has {free / 1e9:.1f} GB left and the next state needs "
            f"{self._state_bytes / 1e9:.1f} GB: make room before it is due"
        )


class Interruption:
    """Ctrl-C and SIGTERM request a stop after the step; a second Ctrl-C stops at once."""

    def __init__(self) -> None:
        self.requested = False
        self._previous_handlers: dict[int, signal.Handlers] = {}

    def __enter__(self) -> Self:
        # Python lets only the main thread handle signals; elsewhere nobody presses Ctrl-C.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                previous = signal.signal(number, self._handle_signal)
                self._previous_handlers[number] = previous  # type: ignore[assignment]  a handler or a constant
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore_handlers()

    def _handle_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        self._restore_handlers()

    def _restore_handlers(self) -> None:
        for number, previous in self._previous_handlers.items():
            signal.signal(number, previous)
        self._previous_handlers.clear()
