"""What is said where a picture that was asked for is there already. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Job
from bot.words import wording
from bot.words.pictures import OPEN
from bot.words.speaking import Message, say

_ONE = Message(
    "I have drawn that picture before: the same words, seed and settings always draw the same one."
)
_SEVERAL = Message(
    "I have drawn all of these before: the same words, seeds and settings always draw the same "
    "ones."
)


def there_already(jobs: Sequence[Job], urls: Sequence[str | None]) -> str:
    """Where each of them is."""
    lines = [
        f"{say('seed {seed}', seed=job.draw.seed)} · `{job.id}`"
        f"{f' · [{OPEN()}]({url})' if url else ''}"
        for job, url in zip(jobs, urls, strict=True)
    ]
    return wording.fitting([_ONE() if len(jobs) == 1 else _SEVERAL(), *lines])
