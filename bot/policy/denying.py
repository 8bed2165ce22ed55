"""A side of an ask without the words that it denies right where they stand.

Called by `screening`, for rules that only say who may see something. Pure. It must not know which
rules.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from bot.policy.expressions import Side, Span
from bot.policy.terms import outside

#: Nobody denies more words than this: of more, all count.
_DENIED_MAX = 12


class Denying:
    """A side in which a denied word does not count: `no nudity`."""

    def __init__(self, side: Side, is_denied: Callable[[Span], bool]) -> None:
        self._side = side
        self._is_denied = is_denied

    @property
    def opposite(self) -> Side:
        """What is not wanted."""
        return self._side.opposite

    def spans(self, concept: str) -> Collection[Span]:
        """Where a concept's words stand."""
        spans = self._side.spans(concept)
        if len(spans) > _DENIED_MAX:
            return spans
        # Of `no naked woman` all is denied, so that `naked` is too.
        return outside(spans, {*filter(self._is_denied, spans)})

    def words_between(self, left: Span, right: Span) -> int:
        """How many words stand between two places."""
        return self._side.words_between(left, right)

    def texts_at(self, spans: Collection[Span]) -> list[str]:
        """The texts at these places, as they were written."""
        return self._side.texts_at(spans)
