"""Members' strikes and exclusions, their usage, and the purge of their pictures.

The cogs check before they accept a request, and record moderators' decisions. An exclusion outlives
a member's request to be forgotten, without their name. Must not know the words of messages.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import GuildId, JobId, JobState, RuleId, UserId
from bot.ids import new_id
from bot.store.audit_rows import AuditEntry, insert_audit_entry
from bot.store.cancelling import CancelledJob, cancel_jobs
from bot.store.db import Database, Params, Row, Transaction
from bot.store.gallery import Gallery
from bot.store.nameless import member_mark, read_key
from bot.store.removal import delete_pictures
from bot.store.tellings import Telling, TellingId, insert_telling
from bot.store.usage import Usage, usage_of

#: The guild id of an exclusion from every server.
EVERYWHERE = GuildId(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A strike that still counts."""

    rule: RuleId
    #: The picture or refusal that caused it.
    about: str
    at_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A member who may not ask in a server, or anywhere (`EVERYWHERE`)."""

    user_id: UserId
    guild_id: GuildId
    #: The end of a time-out; None for a ban, which lasts until it is lifted.
    until_ms: int | None
    #: In words for the member; empty if they were forgotten since.
    reason: str
    #: None if strikes caused it, or if its moderator was forgotten.
    actor_id: UserId | None
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeResult:
    """The result of recording a strike."""

    #: The member's strikes that count now, including this one.
    live_strikes: int
    #: The time-out that followed, if any.
    exclusion: Exclusion | None
    #: The member's waiting jobs, cancelled by the time-out.
    cancelled: tuple[JobId, ...] = ()


class Members:
    """The tables `strikes` and `exclusions`, and members' usage from the jobs."""

    def __init__(self, db: Database, gallery: Gallery) -> None:
        self._db = db
        self._gallery = gallery
        self._key: bytes | None = None

    async def record_strike(
        self,
        guild_id: GuildId,
        user_id: UserId,
        strike: Strike,
        *,
        limit: int,
        timeout_ms: int,
        reason: str,
    ) -> StrikeResult | None:
        """Record a strike; one that reaches `limit` causes a time-out with `reason`.

        Every further strike causes another. A limit of 0 is never reached. Returns None, changing
        nothing, if this strike was recorded before.
        """
        async with self._db.write() as tx:
            if not await _insert_strike(tx, guild_id, user_id, strike):
                return None
            count = len(await _live_strikes(tx, guild_id, user_id, strike.at_ms))
            if not 0 < limit <= count:
                return StrikeResult(live_strikes=count, exclusion=None)
            exclusion = Exclusion(
                user_id=user_id,
                guild_id=guild_id,
                until_ms=strike.at_ms + timeout_ms,
                reason=reason,
                actor_id=None,
                at_ms=strike.at_ms,
            )
            cancelled = await insert_exclusion(tx, exclusion)
        ids = tuple(job.id for job in cancelled)
        return StrikeResult(live_strikes=count, exclusion=exclusion, cancelled=ids)

    async def strikes(self, guild_id: GuildId, user_id: UserId, now_ms: int) -> list[Strike]:
        """The member's strikes that still count, oldest first."""
        return [_strike_of(row) for row in await _live_strikes(self._db, guild_id, user_id, now_ms)]

    async def clear_strikes(
        self, guild_id: GuildId, user_id: UserId, actor_id: UserId, now_ms: int
    ) -> int:
        """Clear a member's strikes for a moderator; return how many counted."""
        async with self._db.write() as tx:
            count = len(await _live_strikes(tx, guild_id, user_id, now_ms))
            await tx.execute(
                "DELETE FROM strikes WHERE user_id = :user AND guild_id = :guild",
                {"user": user_id, "guild": guild_id},
            )
            if count:
                await insert_audit_entry(
                    tx,
                    AuditEntry(
                        guild_id=guild_id,
                        actor_id=actor_id,
                        action="clear strikes",
                        detail=str(count),
                        user_id=user_id,
                        at_ms=now_ms,
                    ),
                )
        return count

    async def exclude(self, exclusion: Exclusion, text: str = "") -> list[JobId]:
        """Time a member out or ban them; the latest decision is valid, even if it is milder.

        Cancels their waiting jobs and returns them. If there were any, the member is owed `text`,
        once, in the channel where they asked last.
        """
        async with self._db.write() as tx:
            cancelled = await insert_exclusion(tx, exclusion, replace=True)
            if cancelled and text:
                await _owe_telling(tx, exclusion, cancelled[-1], text)
        return [job.id for job in cancelled]

    async def lift_exclusion(
        self, guild_id: GuildId, user_id: UserId, actor_id: UserId, now_ms: int
    ) -> bool:
        """Let a member ask again here, or `EVERYWHERE`. False if they were not excluded there."""
        mark = member_mark(await self._mark_key(), user_id)
        values: Params = {"user": user_id, "guild": guild_id, "mark": mark}
        async with self._db.write() as tx:
            rows = await tx.fetch_all(
                "DELETE FROM exclusions WHERE user_id = :user AND guild_id = :guild"
                " RETURNING until_ms, reason",
                values,
            )
            lifted = len(rows) + await tx.execute(
                "DELETE FROM nameless_exclusions WHERE mark = :mark AND guild_id = :guild", values
            )
            if lifted:
                await insert_audit_entry(
                    tx,
                    AuditEntry(
                        guild_id=guild_id,
                        actor_id=actor_id,
                        action="lift",
                        detail="\n".join(map(_describe_lifted, rows)),
                        user_id=user_id,
                        at_ms=now_ms,
                    ),
                )
        return bool(lifted)

    async def exclusion(self, guild_id: GuildId, user_id: UserId, now_ms: int) -> Exclusion | None:
        """The longest exclusion of a member here now; None if there is none."""
        mark = member_mark(await self._mark_key(), user_id)
        row = await self._db.fetch_one(
            _EXCLUDED,
            {
                "user": user_id,
                "mark": mark,
                "guild": guild_id,
                "everywhere": EVERYWHERE,
                "now": now_ms,
            },
        )
        return _exclusion_of(row) if row else None

    async def exclusions(self, guild_id: GuildId, now_ms: int, limit: int) -> list[Exclusion]:
        """The exclusions from this server (or `EVERYWHERE`) that are in force; latest first."""
        rows = await self._db.fetch_all(
            "SELECT * FROM exclusions WHERE guild_id = :guild"
            " AND (until_ms IS NULL OR until_ms > :now) ORDER BY at_ms DESC LIMIT :limit",
            {"guild": guild_id, "now": now_ms, "limit": limit},
        )
        return [_exclusion_of(row) for row in rows]

    async def prune(self, now_ms: int) -> None:
        """Drop strikes and time-outs that have expired."""
        async with self._db.write() as tx:
            await tx.execute("DELETE FROM strikes WHERE expires_ms <= :now", {"now": now_ms})
            for table in ("exclusions", "nameless_exclusions"):
                await tx.execute(
                    f"DELETE FROM {table} WHERE until_ms <= :now",  # noqa: S608  the words above
                    {"now": now_ms},
                )

    async def usage(self, guild_id: GuildId, user_id: UserId, since_ms: int) -> Usage:
        """How many pictures a member asked for in a server since then, and when last."""
        return await usage_of(self._db, guild_id, user_id, since_ms)

    async def purge(
        self, guild_id: GuildId, user_id: UserId, actor_id: UserId, text: str, now_ms: int
    ) -> list[JobId]:
        """Remove every picture of a member in one server, and the messages that show them.

        The member sees `text` for a picture that was not posted yet. Returns the jobs. The caller
        cancels queued and running jobs.
        """
        async with self._db.write() as tx:
            removed = await delete_pictures(
                tx,
                "user_id = :user AND guild_id = :guild AND id IN"
                " (SELECT job_id FROM pictures WHERE user_id = :user AND deleted_ms IS NULL)",
                {"user": user_id, "guild": guild_id, "text": text, "now": now_ms},
                ends=JobState.WITHHELD,
                removed=True,
            )
            # The member could otherwise undo a recent deletion.
            await tx.execute(
                "UPDATE pictures SET removed_ms = :now WHERE user_id = :user AND guild_id = :guild"
                " AND deleted_ms IS NOT NULL AND removed_ms IS NULL",
                {"user": user_id, "guild": guild_id, "now": now_ms},
            )
            await insert_audit_entry(
                tx,
                AuditEntry(
                    guild_id=guild_id,
                    actor_id=actor_id,
                    action="purge",
                    detail=str(len(removed)),
                    user_id=user_id,
                    at_ms=now_ms,
                ),
            )
        await self._gallery.reap()
        return removed

    async def _mark_key(self) -> bytes:
        if self._key is None:
            self._key = await read_key(self._db)
        return self._key


_EXCLUDED = (
    "SELECT * FROM (SELECT user_id, guild_id, until_ms, reason, actor_id, at_ms FROM exclusions"
    "  WHERE user_id = :user AND guild_id IN (:guild, :everywhere)"
    " UNION ALL SELECT :user, guild_id, until_ms, '', NULL, 0 FROM nameless_exclusions"
    "  WHERE mark = :mark AND guild_id IN (:guild, :everywhere))"
    " WHERE until_ms IS NULL OR until_ms > :now"
    " ORDER BY until_ms IS NOT NULL, until_ms DESC LIMIT 1"
)


async def _owe_telling(
    tx: Transaction, exclusion: Exclusion, last: CancelledJob, text: str
) -> None:
    await insert_telling(
        tx,
        Telling(
            id=TellingId(new_id()),
            guild_id=last.guild_id,
            channel_id=last.channel_id,
            user_id=exclusion.user_id,
            text=text,
            created_ms=exclusion.at_ms,
        ),
    )


def _exclusion_action(exclusion: Exclusion) -> str:
    """A word for the log; an exclusion without an actor came from strikes."""
    if exclusion.until_ms is None:
        return "ban"
    return "struck out" if exclusion.actor_id is None else "time out"


def _describe_lifted(row: Row) -> str:
    """A description of the lifted exclusion for the log: its end and its reason."""
    until = "" if row["until_ms"] is None else f" until <t:{row['until_ms'] // 1000}:f>"
    why = f": {row['reason']}" if row["reason"] else ""
    return f"{'time-out' if until else 'ban'}{until}{why}"


async def insert_exclusion(
    tx: Transaction, exclusion: Exclusion, *, replace: bool = False
) -> list[CancelledJob]:
    """Exclude a member and log it; a longer exclusion stays unless `replace` is set.

    Cancels the member's waiting jobs there and returns them, oldest first.
    """
    await tx.execute(
        "INSERT INTO exclusions (user_id, guild_id, until_ms, reason, actor_id, at_ms)"
        " VALUES (:user, :guild, :until, :reason, :actor, :at) ON CONFLICT DO UPDATE SET"
        " until_ms = excluded.until_ms, reason = excluded.reason, actor_id = excluded.actor_id,"
        " at_ms = excluded.at_ms WHERE :replace"
        "  OR until_ms IS NOT NULL AND (excluded.until_ms IS NULL OR excluded.until_ms > until_ms)",
        {
            "user": exclusion.user_id,
            "guild": exclusion.guild_id,
            "until": exclusion.until_ms,
            "reason": exclusion.reason,
            "actor": exclusion.actor_id,
            "at": exclusion.at_ms,
            "replace": int(replace),
        },
    )
    until_ms = exclusion.until_ms
    minutes = None if until_ms is None else (until_ms - exclusion.at_ms) // 60_000
    await insert_audit_entry(
        tx,
        AuditEntry(
            guild_id=exclusion.guild_id,
            actor_id=exclusion.actor_id,
            action=_exclusion_action(exclusion),
            detail=exclusion.reason if minutes is None else f"{minutes} min: {exclusion.reason}",
            user_id=exclusion.user_id,
            at_ms=exclusion.at_ms,
        ),
    )
    return await cancel_jobs(
        tx,
        "user_id = :user AND :guild IN (guild_id, :everywhere)",
        {"user": exclusion.user_id, "guild": exclusion.guild_id, "everywhere": EVERYWHERE},
        exclusion.at_ms,
    )


async def _insert_strike(
    tx: Transaction, guild_id: GuildId, user_id: UserId, strike: Strike
) -> bool:
    new = await tx.execute(
        "INSERT INTO strikes (guild_id, user_id, rule, about, at_ms, expires_ms)"
        " VALUES (:guild, :user, :rule, :about, :at, :expires) ON CONFLICT DO NOTHING",
        {
            "guild": guild_id,
            "user": user_id,
            "rule": strike.rule,
            "about": strike.about,
            "at": strike.at_ms,
            "expires": strike.expires_ms,
        },
    )
    return bool(new)


async def _live_strikes(
    db: Database | Transaction, guild_id: GuildId, user_id: UserId, now_ms: int
) -> list[Row]:
    return await db.fetch_all(
        "SELECT * FROM strikes WHERE user_id = :user AND guild_id = :guild AND expires_ms > :now"
        " ORDER BY id",
        {"user": user_id, "guild": guild_id, "now": now_ms},
    )


def _strike_of(row: Row) -> Strike:
    return Strike(
        rule=RuleId(row["rule"]),
        about=row["about"],
        at_ms=row["at_ms"],
        expires_ms=row["expires_ms"],
    )


def _exclusion_of(row: Row) -> Exclusion:
    return Exclusion(
        user_id=UserId(row["user_id"]),
        guild_id=GuildId(row["guild_id"]),
        until_ms=row["until_ms"],
        reason=row["reason"],
        actor_id=None if row["actor_id"] is None else UserId(row["actor_id"]),
        at_ms=row["at_ms"],
    )
