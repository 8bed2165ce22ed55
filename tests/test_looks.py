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
async def day(tmp_path: Path) -> AsyncGenerator[Story]:
    """A day's pictures are posted, voted on and picked from, and nothing is broken."""
    async with story(tmp_path) as begun:
        for name, n in A_DAY:
            await begun.do(name, n)
        assert begun.broken_now() == Faults()
        yield begun


def edit(day: Story, sql: str) -> None:
    with closing(sqlite3.connect(day.data_dir / "bot.sqlite3")) as connection:
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
async def test_a_broken_row_is_found_at_once(day: Story, sql: str, promise: str) -> None:
    edit(day, sql)
    assert promise in day.broken_now().broken


async def test_a_pick_that_differs_from_the_press_is_found_without_the_ledger(day: Story) -> None:
    assert day.expected.picks, "somebody picked"
    day.expected.picks = {press: {9} for press in day.expected.picks}
    assert looks.picks_unlike_presses(day, day.expected.picks)


async def test_a_cancelled_picture_that_is_shown_is_found(day: Story) -> None:
    shown = {job for (job,) in day.rows("SELECT job_id FROM post_pictures")}
    assert looks.cancelled_but_shown(day, shown)
    assert not looks.cancelled_but_shown(day, {"another"})


async def test_a_nameless_vote_that_no_longer_counts_is_found(day: Story) -> None:
    ((voter, job),) = day.rows("SELECT voter_id, job_id FROM votes")
    edit(day, "DELETE FROM votes")
    assert looks.nameless_unlike_reactions(day, {voter})
    edit(day, f"INSERT INTO nameless_tallies VALUES ('{job}', 'taste', 1, 0)")  # noqa: S608
    assert not looks.nameless_unlike_reactions(day, {voter})
