"""A case as a message: what the moderators read, the picture, the buttons. Not a cog.

The picture is always behind a spoiler, and one that may be for adults only is not shown at all
where others are too: Discord wants such pictures in age-restricted channels, spoiler or not. A
decided case shows no picture and no button. Files and ids carry the case's name and not the
picture's, for a post of the picture is looked for by that.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.client import WaifuBot
from bot.domain import ChannelId, GuildId, Picture, Rating, RuleId, StorageError
from bot.policy.layers import title_of
from bot.services import Services
from bot.store.case_rows import Case, CaseKind
from bot.store.decisions import Outcome
from bot.words import reviewing, wording
from cogs.components import Action, row_of
from cogs.posting.faults import DISCORD_ERRORS
from cogs.posting.uploads import fitted
from cogs.translating import channel_at, place_at

_ACTIONS: dict[CaseKind, tuple[Action, ...]] = {
    CaseKind.HELD: (
        Action.APPROVE, Action.SPOILER, Action.REMOVE, Action.REMOVE_AND_TIME_OUT,
    ),
    CaseKind.REPORT: (
        Action.APPROVE, Action.SPOILER, Action.REMOVE, Action.REMOVE_AND_TIME_OUT,
    ),
    CaseKind.APPEAL: (Action.UPHOLD, Action.DISMISS),
}  # fmt: skip
#: What a case is about, in a few words.
HEADS = {
    CaseKind.HELD: "🖼️ **A picture is held**",
    CaseKind.REPORT: "🚩 **A picture was reported**",
    CaseKind.APPEAL: "⚖️ **An appeal**",
}
_DONE = {
    Outcome.APPROVE: "✅ Approved",
    Outcome.SPOILER: "🙈 Put behind a spoiler",
    Outcome.REMOVE: "🗑️ Removed",
    Outcome.REMOVE_AND_TIME_OUT: "⏳ Removed, and its member timed out",
    Outcome.UPHOLD: "✅ Upheld",
    Outcome.DISMISS: "✖️ Dismissed",
}
_LAPSED = "Nothing is left to decide: nobody did in time, or the picture is gone."
_REPORTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMessage:
    """What is sent or edited."""

    content: str
    files: list[discord.File]
    view: discord.ui.View


async def case_message(bot: WaifuBot, case: Case, channel_id: ChannelId) -> CaseMessage:
    """The case as it is shown in that channel now."""
    services = bot.services
    picture = None
    if case.job_id is not None and case.decision is None:
        picture = await services.gallery.get_for_review(case.job_id)
    hidden = picture is not None and not await may_look(bot, case.guild_id, channel_id, picture)
    files = [] if picture is None or hidden else await _files(bot, case, picture)
    notes = [reviewing.HIDDEN] if hidden else []
    if picture is not None and not hidden and not files:
        notes.append(reviewing.UNREADABLE)
    lines = [*await case_lines(services, case), *notes]
    return CaseMessage(content=wording.fitting(lines), files=files, view=_view(case, hidden=hidden))


async def may_look(
    bot: WaifuBot, guild_id: GuildId, channel_id: ChannelId, picture: Picture
) -> bool:
    """Whether moderators may be shown the picture in that channel, behind a spoiler."""
    if picture.rating is not Rating.EXPLICIT:
        return True
    try:
        channel = await channel_at(bot, guild_id, channel_id)
    except DISCORD_ERRORS:
        return False
    guild = bot.get_guild(guild_id)
    return place_at(guild_id, channel_id, channel=channel, guild=guild).age_restricted


async def _files(bot: WaifuBot, case: Case, picture: Picture) -> list[discord.File]:
    """The picture behind a spoiler, as large as the server takes it; none if that is not to be."""
    guild = bot.get_guild(case.guild_id)
    limit_bytes = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
    try:
        png = await bot.services.gallery.read(picture)
        data, extension = await fitted(png, limit_bytes)
    except (StorageError, FileNotFoundError, ValueError):
        return []
    name = f"{case.id}.{extension}"
    return [discord.File(io.BytesIO(data), name, spoiler=True, description="AI-made")]


def _view(case: Case, *, hidden: bool) -> discord.ui.View:
    if case.decision is not None:
        return row_of()
    actions = _ACTIONS[case.kind] + ((Action.LOOK,) if hidden else ())
    return row_of(*((action, case.id) for action in actions))


async def case_lines(services: Services, case: Case) -> list[str]:
    """Everything that there is to know of a case, the most important first."""
    lines = [
        f"{HEADS[case.kind]} · case `{case.id}`",
        f"By <@{case.user_id}> in <#{case.channel_id}>, <t:{case.opened_ms // 1000}:R>",
        *_decision(case),
        *_titles(services, case.rules),
        *await _words(services, case),
    ]
    if case.why:
        said = "They say" if case.kind is CaseKind.APPEAL else "Why"
        lines.append(f"{said}: {wording.plain(case.why, reviewing.REASON_CHARS)}")
    if case.scores:
        scores = " · ".join(f"{name} {score:.2f}" for name, score in sorted(case.scores.items()))
        lines.append(f"Scores: {scores}")
    return lines + _reports(case)


def _titles(services: Services, rules: Sequence[RuleId]) -> list[str]:
    titles = ", ".join(title_of(services.rulebook, rule) for rule in rules)
    return [f"Refused by: **{titles}**"] if titles else []


def _reports(case: Case) -> list[str]:
    lines = [
        f"- {_who(report.reporter_id)}: {wording.plain(report.reason, reviewing.REASON_CHARS)}"
        for report in case.reports[-_REPORTS:]
    ]
    more = len(case.reports) - len(lines)
    return [f"- {more} earlier reports", *lines] if more else lines


def _who(user_id: int | None) -> str:
    return f"<@{user_id}>" if user_id is not None else "somebody who asked to be forgotten"


def _decision(case: Case) -> list[str]:
    if case.decision is None or case.decided_ms is None:
        return []
    at = f"<t:{case.decided_ms // 1000}:R>"
    if case.decision is Outcome.LAPSE:
        return [f"{_LAPSED} ({at})"]
    done = _DONE[case.decision]
    if case.kind is CaseKind.REPORT and case.decision is Outcome.DISMISS:
        done = "✅ Approved: it stays as it is"
    return [f"{done} by {_who(case.actor_id)} {at}"]


async def _words(services: Services, case: Case) -> list[str]:
    """The prompt, as a block that it cannot break out of."""
    draw = case.ask.draw if case.ask else None
    if case.job_id is not None:
        job = await services.views.get(case.job_id)
        draw = job.draw if job else None
    return [wording.code(draw.prompt, reviewing.PROMPT_CHARS)] if draw else []
