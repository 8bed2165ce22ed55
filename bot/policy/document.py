"""Reads a server's policy from the TOML file that moderators import, and checks that it is valid.

Every fault in a file is answered with a sentence; `writing` writes such files. Pure, but slow with
ten thousand terms (about a second): call `from_toml` off the loop.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from typing import Annotated, TypeVar, cast

from bot.domain import ChannelId, GuildId, RoleId, RuleId, Ruling
from bot.policy.arrangements import VOTES_MAX, GalleryTerms, StrikeTerms
from bot.policy.document_faults import (
    fault_of_id,
    faults_of_preset,
    faults_of_rules,
    faults_of_terms,
    faults_of_texts,
    strange_rules,
)
from bot.policy.effect import Audience, Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms
from bot.policy.rulebook import Rulebook
from bot.policy.screening import Term
from bot.policy.toml_text import BYTES_MAX, fault_of_form
from bot.words import documents as words
from bot.words.speaking import number
from bot.words.wording import plain
from models.decoding import Dialect, Flaw, Meta, MisfitError, decode, flaws

_T = TypeVar("_T")

#: Goes up when a key changes its meaning; a new key needs no new number.
VERSION = 1
#: The most that a document has in JSON; as TOML with its comments it still fits a file.
_JSON_BYTES_MAX = BYTES_MAX * 3 // 4
TERMS_MAX = 10_000
#: Channels and categories with overrides, and listed channels: Discord allows no more.
PLACES_MAX, ROLES_MAX = 500, 250

_TOML = Dialect(unknown_field="is not a key of a policy", object_word="a table", null_word="")
_JSON = Dialect(unknown_field="is not a key of a policy", null_word="")
_EFFECT = r"\A(allow|spoiler|hold|refuse)(, *(adults|alert|strike))*\Z"

Snowflake = Annotated[int, Meta(ge=1, le=2**63 - 1, description="the id of a channel or role")]
Snowflakes = Annotated[tuple[Snowflake, ...], Meta(description="a list of ids of channels")]
Count = Annotated[int, Meta(ge=0, le=100_000)]
EffectText = Annotated[
    str,
    Meta(
        pattern=_EFFECT,
        description='"allow", "spoiler", "hold" or "refuse", with ", adults", ", alert" or '
        '", strike" after it',
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    enabled: bool | None = None
    rules: dict[str, EffectText] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Role:
    exempt: tuple[str, ...] = ()
    waiting_max: Count | None = None
    per_day_max: Count | None = None
    cooldown_s: Count | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Term:
    effect: EffectText = "refuse"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Strikes:
    limit: Count = StrikeTerms().limit
    expire_days: Annotated[int, Meta(ge=1, le=3650)] = StrikeTerms().expire_days
    #: Discord's own time-outs end after 28 days at the latest; ours do too.
    timeout_minutes: Annotated[int, Meta(ge=1, le=40_320)] = StrikeTerms().timeout_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A policy as plain values."""

    version: int
    preset: str = "standard"
    paused: bool = False
    only_channels: Snowflakes = ()
    moderator_role: Snowflake | None = None
    review_channel: Snowflake | None = None
    log_channel: Snowflake | None = None
    gallery_channel: Snowflake | None = None
    gallery_votes: Annotated[int, Meta(ge=1, le=VOTES_MAX)] = GalleryTerms().votes
    cooldown_s: Count = 0
    per_day_max: Count | None = None
    allowed: tuple[str, ...] = ()
    strikes: _Strikes = field(default_factory=_Strikes)
    server: _Place = field(default_factory=_Place)
    categories: dict[str, _Place] = field(default_factory=dict[str, _Place])
    channels: dict[str, _Place] = field(default_factory=dict[str, _Place])
    roles: dict[str, _Role] = field(default_factory=dict[str, _Role])
    blocked: dict[str, _Term] = field(default_factory=dict[str, _Term])

    def __post_init__(self) -> None:
        """ValueError if it is of another version."""
        if self.version != VERSION:
            raise ValueError(f"version must be {VERSION}: another version of the bot wrote this.")


#: Keys that stand in a table, by what is written where somebody forgot to say which.
_FROM_TABLES = {"rules": "server.rules", **{f.name: f"strikes.{f.name}" for f in fields(_Strikes)}}


class DocumentError(ValueError):
    """A file is no policy; the message is the first fault, and how many more there are."""

    def __init__(self, faults: Sequence[str]) -> None:
        more = f" (and {len(faults) - 1:,} more)" if len(faults) > 1 else ""
        super().__init__(f"{plain(faults[0], 300)}{more}")
        #: A sentence each, with the path of the fault; they may hold words of the file.
        self.faults = tuple(faults)


def from_toml(data: bytes, guild_id: GuildId, rulebook: Rulebook) -> GuildPolicy:
    """The policy in a file from outside. DocumentError says what is wrong with it, and where."""
    tree = _parse(data)
    try:
        policy = _policy(decode(_Document, tree, _TOML), guild_id)
    except MisfitError as misfit:
        sentences = [_sentence_of(flaw) for flaw in misfit.flaws]
        raise DocumentError([*sentences, *_faults_in(tree, rulebook)]) from None
    except DocumentError:
        raise DocumentError(list(_faults_in(tree, rulebook))) from None
    if faults := list(faults_of(policy, rulebook)):
        raise DocumentError(faults)
    return policy


def _sentence_of(flaw: Flaw) -> str:
    """A sentence about a flaw; an unknown key is answered with the nearest known one.

    What stands in a table and was written above all tables is found too.
    """
    if not flaw.known:
        return flaw.sentence
    within, _, name = flaw.path.rpartition(".")
    keys = {path.rpartition(".")[2]: path for path in flaw.known}
    near = get_close_matches(name, keys if within else _FROM_TABLES | keys, n=1)
    if near:
        nearest = keys.get(near[0]) or _FROM_TABLES[near[0]]
        return words.KEY_IS_NEARLY(key=flaw.path, nearest=nearest)
    return words.STRANGE_KEY(key=flaw.path)


def _parse(data: bytes) -> dict[str, object]:
    if len(data) > BYTES_MAX:
        raise DocumentError([words.TOO_MANY_KIB(most=number(BYTES_MAX // 1024))])
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise DocumentError([words.NOT_UTF8()]) from None
    if odd := fault_of_form(text):
        raise DocumentError([odd])
    try:
        return tomllib.loads(text)
    # Besides TOML's own: a number with more digits than Python reads, and brackets in brackets.
    except (ValueError, RecursionError) as fault:
        raise DocumentError([words.NOT_TOML(fault=fault)]) from None


def _faults_in(tree: Mapping[str, object], rulebook: Rulebook) -> Iterator[str]:
    """Further faults of a file that is no policy: ids, presets, rules and terms."""
    for table in ("categories", "channels", "roles"):
        yield from filter(None, (fault_of_id(name, table) for name in _table(tree.get(table))))
    if isinstance(preset := tree.get("preset", "standard"), str):
        yield from faults_of_preset(preset, rulebook)
    yield from strange_rules(_rules_in(tree), rulebook)
    allowed = tree.get("allowed")
    listed = cast("list[object]", allowed) if isinstance(allowed, list) else []
    yield from faults_of_texts("blocked", list(_table(tree.get("blocked"))))
    yield from faults_of_texts("allowed", [text for text in listed if isinstance(text, str)])


def _rules_in(tree: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Where a file names rules, as far as it is written as a policy is."""
    named = {"server": tree.get("server")}
    for table in ("categories", "channels", "roles"):
        named |= {f"{table}.{id_}": part for id_, part in _table(tree.get(table)).items()}
    for at, part in named.items():
        key_ = "exempt" if at.startswith("roles.") else "rules"
        rules = _table(part).get(key_)
        names = cast("list[object]", rules) if isinstance(rules, list) else _table(rules)
        yield from ((f"{at}.{key_}", name) for name in names if isinstance(name, str))


def _table(part: object) -> dict[str, object]:
    """A part of a file if it is a table, else an empty one."""
    return cast("dict[str, object]", part) if isinstance(part, dict) else {}


def tree_of(policy: GuildPolicy) -> dict[str, object]:
    """The policy as plain values, without unset options."""
    document = _Document(
        version=VERSION,
        preset=policy.preset,
        paused=policy.paused,
        only_channels=tuple(sorted(policy.only_channels)),
        moderator_role=policy.moderator_role,
        review_channel=policy.review_channel,
        log_channel=policy.log_channel,
        gallery_channel=policy.gallery.channel,
        gallery_votes=policy.gallery.votes,
        cooldown_s=policy.cooldown_s,
        per_day_max=policy.per_day_max,
        allowed=policy.allowed,
        strikes=_Strikes(**asdict(policy.strikes)),
        server=_place(policy.rules),
        categories={str(id_): _place(lines) for id_, lines in policy.categories.items()},
        channels={str(id_): _place(lines) for id_, lines in policy.channels.items()},
        roles={str(id_): _role(terms) for id_, terms in policy.roles.items()},
        blocked={
            term.text: _Term(effect=effect_text(term.effect), reason=term.reason)
            for term in policy.blocked
        },
    )
    return _without_unset(asdict(document))


def _without_unset(tree: dict[str, object]) -> dict[str, object]:
    """The tree without unset options."""
    return {
        name: _without_unset(cast("dict[str, object]", value)) if isinstance(value, dict) else value
        for name, value in tree.items()
        if value is not None
    }


def _place(lines: Overrides) -> _Place:
    rules = {str(rule): effect_text(effect) for rule, effect in lines.effects.items()}
    return _Place(enabled=lines.enabled, rules=rules)


def _role(terms: RoleTerms) -> _Role:
    return _Role(
        exempt=tuple(sorted(terms.exempt)),
        waiting_max=terms.waiting_max,
        per_day_max=terms.per_day_max,
        cooldown_s=terms.cooldown_s,
    )


def _policy(document: _Document, guild_id: GuildId) -> GuildPolicy:
    """DocumentError if a place or role is named after no id."""
    return GuildPolicy(
        guild_id=guild_id,
        preset=document.preset,
        rules=_overrides(document.server),
        categories={
            ChannelId(_id(name, "categories")): _overrides(lines)
            for name, lines in document.categories.items()
        },
        channels={
            ChannelId(_id(name, "channels")): _overrides(lines)
            for name, lines in document.channels.items()
        },
        roles={
            RoleId(_id(name, "roles")): RoleTerms(
                exempt=frozenset(map(RuleId, terms.exempt)),
                waiting_max=terms.waiting_max,
                per_day_max=terms.per_day_max,
                cooldown_s=terms.cooldown_s,
            )
            for name, terms in document.roles.items()
        },
        blocked=tuple(
            Term(text=text, reason=term.reason, effect=effect_of(term.effect))
            for text, term in document.blocked.items()
        ),
        allowed=document.allowed,
        only_channels=frozenset(map(ChannelId, document.only_channels)),
        paused=document.paused,
        moderator_role=_optional(RoleId, document.moderator_role),
        review_channel=_optional(ChannelId, document.review_channel),
        log_channel=_optional(ChannelId, document.log_channel),
        gallery=GalleryTerms(
            channel=_optional(ChannelId, document.gallery_channel), votes=document.gallery_votes
        ),
        strikes=StrikeTerms(**asdict(document.strikes)),
        cooldown_s=document.cooldown_s,
        per_day_max=document.per_day_max,
    )


def _optional(kind: Callable[[int], _T], value: int | None) -> _T | None:
    return None if value is None else kind(value)


def _overrides(place: _Place) -> Overrides:
    effects = {RuleId(rule): effect_of(text) for rule, text in place.rules.items()}
    return Overrides(effects=effects, enabled=place.enabled)


def _id(name: str, table: str) -> int:
    if fault := fault_of_id(name, table):
        raise DocumentError([fault])
    return int(name)


def effect_text(effect: Effect) -> str:
    """`hold, adults, alert`: an effect as the document writes it."""
    flags = {
        "adults": effect.audience is Audience.ADULTS,
        "alert": effect.alert,
        "strike": effect.strike,
    }
    return ", ".join([effect.ruling.name.lower(), *(word for word, on in flags.items() if on)])


def effect_of(text: str) -> Effect:
    """What `effect_text` wrote; KeyError of another word."""
    ruling, *flags = [word.strip() for word in text.split(",")]
    return Effect(
        ruling=Ruling[ruling.upper()],
        audience=Audience.ADULTS if "adults" in flags else Audience.EVERYBODY,
        alert="alert" in flags,
        strike="strike" in flags,
    )


def faults_of(policy: GuildPolicy, rulebook: Rulebook) -> Iterator[str]:
    """What keeps a policy from being a server's, a sentence each; none if it may be kept.

    Asked of every document before it is kept, wherever it comes from.
    """
    tree = tree_of(policy)
    yield from (flaw.sentence for flaw in flaws(_Document, tree, _JSON))
    yield from faults_of_rules(policy, rulebook)
    yield from faults_of_terms(policy)
    for name, count, most in (
        ("blocked", len(policy.blocked), TERMS_MAX),
        ("allowed", len(policy.allowed), TERMS_MAX),
        ("only_channels", len(policy.only_channels), PLACES_MAX),
        ("categories", len(policy.categories), PLACES_MAX),
        ("channels", len(policy.channels), PLACES_MAX),
        ("roles", len(policy.roles), ROLES_MAX),
    ):
        if count > most:
            yield words.TOO_MANY_ENTRIES(list=name, count=number(count), most=number(most))
    if len(json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace")) > _JSON_BYTES_MAX:
        yield words.TOO_LARGE_IN_ALL(most=number(_JSON_BYTES_MAX // 1024))
