"""Which concepts a concept includes, and those that these include.

Called by `rulebook` and by `sides`. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Including(Protocol):
    """A concept, as far as it includes others."""

    @property
    def includes(self) -> tuple[str, ...]:
        """Concepts whose words are its words too."""
        ...


def closure(concept: str, concepts: Mapping[str, Including]) -> frozenset[str]:
    """A concept and all that it includes."""
    found: set[str] = set()
    waiting = [concept]
    while waiting:
        name = waiting.pop()
        if name not in found and name in concepts:
            found.add(name)
            waiting += concepts[name].includes
    return frozenset(found)
