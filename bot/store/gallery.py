"""Kept pictures: content-addressed files, their provenance rows, and the posts that show them.

The worker keeps pictures; the cogs read, post and delete them. A file is written before its row
commits and removed after the row is gone; in between it is listed in `doomed_files`, so a crash
leaves at worst a doomed file, and `sweep` removes it at the next start. A file that is neither
known nor doomed is moved to quarantine and never deleted, because the database may be the wrong
one. Must not know what a picture shows.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from bot.domain import ChannelId, JobId, JobState, MessageId, Picture, Post
from bot.finished import Held, Released
from bot.store.case_rows import record_lost_case_messages
from bot.store.db import Database, Params, ReadOnlyDatabase, Transaction, run_to_end
from bot.store.duel_rows import record_lost_duel_messages
from bot.store.picture_files import PictureFiles
from bot.store.picture_rows import IS_VISIBLE, insert_picture, picture_of
from bot.store.post_rows import POST, insert_post, post_of
from bot.store.removal import delete_pictures, undelete_picture

log = logging.getLogger(__name__)


class PostDebt(StrEnum):
    """Work that a post on Discord still needs."""

    #: Add the bot's own vote reactions.
    VOTES = "votes"
    #: Remove a picture that is gone, or put one behind a spoiler as a moderator decided.
    AMENDMENT = "amendment"
    #: Read its reactions until the ledger agrees with Discord.
    READING = "reading"


class Gallery:
    """The picture files below `root`, and their rows in the database."""

    def __init__(self, db: Database, root: Path) -> None:
        self._db = db
        self._files = PictureFiles(root)
        # Two jobs may write and remove the same file at once, because a redrawn picture has the
        # same bytes. So files and rows change together under a lock.
        self._file_lock = asyncio.Lock()

    async def keep(
        self, verdict: Released | Held, data: bytes, *, card_id: str, owner: str, now_ms: int
    ) -> Picture | None:
        """Keep the PNG `data` of a running job and make the job `rendered`.

        A held picture makes its job `held` and opens a case, in the same transaction. Returns None,
        keeping nothing, if `owner` no longer holds the job (cancelled, expired, forgotten) or if
        moderators removed the same picture. Raises `StorageError` if the disk fails; the job then
        stays as it is.
        """
        job = verdict.job
        picture = Picture(
            job_id=job.id,
            user_id=job.user_id,
            guild_id=job.guild_id,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            width_px=verdict.width_px,
            height_px=verdict.height_px,
            card_id=card_id,
            rating=verdict.rating,
            created_ms=now_ms,
            spoiler=isinstance(verdict, Released) and verdict.spoiler,
            removed=False,
        )
        async with self._file_lock:
            # If we crash before the row exists, the next start finds a doomed file, not an unknown
            # one.
            await self._db.write_one(_DOOM_FILE, {"sha256": picture.sha256})
            # A cancelled caller waits for the thread, so that the lock covers all of its work.
            await run_to_end(asyncio.to_thread(self._files.write, picture.sha256, data))
            async with self._db.write() as tx:
                kept = await insert_picture(tx, picture, verdict, owner)
        if not kept:
            await self.reap()
        return kept

    async def get(self, job_id: JobId) -> Picture | None:
        """A picture that members may see: neither deleted nor held. Otherwise None."""
        row = await self._db.fetch_one(
            f"SELECT * FROM pictures WHERE job_id = :job AND {IS_VISIBLE}",  # noqa: S608  a constant
            {"job": job_id},
        )
        return picture_of(row) if row else None

    async def get_for_review(self, job_id: JobId) -> Picture | None:
        """A picture for moderators: possibly held. None if it is deleted."""
        row = await self._db.fetch_one(
            "SELECT * FROM pictures WHERE job_id = :job AND deleted_ms IS NULL", {"job": job_id}
        )
        return picture_of(row) if row else None

    async def scores(self, job_id: JobId) -> Mapping[str, float]:
        """A picture's measured scores by name; empty if there are none."""
        row = await self._db.fetch_one(
            "SELECT scores FROM pictures WHERE job_id = :job", {"job": job_id}
        )
        return json.loads(row["scores"]) if row else {}

    async def is_removed(self, job_id: JobId) -> bool:
        """Whether a moderator removed this picture."""
        row = await self._db.fetch_one(
            "SELECT 1 FROM pictures WHERE job_id = :job AND removed_ms IS NOT NULL",
            {"job": job_id},
        )
        return row is not None

    def path(self, picture: Picture) -> Path:
        """The path of the picture's file."""
        return self._files.path(picture.sha256)

    async def read(self, picture: Picture) -> bytes:
        """The PNG. Raises `StorageError` if its file is missing or cannot be read."""
        return await asyncio.to_thread(self._files.read, picture.sha256)

    async def delete(self, job_id: JobId, now_ms: int) -> None:
        """Delete a picture's file and mark its row; the votes on it stay valid.

        Dooms every message that shows it, even one whose id is not known yet. Cancels the job if
        its picture was not posted yet.
        """
        async with self._db.write() as tx:
            await delete_pictures(
                tx,
                "id = :job",
                {"job": job_id, "text": None, "now": now_ms},
                ends=JobState.CANCELLED,
            )
        await self.reap()

    async def bring_back(self, picture: Picture, data: bytes) -> int | None:
        """Undo `delete` with the file's bytes; return how many posts show it again.

        Returns None if it is not deleted, a moderator removed it, or its member was forgotten.
        """
        async with self._file_lock:
            await self._db.write_one(_DOOM_FILE, {"sha256": picture.sha256})
            await run_to_end(asyncio.to_thread(self._files.write, picture.sha256, data))
            async with self._db.write() as tx:
                posts = await undelete_picture(tx, picture)
        if posts is None:
            await self.reap()
        return posts

    async def reap(self) -> int:
        """Remove the doomed files that no picture uses; return how many."""
        async with self._file_lock:
            rows = await self._db.fetch_all(
                "SELECT sha256, EXISTS (SELECT 1 FROM pictures WHERE deleted_ms IS NULL"
                " AND pictures.sha256 = doomed_files.sha256) AS used FROM doomed_files"
            )
            doomed = [row["sha256"] for row in rows if not row["used"]]
            if rows:
                await run_to_end(asyncio.to_thread(self._files.remove, doomed))
                # Checked again: the picture that used a file a moment ago may be gone now.
                await self._db.write_one(
                    "DELETE FROM doomed_files WHERE sha256 IN (SELECT value FROM json_each(:gone))"
                    " OR EXISTS (SELECT 1 FROM pictures WHERE deleted_ms IS NULL"
                    "  AND pictures.sha256 = doomed_files.sha256)",
                    {"gone": json.dumps(doomed)},
                )
        return len(doomed)

    async def sweep(self) -> int:
        """At the start, remove doomed files and compare the other files with the rows.

        Files without a row go to quarantine, and come back once a row names them: so a new database
        or an older copy deletes nobody's picture. Returns how many doomed files were removed.
        """
        reaped = await self.reap()
        known = await known_files(self._db)
        restored = await asyncio.to_thread(self._files.restore_known, known)
        if restored:
            log.info("%s picture file(s) came back from %s", restored, self._files.quarantine)
        unknown = await asyncio.to_thread(self._files.quarantine_unknown, known)
        if unknown.moved:
            log.warning(
                "%s picture file(s) that this database does not know were moved to %s: if it is the"
                " wrong database, stop me, put the right one in its place, and they come back at"
                " the next start; if it is right, remove that folder",
                unknown.moved,
                self._files.quarantine,
            )
        if unknown.stuck:
            log.warning(
                "%s unknown picture file(s) cannot be moved to %s and stay",
                unknown.stuck,
                self._files.quarantine,
            )
        return reaped

    async def posts(self, job_id: JobId) -> list[Post]:
        """The posts that show a picture, oldest first."""
        rows = await self._db.fetch_all(
            f"SELECT {POST} FROM post_pictures AS mine JOIN posts USING (message_id)"  # noqa: S608  a constant
            " WHERE mine.job_id = :job AND deleted_ms IS NULL ORDER BY posted_ms, message_id",
            {"job": job_id},
        )
        return [post_of(row) for row in rows]

    async def post(self, message_id: MessageId) -> Post | None:
        """The post with this message id, if it is ours and not deleted."""
        row = await self._db.fetch_one(
            f"SELECT {POST} FROM posts WHERE message_id = :message AND deleted_ms IS NULL",  # noqa: S608  a constant
            {"message": message_id},
        )
        return post_of(row) if row else None

    async def add_post(self, post: Post) -> None:
        """Record another post that shows pictures; a known one stays unchanged."""
        async with self._db.write() as tx:
            await insert_post(tx, post)

    async def record_deleted_messages(self, message_ids: Iterable[MessageId], now_ms: int) -> None:
        """Record that these messages no longer exist on Discord; ignores messages not ours."""
        values: Params = {"now": now_ms, "ids": json.dumps(list(message_ids))}
        async with self._db.write() as tx:
            await tx.execute(
                "UPDATE posts SET deleted_ms = :now WHERE deleted_ms IS NULL"
                " AND message_id IN (SELECT value FROM json_each(:ids))",
                values,
            )
            await tx.execute(
                "DELETE FROM sends WHERE message_id IN (SELECT value FROM json_each(:ids))", values
            )
            await tx.execute(
                "UPDATE showpieces SET message_id = NULL, ended_ms = :now"
                " WHERE message_id IN (SELECT value FROM json_each(:ids))",
                values,
            )
            await record_lost_case_messages(
                tx, "message_id IN (SELECT value FROM json_each(:ids))", values
            )
            await record_lost_duel_messages(tx, values)

    async def posts_with_debt(
        self,
        debt: PostDebt,
        limit: int,
        *,
        closed: Collection[ChannelId] = (),
        skip_ids: Collection[int | str] = (),
    ) -> list[Post]:
        """Posts with this debt, oldest first; for `READING`, each channel's newest, newest first.

        Leaves out the posts in `skip_ids` and channels that are `closed` for now.
        """
        values: Params = {
            "channels": json.dumps(list(closed)),
            "posts": json.dumps(list(skip_ids)),
            "limit": limit,
        }
        return [post_of(row) for row in await self._db.fetch_all(_POSTS_WITH_DEBT[debt], values)]

    async def clear_debt(self, debt: PostDebt, message_id: MessageId) -> None:
        """Record that a post's debt is paid."""
        await self._db.write_one(
            f"UPDATE posts SET {_CLEAR_DEBT[debt]} WHERE message_id = :message",  # noqa: S608  a constant
            {"message": message_id},
        )

    async def pictures_to_show(self, message_id: MessageId) -> Mapping[JobId, bool]:
        """The pictures that a post must show, and whether each needs a spoiler."""
        return await _pictures_to_show(self._db, message_id)

    async def record_amendment(self, message_id: MessageId, shown: Mapping[JobId, bool]) -> None:
        """Record that a post shows these pictures; if others are due by now, it stays owed."""
        async with self._db.write() as tx:
            if await _pictures_to_show(tx, message_id) == shown:
                await tx.execute(
                    "UPDATE posts SET amendment_owed = 0 WHERE message_id = :message",
                    {"message": message_id},
                )

    async def owe_readings(self) -> None:
        """Owe a new reading of the reactions of every one-picture post: events may be lost."""
        await self._db.write_one(
            "UPDATE posts SET settled = 0 WHERE settled = 1 AND deleted_ms IS NULL"
            " AND (SELECT count(*) FROM post_pictures"
            "  WHERE post_pictures.message_id = posts.message_id) = 1"
        )


#: The oldest posts that match `{}`.
_OLDEST_POSTS = (
    f"SELECT {POST} FROM posts WHERE {{}} AND deleted_ms IS NULL"  # noqa: S608  a constant
    " AND channel_id NOT IN (SELECT value FROM json_each(:channels))"
    " AND message_id NOT IN (SELECT value FROM json_each(:posts))"
    " ORDER BY posted_ms LIMIT :limit"
)
#: Steps from channel to channel in the index, so a large channel costs no more than a small one.
_UNREAD_POSTS = (
    "WITH RECURSIVE owing (channel_id) AS ("  # noqa: S608  a constant
    "  SELECT min(channel_id) FROM posts WHERE settled = 0 AND deleted_ms IS NULL"
    "  UNION ALL SELECT (SELECT min(channel_id) FROM posts WHERE settled = 0"
    "   AND deleted_ms IS NULL AND channel_id > owing.channel_id)"
    "  FROM owing WHERE owing.channel_id IS NOT NULL)"
    f" SELECT {POST} FROM owing CROSS JOIN posts ON posts.message_id = ("
    "  SELECT message_id FROM posts AS newest WHERE newest.channel_id = owing.channel_id"
    "   AND settled = 0 AND deleted_ms IS NULL"
    "   AND message_id NOT IN (SELECT value FROM json_each(:posts))"
    "   ORDER BY posted_ms DESC LIMIT 1)"
    " WHERE owing.channel_id NOT IN (SELECT value FROM json_each(:channels))"
    " ORDER BY posts.posted_ms DESC LIMIT :limit"
)


_POSTS_WITH_DEBT: Mapping[PostDebt, str] = {
    PostDebt.VOTES: _OLDEST_POSTS.format("seeded = 0"),
    PostDebt.AMENDMENT: _OLDEST_POSTS.format("amendment_owed = 1"),
    PostDebt.READING: _UNREAD_POSTS,
}
_CLEAR_DEBT: Mapping[PostDebt, str] = {
    PostDebt.VOTES: "seeded = 1",
    PostDebt.AMENDMENT: "amendment_owed = 0",
    PostDebt.READING: "settled = 1",
}


async def _pictures_to_show(db: Database | Transaction, message_id: MessageId) -> dict[JobId, bool]:
    rows = await db.fetch_all(
        "SELECT job_id, spoiler FROM post_pictures JOIN pictures USING (job_id)"  # noqa: S608  a constant
        f" WHERE message_id = :message AND {IS_VISIBLE}",
        {"message": message_id},
    )
    return {JobId(row["job_id"]): bool(row["spoiler"]) for row in rows}


async def known_files(db: Database | ReadOnlyDatabase) -> set[str]:
    """The hashes of all pictures that are not deleted."""
    rows = await db.fetch_all("SELECT sha256 FROM pictures WHERE deleted_ms IS NULL")
    return {row["sha256"] for row in rows}


_DOOM_FILE = "INSERT OR IGNORE INTO doomed_files VALUES (:sha256)"
