"""A user's data across every store: counted, exported and erased.

`cogs/governing/privacy.py` calls it. `holdings.py` lists what each table holds about a user.
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

from bot.domain import JobId, Picture, StorageError, UserId
from bot.store.case_rows import doom_messages_of_cases
from bot.store.db import Database, Params, Row, Transaction, run_to_end
from bot.store.doomed import doom_messages_of_jobs, doom_messages_of_requests
from bot.store.duel_rows import close_duels
from bot.store.gallery import Gallery
from bot.store.holdings import HOLDINGS, Holding
from bot.store.nameless import (
    anonymise_choices,
    anonymise_exclusions,
    anonymise_voter,
    anonymise_votes_on_pictures,
)
from bot.store.picture_rows import IS_VISIBLE, picture_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many rows each table holds about a user, without empty tables."""

    counts: Mapping[str, int]
    shares_prompts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """The erased rows, and what is left to do outside the database."""

    counts: Mapping[str, int]
    #: Jobs that were queued or running, to be evicted from the engine.
    job_ids: Sequence[JobId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A zip file, positioned at its start, and the number of pictures left out."""

    file: io.BufferedIOBase
    left_out: int


class Privacy:
    """Access to one user's data in all stores at once."""

    def __init__(self, db: Database, gallery: Gallery) -> None:
        self._db = db
        self._gallery = gallery
        self._exporting: set[UserId] = set()

    async def summarise(self, user_id: UserId) -> Summary:
        """Count the rows about a user."""
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
        """A zip with all of a user's rows as JSON and their pictures, deleted after the block.

        With `limit_bytes` it holds the newest pictures that fit, and `left_out` in the JSON lists
        the others. The file has no name on disk, and only one picture at a time is in memory.
        None while another export for this user is in use.
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
        """Write the zip; return the number of pictures left out."""
        tables = {
            table: [
                _exported_values(row, holding) for row in await self._rows(table, holding, user_id)
            ]
            for table, holding in HOLDINGS.items()
            if holding
        }
        # Only moderators see held pictures until one approves them.
        rows = await self._db.fetch_all(
            f"SELECT * FROM pictures WHERE user_id = :user AND {IS_VISIBLE}"  # noqa: S608  a constant
            " ORDER BY created_ms DESC",
            {"user": user_id},
        )
        pictures = [picture_of(row) for row in rows]
        chosen, left_out = await asyncio.to_thread(_choose_fitting, pictures, tables, limit_bytes)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for picture in chosen:
                if not await self._pack_picture(archive, picture):
                    left_out.append(picture.job_id)
            everything = await asyncio.to_thread(_json, {**tables, "left_out": left_out})
            await _add(archive, "everything.json", everything, zipfile.ZIP_DEFLATED)
        return len(left_out)

    async def _pack_picture(self, archive: zipfile.ZipFile, picture: Picture) -> bool:
        """Add a picture and free its bytes; False if its file cannot be read."""
        try:
            data = await self._gallery.read(picture)
        except StorageError:
            return False
        await _add(archive, f"pictures/{picture.job_id}.png", data, zipfile.ZIP_STORED)
        return True

    async def _rows(self, table: str, holding: Holding, user_id: UserId) -> list[Row]:
        return await self._db.fetch_all(
            f"SELECT * FROM {table} WHERE {holding.of_user}",  # noqa: S608  constants of this file
            {"user": user_id},
        )

    async def request_erasure(self, user_id: UserId, now_ms: int) -> None:
        """Record that a user wants to be forgotten; `forget` deletes the row in its transaction.

        Once this returns, the request will be carried out, even after a crash.
        """
        await self._db.write_one(
            "INSERT INTO forget_wishes (user_id, at_ms) VALUES (:user, :now)"
            " ON CONFLICT DO NOTHING",
            {"user": user_id, "now": now_ms},
        )

    async def pending_erasures(self) -> list[UserId]:
        """Users who are still to be forgotten, oldest request first."""
        rows = await self._db.fetch_all("SELECT user_id FROM forget_wishes ORDER BY at_ms")
        return [UserId(row["user_id"]) for row in rows]

    async def forget(self, user_id: UserId) -> Erasure:
        """Erase everything about a user, in one transaction.

        Votes become nameless but still count, both the user's on other people's pictures and other
        people's on the user's. The transaction schedules `clean`, which removes the user's files
        and the traces in the database's own files.
        """
        async with self._db.write() as tx:
            return await _erase(tx, user_id)

    async def clean(self) -> bool:
        """Remove doomed files, and overwrite the traces of erased rows in the database's files.

        True if nothing is left to do; False if another program is reading the file, or somebody was
        forgotten meanwhile. Raises `StorageError` if the disk has too little space.
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
                f"SELECT count(*) AS n FROM {table} WHERE {holding.of_user}",  # noqa: S608  constants of this file
                {"user": user_id},
            )
            if row and row["n"]:
                counts[table] = row["n"]
    return counts


async def _erase(tx: Transaction, user_id: UserId) -> Erasure:
    user: Params = {"user": user_id}
    counts = await _count(tx, user_id)
    unfinished = await tx.fetch_all(
        "SELECT id FROM jobs WHERE user_id = :user AND state IN ('queued', 'running')", user
    )
    await anonymise_voter(tx, user_id)
    await anonymise_votes_on_pictures(tx, user_id)
    await anonymise_choices(tx, user_id)
    await anonymise_exclusions(tx, user_id)
    await tx.execute(
        "INSERT OR IGNORE INTO doomed_files SELECT sha256 FROM pictures WHERE user_id = :user", user
    )
    await doom_messages_of_jobs(tx, "user_id = :user", user)
    await doom_messages_of_requests(tx, "user_id = :user", user)
    await doom_messages_of_cases(tx, "user_id = :user", user)
    of_parties = "party_id IN (SELECT id FROM parties WHERE user_id = :user)"
    await close_duels(tx, of_parties, user, closed_sql=_PLANNED_END)
    # Pictures that others drew from the user's pictures stay; only the link is removed.
    await tx.execute(
        "UPDATE requests SET parent_job_id = NULL WHERE parent_job_id IS NOT NULL"
        " AND parent_job_id IN (SELECT id FROM jobs WHERE user_id = :user)",
        user,
    )
    # Undrawn variations of the user's pictures will fail, because their sources are gone.
    await tx.execute(
        "UPDATE jobs SET draw = json_set(draw, '$.source', '') WHERE user_id <> :user"
        " AND json_valid(draw) AND draw ->> '$.source' IN"
        "  (SELECT id FROM jobs WHERE user_id = :user)",
        user,
    )
    # Drafts of others may name one of the jobs; the rest of their text stays.
    await tx.execute(
        "UPDATE drafts SET typed = replace(typed, (SELECT id FROM jobs WHERE user_id = :user"
        "  AND instr(typed, id) LIMIT 1), 'gone') WHERE user_id <> :user"
        " AND (typed LIKE '%--source %' OR typed ->> '$.source' IS NOT NULL)"
        " AND EXISTS (SELECT 1 FROM jobs WHERE user_id = :user AND instr(typed, id))",
        user,
    )
    for holding in HOLDINGS.values():
        for statement in holding.erase if holding else ():
            await tx.execute(statement, user)
    await tx.execute(
        "UPDATE installation SET scrubs_due = scrubs_due + 1, forgotten = forgotten + 1"
    )
    return Erasure(
        counts=counts,
        job_ids=[JobId(row["id"]) for row in unfinished],
    )


#: A party's duels close at its planned end.
_PLANNED_END = "(SELECT ends_ms FROM parties WHERE parties.id = party_id)"


def _exported_values(row: Row, holding: Holding) -> dict[str, str | int | float | None]:
    """A row as JSON values; a job's drawing options become separate columns."""
    values = {key: row[key] for key in row.keys() if key not in holding.hidden_columns}  # noqa: SIM118  a Row iterates over its values
    if "draw" in values:
        with suppress(ValueError):
            return values | json.loads(values["draw"])
    return values


def _choose_fitting(
    pictures: Sequence[Picture], tables: Mapping[str, object], limit_bytes: int | None
) -> tuple[list[Picture], list[JobId]]:
    """The pictures that fit beside the tables, in order, and the ids of the rest."""
    chosen: list[Picture] = []
    left_out: list[JobId] = []
    if limit_bytes is None:
        return list(pictures), left_out
    # Each file takes two headers of about 100 bytes; each id left out takes 20 in the JSON.
    space = limit_bytes - len(zlib.compress(_json(tables))) - 20 * len(pictures) - 1_000
    for picture in pictures:
        size = picture.size_bytes + 250
        if size <= space:
            chosen.append(picture)
            space -= size
        else:
            left_out.append(picture.job_id)
    return chosen, left_out


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


async def _add(archive: zipfile.ZipFile, name: str, data: bytes, how: int) -> None:
    """Add a file to the archive; the thread ends before anybody closes its file."""
    await run_to_end(asyncio.to_thread(archive.writestr, name, data, how))
