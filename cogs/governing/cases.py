"""Composes the message of a case: text, picture and buttons. Not a cog.

The picture is always behind a spoiler. One that may be for adults only is hidden outside
age-restricted channels, because Discord requires those for such pictures, spoiler or not. A decided
case shows no picture and no button. Files and ids carry the case's name and not the picture's,
because posts of a picture are found by that.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import discord

from bot.client import WaifuBot
from bot.domain import (
    BotError,
    ChannelId,
    GuildId,
    Layer,
    Picture,
    Place,
    Rating,
    RuleId,
    Ruling,
    StorageError,
)
from bot.policy.layers import title_of
from bot.services import Services
from bot.store.case_rows import Case, CaseKind, MemberReport
from bot.store.decisions import DecisionKind, Outcome
from bot.words import pictures, reviewing, wording
from bot.words.effects import FORGOTTEN_MEMBER, layer_in_words
from bot.words.speaking import labelled, say, set_apart
from cogs.components import Action, row_of
from cogs.posting.faults import DISCORD_ERRORS
from cogs.posting.uploads import fit_picture
from cogs.translating import channel_at, in_public, place_at
from models.contract import Draw

_ACTIONS: dict[CaseKind, tuple[Action, ...]] = {
    CaseKind.HELD: (
        Action.APPROVE, Action.SPOILER, Action.REMOVE, Action.REMOVE_AND_TIME_OUT,
    ),
    CaseKind.REPORT: (
        Action.APPROVE, Action.SPOILER, Action.REMOVE, Action.REMOVE_AND_TIME_OUT,
    ),
    CaseKind.APPEAL: (Action.UPHOLD, Action.DISMISS),
}  # fmt: skip
#: A case's kind, in a few words.
HEADS = reviewing.HEADS
_REPORTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMessage:
    """The content of a case's message."""

    content: str
    files: list[discord.File]
    view: discord.ui.View


async def case_message(bot: WaifuBot, case: Case, channel_id: ChannelId) -> CaseMessage:
    """The case as that channel shows it now, in the server's language."""
    with in_public(bot, case.guild_id):
        return await _case_message(bot, case, channel_id)


async def _case_message(bot: WaifuBot, case: Case, channel_id: ChannelId) -> CaseMessage:
    services = bot.services
    picture = None
    if case.job_id is not None and case.decision is None:
        picture = await services.gallery.get_for_review(case.job_id)
    hidden = picture is not None and not await may_look(bot, case.guild_id, channel_id, picture)
    files = [] if picture is None or hidden else await _picture_files(bot, case, picture)
    notes = [reviewing.HIDDEN()] if hidden else []
    if picture is not None and not hidden and not files:
        notes.append(reviewing.UNREADABLE())
    lines = [*await case_lines(services, case), *notes]
    return CaseMessage(
        content=wording.fitting(lines), files=files, view=_case_buttons(case, hidden=hidden)
    )


async def may_look(
    bot: WaifuBot, guild_id: GuildId, channel_id: ChannelId, picture: Picture
) -> bool:
    """Whether moderators may see the picture in that channel, behind a spoiler."""
    if picture.rating is not Rating.EXPLICIT:
        return True
    try:
        channel = await channel_at(bot, guild_id, channel_id)
    except DISCORD_ERRORS:
        return False
    guild = bot.get_guild(guild_id)
    return place_at(guild_id, channel_id, channel=channel, guild=guild).age_restricted


async def _picture_files(bot: WaifuBot, case: Case, picture: Picture) -> list[discord.File]:
    """The picture behind a spoiler, as large as the server allows; empty if it is unreadable."""
    guild = bot.get_guild(case.guild_id)
    limit_bytes = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
    try:
        png = await bot.services.gallery.read(picture)
        data, extension = await fit_picture(png, limit_bytes)
    except (StorageError, FileNotFoundError, ValueError):
        return []
    name = f"{case.id}.{extension}"
    return [discord.File(io.BytesIO(data), name, spoiler=True, description=pictures.AI_MADE())]


def _case_buttons(case: Case, *, hidden: bool) -> discord.ui.View:
    if case.decision is not None:
        return row_of()
    actions = _ACTIONS[case.kind] + ((Action.LOOK,) if hidden else ())
    return row_of(*((action, case.id) for action in actions))


async def case_lines(services: Services, case: Case) -> list[str]:
    """Everything known about a case, the most important first."""
    draw = await _draw(services, case)
    return [
        f"{HEADS[case.kind]()} · {reviewing.CASE(id=case.id)}",
        reviewing.asked_for(case.user_id, case.channel_id, case.opened_ms),
        *_decision_lines(case),
        *_refusal_lines(services, case),
        *([reviewing.SAME_REMOVED()] if case.ask and case.ask.precedent is Ruling.REFUSE else ()),
        *([wording.code(draw.prompt, reviewing.PROMPT_CHARS)] if draw else ()),
        *_negative_lines(services, draw),
        *_reason_lines(case),
        *(await _hold_lines(services, case, draw) if case.kind is CaseKind.HELD else ()),
        *filter(None, [reviewing.scores_seen(case.scores)]),
        *_report_lines(case),
    ]


def _negative_lines(services: Services, draw: Draw | None) -> list[str]:
    """The negative prompt, which rules read too; empty if it is the model's default."""
    if draw is None or draw.negative in {"", services.model().default_negative}:
        return []
    return [reviewing.TO_BE_KEPT_OUT(words=wording.plain(draw.negative, reviewing.REASON_CHARS))]


def _reason_lines(case: Case) -> list[str]:
    said = reviewing.THEY_WRITE if case.kind is CaseKind.APPEAL else reviewing.WHY_HELD
    why = wording.plain(say(case.why), reviewing.REASON_CHARS)
    return [said(words=why)] if case.why else []


def _refusal_lines(services: Services, case: Case) -> list[str]:
    """The rules for which the server refused the ask."""
    found_lines = [
        reviewing.found_by(title_of(services.rulebook, one.rule), one.words, "")
        for one in case.findings
    ]
    return [reviewing.REFUSED_BY(rules=set_apart(found_lines))] if found_lines else []


async def _hold_lines(services: Services, case: Case, draw: Draw | None) -> list[str]:
    """The rules that held the prompt, with their layer and the words they find now."""
    decisions = await services.decisions.decisions_about(case.guild_id, case.job_id or "")
    holds = [d for d in decisions if d.kind is DecisionKind.ADMIT and d.outcome is Outcome.HOLD]
    if not holds or draw is None:
        return []
    decision = holds[-1]
    found = await _current_findings(services, case, draw)
    layer = layer_in_words(Layer(decision.layer)) if decision.layer else ""
    found_lines = [
        reviewing.found_by(title_of(services.rulebook, rule), sorted(found.get(rule, ())), layer)
        for rule in decision.rules
    ]
    return [reviewing.HELD_BY(rules=set_apart(found_lines))] if found_lines else []


async def _current_findings(services: Services, case: Case, draw: Draw) -> dict[RuleId, list[str]]:
    """The words that each rule finds in the prompt now; empty if the policy is unreadable."""
    place = Place(guild_id=case.guild_id, channel_id=case.channel_id, whole=False)
    try:
        policy = await services.policy_at(place)
    except BotError:
        return {}
    words: dict[RuleId, list[str]] = {}
    for finding in policy.screen.findings(draw.prompt, draw.negative, policy.licence):
        words.setdefault(finding.rule, []).extend(finding.words)
    return words


def _report_lines(case: Case) -> list[str]:
    lines = [_report_line(report) for report in case.reports[-_REPORTS:]]
    more = len(case.reports) - len(lines)
    return [f"- {reviewing.EARLIER(count=more)}", *lines] if more else lines


def _report_line(report: MemberReport) -> str:
    reason = wording.plain(reviewing.reason_shown(report.reason), reviewing.REASON_CHARS)
    return labelled(f"- {_member_text(report.reporter_id)}", reason)


def _member_text(user_id: int | None) -> str:
    return f"<@{user_id}>" if user_id is not None else FORGOTTEN_MEMBER()


def _decision_lines(case: Case) -> list[str]:
    if case.decision is None or case.decided_ms is None:
        return []
    at = f"<t:{case.decided_ms // 1000}:R>"
    if case.decision is Outcome.LAPSE:
        return [reviewing.LAPSED(at=at)]
    stays = case.kind is CaseKind.REPORT and case.decision is Outcome.DISMISS
    done = reviewing.STAYS if stays else reviewing.DONE[case.decision]
    return [done(who=_member_text(case.actor_id), at=at)]


async def _draw(services: Services, case: Case) -> Draw | None:
    """The requested draw; None if it was forgotten, or written by another version."""
    if case.job_id is None:
        return case.ask.draw if case.ask else None
    job = await services.views.get(case.job_id)
    return job.draw if job else None
