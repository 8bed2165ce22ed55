"""What stops a training before harm is done: a loss that leaps, and a person who has had enough.

Any trainer may use this room. It must not know what is trained.
"""

from __future__ import annotations

import signal
import statistics
import threading
from collections import deque
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Self

from models.contract import EngineError

#: Losses of the newest steps that are held against those before them.
_NEWEST = 20
#: How many losses are remembered, and how many there must be before anything is called a leap.
_REMEMBERED, _LEAST = 200, 100


class SpikeError(EngineError):
    """The loss has leapt: what was learned is being lost."""


class Spikes:
    """Holds the newest losses against their usual: the median of those before."""

    def __init__(self, factor: float, remembered: Iterable[float] = ()) -> None:
        """`factor` 0 lets everything pass; `remembered` comes from a saved state."""
        self._factor = factor
        self._losses = deque(remembered, maxlen=_REMEMBERED)

    @property
    def remembered(self) -> list[float]:
        """The losses to be saved."""
        return list(self._losses)

    def see(self, step: int, loss: float) -> None:
        """Take in a step's loss. SpikeError if the newest are too many times their usual."""
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


class Interruption:
    """Ctrl-C and SIGTERM ask for an end after the step; a second Ctrl-C ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, signal.Handlers] = {}

    def __enter__(self) -> Self:
        # Python lets only the main thread listen; elsewhere nobody presses Ctrl-C.
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
