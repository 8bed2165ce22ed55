"""Ages below 18, in digits, numerals and words of ten languages.

Called by `screening` for the concept `ages`. Pure. Works on folded text, where the digits of every
script are ours already, as it was typed (`age:12` is an age, though a parser takes it for a
weight) and in every reading of it. How an age is said is data of the rulebook; what says it in one
word (`zwölfjährig`) or with a bound (`under 16`) is a term of the concept `minors`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from bot.policy.expressions import Span
from bot.policy.reading import UnreadableError

#: Digits that say 1 to 17, also with a space or a point in them: `1 2`, `17.5`.
#: A pattern that begins with a digit is looked for faster than one that looks behind first.
DIGITS = re.compile(
    r"[0-9](?<!\d\d)(?:(?<=0)(?:1[ .]?[0-7]|[1-9])|(?<=1)[ .]?[0-7]|(?<=[1-9]))"
    r"(?:[.,]\d{1,2})?(?!\d)"
)
#: Words, kanji and Hangul that may be numbers.
_KANJI = "[〇一二三四五六七八九十兩两]"
_WORDS = re.compile(
    rf"[a-z]{{2,}}(?:[ -]sept)?|{_KANJI}(?:[^\w\s\u3001\uff0c]?{_KANJI}){{0,3}}|[가-힣]{{1,4}}"
)
_SIGN = re.compile(r"\W")
#: What makes digits part of another number when it stands before them.
_PART_OF_NUMBER = frozenset("0123456789.,:/")
#: Between the parts of an age: `12-year-old`, `12(years)`, `age: 12`.
_SEPARATORS = " -_.:=,'\u2019/()[]{}\x01~*+|!^\u00b7\u30fb\u2665"
_SEPARATOR = "[\\s\\-_.:=,'\u2019/()\\[\\]{}\x01~*+|!^\u00b7\u30fb\u2665]"
#: A few signs, or what a BREAK or an option leaves.
_GAP = f"(?:\\s?\x01{{5,40}}\\s?|{_SEPARATOR}{{0,4}})"
#: Characters before a number in which a word may say that it is an age.
_BEFORE_CHARS = 28
#: Characters before a number in which a word may say that it is the end of a larger one.
_TENS_CHARS = 20
#: What separates the words of a larger number.
_WORD_BREAK = re.compile(r"[\s-]")
#: Words between the parts of a larger number.
_ANDS = ("and", "et", "y", "e")
_NUMBERS_MAX = 300
#: Digits that may be an age where nothing says what they count; a number with this behind it is
#: one too; and what ends a tag.
_LONE = r"[189](?<![\w.,:/+*-].)(?:(?<=1)[0-7]|(?<=[89]))(?:[ ]?[fm])?(?![\w/%+*]|[.,-]\d)"
#: The same behind the letter of whose age it is: `girl (f15)`.
_SEX_AND_AGE = re.compile(r"[fm](?:1[0-7]|[89])(?![\w/%+*]|[.,-]\d)")
_ISH = r"(?:[ -]?ish\b)?"
_TAG_END = r"[,;|\n\x01\u3001\u3002\uff0c\uff1b]"
_WEIGHT = r"(?::[01]?(?:\.\d+)?\)[ )\]}]*)?"
_REST_OF_TAG = re.compile(rf"[ )\]}}]*{_WEIGHT}(?:\.?\Z|{_TAG_END})")
_CLOSING_BRACKETS = frozenset(")]")
_START_OF_TAG = re.compile(rf"(?:\A|{_TAG_END})\Z")
#: Letters of a word that a phrase is made of, at least.
_PHRASED_MIN = 3
#: Letters of a number that is looked for however it is written, at least.
_WRITTEN_MIN = 5
_LETTERS = re.compile("[a-z\u00e0-\u04ff]")
_UNSPACED = re.compile("[\u3040-\u9fff\uac00-\ud7a3]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeWords:
    """How an age is said: see `lexicon/ages.toml`."""

    numbers: tuple[str, ...]
    behind: tuple[str, ...]
    before: tuple[str, ...]
    hedges: tuple[str, ...]
    never_behind: tuple[str, ...]
    measures: tuple[str, ...]
    tens: tuple[str, ...]
    lone: tuple[str, ...]
    whose: tuple[str, ...]


class Ages:
    """Finds ages; made once for a rulebook."""

    def __init__(self, said: AgeWords, folded: Callable[[str], str]) -> None:
        """`folded` folds a text as the prompt is folded."""

        def any_of(terms: Iterable[str]) -> str:
            return _alternatives({folded(term) for term in terms})

        self._folded = folded
        self._numbers = frozenset(folded(number) for number in said.numbers)
        self._said = said
        times = f"(?!{_GAP}{any_of(said.never_behind)})"
        self._no_time = re.compile(times)
        self._behind = re.compile(f"{_GAP}{any_of(said.behind)}{times}")
        self._before = re.compile(f"{any_of(said.before)}\\Z")
        self._measure = re.compile(f"{_GAP}{any_of(said.measures)}")
        self._hedge = re.compile(f"{_SEPARATOR}{any_of(said.hedges)}\\Z")
        self._tens = re.compile(f"{any_of(said.tens)}[ -]?(?:(?:{'|'.join(_ANDS)})[ -])?\\Z")
        #: How such words end: a cheap test that rules out most places.
        self._ends_of_tens = tuple({_WORD_BREAK.split(folded(word))[-1] for word in said.tens})
        self._lone_words = frozenset(folded(number) for number in said.lone)
        self._lone_digits = re.compile(_LONE + _ISH)
        self._lone_said = re.compile(any_of(said.lone) + _ISH)
        self._whose = re.compile(f"{any_of(said.whose)}\\Z")
        self._hints = tuple({folded(word).split()[-1] for word in said.before})

    def phrases(self) -> Iterator[str]:
        """Ages written out in scripts with spaces: terms like any, and disguised like any."""
        digits = [str(number) for number in range(1, 18)]
        behind, before = (
            _words_of_spaced_scripts(self._said.behind),
            _words_of_spaced_scripts(self._said.before),
        )
        for number in [*digits, *_words_of_spaced_scripts(self._said.numbers)]:
            yield from (f"{number} {unit}" for unit in behind if _share_a_script(number, unit))
            yield from (f"{word} {number}" for word in before if _share_a_script(word, number))

    def numbers(self) -> list[str]:
        """Numbers in words that are long enough to be recognised in any spelling."""
        return [
            word
            for word in _words_of_spaced_scripts(self._said.numbers)
            if len(word) >= _WRITTEN_MIN
        ]

    def words(self) -> frozenset[str]:
        """The words that say ages; others may be run together with them."""
        said = (*self._said.numbers, *self._said.behind, *self._said.before, *self._said.hedges)
        return frozenset(word for phrase in map(self._folded, said) for word in phrase.split())

    def is_age(self, text: str, span: Span) -> bool:
        """Whether a phrase found in a folded text is an age there."""
        start, end = span
        return (
            self._measure.match(text, end) is None
            and self._begins_number(text, start)
            and not self._ends_a_larger_number(text, start)
            and self._no_time.match(text, end) is not None
        )

    def _ends_a_larger_number(self, text: str, start: int) -> bool:
        """Whether the number that begins here ends a larger one such as twenty-two."""
        head = text[max(0, start - _TENS_CHARS) : start].rstrip(" -")
        if not head.endswith(self._ends_of_tens):
            bare = next((head.removesuffix(word) for word in _ANDS if head.endswith(word)), "")
            if not bare.rstrip(" -").endswith(self._ends_of_tens):
                return False
        return self._tens.search(text, max(0, start - _TENS_CHARS), start) is not None

    @staticmethod
    def _begins_number(text: str, start: int) -> bool:
        """Whether a number begins here, and not in the middle of a longer one."""
        if start == 0 or text[start - 1] not in _PART_OF_NUMBER or not text[start].isascii():
            return True
        return text[start - 1] == ":" and text[start - 2 : start - 1].isalpha()

    def find(self, text: str, words: Collection[str]) -> Iterator[Span]:
        """Where an age below 18 stands in a folded text with these words.

        UnreadableError if there are more numbers than anybody would write.
        """
        for count, number in enumerate(self._numbers_in(text, words)):
            if count > _NUMBERS_MAX:
                raise UnreadableError
            if age := self.age_with(text, number):
                yield age

    def lone_numbers(self, text: str, words: Collection[str]) -> Iterator[Span]:
        """Where a number from 8 to 17 is a whole tag, or follows somebody whose age it may be."""
        is_said = not text.isascii() or not self._lone_words.isdisjoint(words)
        said = self._lone_said.finditer(text) if is_said else ()
        spans = (number.span() for number in chain(self._lone_digits.finditer(text), said))
        yield from (span for span in spans if self.is_lone(text, span))
        sexed = (age.span() for age in _SEX_AND_AGE.finditer(text))
        yield from (age for age in sexed if self._is_age_of_somebody(text, age))

    def is_lone(self, text: str, number: Span) -> bool:
        """Whether a number is its whole tag, or somebody's age."""
        start, end = number
        if self._is_age_of_somebody(text, number):
            return True
        is_first = _START_OF_TAG.search(_text_before(text, start)) is not None
        return is_first and _REST_OF_TAG.match(text, end) is not None

    def _is_age_of_somebody(self, text: str, number: Span) -> bool:
        """Whether it follows somebody whose age it may be, and its tag or a bracket ends there."""
        start, end = number
        if text[end : end + 1] not in _CLOSING_BRACKETS and _REST_OF_TAG.match(text, end) is None:
            return False
        return self._whose.search(_text_before(text, start)) is not None

    def age_with(self, text: str, number: Span) -> Span | None:
        """Where the age stands that this number belongs to; None if it belongs to none."""
        start, end = number
        behind = self._behind.match(text, end) if self._begins_number(text, start) else None
        if behind:
            larger = self._ends_a_larger_number(text, start)
            return None if larger else (start, behind.end())
        if self._measure.match(text, end):
            return None
        begin = max(0, start - _BEFORE_CHARS)
        head = self._hedge.sub("", text[begin:start].rstrip(_SEPARATORS)).rstrip(_SEPARATORS)
        before = self._before.search(head) if head.endswith(self._hints) else None
        return (begin + before.start(), end) if before else None

    def _numbers_in(self, text: str, words: Collection[str]) -> Iterator[Span]:
        """Where a number from 1 to 17 stands."""
        yield from (digits.span() for digits in DIGITS.finditer(text))
        if text.isascii() and self._numbers.isdisjoint(words):
            return
        for word in _WORDS.finditer(text):
            letters = word[0] if word[0].isalnum() else _SIGN.sub("", word[0])
            if letters in self._numbers or word[0] in self._numbers:
                yield word.span()
            elif _UNSPACED.match(word[0]):
                yield from self._number_before_unit(word)

    def _number_before_unit(self, word: re.Match[str]) -> Iterator[Span]:
        """A number at the beginning of a word that goes on with its unit: `열두살`."""
        for size in range(len(word[0]) - 1, 0, -1):
            if word[0][:size] in self._numbers:
                yield word.start(), word.start() + size
                return


def _text_before(text: str, start: int) -> str:
    """What stands before a number, without spaces and brackets."""
    return text[max(0, start - _BEFORE_CHARS) : start].rstrip(" -:_([{")


def _words_of_spaced_scripts(words: Iterable[str]) -> list[str]:
    """The words that are letters, with spaces between words, and not too short to be meant."""
    return [w for w in words if len(w) >= _PHRASED_MIN and _LETTERS.match(w)]


def _share_a_script(one: str, other: str) -> bool:
    """Whether two words share a script, or one is in digits."""
    return one.isdecimal() or other.isdecimal() or one.isascii() == other.isascii()


def _alternatives(words: Iterable[str]) -> str:
    """Any of the words, the longest first; whole words where their script has such."""
    known = sorted(words, key=lambda word: (-len(word), word))
    # Most places have none of their first letters: a cheap test comes first.
    begin = re.escape("".join(sorted({word[0] for word in known})))
    # An alternative that begins with a letter is told by that, and not where a word may begin.
    spaced = "|".join(_whole_word_pattern(word) for word in known if _needs_whole_word(word))
    others = [_whole_word_pattern(word) for word in known if not _needs_whole_word(word)]
    ways = [rf"(?<![^\W\d_])(?:{spaced})", *others] if spaced else others
    return f"(?=[{begin}])(?:{'|'.join(ways)})"


def _needs_whole_word(word: str) -> bool:
    """Whether the word counts only as a whole word."""
    return word[0].isalpha() and not _UNSPACED.search(word)


def _whole_word_pattern(word: str) -> str:
    parted = _GAP.join(re.escape(part) for part in re.split(r"[\s-]", word))
    is_open = _UNSPACED.search(word) or not word[-1].isalpha()
    return parted if is_open else rf"{parted}(?![^\W\d_])"
