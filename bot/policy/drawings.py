"""Views for which a text needs no dictionary: signs that are drawn like others, and overrides.

Called by `views`. Pure. It must not know words or terms.
"""

# ruff: noqa: RUF001  letters that look alike are what this is about
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.policy.expressions import Span
from bot.policy.folding import in_katakana
from bot.policy.windows import View, windows

#: Kanji and waves that look like katakana, beside kana.
_KANA = dict(zip("口二力夕八工卜千一〜\uff5e~―", "ロニカタハエトチーーーーー", strict=True))
_AS_KANA = str.maketrans(_KANA)
_KANA_LETTER = "\u3041-\u3096\u30a1-\u30fa\u30fc\uff66-\uff9d"
_LIKE_KANA = f"[{''.join(_KANA)}]"
#: What may stand between two letters that belong together.
_LOOSELY = "[\\s\u200b-\u200d\u2060\u180e]"
#: Such characters beside kana, and several of them that are no part of a word in kanji.
_AMONG_KANA = re.compile(
    f"{_LIKE_KANA}++(?={_LOOSELY}{{0,2}}[{_KANA_LETTER}])"
    f"|(?<=[{_KANA_LETTER}]){_LOOSELY}{{0,2}}{_LIKE_KANA}++"
    f"|(?<![\u3041-\u9fff])(?:{_LIKE_KANA}{_LOOSELY}?){{2,}}(?![\u3041-\u9fff])"
)
#: Without any of these a text has no such view.
KANJI_OR_KANA = re.compile(f"[{_KANA_LETTER}]|{_LIKE_KANA}")
#: Where hiragana and katakana meet.
_MIXED_KANA = re.compile("[\u3041-\u3096][\u30a1-\u30fa]|[\u30a1-\u30fa][\u3041-\u3096]")
_BRACKETS = {"(": 1, "[": 1, "{": 1, "<": 1, ")": -1, "]": -1, "}": -1, ">": -1}
#: What makes everything run from right to left, and up to where it does.
OVERRIDE = "\u202e"
_OVERRIDDEN = re.compile("\u202e([^\u202c\u202d\n]++)")
#: A bar that touches a letter or a digit.
_BAR = re.compile(r"(?<=[^\W_])\||\|(?=[^\W_])")

_STRETCH = re.compile(r"[^\s,]+")
_PLAIN = "abcdefghijklmnopqrstuvwxyz"
#: Signs that make a letter together.
_SIGNS = {
    "/\\/": "n", "|\\|": "n", "|\\/|": "m", "/\\": "a", "\\/": "v", "()": "o", "[]": "o", "|)": "d",
    "|<": "k", "|_|": "u", "|-|": "h", "|=": "f", "|3": "b", "\\/\\/": "w", "></": "x", "><": "x",
}  # fmt: skip
_ANY_SIGN = "|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True)))
_DRAWN = re.compile(f"(?:{_ANY_SIGN})(?=[A-Za-z]|{_ANY_SIGN})|(?<=[A-Za-z|/)\\]])(?:{_ANY_SIGN})")
#: Letters that look like digits, and what may be a number of two with one of them.
_DIGITS = str.maketrans("OoОоlIіЗзSsBbZzб", "0000111335588226")
_LIKE_NUMBER = re.compile(r"(?<![^\W_])(?:1[OoОоЗзSsBbZzбlIі]|[lIі][0-7])(?=[^A-Za-z0-9]|y|$)")


def as_letters(source: str) -> Iterator[View]:
    """Signs that make a letter together, such as `()`, beside a letter or another of them."""
    signs = [sign.span() for sign in _DRAWN.finditer(source)]
    yield from _replaced(source, signs, lambda sign: _SIGNS[sign])


def as_digits(source: str) -> Iterator[View]:
    """Letters beside a digit as the digits that they look like: `1O years`."""
    signs = [number.span() for number in _LIKE_NUMBER.finditer(source)]
    yield from _replaced(source, signs, lambda number: number.translate(_DIGITS))


def _replaced(source: str, parts: Sequence[Span], drawn: Callable[[str], str]) -> Iterator[View]:
    """The text with something else for these parts, each of which is where it begins."""
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

    def of(self, source: str) -> Iterator[View]:
        """The text with the words for its pictures."""
        signs = [sign.span() for sign in self._sign.finditer(source)]
        yield from _replaced(source, signs, self._words.__getitem__)


class Alphabets:
    """Alphabets of letters of many scripts; words in them are read as their letters are drawn."""

    def __init__(self, alphabets: Sequence[str]) -> None:
        """Each is from a to z."""
        self._tables = [
            {char: plain for plain, char in zip(_PLAIN, drawn, strict=True) if not char.isascii()}
            for drawn in alphabets
        ]
        self._sign = re.compile(f"[{''.join(char for table in self._tables for char in table)}]")

    def of(self, source: str) -> Iterator[View]:
        """For each alphabet the text with the words in it read, if there are any."""
        if not self._sign.search(source):
            return
        for table in self._tables:
            words = [word.span() for word in _STRETCH.finditer(source) if _is_of(word[0], table)]
            for first, last in windows(source, words):
                read = "".join(table.get(char, char) for char in source[first:last])
                yield View(read, range(first, last))


def _is_of(word: str, table: Mapping[str, str]) -> bool:
    """Whether every letter of a word that is not plain is of an alphabet, and two of them are."""
    strange = [char for char in word if not char.isascii() and char.isalnum()]
    return len(strange) > 1 and all(char in table for char in strange)


def overridden(source: str) -> Iterator[View]:
    """What was made to run from right to left, as it is seen."""
    places = [*range(len(source))]
    parts = [part.span(1) for part in _OVERRIDDEN.finditer(source)]
    for start, end in parts:
        places[start:end] = reversed(places[start:end])
    for first, last in windows(source, parts):
        yield View("".join(source[at] for at in places[first:last]), places[first:last])


def barred(source: str) -> Iterator[View]:
    """Bars outside brackets as the digit that they look like."""
    depth, seen = 0, list(source)
    bars = {bar.start() for bar in _BAR.finditer(source)}
    for at, char in enumerate(source):
        depth = max(0, depth + _BRACKETS.get(char, 0))
        if depth == 0 and at in bars:
            seen[at] = "1"
    changed = ((at, at) for at in sorted(bars) if seen[at] == "1")
    for first, last in windows(source, changed):
        yield View("".join(seen[first:last]), range(first, last))


def as_kana(source: str) -> Iterator[View]:
    """Kanji and waves among kana as what they look like there, and all kana as of one kind.

    That kind is katakana, whose words end where others begin: `サセックスの` holds nothing in it.
    """
    signs = [drawn.span() for drawn in _AMONG_KANA.finditer(source)]
    seen = _AMONG_KANA.sub(lambda drawn: drawn[0].translate(_AS_KANA), source) if signs else source
    mixed = [meet.span() for meet in _MIXED_KANA.finditer(seen)]
    for first, last in windows(source, signs):
        yield View(seen[first:last], range(first, last))
    for first, last in windows(source, mixed):
        yield View(in_katakana(seen[first:last]), range(first, last))
