"""Keeps the status message of every open request current: place, progress, preview, end.

The database says which requests are open, the progress board how far their pictures are. Edits use
the bot's own token, because an interaction's token dies after a quarter of an hour. Must not know
how pictures are drawn or posted.
"""

from __future__ import annotations

import asyncio
import io
import logging
from dataclasses import dataclass, field

import discord

from bot.client import WaifuBot
from bot.domain import (
    ENDED,
    BotError,
    ChannelId,
    Job,
    JobId,
    JobState,
    MessageId,
    RequestId,
)
from bot.log import whereabouts
from bot.policy import decide
from bot.store.views import StatusMessage
from bot.words import pictures, wording
from cogs.posting.faults import is_edit_limit, is_gone, is_transient
from cogs.posting.finding import HistoryUnreadableError, button_ids, newest_own
from cogs.posting.lanes import attempt
from cogs.posting.looking import PollingCog
from cogs.posting.notices import announce_end, stretch_of
from cogs.posting.noting import unknown_words_note
from cogs.posting.tiles import mosaic
from cogs.translating import in_public, place_at

log = logging.getLogger(__name__)

#: The loop's pace: the least time between two rounds, and the most without a nudge.
_PACE_S, _POLL_S = 0.5, 1.0
#: Between two edits of one message; Discord limits edits of messages older than an hour.
_EDIT_MS, _OLD_EDIT_MS, _OLD_MS = 3_000, 60_000, 50 * 60_000
#: How often a waiting request's place is looked up.
_PLACE_MS = 15_000
#: Between two edits in one channel, which share a rate limit.
_CHANNEL_MS = 1_000
#: A message's rest after a passing failure, and after Discord's limit on edits.
_PAUSE_MS, _EDIT_LIMIT_PAUSE_MS = 10_000, 600_000
#: How long the answer to the command may still be on its way.
_GRACE_MS = 30_000
#: Messages updated at once.
_WIDTH = 8
#: An interaction is answered within a quarter of an hour; as a snowflake difference.
_ANSWERED_WITHIN = 15 * 60_000 << 22

_BAD_END_STATES = frozenset({JobState.FAILED, JobState.WITHHELD})
_UNSHOWN_STATES = frozenset({JobState.HELD, JobState.WITHHELD, JobState.FAILED, JobState.CANCELLED})


@dataclass(slots=True, kw_only=True)
class _MessageState:
    """A status message's content, as far as this process knows."""

    #: The earliest time of its next edit, and of any retry after a failure.
    edit_ms: int
    retry_ms: int = 0
    #: When to look again at a request that only waits.
    look_ms: int = 0
    job_ids: tuple[JobId, ...] = ()
    #: Its pictures that were in the engine at the last look.
    drawing: frozenset[JobId] = frozenset()
    text: str = ""
    #: The latest preview of each picture, and those that the message shows.
    seen: dict[JobId, bytes] = field(default_factory=dict[JobId, bytes])
    preview: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """The next edit or deletion of one message."""

    status: StatusMessage
    shown: _MessageState
    #: Its new text; None: delete it.
    text: str | None
    preview: bytes | None = None
    #: The last action for this request.
    last: bool = False
    #: The final text deserves a new message if there is none to edit.
    is_news: bool = False


class Status(PollingCog):
    """One edit in flight per message, few overall; skips requests that did not change."""

    def __init__(self, bot: WaifuBot) -> None:
        super().__init__(
            bot,
            nudge=bot.services.signals.status,
            what="status messages to edit",
            poll_s=_POLL_S,
            pace_s=_PACE_S,
        )
        self._shown: dict[RequestId, _MessageState] = {}
        self._busy: set[RequestId] = set()
        self._channel_free_ms: dict[ChannelId, int] = {}
        #: An older request's answer was sent by a previous process, or never.
        self._began_ms = bot.services.clock()

    async def look(self, tasks: asyncio.TaskGroup) -> bool:
        """Plan for every request that changed: ended ones first, then the longest waiting.

        A channel that was just edited is skipped, because its next edit is a second away. Returns
        True if a plan was begun.
        """
        now_ms = self._services.clock()
        plans: list[_Plan] = []
        for status, is_ended in await self._due(now_ms):
            if len(self._busy) + len(plans) >= _WIDTH:
                # Otherwise the rest would wait for the next poll, since only a few go at once.
                self._services.signals.status.set()
                break
            if not is_ended and self._is_channel_taken(status.channel_id, now_ms):
                continue
            plan = await self._plan_safely(status, self._shown[status.request_id], now_ms)
            if plan is not None and self._take_channel(plan, now_ms):
                plans.append(plan)
        for plan in plans:
            self._busy.add(plan.status.request_id)
            tasks.create_task(self._carry_out(plan), name=f"status {plan.status.request_id}")
        return bool(plans)

    async def _due(self, now_ms: int) -> list[tuple[StatusMessage, bool]]:
        """The requests to plan for now, and whether they have ended."""
        statuses = await self._services.views.open_statuses()
        ended = await self._services.views.ended_requests()
        open_ids = {status.request_id for status in statuses}
        for request_id in self._shown.keys() - open_ids - self._busy:
            del self._shown[request_id]
        each = ((status, status.request_id in ended) for status in statuses)
        due = [(s, is_ended) for s, is_ended in each if self._is_due(s, now_ms, is_ended=is_ended)]
        return sorted(due, key=lambda one: (not one[1], self._shown[one[0].request_id].edit_ms))

    def _is_due(self, status: StatusMessage, now_ms: int, *, is_ended: bool) -> bool:
        shown = self._shown.setdefault(
            status.request_id, _MessageState(edit_ms=status.created_ms + _EDIT_MS)
        )
        if status.request_id in self._busy or now_ms < shown.retry_ms:
            return False
        if is_ended:
            return True
        drawing = self._drawing(shown.job_ids)
        moved = bool(drawing) or drawing != shown.drawing or now_ms >= shown.look_ms
        return moved and now_ms >= shown.edit_ms

    def _drawing(self, job_ids: tuple[JobId, ...]) -> frozenset[JobId]:
        return frozenset(i for i in job_ids if self._services.progress.get(i) is not None)

    async def _plan_safely(
        self, status: StatusMessage, shown: _MessageState, now_ms: int
    ) -> _Plan | None:
        """Plan one request; a fault ends only this plan, as in `_carry_out`."""
        try:
            with in_public(self._bot, status.guild_id):
                return await self._plan(status, shown, now_ms)
        except BotError:
            raise
        except Exception:
            log.exception("unexpected fault in the status of request %s", status.request_id)
            shown.retry_ms = now_ms + _PAUSE_MS
            return None

    async def _plan(self, status: StatusMessage, shown: _MessageState, now_ms: int) -> _Plan | None:
        """The plan for a message; None if there is nothing to do yet."""
        jobs = await self._services.views.of_request(status.request_id)
        shown.job_ids = tuple(job.id for job in jobs)
        shown.drawing = self._drawing(shown.job_ids)
        shown.look_ms = now_ms + _PLACE_MS
        if all(job.state in ENDED for job in jobs):
            may_arrive = status.message_id is None and self._may_answer_arrive(status, now_ms)
            return None if may_arrive else _last_plan(status, shown, jobs, now_ms)
        if status.message_id is None:
            return None
        text, preview = await self._text(jobs), await self._preview(jobs, shown)
        if text == shown.text and preview == shown.preview:
            return None
        return _Plan(status=status, shown=shown, text=text, preview=preview)

    def _may_answer_arrive(self, status: StatusMessage, now_ms: int) -> bool:
        """Whether the answer to the command may still be on its way."""
        return max(self._began_ms, now_ms - _GRACE_MS) < status.created_ms <= now_ms

    def _take_channel(self, plan: _Plan, now_ms: int) -> bool:
        """Take the channel's turn to edit; False if it is taken. Deleting has its own limit."""
        channel_id = plan.status.channel_id
        if plan.text is None:
            return True
        if self._is_channel_taken(channel_id, now_ms):
            return False
        still = {id_: at_ms for id_, at_ms in self._channel_free_ms.items() if now_ms < at_ms}
        self._channel_free_ms = still | {channel_id: now_ms + _CHANNEL_MS}
        return True

    def _is_channel_taken(self, channel_id: ChannelId, now_ms: int) -> bool:
        return now_ms < self._channel_free_ms.get(channel_id, 0)

    async def _carry_out(self, plan: _Plan) -> None:
        """Carry out one message's plan; whatever Discord says, the others go on."""
        request_id = plan.status.request_id
        try:
            with whereabouts(guild=plan.status.guild_id):
                problem = await attempt(
                    self._carry_out_once(plan), f"the status of request {request_id}"
                )
            if problem is not None:
                self._schedule_retry(plan, problem)
        finally:
            self._busy.discard(request_id)

    async def _carry_out_once(self, plan: _Plan) -> None:
        """Carry out the plan; give it up if Discord will never accept it."""
        try:
            await (self._finish(plan) if plan.last else self._update(plan))
        except discord.HTTPException as problem:
            if is_transient(problem) or is_edit_limit(problem):
                raise
            log.info("gave up the status of request %s: %s", plan.status.request_id, problem)
            # Its member still learns of the end, from a new message.
            if plan.last or not is_gone(problem):
                await self._close(plan.status)
            else:
                await self._services.views.set_status_message(plan.status.request_id, None)

    def _schedule_retry(self, plan: _Plan, problem: Exception) -> None:
        pause_ms = _EDIT_LIMIT_PAUSE_MS if is_edit_limit(problem) else _PAUSE_MS
        plan.shown.retry_ms = self._services.clock() + pause_ms

    def _message(self, status: StatusMessage, message_id: MessageId) -> discord.PartialMessage:
        channel = self._bot.get_partial_messageable(status.channel_id, guild_id=status.guild_id)
        return channel.get_partial_message(message_id)

    async def _update(self, plan: _Plan) -> None:
        """Show the request's state; a preview that is already shown is not sent again."""
        status, shown = plan.status, plan.shown
        assert status.message_id is not None, "a plan to edit names its message"
        message = self._message(status, status.message_id)
        if plan.preview == shown.preview:
            await message.edit(content=plan.text)
        else:
            await message.edit(content=plan.text, attachments=_preview_files(plan.preview))
        shown.text, shown.preview = plan.text or "", plan.preview
        now_ms = self._services.clock()
        old = now_ms - status.created_ms > _OLD_MS
        shown.edit_ms = now_ms + (_OLD_EDIT_MS if old else _EDIT_MS)

    async def _text(self, jobs: list[Job]) -> str:
        queued = next((job for job in jobs if job.state is JobState.QUEUED), None)
        standing = queued and await self._services.views.standing(queued.id)
        board = self._services.progress
        return wording.status(
            jobs,
            standing=standing,
            expected=await self._services.outlook.estimate(jobs, standing),
            progress={job.id: p for job in jobs if (p := board.get(job.id)) is not None},
            note=await unknown_words_note(self._services, jobs[0]),
        )

    async def _preview(self, jobs: list[Job], shown: _MessageState) -> bytes | None:
        """The latest previews as one picture; None if they may no longer be shown."""
        for job in jobs:
            report = self._services.progress.get(job.id)
            if report is not None and report.preview_png is not None:
                shown.seen[job.id] = report.preview_png
            elif job.state in _UNSHOWN_STATES:
                # Remove the shown preview of a picture that is now withheld.
                shown.seen.pop(job.id, None)
        if not shown.seen or not await self._may_preview(jobs[0]):
            return None
        if len(jobs) == 1:
            return shown.seen[jobs[0].id]
        return await asyncio.to_thread(mosaic, [shown.seen.get(job.id) for job in jobs])

    async def _may_preview(self, job: Job) -> bool:
        """Check again: the channel and the server's rules may change during drawing."""
        guild = self._bot.get_guild(job.guild_id)
        channel = guild and guild.get_channel_or_thread(job.channel_id)
        place = place_at(job.guild_id, job.channel_id, channel=channel, guild=guild)
        try:
            policy = await self._services.policy_at(place)
        except BotError as problem:
            log.warning("previews are removed: %s", problem)
            return False
        return decide.may_keep_preview(job, policy)

    async def _finish(self, plan: _Plan) -> None:
        """Delete the message if everything was posted; otherwise say what went wrong."""
        status = plan.status
        message_id = status.message_id or await self._find_lost_answer(plan)
        updated = message_id is not None and await self._show_end(plan, message_id)
        if not updated and plan.text is not None and plan.is_news:
            await announce_end(self._bot, status, plan.text)
        await self._close(status)

    async def _show_end(self, plan: _Plan, message_id: MessageId) -> bool:
        """Edit in the final text, or delete the message. False if it is already gone."""
        message = self._message(plan.status, message_id)
        try:
            if plan.text is None:
                await message.delete()
            else:
                await message.edit(content=plan.text, attachments=[], view=None)
        except discord.HTTPException as problem:
            if is_gone(problem):
                return False
            if plan.text is not None or is_transient(problem):
                raise
            # It still shows the member's words: the takedown keeps trying.
            log.info("message %s cannot be removed yet: %s", message_id, problem)
            await self._services.doomed.add(plan.status.message(message_id))
            self._services.signals.doomed.set()
        return True

    async def _find_lost_answer(self, plan: _Plan) -> MessageId | None:
        """The answer to the command, if we crashed between sending it and recording its id."""
        status = plan.status
        try:
            found = await newest_own(
                self._bot,
                stretch_of(status, status.since_id + _ANSWERED_WITHIN),
                lambda message: status.request_id in button_ids(message),
            )
        except HistoryUnreadableError as problem:
            log.info("the answer to request %s is not found: %s", status.request_id, problem)
            if plan.text is None:
                await self._services.doomed.begin_hunt(status.hunt())
                self._services.signals.doomed.set()
            return None
        return None if found is None else MessageId(found.id)

    async def _close(self, status: StatusMessage) -> None:
        await self._services.views.close_status(status.request_id)
        self._shown.pop(status.request_id, None)


def _last_plan(
    status: StatusMessage, shown: _MessageState, jobs: list[Job], now_ms: int
) -> _Plan | None:
    """The final plan: delete the message if posts report every job, else report the rest."""
    if all(_is_reported(job, jobs) for job in jobs):
        return _Plan(status=status, shown=shown, text=None, last=True)
    if now_ms < shown.edit_ms:
        return None
    bad = any(job.state in _BAD_END_STATES for job in jobs)
    return _Plan(status=status, shown=shown, text=wording.ended(jobs), last=True, is_news=bad)


def _is_reported(job: Job, jobs: list[Job]) -> bool:
    """Whether the job's picture is posted, or a post says why it is missing."""
    posted = {other.owed_post_id for other in jobs if other.state is JobState.DELIVERED}
    return job.owed_post_id in posted


def _preview_files(preview: bytes | None) -> list[discord.File]:
    if preview is None:
        return []
    return [discord.File(io.BytesIO(preview), "preview.png", description=pictures.UNFINISHED())]


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(Status(bot))
