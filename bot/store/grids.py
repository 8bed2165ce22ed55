"""Grids: posts made of several pictures, and what was asked for in each place.

Their buttons and the code that amends them find them by name or by message. What a picture may be
shown for is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain import ChannelId, GuildId, Job, JobId, MessageId, MessageRef, OwedPostId, UserId
from bot.store.choice_rows import pick, picked_in
from bot.store.db import Database, Params
from bot.store.job_rows import job_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A post of several pictures, as it was first made."""

    name: OwedPostId
    message: MessageRef
    #: The jobs asked for together, by place, whatever became of them.
    jobs: Mapping[int, Job]
    #: The jobs whose pictures it showed, by place.
    shown: Mapping[int, JobId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """The result of a press."""

    #: The member's current pick; None: they took it back.
    place: int | None
    #: They asked for these pictures, so their pick counts apart.
    self_vote: bool
    #: The picks of each place, without self-picks.
    counts: Mapping[int, int]


class Grids:
    """Reads `posts` that deliver several jobs, and the picks of their best pictures."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def named(self, name: OwedPostId) -> Grid | None:
        """The grid with this name, if its message exists."""
        return await self._find("owed_post_id = :name", {"name": name})

    async def of_message(self, message_id: MessageId) -> Grid | None:
        """The grid with this message; None for any other message."""
        return await self._find("message_id = :message", {"message": message_id})

    async def pick(
        self, name: OwedPostId, voter_id: UserId, place: int | None, at_ms: int
    ) -> Picked | None:
        """Make this a member's one pick in a grid; None takes it back.

        Returns None, changing nothing, if the grid or that picture is gone. Repeating the current
        pick writes nothing.
        """
        async with self._db.write() as tx:
            row = await tx.fetch_one(_PICKABLE, {"name": name, "place": place})
            if row is None:
                return None
            self_vote = voter_id == row["user_id"]
            event: Params = {
                "message": row["message_id"],
                "self": int(self_vote),
                "at": at_ms,
            }
            await pick(tx, name, voter_id, place, event)
            counts = await picked_in(tx, name)
        return Picked(place=place, self_vote=self_vote, counts=counts)

    async def _find(self, which: str, values: Params) -> Grid | None:
        post = await self._db.fetch_one(
            "SELECT posts.*, (SELECT json_group_object(place, job_id) FROM post_pictures"  # noqa: S608  the callers' constants
            "  WHERE post_pictures.message_id = posts.message_id) AS shown"
            # A single-picture post is named after its picture.
            f" FROM posts WHERE {which} AND deleted_ms IS NULL AND owed_post_id IS NOT NULL"
            "  AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = posts.owed_post_id)",
            values,
        )
        if post is None:
            return None
        jobs = await self._db.fetch_all(
            "SELECT * FROM jobs WHERE request_id = :request ORDER BY seq",
            {"request": post["request_id"]},
        )
        # Its member may have been forgotten in between.
        if not jobs:
            return None
        shown = json.loads(post["shown"])
        return Grid(
            name=OwedPostId(post["owed_post_id"]),
            message=MessageRef(
                message_id=MessageId(post["message_id"]),
                channel_id=ChannelId(post["channel_id"]),
                guild_id=GuildId(post["guild_id"]),
            ),
            jobs=dict(enumerate(map(job_of, jobs), 1)),
            shown={int(place): JobId(job_id) for place, job_id in shown.items()},
        )


#: The grid, if its message exists and, where a place is named, the picture in it too.
_PICKABLE = (
    "SELECT posts.message_id, requests.user_id"
    " FROM posts JOIN requests ON requests.id = posts.request_id"
    " WHERE owed_post_id = :name AND posts.deleted_ms IS NULL AND (:place IS NULL OR EXISTS"
    "  (SELECT 1 FROM post_pictures JOIN pictures USING (job_id)"
    "  WHERE post_pictures.message_id = posts.message_id AND place = :place"
    "  AND pictures.deleted_ms IS NULL))"
)
