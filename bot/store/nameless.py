"""Votes that still count after their voters were forgotten, without a name.

A tally keeps the numbers. Their reactions still stand on Discord, so a reconciliation would write
the voter down again and count the vote twice; a mark, a keyed hash of picture and voter, tells it
not to, and where the voter stopped reacting. A vote that nobody had read yet when its voter was
forgotten has no such mark: a mark of the voter alone tells that it may be one of those.
`bot/store/privacy.py` folds votes in, `bot/store/votes.py` asks and takes out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from bot.domain import JobId, MessageId, UserId
from bot.store.db import Database, Params, Transaction
from bot.store.ledger import REACTION_AXIS, Forgetting, Pair

_MARK_BYTES = 16


async def find_counted(tx: Transaction, pairs: Iterable[Pair]) -> set[Pair]:
    """Which of these pairs are in a tally."""
    pairs = list(pairs)
    rows = await tx.fetch_all(
        "SELECT mark FROM nameless_marks WHERE job_id IN (SELECT value FROM json_each(:jobs))",
        {"jobs": json.dumps(list({job_id for job_id, _ in pairs}))},
    )
    if not rows:
        return set()
    key, marks = await read_key(tx), {row["mark"] for row in rows}
    return {pair for pair in pairs if _mark(key, pair) in marks}


async def find_forgotten(tx: Transaction, voter_ids: Iterable[UserId]) -> dict[UserId, Forgetting]:
    """Which of these voters may have reacted before they were forgotten, where nobody has read."""
    rows = await tx.fetch_all("SELECT mark, number, asked_ms FROM nameless_voters")
    if not rows:
        return {}
    key = await read_key(tx)
    by_mark = {
        row["mark"]: Forgetting(number=row["number"], asked_ms=row["asked_ms"]) for row in rows
    }
    marks = {voter_id: member_mark(key, voter_id) for voter_id in voter_ids}
    return {voter_id: by_mark[mark] for voter_id, mark in marks.items() if mark in by_mark}


async def count(tx: Transaction, votes: Mapping[Pair, int]) -> None:
    """Put votes into the tallies of their pictures, and mark them."""
    key = await read_key(tx)
    rows: list[Params] = [
        {"mark": _mark(key, pair), "job": pair[0], "axis": REACTION_AXIS, "value": value}
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


async def discount(tx: Transaction, pairs: Iterable[Pair]) -> None:
    """Take votes out of their tallies: the voter acted again, so the vote has a name."""
    key = await read_key(tx)
    await _take_out(tx, [_mark(key, pair) for pair in pairs])


async def drop_gone(
    tx: Transaction,
    message_id: MessageId,
    job_id: JobId,
    reacting: Mapping[int, Iterable[UserId]],
) -> int:
    """Drop the votes in a picture's tally whose voters no longer react; return how many.

    `reacting` gives for each value who reacts with it under the message; a value that is missing
    was not checked. A mark does not tell under which post its voter reacted, and deleting a post
    removes no vote: nothing is dropped unless the message is the only post the picture ever had.
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
    kept = {
        (_mark(key, (job_id, voter_id)), value)
        for value, voter_ids in reacting.items()
        for voter_id in voter_ids
    }
    gone = [
        row for row in rows if row["value"] in reacting and (row["mark"], row["value"]) not in kept
    ]
    # Whoever took one of two back has the other for a vote.
    turned = [row for row in gone if (row["mark"], -row["value"]) in kept]
    fallen = [row["mark"] for row in gone if row not in turned]
    await _turn(tx, [row["mark"] for row in turned])
    await _take_out(tx, fallen)
    return len(fallen)


async def _turn(tx: Transaction, turned: Sequence[bytes]) -> None:
    """Let the votes behind these marks count the other way."""
    marks = [{"mark": mark} for mark in turned]
    await tx.execute_many(
        "UPDATE nameless_tallies SET up = up - value, down = down + value"
        " FROM nameless_marks WHERE mark = :mark"
        " AND nameless_marks.job_id = nameless_tallies.job_id"
        " AND nameless_marks.axis = nameless_tallies.axis",
        marks,
    )
    await tx.execute_many("UPDATE nameless_marks SET value = -value WHERE mark = :mark", marks)


async def _take_out(tx: Transaction, gone: Sequence[bytes]) -> None:
    """Remove the votes behind these marks from the count."""
    marks = [{"mark": mark} for mark in gone]
    await tx.execute_many(
        "UPDATE nameless_tallies SET up = up - (value = 1), down = down - (value = -1)"
        " FROM nameless_marks WHERE mark = :mark"
        " AND nameless_marks.job_id = nameless_tallies.job_id"
        " AND nameless_marks.axis = nameless_tallies.axis",
        marks,
    )
    await tx.execute_many("DELETE FROM nameless_marks WHERE mark = :mark", marks)


async def fold_voter(tx: Transaction, user_id: UserId) -> None:
    """Count a voter's current votes on other people's pictures without a name, and mark them.

    The voter is marked too, until every post has been read. The rows that name the voter are the
    caller's to delete.
    """
    rows = await tx.fetch_all(
        "SELECT job_id, value FROM votes WHERE voter_id = :user AND axis = :axis AND NOT self_vote",
        {"user": user_id, "axis": REACTION_AXIS},
    )
    await count(tx, {(JobId(row["job_id"]), user_id): row["value"] for row in rows})
    await tx.execute(
        "INSERT OR REPLACE INTO nameless_voters (mark, number, asked_ms)"
        " SELECT :mark, forgotten + 1,"
        "  ifnull((SELECT at_ms FROM forget_wishes WHERE user_id = :user), 0) FROM installation",
        {"mark": member_mark(await read_key(tx), user_id), "user": user_id},
    )


async def stop_marking_at(tx: Transaction, message_id: MessageId) -> None:
    """Wait no longer for a post whose reactions the bot may not read.

    If it may again, whoever reacted until then counts without a name, forgotten or not.
    """
    await tx.execute(
        "UPDATE posts SET read_after = -1 WHERE message_id = :message"
        " AND EXISTS (SELECT 1 FROM nameless_voters WHERE number > read_after)",
        {"message": message_id},
    )
    await drop_voters(tx)


async def drop_voters(tx: Transaction) -> None:
    """Drop the marks of voters of whom no reaction is unread: every readable post was read since.

    A message that is on its way to become a post may have been reacted to as well.
    """
    await tx.execute(
        "DELETE FROM nameless_voters WHERE NOT EXISTS (SELECT 1 FROM posts"
        "  WHERE read_after >= 0 AND read_after < number AND deleted_ms IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM sends WHERE kind = 'show')"
        " AND NOT EXISTS (SELECT 1 FROM jobs JOIN owed_posts ON owed_posts.id = owed_post_id"
        "  WHERE state = 'rendered' AND posting_ms IS NOT NULL)"
    )


async def fold_pictures(tx: Transaction, owner_id: UserId) -> None:
    """Keep only the numbers of all votes on a user's pictures.

    Their posts go, so nobody can vote there again and no mark is needed.
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


async def fold_choices(tx: Transaction, user_id: UserId) -> None:
    """Count a voter's current choices without a name, and mark them; drop self-votes."""
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


async def discount_choices(tx: Transaction, abouts: Iterable[str], user_id: UserId) -> None:
    """Take a voter's choices about these out of the nameless ones: they chose again."""
    key = await read_key(tx)
    await tx.execute_many(
        "DELETE FROM nameless_choices WHERE mark = :mark",
        [{"mark": choice_mark(key, about, user_id)} for about in abouts],
    )


async def fold_exclusions(tx: Transaction, user_id: UserId) -> None:
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
    """The key of all marks; it never changes."""
    row = await db.fetch_one("SELECT key FROM mark_key")
    assert row is not None, "the first migration made it"
    return row["key"]


def member_mark(key: bytes, user_id: UserId) -> bytes:
    """The mark of a member whose name is not kept."""
    return keyed_hash(key, f"member {user_id}")


def choice_mark(key: bytes, about: str, user_id: UserId) -> bytes:
    """The mark of a choice whose voter's name is not kept."""
    return keyed_hash(key, f"choice {about} {user_id}")


def _mark(key: bytes, pair: Pair) -> bytes:
    job_id, voter_id = pair
    return keyed_hash(key, f"{job_id} {voter_id}")


def keyed_hash(key: bytes, text: str) -> bytes:
    """A keyed hash of a text, which does not reveal it."""
    return hashlib.blake2b(text.encode(), key=key, digest_size=_MARK_BYTES).digest()
