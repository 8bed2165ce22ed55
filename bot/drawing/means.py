"""A mean that forgets: what something takes, by the latest times it was seen."""

from __future__ import annotations

#: How much of the past is kept at each value; about the last twenty count.
_KEEP = 0.95


class Mean:
    """A mean of which about the last twenty values count."""

    def __init__(self) -> None:
        self._sum = self._count = 0.0

    def add(self, value: float) -> None:
        """One more value."""
        self._sum, self._count = self._sum * _KEEP + value, self._count * _KEEP + 1

    @property
    def value(self) -> float:
        """0 before the first."""
        return self._sum / self._count if self._count else 0.0
