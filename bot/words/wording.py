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
from bot.drawing.progress import Estimate, JobProgress
from bot.words.small_print import small_print
from bot.words.speaking import (
    IN_QUOTES,
    Message,
    aside,
    number,
    percent,
    retell,
    say,
    sentences,
    tally,
)

#: Discord's limit of a message's content, of a picture's description and of a choice's name.
CONTENT_CHARS_MAX, ALT_CHARS_MAX, CHOICE_CHARS_MAX = 2000, 1024, 100
#: Room for the `<@id> ` that may be put before a text.
_MENTION_CHARS = 25
#: Below a picture that is no PNG any more.
COMPRESSED = Message("-# Compressed to fit this server's upload limit.")
#: How much of a prompt is shown where it is only a reminder.
_PROMPT_CHARS = 300
#: How much of a text is quoted.
_QUOTED_CHARS = 700
_BAR_CELLS = 12
#: A bar says more than a place in the queue.
_UNDER_WAY = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.RENDERED})
#: The point is escaped for `discord.gg/x`, which Discord takes for an invite without a scheme.
_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()<:@.-])")
#: Marks that turn the text around them about, or could end the isolation of ours.
_TURNS = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
                                "\u2066\u2067\u2068\u2069"))  # fmt: skip
#: What the eye takes for one sign: a letter with its accents, a flag, a joined emoji.
_SIGN = (
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|.(?:[\u0300-\u036f\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]"
    r"|\u200d[^\\<`*\[]){0,20}"
)
_SIGNS = re.compile(_SIGN, re.DOTALL)
#: What a message must not be cut in: an escape, a mention or emoji, a link, a mark of markdown.
_ATOMS = re.compile(
    rf"\\.|<[^<>\s]{{1,100}}>|\[[^\[\]\s]{{1,100}}\]\([^()\s]{{1,300}}\)|```|\*\*|`|{_SIGN}",
    re.DOTALL,
)
#: A backtick before another: three in a row would end a code block.
_TICKS = re.compile("`(?=`)")
#: How the unfinished pictures of a server are counted, by state.
_DOING = {
    JobState.QUEUED: Message("{count} waiting"),
    JobState.RUNNING: Message("{count} being drawn"),
    JobState.RENDERED: Message("{count} about to be posted"),
}
#: Of a request that was cancelled whole.
_CANCELLED = Message("Cancelled")
#: What opens and how it is closed.
_CLOSES = {"```": "\n```", "`": "`", "**": "**", "\u2068": "\u2069"}


def plain(text: str, limit: int = _PROMPT_CHARS) -> str:
    """A member's words as Discord shows them and nothing more: no markdown, no mention, cut.

    At most three times `limit` and two more characters long.
    """
    cut = short(text.translate(_TURNS), limit)
    # A zero-width space after @ keeps a mention from being one even where it is copied.
    shown = _MARKDOWN.sub(r"\\\1", cut).replace("@", "@\u200b")
    leftward = any(unicodedata.bidirectional(c) in {"R", "AL"} for c in cut)
    # Isolated, so that words from right to left leave what stands around them in its order.
    return f"\u2068{shown}\u2069" if leftward else shown


def short(text: str, limit: int) -> str:
    """The text in at most `limit` characters, cut between two signs; for what is no markdown."""
    if len(text) <= limit:
        return text
    end = 0
    for sign in _SIGNS.finditer(text):
        if sign.end() > limit - 1:
            break
        end = sign.end()
    return text[:end].rstrip() + "…"


def code(text: str, limit: int = CONTENT_CHARS_MAX - 100) -> str:
    """A code block that the text cannot break out of."""
    return "```\n" + short(_TICKS.sub("`\u200b", text), limit) + "\n```"


def named(text: str, limit: int = 40) -> str:
    """A member's words for a code span: nothing in it needs an escape, only a backtick ends it."""
    return short(" ".join(text.translate(_TURNS).replace("`", "'").split()), limit)


def cited(text: str, limit: int = _PROMPT_CHARS) -> str:
    """A member's words within a sentence, in the quotation marks of the language."""
    return IN_QUOTES(words=plain(text, limit))


def quoted(text: str, limit: int = _QUOTED_CHARS) -> str:
    """A text as a quotation."""
    return "\n".join(f"> {line}" for line in fit(text, limit).splitlines())


def fit(text: str, limit: int = CONTENT_CHARS_MAX) -> str:
    """A message in at most `limit` characters, whatever it was made of.

    Everything that is sent comes through here or through `fitting`. It is never cut inside an
    escape, a mention, a link or a sign, and what was open is closed.
    """
    if len(text) <= limit:
        return text
    opened: list[str] = []
    kept, end = 0, "…"[:limit]
    for atom in _ATOMS.finditer(text):
        _open_or_close(opened, atom[0])
        closing = "…" + "".join(_CLOSES[mark] for mark in reversed(opened))
        if atom.end() + len(closing) <= limit:
            kept, end = atom.end(), closing
        if atom.end() >= limit:
            break
    return text[:kept].rstrip() + end


def _open_or_close(opened: list[str], atom: str) -> None:
    """Note what this atom opens or closes; in code nothing counts but its end."""
    last = opened[-1] if opened else ""
    if atom == last or (atom == "\u2069" and last == "\u2068"):
        opened.pop()
    elif atom in _CLOSES and last not in {"```", "`"}:
        opened.append(atom)


def fits(lines: Sequence[str], limit: int = CONTENT_CHARS_MAX, total: int | None = None) -> int:
    """How many of the first lines fit whole, with the words for how many more there are."""
    if total in {None, len(lines)} and len("\n".join(lines)) <= limit:
        return len(lines)
    total = len(lines) if total is None else total
    used = -1
    for place, line in enumerate(lines):
        used += len(line) + 1
        left = total - place - 1
        if used + (len(more(total)) + 1 if left else 0) > limit:
            return place
    return len(lines)


def fitting(lines: Sequence[str], limit: int = CONTENT_CHARS_MAX, total: int | None = None) -> str:
    """The first lines that fit, whole, and how many more there are of `total`."""
    total = len(lines) if total is None else total
    count = fits(lines, limit, total)
    kept = list(lines[:count])
    if lines and not kept:
        kept = [fit(lines[0], limit - len(more(total)) - 1)]
    if total > len(kept):
        kept.append(more(total - len(kept)))
    return "\n".join(kept)


def more(count: int) -> str:
    """How many lines of a list are not shown."""
    return tally("… and {count} more", "… and {count} more", count)


def duration(ms: float) -> str:
    """`12 s`, `3 min`, `2 h`, `9 days`: as exact as a wait needs."""
    seconds = max(1, round(ms / 1000))
    if seconds < 90:
        return say("{count} s", count=seconds)
    if seconds < 5400:
        return say("{count} min", count=round(seconds / 60))
    hours = round(seconds / 3600)
    if hours < 48:
        return say("{count} h", count=hours)
    return tally("{count} day", "{count} days", round(hours / 24))


def size(size_bytes: int) -> str:
    """`10 MB`, `16 kB`: a limit as Discord names it, rounded down to what surely passes."""
    if size_bytes < 1 << 20:
        return say("{count} kB", count=size_bytes >> 10)
    return say("{count} MB", count=size_bytes >> 20)


def status(
    jobs: Sequence[Job],
    *,
    standing: Standing | None,
    expected: Estimate | None,
    progress: Mapping[JobId, JobProgress],
    note: str = "",
) -> str:
    """The status message of an open request: how far all of it is, and how long it will take.

    `note` is a remark on its words.
    """
    lines = [f"**{_pictures(len(jobs))}** · {plain(jobs[0].draw.prompt)}"]
    states = {job.state for job in jobs}
    if standing is not None and not progress and states == {JobState.QUEUED}:
        lines.append(place(standing, expected))
    elif states & _UNDER_WAY:
        lines.append(_bar(jobs, progress) + _time_left(expected))
    return fitting([*lines, *_held(jobs), *_faults(jobs), *note.splitlines()])


def place(standing: Standing, expected: Estimate | None) -> str:
    """Where a queued picture stands, about how long it will take, and what has to be done first."""
    parts = [
        say("Place {place} in the queue", place=number(standing.ahead + 1))
        if standing.ahead
        else say("Next in the queue")
    ]
    if expected is not None and expected.eta_ms is not None:
        parts.append(say("about {time}", time=duration(expected.eta_ms)))
    if expected is not None and expected.loads:
        parts.append(say("after I switch models for it"))
    return say(", ").join(parts)


def ended(jobs: Sequence[Job]) -> str:
    """One line on what became of a request that did not end with all its pictures posted.

    There is room for a mention before it.
    """
    counts = Counter(job.state for job in jobs)
    prompt = _on_one_line(plain(jobs[0].draw.prompt))
    if counts[JobState.CANCELLED] == len(jobs):
        return f"**{_CANCELLED()}** · {prompt}"
    share = tally(
        "{done} of {count} picture",
        "{done} of {count} pictures",
        len(jobs),
        done=counts[JobState.DELIVERED],
    )
    parts = [f"**{share}**", prompt]
    if cancelled := counts[JobState.CANCELLED]:
        parts.append(say("Cancelled: {count}", count=cancelled))
    parts += [_on_one_line(fault) for fault in _faults(jobs)]
    return fit(" · ".join(parts), CONTENT_CHARS_MAX - _MENTION_CHARS)


def _on_one_line(text: str) -> str:
    # Spaces that must not break, as in French, stay what they are.
    return " ".join(filter(None, map(str.strip, text.splitlines())))


def why(job: Job) -> str:
    """Why a picture failed or is held back; "" if nothing was written down about it."""
    return retell(job.error or "", id=job.id, model=job.draw.model or "")


def _faults(jobs: Sequence[Job]) -> list[str]:
    """Why pictures failed or are held back, each reason once."""
    bad = (job for job in jobs if job.state in {JobState.FAILED, JobState.WITHHELD})
    reasons = Counter(why(job) or say("It could not be drawn.") for job in bad)
    return [f"⚠️ {_with_count(reason, count)}" for reason, count in reasons.items()]


def _held(jobs: Sequence[Job]) -> list[str]:
    """Why pictures wait for the moderators, each reason once."""
    reasons = Counter(why(job) for job in jobs if job.state is JobState.HELD)
    return [f"⏳ {_with_count(reason, count)}" for reason, count in reasons.items()]


def _with_count(reason: str, count: int) -> str:
    """The reason, and how many pictures it is said of where that is more than one."""
    return reason + aside(_pictures(count)) if count > 1 else reason


def _bar(jobs: Sequence[Job], progress: Mapping[JobId, JobProgress]) -> str:
    """How much of all steps is done; what has ended, however it did, is done."""
    steps = sum(job.draw.progress_steps for job in jobs)
    done = sum(
        progress[job.id].step
        if job.id in progress
        else 0
        if job.state in {JobState.QUEUED, JobState.RUNNING}
        else job.draw.progress_steps
        for job in jobs
    )
    full = _BAR_CELLS * done // max(steps, 1)
    drawn = sum(job.state in {JobState.RENDERED, JobState.DELIVERED} for job in jobs)
    if jobs[0].draw.enlarged:
        of_all = say("{share} upscaled", share=percent(done / steps))
    elif len(jobs) > 1:
        of_all = say("{done} of {count} drawn", done=drawn, count=len(jobs))
    else:
        of_all = say("step {done} of {count}", done=done, count=steps)
    return f"`{'█' * full}{'░' * (_BAR_CELLS - full)}` {of_all}"


def _time_left(expected: Estimate | None) -> str:
    if expected is None or expected.eta_ms is None:
        return ""
    return say(", ") + say("about {time} left", time=duration(expected.eta_ms))


def _pictures(count: int) -> str:
    return tally("{count} picture", "{count} pictures", count)


def caption(job: Job, picture: Picture, note: str = "") -> str:
    """The message that shows a picture: for whom, what, and how to get it again.

    `note` is a remark on its words, above the settings.
    """
    draw = job.draw
    below = small_print(draw, say("seed {seed}", seed=draw.seed), picture.card_id, job.id)
    whose = f"<@{job.user_id}> {plain(draw.prompt)}"
    return fit("\n".join(filter(None, (fit(whose, CONTENT_CHARS_MAX // 2), note, below))))


def compressed(text: str) -> str:
    """The message above a picture that had to be made smaller for Discord to take it."""
    note = COMPRESSED()
    return f"{fit(text, CONTENT_CHARS_MAX - len(note) - 1)}\n{note}"


def alt_text(job: Job) -> str:
    """What a picture shows, for those who do not see it."""
    return short(say("AI-made picture: {prompt}", prompt=job.draw.prompt), ALT_CHARS_MAX)


def choice(job: Job) -> str:
    """A picture's name in a list to choose from."""
    return short(f"{job.id} {job.draw.prompt}", CHOICE_CHARS_MAX)


def command(job: Job, *, completes: bool = False) -> str:
    """The `/waifu` that draws this picture again, ready to paste.

    `completes`: the model in use fills in what a prompt leaves open, unless told not to.
    """
    draw = job.draw
    parts = [f"/waifu prompt: {draw.prompt}"]
    if draw.source and draw.strength is not None:
        parts.append(f"--source {draw.source} --strength {draw.strength:g}")
    if draw.negative:
        parts.append(f"negative: {draw.negative}")
    parts.append(
        f"aspect: {draw.aspect} seed: {draw.seed} steps: {draw.steps} guidance: {draw.guidance:g}"
        f" sampler: {draw.sampler}"
    )
    if draw.clip_skip:
        parts.append(f"clip_skip: {draw.clip_skip}")
    if completes and draw.completion is None:
        parts.append("complete: off")
    return " ".join(parts)


def where(job: Job, standing: Standing | None, expected: Estimate | None) -> str:
    """How far a job is, for a line of `/queue`."""
    if standing is not None:
        return place(standing, expected)
    match job.state:
        case JobState.RENDERED:
            return say("drawn, on its way")
        case JobState.HELD:
            return say("drawn, waits for the moderators")
        case _:
            return say("drawing") + _time_left(expected)


def busy(counts: Mapping[JobState, int], elsewhere: int) -> str:
    """How much a server's queue holds, and all servers' together."""
    parts = [told(count=number(counts[state])) for state, told in _DOING.items() if counts[state]]
    here = say("{what}.", what=say(", ").join(parts)) if parts else say("The queue is empty.")
    others = elsewhere - counts[JobState.QUEUED]
    if others <= 0:
        return here
    more_there = tally("{count} more in other servers.", "{count} more in other servers.", others)
    return sentences(here, more_there)


def awaited(count: int) -> str:
    """Pictures of a member that are held."""
    return tally(
        "-# {count} picture of yours is waiting for the moderators. It comes once they approve it.",
        "-# {count} of your pictures are waiting for the moderators. They come once approved.",
        count,
    )


def in_queue(job: Job, standing: Standing | None, expected: Estimate | None) -> str:
    """One line of `/queue`."""
    return f"`{job.id}` {plain(job.draw.prompt, 60)} — {where(job, standing, expected)}"
