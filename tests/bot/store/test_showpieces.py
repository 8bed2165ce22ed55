"""What a gallery channel shows: nothing blind or held, and each message is accounted for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain import ChannelId, Job, JobId, MessageId
from bot.policy.arrangements import GalleryTerms
from bot.store.showpieces import Showpiece, Showpieces
from bot.store.trials import Trial, TrialBook
from tests.stages.factories import make_post, make_reaction
from tests.stages.law import make_guild, save_policy
from tests.stages.stores import Stores, open_stores
from tests.stages.trying_out import (
    CANDIDATE,
    PARENT,
    ask_for_trial,
    begin_lineage,
    draw_trial_job,
    make_trial,
)

GALLERY = ChannelId(5)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_stores(tmp_path) as opened:
        terms = GalleryTerms(channel=GALLERY, votes=1)
        await save_policy(opened.guilds, make_guild(gallery=terms))
        yield opened


async def liked(stores: Stores, message: int = 1) -> Job:
    job = await stores.deliver(message=message)
    await stores.votes.record(make_reaction(message))
    return job


async def owed(stores: Stores) -> list[Showpiece]:
    return await Showpieces(stores.db).owed_showpieces(9_000, 9)


async def hanging(stores: Stores, *, message: int | None = None) -> Showpiece:
    """A picture whose showing was begun, and that hangs as `message`."""
    await liked(stores)
    (showpiece,) = await owed(stores)
    book = Showpieces(stores.db)
    assert await book.begin(showpiece, 5_000, spoilered=False)
    if message is not None:
        assert await book.record_message(showpiece, MessageId(message))
    return showpiece


async def hunted(stores: Stores) -> list[object]:
    return [row["name"] for row in await stores.rows("hunts")]


async def row_of(stores: Stores, column: str) -> object:
    (row,) = await stores.rows("showpieces")
    return row[column]


async def test_a_picture_held_meanwhile_is_not_shown(stores: Stores) -> None:
    job = await liked(stores)
    assert [one.job_id for one in await owed(stores)] == [job.id]
    await stores.db.write_one("UPDATE jobs SET state = 'held'")
    assert await owed(stores) == []


async def test_a_blind_tests_picture_is_shown_only_once_its_duel_closes(
    stores: Stores,
) -> None:
    await begin_lineage(stores.db)
    trials = TrialBook(stores.db)
    assert isinstance(await trials.begin(make_trial()), Trial)
    candidate, parent = await ask_for_trial(stores, make_trial())
    for job, card in ((candidate, CANDIDATE), (parent, PARENT)):
        await draw_trial_job(stores, job.id, card)
        await stores.db.write_one(
            "UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until_ms = NULL"
            " WHERE state = 'running'"
        )
    (pair,) = await trials.drawn_pairs()
    assert await trials.settle_pair(pair, 5_000)
    await stores.gallery.add_post(make_post(candidate.id, message=1))
    await stores.votes.record(make_reaction(1))
    assert await owed(stores) == []
    await stores.duels.close(pair.duel_id, 6_000)
    assert [one.job_id for one in await owed(stores)] == [candidate.id]


async def test_a_lost_answer_is_looked_for_at_the_next_attempt(stores: Stores) -> None:
    showpiece = await hanging(stores)
    await Showpieces(stores.db).record_lost_answer(showpiece)
    assert await hunted(stores) == [], "the next attempt finds it"
    assert [one.begun for one in await owed(stores)] == [True]


async def test_a_lost_answer_is_hunted_once_the_picture_is_deleted(stores: Stores) -> None:
    showpiece = await hanging(stores)
    await stores.gallery.delete(showpiece.job_id, 6_000)
    await stores.db.write_one("DELETE FROM hunts")
    await Showpieces(stores.db).record_lost_answer(showpiece)
    assert await hunted(stores) == [showpiece.job_id]


async def test_a_message_that_is_gone_is_not_taken_down_again(stores: Stores) -> None:
    showpiece = await hanging(stores, message=7)
    await stores.gallery.record_deleted_messages([MessageId(6)], 6_000)
    assert await row_of(stores, "message_id") == 7
    await stores.gallery.record_deleted_messages([MessageId(7)], 6_000)
    assert (await row_of(stores, "message_id"), await row_of(stores, "ended_ms")) == (None, 6_000)
    await stores.gallery.delete(JobId(showpiece.job_id), 7_000)
    assert [row["message_id"] for row in await stores.rows("doomed_messages")] == [1]
    assert showpiece.job_id not in await hunted(stores)
    assert await owed(stores) == []
