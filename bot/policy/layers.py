"""The effective policy of one place: floor, licence, preset, server, category, channel and role.

Preset, server, category, channel and role replace one another line by line, and the nearest that
speaks wins; floor and licence are joined at the end, so nothing gets below them. `decide` and
`showing` judge by the `EffectivePolicy`, the panel shows it. Pure: no store and no Discord; finding
rules in texts is the screening's task.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bot.domain import ChannelId, Finding, GuildId, Layer, Place, RoleId, RuleId, Ruling
from bot.policy.arrangements import GalleryTerms, StrikeTerms
from bot.policy.effect import NOTHING, Audience, Effect, join
from bot.policy.rulebook import SERVER, Rule, Rulebook, rule_of
from bot.policy.screening import Screen, Term
from bot.words.effects import in_words, layer_in_words
from bot.words.speaking import say
from models.contract import ModelInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """The lines of one layer; a rule that is not named is left to the layers below."""

    effects: Mapping[RuleId, Effect] = field(default_factory=dict[RuleId, Effect])
    #: The bot is switched on or off here; None says nothing.
    enabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTerms:
    """What the members with one role may; None says nothing, and the most generous role counts."""

    #: Rules that do not apply to them, but for what floor and licence make of those.
    exempt: frozenset[RuleId] = frozenset()
    #: Pictures that may wait at once.
    waiting_max: int | None = None
    #: Pictures in 24 hours.
    per_day_max: int | None = None
    #: Between two requests.
    cooldown_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLine:
    """What follows from one rule in one place."""

    effect: Effect
    #: Who says what is done and who may see it.
    layer: Layer
    #: All who have a part in it: each made it stricter than those before it did, the floor first.
    layers: tuple[Layer, ...]


#: What a licence has follow from a rule that it asks for, besides the rule's own effect.
_FORBIDDEN = Effect(ruling=Ruling.REFUSE)
_Lines = Mapping[RuleId, PolicyLine]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What is compiled of a document with one rulebook."""

    rulebook: Rulebook
    screen: Screen
    terms: Mapping[str, Effect]
    lines: dict[tuple[object, ...], _Lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildPolicy:
    """Everything that one server decided: a document that is replaced whole."""

    guild_id: GuildId
    #: One of the rulebook's presets.
    preset: str = "standard"
    rules: Overrides = field(default_factory=Overrides)
    categories: Mapping[ChannelId, Overrides] = field(default_factory=dict[ChannelId, Overrides])
    channels: Mapping[ChannelId, Overrides] = field(default_factory=dict[ChannelId, Overrides])
    roles: Mapping[RoleId, RoleTerms] = field(default_factory=dict[RoleId, RoleTerms])
    #: Its own terms, each with an effect.
    blocked: tuple[Term, ...] = ()
    #: Phrases in which no rule finds anything, but for those of the floor and of a licence.
    allowed: tuple[str, ...] = ()
    #: The only channels and categories where the bot can be asked; empty: all.
    only_channels: frozenset[ChannelId] = frozenset()
    #: The bot draws and shows nothing in the whole server.
    paused: bool = False
    #: Members with this role decide too, beside those with Manage Server.
    moderator_role: RoleId | None = None
    #: Where held pictures, reports and appeals go.
    review_channel: ChannelId | None = None
    #: Where every change, alert and removal is posted.
    log_channel: ChannelId | None = None
    gallery: GalleryTerms = field(default_factory=GalleryTerms)
    strikes: StrikeTerms = field(default_factory=StrikeTerms)
    #: Between two requests of a member; 0: none.
    cooldown_s: int = 0
    #: Pictures of a member in 24 hours; None: as many as they like.
    per_day_max: int | None = None
    #: What was compiled of it, by rulebook: a document is replaced, never changed.
    memo: dict[int, _Compiled] = field(
        default_factory=dict[int, _Compiled], init=False, repr=False, compare=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What holds everywhere: floor and licence."""

    rulebook: Rulebook
    screen: Screen
    lines: _Lines
    #: The rules that the model's licence asks for.
    licence: frozenset[RuleId]
    #: The effects of the server's own terms, and those that are let pass.
    terms: Mapping[str, Effect] = field(default_factory=dict[str, Effect])
    passed: frozenset[str] = frozenset()

    def effect(self, finding: Finding) -> Effect:
        """The effect of a finding. KeyError for an unknown rule or term."""
        if finding.rule == SERVER and finding.words and self.passed.issuperset(finding.words):
            return NOTHING
        line = self.lines.get(finding.rule)
        if line is not None or finding.rule != SERVER:
            return self.lines[finding.rule].effect
        return join(self.terms[word] for word in finding.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectivePolicy(Ground):
    """What holds in one place for one member."""

    guild: GuildPolicy
    place: Place
    #: The rules that the member's roles are exempt from.
    exempt: frozenset[RuleId] = frozenset()
    enabled: bool
    #: Who switched the bot on or off here.
    enabled_by: Layer

    def explain(self) -> tuple[str, ...]:
        """Every line in words, with who says so."""
        state = "on" if self.enabled else "off"
        return (
            f"Switched {state} here ({layer_in_words(self.enabled_by)})",
            *(self._explained(rule, line) for rule, line in self.lines.items()),
        )

    def _explained(self, rule: RuleId, line: PolicyLine) -> str:
        who = " and ".join(map(layer_in_words, line.layers))
        return f"{title_of(self.rulebook, rule)}: {in_words(line.effect)} ({who})"


def effective(
    rulebook: Rulebook,
    guild: GuildPolicy,
    place: Place,
    roles: frozenset[RoleId] = frozenset(),
    licence: frozenset[RuleId] | None = None,
) -> EffectivePolicy:
    """What holds in a place for a member with these roles.

    `licence` names the rules that the model's licence asks for; None: all that any licence does.
    Cheap: what does not depend on place and roles is worked out once for each document. The first
    call after a change compiles the server's terms; `is_compiled` says whether that is done.
    """
    assert guild.guild_id == place.guild_id, "the policy of another server"
    compiled = _compiled(rulebook, guild)
    near = _layers_at(guild, place)
    exempt = frozenset[RuleId]().union(*(t.exempt for t in _role_terms(guild, roles)))
    bound = strictest_licence(rulebook) if licence is None else licence
    key = (*((id(said.overrides), said.sure) for said in near), exempt, bound)
    if key not in compiled.lines:
        compiled.lines[key] = _lines(compiled, guild.preset, near, exempt, bound)
    enabled, enabled_by = _enabled(guild, place, near)
    return EffectivePolicy(
        rulebook=rulebook,
        guild=guild,
        place=place,
        licence=bound,
        exempt=exempt,
        lines=compiled.lines[key],
        enabled=enabled,
        enabled_by=enabled_by,
        screen=compiled.screen,
        terms=compiled.terms,
    )


def is_compiled(rulebook: Rulebook, guild: GuildPolicy) -> bool:
    """Whether `effective` is cheap: the first call may compile for up to a second."""
    return id(rulebook) in guild.memo


def with_excused(policy: EffectivePolicy, found: Collection[Finding]) -> EffectivePolicy:
    """The same policy with these findings excused as well; floor and licence still hold.

    Of the server's own terms, only the named ones; any other rule entirely, because a finding names
    only some of its words.
    """
    terms = {word for f in found if f.rule == SERVER for word in f.words}
    rules = {f.rule for f in found if f.rule != SERVER or not f.words}
    book, nothing = policy.rulebook.rules, (Layer.ROLE, NOTHING)
    lines = {r: _line(book.get(r), nothing, licensed=r in policy.licence) for r in rules}
    return replace(
        policy,
        lines={**policy.lines, **lines},
        exempt=policy.exempt | rules,
        passed=policy.passed | terms,
    )


@lru_cache(maxsize=8)
def ground_of(rulebook: Rulebook, licence: frozenset[RuleId] | None = None) -> Ground:
    """What holds in every server; a picture is measured by it before anybody sees it."""
    bound = strictest_licence(rulebook) if licence is None else licence
    return Ground(
        rulebook=rulebook,
        screen=Screen(rulebook),
        licence=bound,
        lines={
            rule.id: _line(rule, (Layer.FLOOR, NOTHING), licensed=rule.id in bound)
            for rule in rulebook.rules.values()
        },
    )


def rules_of_licence(rulebook: Rulebook, info: ModelInfo) -> frozenset[RuleId]:
    """The rules that a model's licence asks for.

    If its card names an unknown licence or an unknown rule: all rules that any licence asks for.
    """
    named = frozenset(map(RuleId, info.licence_rules))
    known = rulebook.licences.get(info.licence_id or "")
    if known is None or not named <= rulebook.rules.keys():
        return strictest_licence(rulebook) | named
    return named.union(known)


def strictest_licence(rulebook: Rulebook) -> frozenset[RuleId]:
    """All rules that any licence asks for: an unknown licence counts as all of them."""
    return frozenset[RuleId]().union(*rulebook.licences.values())


def _compiled(rulebook: Rulebook, guild: GuildPolicy) -> _Compiled:
    known = guild.memo.get(id(rulebook))
    if known is None:
        terms: dict[str, Effect] = {}
        for term in guild.blocked:
            terms[term.text] = terms.get(term.text, NOTHING) | term.effect
        screen = Screen(rulebook, guild.blocked, guild.allowed)
        known = guild.memo[id(rulebook)] = _Compiled(rulebook, screen, terms, {})
    return known


@dataclass(frozen=True, slots=True)
class _LayerLines:
    """The lines of a layer that counts in a place; if not `sure`, only where they are stricter."""

    layer: Layer
    overrides: Overrides
    sure: bool = True


def _layers_at(guild: GuildPolicy, place: Place) -> list[_LayerLines]:
    """The layers whose lines count in a place, the farthest first."""
    return [
        _LayerLines(Layer.SERVER, guild.rules),
        *_lines_of_layer(Layer.CATEGORY, guild.categories, place.category_id, place),
        *_lines_of_layer(Layer.CHANNEL, guild.channels, place.parent_id, place),
        *_lines_of_layer(Layer.CHANNEL, guild.channels, place.channel_id, place),
    ]


def _lines_of_layer(
    layer: Layer, lines: Mapping[ChannelId, Overrides], id_: ChannelId | None, place: Place
) -> Iterator[_LayerLines]:
    """The lines of this id; if the id is unknown, the lines of all."""
    if id_ is None and not place.whole:
        yield from (_LayerLines(layer, overrides, sure=False) for overrides in lines.values())
    elif id_ is not None and id_ in lines:
        yield _LayerLines(layer, lines[id_])


def _role_terms(guild: GuildPolicy, roles: frozenset[RoleId]) -> Iterator[RoleTerms]:
    return (guild.roles[role] for role in roles & guild.roles.keys())


def _enabled(guild: GuildPolicy, place: Place, near: Iterable[_LayerLines]) -> tuple[bool, Layer]:
    """Whether the bot is switched on; a pause and a list of channels let no layer overrule them."""
    here = {place.channel_id, place.parent_id, place.category_id}
    if guild.paused or (guild.only_channels and not guild.only_channels & here):
        return False, Layer.SERVER
    said = [
        (on, one.layer)
        for one in near
        # A layer that may not apply here can only switch it off.
        if (on := one.overrides.enabled) is not None and (one.sure or not on)
    ]
    return said[-1] if said else (True, Layer.SERVER)


def _lines(
    compiled: _Compiled,
    preset: str,
    near: Iterable[_LayerLines],
    exempt: frozenset[RuleId],
    bound: frozenset[RuleId],
) -> _Lines:
    rulebook = compiled.rulebook
    nearest: dict[RuleId, tuple[Layer, Effect]] = {
        rule: (Layer.PRESET, preset_effect(rulebook, preset, rule)) for rule in rulebook.rules
    }
    for said in near:
        for rule, effect in said.overrides.effects.items():
            below = NOTHING if said.sure else _effect_below(compiled, nearest, rule)
            nearest[rule] = (said.layer, effect | below)
    nearest |= dict.fromkeys(exempt, (Layer.ROLE, NOTHING))
    return {
        rule: _line(rulebook.rules.get(rule), said, licensed=rule in bound)
        for rule, said in nearest.items()
        if rule in rulebook.rules or rule == SERVER
    }


def _effect_below(
    compiled: _Compiled, nearest: Mapping[RuleId, tuple[Layer, Effect]], rule: RuleId
) -> Effect:
    """The effect of a rule so far; for the server's own terms, that of the strictest."""
    return nearest[rule][1] if rule in nearest else join(compiled.terms.values())


def title_of(rulebook: Rulebook, rule: RuleId) -> str:
    """A rule's title; its id if the rulebook no longer has it."""
    known = rule == SERVER or rule in rulebook.rules
    return say(rule_of(rulebook, rule).title) if known else rule


def preset_effect(rulebook: Rulebook, preset: str, rule: RuleId) -> Effect:
    """The effect that a preset gives a rule; an unknown preset counts as the strictest."""
    own = rulebook.rules[rule].effect
    named = rulebook.presets.get(preset)
    if named is not None:
        return named.get(rule, own)
    return own | join(lines.get(rule, own) for lines in rulebook.presets.values())


def floor_effect(rule: Rule) -> Effect:
    """What no layer gets below: all of a floor rule.

    What is for adults stays for adults too, whatever else a server makes of it, for Discord asks
    for it.
    """
    return rule.effect if rule.floor else Effect(audience=rule.effect.audience)


def _line(rule: Rule | None, said: tuple[Layer, Effect], *, licensed: bool) -> PolicyLine:
    """Floor, licence and the nearest layer, joined; `layers` are those that made a difference."""
    parts = [said]
    if rule is not None:
        parts = [(Layer.FLOOR, floor_effect(rule)), said]
        if licensed:
            parts.insert(1, (Layer.LICENCE, rule.effect | _FORBIDDEN))
    effect, layers = NOTHING, list[Layer]()
    for layer, part in parts:
        if not part <= effect:
            layers.append(layer)
        effect |= part
    return PolicyLine(
        effect=effect, layer=_ruling_layer(parts, effect), layers=tuple(layers) or (said[0],)
    )


def _ruling_layer(parts: Sequence[tuple[Layer, Effect]], whole: Effect) -> Layer:
    """The first layer that makes it as strict as the whole; the nearest if none does.

    A refusal concerns everybody, so there only the layer that refuses counts.
    """
    reached = NOTHING
    for layer, part in parts:
        reached |= part
        if _strictness(reached) == _strictness(whole) != _strictness(NOTHING):
            return layer
    return parts[-1][0]


def _strictness(effect: Effect) -> tuple[Ruling, Audience | None]:
    return effect.ruling, None if effect.ruling is Ruling.REFUSE else effect.audience
