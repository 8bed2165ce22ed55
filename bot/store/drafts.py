"""Drafts: inputs that were not taken, kept for a while so that their members can change them.

The cogs keep one with each refusal and each question about unknown words; its *Edit* button
restores it, even after a restart. Only its member can read a draft. Must not know why it was not
taken.
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
#: How long a draft is kept, and the most drafts of one member.
DRAFT_MS, _DRAFTS_MAX = 3 * 86_400_000, 20


class Drafts:
    """Members' latest inputs that were not taken."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def keep(self, user_id: UserId, typed: Typed, now_ms: int) -> DraftId:
        """Keep a draft; it replaces the member's oldest if they have too many."""
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
                {"user": user_id, "id": draft_id, "most": _DRAFTS_MAX},
            )
        return draft_id

    async def get(self, draft_id: DraftId, user_id: UserId, now_ms: int) -> Typed | None:
        """The user's own draft; None if it is gone or this version cannot read it."""
        row = await self._db.fetch_one(
            "SELECT typed FROM drafts WHERE id = :id AND user_id = :user AND created_ms > :since",
            {"id": draft_id, "user": user_id, "since": now_ms - DRAFT_MS},
        )
        return typed_of_row(row["typed"]) if row else None

    async def prune(self, now_ms: int) -> None:
        """Drop expired drafts."""
        await self._db.write_one(
            "DELETE FROM drafts WHERE created_ms <= :since", {"since": now_ms - DRAFT_MS}
        )


def typed_of_row(text: str) -> Typed | None:
    """Read what `json_of` wrote; None if another version wrote it and this one cannot read it."""
    try:
        return read_json(Typed, text)
    except ValueError as problem:
        log.warning("cannot read a draft or preset of another version: %s", problem)
        return None
