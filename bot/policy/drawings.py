"""Views of a text that need no dictionary: look-alike characters, and direction overrides.

Called by `views`. Pure. Must not know words or terms.
"""

# ruff: noqa: RUF001  letters that look alike are what this is about
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache

from bot.policy.expressions import Span
from bot.policy.folding import in_katakana
from bot.policy.windows import View, windows

#: Kanji and waves that look like katakana, beside kana.
_KANA = dict(zip("口二力夕八工卜千一〜\uff5e~―", "ロニカタハエトチーーーーー", strict=True))
_AS_KANA = str.maketrans(_KANA)
_KANA_LETTER = "\u3041-\u3096\u30a1-\u30fa\u30fc\uff66-\uff9d"
_LIKE_KANA = f"[{''.join(_KANA)}]"
#: Such characters beside kana, and several of them that are no part of a word in kanji; a sign or
#: a mark may stand between two letters.
_AMONG_KANA = re.compile(
    f"{_LIKE_KANA}++(?=\\W{{0,2}}[{_KANA_LETTER}])"
    f"|(?<=[{_KANA_LETTER}])\\W{{0,2}}{_LIKE_KANA}++"
    f"|(?<![\u3041-\u9fff])(?:{_LIKE_KANA}\\W?){{2,}}(?![\u3041-\u9fff])"
)
#: Where hiragana and katakana meet, and no particle stands between two words.
_PARTICLES = "をとがはにでものなやへ"
_MIXED_KANA = re.compile(
    f"[\u3041-\u3096](?<![{_PARTICLES}])\\W{{0,2}}[\u30a1-\u30fa]"
    f"|[\u30a1-\u30fa]\\W{{0,2}}(?![{_PARTICLES}])[\u3041-\u3096]"
)
#: Without any of these a text has no such view.
LIKE_KANA = frozenset(_KANA)
HIRAGANA = frozenset(map(chr, range(0x3041, 0x3097)))
_BRACKETS = {"(": 1, "[": 1, "{": 1, "<": 1, ")": -1, "]": -1, "}": -1, ">": -1}
#: What makes everything run from right to left, and up to where it does.
OVERRIDE = "\u202e"
_OVERRIDDEN = re.compile("\u202e([^\u202c\u202d\n]++)")
#: A bracket, or a bar that touches a letter or a digit.
_BAR = re.compile(r"[(\[{<)\]}>]|(?<=[^\W_])\||\|(?=[^\W_])")

_STRETCH = re.compile(r"[^\s,]+")
#: The fewest letters of an alphabet that place a word in it; and no alphabet.
_STRANGE_MIN = 2
_NONE: set[int] = set()
_REMEMBERED = 4096
_PLAIN = "abcdefghijklmnopqrstuvwxyz"
#: Signs that make a letter together.
_SIGNS = {
    "/\\/": "n", "|\\|": "n", "|\\/|": "m", "/\\": "a", "\\/": "v", "()": "o", "[]": "o", "|)": "d",
    "|<": "k", "|_|": "u", "|-|": "h", "|=": "f", "|3": "b", "\\/\\/": "w", "></": "x", "><": "x",
}  # fmt: skip
_ANY_SIGN = "|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True)))
_DRAWN = re.compile(f"(?:{_ANY_SIGN})(?=[A-Za-z]|{_ANY_SIGN})|(?<=[A-Za-z|/)\\]])(?:{_ANY_SIGN})")
#: A quick look for the same.
_DRAWN_SIGN = re.compile(r"[(\[|/\\>][)\]|/\\<_=3-]")
#: Letters that look like digits, and what may be a number of two with one of them.
_DIGITS = str.maketrans("OoОоlIіЗзSsBbZzб", "0000111335588226")
_DIGIT = re.compile("[0-7]")
_LIKE_NUMBER = re.compile(r"[1lIі](?:(?<=1)[OoОоЗзSsBbZzбlIі]|(?<!1)[0-7])(?=[^A-Za-z0-9]|y|$)")


def as_letters(source: str) -> Iterator[View]:
    """Signs that make a letter together, such as `()`, beside a letter or another of them."""
    if _DRAWN_SIGN.search(source):
        signs = [sign.span() for sign in _DRAWN.finditer(source)]
        yield from _with_replacements(source, signs, _SIGNS.__getitem__)


def as_digits(source: str) -> Iterator[View]:
    """Letters beside a digit as the digits that they look like: `1O years`."""
    if not _DIGIT.search(source):
        return
    numbers = (number.span() for number in _LIKE_NUMBER.finditer(source))
    if numbers_alone := [span for span in numbers if not source[span[0] - 1 : span[0]].isalnum()]:
        yield from _with_replacements(
            source, numbers_alone, lambda number: number.translate(_DIGITS)
        )


def _with_replacements(
    source: str, parts: Sequence[Span], drawn: Callable[[str], str]
) -> Iterator[View]:
    """The text with these parts replaced; each replacement stands where its part begins."""
    begins = dict(parts)
    for first, last in windows(source, parts):
        text: list[str] = []
        places: list[int] = []
        at = first
        while at < last:
            end = begins.get(at, at + 1)
            read = drawn(source[at:end]) if at in begins else source[at]
            text.append(read)
            places += range(at, end) if len(read) == end - at else [at] * len(read)
            at = end
        yield View("".join(text), places)


class Pictograms:
    """Pictograms that say a word."""

    def __init__(self, said: Mapping[str, str]) -> None:
        """`said`: for a word, the pictures that say it."""
        self._words = {
            picture: f" {word} " for word, pictures in said.items() for picture in pictures
        }
        self._sign = re.compile(f"[{''.join(self._words)}]")
        #: Without any of these a text has no such view.
        self.signs = frozenset(self._words)

    def of(self, source: str) -> Iterator[View]:
        """The text with the words for its pictures."""
        signs = [sign.span() for sign in self._sign.finditer(source)]
        yield from _with_replacements(source, signs, self._words.__getitem__)


class Alphabets:
    """Alphabets of letters of many scripts; words in them are read as their letters are drawn."""

    def __init__(self, alphabets: Sequence[str]) -> None:
        """Each is from a to z."""
        self._tables = [
            {char: plain for plain, char in zip(_PLAIN, drawn, strict=True) if not char.isascii()}
            for drawn in alphabets
        ]
        #: For a letter, the numbers of the alphabets that it is of.
        self._of: dict[str, set[int]] = {}
        for number, table in enumerate(self._tables):
            for char in table:
                self._of.setdefault(char, set()).add(number)
        #: Without any of these a text has no such view.
        self.signs = frozenset(self._of)
        self._alphabets_of = lru_cache(maxsize=_REMEMBERED)(self._common_alphabets)

    def of(self, source: str) -> Iterator[View]:
        """For each alphabet the text with the words in it read, if there are any."""
        words: dict[int, list[Span]] = {}
        for word in _STRETCH.finditer(source):
            for number in self._alphabets_of(word[0]):
                words.setdefault(number, []).append(word.span())
        for number, spans in sorted(words.items()):
            table = self._tables[number]
            for first, last in windows(source, spans):
                read = "".join(table.get(char, char) for char in source[first:last])
                yield View(read, range(first, last))

    def _common_alphabets(self, word: str) -> Collection[int]:
        """The alphabets that hold every letter of a word that is not plain, if two are not."""
        strange = [char for char in word if not char.isascii() and char.isalnum()]
        found = self._of.get(strange[0], _NONE) if len(strange) >= _STRANGE_MIN else _NONE
        for char in strange:
            found = found & self._of.get(char, _NONE) if found else found
        return found


def as_displayed(source: str) -> Iterator[View]:
    """Text with direction overrides, in the order in which it is displayed."""
    places = [*range(len(source))]
    parts = [part.span(1) for part in _OVERRIDDEN.finditer(source)]
    for start, end in parts:
        places[start:end] = reversed(places[start:end])
    for first, last in windows(source, parts):
        yield View("".join(source[at] for at in places[first:last]), places[first:last])


def bars_as_ones(source: str) -> Iterator[View]:
    """Bars outside brackets as ones, which they look like."""
    depth, seen, changed = 0, list(source), list[Span]()
    for sign in _BAR.finditer(source):
        at, deeper = sign.start(), _BRACKETS.get(sign[0], 0)
        depth = max(0, depth + deeper)
        if not deeper and depth == 0:
            seen[at] = "1"
            changed.append((at, at))
    for first, last in windows(source, changed):
        yield View("".join(seen[first:last]), range(first, last))


def as_kana(source: str) -> Iterator[View]:
    """Kanji and waves among kana as what they look like there."""
    signs = [drawn.span() for drawn in _AMONG_KANA.finditer(source)]
    seen = _AMONG_KANA.sub(lambda drawn: drawn[0].translate(_AS_KANA), source) if signs else source
    for first, last in windows(source, signs):
        yield View(seen[first:last], range(first, last))
    yield from in_one_kana(seen)


def in_one_kana(source: str) -> Iterator[View]:
    """All kana as of one kind, where the two are mixed.

    That kind is katakana, whose words end where others begin: `サセックスの` holds nothing in it.
    """
    mixed = [meet.span() for meet in _MIXED_KANA.finditer(source)]
    for first, last in windows(source, mixed):
        yield View(in_katakana(source[first:last]), range(first, last))
