"""The second step migrates a file of the first: nothing is lost, and the bot goes on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.domain import JobId, OwedPostId, PostLayout, UserId
from bot.store import changes, db
from bot.store.outbox import Posting
from tests.stages import old_files
from tests.stages.factories import CHANNEL, SINCE, USER, make_post, make_reaction
from tests.stages.old_files import DELIVERY, GONE, JOBS, REQUESTS, SHOWN, STATUS, WAITING
from tests.stages.stores import Stores, open_stores

#: The tables that the step recreates; every other one stays as it is.
REMADE = {"requests", "jobs", "posts", "origins", "waiting_asks"}
NEW = {"request_kinds", "layouts", "owed_posts", "post_pictures"}


def contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    with closing(sqlite3.connect(path)) as file:
        file.row_factory = sqlite3.Row
        names = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: [dict(row) for row in file.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for (name,) in names
        }


@pytest.fixture
def two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first two steps, whatever later ones do."""
    steps = db.migrations()[:2]
    monkeypatch.setattr(db, "migrations", lambda: steps)
    watches = tuple(watch for watch in changes.WATCHES if "main.cases" not in watch)
    monkeypatch.setattr(changes, "WATCHES", watches)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    old_files.write_first_step(tmp_path / "bot.sqlite3")
    async with open_stores(tmp_path) as opened:
        yield opened


@pytest.mark.usefixtures("two_steps")
async def test_no_row_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    old_files.write_first_step(path)
    before = contents(path)
    assert not [table for table, rows in before.items() if not rows], (
        "otherwise this proves nothing"
    )
    await (await db.Database.open(path)).close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (2,)
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    after = contents(path)
    assert after.keys() == (before.keys() | NEW) - {"origins"}
    assert {t: after[t] for t in before.keys() - REMADE} == {
        t: before[t] for t in before.keys() - REMADE
    }
    for table in ("requests", "jobs", "posts"):
        kept = before[table][0].keys() & after[table][0].keys()
        assert [{c: row[c] for c in kept} for row in after[table]] == [
            {c: row[c] for c in kept} for row in before[table]
        ], table


async def test_columns_of_jobs_move_to_their_request_and_post(stores: Stores) -> None:
    requests = await stores.rows("requests")
    assert [(r["id"], r["kind"], r["parent_job_id"]) for r in requests] == REQUESTS
    assert {r["layout"] for r in requests} == {PostLayout.SINGLE}
    assert {(r["status_message_id"], r["since_id"]) for r in requests} == {(STATUS, SINCE)}
    owed = await stores.rows("owed_posts")
    assert sorted((o["id"], o["request_id"], o["posting_ms"]) for o in owed) == [
        (id_, request, posting_ms) for id_, request, _, _, posting_ms in JOBS
    ]
    jobs = await stores.rows("jobs")
    assert all(job["owed_post_id"] == job["id"] for job in jobs)
    posts = {
        p["message_id"]: (p["request_id"], p["owed_post_id"]) for p in await stores.rows("posts")
    }
    assert posts == {DELIVERY: ("r1", "j1"), SHOWN: ("r1", None), GONE: ("r1", None)}
    shown = [tuple(row.values()) for row in await stores.rows("post_pictures")]
    assert sorted(shown) == [(DELIVERY, 1, "j1"), (SHOWN, 1, "j1"), (GONE, 1, "j1")]


async def test_a_waiting_ask_names_its_kind_in_the_new_field(stores: Stores) -> None:
    good, strange = await stores.rows("waiting_asks")
    wanted = {**WAITING, "kind": WAITING["origin"]}
    del wanted["origin"]
    assert json.loads(str(good["ask"])) == wanted
    assert strange["ask"] == "of another version"


async def test_the_outbox_continues_where_it_was(stores: Stores) -> None:
    owed = await stores.outbox.owed_posts(5_000)
    assert [(post.id, [job.id for job in post.jobs.values()]) for post in owed] == [
        ("j3", ["j3"]), ("j4", ["j4"]),
    ]  # fmt: skip
    first, again = (Posting(since_id=SINCE, is_first=is_first) for is_first in (True, False))
    assert await stores.outbox.begin_posting(OwedPostId("j3"), 5_000) == first
    assert await stores.outbox.begin_posting(OwedPostId("j4"), 5_000) == again
    assert not await stores.outbox.record_delivery(
        OwedPostId("j1"), make_post("j1", message=5), 5_000
    )
    assert 5 in [gone.message_id for gone in await stores.doomed.messages(9)]


async def test_turns_and_their_triggers_are_as_before(stores: Stores) -> None:
    claimed = await stores.claim()
    assert claimed is not None
    assert claimed.id == "j6"
    (turn,) = await stores.rows("turns")
    assert (turn["queued"], turn["last_turn"]) == (1, 1)
    await stores.queue.cancel_job(JobId("j7"), 5_000)
    (turn,) = await stores.rows("turns")
    assert turn["queued"] == 0


async def test_votes_go_on_under_an_old_post_and_its_member_can_be_forgotten(
    stores: Stores,
) -> None:
    for message in (DELIVERY, SHOWN):
        assert await stores.votes.record(make_reaction(message, UserId(3)))
    assert [post.message_id for post in await stores.gallery.posts(JobId("j1"))] == [
        DELIVERY,
        SHOWN,
    ]
    await stores.privacy.forget(USER)
    assert [m.message_id for m in await stores.doomed.messages(9, closed=[CHANNEL + 1])] == [
        DELIVERY, SHOWN, STATUS, STATUS + 1,
    ]  # fmt: skip
    assert await stores.rows("posts") == await stores.rows("post_pictures") == []
    assert {row["request_id"] for row in await stores.rows("owed_posts")} == {"r2", "r3"}
    assert {row["parent_job_id"] for row in await stores.rows("requests")} == {None}
