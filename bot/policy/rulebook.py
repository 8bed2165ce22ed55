"""The rulebook: rules, concepts, presets and licences, decoded from TOML and cross-checked.

Made by `bot.rulebooks`, read by `screening` (what is found) and `layers` (what follows where).
Pure: it receives bytes. A fault names the file and the place in it, and the bot does not start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bot.domain import RuleId, Ruling
from bot.policy.ages import AgeWords
from bot.policy.denials import DenialWords
from bot.policy.effect import Audience, Effect
from bot.policy.expressions import ExpressionError, When, read
from bot.policy.homographs import Tongue
from bot.policy.including import closure
from bot.policy.native_names import NativeParts
from bot.policy.rule_files import RulebookError, decoded, in_folder, text_of
from bot.policy.spelling import all_spellings, fill_slots
from bot.words.speaking import Message

#: The server's own terms are findings of this rule; it has no file.
SERVER = RuleId("server")
#: Found where there are more ways to read a prompt than anybody can look through.
UNREADABLE = RuleId("unreadable")
#: Concepts that are found by looking at a text, and not by their words.
AGES, LONE_NUMBERS = "ages", "lone-numbers"
NAMES = frozenset({"names", "unlisted-names", "first-names"})
#: Words that may be somebody's last name; one only with a title before it.
LAST_NAMES = "last-names"
BUILT_IN = NAMES | {AGES, LONE_NUMBERS, LAST_NAMES}
#: The concept of fictional characters, whose names are no people's.
CHARACTERS = "characters"
_NONE: Mapping[str, When] = {}
_COMBINATIONS = "combinations.toml"
_PRESETS = ("family", "standard", "age-restricted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the policy."""

    id: RuleId
    title: str
    #: The letter of the licence's Attachment A, in the order of its list; None: not of the licence.
    clause: str | None
    summary: str
    advice: str
    effect: Effect
    #: No server can lower it.
    floor: bool
    #: It only says who may see something, so a word that is denied where it stands does not count.
    deniable: bool
    #: None: members are told of it, but no prompt can show it.
    when: When | None
    tests: Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """A rule's own tests; a negative prompt stands behind ` Negative prompt: `."""

    #: Prompts in which it is found.
    finds: tuple[str, ...] = ()
    #: Prompts in which it is not.
    passes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """Words for one thing, by language."""

    id: str
    summary: str
    #: Where the words come from.
    source: str
    terms: Mapping[str, tuple[str, ...]]
    #: Concepts whose words are its words too.
    includes: tuple[str, ...]
    #: Phrases in which none of the words counts.
    harmless: tuple[str, ...]
    #: The same, but not beside somebody who is on the floor.
    apart: tuple[str, ...]
    #: Concepts whose harmless phrases are its own too.
    harmless_as: tuple[str, ...]
    #: They are names of people: the family's may stand first or last.
    names: bool

    def spellings(self) -> Iterator[str]:
        """Every term, `go{es,ing}` written out, in every spelling of its language."""
        return all_spellings(self.terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Lists that are no concepts."""

    #: For a Latin spelling, the characters that look like it.
    letters: Mapping[str, str]
    #: The same in words of two scripts, where a character may look like several.
    looks: Mapping[str, str]
    #: For a Latin letter, the characters that it is when the page is turned.
    turned: Mapping[str, str]
    #: From a to z, letters of many scripts that are drawn like Latin ones; a space for a plain one.
    alphabets: tuple[str, ...]
    #: For a word, the pictures that say it.
    pictures: Mapping[str, str]
    #: English words that are no trick.
    ordinary: frozenset[str]
    #: Words of tags, which no dictionary has.
    tags: frozenset[str]
    #: Words of other languages, and rarer English ones.
    familiar: frozenset[str]
    #: Words of scripts without spaces that may end or begin inside a term.
    borders: frozenset[str]
    given_names: frozenset[str]
    surnames: frozenset[str]
    native: NativeParts
    #: English words for what can be bare.
    things: frozenset[str]
    ages: AgeWords
    #: By language, words that are a term's in another one.
    homographs: Mapping[str, Tongue]
    #: By a name for languages that do it alike.
    denials: Mapping[str, DenialWords]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Rulebook:
    """Everything that the package says of content."""

    rules: Mapping[RuleId, Rule]
    concepts: Mapping[str, Concept]
    #: The licence's clauses in our own words, by letter.
    clauses: Mapping[str, str]
    #: From the most to the least strict; what each says of a rule that it does not name is the
    #: rule's own effect.
    presets: Mapping[str, Mapping[RuleId, Effect]]
    #: By the licence that a model's card names: the rules that it asks for.
    licences: Mapping[str, tuple[RuleId, ...]]
    lexicon: Lexicon


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effect:
    ruling: Literal["allow", "spoiler", "hold", "refuse"] = "allow"
    audience: Literal["everybody", "adults"] = "everybody"
    alert: bool = False
    strike: bool = False

    def to_effect(self) -> Effect:
        return Effect(
            ruling=Ruling[self.ruling.upper()],
            audience=Audience[self.audience.upper()],
            alert=self.alert,
            strike=self.strike,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    title: str
    summary: str
    advice: str
    effect: _Effect
    clause: str | None = None
    floor: bool = False
    deniable: bool = False
    when: str | None = None
    tests: Trials = field(default_factory=Trials)


#: By the name that stands in a term, the words that may stand there.
_Slots: TypeAlias = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Concept:
    summary: str
    source: str
    terms: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    slots: dict[str, _Slots] = field(default_factory=dict[str, _Slots])
    includes: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    harmless_as: tuple[str, ...] = ()
    names: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Presets:
    family: dict[str, _Effect]
    standard: dict[str, _Effect]
    age_restricted: dict[str, _Effect]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Licences:
    clauses: dict[str, str]
    licences: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letters:
    letters: dict[str, str]
    looks: dict[str, str]
    turned: dict[str, str]
    alphabets: tuple[str, ...]
    pictures: dict[str, str]


#: The rule that stands for a server's own terms.
OWN_TERMS = Rule(
    id=SERVER,
    title=Message("Blocked words of this server"),
    clause=None,
    summary=Message("The moderators of this server do not want these words here."),
    advice=Message("Please leave them out."),
    effect=Effect(ruling=Ruling.REFUSE),
    floor=False,
    deniable=False,
    when=None,
    tests=Trials(),
)


def rule_of(rulebook: Rulebook, rule: RuleId) -> Rule:
    """The rule with this id. KeyError if there is none."""
    return OWN_TERMS if rule == SERVER else rulebook.rules[rule]


def decode_rulebook(files: Mapping[str, bytes]) -> Rulebook:
    """The rulebook out of its files by path, as `rules/sexual.toml`; RulebookError if wrong."""
    combined = _combinations(files)
    licensed = decoded(_Licences, "licences.toml", files)
    book = Rulebook(
        rules={
            RuleId(name): _rule(name, path, files, combined)
            for name, path in in_folder("rules", files)
        },
        concepts={name: _concept(name, path, files) for name, path in in_folder("concepts", files)},
        clauses=licensed.clauses,
        presets=_presets(files),
        licences={name: tuple(map(RuleId, rules)) for name, rules in licensed.licences.items()},
        lexicon=_lexicon(files),
    )
    for fault in (*_faults_of_combinations(combined, book), *_faults_across_files(book)):
        raise RulebookError(fault)
    return book


def _combinations(files: Mapping[str, bytes]) -> dict[str, When]:
    """Expressions that several rules share, by name."""
    found = decoded(dict[str, str], _COMBINATIONS, files)
    return {name: _condition(text, f"{_COMBINATIONS}: {name}") for name, text in found.items()}


def _condition(text: str, at: str, combined: Mapping[str, When] = _NONE) -> When:
    try:
        return read(text, combined)
    except ExpressionError as fault:
        raise RulebookError(f"{at} {fault}.") from fault


def _rule(name: str, path: str, files: Mapping[str, bytes], combined: Mapping[str, When]) -> Rule:
    raw = decoded(_Rule, path, files)
    when = None if raw.when is None else _condition(raw.when, f"{path}: when", combined)
    return Rule(
        id=RuleId(name),
        title=raw.title,
        clause=raw.clause,
        summary=raw.summary,
        advice=raw.advice,
        effect=raw.effect.to_effect(),
        floor=raw.floor,
        deniable=raw.deniable,
        when=when,
        tests=raw.tests,
    )


def _concept(name: str, path: str, files: Mapping[str, bytes]) -> Concept:
    raw = decoded(_Concept, path, files)
    return Concept(
        id=name,
        summary=raw.summary,
        source=raw.source,
        terms=_terms(raw, path),
        includes=raw.includes,
        harmless_as=raw.harmless_as,
        harmless=raw.harmless,
        apart=raw.apart,
        names=raw.names,
    )


def _terms(raw: _Concept, path: str) -> dict[str, tuple[str, ...]]:
    try:
        return {t: fill_slots(terms, raw.slots.get(t, {})) for t, terms in raw.terms.items()}
    except KeyError as slot:
        raise RulebookError(f"{path}: terms name the slot {slot}, which is none.") from slot


def _presets(files: Mapping[str, bytes]) -> dict[str, dict[RuleId, Effect]]:
    raw = decoded(_Presets, "presets.toml", files)
    said = ((name, getattr(raw, name.replace("-", "_"))) for name in _PRESETS)
    return {name: {RuleId(r): e.to_effect() for r, e in effects.items()} for name, effects in said}


def _lexicon(files: Mapping[str, bytes]) -> Lexicon:
    def lines(name: str) -> frozenset[str]:
        found = text_of(f"lexicon/{name}.txt", files).split("\n")
        return frozenset([line for line in found if line and line[0] not in "#\r"])

    letters = decoded(_Letters, "lexicon/letters.toml", files)
    return Lexicon(
        letters=letters.letters,
        looks=letters.looks,
        turned=letters.turned,
        alphabets=letters.alphabets,
        pictures=letters.pictures,
        ordinary=lines("ordinary"),
        tags=lines("tags"),
        familiar=lines("familiar"),
        borders=lines("borders"),
        given_names=lines("given-names"),
        surnames=lines("surnames"),
        native=decoded(NativeParts, "lexicon/native-names.toml", files),
        things=lines("things"),
        ages=decoded(AgeWords, "lexicon/ages.toml", files),
        homographs=decoded(dict[str, Tongue], "lexicon/homographs.toml", files),
        denials=decoded(dict[str, DenialWords], "lexicon/denials.toml", files),
    )


def _faults_across_files(book: Rulebook) -> Iterator[str]:
    """Wrong references from one file to another."""
    for rule in book.rules.values():
        yield from _faults_of_rule(rule, book)
    for concept in book.concepts.values():
        yield from _faults_of_concept(concept, book.concepts)
    yield from _faults_of_presets_and_licences(book)
    if UNREADABLE not in book.rules:
        yield f"rules/{UNREADABLE}.toml is missing."
    if CHARACTERS not in book.concepts:
        yield f"concepts/{CHARACTERS}.toml is missing."


def _faults_of_combinations(combined: Mapping[str, When], book: Rulebook) -> Iterator[str]:
    for name, when in combined.items():
        for concept in sorted(when.concepts - book.concepts.keys() - BUILT_IN):
            yield f"{_COMBINATIONS}: {name} names the concept {concept}, which has no file."


def _faults_of_rule(rule: Rule, book: Rulebook) -> Iterator[str]:
    at = f"rules/{rule.id}.toml"
    if rule.clause is not None and rule.clause not in book.clauses:
        yield f"{at}: clause {rule.clause} is none of {', '.join(book.clauses)}."
    if rule.deniable and (rule.floor or rule.clause):
        yield f"{at}: deniable is for rules of neither the floor nor the licence."
    if rule.when:
        for concept in sorted(rule.when.concepts - book.concepts.keys() - BUILT_IN):
            yield f"{at}: when names the concept {concept}, which has no file."
        if not rule.tests.finds:
            yield f"{at}: tests.finds is empty: a rule is shown at work."


def _faults_of_concept(concept: Concept, concepts: Mapping[str, Concept]) -> Iterator[str]:
    for other in concept.includes:
        if other not in concepts:
            yield f"concepts/{concept.id}.toml: includes {other}, which has no file."
        elif concept.id in closure(other, concepts):
            yield f"concepts/{concept.id}.toml: includes {other}, which includes it."
    for other in concept.harmless_as:
        if other not in concepts:
            yield f"concepts/{concept.id}.toml: harmless_as names {other}, which has no file."


def _faults_of_presets_and_licences(book: Rulebook) -> Iterator[str]:
    for name, effects in book.presets.items():
        for rule in effects:
            if rule not in book.rules or book.rules[rule].floor:
                yield f"presets.toml: {name}.{rule} is no rule that a preset can set."
    for name, rules in book.licences.items():
        for rule in rules:
            if rule not in book.rules:
                yield f"licences.toml: licences.{name} names {rule}, which has no file."
