"""What the bot says of several pictures in one post: the words above them, and why one is missing.

Called by the delivery, by what amends posts and by the buttons. Pure text.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain import Job, JobState, OwedPostId
from bot.words import wording
from bot.words.small_print import small_print
from bot.words.speaking import Message, enumerated, say
from models.contract import SEED_COUNT

#: Reasons that no job's own words give.
DELETED = Message("It was deleted.")
REMOVED = Message("The moderators removed it.")
AWAITED = Message(
    "It waits for the moderators. When they approve it, it comes in a post of its own."
)
APART = Message("It came later, in a post of its own.")
CANCELLED = Message("It was cancelled.")
NOT_HERE = Message("It may not be shown here any more.")
_UNKNOWN = Message("It could not be drawn.")
#: How much of a reason is shown.
_REASON_CHARS = 300


def caption(
    jobs: Mapping[int, Job],
    card_id: str,
    missing: Mapping[int, str],
    name: OwedPostId,
    note: str = "",
) -> str:
    """The message that shows several pictures: for whom, what, what is missing, how it was drawn.

    It ends with its name, by which it is found. `note` is a remark on its words.
    """
    first = next(iter(jobs.values()))
    draw = first.draw
    settings = small_print(draw, _seeds(jobs), card_id, name)
    holes = [
        say("**{place}** is missing: {why}", place=place, why=wording.fit(why, _REASON_CHARS))
        for place, why in sorted(missing.items())
    ]
    whose = f"<@{first.user_id}> {wording.plain(draw.prompt)}"
    whose = wording.fit(whose, wording.CONTENT_CHARS_MAX // 2)
    above = "\n".join([whose, *holes, *note.splitlines()])
    return f"{wording.fit(above, wording.CONTENT_CHARS_MAX - len(settings) - 1)}\n{settings}"


def _seeds(jobs: Mapping[int, Job]) -> str:
    """The seeds of places that follow one another."""
    first = jobs[min(jobs)].draw.seed
    last = (first + len(jobs) - 1) % SEED_COUNT
    return say("seeds {first} to {last}", first=first, last=last)


def alt_text(place: int, job: Job) -> str:
    """What the picture at this place shows, for those who do not see it."""
    text = say("Picture {place}, AI-made: {prompt}", place=place, prompt=job.draw.prompt)
    return wording.short(text, wording.ALT_CHARS_MAX)


def missing_text(place: int, why: str) -> str:
    """What stands in an empty place, for those who do not see it."""
    text = say("Picture {place} is missing: {why}", place=place, why=why)
    return wording.short(text, wording.ALT_CHARS_MAX)


def why_missing(job: Job) -> str:
    """Why the picture of this job is not among the others of its post."""
    match job.state:
        case JobState.FAILED | JobState.WITHHELD:
            return wording.why(job) or _UNKNOWN()
        case JobState.HELD:
            return AWAITED()
        case JobState.CANCELLED:
            return CANCELLED()
        case _:
            return APART()


def picture_name(place: int) -> str:
    """The name of a picture in a menu."""
    return say("Picture {place}", place=place)


WHICH_TO_REPORT = Message("Which of them? Choose it here, then press Report.")
CHOOSE = Message("Do something with one of them …")
GONE = Message("That picture is gone, so there is nothing to do with it any more.")


def chosen(place: int, job: Job) -> str:
    """What can be done with one picture stands below this."""
    return f"{picture_name(place)} · {say('seed {seed}', seed=job.draw.seed)} · `{job.id}`"


UNPICKED = Message("Pick withdrawn. Press a number to pick again.")
OVER = Message("That picture is gone, or its post is, so your pick wasn't counted.")


def picked(place: int, counts: Mapping[int, int], *, self_vote: bool) -> str:
    """What a member reads after picking the best."""
    so_far = enumerated(
        say("{count} for picture {place}", count=n, place=at) for at, n in counts.items()
    )
    lines = [
        say("**Picture {place}** is your pick. Press another number to change it.", place=place),
        say("Picks so far: {counts}.", counts=so_far)
        if so_far
        else say("Nobody else has picked yet."),
    ]
    if self_vote:
        lines.append(say("You asked for these, so your pick is noted but doesn't count."))
    return "\n".join(lines)
