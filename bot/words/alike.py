"""What is said where a picture that was asked for is there already. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Job
from bot.words import wording

_ONE = "That very picture is there already: the same words, seed and settings draw the same."
_SEVERAL = "All of these are there already: the same words, seeds and settings draw the same."


def there_already(jobs: Sequence[Job], urls: Sequence[str | None]) -> str:
    """Where each of them is."""
    lines = [
        f"seed {job.draw.seed} · `{job.id}`{f' · [open]({url})' if url else ''}"
        for job, url in zip(jobs, urls, strict=True)
    ]
    return wording.fitting([_ONE if len(jobs) == 1 else _SEVERAL, *lines])
