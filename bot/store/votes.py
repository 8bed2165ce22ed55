"""The vote ledger: every reaction that counts as an event, and the current votes that follow.

`cogs/voting/votes.py` records and reconciles; `/votes top` and the learning loop read. This module
applies the rule of `bot/store/ledger.py` to the tables, many reactions in one transaction. Decided:

- An event keeps its value, so a server that changes its emoji loses no vote; under a post both the
  emoji of its time and today's count.
- 👍🏽 is a thumb up (`bot/words/emoji.py`), yet a reaction of
  its own: taking back one leaves the other.
- So is a super reaction beside a normal one with the same emoji.
- A message that is deleted takes no vote with it: nobody changed their mind.
- Under a post of several pictures a reaction is no vote: it does not say which of them it is about.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from bot.ballot import Reaction, Tally, VoteSource
from bot.domain import GuildId, JobId, MessageId, Picture, Rating, UserId
from bot.store.ballots import ballots_of
from bot.store.db import Database, Params, Row, Transaction
from bot.store.group_commit import GroupCommit
from bot.store.ledger import REACTION_AXIS, Ballot, Book, Event, Pair, Stand
from bot.store.nameless import (
    count,
    discount,
    drop_gone,
    drop_voters,
    find_counted,
    find_forgotten,
    stop_marking_at,
)
from bot.store.picture_rows import SEEN, picture_of
from bot.words.emoji import reaction_key

#: Reactions in one transaction at most, so that other writers get a turn.
_MOST = 2_000


class Votes:
    """Records reactions and counts votes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._group = GroupCommit(self._commit, most=_MOST)

    async def close(self) -> None:
        """Return when everything recorded so far is committed."""
        await self._group.idle()

    async def record(self, reaction: Reaction) -> bool:
        """Take one reaction into the ledger; concurrent callers share a transaction.

        False if it is no vote: not a post of ours, or no vote emoji there. Adding what stands, or
        removing what does not, writes nothing.
        """
        return await self._group.do(reaction)

    async def record_many(self, reactions: Sequence[Reaction]) -> list[bool]:
        """Take reactions in order, in one transaction; return which of them are votes."""
        return await self._commit(reactions)

    async def _commit(self, reactions: Sequence[Reaction]) -> list[bool]:
        async with self._db.write() as tx:
            return (await _take(tx, reactions))[0]

    async def cleared(
        self,
        message_id: MessageId,
        emoji: str | None,
        at_ms: int,
        source: VoteSource = VoteSource.GATEWAY,
    ) -> int:
        """A moderator cleared all reactions, or all of one emoji; return how many votes fell.

        Nameless votes fall too, if no other post ever showed the picture: with several posts it is
        unknown where their voters reacted, so they stay. For the same reason, one emoji removes
        them only if the post was opened with it.
        """
        async with self._db.write() as tx:
            fallen = [
                Reaction(
                    message_id=message_id,
                    voter_id=voter_id,
                    emoji=stands,
                    added=False,
                    at_ms=at_ms,
                    source=source,
                    burst=burst,
                )
                for voter_id, stands, burst in await _standing(tx, message_id)
                if emoji is None or reaction_key(stands) == reaction_key(emoji)
            ]
            named = (await _take(tx, fallen))[1]
            ballot = (await ballots_of(tx, {message_id})).get(message_id)
            if ballot is None:
                return named
            values = (1, -1) if emoji is None else ballot.opened_with(emoji)
            return named + await drop_gone(tx, message_id, ballot.job_id, dict.fromkeys(values, ()))

    async def reconcile(
        self,
        message_id: MessageId,
        emoji: str,
        voter_ids: AbstractSet[UserId],
        at_ms: int,
        *,
        burst: bool = False,
        besides: AbstractSet[UserId] = frozenset(),
    ) -> tuple[int, int]:
        """Make the ledger agree with Discord: exactly these people (no bots) react with `emoji`.

        People in `besides` stay as they are: the ledger has newer events of theirs. Returns how
        many reactions were added and how many removed.
        """
        async with self._db.write() as tx:
            known = {
                voter_id
                for voter_id, stands, super_reaction in await _standing(tx, message_id)
                if reaction_key(stands) == reaction_key(emoji) and super_reaction == burst
            }
            changes = [
                [
                    Reaction(
                        message_id=message_id,
                        voter_id=voter_id,
                        emoji=emoji,
                        added=added,
                        at_ms=at_ms,
                        source=VoteSource.RECONCILED,
                        burst=burst,
                    )
                    for voter_id in sorted(differing - besides)
                ]
                for added, differing in ((True, voter_ids - known), (False, known - voter_ids))
            ]
            return (await _take(tx, changes[0]))[1], (await _take(tx, changes[1]))[1]

    async def begin_reading(self) -> int:
        """Comes before the reactions of a message are read; what it returns is `end_reading`'s."""
        row = await self._db.fetch_one("SELECT forgotten FROM installation")
        assert row is not None, "the migration made it"
        return row["forgotten"]

    async def end_reading(
        self, message_id: MessageId, reacting: Mapping[str, Iterable[UserId]], begun: int
    ) -> int:
        """Drop nameless votes whose voters no longer react; return how many.

        `reacting` is everything that stands on Discord under the message, and every emoji of it was
        reconciled. As in `cleared`, nothing falls if the picture had another post. From now on what
        comes to light is newer than the wishes of all who had been forgotten when it was `begun`.
        """
        async with self._db.write() as tx:
            ballot = (await ballots_of(tx, {message_id})).get(message_id)
            if ballot is None:
                return 0
            await tx.execute(
                "UPDATE posts SET read_after = :begun WHERE message_id = :message"
                " AND read_after < :begun",
                {"begun": begun, "message": message_id},
            )
            await drop_voters(tx)
            seen: dict[int, set[UserId]] = {1: set(), -1: set()}
            for emoji, voter_ids in reacting.items():
                value = ballot.value(emoji)
                # An emoji without a meaning today may have been the server's when the vote was
                # cast.
                for meant in (1, -1) if value is None else (value,):
                    seen[meant].update(voter_ids)
            return await drop_gone(tx, message_id, ballot.job_id, seen)

    async def unreadable(self, message_id: MessageId) -> None:
        """Discord refuses to tell who reacts; no forgotten voter stays marked on its account."""
        async with self._db.write() as tx:
            await stop_marking_at(tx, message_id)

    async def standing(self, message_id: MessageId) -> list[tuple[UserId, str, bool]]:
        """The vote reactions under a message, as far as the ledger knows.

        Each with its voter, its emoji, and whether it is a super reaction.
        """
        return await _standing(self._db, message_id)

    async def tally(self, job_id: JobId) -> Tally:
        """The votes on one picture."""
        row = await self._db.fetch_one(
            f"SELECT {_COUNTS} FROM (SELECT :job AS job_id) AS pictures",  # noqa: S608  a constant of this file
            {"job": job_id},
        )
        assert row is not None
        return _tally_of(row)

    async def top(
        self,
        guild_id: GuildId,
        since_ms: int,
        until_ms: int,
        limit: int,
        *,
        ratings: Iterable[Rating],
    ) -> list[tuple[Picture, Tally]]:
        """A server's best pictures made in a period, by ups minus downs, then ups.

        A picture needs a vote up; deleted and held ones and other ratings are left out.
        """
        rows = await self._db.fetch_all(
            f"WITH counted AS (SELECT pictures.*, {_COUNTS} FROM pictures"  # noqa: S608  a constant of this file
            "  WHERE guild_id = :guild AND created_ms BETWEEN :since AND :until"
            f"  AND {SEEN} AND rating IN (SELECT value FROM json_each(:ratings)))"
            " SELECT * FROM counted WHERE up > 0"
            " ORDER BY up - down DESC, up DESC, created_ms LIMIT :limit",
            {
                "guild": guild_id,
                "since": since_ms,
                "until": until_ms,
                "ratings": json.dumps(list(ratings)),
                "limit": limit,
            },
        )
        return [(picture_of(row), _tally_of(row)) for row in rows]


#: The votes on `pictures.job_id`: nameless ones included, self-votes apart.
_COUNTS = (
    "(SELECT count(*) FROM votes WHERE job_id = pictures.job_id AND axis = 'taste'"
    "  AND value = 1 AND NOT self_vote)"
    " + ifnull((SELECT up FROM nameless_tallies"
    "  WHERE job_id = pictures.job_id AND axis = 'taste'), 0) AS up,"
    " (SELECT count(*) FROM votes WHERE job_id = pictures.job_id AND axis = 'taste'"
    "  AND value = -1 AND NOT self_vote)"
    " + ifnull((SELECT down FROM nameless_tallies"
    "  WHERE job_id = pictures.job_id AND axis = 'taste'), 0) AS down,"
    " (SELECT count(*) FROM votes WHERE job_id = pictures.job_id AND axis = 'taste'"
    "  AND self_vote) AS self_votes"
)


def _tally_of(row: Row) -> Tally:
    return Tally(up=row["up"], down=row["down"], self_votes=row["self_votes"])


async def _standing(
    db: Database | Transaction, message_id: MessageId
) -> list[tuple[UserId, str, bool]]:
    rows = await db.fetch_all(
        "SELECT voter_id, emoji, burst FROM standing_reactions WHERE message_id = :message",
        {"message": message_id},
    )
    return [(UserId(row["voter_id"]), row["emoji"], bool(row["burst"])) for row in rows]


async def _take(tx: Transaction, reactions: Sequence[Reaction]) -> tuple[list[bool], int]:
    """Take reactions into the ledger; return which are votes, and how many events were written."""
    book = await _open_book(tx, reactions)
    votes = [book.take(reaction) for reaction in reactions]
    if book.uncounted:
        await discount(tx, book.uncounted)
    if book.nameless:
        await count(tx, book.nameless)
    if book.events:
        await _write(tx, book)
    return votes, len(book.events)


async def _open_book(tx: Transaction, reactions: Sequence[Reaction]) -> Book:
    """Everything that the rule needs to know for these reactions, in five queries at most."""
    ballots = await ballots_of(tx, {reaction.message_id for reaction in reactions})
    pairs = {
        (ballots[reaction.message_id].job_id, reaction.voter_id)
        for reaction in reactions
        if reaction.message_id in ballots
    }
    if not pairs:
        return Book(ballots={}, last_event_id=0)
    rows = await tx.fetch_all(
        "SELECT standing_reactions.* FROM json_each(:pairs) AS pair CROSS JOIN standing_reactions"
        " ON voter_id = pair.value ->> 1 AND job_id = pair.value ->> 0",
        {"pairs": json.dumps(list(pairs))},
    )
    last = await tx.fetch_one("SELECT ifnull(max(id), 0) AS id FROM vote_events")
    assert last is not None
    book = Book(
        ballots=ballots,
        last_event_id=last["id"],
        counted=await find_counted(tx, pairs),
        forgotten=await find_forgotten(tx, {voter_id for _, voter_id in pairs}),
    )
    book.load(_stand_of(row) for row in rows)
    return book


def _stand_of(row: Row) -> Stand:
    return Stand(
        message_id=MessageId(row["message_id"]),
        voter_id=UserId(row["voter_id"]),
        emoji=row["emoji"],
        burst=bool(row["burst"]),
        job_id=JobId(row["job_id"]),
        value=row["value"],
        event_id=row["event_id"],
        at_ms=row["at_ms"],
    )


async def _write(tx: Transaction, book: Book) -> None:
    """Write the events, then update standing reactions and current votes."""
    await tx.execute_many(
        "INSERT INTO vote_events (id, message_id, job_id, voter_id, axis, emoji, burst, value,"
        " added, self_vote, source, at_ms) VALUES (:id, :message_id, :job_id, :voter_id, :axis,"
        " :emoji, :burst, :value, :added, :self_vote, :source, :at_ms)",
        [_event_columns(event) for event in book.events],
    )
    await tx.execute_many(
        "DELETE FROM standing_reactions WHERE message_id = :message_id AND voter_id = :voter_id"
        " AND emoji = :emoji AND burst = :burst",
        [_event_columns(event) for event in book.events if not event.added],
    )
    # Insert only what still stands: a later event of the batch may have taken an add back.
    stands = {s.event_id: s for event in book.events if (s := book.stand_of(event))}
    await tx.execute_many(
        "INSERT INTO standing_reactions (message_id, voter_id, emoji, burst, job_id, value,"
        " event_id, at_ms)"
        " VALUES (:message_id, :voter_id, :emoji, :burst, :job_id, :value, :event_id, :at_ms)",
        [_stand_columns(stand) for stand in stands.values()],
    )
    await _write_votes(tx, book)


async def _write_votes(tx: Transaction, book: Book) -> None:
    """Update the current vote of every pair that changed."""
    pairs: dict[Pair, Ballot] = {
        (event.ballot.job_id, event.voter_id): event.ballot for event in book.events
    }
    votes: list[Params] = []
    withdrawn: list[Params] = []
    for (job_id, voter_id), ballot in pairs.items():
        row: dict[str, str | int] = {"job_id": job_id, "voter_id": voter_id, "axis": REACTION_AXIS}
        if stand := book.current((job_id, voter_id)):
            self_vote = int(voter_id == ballot.requester_id)
            row |= {"value": stand.value, "self_vote": self_vote, "at_ms": stand.at_ms}
            votes.append(row)
        else:
            withdrawn.append(row)
    await tx.execute_many(
        "INSERT OR REPLACE INTO votes (job_id, axis, voter_id, value, self_vote, at_ms)"
        " VALUES (:job_id, :axis, :voter_id, :value, :self_vote, :at_ms)",
        votes,
    )
    await tx.execute_many(
        "DELETE FROM votes WHERE job_id = :job_id AND axis = :axis AND voter_id = :voter_id",
        withdrawn,
    )


def _event_columns(event: Event) -> Params:
    return {
        "id": event.id,
        "message_id": event.ballot.message_id,
        "job_id": event.ballot.job_id,
        "voter_id": event.voter_id,
        "axis": REACTION_AXIS,
        "emoji": event.emoji,
        "burst": int(event.burst),
        "value": event.value,
        "added": int(event.added),
        "self_vote": int(event.voter_id == event.ballot.requester_id),
        "source": event.source,
        "at_ms": event.at_ms,
    }


def _stand_columns(stand: Stand) -> Params:
    return {
        "message_id": stand.message_id,
        "voter_id": stand.voter_id,
        "emoji": stand.emoji,
        "burst": int(stand.burst),
        "job_id": stand.job_id,
        "value": stand.value,
        "event_id": stand.event_id,
        "at_ms": stand.at_ms,
    }
