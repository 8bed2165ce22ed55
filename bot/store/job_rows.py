"""A job and its row, both ways; a row that another version of the bot wrote is read with care.

The queue, its views and the outbox share it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from bot.domain import (
    ChannelId,
    GuildId,
    Job,
    JobId,
    JobState,
    Origin,
    Rating,
    RequestId,
    UserId,
)
from bot.store.db import Params, Row
from models.contract import Aspect, Sampler

EnumT = TypeVar("EnumT", bound=StrEnum)

#: What the member of a job with a `fault` is told at its end.
FOREIGN = (
    "This request was made by another version of me, and I cannot read all of it. Please ask again."
)


def job_of(row: Row) -> Job:
    """A row of `jobs` as the domain's noun.

    A row of another version (the bot was set back) may hold what this one does not know: the most
    careful value stands for it, so that the job can be listed and ended, and `fault` names it.
    """
    faults: list[str] = []

    def known(column: str, careful: EnumT) -> EnumT:
        try:
            return type(careful)(row[column])
        except ValueError:
            faults.append(f"{column} {row[column]!r}")
            return careful

    return Job(
        id=JobId(row["id"]),
        request_id=RequestId(row["request_id"]),
        user_id=UserId(row["user_id"]),
        guild_id=GuildId(row["guild_id"]),
        channel_id=ChannelId(row["channel_id"]),
        prompt=row["prompt"],
        negative=row["negative"],
        aspect=known("aspect", Aspect.SQUARE),
        seed=row["seed"],
        steps=row["steps"],
        guidance=row["guidance"],
        sampler=known("sampler", Sampler.EULER_A),
        width_px=row["width_px"],
        height_px=row["height_px"],
        rating=known("rating", Rating.EXPLICIT),
        origin=known("origin", Origin.COMMAND),
        parent_job_id=JobId(row["parent_job_id"]) if row["parent_job_id"] else None,
        state=JobState(row["state"]),
        attempts=row["attempts"],
        created_ms=row["created_ms"],
        error=row["error"],
        # Evaluated last: by now every column was looked at.
        fault=", ".join(faults) or None,
    )


def columns_of(job: Job) -> Params:
    """What a new job's row is made of."""
    return {
        "id": job.id,
        "request_id": job.request_id,
        "user_id": job.user_id,
        "guild_id": job.guild_id,
        "channel_id": job.channel_id,
        "prompt": job.prompt,
        "negative": job.negative,
        "aspect": job.aspect,
        "seed": job.seed,
        "steps": job.steps,
        "guidance": job.guidance,
        "sampler": job.sampler,
        "width_px": job.width_px,
        "height_px": job.height_px,
        "rating": job.rating,
        "origin": job.origin,
        "parent_job_id": job.parent_job_id,
        "created_ms": job.created_ms,
    }
