"""*Read*: the ways in which a model, or a person, would read what was typed.

Called by `screening`, after `folding`. Pure. It must not know terms or rules. Brackets, weights and
BREAK part words and hold them together (`JOINT`), alternation and editing are read option by
option, digits and signs as the letters that they stand for. Every reading is as long as the text
that it reads, so that a place in it is a place there. Whatever is typed is read in one pass: no
pattern here gives back what it took (`++`), so none is slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from bot.policy.folding import JOINT
from bot.policy.options import clusters
from models.prompt import parse

_JOINTS = str.maketrans(dict.fromkeys("()[]{}<>|\\", JOINT))
_NUMBER = r"[-+]?(?:\d++(?:\.\d*+)?|\.\d++)"
_WEIGHT = re.compile(rf":\s*+{_NUMBER}\s*+(?=[)\]}}>,]|$)")
_BREAK = re.compile(r"\bBREAK\b")
_SPECIAL = re.compile(r"<\|[A-Za-z_]*+\|>")
_LESS = re.compile(r":\s*+-")

#: Digits and signs that stand for letters.
_LEET = {
    "0": "o", "1": "i", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b",
    "9": "g", "@": "a", "$": "s", "!": "i", "€": "e", "|": "i", "+": "t", "£": "l",
}  # fmt: skip
#: Those that may be an l as well as an i.
_TWOFOLD = re.compile(r"[1!|]")
_SIGNS = r"0-9@$!€|£"
_MIXED = re.compile(rf"(?<![a-z{_SIGNS}])(?:[a-z]++[{_SIGNS}]|[{_SIGNS}]++[a-z])[a-z{_SIGNS}]*+")
#: Counts, sizes and grades, in which a digit is one.
_COUNTED = re.compile(
    r"\d+(?:girls?|boys?|others?|koma|d|k|p|s|st|nd|rd|th|x|mm|cm|km|px|yo|fps|hz|am|pm)?|[a-z]\d+"
)
#: Letters one by one, with a digit among them: `l 0 l i`.
_SPELLED = re.compile(
    rf"(?<![a-z{_SIGNS}])[a-z{_SIGNS}](?:[^a-z{_SIGNS}]++[a-z{_SIGNS}](?![a-z{_SIGNS}])){{2,}}+"
)
#: So many twofold signs of one word are read in every combination.
_TWOFOLD_MAX = 4
#: Characters on either side of a place that are read with it.
_AROUND = 32
#: Characters that all readings of a part have together, at most; and how many readings.
_READ_MAX = 40_000


class UnreadableError(Exception):
    """There are more ways to read it than anybody can look through."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text, or a part of it."""

    text: str
    #: Where in the text it begins.
    start: int = 0


def turned(opposite: str) -> str:
    """What the opposite prompt turns round: less of what is not wanted is more of it."""
    narrow = opposite.translate(_WIDE)
    if not _LESS.search(narrow):
        return ""
    pieces = parse(narrow)
    return "".join(piece.text if piece.weight < 0 else ", " for piece in pieces)


#: Full-width brackets, signs and digits, as brackets, signs and digits.
_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}


def without_breaks(source: str) -> str:
    """BREAK with the space around it as joints, and what a tokenizer would obey as space."""
    if "<|" in source:
        source = _SPECIAL.sub(lambda token: " " * len(token[0]), source)
    if "BREAK" not in source:
        return source
    parts = _BREAK.split(source)
    last = len(parts) - 1
    for at, part in enumerate(parts):
        left = part if at == 0 else JOINT * (len(part) - len(part.lstrip())) + part.lstrip()
        bare = left.rstrip()
        parts[at] = left if at == last else bare + JOINT * (len(left) - len(bare))
    return (JOINT * len("BREAK")).join(parts)


def readings(folded: str) -> Iterator[Reading]:
    """The text as it stands, then each part of it that reads another way too.

    UnreadableError if there are too many.
    """
    plain = without_brackets(folded)
    yield Reading(plain)
    budget = _READ_MAX
    for reading in (*_letters(plain, 0), *_optional(folded)):
        budget -= len(reading.text) + _AROUND
        if budget < 0:
            raise UnreadableError
        yield reading


def without_brackets(folded: str) -> str:
    """Brackets and weights as joints."""
    if ":" in folded:
        folded = _WEIGHT.sub(lambda weight: JOINT * len(weight[0]), folded)
    return folded.translate(_JOINTS)


def _optional(folded: str) -> Iterator[Reading]:
    """Alternation and editing, option by option, each with its letters in every way."""
    for start, end, blanked in clusters(folded):
        first, last = max(0, start - _AROUND), min(len(folded), end + _AROUND)
        part = list(folded[first:last])
        for blank_start, blank_end in blanked:
            low, high = max(blank_start, first) - first, min(blank_end, last) - first
            part[low:high] = JOINT * max(0, high - low)
        plain = without_brackets("".join(part))
        yield Reading(plain, first)
        yield from _letters(plain, first)


def _letters(plain: str, start: int) -> Iterator[Reading]:
    """The text with digits and signs as letters, if any may be one."""
    spots = list(_disguised(plain))
    if not spots:
        return
    read = list(plain)
    for low, high in spots:
        read[low:high] = [_LEET.get(sign, sign) for sign in plain[low:high]]
    as_i = "".join(read)
    yield Reading(as_i, start)
    twofold = [spot for spot in spots if _TWOFOLD.search(plain, *spot)]
    if not twofold:
        return
    for low, high in twofold:
        read[low:high] = ["l" if _TWOFOLD.match(c) else _LEET.get(c, c) for c in plain[low:high]]
    yield Reading("".join(read), start)
    for spot in twofold:
        yield from _twofold(plain, as_i, spot, start)


def _twofold(plain: str, as_i: str, spot: tuple[int, int], start: int) -> Iterator[Reading]:
    """One word whose signs are an i here and an l there."""
    signs = [m.start() for m in _TWOFOLD.finditer(plain, *spot)][:_TWOFOLD_MAX]
    first, last = max(0, spot[0] - _AROUND), spot[1] + _AROUND
    for letters in product("il", repeat=len(signs)):
        if len(set(letters)) == 2:
            read = list(as_i)
            for at, letter in zip(signs, letters, strict=True):
                read[at] = letter
            yield Reading("".join(read[first:last]), start + first)


def _disguised(plain: str) -> Iterator[tuple[int, int]]:
    """Where digits or signs may be letters."""
    for mixed in _MIXED.finditer(plain):
        if not _COUNTED.fullmatch(mixed[0]):
            yield mixed.span()
    for spelled in _SPELLED.finditer(plain):
        if any(c in _LEET for c in spelled[0]) and any(c.isalpha() for c in spelled[0]):
            yield spelled.span()


def joined(sources: Iterable[str]) -> str:
    """Several texts as one in which no word goes on from one into the next."""
    return "\n".join(source for source in sources if source)
