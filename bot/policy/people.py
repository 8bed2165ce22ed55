"""Names of people by their shape: a given name beside a family name.

Called by `screening` for the concepts `names` and `first-names`. Pure. Famous people are words of a
concept, as are characters of fiction, whose names are no people's: `screening` takes those out. A
word of the language is a family name only where the pair stands alone, and never a given name
beside another such word: "Rose Hill" may be a place, "jade green" is a colour.
"""

from __future__ import annotations

import re

from bot.policy.expressions import Span
from bot.policy.rulebook import Lexicon

_WORD = re.compile(r"[^\W\d_]++")
_BETWEEN = re.compile(r"[ _\x01-]{1,3}")
#: What may follow a name in the same breath.
_AFTER = re.compile(
    r"[\s\x01]*+(?:$|[^\w\s]|(?:in|at|as|on|by|is|with|wearing|naked|nude|topless|and|from|who|sitting|"
    r"standing|walking|smiling|posing|holding|looking|lying|having|doing|photo|portrait)\b)"
)
#: Letters that a name has at least.
_LONG = 3
#: Colours and the like: `emma brown hair` has no family name.
_NEVER = frozenset({
    "black", "white", "brown", "green", "gray", "grey", "blue", "red", "gold", "golden", "silver",
    "pink", "rose", "violet", "blonde", "short", "long", "dark", "light", "hair", "eyes", "summer",
    "winter", "spring", "autumn", "north", "south", "west", "east", "king", "queen",
})  # fmt: skip


class Names:
    """Finds names; made once for a rulebook."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._ordinary = lexicon.ordinary
        self.given = lexicon.given_names
        self._family = lexicon.surnames
        self._clear = lexicon.given_names - lexicon.ordinary

    def find(self, text: str) -> list[Span]:
        """Where a given and a family name stand side by side in a folded text."""
        found: list[Span] = []
        before: re.Match[str] | None = None
        for word in _WORD.finditer(text):
            if before and before[0] in self.given and self._is_name(text, before, word):
                found.append((before.start(), word.end()))
            before = word
        return found

    def first_names(self, text: str) -> list[Span]:
        """Where a word stands that is a given name and no word of the language."""
        return [w.span() for w in _WORD.finditer(text) if w[0] in self._clear and len(w[0]) > _LONG]

    def _is_name(self, text: str, given: re.Match[str], family: re.Match[str]) -> bool:
        if family[0] not in self._family or not _BETWEEN.fullmatch(
            text, given.end(), family.start()
        ):
            return False
        if len(given[0]) < _LONG or len(family[0]) < _LONG:
            return False
        if family[0] not in self._ordinary:
            return True
        stands_alone = _AFTER.match(text, family.end()) is not None
        return given[0] in self._clear and family[0] not in _NEVER and stands_alone
