"""Ages below 18, in digits, numerals and words of ten languages.

Called by `screening` for the concept `ages`. Pure. Works on folded text, where the digits of every
script are ours already, as it was typed (`age:12` is an age, though a parser takes it for a
weight) and in every reading of it. How an age is said is data of the rulebook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from bot.policy.expressions import Span
from bot.policy.rulebook import AgeWords, expanded

_DIGITS = r"(?:0?(?:1 ?[0-7]|[1-9])(?:[.,]\d{1,2})?(?!\d))"
#: Before digits: no other number that they belong to.
_ALONE = r"(?<![\d.,:/])"
_NEARLY = r"1[2-8](?!\d)(?!\s*+(?:cm|kg|min|hour|sec|deg|%))"
#: Between the parts of an age: `12-year-old`, `12(years)`, `age: 12`.
_SIGNS = "[\\s\\-_.:=,'\u2019/()\\[\\]{}\x01~*+|]"
_APART = f"{_SIGNS}{{0,4}}"
#: Units so long may stand against a number in words: `zwölfjährige`.
_GLUED = 5
_UNSPACED = re.compile("[\u3040-\u9fff\uac00-\ud7a3]")


class Ages:
    """Finds ages; made once for a rulebook."""

    def __init__(self, said: AgeWords, folded: Callable[[str], str]) -> None:
        """`folded` folds a text as the prompt is folded."""

        def listed(terms: Iterable[str], *, glued: bool = False) -> str:
            spelled = {folded(word) for term in terms for word in expanded(term)}
            return _alternatives(spelled, glued=glued)

        number = f"(?:{_DIGITS}|{listed(said.numbers)})"
        times = f"(?!{_APART}{listed(said.never_behind)})"
        long = [unit for unit in said.behind if len(unit) >= _GLUED]
        words = listed(said.numbers, glued=True)
        said_first = [*said.behind, *said.before, *said.below, *said.whole]
        self._hints = {folded(word.split("{")[0].split(" ")[0]) for word in said_first}
        self._patterns = (
            re.compile(f"{_ALONE}{number}{_APART}{listed(said.behind)}{times}"),
            re.compile(f"(?<![^\\W\\d_]){words}{listed(long, glued=True)}"),
            re.compile(f"{listed(said.before)}{_APART}{number}"),
            re.compile(f"{listed(said.below)}{_APART}{_NEARLY}"),
            re.compile(listed(said.whole)),
        )

    def find(self, text: str) -> Iterator[Span]:
        """Where an age below 18 stands in a folded text."""
        if not any(hint in text for hint in self._hints):
            return
        for pattern in self._patterns:
            yield from (match.span() for match in pattern.finditer(text))


def _alternatives(words: Iterable[str], *, glued: bool) -> str:
    """Any of the words, the longest first; whole words where their script has such."""
    known = sorted(words, key=lambda word: (-len(word), word))
    spelled = [
        _spelled(word) if glued or _UNSPACED.search(word) else _whole(word) for word in known
    ]
    return f"(?:{'|'.join(spelled)})"


def _spelled(word: str) -> str:
    return _APART.join(re.escape(part) for part in re.split(r"[\s-]", word))


def _whole(word: str) -> str:
    begin = r"(?<![^\W\d_])" if word[0].isalpha() else ""
    end = r"(?![^\W\d_])" if word[-1].isalpha() else ""
    return f"{begin}{_spelled(word)}{end}"
