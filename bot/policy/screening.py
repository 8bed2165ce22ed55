"""*Detect*: finds everything in a prompt that a rule of the rulebook concerns. It never decides.

Called by `decide`, and by code that explains a policy. Pure: no I/O, no clock. A `Screen` is
compiled once for a server's terms, and used for every prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from bot.domain import Finding, RuleId, Ruling
from bot.policy.allowing import Allowing, all_spans
from bot.policy.denying import Denying
from bot.policy.effect import Effect
from bot.policy.expressions import Places, Side, Span
from bot.policy.folding import Letters
from bot.policy.listing import in_every_kana
from bot.policy.reading import (
    UnreadableError,
    join_texts,
    negatively_weighted,
    without_brackets,
    without_breaks,
)
from bot.policy.rulebook import SERVER, UNREADABLE, Rulebook
from bot.policy.sides import TextSide, detector
from bot.policy.splitting import words
from bot.policy.terms import Label, TermIndex, outside

#: The most words that a finding names.
_WORDS_MAX = 4
#: How many tags are remembered.
_REMEMBERED_TAGS = 4096
_REFUSE = Effect(ruling=Ruling.REFUSE)
#: Letters as they are, whatever they look like.
_PLAIN = Letters({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One of a server's own terms: its effect, and the reason that members read."""

    text: str
    reason: str = ""
    effect: Effect = _REFUSE


class Screen:
    """Looks through prompts by a rulebook and a server's terms."""

    def __init__(
        self, rulebook: Rulebook, blocked: Sequence[Term] = (), allowed: Sequence[str] = ()
    ) -> None:
        """In an allowed phrase nothing counts but for the rules of the floor and of any licence."""
        self._detector = detector(rulebook)
        self._fixed = self._detector.floor.union(*rulebook.licences.values())
        self._deniable = {rule.id for rule in rulebook.rules.values() if rule.deniable}
        blocks: list[Label] = [("blocked", term.text) for term in blocked]
        allows: list[Label] = [("allowed", phrase) for phrase in allowed]
        labels = [*blocks, *allows]
        read = self._detector.fold_terms([term for _, term in labels])
        terms = ((label, in_every_kana([term])) for label, term in zip(labels, read, strict=True))
        self._server_terms = TermIndex(
            terms, self._detector.innocent, shares_parts_with=self._detector.wanted
        )

    def findings(
        self, prompt: str, negative: str = "", licence: Collection[RuleId] = ()
    ) -> frozenset[Finding]:
        """Every rule that holds, each once; one of `SERVER` for each term of the server.

        `licence`: rules that the model's licence asks for, which nothing lifts.

        The words of the latter are the server's own. The negative prompt names what is not wanted:
        it is read for what a negative weight wants after all, and by rules that ask for it.
        """
        try:
            wanted = self._wanted_side(prompt, negative)
            return frozenset(
                [*self._findings_of_rules(wanted, licence), *self._findings_of_server(wanted)]
            )
        except UnreadableError:
            return frozenset([Finding(rule=UNREADABLE)])

    @cached_property
    def findings_in_tag(self) -> Callable[[str], frozenset[Finding]]:
        """The same of one tag of a model's own, looked through once.

        It remembers what it is asked about: no words of a member's.
        """
        return lru_cache(maxsize=_REMEMBERED_TAGS)(self.findings)

    def _wanted_side(self, prompt: str, negative: str) -> TextSide:
        detector = self._detector
        source = join_texts([prompt, negatively_weighted(negative)])
        opposite = detector.unwanted_side(join_texts([negative, negatively_weighted(prompt)]))
        return detector.wanted_side(source, self._server_terms, opposite)

    def _findings_of_rules(
        self, wanted: TextSide, licence: Collection[RuleId]
    ) -> Iterator[Finding]:
        found = wanted.found
        lenient = Allowing(wanted) if found.allowed else wanted
        asked = self._detector.narrowed_conditions(wanted.present, wanted.opposite.present)
        for rule, condition in asked:
            is_fixed = rule in self._fixed or rule in licence
            side = wanted if is_fixed else lenient
            places = condition.test(side)
            if places and not is_fixed and rule in self._deniable and wanted.may_deny():
                places = condition.test(Denying(side, wanted.is_denied))
            if places:
                yield Finding(rule=rule, words=_words_shown(places))

    def _findings_of_server(self, wanted: TextSide) -> Iterator[Finding]:
        allowed = all_spans(wanted.found.allowed)
        for term, spans in wanted.found.blocked.items():
            if outside(spans, allowed):
                yield Finding(rule=SERVER, words=(term,))


def _words_shown(places: Places) -> tuple[str, ...]:
    """A few of the words that made a rule hold, each once."""
    spans: dict[Side, list[Span]] = {}
    for seen, span in places:
        spans.setdefault(seen, []).append(span)
    words: dict[str, None] = {}
    for seen, here in spans.items():
        words |= dict.fromkeys(seen.texts_at(here))
    return tuple(words)[:_WORDS_MAX]


def is_wordless(text: str) -> bool:
    """Whether a term can be found in no prompt, because nothing in it is read as a word.

    `BREAK` in capitals and `<|endoftext|>` are orders in a prompt, U+3164 is not seen.
    """
    return not words(without_brackets(_PLAIN.fold(without_breaks(text))))


def normalise(text: str, rulebook: Rulebook) -> str:
    """A text as its words in plain form: two terms that match the same are the same."""
    return " ".join(words(*detector(rulebook).fold_terms([text])))
