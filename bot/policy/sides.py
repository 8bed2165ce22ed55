"""*Look*: one side of an ask, the wanted or the unwanted, and where concepts stand in it.

Called by `screening`, which asks the rules of it. Pure. What is compiled of a rulebook is compiled
here, once. It must not know what follows from what is found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain

from bot.domain import RuleId
from bot.policy.ages import Ages
from bot.policy.denials import Denials
from bot.policy.distances import word_distance
from bot.policy.expressions import Condition, Span
from bot.policy.folding import JOINT, Letters, composed
from bot.policy.homographs import Homographs
from bot.policy.including import closure
from bot.policy.inflection import Inflection
from bot.policy.listing import (
    grave_words,
    innocent_words,
    labelled_terms,
    term_words,
    terms_of_concept,
    uncompounded,
    words_by_language,
)
from bot.policy.parting import Parting
from bot.policy.people import Names, is_characters_name
from bot.policy.reading import (
    Reading,
    UnreadableError,
    each_without_brackets,
    readings,
    without_breaks,
)
from bot.policy.respelling import Respelling
from bot.policy.rulebook import AGES, CHARACTERS, LAST_NAMES, LONE_NUMBERS, NAMES, Rulebook
from bot.policy.spoken import Spoken, longest
from bot.policy.terms import Known, Label, Sightings, TermIndex, untouched
from bot.policy.things import PERSON_CONCEPTS, PERSON_PAIRS, Things
from bot.policy.views import Folded, Origin, View, Views

#: The most characters that are read of the wanted and of the unwanted side; more is unreadable.
#: What the unwanted side takes beyond the third number is taken from the wanted side.
_WANTED_MAX, _UNWANTED_MAX, _UNWANTED_FREE = 12_500, 5_000, 1_500
#: What a reading costs beside its characters, and another view of the text.
_LINE_COST, _VIEW_COST = 20, 150
#: No character's name continues behind these.
_NAME_BREAK = re.compile(f"[,;\u3001\u3002\uff0c()\\[\\]{{}}<>|\\\\{JOINT}]")
#: A word of Russian, in which letters look like Latin ones.
_CYRILLIC = re.compile("[\u0400-\u045f]+")
#: Japanese, Chinese and Korean.
_UNSPACED = re.compile("[\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
#: How many negative prompts are remembered: most members use the model's own.
_REMEMBERED = 16
#: How many sets of concepts that stand together are remembered.
_REMEMBERED_MIXES = 512


#: Numbers in words, which may be ages: no concept, but looked for like one.
_NUMBERS = "numbers"
#: Concepts that are not found by terms: in any text, beside a given name, beside a native name.
_FOUND_ANYWHERE = frozenset({AGES, LONE_NUMBERS, LAST_NAMES})
_FOUND_BESIDE_GIVEN_NAMES = _FOUND_ANYWHERE | NAMES
_FOUND_BESIDE_SHAPED_NAMES = _FOUND_ANYWHERE | {"names"}


class Detector:
    """What is compiled of a rulebook, once."""

    def __init__(self, rulebook: Rulebook) -> None:
        lexicon = rulebook.lexicon
        self.letters = letters = Letters(lexicon.letters)
        self.concepts = rulebook.concepts
        self.floor = {rule.id for rule in rulebook.rules.values() if rule.floor}
        self.conditions = {rule.id: rule.when for rule in rulebook.rules.values() if rule.when}
        self._includers = self._includers_by_concept()
        self.possible_concepts = lru_cache(maxsize=_REMEMBERED_MIXES)(self._find_possible_concepts)
        self.narrowed_conditions = lru_cache(maxsize=_REMEMBERED_MIXES)(self._narrow_conditions)
        marked = [word for word in lexicon.familiar if not word.isascii()]
        folded = letters.fold_all(marked)
        self.listed = {
            name: terms_of_concept(concept, self.fold_terms)
            for name, concept in self.concepts.items()
        }
        concepts = [*self.listed.values()]
        self._parts = words = term_words(concepts)
        familiar = lexicon.familiar.difference(marked).union(folded)
        self.innocent = innocent_words(lexicon, concepts, familiar, uncompounded(words, concepts))
        self.views = Views(letters, lexicon, self.innocent, words)
        self.ages = Ages(lexicon.ages, letters.fold)
        self.wanted = TermIndex([*self._labelled(self.concepts), *self._age_terms()], self.innocent)
        is_form = Inflection(self.innocent.words | lexicon.surnames, words).is_form
        known = lexicon.ordinary.union(words, self.ages.words())
        english, foreign = words_by_language(concepts)
        grave = grave_words(self.listed)
        self.respelling = Respelling(words, is_form, grave, lexicon.ordinary - words)
        english |= lexicon.ordinary | lexicon.tags
        foreign |= self.ages.words()
        self.parting = Parting(known, foreign - english, english - foreign, is_form, grave)
        opposed = {name for when in self.conditions.values() for name in when.unwanted}
        self._unwanted = TermIndex(self._labelled(opposed), self.innocent)
        self.unwanted_side = lru_cache(maxsize=_REMEMBERED)(self._make_unwanted_side)
        self.names = Names(lexicon, letters.fold_all, words)
        self.homographs = Homographs(lexicon.homographs)
        self.things = Things(lexicon.things)
        self.denials = Denials(lexicon.denials)
        self.denying_words = frozenset(letters.fold_all([*self.denials.first]))
        self.russian = frozenset(self._only_russian(zip(marked, folded, strict=True)))

    def _only_russian(self, known: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Words in Cyrillic that look like Latin ones, and are no terms as they are written.

        Each is known with its letters read as those that they look like.
        """
        listed = chain.from_iterable(each.written for each in self.listed.values())
        terms = {term for term in listed if not term.isascii()}
        for word, read in known:
            if read.isascii() and _CYRILLIC.fullmatch(word) and word not in terms:
                yield word

    def is_word(self, letters: str) -> bool:
        """Whether letters are a word of any list."""
        return letters in self._parts or letters in self.innocent.words

    def excusing_concepts(self, concept: str) -> Sequence[str]:
        """The concepts in whose harmless phrases a concept's words do not count."""
        known = self.concepts.get(concept)
        return (concept, *known.harmless_as) if known else ()

    def _make_unwanted_side(self, source: str) -> TextSide:
        """The side of a text that says what is not wanted."""
        return TextSide(source, self, (self._unwanted,), _UNWANTED_MAX)

    def wanted_side(self, source: str, own: TermIndex, opposite: TextSide) -> TextSide:
        """The side that says what is wanted, with its opposite; `own`: the terms of a server."""
        effort_max = _WANTED_MAX - max(0, opposite.effort - _UNWANTED_FREE)
        side = TextSide(source, self, (self.wanted, own), effort_max)
        side.opposite = opposite
        return side

    def _includers_by_concept(self) -> dict[str, set[str]]:
        """For each concept, itself and those that include it."""
        includers: dict[str, set[str]] = {}
        for name in self.concepts:
            for other in closure(name, self.concepts):
                includers.setdefault(other, set()).add(name)
        return includers

    def _find_possible_concepts(self, found: frozenset[str]) -> frozenset[str]:
        """These concepts and all that include one of them."""
        return found.union(*(self._includers.get(name, ()) for name in found))

    def _narrow_conditions(
        self, present: frozenset[str], unwanted: frozenset[str]
    ) -> list[tuple[RuleId, Condition]]:
        """The rules' conditions, narrowed to these concepts: no others stand here."""
        narrowed = (
            (rule, when.condition.narrowed(present, unwanted))
            for rule, when in self.conditions.items()
        )
        return [(rule, condition) for rule, condition in narrowed if condition]

    def fold_terms(self, terms: Sequence[str]) -> list[str]:
        """Terms as they are read in a prompt, where they may look like weights."""
        return each_without_brackets(self.letters.fold_all(terms))

    def _labelled(self, names: Iterable[str]) -> Iterator[tuple[Label, Iterable[str]]]:
        """The terms of concepts and of what they include."""
        every = {name for top in names for name in closure(top, self.concepts)}
        return labelled_terms(self.listed[name] for name in sorted(every))

    def _age_terms(self) -> Iterator[tuple[Label, Iterable[str]]]:
        yield ("words", AGES), self.fold_terms([*self.ages.phrases()])
        yield ("words", _NUMBERS), self.fold_terms(self.ages.numbers())


@lru_cache(maxsize=4)
def detector(rulebook: Rulebook) -> Detector:
    """What is compiled of a rulebook; the same for the same rulebook."""
    return Detector(rulebook)


class TextSide:
    """What is wanted, or what is not: a text, and where concepts stand in it."""

    opposite: TextSide

    def __init__(
        self, source: str, detector: Detector, indices: Sequence[TermIndex], effort_max: int
    ) -> None:
        """UnreadableError if there are too many readings of it, or too much is in them."""
        self._source = without_breaks(composed(source))
        self._detector = detector
        self._indices = indices
        self._spans: dict[str, Collection[Span]] = {}
        self._whole = Folded(detector.letters, self._source)
        self._folded = self._whole.text
        self._has_somebody: bool | None = None
        #: What it cost to look it through, in characters that are read.
        self.effort = 0
        #: Every reading of the text, the first of which is the text without its brackets.
        self._lines: list[Spoken] = []
        #: Its other views, with their brackets.
        self._other_views: list[Reading] = []
        #: Where every label's terms stand, in any reading.
        self.found = Sightings()
        self._read_all(effort_max)
        #: The words that are given names: nothing is a name without one.
        self._given_names = detector.names.given.intersection(self._lines[0].words)
        #: Names that need no given name in Latin letters.
        find_by_shape = detector.names.find_by_shape
        self._shaped_names = find_by_shape(self._source, self._folded, self._lines[0].words)
        #: The words of terms that mean something else in the language of this text.
        self._homographs = detector.homographs.find(self._lines[0].words)
        named = _FOUND_BESIDE_SHAPED_NAMES if self._shaped_names else _FOUND_ANYWHERE
        looked_for = _FOUND_BESIDE_GIVEN_NAMES if self._given_names else named
        #: No other concepts than these stand here.
        self.present = detector.possible_concepts(looked_for.union(self.found.words))

    def _read_all(self, effort_max: int) -> None:
        """Read the text in every way and search each; UnreadableError if that is too much.

        Each reading counts before anything is looked for in one: what is too long in all its
        readings is not looked through at all.
        """
        for reading in self._readings(self._lines):
            self.effort += _LINE_COST + len(reading.text)
            if self.effort > effort_max:
                raise UnreadableError
            self._lines.append(Spoken(reading))
        # Repeated phrases give readings that differ only in their place.
        known: list[Known] = [{} for _ in self._indices]
        for number, line in enumerate(self._lines):
            found = Sightings() if number else self.found
            line.effort_max = effort_max - self.effort
            for index, same in zip(self._indices, known, strict=True):
                index.find_terms(line, found, same)
            if number:
                self.found.add(found, self._detector.excusing_concepts)
            self.effort += line.effort

    def _readings(self, lines: Sequence[Spoken]) -> Iterator[Reading]:
        """Every reading; `lines` are those that were taken already."""
        yield from readings(self._folded, self._detector.is_word)
        for view in self._views(lines[0]):
            folded = self._detector.letters.fold_composed(view.source)
            origin = Origin(view, self._whole)
            self._other_views.append(Reading(folded, origin=origin))
            self.effort += _VIEW_COST
            for reading in readings(folded, self._detector.is_word):
                yield Reading(reading.text, reading.start, origin)
        yield from self._parted_lines(list(lines))

    def _views(self, line: Spoken) -> Iterator[View]:
        yield from self._detector.views.of(self._source)
        innocent = self._detector.innocent
        strange = line.strange(innocent.familiar) - innocent.words
        if strange and (backwards := self._detector.parting.running_backwards(strange)):
            yield from self._detector.views.mirrored(self._source, backwards)

    def _parted_lines(self, lines: Iterable[Spoken]) -> Iterator[Reading]:
        """The lines in which words were run together, with those taken apart."""
        innocent = self._detector.innocent
        for line in lines:
            strange = line.strange(innocent.familiar) - innocent.words
            # Other words were neither run together nor mistyped.
            if self._detector.parting.may_part(strange):
                yield from self._detector.parting.take_apart(line, strange)
                yield from self._detector.respelling.readings(line, strange)

    def spans(self, concept: str) -> Collection[Span]:
        """Where a concept's words stand."""
        if concept not in self.present:
            return ()
        if concept not in self._spans:
            self._spans[concept] = self._find_spans(concept)
        return self._spans[concept]

    def _find_spans(self, concept: str) -> Collection[Span]:
        if concept == AGES:
            return self._ages()
        if concept == LONE_NUMBERS:
            return self._lone_numbers()
        if concept == LAST_NAMES:
            return self._without_fiction(self._detector.names.last_names(self._folded))
        if concept in NAMES:
            return self._names_of(concept)
        known = self._detector.concepts[concept]
        shields = self.found.shields(self._detector.excusing_concepts(concept))
        spans = untouched(self.found.words.get(concept, ()), shields)
        if spans and not self._source.isascii() and _CYRILLIC.search(self._source):
            spans = {
                span
                for span in spans
                if self._whole.written(span).lower() not in self._detector.russian
            }
        apart = self._words_of_no_weight(concept, spans)
        if apart and not self._is_somebody_on_the_floor():
            spans -= apart
        for other in known.includes:
            spans |= set(self.spans(other))
        return spans

    def _words_of_no_weight(self, concept: str, spans: set[Span]) -> set[Span]:
        """The concept's words that carry no weight while nobody protected by the floor is here."""
        shields = self.found.apart.get(concept, ())
        apart = {s for s in spans if self._detector.things.is_bare_thing(self._folded, s)}
        if apart and any(map(self.spans, NAMES)):
            apart.clear()
        if shields:
            apart |= spans - untouched(spans, shields)
        if others := self._homographs:
            apart |= {(a, b) for a, b in spans if self._folded[a:b] in others}
        return apart

    def _is_somebody_on_the_floor(self) -> bool:
        """Whether somebody protected by the floor is here; worked out once.

        Until it is known, the answer is yes.
        """
        if self._has_somebody is None:
            self._has_somebody = True
            self._has_somebody = (
                any(map(self.spans, PERSON_CONCEPTS))
                or all(any(map(self.spans, some)) for some in PERSON_PAIRS)
                or bool(self.opposite.spans("adulthood"))
            )
        return self._has_somebody

    def _names_of(self, concept: str) -> set[Span]:
        names, given = self._detector.names, self._given_names
        if concept == "first-names":
            return self._without_fiction(names.first_names(self._folded, self._given_names))
        found = names.find(self._folded, given, unlisted=concept == "unlisted-names")
        if concept == "names":
            found = chain(found, self._shaped_names)
        return self._without_fiction(found)

    def _without_fiction(self, names: Iterable[Span]) -> set[Span]:
        """The names that are not a character's; a character called Ray does not excuse Ray Hall.

        Nor does a name across a comma: `Leon, Magnus Hall` is two people.
        """
        spans = self.spans(CHARACTERS)
        fiction = [span for span in spans if not _NAME_BREAK.search(self._folded, *span)]
        return {
            name for name in names if not any(is_characters_name(name, other) for other in fiction)
        }

    def _ages(self) -> set[Span]:
        find, text = self._detector.ages.find, self._folded
        said = self.found.words.get("ages", ())
        spans = {span for span in said if self._detector.ages.is_age(text, span)}
        numbers = self.found.words.get(_NUMBERS, ())
        spans.update(age for each in numbers if (age := self._detector.ages.age_with(text, each)))
        spans.update(find(self._folded, self._lines[0].words))
        # Ages see through the brackets that lines are without.
        known: dict[str, list[Span]] = {}
        for line in (*self._lines[1:], *map(Spoken, self._other_views)):
            if line.text not in known:
                known[line.text] = [*find(line.text, line.words)]
            spans |= {line.span_in_text(start, end) for start, end in known[line.text]}
        return spans

    def _lone_numbers(self) -> set[Span]:
        """Numbers that are a whole tag, in any spelling."""
        ages, text = self._detector.ages, self._folded
        spelled = filter(partial(ages.is_lone, text), self.found.words.get(_NUMBERS, ()))
        return {*ages.lone_numbers(text, self._lines[0].words), *spelled}

    def words_between(self, left: Span, right: Span) -> int:
        """How many words stand between two places."""
        first, second = sorted((left, right))
        # Without weights, in whose numbers a point is no full stop.
        between = self._lines[0].text[first[1] : second[0]].replace(JOINT, "")
        return word_distance(between)

    def texts_at(self, spans: Collection[Span]) -> list[str]:
        """The texts at these places, as they were written."""
        return [self._whole.written(span).replace(JOINT, " ").strip() for span in longest(spans)]

    def may_deny(self) -> bool:
        """Whether anything may be denied here: a cheap test, because most prompts deny nothing."""
        said = self._lines[0].words
        return not self._detector.denying_words.isdisjoint(said) or bool(
            _UNSPACED.search(self._source)
        )

    def is_denied(self, span: Span) -> bool:
        """Whether what stands there is denied right there: `no nudity`."""
        start, end = self._whole.original(span)
        source = self._source
        return self._detector.denials.is_denied(source[:start], source[start:end], source[end:])
