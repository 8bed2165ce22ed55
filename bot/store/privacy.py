"""What a user may see, take along and have erased, across every store.

`cogs/governing/privacy.py` calls it. `HOLDINGS` names every table and what it holds of whom; a test
compares it with the schema, so that a new table cannot be forgotten here.
"""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain import JobId, Picture, StorageError, UserId
from bot.store.case_rows import doom_messages_of_cases
from bot.store.db import Database, Params, Row, Transaction, undisturbed
from bot.store.doomed import doom_messages_of_jobs, doom_messages_of_requests
from bot.store.gallery import Gallery
from bot.store.nameless import fold_exclusions, fold_pictures, fold_voter
from bot.store.picture_rows import SEEN, picture_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a table holds of a user (`:user`)."""

    #: Which rows are the user's; shown, exported and counted.
    theirs: str
    #: What becomes of them; nothing: they leave with the rows they refer to.
    forget: tuple[str, ...] = ()
    #: Columns that may name somebody else: they are in no export.
    hides: tuple[str, ...] = ()


_THEIR_PICTURES = "job_id IN (SELECT job_id FROM pictures WHERE user_id = :user)"
_OF_THEIR_JOBS = "job_id IN (SELECT id FROM jobs WHERE user_id = :user)"
_THEIR_SENDS = f"(name, kind) IN (SELECT name, kind FROM send_jobs WHERE {_OF_THEIR_JOBS})"  # noqa: S608  a constant above
_OF_THEIR_REQUESTS = "request_id IN (SELECT id FROM requests WHERE user_id = :user)"
_THEIR_POSTS = (
    "message_id IN (SELECT message_id FROM post_pictures JOIN pictures USING (job_id)"
    " WHERE pictures.user_id = :user)"
)

#: In the order in which they are forgotten: votes are judged by the pictures that they are on.
#: None: the table holds nothing of anybody.
HOLDINGS: Mapping[str, Holding | None] = MappingProxyType(
    {
        "vote_events": Holding(
            theirs="voter_id = :user",
            forget=(f"DELETE FROM vote_events WHERE voter_id = :user OR {_THEIR_POSTS}",),  # noqa: S608  a constant above
        ),
        "standing_reactions": Holding(
            theirs="voter_id = :user",
            forget=(f"DELETE FROM standing_reactions WHERE voter_id = :user OR {_THEIR_POSTS}",),  # noqa: S608  a constant above
        ),
        "votes": Holding(
            theirs="voter_id = :user",
            forget=(f"DELETE FROM votes WHERE voter_id = :user OR {_THEIR_PICTURES}",),  # noqa: S608  a constant above
        ),
        "axes": None,
        "request_kinds": None,
        "layouts": None,
        "ratings": None,
        "states": None,
        "nameless_tallies": None,
        "nameless_marks": None,
        "mark_key": None,
        "posts": Holding(theirs=_OF_THEIR_REQUESTS),
        "post_pictures": Holding(theirs=_THEIR_PICTURES),
        "pictures": Holding(
            theirs="user_id = :user", forget=("DELETE FROM pictures WHERE user_id = :user",)
        ),
        "curations": Holding(theirs=_THEIR_PICTURES),
        "stamps": None,
        "doomed_files": None,
        "doomed_messages": None,
        "send_jobs": Holding(theirs=_OF_THEIR_JOBS),
        "sends": Holding(
            theirs=_THEIR_SENDS,
            forget=(f"DELETE FROM sends WHERE {_THEIR_SENDS}",),  # noqa: S608  a constant above
        ),
        "hunts": None,
        "forget_wishes": Holding(
            theirs="user_id = :user", forget=("DELETE FROM forget_wishes WHERE user_id = :user",)
        ),
        "installation": None,
        "jobs": Holding(theirs="user_id = :user"),
        "owed_posts": Holding(theirs=_OF_THEIR_REQUESTS),
        "requests": Holding(
            theirs="user_id = :user", forget=("DELETE FROM requests WHERE user_id = :user",)
        ),
        "turns": Holding(
            theirs="user_id = :user", forget=("DELETE FROM turns WHERE user_id = :user",)
        ),
        "waiting_asks": Holding(
            theirs="user_id = :user", forget=("DELETE FROM waiting_asks WHERE user_id = :user",)
        ),
        "acceptances": Holding(
            theirs="user_id = :user", forget=("DELETE FROM acceptances WHERE user_id = :user",)
        ),
        "sharing": Holding(
            theirs="user_id = :user", forget=("DELETE FROM sharing WHERE user_id = :user",)
        ),
        # What a server decided stays decided; who decided it is forgotten.
        "audit_log": Holding(
            theirs="actor_id = :user",
            forget=(
                "UPDATE audit_log SET actor_id = NULL WHERE actor_id = :user",
                "UPDATE audit_log SET user_id = NULL WHERE user_id = :user",
            ),
            hides=("user_id",),
        ),
        "policies": None,
        "guilds": None,
        # A picture that somebody reported stays reported.
        "reports": Holding(
            theirs="reporter_id = :user",
            forget=("UPDATE reports SET reporter_id = NULL WHERE reporter_id = :user",),
        ),
        "cases": Holding(
            theirs="user_id = :user",
            forget=(
                "DELETE FROM cases WHERE user_id = :user",
                "UPDATE cases SET actor_id = NULL WHERE actor_id = :user",
            ),
            hides=("actor_id",),
        ),
        "strikes": Holding(
            theirs="user_id = :user", forget=("DELETE FROM strikes WHERE user_id = :user",)
        ),
        "exclusions": Holding(
            theirs="user_id = :user",
            forget=(
                "DELETE FROM exclusions WHERE user_id = :user",
                "UPDATE exclusions SET actor_id = NULL WHERE actor_id = :user",
            ),
            hides=("actor_id",),
        ),
        "nameless_exclusions": None,
        # The numbers of the owner's report stay.
        "decisions": Holding(
            theirs="user_id = :user",
            forget=("UPDATE decisions SET user_id = NULL, about = '' WHERE user_id = :user",),
        ),
        "case_kinds": None,
        "decision_kinds": None,
        "outcomes": None,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many rows each table holds of a user, without the tables that hold none."""

    counts: Mapping[str, int]
    shares_prompts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was erased, and what is left to do outside the database."""

    counts: Mapping[str, int]
    #: Jobs that were queued or running, to be evicted from the engine.
    job_ids: Sequence[JobId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A zip of everything, to be read from its beginning, and how many pictures are not in it."""

    file: io.BufferedIOBase
    left_out: int


class Privacy:
    """One user's data, in all stores at once."""

    def __init__(self, db: Database, gallery: Gallery) -> None:
        self._db = db
        self._gallery = gallery
        self._exporting: set[UserId] = set()

    async def show(self, user_id: UserId) -> Summary:
        """What is kept of a user, in numbers."""
        sharing = await self._db.fetch_one(
            "SELECT share_prompts FROM sharing WHERE user_id = :user", {"user": user_id}
        )
        return Summary(
            counts=await _count(self._db, user_id),
            shares_prompts=sharing is not None and bool(sharing["share_prompts"]),
        )

    @asynccontextmanager
    async def export(
        self, user_id: UserId, *, limit_bytes: int | None = None
    ) -> AsyncGenerator[Export | None]:
        """A zip with every row of a user as JSON and their pictures; it is gone at the block's end.

        With `limit_bytes`, the newest pictures that fit are in it, and `left_out` in the JSON names
        the others. The file has no name on the disk, and its pictures pass through memory one by
        one. None while another export of this user is in use.
        """
        if user_id in self._exporting:
            yield None
            return
        self._exporting.add(user_id)
        try:
            with tempfile.TemporaryFile() as file:
                left_out = await self._pack(file, user_id, limit_bytes)
                file.seek(0)
                yield Export(file=file, left_out=left_out)
        finally:
            self._exporting.remove(user_id)

    async def _pack(self, file: io.BufferedIOBase, user_id: UserId, limit_bytes: int | None) -> int:
        """Write the zip. Returns how many pictures are not in it."""
        tables = {
            table: [_plain(row, holding) for row in await self._rows(table, holding, user_id)]
            for table, holding in HOLDINGS.items()
            if holding
        }
        # A held picture is for moderators alone until one has approved it.
        rows = await self._db.fetch_all(
            f"SELECT * FROM pictures WHERE user_id = :user AND {SEEN} ORDER BY created_ms DESC",  # noqa: S608  a constant
            {"user": user_id},
        )
        kept = [picture_of(row) for row in rows]
        chosen, left_out = await asyncio.to_thread(_fitting, kept, tables, limit_bytes)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for picture in chosen:
                if not await self._pack_picture(archive, picture):
                    left_out.append(picture.job_id)
            everything = await asyncio.to_thread(_json, {**tables, "left_out": left_out})
            await _add(archive, "everything.json", everything, zipfile.ZIP_DEFLATED)
        return len(left_out)

    async def _pack_picture(self, archive: zipfile.ZipFile, picture: Picture) -> bool:
        """Add a picture, and forget its bytes before the next; False if its file cannot be read."""
        try:
            data = await self._gallery.read(picture)
        except StorageError:
            return False
        await _add(archive, f"pictures/{picture.job_id}.png", data, zipfile.ZIP_STORED)
        return True

    async def _rows(self, table: str, holding: Holding, user_id: UserId) -> list[Row]:
        return await self._db.fetch_all(
            f"SELECT * FROM {table} WHERE {holding.theirs}",  # noqa: S608  constants of this file
            {"user": user_id},
        )

    async def wish(self, user_id: UserId, now_ms: int) -> None:
        """Remember that a user wants to be forgotten; the row goes in `forget`'s transaction.

        Once this returns the wish is carried out, whatever dies in between.
        """
        await self._db.write_one(
            "INSERT INTO forget_wishes (user_id, at_ms) VALUES (:user, :now)"
            " ON CONFLICT DO NOTHING",
            {"user": user_id, "now": now_ms},
        )

    async def wishes(self) -> list[UserId]:
        """Who wants to be forgotten and is not yet, the first to wish first."""
        rows = await self._db.fetch_all("SELECT user_id FROM forget_wishes ORDER BY at_ms")
        return [UserId(row["user_id"]) for row in rows]

    async def forget(self, user_id: UserId) -> Forgotten:
        """Erase everything of a user, in one transaction.

        Votes keep their number and lose their name, both the user's on other people's pictures and
        other people's on the user's. Their files and the traces in the database's own files are
        left to `clean`, which the transaction makes due.
        """
        async with self._db.write() as tx:
            return await _erase(tx, user_id)

    async def clean(self) -> bool:
        """Remove doomed files, and overwrite what erased rows left behind in the database's files.

        True if nothing is left to do; False if a reader of the file is in the way, or somebody was
        forgotten meanwhile. `StorageError` if the disk has no room for it.
        """
        await self._gallery.reap()
        row = await self._db.fetch_one("SELECT scrubs_due FROM installation")
        assert row is not None, "the migration made it"
        if row["scrubs_due"] == 0:
            return True
        if not await self._db.scrub():
            return False
        done = await self._db.write_one(
            "UPDATE installation SET scrubs_due = 0 WHERE scrubs_due = :due RETURNING 1",
            {"due": row["scrubs_due"]},
        )
        return bool(done)


async def _count(db: Database | Transaction, user_id: UserId) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table, holding in HOLDINGS.items():
        if holding:
            row = await db.fetch_one(
                f"SELECT count(*) AS n FROM {table} WHERE {holding.theirs}",  # noqa: S608  constants of this file
                {"user": user_id},
            )
            if row and row["n"]:
                counts[table] = row["n"]
    return counts


async def _erase(tx: Transaction, user_id: UserId) -> Forgotten:
    user: Params = {"user": user_id}
    counts = await _count(tx, user_id)
    alive = await tx.fetch_all(
        "SELECT id FROM jobs WHERE user_id = :user AND state IN ('queued', 'running')", user
    )
    await fold_voter(tx, user_id)
    await fold_pictures(tx, user_id)
    await fold_exclusions(tx, user_id)
    await tx.execute(
        "INSERT OR IGNORE INTO doomed_files SELECT sha256 FROM pictures WHERE user_id = :user", user
    )
    await doom_messages_of_jobs(tx, "user_id = :user", user)
    await doom_messages_of_requests(tx, "user_id = :user", user)
    await doom_messages_of_cases(tx, "user_id = :user", user)
    # Other people's *Vary* and *Again* of the user's pictures are theirs; what they came from goes.
    await tx.execute(
        "UPDATE requests SET parent_job_id = NULL WHERE parent_job_id IS NOT NULL"
        " AND parent_job_id IN (SELECT id FROM jobs WHERE user_id = :user)",
        user,
    )
    for holding in HOLDINGS.values():
        for statement in holding.forget if holding else ():
            await tx.execute(statement, user)
    await tx.execute("UPDATE installation SET scrubs_due = scrubs_due + 1")
    return Forgotten(
        counts=counts,
        job_ids=[JobId(row["id"]) for row in alive],
    )


def _plain(row: Row, holding: Holding) -> dict[str, str | int | float | None]:
    """A row as JSON; a job's drawing options stand beside its columns."""
    values = {key: row[key] for key in row.keys() if key not in holding.hides}  # noqa: SIM118  a Row iterates over its values
    if "draw" in values:
        with suppress(ValueError):
            return values | json.loads(values["draw"])
    return values


def _fitting(
    pictures: Sequence[Picture], tables: Mapping[str, object], limit_bytes: int | None
) -> tuple[list[Picture], list[JobId]]:
    """The first pictures that fit beside the tables, and the ids of the rest."""
    chosen: list[Picture] = []
    left_out: list[JobId] = []
    if limit_bytes is None:
        return list(pictures), left_out
    # Each file takes two headers of about 100 bytes, each id that is left out 20 in the JSON.
    room = limit_bytes - len(zlib.compress(_json(tables))) - 20 * len(pictures) - 1_000
    for picture in pictures:
        size = picture.size_bytes + 250
        if size <= room:
            chosen.append(picture)
            room -= size
        else:
            left_out.append(picture.job_id)
    return chosen, left_out


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


async def _add(archive: zipfile.ZipFile, name: str, data: bytes, how: int) -> None:
    """Put a file into the archive; the thread has ended before anybody closes what it writes to."""
    await undisturbed(asyncio.to_thread(archive.writestr, name, data, how))
