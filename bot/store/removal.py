"""Deletes pictures with everything that belongs to them: row, job, file, messages, cases.

The gallery, the reviews and the members store call it inside their own transactions; `Gallery.reap`
removes files that no picture uses any more. Must not know why a picture is deleted.
"""

# ruff: noqa: S608 these statements are built from constants of this file

from __future__ import annotations

import json

from bot.domain import JobId, JobState, Picture, Ruling
from bot.store.case_rows import lapse_cases, reopen_cases
from bot.store.db import Params, Transaction
from bot.store.doomed import doom_messages_of_jobs
from bot.store.duel_rows import close_duels_of_jobs
from bot.store.precedents import set_precedents, with_enlarged


async def delete_pictures(
    tx: Transaction, which: str, values: Params, *, ends: JobState, removed: bool = False
) -> list[JobId]:
    """Delete the pictures of the matching jobs and return the jobs; the votes stay valid.

    Dooms every message that shows one, even one whose id is not known yet. A job whose picture was
    not posted yet ends in the state `ends`, and its member sees `text`; `values` holds that text,
    and the time as `now`. `removed` means that a moderator did it: enlarged copies are deleted too,
    the rows record it, and later requests for the same picture are refused.
    """
    rows = await tx.fetch_all(f"SELECT id FROM jobs WHERE {which}", values)
    job_ids = [JobId(row["id"]) for row in rows]
    if removed:
        job_ids = await with_enlarged(tx, job_ids)
        await set_precedents(tx, job_ids, Ruling.REFUSE)
    params: Params = {
        "jobs": json.dumps(job_ids),
        "text": values["text"],
        "now": values["now"],
        "ends": ends,
        "removed": int(removed),
    }
    for statement in _DELETE:
        await tx.execute(statement, params)
    await doom_messages_of_jobs(tx, f"id IN ({_JOBS})", params)
    await close_duels_of_jobs(tx, f"id IN ({_JOBS})", params)
    await lapse_cases(tx, _JOBS, params)
    return job_ids


async def undelete_picture(tx: Transaction, picture: Picture) -> int | None:
    """Undo a deletion: row, file and cases; owe an amendment to the posts that lack the picture.

    Returns the number of those posts. Returns None, changing nothing, if the picture is not
    deleted, a moderator removed it, or its member was forgotten.
    """
    values: Params = {"job": picture.job_id, "sha256": picture.sha256}
    row = await tx.fetch_one(_UNDELETABLE, values)
    if row is None:
        return None
    await tx.execute("UPDATE pictures SET deleted_ms = NULL WHERE job_id = :job", values)
    await tx.execute("DELETE FROM doomed_files WHERE sha256 = :sha256", values)
    await reopen_cases(tx, picture.job_id, row["deleted_ms"])
    return await tx.execute(_AMEND_POSTS, values)


_UNDELETABLE = (
    "SELECT deleted_ms FROM pictures"
    " WHERE job_id = :job AND deleted_ms IS NOT NULL AND removed_ms IS NULL"
)
_AMEND_POSTS = (
    "UPDATE posts SET amendment_owed = 1 WHERE deleted_ms IS NULL"
    " AND message_id IN (SELECT message_id FROM post_pictures WHERE job_id = :job)"
    " AND message_id NOT IN (SELECT message_id FROM doomed_messages)"
)
_JOBS = "SELECT value FROM json_each(:jobs)"
_MARK_PICTURES = (
    "UPDATE pictures SET deleted_ms = ifnull(deleted_ms, :now),"
    " removed_ms = iif(:removed, ifnull(removed_ms, :now), removed_ms)"
    f" WHERE job_id IN ({_JOBS})"
)
_DOOM_FILES = (
    f"INSERT OR IGNORE INTO doomed_files SELECT sha256 FROM pictures WHERE job_id IN ({_JOBS})"
)
_END_JOBS = (
    "UPDATE jobs SET state = :ends, error = :text, ended_ms = :now"
    f" WHERE state IN ('rendered', 'held') AND id IN ({_JOBS})"
)
_DELETE = (_MARK_PICTURES, _DOOM_FILES, _END_JOBS)
