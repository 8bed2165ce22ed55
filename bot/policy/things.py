"""Whether what is called bare is a thing: `a naked oak`, `nude pumps`, `a gutted old warehouse`.

Called by `sides` for the words of a concept. Pure. Must not know rules. Applies only where nobody
on the floor can be meant, and only right before the thing, with at most a little word in between.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.policy.expressions import Span
from bot.policy.rulebook import AGES, LONE_NUMBERS, NAMES

#: Words that are said of things as well.
_BARE = frozenset({
    "naked", "nude", "topless", "bottomless", "undressed", "unclothed", "gutted",
})  # fmt: skip
#: Beside a word of one of these concepts, a bare word is never said of a thing.
PERSON_CONCEPTS = frozenset({
    "minors", "youth", "offspring", "famous", "people-words", "names", "titles", AGES,
    LONE_NUMBERS,
    "coercion", "drugging",
})  # fmt: skip
#: Nor where a word of the first set and one of the second stand.
PERSON_PAIRS = (frozenset({"people-jobs", "photographs"}), NAMES - PERSON_CONCEPTS)
#: What stands before, and the thing behind.
_BEFORE = re.compile(
    r"(?:\A|\b(?:an?|the|and|or|of|with|on|in|by|from|under|over|two|three|some|its|his|her"
    r"|their)) *\Z"
)
_BEHIND = re.compile(
    r"[ -](?:(?:old|ancient|abandoned|burnt|burned|dead|dry|tall|wooden|empty|ruined|rusty) )?"
    r"([a-z]+)\b"
)
#: How many characters before the word are looked at.
_BEFORE_CHARS = 8


class Things:
    """Knows things by their names; made once for a rulebook."""

    def __init__(self, things: Collection[str]) -> None:
        self._things = things

    def is_bare_thing(self, text: str, span: Span) -> bool:
        """Whether the word that stands there in a folded text is said of a thing."""
        start, end = span
        if text[start:end] not in _BARE:
            return False
        behind = _BEHIND.match(text, end)
        if behind is None or behind[1] not in self._things:
            return False
        return _BEFORE.search(text, max(0, start - _BEFORE_CHARS), start) is not None
