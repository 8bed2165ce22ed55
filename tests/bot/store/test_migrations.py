"""The schema's migrations are frozen once released, and know the domain's words."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncGenerator
from enum import StrEnum
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import Axis, DuelOrigin
from bot.curating.harvest import Stamp
from bot.domain import DatabaseError, JobState, PostLayout, Rating, RequestKind
from bot.store.case_rows import CaseKind
from bot.store.db import Database, describe_version
from bot.store.decisions import DecisionKind, Outcome
from bot.store.lineage import LineageAction
from bot.store.migrations import migrations
from bot.store.trials import TrialOutcome

#: The sha256 of every released step. A step is never edited: another schema needs the next step,
#: and its line here.
FROZEN = {
    "0001_initial": "2b36b7e6756c38f1abe022aa6783a98ae02226e2f48c1ee5ec7d4aa4cb3a2352",
    "0002_requests_and_posts": "93ca3d77b7a9a92927afc32482f69abaa23a21e585508e068034d065fc2d1c93",
    "0003_models": "f205ab4c67ce8fc2a29e13fa487b73a18f8b6c707c825a6ed51006f5c241d102",
    "0004_policy": "8b40ce74ce6c52c604b33bef9414846fa340dee87b8195135e67b42d3aa5ae1b",
    "0005_duels": "c75c26b5d3ba639bd331a2898ea3905de1665d786a6453c4a3f7784b5cf63e60",
    "0006_moderators_word": "68d2e0a27364b414fab3274c16e2af3762c56243da71a3fd4f0cba4cecf4a43d",
    "0007_curation": "7c9a990b8fcd92b6c0f762b0a79f3b98e301087e16efdeba9f3e0d577b2e5c6b",
    "0008_lineage": "23ee1f91903a60ff6302e1ba05e37dec18324b5a942f078ec3df951d1fe89873",
    "0009_asking": "f6035f08cfc88cc97cbef54f326c62d4af920e76b141887cf8ffce803f272a03",
    "0010_grids": "369516f6e56fb6859a5f7cacfa1dcb918fee9888864e974de4944d386529c357",
    "0011_answers": "36eed18f6518097cdc154b5c61c8b9ed6c43884fd2bfc4e0062d242e5fa1cb4b",
    "0012_forgotten_voters": "bdbf0685668cb855af718beb7dd316f2efe1faf4aa74d95e87788aef27af63b1",
    "0013_choices_on_the_sheet": "208815f7a7bad1bea529eb65cbef56991c5e9aaed8f2691779bd4fbc974596d8",
    "0014_unlicensed_asks": "5a4b88f64baced7f551229d6cf71fd256a12cb4652dcadf41215ba928b1d409c",
}


@pytest_asyncio.fixture
async def db(tmp_path: Path) -> AsyncGenerator[Database]:
    database = await Database.open(tmp_path / "bot.sqlite3")
    yield database
    await database.close()


def test_released_migrations_are_never_edited() -> None:
    found = {
        f"{step.number:04}_{step.name}": hashlib.sha256(step.sql.encode()).hexdigest()
        for step in migrations()
    }
    assert found == FROZEN


def test_a_development_versions_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    for version in (1, 3):
        with sqlite3.connect(path) as raw:
            raw.execute("CREATE TABLE IF NOT EXISTS jobs (prompt TEXT)")
            raw.execute(f"PRAGMA application_id = {0x57616966}")
            raw.execute(f"PRAGMA user_version = {version}")
        raw.close()
        before = path.read_bytes()
        with pytest.raises(DatabaseError) as caught:
            asyncio.run(Database.open(path))
        said = str(caught.value)
        assert said.startswith(str(path))
        assert "from a development version before the first release" in said
        assert "move its directory away, or point DATA_DIR at a new one" in said
        assert path.read_bytes() == before
        with pytest.raises(DatabaseError, match="development version"):
            asyncio.run(describe_version(path))


@pytest.mark.parametrize(
    ("table", "kind", "users"),
    [
        (
            "axes",
            Axis,
            {
                "vote_events",
                "votes",
                "nameless_tallies",
                "nameless_marks",
                "choices",
                "nameless_choices",
            },
        ),
        ("duel_origins", DuelOrigin, {"duels"}),
        ("lineage_deeds", LineageAction, {"lineage"}),
        ("trial_outcomes", TrialOutcome, {"trial_ends"}),
        ("layouts", PostLayout, {"requests"}),
        ("request_kinds", RequestKind, {"requests"}),
        ("ratings", Rating, {"jobs", "pictures"}),
        ("states", JobState, {"jobs"}),
        ("case_kinds", CaseKind, {"cases"}),
        ("decision_kinds", DecisionKind, {"decisions"}),
        ("outcomes", Outcome, {"cases", "decisions"}),
        ("stamps", Stamp, {"curations"}),
    ],
)
async def test_the_lookup_tables_hold_the_domains_words(
    db: Database, table: str, kind: type[StrEnum], users: set[str]
) -> None:
    rows = await db.fetch_all(f"SELECT * FROM {table}")  # noqa: S608  a constant above
    assert {row[0] for row in rows} == set(kind)
    found = await db.fetch_all(
        "SELECT m.name FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f"
        ' WHERE f."table" = :table',
        {"table": table},
    )
    assert {row["name"] for row in found} == users


async def test_a_foreign_key_refuses_an_unknown_word(db: Database) -> None:
    vote = "INSERT INTO votes VALUES ('a', :axis, 1, 1, 0, 0)"
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        await db.write_one(vote, {"axis": "beauty"})
    await db.write_one(vote, {"axis": "taste"})
