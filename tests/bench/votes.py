"""Vote events per second into SQLite, and whether any was lost."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path

from bot.ballot import Reaction
from bot.domain import MessageId, Post, UserId
from bot.store.caps import Caps
from bot.store.db import Database
from bot.store.gallery import Gallery
from bot.store.outbox import Outbox
from bot.store.queue import Jobs
from bot.store.votes import Votes
from models.report import Row
from tests.stages.factories import (
    SINCE,
    make_admitted,
    make_ask,
    make_png,
    make_post,
    make_released,
)

EVENTS = 20_000
VOTERS = 500
POSTS = 20


async def measure(events: int = EVENTS) -> list[Row]:
    """Record `events` random reactions, each from its own concurrent caller."""
    with tempfile.TemporaryDirectory() as scratch:
        db = await Database.open(Path(scratch) / "bot.sqlite3")
        gallery = Gallery(db, Path(scratch) / "pictures")
        posts = [await _post_picture(db, gallery, number) for number in range(POSTS)]
        votes = Votes(db)
        reactions = _random_reactions([post.message_id for post in posts], events)
        began_s = time.perf_counter()
        await asyncio.gather(*(votes.record(reaction) for reaction in reactions))
        took_s = time.perf_counter() - began_s
        differences = await _count_differences(votes, reactions)
        await votes.close()
        await db.close()
    return [
        Row(
            area="votes",
            name="vote events recorded",
            value=events / took_s,
            unit="events/s",
            goal=">= 5,000",
            holds=events / took_s >= 5_000,
        ),
        Row(
            area="votes",
            name="standing reactions that differ from the events",
            value=differences,
            unit="reactions",
            goal="0",
            holds=differences == 0,
        ),
    ]


async def _post_picture(db: Database, gallery: Gallery, number: int) -> Post:
    """Take a picture the whole way, from the queue to its post."""
    caps = Caps(per_user=POSTS, per_guild=POSTS)
    jobs = Jobs(db)
    await jobs.enqueue(make_admitted(make_ask(seed=number)), caps, number, since_id=SINCE)
    job = await jobs.claim("bench", 60_000, number)
    assert job is not None
    await gallery.keep(
        make_released(job), make_png(job), card_id="tiny-1", owner="bench", now_ms=number
    )
    post = make_post(job.id, message=900_000 + number)
    await Outbox(db).record_delivery(job.owed_post_id, post, number)
    return post


def _random_reactions(messages: list[MessageId], count: int) -> list[Reaction]:
    dice = random.Random(7)
    return [
        Reaction(
            message_id=dice.choice(messages),
            voter_id=UserId(10_000 + dice.randrange(VOTERS)),
            emoji=dice.choice("👍👎"),
            added=dice.random() < 0.7,
            at_ms=at_ms,
        )
        for at_ms in range(count)
    ]


async def _count_differences(votes: Votes, reactions: list[Reaction]) -> int:
    truth: set[tuple[int, int, str]] = set()
    for r in reactions:
        change = truth.add if r.added else truth.discard
        change((r.message_id, r.voter_id, r.emoji))
    standing = {
        (message_id, voter_id, emoji)
        for message_id in {r.message_id for r in reactions}
        for voter_id, emoji, _ in await votes.standing_reactions(message_id)
    }
    return len(truth ^ standing)
