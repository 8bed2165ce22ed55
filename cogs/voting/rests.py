"""Pauses that grow: who is to be left alone until when, on the loop's clock.

The wall clock may jump and is not asked. Nothing is kept beyond the process: after a start, and
after an outage, everybody may be tried at once.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

Key = TypeVar("Key")


class Rests(Generic[Key]):
    """Each failure in a row doubles the pause of its key, up to the longest one."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        #: The latest pause of each key, and when it ends.
        self._rests: dict[Key, tuple[float, float]] = {}

    def tire(self, key: Key) -> None:
        """It failed: it rests, twice as long as last time."""
        last_s, _ = self._rests.get(key, (self._first_s / 2, 0.0))
        pause_s = min(last_s * 2, self._longest_s)
        self._rests[key] = (pause_s, _now_s() + pause_s)

    def recover(self, key: Key) -> None:
        """It went well: its next pause is the first again."""
        self._rests.pop(key, None)

    def resting(self) -> set[Key]:
        """Whose rest has not ended."""
        now_s = _now_s()
        # What was not tried again for long is done or gone, and need not be remembered.
        self._rests = {
            key: (pause_s, end_s)
            for key, (pause_s, end_s) in self._rests.items()
            if end_s + self._longest_s > now_s
        }
        return {key for key, (_, end_s) in self._rests.items() if end_s > now_s}

    def next_end_s(self) -> float | None:
        """Seconds until the first rest ends; None if nobody rests."""
        now_s = _now_s()
        ends_s = [end_s for _, end_s in self._rests.values() if end_s > now_s]
        return min(ends_s) - now_s if ends_s else None

    def clear(self) -> None:
        """Nobody rests any longer."""
        self._rests.clear()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
