"""Cancels jobs: at their member's request, or because the member may no longer ask.

Called by the queue and the members store, inside their own transactions. Callers check who may
cancel what.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import ChannelId, GuildId, JobId
from bot.store.caps import IS_BUSY
from bot.store.db import Params, Transaction

#: The jobs that can still be cancelled. The state is tested twice because SQLite uses a partial
#: index only for its exact condition.
IS_CANCELLABLE = f"{IS_BUSY} AND state <> 'rendered'"
#: The jobs of a member's own request.
OF_REQUEST = "request_id = :request AND user_id = :user"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledJob:
    """A cancelled job, and the channel where the member asked for it."""

    id: JobId
    guild_id: GuildId
    channel_id: ChannelId


async def cancel_jobs(
    tx: Transaction, which: str, values: Params, now_ms: int
) -> list[CancelledJob]:
    """Cancel the queued and running jobs that match `which`; return them, oldest first."""
    rows = await tx.fetch_all(
        "UPDATE jobs SET state = 'cancelled', ended_ms = :now, lease_owner = NULL,"  # noqa: S608  the callers' constants
        f" lease_until_ms = NULL WHERE {IS_CANCELLABLE} AND {which}"
        " RETURNING id, guild_id, channel_id, seq",
        {**values, "now": now_ms},
    )
    return [
        CancelledJob(
            id=JobId(row["id"]),
            guild_id=GuildId(row["guild_id"]),
            channel_id=ChannelId(row["channel_id"]),
        )
        for row in sorted(rows, key=lambda row: row["seq"])
    ]
