"""*List*: folds a rulebook's terms, whole lists at once.

Called by `sides`, once per rulebook. Pure. Must not know rules or prompts. A bot compiles some ten
thousand terms at its start, so nothing here processes terms one by one if it can process them
together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.policy.folding import other_kana
from bot.policy.matching import Innocent
from bot.policy.rulebook import Concept, Lexicon
from bot.policy.spelling import all_spellings, expand_braces
from bot.policy.terms import Label
from bot.policy.wordlists import each_spoken

#: Folds many terms.
Read = Callable[[Sequence[str]], list[str]]
#: The fewest letters of a part of words run together; and in other scripts.
_PART_MIN, _FOREIGN_MIN = 3, 5
#: Shorter names may be halves of a word.
_NAME_MIN = 5
#: The languages whose words stand beside English ones.
_ENGLISH = ("en", "ja")
_FOREIGN = re.compile("[^\0-\u024f]")
#: Concepts of which a term is no chance in a word that is strange, whatever else that may be.
_GRAVE = (
    "minors", "minors-sexualised", "youth", "offspring", "sexual", "lewd", "sexual-violence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConceptTerms:
    """The terms that are looked for in one concept's name."""

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


def terms_of_concept(concept: Concept, read: Read) -> ConceptTerms:
    """A concept's terms and harmless phrases."""
    written, languages = list[str](), list[str]()
    for language, terms in concept.terms.items():
        spelled = all_spellings({language: terms})
        written += _in_both_orders(spelled) if concept.names else spelled
        languages += [language] * (len(written) - len(languages))
    folded = read(written)
    harmless, apart = (
        read([word for phrase in phrases for word in expand_braces(phrase)])
        for phrases in (concept.harmless, concept.apart)
    )
    return ConceptTerms(concept, written, languages, folded, each_spoken(folded), harmless, apart)


def _in_both_orders(names: Iterable[str]) -> Iterator[str]:
    """Names, and each that has two parts with the last one first."""
    for name in names:
        yield name
        if len(parts := name.split()) == 2:
            yield " ".join(reversed(parts))


def labelled_terms(concepts: Iterable[ConceptTerms]) -> Iterator[tuple[Label, Iterable[str]]]:
    """The terms of concepts by what they do, in every way in which they are looked for."""
    for each in concepts:
        label: Label = ("words", each.concept.id)
        yield label, in_every_kana(each.read)
        harmless: Label = ("harmless", each.concept.id)
        yield harmless, in_every_kana(each.harmless)
        apart: Label = ("apart", each.concept.id)
        yield apart, in_every_kana(each.apart)


def in_every_kana(terms: Sequence[str]) -> Iterator[str]:
    """Terms as they are, and those with kana in them all in hiragana and all in katakana."""
    yield from terms
    for term in terms:
        if not term.isascii():
            yield from other_kana(term)


def term_words(concepts: Iterable[ConceptTerms]) -> frozenset[str]:
    """The words of terms, and of nobody's name; in other scripts the longer ones."""
    latin, foreign = list[str](), list[str]()
    for each in concepts:
        pairs = zip(each.written, each.lines, strict=True) if not each.concept.names else ()
        for term, line in pairs:
            is_latin = term.isascii() or not _FOREIGN.search(term)
            (latin if is_latin else foreign).append(line)
    return _words_of_length(latin, _PART_MIN) | _words_of_length(foreign, _FOREIGN_MIN)


def _words_of_length(lines: Iterable[str], shortest: int) -> frozenset[str]:
    """The words of many lines that have at least `shortest` letters."""
    return frozenset(word for word in set("".join(lines).split()) if len(word) >= shortest)


def words_by_language(concepts: Iterable[ConceptTerms]) -> tuple[frozenset[str], frozenset[str]]:
    """The words of English and romanised Japanese terms, and the words of all others."""
    lines: tuple[list[str], list[str]] = ([], [])
    for each in concepts:
        for language, line in zip(each.languages, each.lines, strict=True):
            lines[language not in _ENGLISH].append(line)
    return _words_of_length(lines[False], 1), _words_of_length(lines[True], 1)


def grave_words(concepts: Mapping[str, ConceptTerms]) -> frozenset[str]:
    """Grave terms of a single word, none shorter than a part of a word."""
    grave = (concepts[name] for name in _GRAVE if name in concepts)
    lines = (line.split() for each in grave for line in each.lines)
    return frozenset(line[0] for line in lines if len(line) == 1 and len(line[0]) >= _PART_MIN)


def uncompounded(words: frozenset[str], concepts: Iterable[ConceptTerms]) -> frozenset[str]:
    """These words without those that are a term of several words written as one (`upskirt`)."""
    lines = (line for each in concepts for line in each.lines)
    together = (line.replace(" ", "") for line in lines if line.count(" ") > 2)
    return words.difference(together)


def _parts_of_names(concepts: Iterable[ConceptTerms]) -> frozenset[str]:
    """The parts of known names, of people and of fiction."""
    written = (name for each in concepts if each.concept.names for name in each.written)
    return _words_of_length([" ".join(written).lower()], _PART_MIN)


def innocent_words(
    lexicon: Lexicon, concepts: Sequence[ConceptTerms], foreign: frozenset[str], own: frozenset[str]
) -> Innocent:
    """Words that are no disguise.

    `foreign`: the familiar words, folded; `own`: those of terms, found where they stand.
    """
    halves = lexicon.ordinary | lexicon.tags
    given = (name for name in lexicon.given_names if len(name) >= _PART_MIN)
    words = foreign.union(halves, _parts_of_names(concepts), given)
    short = {word for word in words if len(word) < _NAME_MIN} - halves
    found = (word for word in own if len(word) >= _NAME_MIN)
    familiar = (words - short).union(found)
    return Innocent(words=words, halves=halves, familiar=familiar, borders=lexicon.borders)
