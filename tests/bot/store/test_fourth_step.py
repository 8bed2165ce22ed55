"""The fourth step migrates a file of the third: nothing is lost, and new columns are empty."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest_asyncio

from bot.domain import ChannelId, GuildId, JobId, Ruling
from bot.policy.layers import GuildPolicy, Overrides
from bot.policy.screening import Term
from bot.store.db import Database
from bot.store.guilds import Guilds
from bot.store.migrations import migrations
from bot.store.views import JobViews
from tests.stages import old_files
from tests.stages.factories import CHANNEL, GUILD, OTHER, USER

#: Beside the server of the old file, which has both: one with terms alone, one with switches alone.
TERMS_ALONE, SWITCHES_ALONE = GuildId(GUILD + 1), GuildId(GUILD + 2)
TERMS = [
    (TERMS_ALONE, "naïve “quoted”", 'so "they" say', USER, 4),
    (TERMS_ALONE, "蜘蛛", "", None, 5),
    (GUILD, "bees", "please no", OTHER, 6),
]
SWITCHES = [(GUILD, CHANNEL + 1, 0), (SWITCHES_ALONE, CHANNEL + 2, 0), (SWITCHES_ALONE, 7, 1)]
GONE = {"blocked_terms", "channel_switches"}
NEW = {
    "policies", "cases", "reports", "strikes", "exclusions", "nameless_exclusions", "decisions",
    "case_kinds", "decision_kinds", "outcomes",
    # The fifth step's.
    "duels", "duel_origins", "parties", "choices", "nameless_choices",
}  # fmt: skip
#: Columns that this and later steps add, with what an old row has there.
ADDED = {
    "jobs": {"ruling": 0, "excused": "[]"},
    "pictures": {"spoiler": 0, "removed_ms": None},
    "posts": {"amendment_owed": 0, "read_after": 0},
    "audit_log": {"version": None, "user_id": None, "told": 1},
    "vote_events": {"about": None, "place": None},
    "installation": {"forgotten": 0},
    "waiting_asks": {"licence_sha256": None, "channel_id": None},
}


def third_step(path: Path) -> None:
    """Write a file of the third step, with at least one row in every table."""
    old_files.write_first_step(path)
    with closing(sqlite3.connect(path)) as file, file:
        for step in migrations()[1:3]:
            file.executescript(step.sql)
        file.executemany("INSERT INTO blocked_terms VALUES (?, ?, ?, ?, ?)", TERMS)
        file.executemany("INSERT INTO channel_switches VALUES (?, ?, ?)", SWITCHES)
        file.execute("PRAGMA user_version = 3")


def contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    with closing(sqlite3.connect(path)) as file:
        file.row_factory = sqlite3.Row
        names = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: [dict(row) for row in file.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for (name,) in names
        }


@pytest_asyncio.fixture
async def db(tmp_path: Path) -> AsyncGenerator[Database]:
    third_step(tmp_path / "bot.sqlite3")
    database = await Database.open(tmp_path / "bot.sqlite3")
    yield database
    await database.close()


async def test_no_row_is_lost_and_none_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    third_step(path)
    before = contents(path)
    assert not [table for table, rows in before.items() if not rows], (
        "otherwise this proves nothing"
    )
    await (await Database.open(path)).close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (len(migrations()),)
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    after = contents(path)
    assert after.keys() >= (before.keys() - GONE) | NEW
    assert not after.keys() & GONE
    for table in before.keys() - GONE - {"states", "axes", "layouts", "request_kinds"}:
        assert after[table] == [row | ADDED.get(table, {}) for row in before[table]], table
    assert {row["state"] for row in after["states"]} == {
        *(row["state"] for row in before["states"]), "held",
    }  # fmt: skip


async def test_every_term_and_switch_is_in_its_servers_policy(db: Database) -> None:
    guilds = Guilds(db)
    assert await guilds.policy(GUILD) == GuildPolicy(
        guild_id=GUILD,
        blocked=(Term(text="bees", reason="please no"), Term(text="spiders", reason="")),
        channels={
            ChannelId(CHANNEL): Overrides(enabled=True),
            ChannelId(CHANNEL + 1): Overrides(enabled=False),
        },
    )
    assert await guilds.policy(TERMS_ALONE) == GuildPolicy(
        guild_id=TERMS_ALONE,
        blocked=(
            Term(text="naïve “quoted”", reason='so "they" say'),
            Term(text="蜘蛛", reason=""),
        ),
    )
    assert await guilds.policy(SWITCHES_ALONE) == GuildPolicy(
        guild_id=SWITCHES_ALONE,
        channels={
            ChannelId(7): Overrides(enabled=True),
            ChannelId(CHANNEL + 2): Overrides(enabled=False),
        },
    )
    rows = await db.fetch_all("SELECT * FROM policies")
    assert {(row["guild_id"], row["version"]) for row in rows} == {
        (GUILD, 1), (TERMS_ALONE, 1), (SWITCHES_ALONE, 1),
    }  # fmt: skip
    assert {(row["review_channel_id"], row["log_channel_id"]) for row in rows} == {(None, None)}


async def test_ten_thousand_terms_are_migrated(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    third_step(path)
    with closing(sqlite3.connect(path)) as file, file:
        file.executemany(
            "INSERT INTO blocked_terms VALUES (9, ?, '', NULL, 1)",
            [(f"term {n:05}",) for n in range(10_000)],
        )
    db = await Database.open(path)
    try:
        blocked = (await Guilds(db).policy(GuildId(9))).blocked
        assert [term.text for term in blocked] == [f"term {n:05}" for n in range(10_000)]
    finally:
        await db.close()


async def test_old_jobs_are_allowed_and_old_policies_gain_no_fields(
    db: Database,
) -> None:
    job = await JobViews(db).get(JobId("j3"))
    assert job is not None
    assert job.ruling is Ruling.ALLOW
    body = await db.fetch_one("SELECT body FROM policies WHERE guild_id = :g", {"g": GUILD})
    assert body is not None
    assert set(json.loads(body["body"])) == {"blocked", "channels"}
