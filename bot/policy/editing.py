"""How one press of a moderator changes their server's policy. Pure.

The panel calls these. A policy is never modified: each function returns the next one, in which
everything not named is unchanged. Who may press is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain import ChannelId, GuildId, Layer, Place, RoleId, RuleId, Ruling
from bot.policy.effect import Audience, Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms
from bot.policy.rulebook import Rule, Rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a line is written: for the whole server, a category or a channel."""

    layer: Layer = Layer.SERVER
    #: The category or channel; None for the server.
    id: ChannelId | None = None

    def key(self) -> str:
        """A few letters and digits that name it: `s`, `k123`, `c456`."""
        return "s" if self.id is None else f"{_LETTERS[self.layer]}{self.id}"

    def place(self, guild_id: GuildId, category_id: ChannelId | None = None) -> Place:
        """A place where exactly its lines hold; `category_id` is the one that a channel is in."""
        here = self.id or ChannelId(0)
        inside = here if self.layer is Layer.CATEGORY else category_id
        return Place(guild_id=guild_id, channel_id=here, category_id=inside)


_LETTERS: Mapping[Layer, str] = {Layer.CATEGORY: "k", Layer.CHANNEL: "c"}
_LAYERS = {letter: layer for layer, letter in _LETTERS.items()}
WHOLE_SERVER = Scope()


def scope_of(key: str) -> Scope:
    """The scope that a key names. ValueError for what names none."""
    if key == "s":
        return WHOLE_SERVER
    if key[:1] not in _LAYERS or not key[1:].isdecimal():
        raise ValueError(f"{key} names no place")
    return Scope(layer=_LAYERS[key[:1]], id=ChannelId(int(key[1:])))


def overrides_at(policy: GuildPolicy, scope: Scope) -> Overrides:
    """The overrides set in a scope; empty if there are none."""
    if scope.id is None:
        return policy.rules
    written = policy.categories if scope.layer is Layer.CATEGORY else policy.channels
    return written.get(scope.id, Overrides())


def with_overrides(policy: GuildPolicy, scope: Scope, overrides: Overrides) -> GuildPolicy:
    """Set these overrides in a scope; empty ones remove it from the policy."""
    if scope.id is None:
        return replace(policy, rules=overrides)
    is_category = scope.layer is Layer.CATEGORY
    written = dict(policy.categories if is_category else policy.channels)
    written.pop(scope.id, None)
    if overrides != Overrides():
        written[scope.id] = overrides
    return replace(policy, categories=written) if is_category else replace(policy, channels=written)


def with_effect(
    policy: GuildPolicy, scope: Scope, rule: RuleId, effect: Effect | None
) -> GuildPolicy:
    """Set the effect of a rule there; None leaves it to the layers below."""
    written = overrides_at(policy, scope)
    effects = {r: e for r, e in written.effects.items() if r != rule}
    if effect is not None:
        effects[rule] = effect
    return with_overrides(policy, scope, replace(written, effects=effects))


def with_enabled(policy: GuildPolicy, scope: Scope, enabled: bool | None) -> GuildPolicy:  # noqa: FBT001  the choice itself
    """Switch the bot on or off there; None leaves it to the layers below."""
    return with_overrides(policy, scope, replace(overrides_at(policy, scope), enabled=enabled))


def without_overrides(policy: GuildPolicy, scope: Scope) -> GuildPolicy:
    """Remove every override of a place.

    Whether it is on the list stays: an empty list means every channel, and nobody who resets a
    place asks for that.
    """
    return with_overrides(policy, scope, Overrides())


def with_listed(policy: GuildPolicy, scope: Scope, listed: bool) -> GuildPolicy:  # noqa: FBT001  the choice itself
    """Put a place on the list of places where the bot can be asked, or take it off.

    The last one that goes leaves an empty list, which means every channel. ValueError for the
    server itself.
    """
    if scope.id is None:
        raise ValueError("the whole server is no place on the list")
    here = frozenset({scope.id})
    only = policy.only_channels | here if listed else policy.only_channels - here
    return replace(policy, only_channels=only)


def with_role(policy: GuildPolicy, role: RoleId, terms: RoleTerms) -> GuildPolicy:
    """Set what the members with a role may; empty terms remove the role."""
    roles = {r: t for r, t in policy.roles.items() if r != role}
    if terms != RoleTerms():
        roles[role] = terms
    return replace(policy, roles=roles)


def role_terms(policy: GuildPolicy, role: RoleId) -> RoleTerms:
    """What the members with a role may; no more than others if nothing is set."""
    return policy.roles.get(role, RoleTerms())


def is_adjustable(rule: Rule) -> bool:
    """Whether a server can make it stricter or looser: it is no floor, and prompts show it."""
    return not rule.floor and rule.when is not None


def adjustable_rules(rulebook: Rulebook) -> list[Rule]:
    """The rules that a server can make stricter or looser."""
    return [rule for rule in rulebook.rules.values() if is_adjustable(rule)]


#: What a moderator chooses of a rule, by the name that travels: what is done, and who may see it.
RULINGS: Mapping[str, Ruling] = {ruling.name.lower(): ruling for ruling in Ruling}
AUDIENCES: Mapping[str, Audience] = {audience.name.lower(): audience for audience in Audience}
