"""A side of an ask without what a server's allowed phrases take from it.

Called by `screening`, for rules that a server can lower. Pure. It must not know which rules.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bot.policy.expressions import Side, Span
from bot.policy.sides import TextSide
from bot.policy.terms import outside


class Allowing:
    """A side in which what stands in an allowed phrase does not count."""

    def __init__(self, side: TextSide) -> None:
        self._side = side
        self._shields = all_spans(side.found.allowed)

    @property
    def opposite(self) -> Side:
        """What is not wanted."""
        return self._side.opposite

    def spans(self, concept: str) -> Collection[Span]:
        """Where a concept's words stand."""
        return outside(self._side.spans(concept), self._shields)

    def words_between(self, left: Span, right: Span) -> int:
        """How many words stand between two places."""
        return self._side.words_between(left, right)

    def texts_at(self, spans: Collection[Span]) -> list[str]:
        """The texts at these places, as they were written."""
        return self._side.texts_at(spans)


def all_spans(spans: Mapping[str, set[Span]]) -> set[Span]:
    """All the places of several terms."""
    return {span for places in spans.values() for span in places}
