"""What `/history` says: whose pictures, one line each, and what the sheet shows. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Job
from bot.words import wording
from bot.words.pictures import OPEN
from bot.words.speaking import Message, labelled, say, set_apart

#: How much of a prompt is shown in a line, and of a search.
_PROMPT_CHARS, _SEARCH_CHARS = 70, 60
GONE = Message("That picture is gone.")
ELSEWHERE = Message("That picture was posted in a channel that you can't read any more.")
NONE_YET = Message("You have no pictures here yet.")
NO_FAVOURITES = Message(
    "You have no favourites here yet. Press ⭐ under a picture to keep it here."
)
NO_OLDER = Message("No older pictures.")
NOT_FOUND = Message("None of your pictures matches. Try fewer words or fewer filters.")
STARRED = Message(
    "⭐ Added to your favourites. Only you can see them, with `/history favourites: True`."
)
UNSTARRED = Message("Removed from your favourites.")


def heading(words: str, card_id: str | None, *, favourites: bool) -> str:
    """What is listed, if not everything."""
    sought = [
        *([say("your favourites")] if favourites else []),
        *([wording.cited(words, _SEARCH_CHARS)] if words else []),
        *([f"`{wording.named(card_id, _SEARCH_CHARS)}`"] if card_id else []),
    ]
    return f"**{' · '.join(sought)}**\n" if sought else ""


def entry(place: int, job: Job, url: str | None, *, starred: bool, missing: str | None) -> str:
    """One picture: its number on the sheet, its id, its words; why it is not on the sheet."""
    star = "⭐ " if starred else ""
    words = wording.plain(job.draw.prompt, _PROMPT_CHARS)
    large = f" · {job.draw.width_px}x{job.draw.height_px} px" if job.draw.enlarged else ""
    why = f" · {missing}" if missing else ""
    where = f" · [{OPEN()}]({url})" if url else ""
    return f"{place}. {star}`{job.id}` <t:{job.created_ms // 1000}:R> {words}{large}{why}{where}"


def closed(place: int, job: Job) -> str:
    """A favourite of a channel that its reader cannot read: neither its words nor where it is."""
    return f"{place}. ⭐ `{job.id}` <t:{job.created_ms // 1000}:R> · {NOT_SHOWN()}"


SPOILED = Message("behind a spoiler")
NOT_SHOWN = Message("not shown here")


def alt_text(jobs: Sequence[Job | None]) -> str:
    """What a sheet shows, for those who do not see it."""
    shown = [labelled(str(n), job.draw.prompt) for n, job in enumerate(jobs, 1) if job is not None]
    text = say("AI-made pictures with numbers. {pictures}", pictures=set_apart(shown))
    return wording.short(text, wording.ALT_CHARS_MAX)
