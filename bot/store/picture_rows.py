"""Kept pictures and their rows, and the other rows written when a picture is kept.

The gallery writes them; every store that lists pictures reads them, with `IS_VISIBLE` for those
that members may see.
"""

from __future__ import annotations

import json
from dataclasses import replace

from bot.domain import GuildId, JobId, JobState, Picture, Rating, Ruling, UserId
from bot.finished import Held, Released
from bot.store.case_rows import insert_case, new_held_case
from bot.store.db import Row, Transaction
from bot.store.decisions import Decision, DecisionKind, Outcome, insert_decisions
from bot.store.precedents import precedent_of
from bot.words import pictures
from bot.words.speaking import Message
from models.contract import Draw

_REMOVED = Message(
    "The moderators removed this very picture from this server, so it is not shown here again. "
    "Another seed or other words may do."
)
#: The condition of `pictures` that members may see; only moderators see held ones.
IS_VISIBLE = (
    "deleted_ms IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM jobs WHERE jobs.id = pictures.job_id AND jobs.state = 'held')"
)
#: Leaves out `jobs` of a blind test that is still voted on: a picture alone reveals its model.
NOT_BLIND = (
    "NOT EXISTS (SELECT 1 FROM trial_pairs LEFT JOIN duels ON duels.id = duel_id"
    " WHERE (candidate_job = jobs.id OR parent_job = jobs.id)"
    " AND (settled = 0 OR (duels.id IS NOT NULL AND duels.closed_ms IS NULL))"
    " AND trial_id NOT IN (SELECT trial_id FROM trial_ends))"
)


def picture_of(row: Row) -> Picture:
    """A row of `pictures` as a `Picture`."""
    return Picture(
        job_id=JobId(row["job_id"]),
        user_id=UserId(row["user_id"]),
        guild_id=GuildId(row["guild_id"]),
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        width_px=row["width_px"],
        height_px=row["height_px"],
        card_id=row["card_id"],
        rating=Rating(row["rating"]),
        created_ms=row["created_ms"],
        spoiler=bool(row["spoiler"]),
        removed=row["removed_ms"] is not None,
    )


async def insert_picture(
    tx: Transaction, picture: Picture, verdict: Released | Held, owner: str
) -> Picture | None:
    """Write the picture's row and the job's state, respecting moderators' earlier decisions.

    Returns None, leaving the file doomed, if they removed this picture, if its source is gone or
    held, or if the owner no longer holds the job.
    """
    precedent = await precedent_of(tx, picture.guild_id, [verdict.job.draw], picture.card_id)
    if precedent is Ruling.REFUSE:
        await _withhold(tx, picture, verdict, owner)
        return None
    if await _source_is_gone(tx, verdict.job.draw):
        text = pictures.source_gone(verdict.job.draw)
        await _end_job(tx, picture, JobState.FAILED, text, owner)
        return None
    picture = replace(picture, spoiler=picture.spoiler or precedent is Ruling.SPOILER)
    held = verdict if isinstance(verdict, Held) else None
    updated = await tx.execute(
        "UPDATE jobs SET state = :state, error = :text, lease_owner = NULL, lease_until_ms = NULL,"
        " not_before_ms = 0 WHERE id = :job AND lease_owner = :owner",
        {
            "job": picture.job_id,
            "owner": owner,
            "state": JobState.HELD if held else JobState.RENDERED,
            "text": held.text if held else None,
        },
    )
    if not updated:
        return None
    if held:
        await _open_case(tx, held, picture.created_ms)
    await insert_decisions(tx, [_release_of(picture, verdict)])
    await tx.execute("DELETE FROM doomed_files WHERE sha256 = :sha256", {"sha256": picture.sha256})
    await tx.execute(
        "INSERT INTO pictures (job_id, user_id, guild_id, sha256, size_bytes, width_px, height_px,"
        " card_id, rating, scores, created_ms, spoiler) VALUES (:job_id, :user_id, :guild_id,"
        " :sha256, :size_bytes, :width_px, :height_px, :card_id, :rating, :scores, :created_ms,"
        " :spoiler)",
        {
            "job_id": picture.job_id,
            "user_id": picture.user_id,
            "guild_id": picture.guild_id,
            "sha256": picture.sha256,
            "size_bytes": picture.size_bytes,
            "width_px": picture.width_px,
            "height_px": picture.height_px,
            "card_id": picture.card_id,
            "rating": picture.rating,
            "scores": json.dumps(verdict.scores.values),
            "created_ms": picture.created_ms,
            "spoiler": int(picture.spoiler),
        },
    )
    return picture


async def _source_is_gone(tx: Transaction, draw: Draw) -> bool:
    """Whether it is drawn from a picture that members may no longer see, and would reveal it."""
    source = f"SELECT 1 FROM pictures WHERE job_id = :job AND {IS_VISIBLE}"  # noqa: S608  a constant
    return draw.source is not None and await tx.fetch_one(source, {"job": draw.source}) is None


async def _withhold(
    tx: Transaction, picture: Picture, verdict: Released | Held, owner: str
) -> None:
    """End the job: moderators removed the same picture while this one was being drawn."""
    if await _end_job(tx, picture, JobState.WITHHELD, _REMOVED, owner):
        await insert_decisions(
            tx, [replace(_release_of(picture, verdict), outcome=Outcome.WITHHOLD)]
        )


async def _end_job(
    tx: Transaction, picture: Picture, state: JobState, text: str, owner: str
) -> bool:
    """End the job without its picture; False if the owner does not hold it."""
    ended = await tx.execute(
        "UPDATE jobs SET state = :state, error = :text, ended_ms = :now, lease_owner = NULL,"
        " lease_until_ms = NULL WHERE id = :job AND lease_owner = :owner",
        {
            "state": state,
            "text": text,
            "now": picture.created_ms,
            "job": picture.job_id,
            "owner": owner,
        },
    )
    return bool(ended)


async def _open_case(tx: Transaction, held: Held, now_ms: int) -> None:
    """Open the moderators' case; its message will be newer than those of the request."""
    row = await tx.fetch_one(
        "SELECT since_id FROM requests WHERE id = :id", {"id": held.job.request_id}
    )
    assert row is not None, "a job has a request"
    await insert_case(tx, new_held_case(held, now_ms, since_id=row["since_id"]))


def _release_of(picture: Picture, verdict: Released | Held) -> Decision:
    """The policy's decision about the finished picture."""
    outcome = Outcome.SPOILER if picture.spoiler else Outcome.ALLOW
    return Decision(
        kind=DecisionKind.RELEASE,
        outcome=Outcome.HOLD if isinstance(verdict, Held) else outcome,
        about=picture.job_id,
        card_id=picture.card_id,
        guild_id=picture.guild_id,
        channel_id=verdict.job.channel_id,
        user_id=picture.user_id,
        at_ms=picture.created_ms,
    )
