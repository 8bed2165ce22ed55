"""*See*: other ways to see the characters of a text, each a text of its own that is then read.

Called by `sides`, before `folding`. Pure: which letters look like which is data of the rulebook. It
must not know terms. `PicNude` is two words, a text on its head runs the other way, and in a word of
two scripts a letter goes by its look and not by its sound. A text has another view only where a
sign of it is there, so what most people type has none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, chain, groupby, product
from typing import TypeAlias

from bot.policy.drawings import (
    HIRAGANA,
    LIKE_KANA,
    OVERRIDE,
    Alphabets,
    Pictograms,
    as_digits,
    as_displayed,
    as_kana,
    as_letters,
    bars_as_ones,
    in_one_kana,
)
from bot.policy.expressions import Span
from bot.policy.folding import Letters
from bot.policy.matching import Innocent
from bot.policy.rulebook import Lexicon
from bot.policy.windows import View, windows, with_seams, without_parts

#: Latin letters of another make: small, raised, enclosed, mathematical, full width, flags.
_MAKE = (
    "[\u0262\u026a\u0274\u0280\u028f\u0299\u029c\u029f\u1d00-\u1dbf\u2070-\u209f\u2100-\u218b\u2460-\u24ff\ua720-\ua7ff\uff21-\uff5a"
    "\U0001d400-\U0001d7ff\U0001f110-\U0001f1ff]"
)
_MADE = frozenset(re.findall(_MAKE, "".join(map(chr, range(0x0262, 0x1F200)))))
#: Where plain letters and those of another make meet.
_MAKES = re.compile(f"(?<=[A-Za-z]){_MAKE}|(?<={_MAKE})[A-Za-z]")
#: Where a word of Latin capitals and small letters may part.
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
#: A quick look for the same, from capital to capital.
_CAMEL_SIGN = re.compile("[A-Z](?:(?<=[a-z0-9][A-Z])|[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
#: A word's letter with a sign and one more behind it, as in `PicS*e*x`, and before it.
_SPELLS_ON = re.compile(r"[A-Za-z][^\w\s][A-Za-z](?![A-Za-z])")
_SPELLED_ON = re.compile(r"(?<![A-Za-z])[A-Za-z][^\w\s]")
#: In a shape: something, and what is not seen behind it.
_HIDDEN = re.compile("([^\0])\0++")
_CHUNK = re.compile(r"[^\s,]+")
_LATIN = re.compile("[a-z]")
_PLAIN = re.compile("[A-Za-z]")
#: What else may be Latin: Greek, Cyrillic and Armenian are none, though read as Latin letters.
_UNSURE = re.compile("[^\0-\x7f\u0370-\u058f]")
#: Letters that are others when the page is turned, beside those that only look turned.
_ROTATED = {"n": "u", "u": "n", "d": "p", "p": "d", "b": "q", "q": "b", "m": "w", "w": "m"}
#: Letters that are read as several, and what may stand over them.
_LONG_LETTERS = "яючшщж"
_LONG = frozenset(_LONG_LETTERS + _LONG_LETTERS.upper())
_MARK = "[\u0300-\u036f\u200b-\u200d\u2060]"
#: How sure it is that a chunk of text runs backwards.
_STAYS, _MAY, _MUST = range(3)
_Turn: TypeAlias = tuple[range, int]


class Folded:
    """A text once it is folded, and where its characters are in it; worked out once."""

    def __init__(self, letters: Letters, source: str) -> None:
        self.letters, self.source = letters, source
        self.text = letters.fold_composed(source)

    @cached_property
    def places(self) -> Sequence[int]:
        """For each character where it begins, and last where the text ends."""
        if self.source.isascii() and len(self.source) == len(self.text):
            return range(len(self.source) + 1)
        read = map(self.letters.__getitem__, map(ord, self.source))
        return list(accumulate(map(len, read), initial=0))

    def original(self, span: Span) -> Span:
        """Where a part of the folded text is in what was written."""
        start, end = span
        return bisect_right(self.places, start) - 1, bisect_right(self.places, end - 1)

    def written(self, span: Span) -> str:
        """A part of the folded text as it was written."""
        return self.source[slice(*self.original(span))]


class Origin:
    """Where a part of a folded view is in the folded text that it is a view of."""

    def __init__(self, view: View, folded: Folded) -> None:
        self._view, self._folded = view, folded

    def __call__(self, start: int, end: int) -> Span:
        """From a part of one to a part of the other, in whole characters."""
        ends, places = self._origins[start:end], self._folded.places
        return places[min(ends)], places[max(ends) + 1]

    @cached_property
    def _origins(self) -> list[int]:
        letters, view = self._folded.letters, self._view
        pairs = zip(view.places, view.source, strict=True)
        return [place for place, char in pairs for _ in letters[ord(char)]]


class _Shapes(dict[int, str]):
    """What characters are like, for `str.translate`; learned as they come up."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def __missing__(self, code: int) -> str:
        char = chr(code)
        hidden = self._letters[code] == ""
        self[code] = "\0" if hidden else "A" if char.isupper() else "a" if char.islower() else char
        return self[code]


class Views:
    """Finds the other views of a text; made once for a rulebook."""

    def __init__(
        self,
        letters: Letters,
        lexicon: Lexicon,
        innocent: Innocent,
        listed: Collection[str],
    ) -> None:
        """`listed`: the words of terms."""
        looks, turned = lexicon.looks, lexicon.turned
        self._pictograms = Pictograms(lexicon.pictures)
        self._alphabets = Alphabets(lexicon.alphabets)
        self._letters = letters
        self._shapes = _Shapes(letters)
        self._innocent = innocent.words
        self._ordinary = innocent.halves
        self._listed = listed
        self._looks = _tables(looks)
        self._ambiguous = _any_of(*looks.values())
        self._turned = str.maketrans(
            {**_ROTATED, **dict(chain.from_iterable(product(d, (r,)) for r, d in turned.items()))}
        )
        self._turned_signs = _any_of(*turned.values())
        self._signs = frozenset("".join((*looks.values(), *turned.values())))
        #: Without any of these a text has none of the views that are not of ASCII.
        self._any_sign = self._signs.union(
            self._pictograms.signs, self._alphabets.signs, _MADE, OVERRIDE, LIKE_KANA, HIRAGANA
        )
        self._doubled = re.compile(f"([{_LONG_LETTERS}])(?:{_MARK}*+\\1)++", re.IGNORECASE)

    def of(self, source: str) -> Iterator[View]:
        """Every other view of a text, for which there is a sign."""
        if source != source.lower():
            yield from self._parted_at_capitals(source)
        if "|" in source:
            yield from bars_as_ones(source)
        yield from as_letters(source)
        yield from as_digits(source)
        if not source.isascii() and (signs := self._any_sign.intersection(set(source))):
            yield from self._views_of_signs(source, signs)

    def _views_of_signs(self, source: str, signs: frozenset[str]) -> Iterator[View]:
        """The views of a text that is not ASCII; `signs` are those that are in it."""
        if not self._pictograms.signs.isdisjoint(signs):
            yield from self._pictograms.of(source)
        if not self._alphabets.signs.isdisjoint(signs):
            yield from self._alphabets.of(source)
        if not _MADE.isdisjoint(signs):
            yield from with_seams(source, {meet.start() for meet in _MAKES.finditer(source)})
        if OVERRIDE in signs:
            yield from as_displayed(source)
        if not self._signs.isdisjoint(signs):
            yield from self._upside_down(source)
            yield from self._read_by_look(source)
            yield from self._doubled_letters_once(source)
        if not LIKE_KANA.isdisjoint(signs):
            yield from as_kana(source)
        elif not HIRAGANA.isdisjoint(signs):
            yield from in_one_kana(source)

    def _doubled_letters_once(self, source: str) -> Iterator[View]:
        """Runs of letters that are read as two, such as я, as one letter: `яя` would be `yaya`.

        Then the same with яя kept, which ends Russian words.
        """
        if _LONG.isdisjoint(source):
            return
        runs = [run.span() for run in self._doubled.finditer(source)]
        if not runs:
            return
        once = [(first + 1, last) for first, last in runs]
        ending = [
            _rest_of_run(source, run) if source[run[0]] in "яЯ" else cut
            for run, cut in zip(runs, once, strict=True)
        ]
        yield from without_parts(source, once)
        if ending != once and any(first < last for first, last in ending):
            yield from without_parts(source, ending)

    def _parted_at_capitals(self, source: str) -> Iterator[View]:
        """The text with words split where a small letter meets a capital, unless it is one word."""
        shape = source if source.isascii() else self._shape(source)
        if not _CAMEL_SIGN.search(shape):
            return
        seams = {seam.start() for seam in _CAMEL.finditer(shape)}
        for word in _WORD.finditer(shape):
            inside = seams.intersection(range(word.start(), word.end()))
            if inside and self._is_one_word(source, shape, word.span()):
                seams -= inside
        yield from with_seams(source, seams)

    def _is_one_word(self, source: str, shape: str, word: Span) -> bool:
        """Whether it is a known word, and no letter beside it is spelled on with signs."""
        first, last = word
        if _SPELLS_ON.match(shape, last - 1) or _SPELLED_ON.match(shape, max(0, first - 2)):
            return False
        return self._is_known(source[first:last])

    def _shape(self, source: str) -> str:
        """A text as `a` for small letters and `A` for capitals, whatever their script.

        A mark, and what is unseen, is as what stands before it.
        """
        shape = source.translate(self._shapes)
        if "\0" not in shape:
            return shape
        return _HIDDEN.sub(lambda seen: seen[1] + seen[1].lower() * (len(seen[0]) - 1), shape)

    def _upside_down(self, source: str) -> Iterator[View]:
        """The text turned by half a circle: as a whole, and word by word."""
        if not self._turned_signs.search(source):
            return
        signs = (sign.span() for sign in self._turned_signs.finditer(source))
        for first, last in windows(source, signs):
            part = source[first:last]
            drawn = part.translate(self._turned)
            views = _in_both_orders([chunk[::-1] for chunk in _chunks(part)], drawn)
            yield from _shifted([*views, *self._reversed_in_place(part, drawn)], first)

    def mirrored(self, source: str, backwards: Collection[str]) -> Iterator[View]:
        """The text from its end, and then every word from its own; a word or name stays one.

        Only around the words that run `backwards`.
        """
        chunks = ((c.span(), self._letters.fold_composed(c[0])) for c in _CHUNK.finditer(source))
        turned = (span for span, read in chunks if any(word in read for word in backwards))
        for first, last in windows(source, turned):
            part = source[first:last]
            chunks = [c if self._is_word(part, c) else c[::-1] for c in _chunks(part)]
            yield from _shifted(_in_both_orders(chunks, part), first)
            yield from _shifted(self._reversed_in_place(part, part), first)

    def _reversed_in_place(self, source: str, drawn: str) -> Iterator[View]:
        """Words that are known only backwards, reversed: rows of them as one, and each alone."""
        turns = [(chunk, self._direction(source, drawn, chunk)) for chunk in _chunks(source)]
        rows = [list(row) for _, row in groupby(turns, lambda turn: turn[1] > _STAYS)]
        first = _with_rows_turned(source, drawn, rows)
        second = _with_rows_turned(source, drawn, [[turn] for turn in turns])
        yield first
        if second.source != first.source:
            yield second

    def _direction(self, source: str, drawn: str, chunk: range) -> int:
        """How surely a chunk runs backwards: a word known only backwards must, a blank may."""
        here, back = source[chunk[0] : chunk[-1] + 1], "".join(drawn[at] for at in chunk[::-1])
        if self._turned_signs.search(here):
            return _MUST
        if here.isspace():
            return _MAY
        if not self._is_known(here):
            return _MUST if self._is_known(back) or back.lower() in self._listed else _STAYS
        return _MAY if back.lower() in self._ordinary else _STAYS

    def _is_word(self, source: str, chunk: range) -> bool:
        return self._is_known(source[chunk[0] : chunk[-1] + 1])

    def _is_known(self, word: str) -> bool:
        return self._letters.fold_composed(word) in self._innocent

    def _read_by_look(self, source: str) -> Iterator[View]:
        """The text with letters read by their look, in every way, if a word mixes two scripts."""
        if not self._ambiguous.search(source):
            return
        if not self._has_latin(source):
            return
        chunks = [*_CHUNK.finditer(source)]
        mixed = {chunk for chunk in chunks if self._is_mixed(chunk[0])}
        if mixed:
            chunks = [c for c in chunks if c in mixed or not self._is_known(c[0])]
            signs = (chunk.span() for chunk in chunks if self._ambiguous.search(chunk[0]))
            for first, last in windows(source, signs):
                part = source[first:last]
                # Most characters look like one letter alone: most tables say the same.
                for seen in dict.fromkeys(map(part.translate, self._looks)):
                    yield View(seen, range(first, last))

    def _is_mixed(self, chunk: str) -> bool:
        """Whether there are letters of two scripts in it."""
        if not self._ambiguous.search(chunk):
            return False
        return self._has_latin(chunk)

    def _has_latin(self, text: str) -> bool:
        return bool(_PLAIN.search(text)) or any(map(self._is_latin, set(_UNSURE.findall(text))))

    def _is_latin(self, char: str) -> bool:
        return _LATIN.match(self._letters[ord(char)]) is not None


def _rest_of_run(source: str, run: Span) -> Span:
    """The rest of a run behind its second letter."""
    letters = [at for at in range(*run) if source[at].isalpha()]
    return letters[1] + 1, run[1]


def _shifted(views: Iterable[View], first: int) -> Iterator[View]:
    """Views of a part of a text as views of the whole; the part begins at `first`."""
    return (View(view.source, [first + at for at in view.places]) for view in views)


def _with_rows_turned(source: str, drawn: str, rows: Iterable[Sequence[_Turn]]) -> View:
    """Each row as it is or reversed: if one of its chunks must be, the whole row is."""
    places: list[int] = []
    seen: list[str] = []
    for row in rows:
        here = [at for chunk, _ in row for at in chunk]
        runs_back = any(turn == _MUST for _, turn in row)
        here = _reversed_places(here, source) if runs_back else here
        seen += ((drawn if runs_back else source)[at] for at in here)
        places += here
    return View("".join(seen), places)


def _reversed_places(row: list[int], source: str) -> list[int]:
    """Some places in a text reversed, except the blanks around them."""
    text = "".join(source[at] for at in row)
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    return [*row[:first], *reversed(row[first:last]), *row[max(first, last) :]]


def _in_both_orders(chunks: list[range], drawn: str) -> Iterator[View]:
    """The words with the last one first, and in their order."""
    for order in (reversed(chunks), chunks):
        places = [at for chunk in order for at in chunk]
        yield View("".join(drawn[at] for at in places), places)


def _any_of(*characters: str) -> re.Pattern[str]:
    return re.compile(f"[{''.join(map(re.escape, ''.join(characters)))}]")


def _tables(looks: Mapping[str, str]) -> list[dict[int, str]]:
    """Characters with what they look like: first, second, and so on, if they look like several."""
    known: dict[str, list[str]] = {}
    for letter, drawn in looks.items():
        for char in drawn:
            known.setdefault(char, []).append(letter)
    count = max(map(len, known.values()))
    return [
        {ord(char): read[min(n, len(read) - 1)] for char, read in known.items()}
        for n in range(count)
    ]


def _chunks(text: str) -> Iterator[range]:
    """Words, and what stands between them, as places."""
    last = 0
    for chunk in _CHUNK.finditer(text):
        yield from (range(at, at + 1) for at in range(last, chunk.start()))
        yield range(*chunk.span())
        last = chunk.end()
    yield from (range(at, at + 1) for at in range(last, len(text)))
