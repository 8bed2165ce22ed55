"""Choices between pictures and their rows: ledger events, and the resulting current choices.

A member has one current choice for each pair, across its duels, and one for each grid: a new choice
replaces the old one. Discord keeps no state of button presses, so after an outage there is nothing
to read back: a press that was not recorded was not answered either. `duels.py` and `grids.py` call
this inside their transactions.
"""

from __future__ import annotations

import json

from bot.ballot import Axis, Choice, Duel, DuelId, DuelOrigin, DuelTally, DuelVote, VoteSource
from bot.domain import JobId, OwedPostId, UserId
from bot.store.db import Database, Params, Row, Transaction
from bot.store.nameless import remove_nameless_choices


def duel_vote_of(row: Row) -> DuelVote:
    """A row of `DECIDED` as a `DuelVote`."""
    left, right = JobId(row["left_job"]), JobId(row["right_job"])
    winner, loser = (left, right) if row["place"] == Choice.LEFT.place else (right, left)
    return DuelVote(
        duel_id=DuelId(row["id"]),
        winner=winner,
        loser=loser,
        origin=DuelOrigin(row["origin"]),
        voter_id=None if row["voter_id"] is None else UserId(row["voter_id"]),
        at_ms=row["at_ms"],
    )


async def record_choice(
    tx: Transaction,
    duel: Duel,
    voter_id: UserId,
    choice: Choice | None,
    at_ms: int,
    *,
    self_vote: bool,
) -> None:
    """Take back the voter's choice for this pair and record the new one, if any."""
    pair = await tx.fetch_all(
        "SELECT id FROM duels WHERE pair = (SELECT pair FROM duels WHERE id = :id)", {"id": duel.id}
    )
    ids = [DuelId(row["id"]) for row in pair]
    await remove_nameless_choices(tx, ids, voter_id)
    standing = await tx.fetch_all(
        "SELECT about, place, self_vote, message_id FROM choices JOIN duels ON duels.id = about"
        " WHERE axis = 'duel' AND voter_id = :user"
        " AND about IN (SELECT value FROM json_each(:ids))",
        {"user": voter_id, "ids": json.dumps(ids)},
    )
    new = None if choice is None else (duel.id, choice.place)
    for row in standing:
        if (row["about"], row["place"]) != new:
            await _record_event(tx, Axis.DUEL, _event_columns(row, voter_id, at_ms), added=False)
    if new is not None and new not in {(row["about"], row["place"]) for row in standing}:
        event = {
            "about": duel.id,
            "place": new[1],
            "message": duel.message_id,
            "voter": voter_id,
            "self": int(self_vote),
            "at": at_ms,
        }
        await _record_event(tx, Axis.DUEL, event, added=True)


async def record_pick(
    tx: Transaction, grid: OwedPostId, voter_id: UserId, place: int | None, event: Params
) -> None:
    """Take back the voter's pick in a grid and record the new one, if any.

    `event` holds the grid's `message`, whether it is a self-vote (`self`), and the time (`at`).
    """
    event = {**event, "about": grid, "voter": voter_id, "place": place}
    await remove_nameless_choices(tx, [grid], voter_id)
    row = await tx.fetch_one(
        "SELECT place, self_vote FROM choices"
        " WHERE axis = 'pick' AND about = :about AND voter_id = :voter",
        event,
    )
    if row is not None and row["place"] == place:
        return
    if row is not None:
        old_event = {**event, "place": row["place"], "self": row["self_vote"]}
        await _record_event(tx, Axis.PICK, old_event, added=False)
    if place is not None:
        await _record_event(tx, Axis.PICK, event, added=True)


def _event_columns(row: Row, voter_id: UserId, at_ms: int) -> Params:
    return {
        "about": row["about"],
        "place": row["place"],
        "message": row["message_id"],
        "voter": voter_id,
        "self": row["self_vote"],
        "at": at_ms,
    }


async def _record_event(tx: Transaction, axis: Axis, values: Params, *, added: bool) -> None:
    """Record one event of the ledger and update the current choice."""
    event: Params = {**values, "axis": axis}
    await tx.execute(
        "INSERT INTO vote_events (message_id, voter_id, axis, about, place, added, self_vote,"
        " source, at_ms) VALUES (:message, :voter, :axis, :about, :place, :added, :self, :source,"
        " :at)",
        {**event, "added": int(added), "source": VoteSource.PRESS},
    )
    await tx.execute(_ADD if added else _TAKE_BACK, event)


_ADD = (
    "INSERT OR REPLACE INTO choices (axis, about, voter_id, place, self_vote, at_ms)"
    " VALUES (:axis, :about, :voter, :place, :self, :at)"
)
_TAKE_BACK = "DELETE FROM choices WHERE axis = :axis AND about = :about AND voter_id = :voter"


async def _count_choices(db: Database | Transaction, axis: Axis, about: str) -> list[Row]:
    """Count the choices of each place, self-votes separately, nameless choices included."""
    return await db.fetch_all(
        "SELECT place, self_vote, count(*) AS n FROM ("
        "  SELECT place, self_vote FROM choices WHERE axis = :axis AND about = :id"
        "  UNION ALL SELECT place, 0 FROM nameless_choices WHERE axis = :axis AND about = :id)"
        " GROUP BY place, self_vote ORDER BY place",
        {"axis": axis, "id": about},
    )


async def count_picks(db: Database | Transaction, grid: OwedPostId) -> dict[int, int]:
    """The number of current picks for each place of a grid, without self-picks."""
    rows = await _count_choices(db, Axis.PICK, grid)
    return {row["place"]: row["n"] for row in rows if not row["self_vote"]}


async def tally_of(db: Database | Transaction, duel_id: DuelId) -> DuelTally:
    """The current choices in a duel, including nameless ones."""
    rows = await _count_choices(db, Axis.DUEL, duel_id)
    counts = {Choice.at(row["place"]): row["n"] for row in rows if not row["self_vote"]}
    return DuelTally(
        left=counts.get(Choice.LEFT, 0),
        right=counts.get(Choice.RIGHT, 0),
        skip=counts.get(Choice.SKIP, 0),
        self_votes=sum(row["n"] for row in rows if row["self_vote"]),
    )


#: Every counted choice except skips, in a server's duels opened since a time.
DECIDED = (
    "SELECT duels.*, place, voter_id, at_ms FROM duels"
    " JOIN choices ON axis = 'duel' AND about = duels.id"
    " WHERE guild_id = :guild AND opened_ms >= :since AND place > 0 AND NOT self_vote"
    " UNION ALL SELECT duels.*, place, NULL, NULL FROM duels"
    " JOIN nameless_choices ON axis = 'duel' AND about = duels.id"
    " WHERE guild_id = :guild AND opened_ms >= :since AND place > 0"
    " ORDER BY opened_ms, id, voter_id"
)
