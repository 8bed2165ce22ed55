"""The buttons under a case: they decide it, once, and see to what follows. Not a cog.

Everything that a decision does to rows commits with it in `bot/store/reviews.py`; here the
permission is checked at every press, policy is asked what it needs to be asked, and the nudges are
given. Whoever presses second is told what the first decided.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.client import Interaction, WaifuBot
from bot.domain import Admitted, ChannelId, Place, Refused, RoleId, UserId
from bot.policy import decide
from bot.policy.asks import asked_of
from bot.policy.layers import GuildPolicy
from bot.services import Services
from bot.store.case_rows import Case, CaseId, CaseKind
from bot.store.consequences import CarriedOut, Judgement
from bot.store.decisions import Outcome
from bot.store.members import EVERYWHERE, Exclusion
from bot.store.reviews import Decided
from bot.words import reviewing, standing
from cogs.asking.press import Press
from cogs.asking.terms import licensed
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


class _OfCase(Press, template="wd:none"):
    """A button whose target is a case."""

    async def case(self, interaction: Interaction) -> tuple[Case, GuildPolicy] | None:
        """The case, if it is of this server and the member may decide it; tells them if not."""
        policy = await require_power(interaction)
        if policy is None:
            return None
        case = await interaction.client.services.reviews.get(CaseId(self.target))
        if case is None or case.guild_id != guild_of(interaction):
            await tell(interaction, reviewing.CASE_GONE())
            return None
        return case, policy


class LookAgain(_OfCase, template=template(Action.LOOK)):
    """Show the picture of a case where that may be by now."""

    action = Action.LOOK

    async def pressed(self, interaction: Interaction) -> None:
        """Put it into the case's message."""
        found = await self.case(interaction)
        if found is None or not await licensed(interaction):
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
                reviewing.STILL_HIDDEN() if case.pictured else reviewing.PICTURE_GONE(),
            )


class _Verdict(_OfCase, template="wd:none"):
    """A button that decides."""

    def outcome(self, case: Case) -> Outcome:
        """What it decides of this case."""
        del case
        return Outcome(self.action.value)

    async def pressed(self, interaction: Interaction) -> None:
        """Decide, show the decision, see to what follows."""
        found = await self.case(interaction)
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
        await _show(interaction, decided)
        if decided.first:
            _follow_up(interaction.client.services, decided.done)


class Approve(_Verdict, template=template(Action.APPROVE)):
    """A held picture is shown; a reported one stays."""

    action = Action.APPROVE

    def outcome(self, case: Case) -> Outcome:
        """Of a report it is that nothing follows."""
        return Outcome.DISMISS if case.kind is CaseKind.REPORT else Outcome.APPROVE


class Spoiler(_Verdict, template=template(Action.SPOILER)):
    """It is shown behind a spoiler."""

    action = Action.SPOILER


class Remove(_Verdict, template=template(Action.REMOVE)):
    """It leaves every message, the gallery and every export."""

    action = Action.REMOVE


class RemoveAndTimeOut(_Verdict, template=template(Action.REMOVE_AND_TIME_OUT)):
    """The same, and its member may not ask for a while."""

    action = Action.REMOVE_AND_TIME_OUT

    def outcome(self, case: Case) -> Outcome:
        """A custom id has no underscores, so the words differ."""
        del case
        return Outcome.REMOVE_AND_TIME_OUT


class Uphold(_Verdict, template=template(Action.UPHOLD)):
    """What was refused is drawn."""

    action = Action.UPHOLD


class Dismiss(_Verdict, template=template(Action.DISMISS)):
    """The refusal stays."""

    action = Action.DISMISS


#: What is registered to answer.
PRESSES = (LookAgain, Approve, Spoiler, Remove, RemoveAndTimeOut, Uphold, Dismiss)


async def _judgement(
    interaction: Interaction, case: Case, policy: GuildPolicy, outcome: Outcome
) -> Judgement | None:
    """What is to be decided, with what follows; None, and they are told, if it cannot be."""
    actor_id, now_ms = user_of(interaction), interaction.client.services.clock()
    # Of a decided case nothing follows any more: who asks sees what was decided.
    is_open = case.decision is None
    admitted, exclusion = None, None
    if is_open and outcome is Outcome.UPHOLD:
        verdict = await _admitted(interaction.client, case)
        if isinstance(verdict, str):
            await tell(interaction, verdict)
            return None
        admitted = verdict
    if outcome is Outcome.REMOVE_AND_TIME_OUT:
        exclusion = _time_out(case, policy, actor_id, now_ms)
    with for_everybody(interaction):
        told, cancelled = _told_at(case, outcome, exclusion), standing.CANCELLED()
    return Judgement(
        outcome=outcome,
        actor_id=actor_id,
        at_ms=now_ms,
        text=reviewing.REMOVED_BEFORE_SHOWN,
        told=told,
        told_cancelled=cancelled,
        exclusion=exclusion,
        admitted=admitted,
        since_id=interaction.id,
        card_id=interaction.client.services.model().card_id,
    )


def _told_at(case: Case, outcome: Outcome, exclusion: Exclusion | None) -> str:
    """What the member is told in the channel; empty if nothing."""
    words = _told(case, outcome)
    until_ms = exclusion.until_ms if exclusion else None
    return "" if words is None else reviewing.told(case.user_id, words, until_ms)


def _time_out(case: Case, policy: GuildPolicy, actor_id: UserId, now_ms: int) -> Exclusion:
    return Exclusion(
        user_id=case.user_id,
        guild_id=case.guild_id,
        until_ms=now_ms + policy.strikes.timeout_minutes * _MINUTE_MS,
        reason=reviewing.TIME_OUT_REASON,
        actor_id=actor_id,
        at_ms=now_ms,
    )


async def _admitted(bot: WaifuBot, case: Case) -> Admitted | str:
    """What policy makes of the ask of an appeal in its channel as that is now, or why it cannot."""
    services = bot.services
    if case.ask is None:
        return reviewing.APPEAL_UNREADABLE()
    model = services.model()
    if not await services.consent.accepted(case.user_id, model.licence_sha256):
        return reviewing.UPHOLD_UNLICENSED()
    if await services.members.exclusion(EVERYWHERE, case.user_id, services.clock()):
        return reviewing.UPHOLD_BANNED()
    place = await _place(bot, case)
    if place is None:
        return reviewing.UPHOLD_NO_CHANNEL()
    ask = asked_of(replace(case.ask, place=place), model)
    policy = await services.policy_at(place, await _roles(bot, case), model=model)
    verdict = decide.uphold(ask, policy, case.found)
    if isinstance(verdict, Refused):
        return reviewing.still_refused(verdict.text, by_server=verdict.appealable)
    return verdict


async def _roles(bot: WaifuBot, case: Case) -> frozenset[RoleId]:
    """The member's roles, which may exempt them from what was not appealed; none if they left."""
    guild = bot.get_guild(case.guild_id)
    try:
        return member_roles(await guild.fetch_member(case.user_id)) if guild else frozenset()
    except DISCORD_ERRORS:
        return frozenset()


async def _place(bot: WaifuBot, case: Case) -> Place | None:
    try:
        channel = await channel_at(bot, case.guild_id, case.channel_id)
    except DISCORD_ERRORS:
        return None
    guild = bot.get_guild(case.guild_id)
    return place_at(case.guild_id, case.channel_id, channel=channel, guild=guild)


async def _show(interaction: Interaction, decided: Decided) -> None:
    """The decision in place of the buttons; who came second is told of it too.

    If Discord does not take it, the review channel's loop does it.
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
            await services.case_posts.edited(case)
    services.signals.review.set()


def _told(case: Case, outcome: Outcome) -> str | None:
    """What the member is told in the channel; a held picture's post or status says it by itself."""
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


def _follow_up(services: Services, done: CarriedOut) -> None:
    """Wake whoever has work by the decision."""
    signals = services.signals
    signals.taken_away()
    for nudge in (signals.deliver, signals.status, signals.telling):
        nudge.set()
    signals.cancelled(done.cancelled)
    if done.request is not None:
        signals.queued()
