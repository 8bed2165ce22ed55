"""The buttons under a case: they decide it, once, and carry out the consequences. Not a cog.

`bot/store/reviews.py` commits a decision with all its changes to rows; this module checks the
permission at every press, consults policy, and wakes the background tasks. A second presser is
shown the first decision.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.client import Interaction, WaifuBot
from bot.domain import Admitted, ChannelId, Place, Refused, RoleId, UserId
from bot.policy import decide
from bot.policy.asks import bound_to_model
from bot.policy.layers import GuildPolicy
from bot.services import Services
from bot.store.case_rows import Case, CaseId, CaseKind
from bot.store.consequences import Consequences, Judgement
from bot.store.decisions import Outcome
from bot.store.members import EVERYWHERE, Exclusion
from bot.store.reviews import DecisionResult
from bot.words import reviewing, standing
from cogs.asking.press import Press
from cogs.asking.terms import require_licence
from cogs.components import Action, template
from cogs.governing.cases import case_message
from cogs.governing.powers import require_power
from cogs.posting.faults import DISCORD_ERRORS
from cogs.translating import (
    channel_at,
    for_everybody,
    guild_of,
    member_roles,
    place_at,
    tell,
    user_of,
)

log = logging.getLogger(__name__)

_MINUTE_MS = 60_000


class _CaseButton(Press, template="wd:none"):
    """A button whose target is a case."""

    async def decidable_case(self, interaction: Interaction) -> tuple[Case, GuildPolicy] | None:
        """The case, if the member may decide it in this server; otherwise tells them why not."""
        policy = await require_power(interaction)
        if policy is None:
            return None
        case = await interaction.client.services.reviews.get(CaseId(self.target))
        if case is None or case.guild_id != guild_of(interaction):
            await tell(interaction, reviewing.CASE_GONE())
            return None
        return case, policy


class ShowCasePicture(_CaseButton, template=template(Action.LOOK)):
    """Shows the picture of a case where that is allowed now."""

    action = Action.LOOK

    async def pressed(self, interaction: Interaction) -> None:
        """Put it into the case's message."""
        found = await self.decidable_case(interaction)
        if found is None or not await require_licence(interaction):
            return
        assert interaction.message is not None, "a button stands under a message"
        case, _ = found
        here_id = ChannelId(interaction.message.channel.id)
        shown = await case_message(interaction.client, case, here_id)
        if shown.files or case.decision is not None:
            await interaction.response.edit_message(
                content=shown.content, attachments=shown.files, view=shown.view
            )
        else:
            await tell(
                interaction,
                reviewing.STILL_HIDDEN() if case.has_picture else reviewing.PICTURE_GONE(),
            )


class _VerdictButton(_CaseButton, template="wd:none"):
    """A button that decides."""

    def outcome(self, case: Case) -> Outcome:
        """The outcome that the button decides for this case."""
        del case
        return Outcome(self.action.value)

    async def pressed(self, interaction: Interaction) -> None:
        """Decide, show the decision, and carry out the consequences."""
        found = await self.decidable_case(interaction)
        if found is None:
            return
        case, policy = found
        judgement = await _judgement(interaction, case, policy, self.outcome(case))
        if judgement is None:
            return
        await interaction.response.defer()
        decided = await interaction.client.services.reviews.decide(case.id, judgement)
        if decided is None:
            await tell(interaction, reviewing.CASE_GONE())
            return
        await _show_decision(interaction, decided)
        if decided.first:
            _wake_tasks(interaction.client.services, decided.consequences)


class Approve(_VerdictButton, template=template(Action.APPROVE)):
    """Shows a held picture; leaves a reported one."""

    action = Action.APPROVE

    def outcome(self, case: Case) -> Outcome:
        """Approving a reported picture dismisses the report."""
        return Outcome.DISMISS if case.kind is CaseKind.REPORT else Outcome.APPROVE


class Spoiler(_VerdictButton, template=template(Action.SPOILER)):
    """Shows the picture behind a spoiler."""

    action = Action.SPOILER


class Remove(_VerdictButton, template=template(Action.REMOVE)):
    """Removes it from every message, the gallery and every export."""

    action = Action.REMOVE


class RemoveAndTimeOut(_VerdictButton, template=template(Action.REMOVE_AND_TIME_OUT)):
    """Removes it and times its member out."""

    action = Action.REMOVE_AND_TIME_OUT

    def outcome(self, case: Case) -> Outcome:
        """Custom ids allow no underscores, so the action's name differs from the outcome's."""
        del case
        return Outcome.REMOVE_AND_TIME_OUT


class Uphold(_VerdictButton, template=template(Action.UPHOLD)):
    """Draws what was refused."""

    action = Action.UPHOLD


class Dismiss(_VerdictButton, template=template(Action.DISMISS)):
    """Confirms the refusal."""

    action = Action.DISMISS


#: The buttons registered with the client.
PRESSES = (ShowCasePicture, Approve, Spoiler, Remove, RemoveAndTimeOut, Uphold, Dismiss)


async def _judgement(
    interaction: Interaction, case: Case, policy: GuildPolicy, outcome: Outcome
) -> Judgement | None:
    """The decision with its consequences; None, after telling the member, if it is impossible."""
    actor_id, now_ms = user_of(interaction), interaction.client.services.clock()
    # A decided case has no further consequences: the member just sees the decision.
    is_open = case.decision is None
    admitted, exclusion = None, None
    if is_open and outcome is Outcome.UPHOLD:
        verdict = await _appeal_result(interaction.client, case)
        if isinstance(verdict, str):
            await tell(interaction, verdict)
            return None
        admitted = verdict
    if outcome is Outcome.REMOVE_AND_TIME_OUT:
        exclusion = _time_out(case, policy, actor_id, now_ms)
    with for_everybody(interaction):
        told, cancelled = _notice(case, outcome, exclusion), standing.CANCELLED()
    return Judgement(
        outcome=outcome,
        actor_id=actor_id,
        at_ms=now_ms,
        removal_text=reviewing.REMOVED_BEFORE_SHOWN,
        member_text=told,
        cancelled_text=cancelled,
        exclusion=exclusion,
        admitted=admitted,
        since_id=interaction.id,
        card_id=interaction.client.services.model().card_id,
    )


def _notice(case: Case, outcome: Outcome, exclusion: Exclusion | None) -> str:
    """The message for the member in the channel; empty if there is none."""
    words = _notice_words(case, outcome)
    until_ms = exclusion.until_ms if exclusion else None
    return "" if words is None else reviewing.addressed(case.user_id, words, until_ms)


def _time_out(case: Case, policy: GuildPolicy, actor_id: UserId, now_ms: int) -> Exclusion:
    return Exclusion(
        user_id=case.user_id,
        guild_id=case.guild_id,
        until_ms=now_ms + policy.strikes.timeout_minutes * _MINUTE_MS,
        reason=reviewing.TIME_OUT_REASON,
        actor_id=actor_id,
        at_ms=now_ms,
    )


async def _appeal_result(bot: WaifuBot, case: Case) -> Admitted | str:
    """The admitted ask of an appeal, checked in its channel as it is now, or why not."""
    services = bot.services
    if case.ask is None:
        return reviewing.APPEAL_UNREADABLE()
    model = services.model()
    if not await services.consent.has_accepted(case.user_id, model.licence_sha256):
        return reviewing.UPHOLD_UNLICENSED()
    if await services.members.exclusion(EVERYWHERE, case.user_id, services.clock()):
        return reviewing.UPHOLD_BANNED()
    place = await _current_place(bot, case)
    if place is None:
        return reviewing.UPHOLD_NO_CHANNEL()
    ask = bound_to_model(replace(case.ask, place=place), model)
    policy = await services.policy_at(place, await _current_roles(bot, case), model=model)
    verdict = decide.uphold(ask, policy, case.findings)
    if isinstance(verdict, Refused):
        return reviewing.still_refused(verdict.text, by_server=verdict.appealable)
    return verdict


async def _current_roles(bot: WaifuBot, case: Case) -> frozenset[RoleId]:
    """The member's roles, which may exempt them from rules not appealed; empty if they left."""
    guild = bot.get_guild(case.guild_id)
    try:
        return member_roles(await guild.fetch_member(case.user_id)) if guild else frozenset()
    except DISCORD_ERRORS:
        return frozenset()


async def _current_place(bot: WaifuBot, case: Case) -> Place | None:
    try:
        channel = await channel_at(bot, case.guild_id, case.channel_id)
    except DISCORD_ERRORS:
        return None
    guild = bot.get_guild(case.guild_id)
    return place_at(case.guild_id, case.channel_id, channel=channel, guild=guild)


async def _show_decision(interaction: Interaction, decided: DecisionResult) -> None:
    """Replace the buttons with the decision, and tell a second presser about it.

    If Discord refuses, the review channel's loop does it.
    """
    services = interaction.client.services
    case = decided.case
    assert interaction.channel_id is not None, "a button stands in a channel"
    shown = await case_message(interaction.client, case, ChannelId(interaction.channel_id))
    try:
        await interaction.edit_original_response(
            content=shown.content, attachments=shown.files, view=shown.view
        )
        if not decided.first:
            await tell(interaction, shown.content)
    except DISCORD_ERRORS as problem:
        log.warning("case %s does not show its decision yet: %s", case.id, problem)
    else:
        here = interaction.message.id if interaction.message else None
        if case.message is not None and case.message.message_id == here:
            await services.case_posts.record_edit(case)
    services.signals.review.set()


def _notice_words(case: Case, outcome: Outcome) -> str | None:
    """The notice for the member; None if a held picture's post or status message reports it."""
    id_ = case.job_id or ""
    match case.kind, outcome:
        case CaseKind.APPEAL, Outcome.UPHOLD:
            return reviewing.TOLD_UPHELD()
        case CaseKind.APPEAL, _:
            return reviewing.TOLD_DISMISSED()
        case CaseKind.REPORT, Outcome.SPOILER:
            return reviewing.TOLD_SPOILER(id=id_)
        case CaseKind.REPORT, Outcome.REMOVE | Outcome.REMOVE_AND_TIME_OUT:
            return reviewing.TOLD_REMOVED(id=id_)
        case CaseKind.HELD, Outcome.REMOVE_AND_TIME_OUT:
            return reviewing.TOLD_HELD_TIME_OUT()
        case _:
            return None


def _wake_tasks(services: Services, done: Consequences) -> None:
    """Wake the background tasks that have work after the decision."""
    signals = services.signals
    signals.notify_removed()
    for nudge in (signals.deliver, signals.status, signals.telling):
        nudge.set()
    signals.notify_cancelled(done.cancelled)
    if done.request is not None:
        signals.notify_queued()
