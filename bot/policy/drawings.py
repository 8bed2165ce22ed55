"""Views for which a text needs no dictionary: signs that are drawn like others, and overrides.

Called by `views`. Pure. It must not know words or terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
