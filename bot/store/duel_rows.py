"""Duels and their rows, and how duels end when their pictures are deleted.

`duels.py` and `parties.py` write them; a store that deletes a picture closes its duels in the same
transaction, with `close_duels_of_jobs`. `doomed.py` dooms their messages.
"""

# ruff: noqa: S608 these statements are built from constants of this file

from __future__ import annotations

from bot.ballot import Duel, DuelId, DuelOrigin, Party, PartyId
from bot.domain import ChannelId, GuildId, JobId, MessageId, UserId
from bot.store.db import Params, Row, Transaction


def duel_of(row: Row) -> Duel:
    """A row of `duels` as a `Duel`."""
    return Duel(
        id=DuelId(row["id"]),
        guild_id=GuildId(row["guild_id"]),
        channel_id=None if row["channel_id"] is None else ChannelId(row["channel_id"]),
        left_job=JobId(row["left_job"]),
        right_job=JobId(row["right_job"]),
        origin=DuelOrigin(row["origin"]),
        message_id=None if row["message_id"] is None else MessageId(row["message_id"]),
        opened_ms=row["opened_ms"],
        closed_ms=row["closed_ms"],
        party_id=None if row["party_id"] is None else PartyId(row["party_id"]),
        since_id=row["since_id"],
        posted_ms=row["posted_ms"],
    )


def party_of(row: Row) -> Party:
    """A row of `parties` as a `Party`."""
    return Party(
        id=PartyId(row["id"]),
        guild_id=GuildId(row["guild_id"]),
        channel_id=ChannelId(row["channel_id"]),
        user_id=UserId(row["user_id"]),
        since_id=row["since_id"],
        begun_ms=row["begun_ms"],
        ends_ms=row["ends_ms"],
    )


async def insert_duel(tx: Transaction, duel: Duel) -> Duel:
    """Add a duel. If members already rate this pair alone, return the duel they share."""
    (row,) = await tx.fetch_all(
        "INSERT INTO duels (id, origin, guild_id, channel_id, party_id, left_job, right_job,"
        " opened_ms, since_id) VALUES (:id, :origin, :guild, :channel, :party, :left, :right,"
        " :opened, :since) ON CONFLICT (guild_id, pair) WHERE origin = 'alone'"
        " DO UPDATE SET closed_ms = NULL, told = 0 RETURNING *",
        {
            "id": duel.id,
            "origin": duel.origin,
            "guild": duel.guild_id,
            "channel": duel.channel_id,
            "party": duel.party_id,
            "left": duel.left_job,
            "right": duel.right_job,
            "opened": duel.opened_ms,
            "since": duel.since_id,
        },
    )
    return duel_of(row)


async def close_duels_of_jobs(tx: Transaction, which: str, values: Params) -> None:
    """Close the duels that show a picture of these jobs; the choices stay.

    `values` holds the time as `now`. Their messages must be doomed before.
    """
    await tx.execute(
        "UPDATE duels SET closed_ms = ifnull(closed_ms, :now), message_id = NULL, told = 1"
        f" WHERE id IN ({DUELS_OF_JOBS.format(which=which)})",
        values,
    )


async def record_lost_duel_messages(tx: Transaction, values: Params) -> None:
    """Record that these messages (`ids`, as JSON) are gone, and close their duels.

    `values` holds the time as `now`.
    """
    await tx.execute(
        "UPDATE duels SET closed_ms = ifnull(closed_ms, :now), message_id = NULL, told = 1"
        " WHERE message_id IN (SELECT value FROM json_each(:ids))",
        values,
    )


async def close_duels(
    tx: Transaction, which: str, values: Params, *, closed_sql: str = ":now"
) -> None:
    """Close the matching open duels, at the time that the expression `closed_sql` gives.

    Their messages are owed an update. One with an unknown id is searched for; otherwise it would
    keep its buttons.
    """
    await tx.execute(
        "INSERT OR IGNORE INTO hunts (name, channel_id, guild_id, since_id)"
        " SELECT id, channel_id, guild_id, since_id FROM duels"
        f" WHERE {which} AND {MAY_BE_POSTED}",
        values,
    )
    await tx.execute(
        f"UPDATE duels SET closed_ms = {closed_sql}, told = message_id IS NULL"
        f" WHERE {which} AND closed_ms IS NULL",
        values,
    )


#: A message of the duel may exist, with an unknown id.
MAY_BE_POSTED = "posting_ms IS NOT NULL AND message_id IS NULL AND closed_ms IS NULL"
#: The duels that show a picture of the matching jobs.
DUELS_OF_JOBS = (
    "SELECT duels.id FROM duels WHERE left_job IN (SELECT id FROM jobs WHERE {which})"
    " OR right_job IN (SELECT id FROM jobs WHERE {which})"
)
