"""Names of people in kanji, Hangul and Cyrillic by their shape: a family name beside a given one.

Called by `people`, which does the same for Latin letters. Pure. Chinese and Japanese put no space
between words, so a name stands at the begin of a run of characters or behind a particle, and ends
with the run or before a particle; what is a word of the language is no name. Characters of which
each stands alone are read as one run. Russian names change their ends by case, and either part may
stand first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from bot.policy.expressions import Span
from bot.policy.spelling import expand_braces

#: Scripts whose names are recognised by their shape here.
_SCRIPTS = re.compile("[\u0400-\u045f\u3041-\u30ff\u4e00-\u9fff가-힣]")
#: A run of kanji and kana is all of these; at most a space or a dot parts two names.
_RUN_CHAR = "[\u3005\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff]"
_RUN_END = re.compile(f"(?!{_RUN_CHAR})")
#: What a name may stand behind in a run, and what may follow it there.
_BEHIND = "のとはがでをもに的和与跟是像给為画畫"
_FOLLOWS = re.compile(
    "(?:さん|ちやん|くん|君|様|氏|選手|[のとはがでをもにや的和与與在是、]|[全裸赤脱露]|ヌード|[没不]穿)"
)
_FOLLOWS_HANGUL = re.compile("(?:이|가|은|는|을|를|의|와|과|도|씨|님|양|군|처럼|랑|이랑|에게)?\\Z")
_NAME_GAP = frozenset(" _・\u00b7")
_BETWEEN = frozenset(" _-")
#: At least three characters, of which each stands alone, as somebody spreads out a name.
_LETTER = re.compile("[\u3005\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff가-힣]")
_LONE_LETTER = f"{_LETTER.pattern}(?!{_LETTER.pattern})"
#: It begins with a character and looks behind it then, which is faster.
_SPREAD = re.compile(
    f"{_LONE_LETTER}(?<!{_LETTER.pattern}.)(?:[ _.\u00b7\u30fb-]{{1,3}}{_LONE_LETTER}){{2,}}"
)
_FAMILY_MAX, _GIVEN_MAX = 3, 4
_NAME_MIN = 3
#: Letters of a Russian family name at least, as they are folded.
_RUSSIAN_MIN = 4
_WORD = re.compile(r"[^\W\d_]++")


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeParts:
    """Parts of names: see `lexicon/native-names.toml`; characters, or words with space between."""

    russian_endings: str
    russian_fathers: str
    russian_cases: str
    russian_words: str
    chinese_families: str
    chinese_long_families: str
    chinese_given: str
    korean_families: str
    korean_given: str
    words: str
    single_words: str
    japanese_short_given: str
    japanese_families: str
    japanese_given: str


class NativeNames:
    """Finds names in scripts of their own; made once for a rulebook."""

    def __init__(
        self,
        parts: NativeParts,
        given: Sequence[str],
        families: Sequence[str],
        words: Collection[str],
        folded: Callable[[Sequence[str]], list[str]],
    ) -> None:
        """`given` and `families` are Russian; `words`: what is no name, however it looks."""

        def read(listed: str) -> frozenset[str]:
            terms = (term for word in listed.split() for term in expand_braces(word))
            return frozenset(folded([*terms]))

        def characters(listed: str) -> frozenset[str]:
            return frozenset("".join(listed.split()))

        self._words = read(parts.words).union(words)
        self._chinese_families = read(parts.chinese_long_families).union(
            characters(parts.chinese_families)
        )
        self._chinese_given = characters(parts.chinese_given)
        self._korean_given = read(parts.korean_given)
        self._families = read(parts.japanese_families)
        #: Most words begin with something else.
        self._begin = self._name_start_pattern()
        #: Characters that are words by themselves: where all are, somebody counts things up.
        self._single_words = characters(parts.single_words)
        families_in_hangul = "".join(parts.korean_families.split())
        self._korean = re.compile(f"[{families_in_hangul}](?<![가-힣].)[가-힣]{{2,}}+")
        self._given = read(parts.japanese_given)
        self._short_given = characters(parts.japanese_short_given)
        cases = [line.split() for line in parts.russian_cases.splitlines() if line]
        self._russian_given, self._russian_families = (
            frozenset(folded([form for name in names for form in _forms(name, cases)]))
            for names in (given, families)
        )
        self._russian_words = read(parts.russian_words)
        self._fathers = tuple(read(parts.russian_fathers))
        self._endings = (*read(parts.russian_endings), *self._fathers)

    def _name_start_pattern(self) -> re.Pattern[str]:
        """Where a name in kanji may begin: with a family's first two, or with a family of one."""
        families = self._families | self._chinese_families
        firsts = "".join({name[0] for name in families})
        seconds = "".join(self._chinese_given.union(name[1] for name in families if name[1:]))
        alone = "".join(name for name in self._families if len(name) == 1)
        likely = f"(?:(?<=[{alone}])|(?=[{seconds}]))"
        return re.compile(f"[{firsts}]{likely}(?:(?<!{_RUN_CHAR}.)|(?<=[{_BEHIND}].))")

    def find_in_typed(self, source: str, text: str, words: Collection[str]) -> list[Span]:
        """The same; `source` is the text as typed, and most have no letter of these scripts."""
        if source.isascii() or not _SCRIPTS.search(source):
            return []
        return [*self.find(text, words)]

    def find(self, text: str, words: Collection[str]) -> Iterator[Span]:
        """Where a name stands in a folded text with these words, which may be in Cyrillic."""
        yield from self._russian_names(text, words)
        yield from self._unspaced_names(text)
        for run in _SPREAD.finditer(text):
            yield from self._names_spread_out(run)

    def _names_spread_out(self, run: re.Match[str]) -> Iterator[Span]:
        """Where a name stands among characters that each stand alone: `新・垣・結・衣`."""
        places = [run.start() + at for at, char in enumerate(run[0]) if _LETTER.match(char)]
        text = "".join(run.string[at] for at in places)
        for start, end in self._unspaced_names(text):
            if not self._single_words.issuperset(text[start:end]):
                yield places[start], places[end - 1] + 1

    def _unspaced_names(self, text: str) -> Iterator[Span]:
        """Where a name stands in kanji, kana and Hangul."""
        for begin in self._begin.finditer(text):
            start = begin.start()
            yield from ((start, end) for end in self._name_ends(text, start))
        for run in self._korean.finditer(text):
            if self._is_korean(run[0]):
                yield run.start(), run.start() + _NAME_MIN

    def _name_ends(self, text: str, start: int) -> Iterator[int]:
        """Where a name that begins here may end."""
        if end := self._chinese_name_end(text, start):
            yield end
        for middle in range(start + 1, min(len(text), start + _FAMILY_MAX) + 1):
            if text[start:middle] in self._families:
                yield from self._given_ends(text, start, middle)
                if text[middle : middle + 1] in _NAME_GAP:
                    yield from self._given_ends_behind_gap(text, middle + 1)

    def _given_ends(self, text: str, start: int, middle: int) -> Iterator[int]:
        """Where a given name may end that begins at `middle`, behind the family's."""
        for end in range(middle + 1, min(len(text), middle + _GIVEN_MAX) + 1):
            known = self._short_given if end - middle == 1 else self._given
            is_given = text[middle:end] in known and end - start >= _NAME_MIN
            if is_given and self._is_end(text, end) and text[start:end] not in self._words:
                yield end

    def _given_ends_behind_gap(self, text: str, middle: int) -> Iterator[int]:
        """The same behind a space or a dot."""
        for end in range(middle + 2, min(len(text), middle + _GIVEN_MAX) + 1):
            if text[middle:end] in self._given and self._is_end(text, end):
                yield end

    def _chinese_name_end(self, text: str, start: int) -> int | None:
        """The end of a Chinese name that begins here: two characters behind the family's."""
        size = 2 if text[start : start + 2] in self._chinese_families else 1
        end = start + size + 2
        given = text[start + size : end]
        if text[start : start + size] not in self._chinese_families or len(given) < 2:
            return None
        if not self._chinese_given.issuperset(given) or not self._is_end(text, end):
            return None
        is_word = text[start:end] in self._words or text[start : start + 2] in self._words
        return None if is_word and size == 1 else end

    @staticmethod
    def _is_end(text: str, end: int) -> bool:
        return _RUN_END.match(text, end) is not None or _FOLLOWS.match(text, end) is not None

    def _is_korean(self, run: str) -> bool:
        """Whether a run of Hangul that begins like one is a name, or one with a particle."""
        return (
            run[1:_NAME_MIN] in self._korean_given
            and self._words.isdisjoint((run[:2], run[:_NAME_MIN]))
            and _FOLLOWS_HANGUL.match(run, _NAME_MIN) is not None
        )

    def _russian_names(self, text: str, words: Collection[str]) -> Iterator[Span]:
        """A given name in any case, with a family name or the father's beside it."""
        if self._russian_given.isdisjoint(words):
            return
        found = [*_WORD.finditer(text)]
        for at, word in enumerate(found):
            if word[0] in self._russian_given:
                for other in (*found[max(0, at - 1) : at], *found[at + 1 : at + 3]):
                    first, last = sorted((word, other), key=re.Match[str].start)
                    if self._is_family(other[0]) and self._are_beside(text, first, last):
                        yield first.start(), last.end()

    def _are_beside(self, text: str, first: re.Match[str], last: re.Match[str]) -> bool:
        """Whether only a space stands between two words, or the father's name."""
        between = text[first.end() : last.start()]
        return between in _BETWEEN or between.rstrip().endswith(self._fathers)

    def _is_family(self, word: str) -> bool:
        if len(word) < _RUSSIAN_MIN or word in self._russian_words:
            return False
        return word in self._russian_families or word.endswith(self._endings)


def _forms(name: str, cases: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Russian name in its cases; `cases`: see the file; `-` is an end of any other name."""
    yield name
    ending, *others = next(ends for ends in cases if name.endswith(ends[0].strip("-")))
    yield from (name.removesuffix(ending.strip("-")) + other for other in others)
