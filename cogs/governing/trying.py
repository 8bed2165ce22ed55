"""`/policy test` and `/policy why`: preview a decision, and explain past ones. Not a cog.

Nothing is drawn, counted or recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.client import Interaction
from bot.domain import ChannelId, JobId, Layer, Place, Refused, RoleId
from bot.policy.decide import refusal, refusal_if_off, weigh
from bot.policy.layers import EffectivePolicy, effective, title_of
from bot.policy.showing import may_show
from bot.services import Services
from bot.store.case_rows import Case, CaseId, CaseKind
from bot.store.decisions import Decision, DecisionKind, Outcome
from bot.words import trying as words
from bot.words import wording
from bot.words.effects import layer_in_words
from bot.words.panel import SOMEBODY, SOMEBODY_WITH
from bot.words.reviewing import scores_seen
from bot.words.speaking import enumerated, say
from cogs.governing.desk import Desk
from cogs.translating import channel_at, place_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A hypothetical request: its place and its member."""

    place: Place
    #: A role of the hypothetical member; None: none.
    role: RoleId | None = None

    def policy(self, desk: Desk) -> EffectivePolicy:
        """The policy that would apply."""
        roles = frozenset({self.role}) if self.role else frozenset[RoleId]()
        return effective(desk.rulebook, desk.policy, self.place, roles, desk.licence)

    def asker(self) -> str:
        """The hypothetical member, in words."""
        return SOMEBODY_WITH(role=f"<@&{self.role}>") if self.role else SOMEBODY()


async def attempt_at(
    interaction: Interaction,
    desk: Desk,
    channel: discord.app_commands.AppCommandChannel | None,
    role: discord.Role | None,
) -> Attempt:
    """The place that the command names, or the one where it was called."""
    role_id = RoleId(role.id) if role and not role.is_default() else None
    if channel is None:
        return Attempt(place=desk.here, role=role_id)
    whole = await channel_at(interaction.client, desk.guild_id, ChannelId(channel.id))
    place = place_at(desk.guild_id, ChannelId(channel.id), channel=whole, guild=interaction.guild)
    return Attempt(place=place, role=role_id)


def try_prompt(desk: Desk, attempt: Attempt, prompt: str, negative: str) -> str:
    """Describe what would happen to a prompt."""
    policy = attempt.policy(desk)
    weighed = weigh(policy, prompt, negative)
    refused: Refused | None = refusal_if_off(policy) or refusal(weighed, policy)
    where = f"<#{attempt.place.channel_id}>"
    return words.prompt_tried(where, attempt.asker(), policy, weighed, refused)


async def try_picture(interaction: Interaction, desk: Desk, attempt: Attempt, job_id: JobId) -> str:
    """Describe whether a picture would be shown there."""
    services = interaction.client.services
    job, picture = await services.views.get(job_id), await services.gallery.get(job_id)
    if job is None or picture is None or job.guild_id != desk.guild_id:
        return words.NO_PICTURE()
    outcome = may_show(job, picture, attempt.policy(desk))
    return words.picture_tried(f"<#{attempt.place.channel_id}>", outcome)


async def explain_decisions(services: Services, desk: Desk, id_: str) -> str:
    """Every decision about a picture or a refusal, in order of time, with the reasons."""
    decisions = await services.decisions.decisions_about(desk.guild_id, id_)
    if not decisions:
        return words.explained("", ())
    first = decisions[0]
    about = words.asked_by(first.user_id, first.channel_id, first.card_id)
    lines = [await _decision_line(services, desk, decision) for decision in decisions]
    return words.explained(about, lines)


async def _decision_line(services: Services, desk: Desk, decision: Decision) -> str:
    titles = [title_of(desk.rulebook, rule) for rule in decision.rules]
    case = await services.reviews.get(CaseId(decision.about))
    kind, outcome = _wording_keys(decision, case)
    return words.decision_line(
        kind=kind,
        outcome=outcome,
        rules=enumerated(titles),
        layer=layer_in_words(Layer(decision.layer)) if decision.layer else "",
        why=await _reason(services, decision),
        # A case may share its ID with what it is about, and only its own decision is a moderator's.
        actor_id=case.actor_id if case and decision.kind is DecisionKind.MODERATION else None,
        at_ms=decision.at_ms,
    )


def _wording_keys(decision: Decision, case: Case | None) -> tuple[str, str]:
    """The decision's wording keys: for cases, by their kind."""
    if decision.kind is not DecisionKind.MODERATION or case is None:
        return decision.kind, decision.outcome
    declined = case.kind is CaseKind.APPEAL and decision.outcome is Outcome.DISMISS
    return case.kind, "decline" if declined else decision.outcome


async def _reason(services: Services, decision: Decision) -> str:
    """Why a finished picture is not shown as it is: the safety findings in it."""
    if decision.kind is not DecisionKind.RELEASE:
        return ""
    job_id = JobId(decision.about)
    match decision.outcome:
        case Outcome.HOLD:
            held = await services.reviews.of_picture(job_id, CaseKind.HELD)
            return f"{say(held.why)} {scores_seen(held.scores)}".strip() if held else ""
        case Outcome.SPOILER:
            return scores_seen(await services.gallery.scores(job_id))
        case Outcome.WITHHOLD:
            job = await services.views.get(job_id)
            return wording.why(job) if job else ""
        case _:
            return ""
