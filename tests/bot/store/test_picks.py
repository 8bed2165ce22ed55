"""One pick for each member and grid: changed, taken back, forgotten, exported, learned from."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.ballot import Choice, DuelOrigin
from bot.curating.harvest import Opinion
from bot.domain import Job, OwedPostId, UserId
from bot.store.curation import Curation
from bot.store.db import Database, Row
from bot.store.grids import Grid
from models.manifest import Kind
from tests.stages.factories import (
    GUILD,
    OTHER,
    USER,
    make_admitted,
    make_ask,
    make_duel,
    make_png,
    make_post,
    make_released,
)
from tests.stages.stores import WORKER, Stores, open_stores

THIRD = UserId(700_000_000_000_000_003)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def grid(stores: Stores, *, count: int = 4, message: int = 1, user: int = USER) -> list[Job]:
    """A post of several pictures, each with its own look."""
    jobs = await stores.enqueue(make_admitted(make_ask(user=user, count=count)))
    for job in jobs:
        assert await stores.claim()
        kept = await stores.gallery.keep(
            make_released(job), make_png(job), card_id="t", owner=WORKER, now_ms=3
        )
        assert kept
    post = make_post(*(job.id for job in jobs), message=message)
    assert await stores.outbox.record_delivery(jobs[0].owed_post_id, post, 4)
    return jobs


async def events(stores: Stores) -> list[tuple[object, ...]]:
    found = await stores.rows("vote_events")
    return [(r["axis"], r["voter_id"], r["place"], r["added"], r["self_vote"]) for r in found]


async def choices(stores: Stores) -> list[tuple[object, object]]:
    return [(row["voter_id"], row["place"]) for row in await stores.rows("choices")]


async def said(stores: Stores) -> list[Opinion]:
    return list((await Curation(stores.db).read()).opinions)


async def test_a_grid_is_gone_if_its_member_is_forgotten_during_the_lookup(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, plain = (await grid(stores))[0].owed_post_id, Database.fetch_one

    async def forgotten_then(self: Database, *query: Any) -> Row | None:
        found = await plain(self, *query)
        monkeypatch.undo()
        await stores.privacy.forget(UserId(USER))
        return found

    monkeypatch.setattr(Database, "fetch_one", forgotten_then)
    assert await stores.grids.get(name) is None


async def test_a_new_pick_replaces_the_last_and_can_be_taken_back(
    stores: Stores,
) -> None:
    name = (await grid(stores))[0].owed_post_id
    for place in (2, 2, 3, None, None):
        done = await stores.grids.pick(name, OTHER, place, 5)
        assert done is not None
        assert (done.place, done.self_vote) == (place, False)
    assert await events(stores) == [
        ("pick", OTHER, 2, 1, 0), ("pick", OTHER, 2, 0, 0),
        ("pick", OTHER, 3, 1, 0), ("pick", OTHER, 3, 0, 0),
    ]  # fmt: skip
    assert await choices(stores) == []


async def test_two_picks_at_once_leave_one(stores: Stores) -> None:
    name = (await grid(stores))[0].owed_post_id
    await asyncio.gather(*(stores.grids.pick(name, OTHER, place, 5) for place in (1, 2, 3, 4)))
    assert len(await choices(stores)) == 1
    assert len(await events(stores)) == 7, "three of four were taken back"


async def test_the_requesters_own_pick_is_counted_apart(stores: Stores) -> None:
    name = (await grid(stores))[0].owed_post_id
    await stores.grids.pick(name, OTHER, 2, 5)
    await stores.grids.pick(name, THIRD, 2, 5)
    done = await stores.grids.pick(name, USER, 1, 5)
    assert done is not None
    assert (done.self_vote, dict(done.counts)) == (True, {2: 2})


async def test_a_picture_that_is_gone_cannot_be_picked(stores: Stores) -> None:
    jobs = await grid(stores)
    name = jobs[0].owed_post_id
    await stores.gallery.delete(jobs[1].id, 5)
    assert await stores.grids.pick(name, OTHER, 2, 6) is None
    assert await stores.grids.pick(name, OTHER, 5, 6) is None
    assert await stores.grids.pick(OwedPostId("nothing"), OTHER, 1, 6) is None
    assert await stores.grids.pick(name, OTHER, 1, 6)
    await stores.gallery.record_deleted_messages([make_post(message=1).message_id], 7)
    assert await stores.grids.pick(name, OTHER, 3, 8) is None
    assert await choices(stores) == [(OTHER, 1)], "the vote on what was deleted keeps its meaning"


async def test_a_grid_is_found_by_name_and_message_and_other_posts_are_not(
    stores: Stores,
) -> None:
    jobs = await grid(stores, count=2)
    found = await stores.grids.get(jobs[0].owed_post_id)
    assert isinstance(found, Grid)
    assert await stores.grids.of_message(found.message.message_id) == found
    assert {place: job.id for place, job in found.jobs.items()} == dict(found.shown)
    single = await stores.deliver(message=2)
    assert await stores.grids.get(single.owed_post_id) is None
    assert await stores.grids.of_message(make_post(message=2).message_id) is None
    await stores.gallery.add_post(make_post(jobs[0].id, message=3))
    assert await stores.grids.of_message(make_post(message=3).message_id) is None


async def test_a_forgotten_voters_pick_stays_as_a_number_and_counts_once(
    stores: Stores,
) -> None:
    name = (await grid(stores))[0].owed_post_id
    await stores.grids.pick(name, OTHER, 2, 5)
    await stores.privacy.forget(OTHER)
    assert await events(stores) == await choices(stores) == []
    third = await stores.grids.pick(name, THIRD, 2, 6)
    again = await stores.grids.pick(name, OTHER, 4, 7)
    assert third is not None
    assert again is not None
    assert (dict(third.counts), dict(again.counts)) == ({2: 2}, {2: 1, 4: 1})


async def test_forgetting_a_grids_member_deletes_every_pick_on_it(stores: Stores) -> None:
    name = (await grid(stores))[0].owed_post_id
    await stores.grids.pick(name, OTHER, 2, 5)
    await stores.grids.pick(name, THIRD, 2, 5)
    await stores.privacy.forget(THIRD)
    await stores.privacy.forget(USER)
    for table in ("vote_events", "choices", "nameless_choices", "posts"):
        assert await stores.rows(table) == [], table


async def test_a_voters_export_includes_their_picks(stores: Stores) -> None:
    name = (await grid(stores))[0].owed_post_id
    await stores.grids.pick(name, OTHER, 2, 5)
    async with stores.privacy.export(OTHER) as export:
        assert export is not None
        with zipfile.ZipFile(export.file) as archive:
            tables = json.loads(archive.read("everything.json"))
    assert [(row["axis"], row["place"]) for row in tables["choices"]] == [("pick", 2)]
    assert [row["place"] for row in tables["vote_events"]] == [2]


async def test_a_pick_becomes_a_ranking_of_the_pictures_that_remain(stores: Stores) -> None:
    jobs = await grid(stores)
    name = jobs[0].owed_post_id
    await stores.grids.pick(name, OTHER, 3, 5)
    await stores.grids.pick(name, USER, 1, 5)
    (opinion,) = await said(stores)
    assert (opinion.kind, opinion.axis, opinion.voter_id) == (Kind.RANKING, "pick", OTHER)
    assert (opinion.job_ids, opinion.value) == (tuple(job.id for job in jobs), (2,))
    assert len((await Curation(stores.db).read()).entries) == 4
    await stores.gallery.delete(jobs[0].id, 6)
    (opinion,) = await said(stores)
    assert (opinion.job_ids, opinion.value) == (tuple(job.id for job in jobs[1:]), (1,))
    await stores.gallery.delete(jobs[2].id, 7)
    assert await said(stores) == [], "the picked picture is gone"


async def test_a_pick_decides_every_pair_but_counts_as_one_vote(stores: Stores) -> None:
    old = [UserId(((40 * 86_400_000) << 22) + n) for n in range(5)]
    for message in range(1, 13):
        name = (await grid(stores, count=3, message=message))[0].owed_post_id
        for n, voter in enumerate(old):
            await stores.grids.pick(name, voter, 2 if n == 4 else 1, 10_000 * message + 100 * n)
    voters = await stores.trust.voters(GUILD)
    assert {(v.votes, v.median_seconds) for v in voters.values()} == {(12, 10.0)}
    assert voters[old[4]].agreement < voters[old[0]].agreement - 0.1


async def test_the_sheet_counts_how_often_a_picture_was_offered_and_chosen(
    stores: Stores,
) -> None:
    first, second, third, _ = await grid(stores)
    alone = await stores.deliver(message=2, seed=9)
    for voter, place in ((OTHER, 1), (THIRD, 2), (USER, 2)):
        assert await stores.grids.pick(first.owed_post_id, voter, place, 5)
    duel = make_duel(first.id, second.id, origin=DuelOrigin.ALONE)
    assert await stores.duels.open(duel)
    for voter, choice in ((OTHER, Choice.RIGHT), (THIRD, Choice.SKIP), (USER, Choice.LEFT)):
        await stores.duels.vote(duel.id, voter, choice, 6)
    sheet = {row["picture"]: row for row in await stores.rows("contact_sheet")}
    told = {job: (row["chosen"], row["offered"], row["votes"]) for job, row in sheet.items()}
    assert told[first.id] == (1, 3, "chosen"), "one's own and a skip do not count"
    assert told[second.id] == (2, 3, "chosen")
    assert told[third.id] == (0, 2, "passed over")
    assert told[alone.id] == (0, 0, "none")


async def test_thumbs_outweigh_choices(stores: Stores) -> None:
    first, *_ = await grid(stores)
    assert await stores.grids.pick(first.owed_post_id, THIRD, 1, 5)
    await stores.db.write_one(
        "INSERT INTO votes (job_id, voter_id, axis, value, self_vote, at_ms)"
        " VALUES (:job, 5, 'taste', -1, 0, 1)",
        {"job": first.id},
    )
    sheet = {row["picture"]: row["votes"] for row in await stores.rows("contact_sheet")}
    assert sheet[first.id] == "disliked"
