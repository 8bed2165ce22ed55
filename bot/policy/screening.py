"""*Detect*: everything in a prompt that a rule of the rulebook speaks of. It never decides.

Called by `decide`, and by whoever explains a policy. Pure: no I/O, no clock. A `Screen` is compiled
once for a server's terms, and asked of every prompt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from bot.domain import RuleId, Ruling
from bot.policy.ages import Ages
from bot.policy.effect import Effect
from bot.policy.expressions import Places, Side, Span
from bot.policy.folding import JOINT, Letters, composed
from bot.policy.matching import Squeezed, longest, words
from bot.policy.people import Names
from bot.policy.reading import (
    Reading,
    UnreadableError,
    joined,
    readings,
    turned,
    without_brackets,
    without_breaks,
)
from bot.policy.rulebook import CHARACTERS, SERVER, UNREADABLE, Concept, Rulebook, closure
from bot.policy.terms import Label, Sightings, TermIndex, outside

#: So many words a finding names at most.
_WORDS_MAX = 4
#: A longer text, folded, is not looked through.
_FOLDED_MAX = 24_000
_REFUSE = Effect(ruling=Ruling.REFUSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that holds, and the member's own words that it holds for, a few at most."""

    rule: RuleId
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term of a server's own: what follows from it, and the reason that its members are told."""

    text: str
    reason: str = ""
    effect: Effect = _REFUSE


class Screen:
    """Looks through prompts by a rulebook and a server's terms."""

    def __init__(
        self, rulebook: Rulebook, blocked: Sequence[Term] = (), allowed: Sequence[str] = ()
    ) -> None:
        """In an allowed phrase nothing counts but for the floor's rules."""
        self._detector = _detector(rulebook)
        blocks: list[Label] = [("blocked", term.text) for term in blocked]
        allows: list[Label] = [("allowed", phrase) for phrase in allowed]
        read = self._detector.read
        terms = [(read(label[1]), label) for label in (*blocks, *allows)]
        self._own = TermIndex(terms, rulebook.lexicon.innocent)

    def findings(self, prompt: str, negative: str = "") -> frozenset[Finding]:
        """Every rule that holds, each once; one of `SERVER` for each term of the server.

        The words of the latter are the server's own. The negative prompt names what is not wanted:
        it is read for what a negative weight wants after all, and by rules that ask for it.
        """
        detector = self._detector
        wanted = _Side(joined([prompt, turned(negative)]), detector, (detector.wanted, self._own))
        unwanted = _Side(joined([negative, turned(prompt)]), detector, (detector.unwanted,))
        wanted.opposite, unwanted.opposite = unwanted, wanted
        try:
            return frozenset([*self._of_rules(wanted), *self._of_server(wanted)])
        except UnreadableError:
            return frozenset([Finding(rule=UNREADABLE)])

    def _of_rules(self, wanted: _Side) -> Iterator[Finding]:
        lenient = _Allowing(wanted) if wanted.found.allowed else wanted
        for rule, when in self._detector.conditions.items():
            if places := when.test(wanted if rule in self._detector.floor else lenient):
                yield Finding(rule=rule, words=_told(places))

    def _of_server(self, wanted: _Side) -> Iterator[Finding]:
        allowed = _all_of(wanted.found.allowed)
        for term, spans in wanted.found.blocked.items():
            if outside(spans, allowed):
                yield Finding(rule=SERVER, words=(term,))


def _told(places: Places) -> tuple[str, ...]:
    """A few of the words for which a rule holds, each once."""
    spans: dict[Side, list[Span]] = {}
    for seen, span in places:
        spans.setdefault(seen, []).append(span)
    words = (word for seen, here in spans.items() for word in seen.told(here))
    return tuple(dict.fromkeys(words))[:_WORDS_MAX]


def _all_of(spans: Mapping[str, set[Span]]) -> set[Span]:
    return {span for places in spans.values() for span in places}


def normalise(text: str, rulebook: Rulebook) -> str:
    """A text as its words in plain form: two terms that match the same are the same."""
    return " ".join(words(_detector(rulebook).read(text)))


class _Detector:
    """What is compiled of a rulebook, once."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.letters = Letters(rulebook.lexicon.letters)
        self.concepts = rulebook.concepts
        self.floor = {rule.id for rule in rulebook.rules.values() if rule.floor}
        self.conditions = {rule.id: rule.when for rule in rulebook.rules.values() if rule.when}
        ordinary = rulebook.lexicon.innocent
        self.wanted = TermIndex(self._labelled(self.concepts), ordinary)
        opposed = {name for when in self.conditions.values() for name in when.unwanted}
        self.unwanted = TermIndex(self._labelled(opposed), ordinary)
        self.ages = Ages(rulebook.lexicon.ages, self.folded)
        self.names = Names(rulebook.lexicon)

    def folded(self, text: str) -> str:
        return composed(text).translate(self.letters)

    def read(self, term: str) -> str:
        """A term as it is read in a prompt, where it may look like a weight."""
        return without_brackets(self.folded(term))

    def _labelled(self, names: Iterable[str]) -> Iterator[tuple[str, Label]]:
        """The terms of concepts and of what they include."""
        for name in sorted({n for top in names for n in closure(top, self.concepts)}):
            concept = self.concepts[name]
            for term in _spellings(concept):
                yield self.folded(term), ("words", name)
            for phrase in concept.harmless_spellings():
                yield self.folded(phrase), ("harmless", name)


@lru_cache(maxsize=4)
def _detector(rulebook: Rulebook) -> _Detector:
    return _Detector(rulebook)


def _spellings(concept: Concept) -> Iterator[str]:
    """Every term of a concept; of names, in both orders."""
    for term in concept.spellings():
        yield term
        parts = term.split()
        if concept.names and len(parts) == 2:
            yield " ".join(reversed(parts))


class _Side:
    """What is wanted, or what is not: a text, and where concepts stand in it."""

    opposite: _Side

    def __init__(self, source: str, detector: _Detector, indices: Sequence[TermIndex]) -> None:
        self._source = without_breaks(composed(source))
        self._detector = detector
        self._indices = indices
        self._spans: dict[str, Collection[Span]] = {}

    @cached_property
    def _folded(self) -> str:
        return self._source.translate(self._detector.letters)

    @cached_property
    def _readings(self) -> list[Reading]:
        if len(self._folded) > _FOLDED_MAX:
            raise UnreadableError
        return list(readings(self._folded))

    @cached_property
    def found(self) -> Sightings:
        """Where every label's terms stand, in any reading."""
        found = Sightings()
        for reading in self._readings:
            line = Squeezed(reading)
            for index in self._indices:
                index.look(line, found)
        return found

    def spans(self, concept: str) -> Collection[Span]:
        if concept not in self._spans:
            self._spans[concept] = self._looked(concept)
        return self._spans[concept]

    def _looked(self, concept: str) -> Collection[Span]:
        if concept == "ages":
            return self._ages()
        if concept == "names":
            return self._real(self._detector.names.find(self._folded))
        if concept == "first-names":
            return self._real(self._detector.names.first_names(self._folded))
        spans = outside(self.found.words.get(concept, ()), self.found.harmless.get(concept, ()))
        for other in self._detector.concepts[concept].includes:
            spans |= set(self.spans(other))
        return spans

    def _real(self, names: Collection[Span]) -> set[Span]:
        """The names that do not touch the name of a character of fiction."""
        fiction = self.spans(CHARACTERS)
        return {
            (a, b) for a, b in names if not any(a < end and start < b for start, end in fiction)
        }

    def _ages(self) -> set[Span]:
        spans = set(self._detector.ages.find(self._folded))
        for reading in self._readings:
            found = self._detector.ages.find(reading.text)
            spans |= {(start + reading.start, end + reading.start) for start, end in found}
        return spans

    def words_between(self, left: Span, right: Span) -> int:
        first, second = sorted((left, right))
        return len(self._folded[first[1] : second[0]].split())

    def told(self, spans: Collection[Span]) -> list[str]:
        """What stands there, as it was written."""
        origins = self._origins
        return [
            self._source[origins[a] : origins[b - 1] + 1].replace(JOINT, " ").strip()
            for a, b in longest(spans)
        ]

    @cached_property
    def _origins(self) -> Sequence[int]:
        """For each character of the folded text, where it comes from."""
        if self._source.isascii() and len(self._source) == len(self._folded):
            return range(len(self._source))
        letters = self._detector.letters
        return [at for at, char in enumerate(self._source) for _ in letters[ord(char)]]


class _Allowing:
    """A side in which what stands in an allowed phrase does not count."""

    def __init__(self, side: _Side) -> None:
        self._side = side
        self._shields = _all_of(side.found.allowed)

    @property
    def opposite(self) -> Side:
        return self._side.opposite

    def spans(self, concept: str) -> Collection[Span]:
        return outside(self._side.spans(concept), self._shields)

    def words_between(self, left: Span, right: Span) -> int:
        return self._side.words_between(left, right)

    def told(self, spans: Collection[Span]) -> list[str]:
        return self._side.told(spans)
