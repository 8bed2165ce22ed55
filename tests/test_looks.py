"""Each look that needs no bot finds its fault, on stores and a fake board."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from tests.stages import looks
from tests.stages.promises import Faults
from tests.stages.story import Story, story
from tests.stages.strolling import A_DAY


@pytest_asyncio.fixture
async def told(tmp_path: Path) -> AsyncGenerator[Story]:
    """A day's pictures are posted, voted on and picked from, and nothing is broken."""
    async with story(tmp_path) as begun:
        for name, n in A_DAY:
            await begun.do(name, n)
        assert begun.broken_now() == Faults()
        yield begun


def edit(told: Story, sql: str) -> None:
    with closing(sqlite3.connect(told.data_dir / "bot.sqlite3")) as connection:
        connection.execute(sql)
        connection.commit()


#: A change to the rows, and the promise that it breaks.
BREAKS: Sequence[tuple[str, str]] = (
    ("UPDATE pictures SET user_id = 1", "nobody_elses_picture"),
    ("UPDATE pictures SET guild_id = 1", "nobody_elses_picture"),
    ("UPDATE posts SET request_id = (SELECT max(id) FROM requests)", "nobody_elses_picture"),
    (
        "UPDATE pictures SET sha256 = (SELECT sha256 FROM pictures ORDER BY job_id LIMIT 1)",
        "nobody_elses_picture",
    ),
    ("UPDATE jobs SET user_id = 1", "nobody_elses_picture"),
    ("UPDATE pictures SET sha256 = 'gone'", "nothing_lost"),
    ("UPDATE jobs SET state = 'held'", "records_are_true"),
    ("DELETE FROM votes", "ledger_equals_truth"),
    ("UPDATE votes SET value = -value", "ledger_equals_truth"),
    ("DELETE FROM standing_reactions", "ledger_equals_truth"),
    ("DELETE FROM vote_events WHERE axis = 'taste'", "ledger_equals_truth"),
    ("DELETE FROM choices", "ledger_equals_truth"),
    ("UPDATE choices SET place = place + 1", "ledger_equals_truth"),
    ("DELETE FROM vote_events WHERE axis = 'pick'", "ledger_equals_truth"),
)


@pytest.mark.parametrize(("sql", "promise"), BREAKS)
async def test_a_broken_row_is_found_at_once(told: Story, sql: str, promise: str) -> None:
    edit(told, sql)
    assert promise in told.broken_now().broken


async def test_a_pick_that_differs_from_the_press_is_found_without_the_ledger(told: Story) -> None:
    assert told.expected.picks, "somebody picked"
    told.expected.picks = {press: {9} for press in told.expected.picks}
    assert looks.picks_unlike_presses(told, told.expected.picks)


async def test_a_cancelled_picture_that_is_shown_is_found(told: Story) -> None:
    shown = {job for (job,) in told.rows("SELECT job_id FROM post_pictures")}
    assert looks.cancelled_but_shown(told, shown)
    assert not looks.cancelled_but_shown(told, {"another"})


async def test_a_nameless_vote_that_no_longer_counts_is_found(told: Story) -> None:
    ((voter, job),) = told.rows("SELECT voter_id, job_id FROM votes")
    edit(told, "DELETE FROM votes")
    assert looks.nameless_unlike_reactions(told, {voter})
    edit(told, f"INSERT INTO nameless_tallies VALUES ('{job}', 'taste', 1, 0)")  # noqa: S608
    assert not looks.nameless_unlike_reactions(told, {voter})
