"""Styles: words that a server's moderators save under a name and members add to prompts.

Must not know whether policy allows them: every use is checked.
"""

from __future__ import annotations

from bot.domain import GuildId, UserId
from bot.store.audit_rows import AuditEntry, insert_audit_entry
from bot.store.db import Database, Row
from bot.typed.presets import STYLES_MAX, Style


class Styles:
    """Every server's styles."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, guild_id: GuildId, style: Style, by_id: UserId, now_ms: int) -> bool:
        """Save a style, replacing one with the same name. False if there are too many."""
        async with self._db.write() as tx:
            row = await tx.fetch_one(
                "SELECT count(*) AS n FROM styles WHERE guild_id = :guild AND name <> :name",
                {"guild": guild_id, "name": style.name},
            )
            if row is not None and row["n"] >= STYLES_MAX:
                return False
            await tx.execute(
                "INSERT OR REPLACE INTO styles (guild_id, name, words, negative, by_id, at_ms)"
                " VALUES (:guild, :name, :words, :negative, :by, :now)",
                {
                    "guild": guild_id,
                    "name": style.name,
                    "words": style.words,
                    "negative": style.negative,
                    "by": by_id,
                    "now": now_ms,
                },
            )
            await insert_audit_entry(
                tx, _audit_entry(guild_id, by_id, f"made `{style.name}`", now_ms)
            )
        return True

    async def get(self, guild_id: GuildId, name: str) -> Style | None:
        """The server's style with this name, if any."""
        row = await self._db.fetch_one(
            "SELECT * FROM styles WHERE guild_id = :guild AND name = :name",
            {"guild": guild_id, "name": name},
        )
        return _style_of(row) if row else None

    async def all(self, guild_id: GuildId) -> list[Style]:
        """The server's styles by name."""
        rows = await self._db.fetch_all(
            "SELECT * FROM styles WHERE guild_id = :guild ORDER BY name", {"guild": guild_id}
        )
        return [_style_of(row) for row in rows]

    async def remove(self, guild_id: GuildId, name: str, by_id: UserId, now_ms: int) -> bool:
        """Remove a style. False if there is none with this name."""
        async with self._db.write() as tx:
            removed = await tx.execute(
                "DELETE FROM styles WHERE guild_id = :guild AND name = :name",
                {"guild": guild_id, "name": name},
            )
            if removed:
                await insert_audit_entry(
                    tx, _audit_entry(guild_id, by_id, f"removed `{name}`", now_ms)
                )
        return bool(removed)


def _audit_entry(guild_id: GuildId, by_id: UserId, detail: str, now_ms: int) -> AuditEntry:
    return AuditEntry(
        guild_id=guild_id, actor_id=by_id, action="style", detail=detail, at_ms=now_ms
    )


def _style_of(row: Row) -> Style:
    return Style(name=row["name"], words=row["words"], negative=row["negative"])
