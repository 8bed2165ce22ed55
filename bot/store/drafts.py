"""Drafts: what a member typed and what was not taken, kept for a while to be changed.

The cogs keep one with each refusal, and its *Edit* button brings it back after any restart. A draft
is its member's alone. Nothing here knows why it was refused.
"""

from __future__ import annotations

import logging
from typing import NewType

from bot.domain import UserId
from bot.ids import new_id
from bot.store.db import Database
from bot.typed.options import Typed
from models.decoding import json_of, read_json

log = logging.getLogger(__name__)

#: Ten characters, in the custom id of an *Edit* button.
DraftId = NewType("DraftId", str)
#: How long a draft is kept, and how many of one member.
DRAFT_MS, _MOST = 3 * 86_400_000, 20


class Drafts:
    """What members typed last and could not have drawn."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def keep(self, user_id: UserId, typed: Typed, now_ms: int) -> DraftId:
        """Keep it; the oldest of too many makes room."""
        draft_id = DraftId(new_id())
        async with self._db.write() as tx:
            await tx.execute(
                "INSERT INTO drafts (id, user_id, typed, created_ms)"
                " VALUES (:id, :user, :typed, :now)",
                {"id": draft_id, "user": user_id, "typed": json_of(typed), "now": now_ms},
            )
            await tx.execute(
                "DELETE FROM drafts WHERE user_id = :user AND id NOT IN (SELECT id FROM drafts"
                " WHERE user_id = :user ORDER BY created_ms DESC, id = :id DESC LIMIT :most)",
                {"user": user_id, "id": draft_id, "most": _MOST},
            )
        return draft_id

    async def get(self, draft_id: DraftId, user_id: UserId, now_ms: int) -> Typed | None:
        """The user's own draft; None if there is none (any more) that this version can read."""
        row = await self._db.fetch_one(
            "SELECT typed FROM drafts WHERE id = :id AND user_id = :user AND created_ms > :since",
            {"id": draft_id, "user": user_id, "since": now_ms - DRAFT_MS},
        )
        return typed_of_row(row["typed"]) if row else None

    async def prune(self, now_ms: int) -> None:
        """Drop what was kept long enough."""
        await self._db.write_one(
            "DELETE FROM drafts WHERE created_ms <= :since", {"since": now_ms - DRAFT_MS}
        )


def typed_of_row(text: str) -> Typed | None:
    """What `json_of` wrote; None if another version of this bot wrote what this one cannot read."""
    try:
        return read_json(Typed, text)
    except ValueError as problem:
        log.warning("what a member typed into another version cannot be read: %s", problem)
        return None
