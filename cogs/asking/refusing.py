"""Shows a refusal to its member: the reason, their words, *Edit* and *Appeal*. Not a cog.

The decision is recorded without their words. Their input is kept as a draft for *Edit*; the refused
ask waits under the *Appeal* button as it would for the licence. Only decisions by a server's own
rules can be appealed.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass

import discord

from bot.client import Interaction
from bot.domain import Ask, BotError, Refused, RequestId, RuleId
from bot.ids import new_id
from bot.log import short_hash
from bot.policy.arrangements import StrikeTerms
from bot.policy.layers import title_of
from bot.services import Services
from bot.store.audit_rows import AuditEntry
from bot.store.decisions import Decision, DecisionKind, Outcome
from bot.store.members import Strike
from bot.typed.options import Typed
from bot.typed.writing import full_text
from bot.words import asking, pictures, standing, wording
from bot.words.speaking import ENGLISH, speaking
from cogs.components import Action, row_of
from cogs.posting.faults import DISCORD_ERRORS
from cogs.translating import user_of

log = logging.getLogger(__name__)

_DAY_MS, _MINUTE_MS = 86_400_000, 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _RecordedRefusal:
    """A recorded refusal: its id, and lines to show below it."""

    refusal_id: RequestId
    notes: tuple[str, ...] = ()


async def refuse(interaction: Interaction, ask: Ask, refused: Refused, typed: Typed) -> None:
    """Refuse an ask, and carry out the consequences."""
    services = interaction.client.services
    log.info("refused (%s), prompt %s", refused.reason, short_hash(ask.draw.prompt))
    recorded: _RecordedRefusal | None = None
    if refused.rule is not None or refused.appealable:
        recorded = await _record_refusal(services, ask, refused)
    await _tell_refusal(interaction, refused, typed, recorded)


async def refuse_input(interaction: Interaction, refused: Refused, typed: Typed) -> None:
    """Refuse input that is not a well-formed ask."""
    await _tell_refusal(interaction, refused, typed, None)


async def return_words(interaction: Interaction, typed: Typed) -> None:
    """Return a member's words after an internal fault, so that they are not lost."""
    if asking.words_back(typed) == "":
        return
    try:
        await answer_with_words(interaction, "", typed, discord.utils.MISSING)
    except DISCORD_ERRORS as problem:
        log.warning("a member's words could not be returned: %s", problem)


async def _record_refusal(services: Services, ask: Ask, refused: Refused) -> _RecordedRefusal:
    """Record the refusal and its strike. A failure to record changes nothing about the refusal."""
    refusal_id = RequestId(new_id())
    try:
        now_ms = services.clock()
        if refused.appealable:
            refusal_id = await services.consent.add_waiting_ask(ask, now_ms)
        await services.decisions.record(_decision(services, ask, refused, refusal_id, now_ms))
        if refused.alert and refused.rule is not None:
            with speaking(ENGLISH):
                title = title_of(services.rulebook, refused.rule)
            await alert_moderators(
                services, ask, f"refused: {title}; `/policy why id: {refusal_id}`"
            )
        note = await _count_strike(services, ask, refused, refusal_id) if refused.strike else None
    except BotError as problem:
        log.warning("a refusal was not recorded: %s", problem)
        return _RecordedRefusal(refusal_id=refusal_id)
    return _RecordedRefusal(refusal_id=refusal_id, notes=(note,) if note else ())


def _decision(
    services: Services, ask: Ask, refused: Refused, refusal_id: RequestId, now_ms: int
) -> Decision:
    return Decision(
        kind=DecisionKind.ADMIT,
        outcome=Outcome.REFUSE,
        about=refusal_id,
        rules=_rules_of(refused),
        layer=refused.layer or "",
        card_id=services.model().card_id,
        guild_id=ask.place.guild_id,
        channel_id=ask.place.channel_id,
        user_id=ask.user_id,
        at_ms=now_ms,
    )


def _rules_of(refused: Refused) -> tuple[RuleId, ...]:
    """The rules that refuse it; the one shown to the member comes first."""
    shown_rule = () if refused.rule is None else (refused.rule,)
    return tuple(dict.fromkeys([*shown_rule, *(finding.rule for finding in refused.found)]))


async def alert_moderators(services: Services, ask: Ask, what: str) -> None:
    """Alert the moderators with a line in the server's log, and so in its log channel."""
    await services.guilds.log_event(
        AuditEntry(
            guild_id=ask.place.guild_id,
            actor_id=None,
            action="alert",
            detail=what,
            user_id=ask.user_id,
            at_ms=services.clock(),
        )
    )
    services.signals.logged.set()


async def _count_strike(
    services: Services, ask: Ask, refused: Refused, refusal_id: RequestId
) -> str | None:
    """Count a strike; return a line with their number and the end of a time-out."""
    policy = await services.guilds.policy(ask.place.guild_id)
    terms, now_ms = policy.strikes, services.clock()
    assert refused.rule is not None, "a strike names its rule"
    strike = Strike(
        rule=refused.rule,
        about=refusal_id,
        at_ms=now_ms,
        expires_ms=now_ms + terms.expire_days * _DAY_MS,
    )
    struck = await services.members.record_strike(
        ask.place.guild_id,
        ask.user_id,
        strike,
        limit=terms.limit,
        timeout_ms=terms.timeout_minutes * _MINUTE_MS,
        reason=standing.STRIKES_REASON,
    )
    if struck is None:
        return None
    services.signals.notify_cancelled(struck.cancelled)
    if struck.exclusion is not None and struck.exclusion.until_ms is not None:
        return standing.struck_out(
            struck.live_strikes, struck.exclusion.until_ms, cancelled=bool(struck.cancelled)
        )
    return standing.struck(
        struck.live_strikes, terms.limit, strike.expires_ms, _timeout_text(terms)
    )


def _timeout_text(terms: StrikeTerms) -> str:
    return wording.duration(terms.timeout_minutes * _MINUTE_MS)


async def _tell_refusal(
    interaction: Interaction, refused: Refused, typed: Typed, recorded: _RecordedRefusal | None
) -> None:
    """Tell the member alone: the reason, everything they typed, and what they can do now."""
    parts = [refused.text]
    buttons = await edit_button(interaction, typed)
    if recorded is not None:
        parts += recorded.notes
        if refused.rule is not None or refused.appealable:
            parts.append(pictures.ASK_A_MODERATOR(id=recorded.refusal_id))
        if refused.appealable:
            buttons.append((Action.APPEAL, recorded.refusal_id))
    await answer_with_words(interaction, "\n".join(parts), typed, row_of(*buttons))


async def edit_button(interaction: Interaction, typed: Typed) -> list[tuple[Action, str]]:
    """The button that reopens the words in a form, if a draft can be kept."""
    services = interaction.client.services
    try:
        draft_id = await services.drafts.keep(user_of(interaction), typed, services.clock())
    except BotError as problem:
        log.warning("a draft was not saved: %s", problem)
        return []
    return [(Action.REVISE, draft_id)]


async def answer_with_words(
    interaction: Interaction, text: str, typed: Typed, view: discord.ui.View
) -> None:
    """Answer with everything that was typed, in the message or as a file."""
    content, files = with_words(text, typed)
    if interaction.response.is_done():
        await interaction.followup.send(content, view=view, files=files, ephemeral=True)
    else:
        await interaction.response.send_message(content, view=view, files=files, ephemeral=True)


def with_words(text: str, *typed: Typed) -> tuple[str, list[discord.File]]:
    """A text with everything that was typed below it, or as a file."""
    words, files = asking.words_back(*typed), list[discord.File]()
    if words is None:
        words = asking.COPY_FILE()
        whole = "\n\n".join(map(full_text, typed))
        files = [discord.File(io.BytesIO(whole.encode()), "your-words.txt")]
    above = wording.fit(text, wording.CONTENT_CHARS_MAX - len(words) - 1)
    return f"{above}\n{words}".strip(), files
