"""What stands above a picture in a gallery channel. Pure text."""

from __future__ import annotations

from bot.ballot import Tally
from bot.domain import Job
from bot.words import wording
from bot.words.speaking import say

_PROMPT_CHARS = 200


def credit(job: Job, tally: Tally, emoji: str, url: str) -> str:
    """Who asked for it, how it is liked, and where it is from; its name at the end."""
    whose = say("asked for by {member}", member=f"<@{job.user_id}>")
    where = say("where it was posted")
    return wording.fit(
        f"{emoji} **{tally.up}** · {whose} · [{where}]({url})\n"
        f"{wording.plain(job.draw.prompt, _PROMPT_CHARS)}\n-# `{job.id}`"
    )
