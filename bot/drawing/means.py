"""An exponential moving average of how long something takes."""

from __future__ import annotations

#: The factor by which earlier values lose weight at each new one; about the last twenty count.
_DECAY = 0.95


class Mean:
    """An exponential moving average; about the last twenty values count."""

    def __init__(self) -> None:
        self._sum = self._count = 0.0

    def add(self, value: float) -> None:
        """Add a value."""
        self._sum, self._count = self._sum * _DECAY + value, self._count * _DECAY + 1

    @property
    def value(self) -> float:
        """The average; 0 before the first value."""
        return self._sum / self._count if self._count else 0.0
