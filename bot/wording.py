"""What the bot says of jobs and pictures: status texts, the line under a picture, durations.

Called by the cogs, so that the command, the status message and the delivery speak with one voice.
Pure text: no Discord objects, but Discord's markdown and its limit of 2,000 characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.domain import Job, JobId, JobState, Picture, Standing
from bot.progress import JobProgress

#: Discord's limit of a message's content.
CONTENT_CHARS_MAX = 2000
#: How much of a prompt is shown where it is only a reminder.
_PROMPT_CHARS = 300
_BAR_CELLS = 12
_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()<:@-])")


def plain(text: str, limit: int = _PROMPT_CHARS) -> str:
    """A member's words as Discord shows them and nothing more: no markdown, no mention, cut."""
    cut = text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
    # A zero-width space after @ keeps a mention from being one even where it is copied.
    shown = _MARKDOWN.sub(r"\\\1", cut).replace("@", "@\u200b")
    leftward = any(unicodedata.bidirectional(c) in {"R", "AL"} for c in cut)
    # Isolated, so that words from right to left leave what stands around them in its order.
    return f"\u2068{shown}\u2069" if leftward else shown


def code(text: str, limit: int = CONTENT_CHARS_MAX - 100) -> str:
    """A code block that the text cannot break out of."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "```\n" + cut.replace("```", "`\u200b`\u200b`") + "\n```"


def fitting(lines: Sequence[str], limit: int = CONTENT_CHARS_MAX) -> str:
    """The first lines that fit, whole, and how many more there are."""
    kept: list[str] = []
    for number, line in enumerate(lines):
        rest = f"… and {len(lines) - number} more"
        if len("\n".join([*kept, line])) + len(rest) + 1 > limit:
            return "\n".join([*kept, rest])
        kept.append(line)
    return "\n".join(kept)


def duration(ms: float) -> str:
    """`12 s`, `3 min`, `2 h`: as exact as a wait needs."""
    seconds = max(1, round(ms / 1000))
    if seconds < 90:
        return f"{seconds} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def status(
    jobs: Sequence[Job],
    *,
    standing: Standing | None,
    eta_ms: int | None,
    progress: Mapping[JobId, JobProgress],
) -> str:
    """The status message of an open request: what is drawn, what waits and where."""
    lines = [f"**{_pictures(len(jobs))}** · {plain(jobs[0].prompt)}"]
    lines += [_bar(progress[job.id]) for job in jobs if job.id in progress]
    counts = Counter(job.state for job in jobs)
    if counts[JobState.RENDERED]:
        lines.append(f"Drawn, on its way: {counts[JobState.RENDERED]}")
    if standing is not None:
        lines.append(place(standing, eta_ms))
    if counts[JobState.RUNNING] and not progress:
        lines.append("Drawing …")
    lines += _faults(jobs)
    return "\n".join(lines)[:CONTENT_CHARS_MAX]


def place(standing: Standing, eta_ms: int | None) -> str:
    """Where a queued picture stands, and about how long it will take."""
    where = f"Place {standing.ahead + 1} in the queue" if standing.ahead else "Next in the queue"
    return where + (f", about {duration(eta_ms)}" if eta_ms is not None else "")


def ended(jobs: Sequence[Job]) -> str:
    """The last words of a request that did not end with all its pictures posted."""
    delivered = sum(job.state is JobState.DELIVERED for job in jobs)
    lines = [f"**{delivered} of {_pictures(len(jobs))}** · {plain(jobs[0].prompt)}"]
    cancelled = sum(job.state is JobState.CANCELLED for job in jobs)
    if cancelled:
        lines.append(f"Cancelled: {cancelled}")
    lines += _faults(jobs)
    return "\n".join(lines)[:CONTENT_CHARS_MAX]


def _faults(jobs: Sequence[Job]) -> list[str]:
    """Why pictures failed or are held back, each reason once."""
    bad = (job for job in jobs if job.state in {JobState.FAILED, JobState.WITHHELD})
    reasons = Counter(job.error or "It could not be drawn." for job in bad)
    return [
        f"⚠️ {reason}" + (f" ({count} pictures)" if count > 1 else "")
        for reason, count in reasons.items()
    ]


def _bar(progress: JobProgress) -> str:
    full = round(_BAR_CELLS * progress.step / progress.steps)
    return f"`{'█' * full}{'░' * (_BAR_CELLS - full)}` step {progress.step} of {progress.steps}"


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


def caption(job: Job, picture: Picture) -> str:
    """The message that shows a picture: for whom, what, and how to get it again."""
    return (
        f"<@{job.user_id}> {plain(job.prompt)}\n"
        f"-# seed {job.seed} · {job.steps} steps · guidance {job.guidance:g} · {picture.card_id} · "
        f"`{job.id}`"
    )


def command(job: Job) -> str:
    """The `/waifu` that draws this picture again, ready to paste."""
    parts = [f"/waifu prompt: {job.prompt}"]
    if job.negative:
        parts.append(f"negative: {job.negative}")
    parts.append(
        f"aspect: {job.aspect} seed: {job.seed} steps: {job.steps} guidance: {job.guidance:g}"
    )
    return " ".join(parts)


def where(job: Job, standing: Standing | None, eta_ms: int | None) -> str:
    """How far a job is, for a line of `/queue`."""
    if standing is not None:
        return place(standing, eta_ms)
    return "drawn, on its way" if job.state is JobState.RENDERED else "drawing"


def in_queue(job: Job, standing: Standing | None, eta_ms: int | None) -> str:
    """One line of `/queue`."""
    return f"`{job.id}` {plain(job.prompt, 60)} — {where(job, standing, eta_ms)}"
