"""Rating parties: which are running, and which duel each has reached.

`cogs/voting/parties.py` begins, advances and ends them; the rows hold everything that a restart
needs. Must not know what a duel shows.
"""

from __future__ import annotations

from bot.ballot import Duel, Party, PartyId
from bot.domain import ChannelId
from bot.store.db import Database
from bot.store.duel_rows import close_duels, duel_of, insert_duel, party_of


class Parties:
    """The table `parties`, and the parties' duels."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, party: Party) -> bool:
        """Begin a party. False if one is already running in its channel."""
        rows = await self._db.write_one(
            "INSERT INTO parties (id, guild_id, channel_id, user_id, since_id, begun_ms, ends_ms)"
            " VALUES (:id, :guild, :channel, :user, :since, :begun, :ends)"
            " ON CONFLICT (channel_id) WHERE ended_ms IS NULL DO NOTHING RETURNING 1",
            {
                "id": party.id,
                "guild": party.guild_id,
                "channel": party.channel_id,
                "user": party.user_id,
                "since": party.since_id,
                "begun": party.begun_ms,
                "ends": party.ends_ms,
            },
        )
        return bool(rows)

    async def get(self, party_id: PartyId) -> Party | None:
        """A running party; None if it has ended."""
        row = await self._db.fetch_one(
            "SELECT * FROM parties WHERE id = :id AND ended_ms IS NULL", {"id": party_id}
        )
        return party_of(row) if row else None

    async def running_in(self, channel_id: ChannelId) -> Party | None:
        """The party running in a channel, if any."""
        row = await self._db.fetch_one(
            "SELECT * FROM parties WHERE channel_id = :channel AND ended_ms IS NULL",
            {"channel": channel_id},
        )
        return party_of(row) if row else None

    async def running_parties(self) -> list[Party]:
        """Every running party, in the order of their ends."""
        rows = await self._db.fetch_all(
            "SELECT * FROM parties INDEXED BY parties_alive WHERE ended_ms IS NULL ORDER BY ends_ms"
        )
        return [party_of(row) for row in rows]

    async def duels(self, party_id: PartyId) -> list[Duel]:
        """The duels of a party, newest first."""
        rows = await self._db.fetch_all(
            "SELECT * FROM duels WHERE party_id = :party ORDER BY opened_ms DESC, rowid DESC",
            {"party": party_id},
        )
        return [duel_of(row) for row in rows]

    async def step(self, party_id: PartyId, duel: Duel | None, now_ms: int) -> bool:
        """Close the party's open duel and open the next one; None ends the party.

        Returns False, changing nothing, if the party has already ended.
        """
        async with self._db.write() as tx:
            running = await tx.fetch_one(
                "SELECT 1 FROM parties WHERE id = :id AND ended_ms IS NULL", {"id": party_id}
            )
            if running is None:
                return False
            await close_duels(tx, "party_id = :id", {"id": party_id, "now": now_ms})
            if duel is not None:
                await insert_duel(tx, duel)
            else:
                await tx.execute(
                    "UPDATE parties SET ended_ms = :now WHERE id = :id",
                    {"id": party_id, "now": now_ms},
                )
        return True
