"""*Split*: a folded text into words, and where one is tied to the next.

Called by `spoken`, and by code that needs the words of a text. Pure. Must not know terms. Plain
text (ASCII) uses tables of bytes and almost no patterns; both give the same result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

#: Without the dot between words.
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
HIRAGANA = "\u3041-\u309f"
_KANJI = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
HANGUL = "\uac00-\ud7a3"
THAI = "\u0e00-\u0e7f"
_SCRIPTS = _KATAKANA + HIRAGANA + _KANJI + HANGUL + THAI
#: Words: a change of script ends one, and every kanji is one.
_WORD = re.compile(
    f"[a-z]++|[0-9]++|[{_KATAKANA}]++|[{HIRAGANA}]++|[{_KANJI}]|[{HANGUL}]++|[{THAI}]++"
    f"|[^\\W\\d_a-z{_SCRIPTS}]++"
)
#: The same for ASCII, which goes almost without patterns: numbers parted off, blanks for the rest.
_PLAIN_WORD = re.compile("[a-z]++|[0-9]++")
_BLANKED = bytes(n if chr(n).isalnum() and n < 128 else 32 for n in range(256))
#: What ties a word to the one before: anything between them that is no gap.
_TIE = re.compile("(?<=[^\\W_])(?:[^\\w\\s,\u3001\uff0c\u3002]++| [-\u2010-\u2015] )(?=[^\\W_])")
#: Kanji disguise nothing: they are found wherever they stand.
_ONE_KANJI = re.compile(f"[{_KANJI}]")
#: A character that is followed by the same one.
_FOLLOWED = re.compile(r"(\D)(?=\1)")
_REMEMBERED = 8192


def _shape(char: str) -> str:
    if char.isdecimal():
        return "0"
    if char.isalnum():
        return "a"
    return " " if char in ",_" or char.isspace() else "-"


#: The shape of ASCII: `0` for digits, `a` for what else is of words, `-` for what ties them. A
#: pattern that begins with one character is looked for fast.
_SHAPE = bytes(map(ord, map(_shape, map(chr, range(128))))).ljust(256, b"-")
_NUMBER_SHAPED = re.compile(b"00*+")
_TIE_SHAPED = re.compile(b"--*+")
_OF_WORDS, _BLANK = b"a0", 32


def words(text: str) -> list[str]:
    """The words of a folded text."""
    if not text.isascii():
        return _WORD.findall(text)
    typed = text.encode()
    shape = typed.translate(_SHAPE)
    if b"0" in shape:
        typed = _space_numbers(typed, shape)
    return typed.translate(_BLANKED).decode().split()


def each_word(text: str) -> Iterator[re.Match[str]]:
    """The words of a folded text where they stand."""
    return (_PLAIN_WORD if text.isascii() else _WORD).finditer(text)


def _space_numbers(typed: bytes, shape: bytes) -> bytes:
    """ASCII with a space on either side of every number."""
    parts: list[bytes] = []
    last = 0
    for number in _NUMBER_SHAPED.finditer(shape):
        start, end = number.span()
        parts += (typed[last:start], typed[start:end])
        last = end
    return b" ".join((*parts, typed[last:]))


def spoken(parts: Iterable[str]) -> str:
    """Words with a space around each."""
    return f" {' '.join(parts)} "


def without_runs(text: str) -> str:
    """A text with one letter for every run of it; digits stay."""
    return _FOLLOWED.sub("", text)


@lru_cache(maxsize=_REMEMBERED)
def collapsed(word: str) -> str:
    """The same for one word; remembered."""
    return without_runs(word)


def may_disguise(word: str) -> bool:
    """Whether an unknown word may be another one in disguise: numbers and kanji never are."""
    return word[0] > "9" and (len(word) > 1 or not _ONE_KANJI.match(word))


def tie_ends(text: str) -> list[int]:
    """Where what ties two words of a text together ends."""
    if text.isascii():
        return [*_plain_tie_ends(text)]
    return [tie.end() for tie in _TIE.finditer(text)]


def _plain_tie_ends(text: str) -> Iterator[int]:
    shape = f"  {text}  ".encode().translate(_SHAPE)
    for tie in _TIE_SHAPED.finditer(shape):
        start, end = tie.span()
        if end - start == 1 and shape[start - 1] == shape[end] == _BLANK:
            start, end = start - 1, end + 1
        if shape[start - 1] in _OF_WORDS and shape[end] in _OF_WORDS:
            yield end - 2


def words_before(text: str, places: Sequence[int]) -> Iterator[int]:
    """How many words of ASCII stand before each of some places, where no word goes on."""
    number = last = 0
    for place in places:
        number += len(words(text[last:place]))
        last = place
        yield number
