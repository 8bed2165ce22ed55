"""*List*: folds a rulebook's terms, whole lists at once.

Called by `sides`, once per rulebook. Pure. Must not know rules or prompts. A bot compiles some ten
thousand terms at its start, so nothing here processes terms one by one if it can process them
together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from bot.policy.folding import other_kana
from bot.policy.matching import Innocent
from bot.policy.rulebook import Concept, Rulebook
from bot.policy.spelling import expanded, in_full
from bot.policy.terms import Label
from bot.policy.wordlists import each_spoken

#: Folds many terms.
Read = Callable[[Sequence[str]], list[str]]
#: Shorter words are no part of a word that was run together, and in other scripts these.
_PART_MIN, _FOREIGN_MIN = 3, 5
#: Shorter names are good for halves of a word.
_NAME_MIN = 5
#: The languages whose words stand beside English ones.
_ENGLISH = ("en", "ja")
_FOREIGN = re.compile("[^\0-\u024f]")
#: Concepts of which a term is no chance in a word that is strange, whatever else that may be.
_GRAVE = (
    "minors", "minors-sexualised", "youth", "offspring", "sexual", "lewd", "sexual-violence",
)  # fmt: skip


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
    apart: Sequence[str]


def listed(concept: Concept, read: Read) -> Listed:
    """A concept's terms and harmless phrases."""
    spelled = [*_spellings(concept)]
    written = [term for _, term in spelled]
    languages = [language for language, _ in spelled]
    terms = read(written)
    harmless, apart = (
        read([word for phrase in phrases for word in expanded(phrase)])
        for phrases in (concept.harmless, concept.apart)
    )
    return Listed(concept, written, languages, terms, each_spoken(terms), harmless, apart)


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
        apart: Label = ("apart", each.concept.id)
        yield apart, chain.from_iterable(map(in_every_kana, each.apart))


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


def alone(concepts: Mapping[str, Listed]) -> frozenset[str]:
    """The words that are a grave term by themselves, no shorter than a part of a word."""
    grave = (concepts[name] for name in _GRAVE if name in concepts)
    lines = (line.split() for each in grave for line in each.lines)
    return frozenset(line[0] for line in lines if len(line) == 1 and len(line[0]) >= _PART_MIN)


def plain(concepts: Sequence[Listed]) -> frozenset[str]:
    """The words of terms that are no term of several words run together, as `upskirt` is."""
    lines = (line for each in concepts for line in each.lines)
    return frozenset(parts(concepts)).difference(
        line.replace(" ", "") for line in lines if line.count(" ") > 2
    )


def innocent(rulebook: Rulebook, foreign: frozenset[str], own: frozenset[str]) -> Innocent:
    """Words that are no disguise.

    `foreign`: the familiar words, folded; `own`: those of terms, found where they stand.
    """
    halves = rulebook.lexicon.ordinary | rulebook.lexicon.tags
    names = (name for name in rulebook.names() if len(name) >= _PART_MIN)
    words = foreign.union(halves, names)
    short = {word for word in words if len(word) < _NAME_MIN} - halves
    borders = rulebook.lexicon.borders
    found = (word for word in own if len(word) >= _NAME_MIN)
    familiar = (words - short).union(found)
    return Innocent(words=words, halves=halves, familiar=familiar, borders=borders)
