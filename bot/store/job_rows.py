"""Jobs and their rows; rows of another version of the bot are read defensively.

Used by the queue, its views, the outbox, and other stores that need the JSON of a `Draw`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import TypeVar, cast

from bot.domain import (
    ChannelId,
    Finding,
    GuildId,
    Job,
    JobId,
    JobState,
    OwedPostId,
    Rating,
    RequestId,
    Ruling,
    UserId,
)
from bot.store.db import Params, Row
from bot.store.finding_rows import findings_json, findings_of
from bot.words.speaking import Message
from models.contract import Draw, Sampler
from models.decoding import Dialect, Flaw, MisfitError, decode

EnumT = TypeVar("EnumT", bound=StrEnum)

#: Increased when a field of `Draw` changes its meaning, but not for a new field.
DRAW_VERSION = 1
#: Writes every field, but leaves out options that are None.
_DRAW = Dialect(needs_every_field=True, null_word="")
#: Replaces an unreadable draw, so that the job can be listed and ended.
_PLACEHOLDER = Draw(
    prompt="", width_px=1, height_px=1, seed=0, steps=1, guidance=1.0, sampler=Sampler.EULER_A
)

#: The error that a member sees when a job with a `fault` ends.
UNREADABLE_JOB = Message(
    "This request was made by another version of me, and I cannot read all of it. Please ask again."
)


def job_of(row: Row) -> Job:
    """A row of `jobs` as a `Job`.

    A row of another version (after a downgrade) may hold unknown values. The most cautious value
    replaces each, so that the job can be listed and ended, and `fault` names them.
    """
    faults: list[str] = []

    def known_or(column: str, cautious: EnumT) -> EnumT:
        try:
            return type(cautious)(row[column])
        except ValueError:
            faults.append(f"{column} {row[column]!r}")
            return cautious

    return Job(
        id=JobId(row["id"]),
        request_id=RequestId(row["request_id"]),
        owed_post_id=OwedPostId(row["owed_post_id"]),
        user_id=UserId(row["user_id"]),
        guild_id=GuildId(row["guild_id"]),
        channel_id=ChannelId(row["channel_id"]),
        draw=draw_of(row["draw"], faults),
        rating=known_or("rating", Rating.EXPLICIT),
        ruling=Ruling(row["ruling"]),
        excused=_excused_of(row["excused"], faults),
        state=JobState(row["state"]),
        attempts=row["attempts"],
        created_ms=row["created_ms"],
        error=row["error"],
        # Evaluated last, after every column was checked.
        fault=", ".join(faults) or None,
    )


def _excused_of(text: str, faults: list[str]) -> frozenset[Finding]:
    """The excused findings; if they are unreadable, none, and `faults` names them."""
    try:
        return frozenset(findings_of(text))
    except ValueError:
        faults.append("excused")
        return frozenset()


def columns_of(job: Job) -> Params:
    """The columns of a new job's row."""
    return {
        "id": job.id,
        "request_id": job.request_id,
        "owed_post_id": job.owed_post_id,
        "user_id": job.user_id,
        "guild_id": job.guild_id,
        "channel_id": job.channel_id,
        "draw": draw_json(job.draw),
        "rating": job.rating,
        "ruling": job.ruling,
        "excused": findings_json(sorted(job.excused, key=lambda f: (f.rule, f.words))),
        "created_ms": job.created_ms,
    }


def draw_json(draw: Draw) -> str:
    """A draw as the JSON that the database stores."""
    return json.dumps(draw_values(draw), ensure_ascii=False)


def draw_values(draw: Draw) -> dict[str, object]:
    """A draw as plain values, without options that are None.

    So a version that does not know an option can read every draw that does not use it.
    """
    return {"v": DRAW_VERSION, **_set_values(draw)}


def _set_values(draw: Draw) -> dict[str, object]:
    return {name: value for name, value in asdict(draw).items() if value is not None}


def _describe_flaw(flaw: Flaw) -> str:
    """A description of the value for the log; an unknown text may be a member's words."""
    kind = type(flaw.value)
    may_be_words = kind in {str, list, dict} and flaw.path not in {"aspect", "sampler"}
    return f"({kind.__name__})" if may_be_words else repr(flaw.value)


def draw_of(text: str, faults: list[str]) -> Draw:
    """Read what `draw_json` wrote; add what this version cannot read to `faults`."""
    try:
        values: object = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        faults.append("draw")
        return _PLACEHOLDER
    stored = cast("dict[str, object]", values)
    if (version := stored.pop("v", None)) != DRAW_VERSION:
        faults.append(f"draw version {version!r}")
    try:
        return decode(Draw, stored, _DRAW)
    except MisfitError as misfit:
        faults.extend(f"{flaw.path} {_describe_flaw(flaw)}" for flaw in misfit.flaws)
        unreadable = {flaw.path for flaw in misfit.flaws}
    known = {name: value for name, value in stored.items() if name not in unreadable}
    return decode(Draw, {**_set_values(_PLACEHOLDER), **known}, _DRAW)
