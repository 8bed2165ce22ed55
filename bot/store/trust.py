"""Facts about a server's voters, counted from their votes.

Nothing is stored for it: an account's age follows from its id, the rest from its current votes and
choices. Leaderboards, duels and the learning loop weigh votes by it (`models/statistics/trust.py`);
members never see it. Must not know the weight of a fact.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping

from bot.domain import GuildId, UserId
from bot.store.db import Database, Row
from models.statistics.trust import Voter, weights

#: How many of a server's newest votes are counted; the computation builds tables of them.
_VOTES_MAX = 4_000
#: How long a server's weights are cached; they change slowly, and each duel press needs them.
_CACHE_MS = 300_000
#: Discord's snowflakes count milliseconds from the start of 2015, above 22 other bits.
_EPOCH_MS, _AGE_SHIFT = 1_420_070_400_000, 22
#: An unknown voter: a new or a forgotten member.
_STRANGER = Voter(age_ms=0, votes=1)


class Trust:
    """Reads a server's votes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._weights: dict[GuildId, tuple[int, Mapping[UserId, float]]] = {}

    async def voters(self, guild_id: GuildId) -> dict[UserId, Voter]:
        """The facts about everybody with a current vote or choice on this server's pictures."""
        rows = await self._db.fetch_all(_CASTS, {"guild": guild_id, "limit": _VOTES_MAX})
        return await asyncio.to_thread(_count_columns, rows)

    async def weights(self, guild_id: GuildId, now_ms: int) -> Mapping[UserId, float]:
        """The weight of each voter of a server, in 0..1, cached for some minutes.

        A voter who is missing has the `stranger_weight`.
        """
        counted_ms, known = self._weights.get(guild_id, (now_ms - _CACHE_MS - 1, {}))
        if not 0 <= now_ms - counted_ms <= _CACHE_MS:
            voters = await self.voters(guild_id)
            known = dict(zip(voters, weights(list(voters.values())), strict=True))
            self._weights[guild_id] = (now_ms, known)
        return known


def stranger_weight() -> float:
    """The weight of an unknown voter."""
    return weights([_STRANGER])[0]


def _count_columns(rows: Iterable[Row]) -> dict[UserId, Voter]:
    from models.statistics.following import Cast, voter_columns

    casts: list[Cast] = []
    latest_ms: defaultdict[UserId, int] = defaultdict(int)
    for row in rows:
        voter_id = UserId(row["voter_id"])
        latest_ms[voter_id] = max(latest_ms[voter_id], row["at_ms"])
        casts.append(
            Cast(
                voter=voter_id,
                unit=row["unit"],
                value=bool(row["value"]),
                at_ms=row["at_ms"],
                own=bool(row["self_vote"]),
                press=row["press"],
            )
        )
    ages: dict[Hashable, int] = {
        voter_id: max(0, at_ms - _made_ms(voter_id)) for voter_id, at_ms in latest_ms.items()
    }
    voters = voter_columns(casts, ages)
    return {voter_id: voters[voter_id] for voter_id in latest_ms}


def _made_ms(user_id: UserId) -> int:
    """When an account was created, from its id."""
    return (user_id >> _AGE_SHIFT) + _EPOCH_MS


#: A choice is for or against the picture with the smaller id, so that duels that show a pair in
#: either order agree.
_CASTS = (
    "SELECT voter_id, job_id AS unit, value > 0 AS value, self_vote, at_ms, NULL AS press"
    " FROM votes JOIN pictures USING (job_id) WHERE guild_id = :guild AND axis = 'taste'"
    " UNION ALL SELECT voter_id, pair, (place = 1) = (left_job < right_job), self_vote, at_ms, NULL"
    " FROM choices JOIN duels ON duels.id = about WHERE guild_id = :guild AND axis = 'duel'"
    " AND place > 0"
    # A pick prefers its picture to each of the others.
    " UNION ALL SELECT voter_id, min(best.job_id, other.job_id) || ' ' ||"
    "  max(best.job_id, other.job_id), best.job_id < other.job_id, self_vote, at_ms, about"
    " FROM choices JOIN posts ON posts.owed_post_id = about"
    " JOIN post_pictures AS best ON best.message_id = posts.message_id"
    "  AND best.place = choices.place"
    " JOIN post_pictures AS other ON other.message_id = posts.message_id"
    "  AND other.place <> choices.place"
    " WHERE guild_id = :guild AND axis = 'pick' ORDER BY at_ms DESC, voter_id LIMIT :limit"
)
