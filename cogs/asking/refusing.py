"""A refusal as its member sees it: why, their words to copy, and *Appeal*. Not a cog.

It is written down as a decision, without a word of theirs. The refused ask waits under the *Appeal*
button like one that waits for the licence; only what a server itself decided can be appealed.
"""

from __future__ import annotations

import logging

import discord

from bot.client import Interaction
from bot.domain import (
    Ask,
    BotError,
    RefusalReason,
    Refused,
    RequestId,
    RuleId,
)
from bot.ids import new_id
from bot.log import short_hash
from bot.policy.layers import StrikeTerms, title_of
from bot.services import Services
from bot.store.audit_rows import AuditEntry
from bot.store.decisions import Decision, DecisionKind, Outcome
from bot.store.members import Strike
from bot.words import standing, wording
from cogs.components import Action, row_of

log = logging.getLogger(__name__)

_DAY_MS, _MINUTE_MS = 86_400_000, 60_000
#: How much of a message the prompt may take.
_PROMPT_CHARS, _NEGATIVE_CHARS = 900, 300
_COPY = "Your words, to copy and change:"
_KEPT_OUT = "And what you wanted to keep out of the picture:"
#: Reasons that say nothing of the words that were asked for.
_NOT_OF_WORDS = {
    RefusalReason.CAP, RefusalReason.CHANNEL, RefusalReason.EXCLUDED, RefusalReason.GONE,
}  # fmt: skip


async def refuse(interaction: Interaction, ask: Ask, refused: Refused) -> None:
    """Say no to an ask, kindly, and see to what follows from it."""
    services = interaction.client.services
    log.info("refused (%s), prompt %s", refused.reason, short_hash(ask.draw.prompt))
    refusal_id = RequestId(new_id())
    notes: list[str] = []
    if refused.rule is not None or refused.appealable:
        refusal_id, notes = await _follow(services, ask, refused)
    await _say(interaction, ask, refused, refusal_id, notes)


async def _follow(services: Services, ask: Ask, refused: Refused) -> tuple[RequestId, list[str]]:
    """What follows from somebody's no: the refusal's id, and lines to say below it.

    What cannot be written down changes nothing of the no.
    """
    refusal_id = RequestId(new_id())
    try:
        now_ms = services.clock()
        if refused.appealable:
            refusal_id = await services.consent.hold(ask, now_ms)
        await services.decisions.record(_decision(services, ask, refused, refusal_id, now_ms))
        if refused.alert and refused.rule is not None:
            title = title_of(services.rulebook, refused.rule)
            await alert(services, ask, f"refused: {title}; `/policy why id: {refusal_id}`")
        note = await _strike(services, ask, refused, refusal_id) if refused.strike else None
    except BotError as problem:
        log.warning("a refusal is not written down: %s", problem)
        return refusal_id, []
    return refusal_id, [note] if note else []


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
    """The rules that refuse it, the one that its member is told of first."""
    told = () if refused.rule is None else (refused.rule,)
    return tuple(dict.fromkeys([*told, *(finding.rule for finding in refused.found)]))


async def alert(services: Services, ask: Ask, what: str) -> None:
    """Tell the moderators: a line of the server's log, and so of its log channel."""
    await services.guilds.note(
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


async def _strike(
    services: Services, ask: Ask, refused: Refused, refusal_id: RequestId
) -> str | None:
    """Count it, and say how many there are and until when."""
    policy = await services.guilds.policy(ask.place.guild_id)
    terms, now_ms = policy.strikes, services.clock()
    assert refused.rule is not None, "a strike is a rule's"
    strike = Strike(
        rule=refused.rule,
        about=refusal_id,
        at_ms=now_ms,
        expires_ms=now_ms + terms.expire_days * _DAY_MS,
    )
    struck = await services.members.strike(
        ask.place.guild_id,
        ask.user_id,
        strike,
        limit=terms.limit,
        timeout_ms=terms.timeout_minutes * _MINUTE_MS,
        reason=standing.STRIKES_REASON,
    )
    if struck is None:
        return None
    services.signals.cancelled(struck.cancelled)
    if struck.exclusion is not None and struck.exclusion.until_ms is not None:
        return standing.struck_out(
            struck.live, struck.exclusion.until_ms, cancelled=bool(struck.cancelled)
        )
    return standing.struck(struck.live, terms.limit, strike.expires_ms, _pause(terms))


def _pause(terms: StrikeTerms) -> str:
    return wording.duration(terms.timeout_minutes * _MINUTE_MS)


async def _say(
    interaction: Interaction, ask: Ask, refused: Refused, refusal_id: RequestId, notes: list[str]
) -> None:
    """For the member's eyes only."""
    below: list[str] = []
    if refused.reason not in _NOT_OF_WORDS:
        below = [_COPY, wording.code(ask.draw.prompt, _PROMPT_CHARS)]
        negative = ask.draw.negative
        # The model's own is none that they wrote.
        if negative and negative != interaction.client.services.model().default_negative:
            below += [_KEPT_OUT, wording.code(negative, _NEGATIVE_CHARS)]
    below += notes
    if refused.rule is not None or refused.appealable:
        below.append(f"-# If you ask a moderator about this, tell them its id: `{refusal_id}`")
    tail = "\n".join(below)
    text = wording.fit(refused.text, wording.CONTENT_CHARS_MAX - len(tail) - 1)
    view = row_of((Action.APPEAL, refusal_id)) if refused.appealable else discord.utils.MISSING
    content = f"{text}\n{tail}".rstrip()
    if interaction.response.is_done():
        await interaction.followup.send(content, view=view, ephemeral=True)
    else:
        await interaction.response.send_message(content, view=view, ephemeral=True)
