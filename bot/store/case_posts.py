"""The messages of cases in review channels: each is owed until it shows its case's newest revision.

For the loop that posts them: it looks what is owed, posts or edits, and writes down what came of
it. A case that is decided before it was posted owes nothing. No Discord here, and nothing of how a
case is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import ChannelId, GuildId, MessageId, MessageRef
from bot.store.case_rows import CASE, Case, cases_of, lose_messages
from bot.store.db import Database
from bot.store.doomed import Hunt, doom, hunt_down


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePosting:
    """A try to post a case that is about to be made."""

    channel_id: ChannelId
    #: A snowflake of Discord's own that is older than every message of the case.
    since_id: int
    #: False: an earlier try may have left a message in the channel.
    is_first: bool


class CasePosts:
    """What the table `cases` says of messages."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def owed(
        self,
        limit: int,
        closed: Iterable[ChannelId] = (),
        *,
        nor: Iterable[int | str] = (),
    ) -> list[Case]:
        """Cases whose message is to be posted or, if it is known, edited; the oldest first.

        Without the cases `nor` and those of channels that are `closed` for now. A server without a
        review channel is owed its cases as soon as it has one.
        """
        rows = await self._db.fetch_all(
            _OWED,
            {"closed": json.dumps(list(closed)), "nor": json.dumps(list(nor)), "limit": limit},
        )
        return cases_of(rows)

    async def begin(self, case: Case, now_ms: int) -> CasePosting | None:
        """Record the first try to post, before it is made. None if none is to be made (any more).

        An earlier try is finished in its channel, whatever review channel the server has by now.
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

    async def posted(self, case: Case, message: MessageRef) -> bool:
        """The message of a case is there and shows it as `case`.

        False if it is to go: the case is gone meanwhile, or another message was remembered first.
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
                await doom(tx, message)
        return row is not None

    async def edited(self, case: Case) -> None:
        """The message shows the case as `case`."""
        await self._db.write_one(
            "UPDATE cases SET shown = max(shown, :revision) WHERE id = :id",
            {"revision": case.revision, "id": case.id},
        )

    async def answer_lost(self, case: Case, posting: CasePosting) -> None:
        """The message may be there: it is looked for at the next try, or goes with its case."""
        async with self._db.write() as tx:
            if not await tx.fetch_one("SELECT 1 FROM cases WHERE id = :id", {"id": case.id}):
                # The hunt that forgetting began may have ended before the message was there.
                await hunt_down(
                    tx,
                    Hunt(
                        name=case.id,
                        channel_id=posting.channel_id,
                        guild_id=case.guild_id,
                        since_id=posting.since_id,
                    ),
                )

    async def abandon(self, case: Case) -> None:
        """Nothing was sent, for certain: it goes to whatever review channel the server has next.

        What was decided meanwhile owes nothing any more.
        """
        await self._db.write_one(
            "UPDATE cases SET posting_ms = NULL, review_channel_id = NULL,"
            " shown = iif(decision IS NULL, shown, revision)"
            " WHERE id = :id AND message_id IS NULL",
            {"id": case.id},
        )

    async def gone(self, message_id: MessageId) -> None:
        """A case's message is gone from Discord; who is undecided is owed a new one."""
        async with self._db.write() as tx:
            await lose_messages(tx, "message_id = :message", {"message": message_id})

    async def channel_gone(self, guild_id: GuildId, channel_id: ChannelId) -> None:
        """A review channel is gone with all its messages."""
        async with self._db.write() as tx:
            await lose_messages(
                tx,
                "guild_id = :guild AND review_channel_id = :channel AND decision IS NULL",
                {"guild": guild_id, "channel": channel_id},
            )


#: By its index, or it would walk over every case that there ever was.
_OWED = (
    f"SELECT * FROM (SELECT {CASE} FROM cases INDEXED BY cases_owed"  # noqa: S608  a constant
    "  WHERE shown < revision AND id NOT IN (SELECT value FROM json_each(:nor)))"
    " WHERE goes_to IS NOT NULL AND goes_to NOT IN (SELECT value FROM json_each(:closed))"
    " ORDER BY opened_ms LIMIT :limit"
)
