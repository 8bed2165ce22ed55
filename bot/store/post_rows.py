"""Posts and their rows: the message and the pictures in it.

The outbox and the sends write them, the gallery reads them.
"""

from __future__ import annotations

import json

from bot.ballot import VoteEmoji
from bot.domain import ChannelId, GuildId, JobId, MessageId, OwedPostId, Post
from bot.store.db import Row, Transaction

_DEFAULT = VoteEmoji()

#: Columns of `posts` for `post_of`, with the pictures of each: `{place: job_id}`.
POST = (
    "posts.*, (SELECT json_group_object(place, job_id) FROM post_pictures"
    " WHERE post_pictures.message_id = posts.message_id) AS pictures"
)


def post_of(row: Row) -> Post:
    """A row of `POST` as a `Post`."""
    pictures = json.loads(row["pictures"])
    return Post(
        message_id=MessageId(row["message_id"]),
        channel_id=ChannelId(row["channel_id"]),
        guild_id=GuildId(row["guild_id"]),
        posted_ms=row["posted_ms"],
        pictures={int(place): JobId(job_id) for place, job_id in pictures.items()},
    )


async def insert_post(
    tx: Transaction, post: Post, owed_post_id: OwedPostId | None = None, *, amended: bool = True
) -> bool:
    """Add a post with its server's current vote emoji; unless `amended`, owe it an amendment.

    Only posts of one picture are owed vote reactions, because reactions count only there. Returns
    False, changing nothing, if the message is known or another post was recorded as the owed one.
    """
    new = await tx.execute(
        "INSERT INTO posts (message_id, request_id, owed_post_id, channel_id, guild_id, posted_ms,"
        " up_emoji, down_emoji, seeded, settled, amendment_owed, read_after) VALUES (:message,"
        " (SELECT request_id FROM jobs WHERE id IN (SELECT value FROM json_each(:jobs)) LIMIT 1),"
        " :owed, :channel, :guild, :posted,"
        " ifnull((SELECT up_emoji FROM guilds WHERE guild_id = :guild), :up),"
        " ifnull((SELECT down_emoji FROM guilds WHERE guild_id = :guild), :down),"
        " :beside, :beside, :amend, iif(:beside, NULL, 0))"
        " ON CONFLICT DO NOTHING",
        {
            "message": post.message_id,
            "jobs": json.dumps(list(post.pictures.values())),
            "owed": owed_post_id,
            "channel": post.channel_id,
            "guild": post.guild_id,
            "posted": post.posted_ms,
            "up": _DEFAULT.up,
            "down": _DEFAULT.down,
            "beside": int(len(post.pictures) > 1),
            "amend": int(not amended),
        },
    )
    if new:
        await tx.execute_many(
            "INSERT INTO post_pictures (message_id, job_id, place) VALUES (:message, :job, :place)",
            [
                {"message": post.message_id, "job": job_id, "place": place}
                for place, job_id in post.pictures.items()
            ],
        )
    return bool(new)
