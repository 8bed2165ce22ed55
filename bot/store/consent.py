"""Users' consent: accepted licences (by hash), shared prompts, and asks that wait for a licence.

The cogs check it before a user's first picture, the export before it writes a prompt. Must not know
what a licence says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain import Ask, ChannelId, JobId, RequestId, UserId
from bot.ids import new_id
from bot.store.ask_rows import ask_json, ask_of
from bot.store.db import Database
from bot.words.speaking import Message

#: How many asks of one user may wait for another press; a new one replaces the oldest.
_WAITING_MAX = 5
#: How many asks of one user may wait for a licence, and for how long.
UNLICENSED_MAX, UNLICENSED_MS = 5, 86_400_000
#: How long terms count as still on the screen.
TERMS_SHOWN_MS = 15 * 60_000
_OTHER_LICENCE = Message(
    "I draw with another model now, and its licence is another one. Ask again with `/waifu`, and I "
    "will show it to you."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlicensedAsk:
    """An ask that waits until its user accepts the licence."""

    id: RequestId
    #: Whether its channel just showed the user these terms, or a button to them.
    terms_shown: bool


class Consent:
    """Accepted licences, sharing choices, and waiting asks."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def has_accepted(self, user_id: UserId, licence_sha256: str) -> bool:
        """Whether the user accepted exactly this licence."""
        return await self.accepted_ms(user_id, licence_sha256) is not None

    async def accepted_ms(self, user_id: UserId, licence_sha256: str) -> int | None:
        """When the user accepted exactly this licence; None if they did not."""
        row = await self._db.fetch_one(
            "SELECT at_ms FROM acceptances WHERE user_id = :user AND licence_sha256 = :licence",
            {"user": user_id, "licence": licence_sha256},
        )
        return row["at_ms"] if row else None

    async def accept(self, user_id: UserId, licence_sha256: str, card_id: str, now_ms: int) -> None:
        """Record an acceptance; an earlier one of the same licence stays."""
        await self._db.write_one(
            "INSERT INTO acceptances (user_id, licence_sha256, card_id, at_ms)"
            " VALUES (:user, :licence, :card, :now) ON CONFLICT DO NOTHING",
            {"user": user_id, "licence": licence_sha256, "card": card_id, "now": now_ms},
        )

    async def add_waiting_ask(self, ask: Ask, now_ms: int) -> RequestId:
        """Store an ask until its user presses the button that names the returned id."""
        waiting_id = RequestId(new_id())
        async with self._db.write() as tx:
            await tx.execute(
                "INSERT INTO waiting_asks (id, user_id, guild_id, ask, created_ms)"
                " VALUES (:id, :user, :guild, :ask, :now)",
                {
                    "id": waiting_id,
                    "user": ask.user_id,
                    "guild": ask.place.guild_id,
                    "ask": ask_json(ask),
                    "now": now_ms,
                },
            )
            await tx.execute(
                "DELETE FROM waiting_asks WHERE user_id = :user AND licence_sha256 IS NULL"
                " AND rowid NOT IN (SELECT rowid FROM waiting_asks WHERE user_id = :user"
                " AND licence_sha256 IS NULL ORDER BY rowid DESC LIMIT :most)",
                {"user": ask.user_id, "most": _WAITING_MAX},
            )
        return waiting_id

    async def add_unlicensed_ask(
        self, ask: Ask, licence_sha256: str, now_ms: int
    ) -> UnlicensedAsk | None:
        """Store an ask until its user accepts this licence; None if too many wait for one."""
        waiting_id = RequestId(new_id())
        values = {
            "id": waiting_id,
            "user": ask.user_id,
            "guild": ask.place.guild_id,
            "channel": ask.place.channel_id,
            "ask": ask_json(ask),
            "now": now_ms,
            "licence": licence_sha256,
            "stale": now_ms - UNLICENSED_MS,
        }
        async with self._db.write() as tx:
            await tx.execute(
                "DELETE FROM waiting_asks WHERE user_id = :user AND licence_sha256 IS NOT NULL"
                " AND created_ms <= :stale",
                values,
            )
            (others,) = await tx.fetch_all(
                "SELECT count(*) AS asks, max(iif(licence_sha256 = :licence"
                " AND channel_id = :channel, created_ms, NULL)) AS shown_ms"
                " FROM waiting_asks WHERE user_id = :user AND licence_sha256 IS NOT NULL",
                values,
            )
            if others["asks"] >= UNLICENSED_MAX:
                return None
            await tx.execute(
                "INSERT INTO waiting_asks"
                " (id, user_id, guild_id, channel_id, ask, created_ms, licence_sha256)"
                " VALUES (:id, :user, :guild, :channel, :ask, :now, :licence)",
                values,
            )
        shown_ms = others["shown_ms"]
        recently = shown_ms is not None and shown_ms > now_ms - TERMS_SHOWN_MS
        return UnlicensedAsk(id=waiting_id, terms_shown=recently)

    async def note_new_terms(
        self, user_id: UserId, channel_id: ChannelId, licence_sha256: str
    ) -> None:
        """Note that this licence's terms replaced those on the user's screen in this channel."""
        await self._db.write_one(
            "UPDATE waiting_asks SET licence_sha256 = :licence WHERE user_id = :user"
            " AND licence_sha256 IS NOT NULL AND channel_id = :channel",
            {"user": user_id, "channel": channel_id, "licence": licence_sha256},
        )

    async def unlicensed_asks(
        self, user_id: UserId, pressed_id: RequestId, now_ms: int
    ) -> dict[RequestId, Ask]:
        """The user's asks that wait for a licence, oldest first, and the one under the button.

        Only that one may be older than `UNLICENSED_MS`, or from before asks named their licence.
        """
        rows = await self._db.fetch_all(
            "SELECT id, ask FROM waiting_asks WHERE user_id = :user AND (id = :pressed"
            " OR (licence_sha256 IS NOT NULL AND created_ms > :stale)) ORDER BY rowid",
            {"user": user_id, "pressed": pressed_id, "stale": now_ms - UNLICENSED_MS},
        )
        found = {RequestId(row["id"]): ask_of(row["ask"]) for row in rows}
        return {waiting_id: ask for waiting_id, ask in found.items() if ask is not None}

    async def take_unlicensed_asks(self, user_id: UserId, pressed_id: RequestId) -> list[Ask]:
        """Remove and return all of them, however old, oldest first."""
        rows = await self._db.write_one(
            "DELETE FROM waiting_asks WHERE user_id = :user AND (id = :pressed"
            " OR licence_sha256 IS NOT NULL) RETURNING rowid AS place, ask",
            {"user": user_id, "pressed": pressed_id},
        )
        found = [ask_of(row["ask"]) for row in sorted(rows, key=lambda row: row["place"])]
        return [ask for ask in found if ask is not None]

    async def get_waiting_ask(self, waiting_id: RequestId, user_id: UserId) -> Ask | None:
        """The user's own waiting ask, which stays; None if it is not waiting (any more)."""
        row = await self._db.fetch_one(
            "SELECT ask FROM waiting_asks WHERE id = :id AND user_id = :user",
            {"id": waiting_id, "user": user_id},
        )
        return ask_of(row["ask"]) if row else None

    async def take_waiting_ask(self, waiting_id: RequestId, user_id: UserId) -> Ask | None:
        """Remove and return the user's own waiting ask; None if it is not waiting (any more)."""
        rows = await self._db.write_one(
            "DELETE FROM waiting_asks WHERE id = :id AND user_id = :user RETURNING ask",
            {"id": waiting_id, "user": user_id},
        )
        return ask_of(rows[0]["ask"]) if rows else None

    async def shares_prompts(self, user_id: UserId) -> bool:
        """Whether the user's prompts may be exported; False unless they agreed."""
        row = await self._db.fetch_one(
            "SELECT share_prompts FROM sharing WHERE user_id = :user", {"user": user_id}
        )
        return row is not None and bool(row["share_prompts"])

    async def set_sharing(self, user_id: UserId, share: bool, now_ms: int) -> None:  # noqa: FBT001  the choice itself
        """Record the user's latest choice."""
        await self._db.write_one(
            "INSERT OR REPLACE INTO sharing (user_id, share_prompts, at_ms)"
            " VALUES (:user, :share, :now)",
            {"user": user_id, "share": int(share), "now": now_ms},
        )

    async def undrawn_cards(self) -> set[str]:
        """The cards named by queued or running jobs."""
        rows = await self._db.fetch_all(
            "SELECT DISTINCT model FROM jobs WHERE state IN ('queued', 'running')"
            " AND model IS NOT NULL"
        )
        return {row["model"] for row in rows}

    async def fail_unlicensed_jobs(
        self, licences: Mapping[str, str], default_card: str, now_ms: int
    ) -> list[JobId]:
        """Fail the undrawn jobs of members who have not accepted their model's licence.

        `licences` maps each card to its licence's hash; `default_card` is the card of jobs that
        name none. Jobs of other cards stay. Call it at the start, before anything is drawn.
        """
        rows = await self._db.write_one(
            "UPDATE jobs SET state = 'failed', error = :error, ended_ms = :now, lease_owner = NULL,"
            " lease_until_ms = NULL WHERE state IN ('queued', 'running') AND EXISTS"
            " (SELECT 1 FROM json_each(:licences) AS card"
            "  WHERE card.key = ifnull(jobs.model, :unnamed) AND NOT EXISTS"
            "  (SELECT 1 FROM acceptances WHERE acceptances.user_id = jobs.user_id"
            "   AND licence_sha256 = card.value)) RETURNING id",
            {
                "licences": json.dumps(dict(licences)),
                "unnamed": default_card,
                "error": _OTHER_LICENCE,
                "now": now_ms,
            },
            "its member has not accepted the model's licence",
        )
        return [JobId(row["id"]) for row in rows]
