"""A server's audit log: who changed or decided what, for its moderators.

Each store writes a change and its log line in one transaction; `guilds.py` reads the log. The text
of a line names no member: they are in a column, which is cleared when they are forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import GuildId, UserId
from bot.store.db import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of a server's log."""

    guild_id: GuildId
    #: Who did it; None if no person did, or if they asked to be forgotten.
    actor_id: UserId | None
    #: One word for what was done.
    action: str
    detail: str
    at_ms: int
    #: The member concerned.
    user_id: UserId | None = None
    #: The policy version that the change created.
    version: int | None = None
    #: A serial number over all servers; 0 before it is written.
    id: int = 0


async def insert_audit_entry(tx: Transaction, entry: AuditEntry) -> None:
    """Write a log line. The server's current log channel is owed it, if there is one.

    If the change removes the log channel, the old channel is owed the line.
    """
    await tx.execute(
        "INSERT INTO audit_log (guild_id, actor_id, action, detail, at_ms, user_id, version, told)"
        " VALUES (:guild, :actor, :action, :detail, :now, :user, :version,"
        " coalesce((SELECT log_channel_id FROM policies WHERE guild_id = :guild"
        "  ORDER BY version DESC LIMIT 1), (SELECT log_channel_id FROM policies"
        "  WHERE guild_id = :guild AND version = :version - 1)) IS NULL)",
        {
            "guild": entry.guild_id,
            "actor": entry.actor_id,
            "action": entry.action,
            "detail": entry.detail,
            "now": entry.at_ms,
            "user": entry.user_id,
            "version": entry.version,
        },
    )


def entry_of(row: Row) -> AuditEntry:
    """A row of `audit_log` as an `AuditEntry`."""
    return AuditEntry(
        id=row["id"],
        guild_id=GuildId(row["guild_id"]),
        actor_id=_user(row["actor_id"]),
        action=row["action"],
        detail=row["detail"],
        at_ms=row["at_ms"],
        user_id=_user(row["user_id"]),
        version=row["version"],
    )


def _user(value: int | None) -> UserId | None:
    return None if value is None else UserId(value)
