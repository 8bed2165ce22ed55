"""The messages of cases in review channels: each is owed until it shows the newest revision.

The loop that posts them reads what is owed, posts or edits, and records the result. A case decided
before it was posted owes nothing. Must not know Discord, nor how a case is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import ChannelId, GuildId, MessageId, MessageRef
from bot.store.case_rows import CASE, Case, cases_of, record_lost_case_messages
from bot.store.db import Database
from bot.store.doomed import Hunt, doom_message, insert_hunt


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePosting:
    """An attempt to post a case, recorded before it is made."""

    channel_id: ChannelId
    #: A Discord snowflake older than every message of the case.
    since_id: int
    #: False: an earlier attempt may have left a message in the channel.
    is_first: bool


class CasePosts:
    """The message columns of the table `cases`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def owed_cases(
        self,
        limit: int,
        closed: Iterable[ChannelId] = (),
        *,
        skip_ids: Iterable[int | str] = (),
    ) -> list[Case]:
        """Cases whose message must be posted or, if its id is known, edited; oldest first.

        Leaves out the cases in `skip_ids` and those in channels that are `closed` for now. A server
        without a review channel is owed its cases as soon as it has one.
        """
        rows = await self._db.fetch_all(
            _OWED,
            {"closed": json.dumps(list(closed)), "nor": json.dumps(list(skip_ids)), "limit": limit},
        )
        return cases_of(rows)

    async def begin_posting(self, case: Case, now_ms: int) -> CasePosting | None:
        """Record an attempt to post, before it is made. None if nothing is owed (any more).

        An earlier attempt is finished in its channel, even if the server has since chosen another.
        """
        async with self._db.write() as tx:
            first = await tx.execute(
                "UPDATE cases SET posting_ms = :now, review_channel_id = :channel WHERE id = :id"
                " AND message_id IS NULL AND posting_ms IS NULL AND decision IS NULL",
                {"now": now_ms, "channel": case.review_channel_id, "id": case.id},
            )
            row = await tx.fetch_one(
                "SELECT review_channel_id, since_id FROM cases WHERE id = :id"
                " AND message_id IS NULL AND posting_ms IS NOT NULL",
                {"id": case.id},
            )
        if row is None:
            return None
        return CasePosting(
            channel_id=ChannelId(row["review_channel_id"]),
            since_id=row["since_id"],
            is_first=bool(first),
        )

    async def record_message(self, case: Case, message: MessageRef) -> bool:
        """Record that the message exists and shows `case`.

        Returns False if it must be deleted: the case is gone, or another message was recorded
        first.
        """
        async with self._db.write() as tx:
            await tx.execute(
                "UPDATE cases SET message_id = :message, review_channel_id = :channel,"
                " shown = max(shown, :revision) WHERE id = :id AND message_id IS NULL",
                {
                    "message": message.message_id,
                    "channel": message.channel_id,
                    "revision": case.revision,
                    "id": case.id,
                },
            )
            row = await tx.fetch_one(
                "SELECT 1 FROM cases WHERE id = :id AND message_id = :message",
                {"id": case.id, "message": message.message_id},
            )
            if row is None:
                await doom_message(tx, message)
        return row is not None

    async def record_edit(self, case: Case) -> None:
        """Record that the message shows `case`."""
        await self._db.write_one(
            "UPDATE cases SET shown = max(shown, :revision) WHERE id = :id",
            {"revision": case.revision, "id": case.id},
        )

    async def record_lost_answer(self, case: Case, posting: CasePosting) -> None:
        """Record that a message may exist.

        The next attempt finds it; if the case is gone, a search deletes it.
        """
        async with self._db.write() as tx:
            if not await tx.fetch_one("SELECT 1 FROM cases WHERE id = :id", {"id": case.id}):
                # A search started by forgetting may have ended before the message existed.
                await insert_hunt(
                    tx,
                    Hunt(
                        name=case.id,
                        channel_id=posting.channel_id,
                        guild_id=case.guild_id,
                        since_id=posting.since_id,
                    ),
                )

    async def abandon(self, case: Case) -> None:
        """Record that nothing was sent; the case will go to the server's current review channel.

        A case decided meanwhile owes nothing.
        """
        await self._db.write_one(
            "UPDATE cases SET posting_ms = NULL, review_channel_id = NULL,"
            " shown = iif(decision IS NULL, shown, revision)"
            " WHERE id = :id AND message_id IS NULL",
            {"id": case.id},
        )

    async def record_deleted_message(self, message_id: MessageId) -> None:
        """Record that a case's message was deleted on Discord; an open case is owed a new one."""
        async with self._db.write() as tx:
            await record_lost_case_messages(tx, "message_id = :message", {"message": message_id})

    async def record_deleted_channel(self, guild_id: GuildId, channel_id: ChannelId) -> None:
        """Record that a review channel was deleted with all its messages."""
        async with self._db.write() as tx:
            await record_lost_case_messages(
                tx,
                "guild_id = :guild AND review_channel_id = :channel AND decision IS NULL",
                {"guild": guild_id, "channel": channel_id},
            )


#: Forces the index; otherwise SQLite would scan every case ever opened.
_OWED = (
    f"SELECT * FROM (SELECT {CASE} FROM cases INDEXED BY cases_owed"  # noqa: S608  a constant
    "  WHERE shown < revision AND id NOT IN (SELECT value FROM json_each(:nor)))"
    " WHERE goes_to IS NOT NULL AND goes_to NOT IN (SELECT value FROM json_each(:closed))"
    " ORDER BY opened_ms LIMIT :limit"
)
