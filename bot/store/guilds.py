"""What servers chose: blocked terms, channels switched off, vote emoji, and who changed what.

The cogs write (after checking the permission), `policy.admit` gets the frozen `GuildPolicy`. Every
change and its line in the audit log commit together. What a term matches is not known here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.ballot import VoteEmoji
from bot.domain import ChannelId, GuildId, RefusalReason, Refused, UserId
from bot.policy.layers import GuildPolicy, Overrides
from bot.policy.screening import Term
from bot.store.db import Database, Transaction
from bot.words.emoji import meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change; `actor_id` is None once the actor asked to be forgotten."""

    actor_id: UserId | None
    action: str
    detail: str
    at_ms: int


class Guilds:
    """Choices of servers; policies are cached until they change."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._policies: dict[GuildId, GuildPolicy] = {}
        #: Counts the changes of each server: a policy that was read before one is not cached.
        self._changes: dict[GuildId, int] = {}

    async def policy(self, guild_id: GuildId) -> GuildPolicy:
        """What this server forbids beyond the floor."""
        cached = self._policies.get(guild_id)
        if cached is not None:
            return cached
        changes = self._changes.get(guild_id, 0)
        policy = await self._read_policy(guild_id)
        if changes == self._changes.get(guild_id, 0):
            self._policies[guild_id] = policy
        return policy

    async def _read_policy(self, guild_id: GuildId) -> GuildPolicy:
        terms = await self._db.fetch_all(
            "SELECT term, reason FROM blocked_terms WHERE guild_id = :guild ORDER BY term",
            {"guild": guild_id},
        )
        channels = await self._db.fetch_all(
            "SELECT channel_id FROM channel_switches WHERE guild_id = :guild AND NOT enabled",
            {"guild": guild_id},
        )
        return GuildPolicy(
            guild_id=guild_id,
            blocked=tuple(Term(text=row["term"], reason=row["reason"]) for row in terms),
            channels={ChannelId(row["channel_id"]): Overrides(enabled=False) for row in channels},
        )

    @asynccontextmanager
    async def _change(self, guild_id: GuildId) -> AsyncGenerator[Transaction]:
        """A transaction after which the policy is read anew, however it ends."""
        try:
            async with self._db.write() as tx:
                yield tx
        finally:
            self._changes[guild_id] = self._changes.get(guild_id, 0) + 1
            self._policies.pop(guild_id, None)

    async def block(
        self, guild_id: GuildId, term: str, reason: str, actor_id: UserId, now_ms: int
    ) -> bool:
        """Block a term. False if it was blocked already (its reason stays)."""
        async with self._change(guild_id) as tx:
            added = await tx.execute(
                "INSERT INTO blocked_terms (guild_id, term, reason, added_by, added_ms)"
                " VALUES (:guild, :term, :reason, :actor, :now) ON CONFLICT DO NOTHING",
                {
                    "guild": guild_id,
                    "term": term,
                    "reason": reason,
                    "actor": actor_id,
                    "now": now_ms,
                },
            )
            if added:
                detail = f"{term} ({reason})" if reason else term
                await _log(tx, guild_id, actor_id, action="block", detail=detail, now_ms=now_ms)
        return bool(added)

    async def unblock(self, guild_id: GuildId, term: str, actor_id: UserId, now_ms: int) -> bool:
        """Allow a term again. False if it was not blocked."""
        async with self._change(guild_id) as tx:
            removed = await tx.execute(
                "DELETE FROM blocked_terms WHERE guild_id = :guild AND term = :term",
                {"guild": guild_id, "term": term},
            )
            if removed:
                await _log(tx, guild_id, actor_id, action="unblock", detail=term, now_ms=now_ms)
        return bool(removed)

    async def switch_channel(
        self,
        guild_id: GuildId,
        channel_id: ChannelId,
        enabled: bool,  # noqa: FBT001  the choice itself
        actor_id: UserId,
        now_ms: int,
    ) -> None:
        """Switch the bot on or off in a channel (and in its threads)."""
        async with self._change(guild_id) as tx:
            await tx.execute(
                "INSERT OR REPLACE INTO channel_switches (guild_id, channel_id, enabled)"
                " VALUES (:guild, :channel, :enabled)",
                {"guild": guild_id, "channel": channel_id, "enabled": int(enabled)},
            )
            detail = f"{channel_id} {'on' if enabled else 'off'}"
            await _log(tx, guild_id, actor_id, action="channel", detail=detail, now_ms=now_ms)

    async def vote_emoji(self, guild_id: GuildId) -> VoteEmoji:
        """The two reactions that mean up and down here."""
        row = await self._db.fetch_one(
            "SELECT up_emoji, down_emoji FROM guilds WHERE guild_id = :guild", {"guild": guild_id}
        )
        return VoteEmoji(up=row["up_emoji"], down=row["down_emoji"]) if row else VoteEmoji()

    async def set_vote_emoji(
        self, guild_id: GuildId, emoji: VoteEmoji, actor_id: UserId, now_ms: int
    ) -> Refused | None:
        """Choose the vote emoji for posts from now on; votes under older posts stay.

        Refused if both would mean the same (a thumb in two skin tones does).
        """
        if meaning(emoji.up) == meaning(emoji.down):
            return Refused(
                reason=RefusalReason.INPUT,
                text="Up and down need two different emoji; skin tones make no difference.",
            )
        async with self._db.write() as tx:
            await tx.execute(
                "INSERT OR REPLACE INTO guilds (guild_id, up_emoji, down_emoji)"
                " VALUES (:guild, :up, :down)",
                {"guild": guild_id, "up": emoji.up, "down": emoji.down},
            )
            await _log(
                tx,
                guild_id,
                actor_id,
                action="emoji",
                detail=f"{emoji.up} {emoji.down}",
                now_ms=now_ms,
            )
        return None

    async def audit(self, guild_id: GuildId, limit: int) -> list[AuditEntry]:
        """The latest changes, the newest first."""
        rows = await self._db.fetch_all(
            "SELECT * FROM audit_log WHERE guild_id = :guild ORDER BY id DESC LIMIT :limit",
            {"guild": guild_id, "limit": limit},
        )
        return [
            AuditEntry(
                actor_id=None if row["actor_id"] is None else UserId(row["actor_id"]),
                action=row["action"],
                detail=row["detail"],
                at_ms=row["at_ms"],
            )
            for row in rows
        ]


async def _log(
    tx: Transaction,
    guild_id: GuildId,
    actor_id: UserId,
    *,
    action: str,
    detail: str,
    now_ms: int,
) -> None:
    await tx.execute(
        "INSERT INTO audit_log (guild_id, actor_id, action, detail, at_ms)"
        " VALUES (:guild, :actor, :action, :detail, :now)",
        {"guild": guild_id, "actor": actor_id, "action": action, "detail": detail, "now": now_ms},
    )
