"""*Read*: the ways in which a model, or a person, may read what was typed.

Called by `screening`, after `folding`. Pure. Must not know terms or rules. Brackets, weights and
BREAK separate words or join them (`JOINT`), alternation and editing are read option by option,
digits and signs as the letters that they stand for. Every reading is as long as its text, so that
positions agree. Any text is read in one pass: no pattern here backtracks (`++`), so none is slow.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain, product
from typing import NamedTuple, TypeAlias

from bot.policy.expressions import Span
from bot.policy.folding import JOINT
from bot.policy.options import clusters, unclosed
from models.prompt import parse

_BRACKETS = "()[]{}<>|\\"
_ANY_BRACKET = re.compile(r"[()\[\]{}<>|\\:]")
#: The same as joints, for ASCII.
_JOINTS = bytes.maketrans(_BRACKETS.encode(), JOINT.encode() * len(_BRACKETS))
_NUMBER = r"[-+]?(?:\d++(?:\.\d*+)?|\.\d++)"
_WEIGHT = re.compile(rf":\s*+{_NUMBER}\s*+(?=[)\]}}>,]|$)")
_BREAK = re.compile(r"\bBREAK\b")
_BREAK_FOLDED = re.compile(r"(?<![^\W_])(?<=[\s_])break(?=[\s_])[\s_]*+")
_SPECIAL = re.compile(r"<\|[A-Za-z_]*+\|>")
_MINUS = re.compile(r":\s*+-")
_MINUS_BY = re.compile(rf":\s*+-{_NUMBER}\s*+\Z")
_ROUND = re.compile("[()]")
#: Characters of a weight, at most.
_WEIGHT_MAX = 16
#: Signs that the parser takes for more than text.
_GROUPING = re.compile(r"[\[{|]")

#: Digits and signs that stand for letters.
_LEET = {
    "0": "o", "1": "i", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b",
    "9": "g", "@": "a", "$": "s", "!": "i", "€": "e", "+": "t", "£": "l", "#": "h",
    "^": "a", "%": "x",
}  # fmt: skip
#: Those that may be one letter as well as another.
_AMBIGUOUS = {"1": "il", "!": "il", "6": "gb"}
_TWOFOLD = re.compile("[16!]")
_SIGNS = r"0-9@$!€£+#%^"
_SIGN = re.compile(f"[{_SIGNS}]")
_MIXED = re.compile(
    rf"(?<![a-z{_SIGNS}{JOINT}])(?:[a-z{JOINT}]++[{_SIGNS}]|[{_SIGNS}{JOINT}]++[a-z]|[0-9]++[@$!€£+#])"
    rf"[a-z{_SIGNS}{JOINT}]*+"
)
#: Counts, sizes and grades, in which a digit is one.
_COUNTED = re.compile(
    r"\d+(?:girls?|boys?|others?|koma|d|k|p|s|st|nd|rd|th|mm|cm|km|px|yo|fps|hz|am|pm)?|\d0?x"
    r"|[a-z](?!(\d)\1)[1-9]\d*|\d{2,}[+%]"
)
#: Letters one by one, with a digit among them: `l 0 l i`.
_SPELLED = re.compile(
    rf"(?<![a-z{_SIGNS}])[a-z{_SIGNS}](?:[^a-z{_SIGNS}]++[a-z{_SIGNS}](?![a-z{_SIGNS}])){{2,}}+"
)
#: How wide a lens is open.
_APERTURE = re.compile(r"f[ /]{1,3}\d{1,2}(?:\.\d)?")
#: A digit or a sign that stands alone: without one nothing is spelled so.
_LONE_SIGN = re.compile(f"(?<![a-z{_SIGNS}])[{_SIGNS}](?![a-z{_SIGNS}])")
#: Letters, digits and signs in a row.
_TOKEN = re.compile(f"[a-z{_SIGNS}{JOINT}]++")
#: The most adjacent twofold signs that are read in every combination.
_TWOFOLD_MAX = 4
#: Words at most this many characters apart are adjacent.
_CLOSE_CHARS = 3
#: Characters from a word that is spelled so within which a count or a number may be, too; and the
#: digits of such a number.
_COMPANY_CHARS, _NUMBER_DIGITS_MAX = 12, 4
#: Characters on either side of a place that are read with it.
_AROUND_CHARS = 32
#: Characters that all readings of a part have together, at most; and how many readings.
_READ_MAX = 6_000
#: For how many chunks of text it is remembered whether they hold letters in disguise.
_REMEMBERED = 1024


#: Brackets in a prompt that has negative weights.
_BRACKETS_MAX = 300


#: Whether letters are a word.
IsWord: TypeAlias = Callable[[str], bool]


class UnreadableError(Exception):
    """There are more ways to read it than anybody can look through."""


class Reading(NamedTuple):
    """One way to read a text, or a part of it."""

    text: str
    #: Where in the text it begins.
    start: int = 0
    #: Maps a part of another view of the text to the text itself.
    origin: Callable[[int, int], Span] | None = None

    def span_in_text(self, start: int, end: int) -> Span:
        """The span in the text that a part of this reading comes from."""
        first, last = self.start + start, self.start + end
        return self.origin(first, last) if self.origin else (first, last)


def negatively_weighted(opposite: str) -> str:
    """The parts with a negative weight: less of something unwanted is more of it.

    UnreadableError if there are more brackets around negative weights than anybody means.
    """
    if ":" not in opposite and "\uff1a" not in opposite:
        return ""
    narrow = opposite if opposite.isascii() else opposite.translate(_FULL_WIDTH)
    if not _MINUS.search(narrow):
        return ""
    if narrow.count("(") + narrow.count("[") > _BRACKETS_MAX:
        raise UnreadableError
    pieces = parse(narrow)
    read = "".join(piece.text if piece.weight < 0 else ", " for piece in pieces)
    return join_texts([read, *_negative_brackets(narrow)])


def _negative_brackets(narrow: str) -> Iterator[str]:
    """The text in brackets with a negative weight, as typed, where it has options inside."""
    opened: list[int] = []
    for bracket in _ROUND.finditer(narrow):
        at = bracket.start()
        if narrow[at] == "(":
            opened.append(at)
        elif opened and (minus := _MINUS_BY.search(narrow, max(opened[-1], at - _WEIGHT_MAX), at)):
            inside = narrow[opened.pop() + 1 : minus.start()]
            if _GROUPING.search(inside):
                yield inside
        elif opened:
            opened.pop()


#: Full-width brackets, signs and digits, as brackets, signs and digits.
_FULL_WIDTH = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}


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


def readings(folded: str, is_word: IsWord = bool) -> Iterator[Reading]:
    """The text as it stands, then each part of it that reads another way too.

    `is_word`: of several ways to read a sign, one that makes a word is read with what is beside it.
    UnreadableError if there are too many.
    """
    plain = without_brackets(folded)
    yield Reading(plain)
    budget = _READ_MAX
    ways = [_letter_readings(plain, 0, is_word)]
    if "break" in plain:
        ways.append(_without_folded_breaks(plain))
    if folded != plain:
        ways += [_open_as_c(folded, is_word), _option_readings(folded, is_word)]
    for reading in chain.from_iterable(ways):
        budget -= len(reading.text) + _AROUND_CHARS
        if budget < 0:
            raise UnreadableError
        yield reading


def without_brackets(folded: str) -> str:
    """Brackets and weights as joints."""
    if ":" in folded:
        folded = _WEIGHT.sub(lambda weight: JOINT * len(weight[0]), folded)
    if folded.isascii():
        return folded.encode().translate(_JOINTS).decode()
    for bracket in _BRACKETS:
        folded = folded.replace(bracket, JOINT)
    return folded


def each_without_brackets(folded: list[str]) -> list[str]:
    """The same for tens of thousands of terms, most of which have none."""
    if not _ANY_BRACKET.search("\n".join(folded)):
        return folded
    return [without_brackets(text) if _ANY_BRACKET.search(text) else text for text in folded]


def _option_readings(folded: str, is_word: IsWord) -> Iterator[Reading]:
    """Alternation and editing, option by option, each with its letters in every way."""
    for start, end, blanked in clusters(folded):
        first, last = window_around(folded, start, end)
        part = list(folded[first:last])
        for blank_start, blank_end in blanked:
            low, high = max(blank_start, first) - first, min(blank_end, last) - first
            part[low:high] = JOINT * max(0, high - low)
        plain = without_brackets("".join(part))
        yield Reading(plain, first)
        yield from _letter_readings(plain, first, is_word, (start - first, end - first))


def window_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The bounds of a part of the text with its surroundings; no word is cut in two."""
    first, last = max(0, start - _AROUND_CHARS), min(len(text), end + _AROUND_CHARS)
    while 0 < first < start and text[first - 1].isalnum():
        first += 1
    while end < last < len(text) and text[last].isalnum():
        last -= 1
    return first, last


def _without_folded_breaks(plain: str) -> Iterator[Reading]:
    """The text with every `break`, in any case, as a joint like BREAK."""
    if _BREAK_FOLDED.search(plain):
        yield Reading(_BREAK_FOLDED.sub(lambda found: JOINT * len(found[0]), plain))


def _open_as_c(folded: str, is_word: IsWord) -> Iterator[Reading]:
    """What stands around a bracket that nothing closes, with that as a c: `(hild`, but no link."""
    for opened, closed in ("()", "<>"):
        spots = [(at, at + 1) for at in unclosed(folded, opened, closed)]
        for first, last, inside in _regions(folded, spots, (0, len(folded))):
            read = list(folded[first:last])
            for at, _ in inside:
                read[at - first] = "c"
            plain = without_brackets("".join(read))
            yield Reading(plain, first)
            near = inside[0][0] - first, inside[-1][1] - first
            yield from _letter_readings(plain, first, is_word, near)


def _letter_readings(
    plain: str, start: int, is_word: IsWord, near: Span | None = None
) -> Iterator[Reading]:
    """The parts with digits and signs in which those may be letters; `near`: in and beside this."""
    spots = sorted(_disguised_spans(plain))
    if not spots:
        return
    near = near or (0, len(plain))
    for first, last, inside in _regions(plain, spots, near):
        yield from _spelled_out(plain, (first, last), inside, start, is_word)
    # Beside such a word a count or a number may be one as well: `my 3x, nud3`.
    wide = _with_neighbours(plain, spots)
    for first, last, inside in _regions(plain, wide, near) if len(wide) > len(spots) else ():
        yield next(_spelled_out(plain, (first, last), inside, start, is_word))


def _spelled_out(
    plain: str, part: Span, spots: list[Span], start: int, is_word: IsWord
) -> Iterator[Reading]:
    """A part of the text with the digits and signs in these places as letters, in every way."""
    first, last = part
    read = list(plain[first:last])
    for low, high in spots:
        signs = plain[low:high]
        read[low - first : high - first] = [_LEET.get(sign, sign) for sign in signs]
    groups = list(_twofold_groups(plain, spots, is_word))
    # Words far apart make no term together: all groups go through their ways at once.
    for number in range(max(len(ways) for _, ways in groups)):
        for places, ways in groups:
            for at, letter in zip(places, ways[number % len(ways)], strict=True):
                read[at - first] = letter
        yield Reading("".join(read), start + first)


def _twofold_groups(
    plain: str, spots: list[Span], is_word: IsWord
) -> Iterator[tuple[list[int], list[tuple[str, ...]]]]:
    """Twofold signs that are read in every combination: of words side by side, a few together."""
    places: list[int] = []
    ways: list[tuple[str, ...]] = [()]
    last = 0
    known: dict[str, tuple[list[int], list[tuple[str, ...]]]] = {}
    for start, end in spots:
        token = plain[start:end]
        if token not in known:
            known[token] = _ways_of_token(token, is_word)
        signs, here = known[token]
        if places and (start - last > _CLOSE_CHARS or len(places) + len(signs) > _TWOFOLD_MAX):
            yield places, ways
            places, ways = [], [()]
        places = places + [start + at for at in signs]
        ways = [(*before, *letters) for letters in here for before in ways]
        last = end
    yield places, ways


def _ways_of_token(token: str, is_word: IsWord) -> tuple[list[int], list[tuple[str, ...]]]:
    """The places of twofold signs in a token, and how to read them: words come first."""
    signs = [sign.start() for sign in _TWOFOLD.finditer(token)]
    ways = list(_combinations([token[at] for at in signs]))
    return signs, sorted(ways, key=lambda letters: not is_word(_letters_of(token, signs, letters)))


def _letters_of(token: str, signs: list[int], letters: tuple[str, ...]) -> str:
    """The letters of a token, with those for twofold signs."""
    read = dict(zip(signs, letters, strict=True))
    seen = (read.get(at) or _LEET.get(char, char) for at, char in enumerate(token))
    return "".join(char for char in seen if char.isalpha())


def _combinations(signs: list[str]) -> Iterator[tuple[str, ...]]:
    """How twofold signs may be read: every combination if they are few, else all alike."""
    letters = [_AMBIGUOUS[sign] for sign in signs]
    return product(*letters) if len(signs) <= _TWOFOLD_MAX else zip(*letters, strict=True)


def _regions(
    plain: str, disguised: list[Span], near: Span
) -> Iterator[tuple[int, int, list[Span]]]:
    """Parts of the text, each with the places in it where digits or signs may be letters."""
    spots: list[Span] = []
    low, high = near[0] - _CLOSE_CHARS, near[1] + _CLOSE_CHARS
    for spot in disguised:
        if spot[1] < low or spot[0] > high:
            continue
        if spots and spot[0] - spots[-1][1] > _AROUND_CHARS:
            yield *window_around(plain, spots[0][0], spots[-1][1]), spots
            spots = []
        spots.append(spot)
    if spots:
        yield *window_around(plain, spots[0][0], spots[-1][1]), spots


def _with_neighbours(plain: str, spots: list[Span]) -> list[Span]:
    """These places, and what has a digit or a sign close to one of them."""
    begins = [start for start, _ in spots]

    def is_near(token: re.Match[str]) -> bool:
        start, end = token.span()
        before = bisect_right(begins, end + _COMPANY_CHARS) - 1
        return before >= 0 and spots[before][1] + _COMPANY_CHARS >= start

    def is_free(token: re.Match[str]) -> bool:
        before = bisect_left(begins, token.end()) - 1
        return before < 0 or spots[before][1] <= token.start()

    tokens = (token for token in _TOKEN.finditer(plain) if _SIGN.search(token[0]))
    short = (
        token for token in tokens if not token[0].isdecimal() or len(token[0]) <= _NUMBER_DIGITS_MAX
    )
    return sorted([*spots, *(token.span() for token in short if is_near(token) and is_free(token))])


def _disguised_spans(plain: str) -> Iterator[tuple[int, int]]:
    """Where digits or signs may be letters."""
    if not _SIGN.search(plain):
        return
    chunks = set(_chunks_with_signs(plain))
    if any(map(_may_be_mixed, chunks)):
        yield from (mixed.span() for mixed in _MIXED.finditer(plain) if _is_mixed(mixed[0]))
    if any(map(_LONE_SIGN.search, chunks)):
        for spelled in _SPELLED.finditer(plain):
            if _APERTURE.fullmatch(spelled[0]):
                continue
            if any(c in _LEET for c in spelled[0]) and any(c.isalpha() for c in spelled[0]):
                yield spelled.span()


def _chunks_with_signs(plain: str) -> Iterator[str]:
    """The chunks between spaces that contain a digit or a sign."""
    end = 0
    while sign := _SIGN.search(plain, end):
        start = plain.rfind(" ", end, sign.start()) + 1 or end
        end = plain.find(" ", sign.start())
        if end < 0:
            end = len(plain)
        yield plain[start:end]


@lru_cache(maxsize=_REMEMBERED)
def _may_be_mixed(chunk: str) -> bool:
    """Whether some digits or signs in it may be letters."""
    return any(map(_is_mixed, _TOKEN.findall(chunk)))


def _is_mixed(token: str) -> bool:
    """Whether digits or signs in a token may be letters: it is neither a number nor a count."""
    word = token.replace(JOINT, "")
    return bool(_SIGN.search(word)) and not (word.isdecimal() or _COUNTED.fullmatch(word))


def join_texts(sources: Iterable[str]) -> str:
    """Join texts so that no word continues from one into the next."""
    return "\n".join(filter(None, sources))
