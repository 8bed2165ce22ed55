"""*List*: what a rulebook's concepts are looked for by, folded, whole lists at once.

Called by `sides`, once for a rulebook. Pure. It must not know rules or prompts. A bot compiles some
ten thousand terms at its start, so nothing here takes a term alone if it can take them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from bot.policy.folding import other_kana
from bot.policy.rulebook import Concept
from bot.policy.spelling import in_full
from bot.policy.terms import Label
from bot.policy.wordlists import each_spoken

#: Folds many terms.
Read = Callable[[Sequence[str]], list[str]]
#: Shorter words are no part of a word that was run together, and in other scripts these.
_PART_MIN, _FOREIGN_MIN = 3, 5
#: The languages whose words stand beside English ones.
_ENGLISH = ("en", "ja")
_FOREIGN = re.compile("[^\0-\u024f]")


@dataclass(frozen=True, slots=True)
class Listed:
    """What is looked for of one concept."""

    concept: Concept
    #: Its terms as they are written; of names, in both orders.
    written: Sequence[str]
    #: The language of each.
    languages: Sequence[str]
    #: The terms, folded.
    read: Sequence[str]
    #: Their words.
    lines: Sequence[str]
    harmless: Sequence[str]


def listed(concept: Concept, read: Read) -> Listed:
    """A concept's terms and harmless phrases."""
    spelled = [*_spellings(concept)]
    written = [term for _, term in spelled]
    languages = [language for language, _ in spelled]
    terms = read(written)
    harmless = read([*concept.harmless_spellings()])
    return Listed(concept, written, languages, terms, each_spoken(terms), harmless)


def _spellings(concept: Concept) -> Iterator[tuple[str, str]]:
    """Every term of a concept with its language; of names, in both orders."""
    for language, terms in concept.terms.items():
        for term in in_full({language: terms}):
            yield language, term
            if concept.names and len(parts := term.split()) == 2:
                yield language, " ".join(reversed(parts))


def labelled(concepts: Iterable[Listed]) -> Iterator[tuple[Label, Iterable[str]]]:
    """The terms of concepts by what they do, in every way in which they are looked for."""
    for each in concepts:
        label: Label = ("words", each.concept.id)
        yield label, chain.from_iterable(map(in_every_kana, each.read))
        harmless: Label = ("harmless", each.concept.id)
        yield harmless, chain.from_iterable(map(in_every_kana, each.harmless))


def in_every_kana(term: str) -> tuple[str, ...]:
    """A term as it is, and all in hiragana and all in katakana."""
    return (term,) if term.isascii() else (term, *other_kana(term))


def parts(concepts: Iterable[Listed]) -> Iterator[str]:
    """The words of terms, and of nobody's name; in other scripts the longer ones."""
    for each in concepts:
        if each.concept.names:
            continue
        for term, line in zip(each.written, each.lines, strict=True):
            shortest = _FOREIGN_MIN if _FOREIGN.search(term) else _PART_MIN
            yield from (word for word in line.split() if len(word) >= shortest)


def by_language(concepts: Iterable[Listed]) -> tuple[frozenset[str], frozenset[str]]:
    """The words of English terms, with Japanese ones in Latin letters, and of all others."""
    words: tuple[set[str], set[str]] = (set(), set())
    for each in concepts:
        for language, line in zip(each.languages, each.lines, strict=True):
            words[language not in _ENGLISH].update(line.split())
    return frozenset(words[False]), frozenset(words[True])


def plain(concepts: Sequence[Listed]) -> frozenset[str]:
    """The words of terms that are no term of several words run together, as `upskirt` is."""
    lines = (line for each in concepts for line in each.lines)
    return frozenset(parts(concepts)).difference(
        line.replace(" ", "") for line in lines if line.count(" ") > 2
    )
