"""The vote ledger: an event for every reaction that counts, and the resulting current votes.

`cogs/voting/votes.py` records and reconciles; `/votes top` and the learning loop read. This module
applies the rule of `bot/store/ledger.py` to the tables, many reactions in one transaction.
Decisions:

- An event keeps its value, so a server that changes its emoji loses no vote; under a post both the
  emoji of its time and today's count.
- 👍🏽 is a thumb up (`bot/words/emoji.py`), but a separate reaction: taking back one leaves the
  other.
- A super reaction and a normal one with the same emoji are separate too.
- Deleting a message removes no vote: nobody changed their mind.
- Under a post of several pictures a reaction is no vote, because it does not say which of them it
  is about.
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
from bot.store.ledger import REACTION_AXIS, Ballot, Event, Pair, StandingReaction, VoteBook
from bot.store.nameless import (
    add_nameless_votes,
    drop_voter_marks,
    drop_withdrawn_votes,
    find_forgotten_voters,
    find_nameless_pairs,
    remove_nameless_votes,
    stop_waiting_for_post,
)
from bot.store.picture_rows import IS_VISIBLE, picture_of
from bot.words.emoji import reaction_key

#: The most reactions in one transaction, so that other writers get a turn.
_BATCH_MAX = 2_000


class Votes:
    """Records reactions and counts votes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._group = GroupCommit(self._commit, max_items=_BATCH_MAX)

    async def close(self) -> None:
        """Wait until everything recorded so far is committed."""
        await self._group.drain()

    async def record(self, reaction: Reaction) -> bool:
        """Record one reaction in the ledger; concurrent callers share a transaction.

        False if it is no vote: not under a post of ours, or not a vote emoji there. Adding a
        reaction that stands, or removing one that does not, writes nothing.
        """
        return await self._group.submit(reaction)

    async def record_many(self, reactions: Sequence[Reaction]) -> list[bool]:
        """Record reactions in order, in one transaction; return which of them are votes."""
        return await self._commit(reactions)

    async def _commit(self, reactions: Sequence[Reaction]) -> list[bool]:
        async with self._db.write() as tx:
            return (await _apply(tx, reactions))[0]

    async def clear_reactions(
        self,
        message_id: MessageId,
        emoji: str | None,
        at_ms: int,
        source: VoteSource = VoteSource.GATEWAY,
    ) -> int:
        """Record that a moderator cleared all reactions, or all of one emoji.

        Also removes nameless votes, if no other post ever showed the picture: with several posts it
        is unknown where their voters reacted, so they stay. For the same reason, clearing one emoji
        removes them only if the bot itself put it under the post. Returns how many were removed.
        """
        async with self._db.write() as tx:
            removals = [
                Reaction(
                    message_id=message_id,
                    voter_id=voter_id,
                    emoji=standing,
                    added=False,
                    at_ms=at_ms,
                    source=source,
                    burst=burst,
                )
                for voter_id, standing, burst in await _read_standing(tx, message_id)
                if emoji is None or reaction_key(standing) == reaction_key(emoji)
            ]
            named = (await _apply(tx, removals))[1]
            ballot = (await ballots_of(tx, {message_id})).get(message_id)
            if ballot is None:
                return named
            values = (1, -1) if emoji is None else ballot.seeded_values(emoji)
            return named + await drop_withdrawn_votes(
                tx, message_id, ballot.job_id, dict.fromkeys(values, ())
            )

    async def reconcile(
        self,
        message_id: MessageId,
        emoji: str,
        voter_ids: AbstractSet[UserId],
        at_ms: int,
        *,
        burst: bool = False,
        skip_voters: AbstractSet[UserId] = frozenset(),
    ) -> tuple[int, int]:
        """Make the ledger agree with Discord: exactly these people (no bots) react with `emoji`.

        Leaves `skip_voters` alone: the ledger has newer events of theirs. Returns how many
        reactions were added and how many removed.
        """
        async with self._db.write() as tx:
            known = {
                voter_id
                for voter_id, standing, is_super in await _read_standing(tx, message_id)
                if reaction_key(standing) == reaction_key(emoji) and is_super == burst
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
                    for voter_id in sorted(differing - skip_voters)
                ]
                for added, differing in ((True, voter_ids - known), (False, known - voter_ids))
            ]
            return (await _apply(tx, changes[0]))[1], (await _apply(tx, changes[1]))[1]

    async def begin_reading(self) -> int:
        """Call before reading a message's reactions; pass the result to `end_reading`."""
        row = await self._db.fetch_one("SELECT forgotten FROM installation")
        assert row is not None, "the migration made it"
        return row["forgotten"]

    async def end_reading(
        self, message_id: MessageId, reacting: Mapping[str, Iterable[UserId]], begun: int
    ) -> int:
        """Drop nameless votes whose voters no longer react; return how many.

        `reacting` holds all reactions on Discord under the message; every emoji in it must have
        been reconciled. As in `clear_reactions`, nothing is dropped if the picture had another
        post. `begun` is the result of `begin_reading`: reactions found later are newer than the
        requests of all members who had been forgotten then.
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
            await drop_voter_marks(tx)
            seen: dict[int, set[UserId]] = {1: set(), -1: set()}
            for emoji, voter_ids in reacting.items():
                value = ballot.value(emoji)
                # An emoji that is no vote today may have been one when the vote was cast.
                for possible in (1, -1) if value is None else (value,):
                    seen[possible].update(voter_ids)
            return await drop_withdrawn_votes(tx, message_id, ballot.job_id, seen)

    async def mark_unreadable(self, message_id: MessageId) -> None:
        """Record that Discord refuses to list the reactions under a message.

        Then no forgotten voter needs to stay marked because of it.
        """
        async with self._db.write() as tx:
            await stop_waiting_for_post(tx, message_id)

    async def standing_reactions(self, message_id: MessageId) -> list[tuple[UserId, str, bool]]:
        """The vote reactions under a message that the ledger knows.

        Each has its voter, its emoji, and whether it is a super reaction.
        """
        return await _read_standing(self._db, message_id)

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
        """A server's best pictures made in a period, by up minus down votes, then up votes.

        Leaves out pictures without an up vote, deleted and held ones, and other ratings.
        """
        rows = await self._db.fetch_all(
            f"WITH counted AS (SELECT pictures.*, {_COUNTS} FROM pictures"  # noqa: S608  a constant of this file
            "  WHERE guild_id = :guild AND created_ms BETWEEN :since AND :until"
            f"  AND {IS_VISIBLE} AND rating IN (SELECT value FROM json_each(:ratings)))"
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


#: The votes on `pictures.job_id`: nameless votes included, self-votes separate.
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


async def _read_standing(
    db: Database | Transaction, message_id: MessageId
) -> list[tuple[UserId, str, bool]]:
    rows = await db.fetch_all(
        "SELECT voter_id, emoji, burst FROM standing_reactions WHERE message_id = :message",
        {"message": message_id},
    )
    return [(UserId(row["voter_id"]), row["emoji"], bool(row["burst"])) for row in rows]


async def _apply(tx: Transaction, reactions: Sequence[Reaction]) -> tuple[list[bool], int]:
    """Apply reactions to the ledger; return which are votes, and the number of new events."""
    book = await _open_book(tx, reactions)
    votes = [book.apply(reaction) for reaction in reactions]
    if book.renamed_pairs:
        await remove_nameless_votes(tx, book.renamed_pairs)
    if book.nameless_votes:
        await add_nameless_votes(tx, book.nameless_votes)
    if book.events:
        await _write(tx, book)
    return votes, len(book.events)


async def _open_book(tx: Transaction, reactions: Sequence[Reaction]) -> VoteBook:
    """Load everything that the rule needs for these reactions, in at most five queries."""
    ballots = await ballots_of(tx, {reaction.message_id for reaction in reactions})
    pairs = {
        (ballots[reaction.message_id].job_id, reaction.voter_id)
        for reaction in reactions
        if reaction.message_id in ballots
    }
    if not pairs:
        return VoteBook(ballots={}, last_event_id=0)
    rows = await tx.fetch_all(
        "SELECT standing_reactions.* FROM json_each(:pairs) AS pair CROSS JOIN standing_reactions"
        " ON voter_id = pair.value ->> 1 AND job_id = pair.value ->> 0",
        {"pairs": json.dumps(list(pairs))},
    )
    last = await tx.fetch_one("SELECT ifnull(max(id), 0) AS id FROM vote_events")
    assert last is not None
    book = VoteBook(
        ballots=ballots,
        last_event_id=last["id"],
        nameless_pairs=await find_nameless_pairs(tx, pairs),
        forgotten_voters=await find_forgotten_voters(tx, {voter_id for _, voter_id in pairs}),
    )
    book.load(_stand_of(row) for row in rows)
    return book


def _stand_of(row: Row) -> StandingReaction:
    return StandingReaction(
        message_id=MessageId(row["message_id"]),
        voter_id=UserId(row["voter_id"]),
        emoji=row["emoji"],
        burst=bool(row["burst"]),
        job_id=JobId(row["job_id"]),
        value=row["value"],
        event_id=row["event_id"],
        at_ms=row["at_ms"],
    )


async def _write(tx: Transaction, book: VoteBook) -> None:
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
    # Insert only reactions that still stand: a later event of the batch may remove an earlier one.
    stands = {s.event_id: s for event in book.events if (s := book.standing_reaction(event))}
    await tx.execute_many(
        "INSERT INTO standing_reactions (message_id, voter_id, emoji, burst, job_id, value,"
        " event_id, at_ms)"
        " VALUES (:message_id, :voter_id, :emoji, :burst, :job_id, :value, :event_id, :at_ms)",
        [_stand_columns(stand) for stand in stands.values()],
    )
    await _write_votes(tx, book)


async def _write_votes(tx: Transaction, book: VoteBook) -> None:
    """Update the current vote of every pair that changed."""
    pairs: dict[Pair, Ballot] = {
        (event.ballot.job_id, event.voter_id): event.ballot for event in book.events
    }
    votes: list[Params] = []
    withdrawn: list[Params] = []
    for (job_id, voter_id), ballot in pairs.items():
        row: dict[str, str | int] = {"job_id": job_id, "voter_id": voter_id, "axis": REACTION_AXIS}
        if stand := book.current_vote((job_id, voter_id)):
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


def _stand_columns(stand: StandingReaction) -> Params:
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
