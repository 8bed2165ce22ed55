"""Presets: options that a member saves under a name and applies to all their requests.

One of them can be in use. A shared one has a code by which others copy it; their copy does not
change with the original. Must not know what an option means.
"""

from __future__ import annotations

from bot.domain import UserId
from bot.ids import new_id
from bot.store.db import Database, Row
from bot.store.drafts import typed_of_row
from bot.typed.options import Typed
from bot.typed.presets import PRESETS_MAX, OwnPreset
from models.decoding import json_of


class Presets:
    """Every member's presets; other members can read one only by its code."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(self, user_id: UserId, name: str, typed: Typed, now_ms: int) -> bool:
        """Save a preset, replacing one with the same name. False if there are too many."""
        async with self._db.write() as tx:
            row = await tx.fetch_one(
                "SELECT count(*) AS n FROM presets WHERE user_id = :user AND name <> :name",
                {"user": user_id, "name": name},
            )
            if row is not None and row["n"] >= PRESETS_MAX:
                return False
            await tx.execute(
                "INSERT INTO presets (user_id, name, typed, saved_ms)"
                " VALUES (:user, :name, :typed, :now) ON CONFLICT (user_id, name)"
                " DO UPDATE SET typed = excluded.typed, saved_ms = excluded.saved_ms",
                {"user": user_id, "name": name, "typed": json_of(typed), "now": now_ms},
            )
        return True

    async def all(self, user_id: UserId) -> list[OwnPreset]:
        """A member's presets by name, without unreadable ones of another version."""
        rows = await self._db.fetch_all(
            "SELECT * FROM presets WHERE user_id = :user ORDER BY name", {"user": user_id}
        )
        presets = (_preset_of(row) for row in rows)
        return [preset for preset in presets if preset is not None]

    async def in_use(self, user_id: UserId) -> OwnPreset | None:
        """The preset applied to all their requests, if any."""
        row = await self._db.fetch_one(
            "SELECT * FROM presets WHERE user_id = :user AND in_use = 1", {"user": user_id}
        )
        return _preset_of(row) if row else None

    async def use(self, user_id: UserId, name: str | None) -> bool:
        """Use this preset from now on, or none. False if they have none with this name."""
        values = {"user": user_id, "name": name}
        async with self._db.write() as tx:
            known = await tx.fetch_one(
                "SELECT 1 FROM presets WHERE user_id = :user AND name = :name", values
            )
            if name is not None and known is None:
                return False
            await tx.execute("UPDATE presets SET in_use = 0 WHERE user_id = :user", values)
            await tx.execute(
                "UPDATE presets SET in_use = 1 WHERE user_id = :user AND name = :name", values
            )
        return True

    async def share(self, user_id: UserId, name: str) -> str | None:
        """The code by which others copy it, created once; None if they have none with this name."""
        rows = await self._db.write_one(
            "UPDATE presets SET code = ifnull(code, :code) WHERE user_id = :user AND name = :name"
            " RETURNING code",
            {"user": user_id, "name": name, "code": new_id()},
        )
        return rows[0]["code"] if rows else None

    async def get_shared(self, code: str) -> OwnPreset | None:
        """The preset shared under this code, if any."""
        row = await self._db.fetch_one("SELECT * FROM presets WHERE code = :code", {"code": code})
        return _preset_of(row) if row else None

    async def delete(self, user_id: UserId, name: str) -> bool:
        """Delete a preset and its code. False if they have none with this name."""
        return bool(
            await self._db.write_one(
                "DELETE FROM presets WHERE user_id = :user AND name = :name RETURNING 1",
                {"user": user_id, "name": name},
            )
        )


def _preset_of(row: Row) -> OwnPreset | None:
    typed = typed_of_row(row["typed"])
    if typed is None:
        return None
    return OwnPreset(name=row["name"], typed=typed, in_use=bool(row["in_use"]))
