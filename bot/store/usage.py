"""How much a member asked for in a server: the basis of the queue's caps."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import GuildId, UserId
from bot.store.db import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much a member asked for in a server since some time."""

    pictures: int
    #: The time of their last request ever; None if there was none.
    last_ms: int | None


async def usage_of(
    db: Database | Transaction, guild_id: GuildId, user_id: UserId, since_ms: int
) -> Usage:
    """Read a member's usage; failed, cancelled and withheld pictures do not count."""
    row = await db.fetch_one(_USAGE, {"user": user_id, "guild": guild_id, "since": since_ms})
    assert row is not None
    return Usage(pictures=row["pictures"], last_ms=row["last_ms"])


#: Leaves out the extra pictures of blind tests, which nobody asked for.
ASKED_FOR = "(SELECT kind FROM requests WHERE requests.id = jobs.request_id) <> 'trial'"
_USAGE = (
    "SELECT (SELECT count(*) FROM jobs WHERE user_id = :user AND guild_id = :guild"  # noqa: S608  a constant above
    "  AND created_ms >= :since AND state NOT IN ('failed', 'cancelled', 'withheld')"
    f"  AND {ASKED_FOR}) AS pictures,"
    " (SELECT max(created_ms) FROM jobs WHERE user_id = :user AND guild_id = :guild"
    f"  AND {ASKED_FOR}) AS last_ms"
)
