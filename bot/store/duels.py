"""Duels: which pictures can be compared, which duels exist, and what members chose in them.

`cogs/voting/duels.py` and `cogs/voting/parties.py` open, show and close them; a candidate's blind
test opens its own. `choice_rows.py` records choices. Must not know which pair is worth showing.
"""

# ruff: noqa: S608 these statements are built from constants of this file

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bot.ballot import (
    Choice,
    Duel,
    DuelId,
    DuelTally,
    DuelVote,
)
from bot.domain import ChannelId, GuildId, JobId, MessageId, MessageRef, Rating, UserId
from bot.store.choice_rows import DECIDED, duel_vote_of, record_choice, tally_of
from bot.store.db import Database, Transaction
from bot.store.doomed import Hunt, doom_message, insert_hunt
from bot.store.duel_rows import close_duels, duel_of, insert_duel
from bot.store.picture_rows import IS_VISIBLE, NOT_BLIND

#: How many of a server's newest pictures are compared, and how many of its newest duels counted.
_NEWEST_MAX = 2_000
#: The most pictures with one key, to limit the pairs: 12 pictures make 66.
_ALIKE_MAX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparablePicture:
    """A picture and its comparison key: pictures with the same key had the same ask."""

    job_id: JobId
    #: The channel that it was drawn for, which decides who may see it.
    channel_id: ChannelId
    #: Prompt, negative prompt, size and model.
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelVoteResult:
    """The result of a button press in a duel."""

    duel: Duel
    #: The member's current choice; None if they took it back.
    choice: Choice | None
    #: Whether they asked for one of the pictures; their choice is then counted separately.
    self_vote: bool
    #: Who asked for the left and the right picture, and the models that drew them.
    requesters: tuple[UserId, UserId]
    card_ids: tuple[str, str]
    tally: DuelTally


class Duels:
    """The table `duels`, and the choices in them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def comparable_pictures(
        self, guild_id: GuildId, *, ratings: Iterable[Rating]
    ) -> list[ComparablePicture]:
        """A server's newest pictures that share their key with another, at most twelve of a key.

        Leaves out deleted and held pictures; of identical pictures, it returns only the first.
        """
        rows = await self._db.fetch_all(
            _COMPARABLE,
            {
                "guild": guild_id,
                "ratings": json.dumps(list(ratings)),
                "limit": _NEWEST_MAX,
                "alike": _ALIKE_MAX,
            },
        )
        return [
            ComparablePicture(
                job_id=JobId(row["job_id"]),
                channel_id=ChannelId(row["channel_id"]),
                key=row["key"],
            )
            for row in rows
        ]

    async def open(self, duel: Duel) -> Duel | None:
        """Open a duel, or return the existing one if members already rate this pair alone.

        None if one of its pictures is deleted, held or from another server.
        """
        async with self._db.write() as tx:
            if not await _are_visible(tx, duel):
                return None
            return await insert_duel(tx, duel)

    async def get(self, duel_id: DuelId) -> Duel | None:
        """A duel, open or closed."""
        row = await self._db.fetch_one("SELECT * FROM duels WHERE id = :id", {"id": duel_id})
        return duel_of(row) if row else None

    async def begin_posting(
        self, duel_id: DuelId, now_ms: int, *, spoilered: Collection[JobId] = ()
    ) -> bool | None:
        """Record an attempt to post, before it is made; True if it is the first.

        None if the post is no longer owed: the duel is posted or closed, or a picture is gone, or
        it now needs a spoiler and is not in `spoilered`.
        """
        async with self._db.write() as tx:
            row = await tx.fetch_one(_UNPOSTED_DUEL, {"id": duel_id})
            if row is None:
                return None
            duel = duel_of(row)
            if not await _are_visible(tx, duel, spoilered):
                return None
            first = await tx.execute(
                "UPDATE duels SET posting_ms = :now WHERE id = :id AND posting_ms IS NULL",
                {"id": duel_id, "now": now_ms},
            )
        return bool(first)

    async def record_message(self, duel: Duel, message_id: MessageId, now_ms: int) -> bool:
        """Record the message. False if it must be deleted: the duel is closed or gone."""
        async with self._db.write() as tx:
            known = await tx.execute(
                "UPDATE duels SET message_id = :message, posted_ms = :now WHERE id = :id"
                " AND posting_ms IS NOT NULL AND message_id IS NULL AND closed_ms IS NULL",
                {"id": duel.id, "message": message_id, "now": now_ms},
            )
            if not known and not await _is_its_message(tx, duel.id, message_id):
                await doom_message(tx, _message_ref(duel, message_id))
                return False
        return True

    async def record_lost_answer(self, duel: Duel) -> None:
        """Record that the message may exist; if it is no longer owed, search for it again."""
        async with self._db.write() as tx:
            if await tx.fetch_one(_UNPOSTED_DUEL, {"id": duel.id}) is None:
                await insert_hunt(tx, _hunt(duel))

    async def unposted_duels(
        self, limit: int, closed: Iterable[ChannelId] = (), *, skip_ids: Iterable[int | str] = ()
    ) -> list[Duel]:
        """Duels owed to their channels, oldest first.

        Leaves out the duels in `skip_ids` and channels that are `closed` for now.
        """
        return await self._fetch_owed(_UNPOSTED, limit, closed, skip_ids)

    async def unshown_results(
        self, limit: int, closed: Iterable[ChannelId] = (), *, skip_ids: Iterable[int | str] = ()
    ) -> list[Duel]:
        """Closed duels whose messages do not show the result yet; as for `unposted_duels`."""
        return await self._fetch_owed(_UNSHOWN_RESULTS, limit, closed, skip_ids)

    async def _fetch_owed(
        self, sql: str, limit: int, closed: Iterable[ChannelId], skip_ids: Iterable[int | str]
    ) -> list[Duel]:
        rows = await self._db.fetch_all(
            sql,
            {"closed": json.dumps(list(closed)), "nor": json.dumps(list(skip_ids)), "limit": limit},
        )
        return [duel_of(row) for row in rows]

    async def record_result_shown(self, duel_id: DuelId) -> None:
        """Record that the duel's message shows the result, or never will."""
        await self._db.write_one("UPDATE duels SET told = 1 WHERE id = :id", {"id": duel_id})

    async def close(self, duel_id: DuelId, now_ms: int) -> None:
        """Close a duel; its message, if it has one, is owed an update."""
        async with self._db.write() as tx:
            await close_duels(tx, "id = :id", {"id": duel_id, "now": now_ms})

    async def vote(
        self, duel_id: DuelId, voter_id: UserId, choice: Choice | None, at_ms: int
    ) -> DuelVoteResult | None:
        """Set a member's choice for the pair; None takes it back.

        Returns None, changing nothing, if the duel is closed or gone. Repeating the current choice
        writes nothing.
        """
        async with self._db.write() as tx:
            row = await tx.fetch_one(
                "SELECT * FROM duels WHERE id = :id AND closed_ms IS NULL", {"id": duel_id}
            )
            if row is None:
                return None
            duel = duel_of(row)
            requesters, card_ids = await _sides(tx, duel)
            await record_choice(tx, duel, voter_id, choice, at_ms, self_vote=voter_id in requesters)
            return DuelVoteResult(
                duel=duel,
                choice=choice,
                self_vote=voter_id in requesters,
                requesters=requesters,
                card_ids=card_ids,
                tally=await tally_of(tx, duel_id),
            )

    async def tally(self, duel_id: DuelId) -> DuelTally:
        """The current choices in a duel."""
        return await tally_of(self._db, duel_id)

    async def chosen_pairs(self, guild_id: GuildId, voter_id: UserId) -> set[frozenset[JobId]]:
        """The pairs of jobs in a server for which a member has a current choice."""
        rows = await self._db.fetch_all(
            "SELECT left_job, right_job FROM choices JOIN duels ON duels.id = choices.about"
            " WHERE voter_id = :user AND axis = 'duel' AND guild_id = :guild",
            {"user": voter_id, "guild": guild_id},
        )
        return {frozenset((JobId(row["left_job"]), JobId(row["right_job"]))) for row in rows}

    async def shown_pair_counts(self, guild_id: GuildId) -> Counter[frozenset[JobId]]:
        """How many of a server's newest duels showed each pair of pictures."""
        rows = await self._db.fetch_all(
            "SELECT left_job, right_job FROM duels WHERE guild_id = :guild"
            " ORDER BY opened_ms DESC LIMIT :limit",
            {"guild": guild_id, "limit": _NEWEST_MAX},
        )
        return Counter(frozenset((JobId(r["left_job"]), JobId(r["right_job"]))) for r in rows)

    async def decided_pairs(self, guild_id: GuildId, since_ms: int) -> list[DuelVote]:
        """Every counted choice in the duels opened since then, oldest duel first.

        Leaves out skips and choices of members who asked for one of the pictures.
        """
        rows = await self._db.fetch_all(DECIDED, {"guild": guild_id, "since": since_ms})
        return [duel_vote_of(row) for row in rows]


async def _sides(tx: Transaction, duel: Duel) -> tuple[tuple[UserId, UserId], tuple[str, str]]:
    """Who asked for each picture, and which model drew it."""
    rows = await tx.fetch_all(
        "SELECT user_id, card_id FROM pictures WHERE job_id IN (:left, :right)"
        " ORDER BY job_id = :right",
        {"left": duel.left_job, "right": duel.right_job},
    )
    left, right = rows
    return (
        (UserId(left["user_id"]), UserId(right["user_id"])),
        (left["card_id"], right["card_id"]),
    )


def random_sides(first: JobId, second: JobId) -> tuple[JobId, JobId]:
    """Left and right, at random. Only the duel's row says which is which; its id must not."""
    return (first, second) if secrets.randbelow(2) else (second, first)


async def _are_visible(
    tx: Transaction, duel: Duel, spoilered: Collection[JobId] | None = None
) -> bool:
    """Whether members may see both pictures; a spoilered one counts only if in `spoilered`."""
    row = await tx.fetch_one(
        f"SELECT count(*) AS n FROM pictures WHERE guild_id = :guild AND {IS_VISIBLE}"
        " AND job_id IN (SELECT value FROM json_each(:ids)) AND (:any OR NOT spoiler"
        "  OR job_id IN (SELECT value FROM json_each(:spoilered)))",
        {
            "guild": duel.guild_id,
            "ids": json.dumps(duel.job_ids),
            "any": int(spoilered is None),
            "spoilered": json.dumps(list(spoilered or ())),
        },
    )
    assert row is not None
    return row["n"] == len(duel.job_ids)


async def _is_its_message(tx: Transaction, duel_id: DuelId, message_id: MessageId) -> bool:
    row = await tx.fetch_one(
        "SELECT 1 FROM duels WHERE id = :id AND message_id = :message",
        {"id": duel_id, "message": message_id},
    )
    return row is not None


def _message_ref(duel: Duel, message_id: MessageId) -> MessageRef:
    assert duel.channel_id is not None, "a duel shown to one member only has no message of ours"
    return MessageRef(message_id=message_id, channel_id=duel.channel_id, guild_id=duel.guild_id)


def _hunt(duel: Duel) -> Hunt:
    assert duel.channel_id is not None, "a duel shown to one member only has no message of ours"
    return Hunt(
        name=duel.id, channel_id=duel.channel_id, guild_id=duel.guild_id, since_id=duel.since_id
    )


#: Reads only a server's newest pictures, so a large server costs no more than a small one.
_COMPARABLE = (
    "SELECT job_id, channel_id, key FROM ("
    "  SELECT job_id, channel_id, key, count(*) OVER (PARTITION BY key) AS n,"
    "  row_number() OVER (PARTITION BY key ORDER BY made_ms DESC, job_id) AS place FROM ("
    "   SELECT *, row_number() OVER (PARTITION BY key, draw ORDER BY made_ms, job_id) AS nth FROM ("
    "    SELECT job_id, made_ms, channel_id, draw, json_array(draw ->> '$.prompt',"
    "     draw ->> '$.negative', width_px, height_px, card_id) AS key"
    "    FROM (SELECT *, created_ms AS made_ms FROM pictures WHERE guild_id = :guild"
    "     AND deleted_ms IS NULL AND rating IN (SELECT value FROM json_each(:ratings))"
    "     ORDER BY created_ms DESC LIMIT :limit)"
    "    JOIN jobs ON jobs.id = job_id WHERE jobs.state <> 'held' AND json_valid(draw)"
    f"    AND {NOT_BLIND}"
    "     AND (SELECT layout FROM requests WHERE requests.id = request_id) <> 'private'))"
    "  WHERE nth = 1)"
    " WHERE n > 1 AND place <= :alike ORDER BY key, job_id"
)
_IS_UNPOSTED = "message_id IS NULL AND closed_ms IS NULL AND channel_id IS NOT NULL"
_UNPOSTED_DUEL = f"SELECT * FROM duels WHERE id = :id AND {_IS_UNPOSTED}"
_NOT_SKIPPED = (
    " AND channel_id NOT IN (SELECT value FROM json_each(:closed))"
    " AND id NOT IN (SELECT value FROM json_each(:nor))"
)
_UNPOSTED = (
    f"SELECT * FROM duels WHERE {_IS_UNPOSTED}{_NOT_SKIPPED} ORDER BY opened_ms LIMIT :limit"
)
_UNSHOWN_RESULTS = (
    f"SELECT * FROM duels WHERE told = 0 AND closed_ms IS NOT NULL{_NOT_SKIPPED}"
    " ORDER BY closed_ms LIMIT :limit"
)
