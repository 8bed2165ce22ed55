"""Nameless votes: they still count after their voters were forgotten.

A tally keeps the numbers. The reactions still stand on Discord, so a reconciliation would record
the voter again and count the vote twice. A mark, a keyed hash of picture and voter, prevents that,
and shows when the voter no longer reacts. A vote that had not been read when its voter was
forgotten has no such mark; a mark of the voter alone shows that it may be such a vote.
`bot/store/privacy.py` adds nameless votes, `bot/store/votes.py` looks them up and removes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from bot.domain import JobId, MessageId, UserId
from bot.store.db import Database, Params, Transaction
from bot.store.ledger import REACTION_AXIS, Forgetting, Pair

_MARK_BYTES = 16


async def find_nameless_pairs(tx: Transaction, pairs: Iterable[Pair]) -> set[Pair]:
    """Which of these pairs are counted in a nameless tally."""
    pairs = list(pairs)
    rows = await tx.fetch_all(
        "SELECT mark FROM nameless_marks WHERE job_id IN (SELECT value FROM json_each(:jobs))",
        {"jobs": json.dumps(list({job_id for job_id, _ in pairs}))},
    )
    if not rows:
        return set()
    key, marks = await read_key(tx), {row["mark"] for row in rows}
    return {pair for pair in pairs if _vote_mark(key, pair) in marks}


async def find_forgotten_voters(
    tx: Transaction, voter_ids: Iterable[UserId]
) -> dict[UserId, Forgetting]:
    """Which of these voters were forgotten, while some of their reactions may be unread."""
    rows = await tx.fetch_all("SELECT mark, number, asked_ms FROM nameless_voters")
    if not rows:
        return {}
    key = await read_key(tx)
    by_mark = {
        row["mark"]: Forgetting(number=row["number"], requested_ms=row["asked_ms"]) for row in rows
    }
    marks = {voter_id: member_mark(key, voter_id) for voter_id in voter_ids}
    return {voter_id: by_mark[mark] for voter_id, mark in marks.items() if mark in by_mark}


async def add_nameless_votes(tx: Transaction, votes: Mapping[Pair, int]) -> None:
    """Add votes to the nameless tallies of their pictures, and mark them."""
    key = await read_key(tx)
    rows: list[Params] = [
        {"mark": _vote_mark(key, pair), "job": pair[0], "axis": REACTION_AXIS, "value": value}
        for pair, value in votes.items()
    ]
    await tx.execute_many(
        "INSERT INTO nameless_tallies (job_id, axis, up, down)"
        " VALUES (:job, :axis, :value = 1, :value = -1)"
        " ON CONFLICT DO UPDATE SET up = up + excluded.up, down = down + excluded.down",
        rows,
    )
    await tx.execute_many(
        "INSERT INTO nameless_marks (mark, job_id, axis, value)"
        " VALUES (:mark, :job, :axis, :value)",
        rows,
    )


async def remove_nameless_votes(tx: Transaction, pairs: Iterable[Pair]) -> None:
    """Remove votes from their tallies: the voter reacted again, so the vote has a name."""
    key = await read_key(tx)
    await _remove_votes(tx, [_vote_mark(key, pair) for pair in pairs])


async def drop_withdrawn_votes(
    tx: Transaction,
    message_id: MessageId,
    job_id: JobId,
    reacting: Mapping[int, Iterable[UserId]],
) -> int:
    """Drop the nameless votes on a picture whose voters no longer react; return how many.

    `reacting` maps each value to the voters that react with it under the message; a missing value
    was not checked. A mark does not say under which post its voter reacted, and deleting a post
    removes no vote. So nothing is dropped unless the message is the only post that the picture ever
    had.
    """
    posts = await tx.fetch_all(
        "SELECT message_id FROM post_pictures WHERE job_id = :job", {"job": job_id}
    )
    if [row["message_id"] for row in posts] != [message_id]:
        return 0
    rows = await tx.fetch_all(
        "SELECT mark, value FROM nameless_marks WHERE job_id = :job", {"job": job_id}
    )
    if not rows:
        return 0
    key = await read_key(tx)
    present = {
        (_vote_mark(key, (job_id, voter_id)), value)
        for value, voter_ids in reacting.items()
        for voter_id in voter_ids
    }
    gone = [
        row
        for row in rows
        if row["value"] in reacting and (row["mark"], row["value"]) not in present
    ]
    # A voter who took back one of two reactions now votes with the other.
    flipped = [row for row in gone if (row["mark"], -row["value"]) in present]
    dropped = [row["mark"] for row in gone if row not in flipped]
    await _flip_votes(tx, [row["mark"] for row in flipped])
    await _remove_votes(tx, dropped)
    return len(dropped)


async def _flip_votes(tx: Transaction, marks: Sequence[bytes]) -> None:
    """Turn the votes with these marks from up to down, and from down to up."""
    rows = [{"mark": mark} for mark in marks]
    await tx.execute_many(
        "UPDATE nameless_tallies SET up = up - value, down = down + value"
        " FROM nameless_marks WHERE mark = :mark"
        " AND nameless_marks.job_id = nameless_tallies.job_id"
        " AND nameless_marks.axis = nameless_tallies.axis",
        rows,
    )
    await tx.execute_many("UPDATE nameless_marks SET value = -value WHERE mark = :mark", rows)


async def _remove_votes(tx: Transaction, marks: Sequence[bytes]) -> None:
    """Remove the votes with these marks from their tallies."""
    rows = [{"mark": mark} for mark in marks]
    await tx.execute_many(
        "UPDATE nameless_tallies SET up = up - (value = 1), down = down - (value = -1)"
        " FROM nameless_marks WHERE mark = :mark"
        " AND nameless_marks.job_id = nameless_tallies.job_id"
        " AND nameless_marks.axis = nameless_tallies.axis",
        rows,
    )
    await tx.execute_many("DELETE FROM nameless_marks WHERE mark = :mark", rows)


async def anonymise_voter(tx: Transaction, user_id: UserId) -> None:
    """Make a voter's current votes on other people's pictures nameless, and mark them.

    Marks the voter too, until every post has been read. The caller deletes the rows that name the
    voter.
    """
    rows = await tx.fetch_all(
        "SELECT job_id, value FROM votes WHERE voter_id = :user AND axis = :axis AND NOT self_vote",
        {"user": user_id, "axis": REACTION_AXIS},
    )
    await add_nameless_votes(tx, {(JobId(row["job_id"]), user_id): row["value"] for row in rows})
    await tx.execute(
        "INSERT OR REPLACE INTO nameless_voters (mark, number, asked_ms)"
        " SELECT :mark, forgotten + 1,"
        "  ifnull((SELECT at_ms FROM forget_wishes WHERE user_id = :user), 0) FROM installation",
        {"mark": member_mark(await read_key(tx), user_id), "user": user_id},
    )


async def stop_waiting_for_post(tx: Transaction, message_id: MessageId) -> None:
    """Stop waiting to read a post whose reactions the bot may not read.

    If it may read them later, everybody who reacted until then counts without a name, forgotten or
    not.
    """
    await tx.execute(
        "UPDATE posts SET read_after = -1 WHERE message_id = :message"
        " AND EXISTS (SELECT 1 FROM nameless_voters WHERE number > read_after)",
        {"message": message_id},
    )
    await drop_voter_marks(tx)


async def drop_voter_marks(tx: Transaction) -> None:
    """Drop the marks of voters with no unread reaction: every readable post was read since.

    A message that is not yet recorded as a post may have reactions too.
    """
    await tx.execute(
        "DELETE FROM nameless_voters WHERE NOT EXISTS (SELECT 1 FROM posts"
        "  WHERE read_after >= 0 AND read_after < number AND deleted_ms IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM sends WHERE kind = 'show')"
        " AND NOT EXISTS (SELECT 1 FROM jobs JOIN owed_posts ON owed_posts.id = owed_post_id"
        "  WHERE state = 'rendered' AND posting_ms IS NOT NULL)"
    )


async def anonymise_votes_on_pictures(tx: Transaction, owner_id: UserId) -> None:
    """Keep only the numbers of all votes on a user's pictures.

    Their posts are deleted, so nobody can vote there again and no mark is needed.
    """
    await tx.execute(
        "INSERT INTO nameless_tallies (job_id, axis, up, down)"
        " SELECT job_id, axis, sum(value = 1), sum(value = -1) FROM votes"
        "  WHERE job_id IN (SELECT job_id FROM pictures WHERE user_id = :user) AND NOT self_vote"
        "  GROUP BY job_id, axis"
        " ON CONFLICT DO UPDATE SET up = up + excluded.up, down = down + excluded.down",
        {"user": owner_id},
    )
    await tx.execute(
        "DELETE FROM nameless_marks"
        " WHERE job_id IN (SELECT job_id FROM pictures WHERE user_id = :user)",
        {"user": owner_id},
    )


async def anonymise_choices(tx: Transaction, user_id: UserId) -> None:
    """Make a voter's current choices nameless, and mark them; self-votes are not copied."""
    rows = await tx.fetch_all(
        "SELECT axis, about, place FROM choices WHERE voter_id = :user AND NOT self_vote",
        {"user": user_id},
    )
    key = await read_key(tx)
    await tx.execute_many(
        "INSERT OR REPLACE INTO nameless_choices (mark, axis, about, place)"
        " VALUES (:mark, :axis, :about, :place)",
        [
            {
                "mark": choice_mark(key, row["about"], user_id),
                "axis": row["axis"],
                "about": row["about"],
                "place": row["place"],
            }
            for row in rows
        ],
    )


async def remove_nameless_choices(
    tx: Transaction, about_ids: Iterable[str], user_id: UserId
) -> None:
    """Remove a voter's nameless choices in these duels and grids: they chose again."""
    key = await read_key(tx)
    await tx.execute_many(
        "DELETE FROM nameless_choices WHERE mark = :mark",
        [{"mark": choice_mark(key, about, user_id)} for about in about_ids],
    )


async def anonymise_exclusions(tx: Transaction, user_id: UserId) -> None:
    """Keep a member's exclusions without their name; the caller deletes the named rows.

    An exclusion kept from an earlier request stays if it lasts longer.
    """
    await tx.execute(
        "INSERT INTO nameless_exclusions (mark, guild_id, until_ms)"
        " SELECT :mark, guild_id, until_ms FROM exclusions WHERE user_id = :user"
        " ON CONFLICT DO UPDATE SET until_ms = excluded.until_ms"
        "  WHERE excluded.until_ms IS NULL OR excluded.until_ms > until_ms",
        {"mark": member_mark(await read_key(tx), user_id), "user": user_id},
    )


async def read_key(db: Database | Transaction) -> bytes:
    """The key of all marks, which never changes."""
    row = await db.fetch_one("SELECT key FROM mark_key")
    assert row is not None, "the first migration made it"
    return row["key"]


def member_mark(key: bytes, user_id: UserId) -> bytes:
    """The mark of a member, kept instead of their name."""
    return keyed_hash(key, f"member {user_id}")


def choice_mark(key: bytes, about: str, user_id: UserId) -> bytes:
    """The mark of a choice, kept instead of its voter's name."""
    return keyed_hash(key, f"choice {about} {user_id}")


def _vote_mark(key: bytes, pair: Pair) -> bytes:
    job_id, voter_id = pair
    return keyed_hash(key, f"{job_id} {voter_id}")


def keyed_hash(key: bytes, text: str) -> bytes:
    """A keyed hash, which does not reveal the text."""
    return hashlib.blake2b(text.encode(), key=key, digest_size=_MARK_BYTES).digest()
