"""Jobs that are cancelled: by their member, or because the member may not ask any more.

The queue and the members call it, each inside its own transaction. Who may cancel what is the
callers' to check.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import ChannelId, GuildId, JobId
from bot.store.caps import IS_BUSY
from bot.store.db import Params, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """A job that was queued or running, and where it was asked for."""

    id: JobId
    guild_id: GuildId
    channel_id: ChannelId


async def cancel_jobs(tx: Transaction, which: str, values: Params, now_ms: int) -> list[Cancelled]:
    """Cancel what is queued or running of the jobs for which `which` holds, the oldest first."""
    # The state is said twice because a partial index is only used under its own words.
    rows = await tx.fetch_all(
        "UPDATE jobs SET state = 'cancelled', ended_ms = :now, lease_owner = NULL,"  # noqa: S608  the callers' constants
        f" lease_until_ms = NULL WHERE {IS_BUSY} AND state <> 'rendered' AND {which}"
        " RETURNING id, guild_id, channel_id, seq",
        {**values, "now": now_ms},
    )
    return [
        Cancelled(
            id=JobId(row["id"]),
            guild_id=GuildId(row["guild_id"]),
            channel_id=ChannelId(row["channel_id"]),
        )
        for row in sorted(rows, key=lambda row: row["seq"])
    ]
