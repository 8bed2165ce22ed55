"""`/policy test` and `/policy why`: what would happen here, and why something did. Not a cog.

Nothing is drawn, counted or written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.client import Interaction
from bot.domain import ChannelId, JobId, Layer, Place, Refused, RoleId
from bot.policy.decide import refusal, silence, weigh
from bot.policy.layers import EffectivePolicy, effective, title_of
from bot.policy.showing import may_show
from bot.store.decisions import Decision
from bot.words import trying as words
from bot.words.effects import layer_in_words
from cogs.governing.desk import Desk
from cogs.translating import channel_at, place_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Where something would be asked, and by whom."""

    place: Place
    #: A role of whoever would ask; None: none.
    role: RoleId | None = None

    def policy(self, desk: Desk) -> EffectivePolicy:
        """What would hold."""
        roles = frozenset({self.role}) if self.role else frozenset[RoleId]()
        return effective(desk.rulebook, desk.policy, self.place, roles)

    def asker(self) -> str:
        """Who would ask, in words."""
        return f"a member with <@&{self.role}>" if self.role else "a member without a special role"


async def attempt_at(
    interaction: Interaction,
    desk: Desk,
    channel: discord.app_commands.AppCommandChannel | None,
    role: discord.Role | None,
) -> Attempt:
    """The place that a command names, or the one where it was called."""
    role_id = RoleId(role.id) if role and not role.is_default() else None
    if channel is None:
        return Attempt(place=desk.here, role=role_id)
    whole = await channel_at(interaction.client, desk.guild_id, ChannelId(channel.id))
    place = place_at(desk.guild_id, ChannelId(channel.id), channel=whole, guild=interaction.guild)
    return Attempt(place=place, role=role_id)


def try_prompt(desk: Desk, attempt: Attempt, prompt: str, negative: str) -> str:
    """What would happen to a prompt."""
    policy = attempt.policy(desk)
    weighed = weigh(policy, prompt, negative)
    refused: Refused | None = silence(policy) or refusal(weighed, policy)
    where = f"<#{attempt.place.channel_id}>"
    return words.prompt_tried(where, attempt.asker(), policy, weighed, refused)


async def try_picture(interaction: Interaction, desk: Desk, attempt: Attempt, job_id: JobId) -> str:
    """Whether a picture would be shown there."""
    services = interaction.client.services
    job, picture = await services.views.get(job_id), await services.gallery.get(job_id)
    if job is None or picture is None or job.guild_id != desk.guild_id:
        return words.NO_PICTURE
    outcome = may_show(job, picture, attempt.policy(desk))
    return words.picture_tried(f"<#{attempt.place.channel_id}>", outcome)


def why(desk: Desk, decisions: Sequence[Decision]) -> str:
    """What was decided about one thing, in the order of time."""
    return words.explained([_decision_line(desk, decision) for decision in decisions])


def _decision_line(desk: Desk, decision: Decision) -> str:
    titles = [title_of(desk.rulebook, rule) for rule in decision.rules]
    return words.decision_line(
        kind=decision.kind,
        outcome=decision.outcome,
        rules=", ".join(titles),
        layer=layer_in_words(Layer(decision.layer)) if decision.layer else "",
        card_id=decision.card_id,
        at_ms=decision.at_ms,
    )
