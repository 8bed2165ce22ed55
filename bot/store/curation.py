"""Votes and pictures for a manifest, and a curator's stamps and captions.

`bot/exporting.py` reads the harvest, `python -m bot curate` stamps and captions. The harvest leaves
out votes of forgotten members, because their trust is unknown. `bot/curating/` decides what a model
may learn from.
"""

from __future__ import annotations

import json

from bot.ballot import Axis
from bot.curating.harvest import Entry, Harvest, Opinion, Stamp
from bot.domain import GuildId, JobId, RefusalReason, Refused, UserId
from bot.store.audit_rows import AuditEntry, insert_audit_entry
from bot.store.db import Database, Params, Row, Transaction
from bot.store.job_rows import draw_of
from bot.store.nameless import read_key
from bot.store.picture_rows import IS_VISIBLE, picture_of
from models.contract import Draw
from models.manifest import Kind

#: A caption replaces a prompt, and no prompt is longer.
CAPTION_MAX = 2_000


class Curation:
    """Reads the material of a manifest, and stores a curator's decisions."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, guild_id: GuildId | None = None) -> Harvest:
        """Every picture with votes that members may see, in one server or in all.

        Leaves out pictures that are deleted, held, or removed by a moderator.
        """
        guild: Params = {"guild": guild_id}
        rows = await self._db.fetch_all(_ENTRIES, guild)
        votes = await self._db.fetch_all(_VOTES, guild)
        choices = await self._db.fetch_all(_CHOICES, guild)
        picks = await self._db.fetch_all(_PICKS, guild)
        return Harvest(
            entries=[_entry_of(row) for row in rows],
            opinions=[*map(_vote_of, votes), *map(_choice_of, choices), *map(_pick_of, picks)],
            key=await read_key(self._db),
        )

    async def stamp(self, job_id: JobId, stamp: Stamp | None, now_ms: int) -> Refused | None:
        """Approve or reject a picture, or undo that (None); write it to the server's log."""
        verb = {Stamp.APPROVED: "approve", Stamp.REJECTED: "reject", None: "undo"}[stamp]
        values: Params = {"job": job_id, "stamp": stamp, "now": now_ms}
        async with self._db.write() as tx:
            return await _curate(tx, _STAMP, values, f"curate {verb}")

    async def caption(self, job_id: JobId, caption: str | None, now_ms: int) -> Refused | None:
        """Describe a picture in place of its prompt; None restores the prompt."""
        text = " ".join((caption or "").split()) or None
        if text is not None and len(text) > CAPTION_MAX:
            return _refuse(f"A caption has at most {CAPTION_MAX} characters: shorten it.")
        values: Params = {"job": job_id, "caption": text, "now": now_ms}
        async with self._db.write() as tx:
            return await _curate(tx, _CAPTION, values, "curate caption")


async def _curate(tx: Transaction, sql: str, values: Params, action: str) -> Refused | None:
    """Make the change and write its log line, if the picture still exists."""
    row = await tx.fetch_one(
        f"SELECT guild_id FROM pictures WHERE job_id = :job AND {IS_VISIBLE}",  # noqa: S608  a constant
        {"job": values["job"]},
    )
    if row is None:
        return _refuse("This picture is not there any more: load the page again.")
    await tx.execute(sql, values)
    await tx.execute(_TIDY, {"job": values["job"]})
    at_ms = values["now"]
    assert isinstance(at_ms, int)
    await insert_audit_entry(
        tx,
        AuditEntry(
            guild_id=GuildId(row["guild_id"]),
            actor_id=None,
            action=action,
            detail=f"`{values['job']}`",
            at_ms=at_ms,
        ),
    )
    return None


def _refuse(text: str) -> Refused:
    return Refused(reason=RefusalReason.INPUT, text=text)


def _entry_of(row: Row) -> Entry:
    return Entry(
        picture=picture_of(row),
        draw=_draw_of(row["draw"]),
        shared=bool(row["share_prompts"]),
        stamp=Stamp(row["stamp"]) if row["stamp"] else None,
        caption=row["caption"],
    )


def _draw_of(text: str) -> Draw | None:
    """How a picture was drawn; None if another version wrote what this one cannot read."""
    faults: list[str] = []
    draw = draw_of(text, faults)
    return None if faults else draw


def _vote_of(row: Row) -> Opinion:
    return Opinion(
        kind=Kind.VOTE,
        axis=row["axis"],
        voter_id=UserId(row["voter_id"]),
        guild_id=GuildId(row["guild_id"]),
        job_ids=(JobId(row["job_id"]),),
        value=row["value"],
        at_ms=row["at_ms"],
    )


def _choice_of(row: Row) -> Opinion:
    return Opinion(
        kind=Kind.DUEL,
        axis=row["axis"],
        voter_id=UserId(row["voter_id"]),
        guild_id=GuildId(row["guild_id"]),
        job_ids=(JobId(row["left_job"]), JobId(row["right_job"])),
        value=row["place"] - 1,
        at_ms=row["at_ms"],
    )


def _pick_of(row: Row) -> Opinion:
    shown = [JobId(job_id) for job_id in json.loads(row["shown"])]
    return Opinion(
        kind=Kind.RANKING,
        axis=row["axis"],
        voter_id=UserId(row["voter_id"]),
        guild_id=GuildId(row["guild_id"]),
        job_ids=tuple(shown),
        value=(shown.index(JobId(row["best"])),),
        at_ms=row["at_ms"],
    )


_IN_GUILD = "(:guild IS NULL OR pictures.guild_id = :guild)"
_ENTRIES = (
    "SELECT pictures.*, jobs.draw, curations.stamp, curations.caption,"  # noqa: S608  constants of this room
    " ifnull(share_prompts, 0) AS share_prompts"
    " FROM pictures JOIN jobs ON jobs.id = pictures.job_id"
    " LEFT JOIN sharing ON sharing.user_id = pictures.user_id"
    " LEFT JOIN curations USING (job_id)"
    " WHERE (job_id IN (SELECT job_id FROM votes)"
    "  OR job_id IN (SELECT left_job FROM duels) OR job_id IN (SELECT right_job FROM duels)"
    "  OR job_id IN (SELECT job_id FROM post_pictures JOIN posts USING (message_id)"
    "   JOIN choices ON about = owed_post_id WHERE axis = 'pick'))"
    # An enlarged picture does not have the size that the model draws.
    " AND (SELECT layout <> 'private' AND kind <> 'upscale' FROM requests"
    "  WHERE requests.id = request_id)"
    f" AND {IS_VISIBLE} AND {_IN_GUILD} ORDER BY jobs.seq"
)
_VOTES = (
    "SELECT votes.*, guild_id FROM votes JOIN pictures USING (job_id)"  # noqa: S608  constants of this room
    f" WHERE axis = '{Axis.TASTE}' AND NOT self_vote AND {_IN_GUILD}"
    " ORDER BY votes.at_ms, job_id, voter_id"
)
#: A skip says nothing about either picture.
_CHOICES = (
    "SELECT choices.*, left_job, right_job, guild_id"  # noqa: S608  constants of this room
    " FROM choices JOIN duels ON duels.id = about"
    f" WHERE axis = '{Axis.DUEL}' AND NOT self_vote AND place > 0"
    " AND (:guild IS NULL OR guild_id = :guild) ORDER BY choices.at_ms, about, voter_id"
)
#: Compares with the pictures left in the grid; needs the picked one among them.
_PICKS = (
    "SELECT * FROM (SELECT choices.*, posts.guild_id, best.job_id AS best,"  # noqa: S608  constants of this room
    "  (SELECT json_group_array(job_id) FROM (SELECT job_id FROM post_pictures"
    "   JOIN pictures USING (job_id) WHERE post_pictures.message_id = posts.message_id"
    f"   AND {IS_VISIBLE} ORDER BY place)) AS shown"
    "  FROM choices JOIN posts ON owed_post_id = about"
    "  JOIN post_pictures AS best ON best.message_id = posts.message_id"
    "   AND best.place = choices.place"
    f"  WHERE axis = '{Axis.PICK}' AND NOT self_vote"
    "  AND (:guild IS NULL OR posts.guild_id = :guild))"
    " WHERE json_array_length(shown) > 1"
    " AND best IN (SELECT value FROM json_each(shown)) ORDER BY at_ms, about, voter_id"
)
_STAMP = (
    "INSERT INTO curations (job_id, stamp, at_ms) VALUES (:job, :stamp, :now)"
    " ON CONFLICT (job_id) DO UPDATE SET stamp = excluded.stamp, at_ms = excluded.at_ms"
)
_CAPTION = (
    "INSERT INTO curations (job_id, caption, at_ms) VALUES (:job, :caption, :now)"
    " ON CONFLICT (job_id) DO UPDATE SET caption = excluded.caption, at_ms = excluded.at_ms"
)
#: Deletes a row without stamp and caption.
_TIDY = "DELETE FROM curations WHERE job_id = :job AND stamp IS NULL AND caption IS NULL"
