"""Stops a training before harm is done: for a bad loss, a full disk, or a user's request.

The trainer asks all of them. Must not know what is trained, or torch.
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
_REMEMBERED, _LEAST = 200, 100


class StoppedError(EngineError):
    """A person ended the training; its state is saved. The message says how to go on."""


class CutOffError(EngineError):
    """Work beside the step was interrupted, as by Ctrl-C, which a compiler receives too."""

    def __init__(self, reason: str, doing: str) -> None:
        """`doing` names the work, as in "the network was compiled"."""
        super().__init__(reason)
        self.doing = doing


class DivergedError(EngineError):
    """The loss or the gradients are not finite; the weights have not been touched."""


class SpikeError(EngineError):
    """The loss has jumped: what was learned is being lost."""


def require_numbers(step: int, loss: float, norm: float) -> None:
    """Raise DivergedError unless the loss and the gradients' norm of a step (from 1) are finite."""
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise DivergedError(f"step {step}: loss {loss}, gradient norm {norm}")


class Spikes:
    """Compares the newest losses with their usual value: the median of those before."""

    def __init__(self, factor: float, remembered: Iterable[float] = ()) -> None:
        """`factor` 0 accepts everything; `remembered` comes from a saved state."""
        self._factor = factor
        self._losses = deque(remembered, maxlen=_REMEMBERED)

    @property
    def remembered(self) -> list[float]:
        """The losses to save."""
        return list(self._losses)

    def see(self, step: int, loss: float) -> None:
        """Add a step's loss. Raises SpikeError if the newest are too many times the usual."""
        self._losses.append(loss)
        if not self._factor or len(self._losses) < _LEAST:
            return
        losses = list(self._losses)
        usual, now = statistics.median(losses[:-_NEWEST]), statistics.fmean(losses[-_NEWEST:])
        if now > self._factor * usual:
            raise SpikeError(
                f"step {step}: the loss of the last {_NEWEST} steps is {now:.4g}, "
                f"{now / usual:.1f} times its usual {usual:.4g}"
            )


class Room:
    """Whether a folder's disk has room for the states to be saved."""

    def __init__(self, folder: Path, state_bytes: int, elsewhere: str) -> None:
        """`elsewhere` is how people name another folder, such as "another `out`"."""
        self._folder, self._state_bytes, self._elsewhere = folder, state_bytes, elsewhere
        self._told = False

    def require(self, states: int, held_bytes: int = 0) -> None:
        """Raise EngineError unless `states` states fit, `held_bytes` of which exist already."""
        needed = states * self._state_bytes - held_bytes
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise EngineError(
                f"the saved states need {needed / 1e9:.1f} GB more and the disk of {self._folder} "
                f"has {free / 1e9:.1f} GB left; make room or name {self._elsewhere}."
            )

    def warning(self) -> str | None:
        """A line for people, once the room for the next state is gone."""
        free = shutil.disk_usage(self._folder).free
        short, told = free < self._state_bytes, self._told
        self._told = short
        if not short or told:
            return None
        return (
            f"the disk of {self._folder} has {free / 1e9:.1f} GB left and the next state needs "
            f"{self._state_bytes / 1e9:.1f} GB: make room before it is due"
        )


class Interruption:
    """Ctrl-C and SIGTERM ask for an end after the step; a second Ctrl-C ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, signal.Handlers] = {}

    def __enter__(self) -> Self:
        # Python lets only the main thread handle signals; elsewhere nobody presses Ctrl-C.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.signal(number, self._ask)
                self._before[number] = before  # type: ignore[assignment]  a handler or a constant
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listen_no_more()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self._listen_no_more()

    def _listen_no_more(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()
