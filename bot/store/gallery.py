"""Kept pictures: content-addressed files, their provenance rows, and the posts that show them.

The worker keeps pictures; the cogs read, post and delete them. Bytes reach the disk before their
row commits and leave it after the row is gone; in between they are listed in `doomed_files`, so a
crash leaves at worst a doomed file, and `sweep` removes it at the next start. A file that is
neither known nor doomed is set aside and never deleted, because the database may be the wrong one.
What a picture shows is not known here.
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
from bot.store.case_rows import lose_messages
from bot.store.db import Database, Glance, Params, Transaction, undisturbed
from bot.store.duel_rows import lose_duel_messages
from bot.store.picture_files import PictureFiles
from bot.store.picture_rows import SEEN, insert_picture, picture_of
from bot.store.post_rows import POST, insert_post, post_of
from bot.store.removal import show_again, take_away

log = logging.getLogger(__name__)


class PostDebt(StrEnum):
    """What is still to be done to a post on Discord."""

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
        # Two jobs may write and remove one file at once (a redrawn picture has the same bytes), so
        # files and rows change together under a lock.
        self._moving = asyncio.Lock()

    async def keep(
        self, verdict: Released | Held, data: bytes, *, card_id: str, owner: str, now_ms: int
    ) -> Picture | None:
        """Keep the PNG `data` of a running job and make the job `rendered`.

        A held picture makes its job `held` and opens a case, in the same transaction. Returns None,
        keeping nothing, if the job is no longer `owner`'s (cancelled, expired, forgotten) or if
        moderators removed the same picture. Raises `StorageError` if the disk fails; the job stays
        as it is.
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
        async with self._moving:
            # If we die before the row exists, the next start finds a doomed file and not a
            # stranger.
            await self._db.write_one(_DOOM, {"sha256": picture.sha256})
            # A cancelled caller waits for the thread, so that the lock covers all of its work.
            await undisturbed(asyncio.to_thread(self._files.write, picture.sha256, data))
            async with self._db.write() as tx:
                kept = await insert_picture(tx, picture, verdict, owner)
        if not kept:
            await self.reap()
        return kept

    async def get(self, job_id: JobId) -> Picture | None:
        """A picture that members may see somewhere: neither deleted nor held."""
        row = await self._db.fetch_one(
            f"SELECT * FROM pictures WHERE job_id = :job AND {SEEN}",  # noqa: S608  a constant
            {"job": job_id},
        )
        return picture_of(row) if row else None

    async def get_for_review(self, job_id: JobId) -> Picture | None:
        """A picture for moderators: not deleted, but possibly held."""
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
        """The PNG. `StorageError` if its file is missing or cannot be read."""
        return await asyncio.to_thread(self._files.read, picture.sha256)

    async def delete(self, job_id: JobId, now_ms: int) -> None:
        """Delete a picture's file and mark its row; the votes on it stay valid.

        Every message that shows it is doomed, even one whose id is not known yet. A job whose
        picture was not posted yet is cancelled.
        """
        async with self._db.write() as tx:
            await take_away(
                tx,
                "id = :job",
                {"job": job_id, "text": None, "now": now_ms},
                ends=JobState.CANCELLED,
            )
        await self.reap()

    async def bring_back(self, picture: Picture, data: bytes) -> int | None:
        """Undo `delete` with the file's bytes; return how many posts show it again.

        None if it is not deleted, a moderator removed it, or its member was forgotten since.
        """
        async with self._moving:
            await self._db.write_one(_DOOM, {"sha256": picture.sha256})
            await undisturbed(asyncio.to_thread(self._files.write, picture.sha256, data))
            async with self._db.write() as tx:
                posts = await show_again(tx, picture)
        if posts is None:
            await self.reap()
        return posts

    async def reap(self) -> int:
        """Remove the doomed files that no picture uses; return how many there were."""
        async with self._moving:
            rows = await self._db.fetch_all(
                "SELECT sha256, EXISTS (SELECT 1 FROM pictures WHERE deleted_ms IS NULL"
                " AND pictures.sha256 = doomed_files.sha256) AS used FROM doomed_files"
            )
            doomed = [row["sha256"] for row in rows if not row["used"]]
            if rows:
                await undisturbed(asyncio.to_thread(self._files.remove, doomed))
                # The picture that used this file a moment ago may be gone by now.
                await self._db.write_one(
                    "DELETE FROM doomed_files WHERE sha256 IN (SELECT value FROM json_each(:gone))"
                    " OR EXISTS (SELECT 1 FROM pictures WHERE deleted_ms IS NULL"
                    "  AND pictures.sha256 = doomed_files.sha256)",
                    {"gone": json.dumps(doomed)},
                )
        return len(doomed)

    async def sweep(self) -> int:
        """At the start, remove doomed files and match the other files with the rows.

        Files without a row are set aside and return by themselves once a row names them: a fresh
        database, or an older copy, deletes nobody's picture. Returns how many files were doomed.
        """
        reaped = await self.reap()
        known = await known_files(self._db)
        back = await asyncio.to_thread(self._files.bring_back, known)
        if back:
            log.info("%s picture file(s) came back from %s", back, self._files.quarantine)
        strangers = await asyncio.to_thread(self._files.set_aside, known)
        if strangers.moved:
            log.warning(
                "%s picture file(s) that this database does not know were moved to %s: if it is the"
                " wrong database, stop me, put the right one in its place, and they come back at"
                " the next start; if it is right, remove that folder",
                strangers.moved,
                self._files.quarantine,
            )
        if strangers.stuck:
            log.warning(
                "%s unknown picture file(s) cannot be moved to %s and stay",
                strangers.stuck,
                self._files.quarantine,
            )
        return reaped

    async def posts(self, job_id: JobId) -> list[Post]:
        """The messages that show a picture, the oldest first."""
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
        """Record another message that shows pictures; a known one stays unchanged."""
        async with self._db.write() as tx:
            await insert_post(tx, post)

    async def message_deleted(self, message_ids: Iterable[MessageId], now_ms: int) -> None:
        """Record that these messages are gone from Discord; others' messages are ignored."""
        gone: Params = {"now": now_ms, "ids": json.dumps(list(message_ids))}
        async with self._db.write() as tx:
            await tx.execute(
                "UPDATE posts SET deleted_ms = :now WHERE deleted_ms IS NULL"
                " AND message_id IN (SELECT value FROM json_each(:ids))",
                gone,
            )
            await tx.execute(
                "DELETE FROM sends WHERE message_id IN (SELECT value FROM json_each(:ids))", gone
            )
            await tx.execute(
                "UPDATE showpieces SET message_id = NULL, ended_ms = :now"
                " WHERE message_id IN (SELECT value FROM json_each(:ids))",
                gone,
            )
            await lose_messages(tx, "message_id IN (SELECT value FROM json_each(:ids))", gone)
            await lose_duel_messages(tx, gone)

    async def owing(
        self,
        debt: PostDebt,
        limit: int,
        *,
        besides: Collection[ChannelId] = (),
        nor: Collection[int | str] = (),
    ) -> list[Post]:
        """Posts with this debt, without channels `besides` and posts `nor`.

        The oldest first; for `READING`, each channel's newest post, the newest of all first.
        """
        left_out: Params = {
            "channels": json.dumps(list(besides)), "posts": json.dumps(list(nor)), "limit": limit,
        }  # fmt: skip
        return [post_of(row) for row in await self._db.fetch_all(_OWING[debt], left_out)]

    async def paid(self, debt: PostDebt, message_id: MessageId) -> None:
        """Record that a post's debt is paid."""
        await self._db.write_one(
            f"UPDATE posts SET {_PAID[debt]} WHERE message_id = :message",  # noqa: S608  a constant
            {"message": message_id},
        )

    async def to_show(self, message_id: MessageId) -> Mapping[JobId, bool]:
        """The pictures that a post must show, each with whether its row requires a spoiler."""
        return await _to_show(self._db, message_id)

    async def amended(self, message_id: MessageId, shown: Mapping[JobId, bool]) -> None:
        """Record that a post was rebuilt from `to_show`; if that has changed, it is still owed."""
        async with self._db.write() as tx:
            if await _to_show(tx, message_id) == shown:
                await tx.execute(
                    "UPDATE posts SET amendment_owed = 0 WHERE message_id = :message",
                    {"message": message_id},
                )

    async def unsettle_all(self) -> None:
        """Events may have been lost.

        Owe a fresh reading of the reactions of every one-picture post.
        """
        await self._db.write_one(
            "UPDATE posts SET settled = 0 WHERE settled = 1 AND deleted_ms IS NULL"
            " AND (SELECT count(*) FROM post_pictures"
            "  WHERE post_pictures.message_id = posts.message_id) = 1"
        )


#: The oldest posts for which `{}` holds.
_OLDEST = (
    f"SELECT {POST} FROM posts WHERE {{}} AND deleted_ms IS NULL"  # noqa: S608  a constant
    " AND channel_id NOT IN (SELECT value FROM json_each(:channels))"
    " AND message_id NOT IN (SELECT value FROM json_each(:posts))"
    " ORDER BY posted_ms LIMIT :limit"
)
#: Hops from channel to channel over the index, so a large channel costs no more than a small one.
_UNSETTLED = (
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


_OWING: Mapping[PostDebt, str] = {
    PostDebt.VOTES: _OLDEST.format("seeded = 0"),
    PostDebt.AMENDMENT: _OLDEST.format("amendment_owed = 1"),
    PostDebt.READING: _UNSETTLED,
}
_PAID: Mapping[PostDebt, str] = {
    PostDebt.VOTES: "seeded = 1",
    PostDebt.AMENDMENT: "amendment_owed = 0",
    PostDebt.READING: "settled = 1",
}


async def _to_show(db: Database | Transaction, message_id: MessageId) -> dict[JobId, bool]:
    rows = await db.fetch_all(
        "SELECT job_id, spoiler FROM post_pictures JOIN pictures USING (job_id)"  # noqa: S608  a constant
        f" WHERE message_id = :message AND {SEEN}",
        {"message": message_id},
    )
    return {JobId(row["job_id"]): bool(row["spoiler"]) for row in rows}


async def known_files(db: Database | Glance) -> set[str]:
    """The hashes of all pictures that are not deleted."""
    rows = await db.fetch_all("SELECT sha256 FROM pictures WHERE deleted_ms IS NULL")
    return {row["sha256"] for row in rows}


_DOOM = "INSERT OR IGNORE INTO doomed_files VALUES (:sha256)"
