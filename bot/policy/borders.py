"""*Part*: recognises kanji that only meet where one word ends and the next begins.

Called by `terms` for every hit in kanji. Pure. Must not know which terms belong to what. Chinese
and Japanese put no space between words, so `出口交警` (exit, traffic police) contains a word that
nobody wrote. A hit is chance if two words of the list meet inside it and extend beyond it on both
sides, unless what is left of them without it is two words as well. In doubt it is a hit.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.policy.expressions import Span

#: Short terms that begin with a kanji: only these are checked.
_SHORT_TERM = re.compile("[\u4e00-\u9fff][\u4e00-\u9fff\u3041-\u309f]{1,2}")
#: The same with a comma in it: tags that stand side by side.
_TWO_TAGS = re.compile("([\u4e00-\u9fff]{1,2})[\\s,\uff0c\u3001]{1,3}([\u4e00-\u9fff]{1,2})")
#: The most characters that either has.
_ASKED_MAX = 7
#: Characters that a word of the list has.
_WORD_MIN, _WORD_MAX = 2, 4


def is_chance(text: str, span: Span, words: Collection[str]) -> bool:
    """Whether what stands there is parts of two of these words; a word is none that holds it."""
    start, end = span
    if end - start > _ASKED_MAX:
        return False
    if across := _TWO_TAGS.fullmatch(text, start, end):
        left = _start_of_word_ending_at(text, across.end(1), start, words)
        return (
            left is not None
            and _end_of_word_beginning_at(text, across.start(2), end, words) is not None
        )
    if not _SHORT_TERM.fullmatch(text, start, end):
        return False
    return any(_words_meet_at(text, seam, span, words) for seam in range(start + 1, end))


def _words_meet_at(text: str, seam: int, span: Span, words: Collection[str]) -> bool:
    """Whether two words meet at the seam and reach out of the span, and leave not two words."""
    start, end = span
    left, right = (
        _start_of_word_ending_at(text, seam, start, words),
        _end_of_word_beginning_at(text, seam, end, words),
    )
    if left is None or right is None:
        return False
    return not (_is_word(text, left, start, words) and _is_word(text, end, right, words))


def _start_of_word_ending_at(
    text: str, seam: int, before: int, words: Collection[str]
) -> int | None:
    """The start of the longest word that ends at the seam and begins before a place."""
    for begin in range(max(0, seam - _WORD_MAX), before):
        if text[begin:seam] in words:
            return begin
    return None


def _end_of_word_beginning_at(
    text: str, seam: int, behind: int, words: Collection[str]
) -> int | None:
    """The end of the longest word that begins at the seam and ends behind a place."""
    for end in range(min(len(text), seam + _WORD_MAX), behind, -1):
        if text[seam:end] in words:
            return end
    return None


def _is_word(text: str, start: int, end: int, words: Collection[str]) -> bool:
    """Whether what is left is a word: of one character it is mostly none."""
    return end - start >= _WORD_MIN and text[start:end] in words
