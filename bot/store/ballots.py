"""Posts as ballots: which picture a reaction votes on, and which emoji count.

`bot/store/votes.py` reads them; the rule for applying reactions is in `bot/store/ledger.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from bot.ballot import VoteEmoji
from bot.domain import JobId, MessageId, UserId
from bot.store.db import Transaction
from bot.store.ledger import Ballot

#: Selects the picture of a post that shows only one.
_IS_ONLY_PICTURE = (
    "shown.message_id = posts.message_id AND NOT EXISTS (SELECT 1 FROM post_pictures AS other"
    " WHERE other.message_id = shown.message_id AND other.place <> shown.place)"
)


async def ballots_of(tx: Transaction, message_ids: Iterable[MessageId]) -> dict[MessageId, Ballot]:
    """The ballots among these messages: the posts under which a reaction can be a vote."""
    rows = await tx.fetch_all(
        "SELECT posts.message_id, shown.job_id, posts.up_emoji, posts.down_emoji,"  # noqa: S608  a constant of this file
        " ifnull(guilds.up_emoji, :up) AS up_now, ifnull(guilds.down_emoji, :down) AS down_now,"
        " posts.read_after, pictures.user_id"
        " FROM json_each(:messages) CROSS JOIN posts ON posts.message_id = value"
        f" JOIN post_pictures AS shown ON {_IS_ONLY_PICTURE}"
        " JOIN pictures ON pictures.job_id = shown.job_id"
        " LEFT JOIN guilds ON guilds.guild_id = posts.guild_id",
        {"messages": json.dumps(list(message_ids)), "up": VoteEmoji().up, "down": VoteEmoji().down},
    )
    return {
        MessageId(row["message_id"]): Ballot(
            message_id=MessageId(row["message_id"]),
            job_id=JobId(row["job_id"]),
            requester_id=UserId(row["user_id"]),
            original_emoji=VoteEmoji(up=row["up_emoji"], down=row["down_emoji"]),
            current_emoji=VoteEmoji(up=row["up_now"], down=row["down_now"]),
            read_after=row["read_after"],
        )
        for row in rows
    }
