"""Grids: posts of several pictures, and the jobs and picks of their places.

Buttons and the code that amends grids find them by name or by message. Must not know whether a
picture may be shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain import ChannelId, GuildId, Job, JobId, MessageId, MessageRef, OwedPostId, UserId
from bot.store.choice_rows import count_picks, record_pick
from bot.store.db import Database, Params
from bot.store.job_rows import job_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A post of several pictures, as first posted."""

    name: OwedPostId
    message: MessageRef
    #: The jobs asked for together, by place, in any state.
    jobs: Mapping[int, Job]
    #: The jobs whose pictures the post showed, by place.
    shown: Mapping[int, JobId]


@dataclass(frozen=True, slots=True, kw_only=True)
class PickResult:
    """The result of a button press in a grid."""

    #: The member's current pick; None if they took it back.
    place: int | None
    #: Whether they asked for these pictures; their pick is then counted separately.
    self_vote: bool
    #: The picks of each place, without self-picks.
    counts: Mapping[int, int]


class Grids:
    """Reads `posts` that deliver several jobs, and the picks of their best pictures."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, name: OwedPostId) -> Grid | None:
        """The grid with this name, if its message exists."""
        return await self._find("owed_post_id = :name", {"name": name})

    async def of_message(self, message_id: MessageId) -> Grid | None:
        """The grid with this message; None for any other message."""
        return await self._find("message_id = :message", {"message": message_id})

    async def pick(
        self, name: OwedPostId, voter_id: UserId, place: int | None, at_ms: int
    ) -> PickResult | None:
        """Set a member's pick in a grid; None takes it back.

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
            await record_pick(tx, name, voter_id, place, event)
            counts = await count_picks(tx, name)
        return PickResult(place=place, self_vote=self_vote, counts=counts)

    async def _find(self, which: str, values: Params) -> Grid | None:
        post = await self._db.fetch_one(
            "SELECT posts.*, (SELECT json_group_object(place, job_id) FROM post_pictures"  # noqa: S608  the callers' constants
            "  WHERE post_pictures.message_id = posts.message_id) AS shown"
            # A single-picture post has the id of its job.
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
        # Its member may have been forgotten between the two reads.
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


#: The grid, if its message exists and, where a place is given, also its picture.
_PICKABLE = (
    "SELECT posts.message_id, requests.user_id"
    " FROM posts JOIN requests ON requests.id = posts.request_id"
    " WHERE owed_post_id = :name AND posts.deleted_ms IS NULL AND (:place IS NULL OR EXISTS"
    "  (SELECT 1 FROM post_pictures JOIN pictures USING (job_id)"
    "  WHERE post_pictures.message_id = posts.message_id AND place = :place"
    "  AND pictures.deleted_ms IS NULL))"
)
