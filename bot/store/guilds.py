"""Servers' settings: policy versions, vote emoji, and the log of their changes.

The cogs write, after checking permissions; `policy.admit` reads the current `GuildPolicy`. A change
names the version that it was based on, so nobody overwrites changes they have not seen; it commits
together with its log line. Must not know what a rule matches.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.ballot import VoteEmoji
from bot.domain import ChannelId, GuildId, RefusalReason, Refused, UserId
from bot.policy.layers import GuildPolicy
from bot.store.audit_rows import AuditEntry, entry_of, insert_audit_entry
from bot.store.db import Database, Transaction
from bot.store.policy_rows import body_of, policy_of
from bot.words.emoji import meaning
from bot.words.speaking import Message

#: How many policy versions are kept for each server; the log keeps all its lines.
VERSIONS_MAX = 50
_SAME_EMOJI = Message(
    "The like and the dislike need two different emoji; skin tones make no difference."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """A policy and its number; a server's first change creates version 1."""

    number: int
    policy: GuildPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """A change was based on an old version, so nothing was changed."""

    current: PolicyVersion
    #: The changes since that version, newest first.
    since: tuple[AuditEntry, ...]


class Guilds:
    """The settings of servers; policies are cached until they change."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._current: dict[GuildId, PolicyVersion] = {}
        #: Counts each server's changes, so that a policy read before a change is not cached.
        self._changes: dict[GuildId, int] = {}

    async def policy(self, guild_id: GuildId) -> GuildPolicy:
        """This server's policy.

        Raises `DatabaseError` if it cannot be read; then every ask there fails.
        """
        return (await self.current(guild_id)).policy

    async def current(self, guild_id: GuildId) -> PolicyVersion:
        """The current policy with its number. Raises like `policy`."""
        cached = self._current.get(guild_id)
        if cached is not None:
            return cached
        changes = self._changes.get(guild_id, 0)
        current = await _read_current(self._db, guild_id)
        if changes == self._changes.get(guild_id, 0):
            self._current[guild_id] = current
        return current

    async def version(self, guild_id: GuildId, number: int) -> PolicyVersion | None:
        """An earlier policy; None if it is no longer kept. Version 0 has the defaults."""
        if number == 0:
            return PolicyVersion(number=0, policy=GuildPolicy(guild_id=guild_id))
        row = await self._db.fetch_one(
            "SELECT body FROM policies WHERE guild_id = :guild AND version = :number",
            {"guild": guild_id, "number": number},
        )
        if row is None:
            return None
        return PolicyVersion(number=number, policy=await _parse_policy(guild_id, row["body"]))

    async def save(
        self,
        policy: GuildPolicy,
        based_on: int,
        actor_id: UserId,
        now_ms: int,
        *,
        summary: str,
        action: str = "policy",
    ) -> PolicyVersion | Superseded:
        """Make a policy the current one, if `based_on` is still the current version.

        `summary` describes the change for the log. An undo is an ordinary change that brings the
        earlier policy back.
        """
        entry = AuditEntry(
            guild_id=policy.guild_id,
            actor_id=actor_id,
            action=action,
            detail=summary,
            version=based_on + 1,
            at_ms=now_ms,
        )
        try:
            async with self._db.write() as tx:
                return await _insert_version(tx, policy, entry)
        finally:
            self._drop_cached(policy.guild_id)

    def _drop_cached(self, guild_id: GuildId) -> None:
        """Drop the cached policy after a change, even a failed one."""
        self._changes[guild_id] = self._changes.get(guild_id, 0) + 1
        self._current.pop(guild_id, None)

    async def history(self, guild_id: GuildId, limit: int) -> list[AuditEntry]:
        """The policy's changes, newest first; `version` is the version that each created."""
        rows = await self._db.fetch_all(
            "SELECT * FROM audit_log WHERE guild_id = :guild AND version IS NOT NULL"
            " ORDER BY id DESC LIMIT :limit",
            {"guild": guild_id, "limit": limit},
        )
        return [entry_of(row) for row in rows]

    async def vote_emoji(self, guild_id: GuildId) -> VoteEmoji:
        """This server's two reactions that mean up and down."""
        return await _read_vote_emoji(self._db, guild_id)

    async def set_vote_emoji(
        self, guild_id: GuildId, emoji: VoteEmoji, actor_id: UserId, now_ms: int
    ) -> Refused | None:
        """Choose the vote emoji for future posts; votes under older posts stay.

        Refused if both mean the same, as a thumb in two skin tones does.
        """
        if meaning(emoji.up) == meaning(emoji.down):
            return Refused(
                reason=RefusalReason.INPUT,
                text=_SAME_EMOJI(),
            )
        async with self._db.write() as tx:
            old = await _read_vote_emoji(tx, guild_id)
            await tx.execute(
                "INSERT OR REPLACE INTO guilds (guild_id, up_emoji, down_emoji)"
                " VALUES (:guild, :up, :down)",
                {"guild": guild_id, "up": emoji.up, "down": emoji.down},
            )
            await insert_audit_entry(
                tx,
                AuditEntry(
                    guild_id=guild_id,
                    actor_id=actor_id,
                    action="emoji",
                    detail=f"{old.up} {old.down} → {emoji.up} {emoji.down}",
                    at_ms=now_ms,
                ),
            )
        return None

    async def log_event(self, entry: AuditEntry) -> None:
        """Write a log line for an event that changes nothing: an alert."""
        async with self._db.write() as tx:
            await insert_audit_entry(tx, entry)

    async def audit_log(
        self, guild_id: GuildId, limit: int, before_id: int | None = None
    ) -> list[AuditEntry]:
        """The log's latest lines, newest first; with `before_id`, only older lines."""
        rows = await self._db.fetch_all(
            "SELECT * FROM audit_log WHERE guild_id = :guild AND id < :before"
            " ORDER BY id DESC LIMIT :limit",
            {"guild": guild_id, "before": before_id or _AFTER_ALL_IDS, "limit": limit},
        )
        return [entry_of(row) for row in rows]

    async def unposted_entries(
        self, limit: int, closed: Iterable[ChannelId] = ()
    ) -> dict[ChannelId, list[AuditEntry]]:
        """The lines owed to each log channel, oldest first.

        Leaves out channels that are `closed` for now.
        """
        rows = await self._db.fetch_all(
            _UNPOSTED_ENTRIES, {"closed": json.dumps(list(closed)), "limit": limit}
        )
        owed: dict[ChannelId, list[AuditEntry]] = {}
        for row in rows:
            owed.setdefault(ChannelId(row["channel_id"]), []).append(entry_of(row))
        return owed

    async def record_posted(self, entries: Iterable[AuditEntry]) -> None:
        """Record that these lines were posted to their log channel, or never will be."""
        await self._db.write_one(
            "UPDATE audit_log SET told = 1 WHERE id IN (SELECT value FROM json_each(:ids))",
            {"ids": json.dumps([entry.id for entry in entries])},
        )


#: Larger than any id of the log.
_AFTER_ALL_IDS = 1 << 62
#: Forces the index; otherwise SQLite would scan every line ever written.
_UNPOSTED_ENTRIES = (
    "SELECT * FROM (SELECT audit_log.*, coalesce((SELECT log_channel_id FROM policies"
    "  WHERE policies.guild_id = audit_log.guild_id ORDER BY version DESC LIMIT 1),"
    # For a change that removed the log channel: the old channel.
    "  (SELECT was.log_channel_id FROM policies AS was JOIN policies AS made"
    "    ON made.guild_id = was.guild_id AND made.version = was.version + 1"
    "  WHERE was.guild_id = audit_log.guild_id AND made.version = audit_log.version"
    "  AND made.log_channel_id IS NULL)) AS channel_id"
    "  FROM audit_log INDEXED BY audit_log_untold WHERE told = 0)"
    " WHERE channel_id IS NOT NULL AND channel_id NOT IN (SELECT value FROM json_each(:closed))"
    " ORDER BY id LIMIT :limit"
)


async def _read_vote_emoji(db: Database | Transaction, guild_id: GuildId) -> VoteEmoji:
    row = await db.fetch_one(
        "SELECT up_emoji, down_emoji FROM guilds WHERE guild_id = :guild", {"guild": guild_id}
    )
    return VoteEmoji(up=row["up_emoji"], down=row["down_emoji"]) if row else VoteEmoji()


async def _read_current(db: Database | Transaction, guild_id: GuildId) -> PolicyVersion:
    row = await db.fetch_one(
        "SELECT version, body FROM policies WHERE guild_id = :guild ORDER BY version DESC LIMIT 1",
        {"guild": guild_id},
    )
    if row is None:
        return PolicyVersion(number=0, policy=GuildPolicy(guild_id=guild_id))
    return PolicyVersion(number=row["version"], policy=await _parse_policy(guild_id, row["body"]))


async def _parse_policy(guild_id: GuildId, body: str) -> GuildPolicy:
    """Parse a policy, in a thread: ten thousand terms take a while."""
    return await asyncio.to_thread(policy_of, guild_id, body)


async def _insert_version(
    tx: Transaction, policy: GuildPolicy, entry: AuditEntry
) -> PolicyVersion | Superseded:
    """Insert the policy as the version that `entry` names, if that is the next one."""
    assert entry.version is not None
    newest = await tx.fetch_one(
        "SELECT ifnull(max(version), 0) AS version FROM policies WHERE guild_id = :guild",
        {"guild": policy.guild_id},
    )
    assert newest is not None
    if newest["version"] != entry.version - 1:
        current = await _read_current(tx, policy.guild_id)
        return Superseded(current=current, since=await _changes_since(tx, entry))
    await tx.execute(
        "INSERT INTO policies (guild_id, version, body, review_channel_id, log_channel_id,"
        " gallery_channel_id, gallery_votes)"
        " VALUES (:guild, :version, :body, :review, :log, :gallery, :votes)",
        {
            "guild": policy.guild_id,
            "version": entry.version,
            "body": body_of(policy),
            "review": policy.review_channel,
            "log": policy.log_channel,
            "gallery": policy.gallery.channel,
            "votes": policy.gallery.votes,
        },
    )
    await insert_audit_entry(tx, entry)
    await tx.execute(
        "DELETE FROM policies WHERE guild_id = :guild AND version <= :last",
        {"guild": policy.guild_id, "last": entry.version - VERSIONS_MAX},
    )
    return PolicyVersion(number=entry.version, policy=policy)


async def _changes_since(tx: Transaction, entry: AuditEntry) -> tuple[AuditEntry, ...]:
    rows = await tx.fetch_all(
        "SELECT * FROM audit_log WHERE guild_id = :guild AND version >= :version"
        " ORDER BY id DESC LIMIT :most",
        {"guild": entry.guild_id, "version": entry.version, "most": VERSIONS_MAX},
    )
    return tuple(entry_of(row) for row in rows)
