"""Which card serves: only one that passed the gate, recorded as one row, like each rollback."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.store.db import Database
from bot.store.lineage import Lineage, LineageAction, LineageEntry
from models.catalogue.card import Card
from models.catalogue.verdict import fingerprint
from tests.stages.cards import make_card, with_verdict
from tests.stages.databases import open_database
from tests.stages.factories import USER

NAMED = "embedded"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(tmp_path / "bot.sqlite3")
    yield database
    await database.close()


@pytest.fixture
async def lineage(db: Database) -> Lineage:
    lineage = Lineage(db)
    await lineage.begin("base", model_setting=NAMED, licence_sha256="a" * 64, now_ms=1)
    return lineage


async def promote(lineage: Lineage, card: Card, over: str, now_ms: int = 2) -> LineageEntry | str:
    return await lineage.promote(card, serving_id=over, by_id=USER, why="a test", now_ms=now_ms)


async def back(lineage: Lineage, over: str) -> LineageEntry | str:
    return await lineage.rollback(serving_id=over, by_id=USER, why="a test", now_ms=9)


async def active(lineage: Lineage) -> str | None:
    reign = await lineage.active(NAMED)
    return reign.card_id if reign else None


async def test_a_promoted_card_serves_and_its_row_says_who_when_and_why(
    lineage: Lineage,
) -> None:
    card = with_verdict(make_card("one"))
    reign = await promote(lineage, card, "base")
    assert reign == LineageEntry(
        seq=2, action=LineageAction.PROMOTE, card_id="one", previous_id="base", model_setting=NAMED,
        licence_sha256=card.licence.sha256, files_sha256=fingerprint(card.files), why="a test",
        by_id=USER, at_ms=2,
    )  # fmt: skip
    assert await lineage.active(NAMED) == reign


def _unmeasured() -> Card:
    return make_card("one")


def _failed() -> Card:
    return with_verdict(make_card("one"), value=0.4)


def _other_files() -> Card:
    card = with_verdict(make_card("one"))
    return replace(card, files={**card.files, "unet/weights": "1" * 64})


def _no_files() -> Card:
    return with_verdict(replace(make_card("one"), files={}))


@pytest.mark.parametrize("card", [_unmeasured(), _failed(), _other_files(), _no_files()])
async def test_a_card_whose_files_have_not_passed_the_gate_cannot_serve(
    lineage: Lineage, card: Card
) -> None:
    refused = await promote(lineage, card, "base")
    assert isinstance(refused, str)
    assert "hasn't passed the gate" in refused
    assert await active(lineage) == "base"


async def test_a_promotion_fails_if_the_active_card_changed_meanwhile(lineage: Lineage) -> None:
    assert isinstance(await promote(lineage, with_verdict(make_card("one")), "base"), LineageEntry)
    late = await promote(lineage, with_verdict(make_card("two")), "base")
    assert isinstance(late, str)
    assert "Someone switched models" in late
    assert "is already in use" in str(await promote(lineage, with_verdict(make_card("one")), "one"))
    assert isinstance(await back(lineage, "base"), str)
    assert await active(lineage) == "one"


async def test_each_rollback_goes_one_card_further_back(lineage: Lineage) -> None:
    await promote(lineage, with_verdict(make_card("one")), "base")
    await promote(lineage, with_verdict(make_card("two")), "one")
    first = await back(lineage, "two")
    assert isinstance(first, LineageEntry)
    assert (first.card_id, first.previous_id) == ("one", "two")
    second = await back(lineage, "one")
    assert isinstance(second, LineageEntry)
    assert (second.card_id, second.files_sha256) == ("base", None)
    assert "nothing to go back to" in str(await back(lineage, "base"))
    await promote(lineage, with_verdict(make_card("two")), "base")
    assert isinstance(await back(lineage, "two"), LineageEntry)
    assert await active(lineage) == "base"


async def test_a_change_that_failed_is_undone_by_a_new_row(lineage: Lineage) -> None:
    one = with_verdict(make_card("one"))
    reign = await promote(lineage, one, "base")
    assert isinstance(reign, LineageEntry)
    await lineage.undo(reign, why="broken", now_ms=3)
    assert await active(lineage) == "base"
    await promote(lineage, one, "base")
    reign = await back(lineage, "one")
    assert isinstance(reign, LineageEntry)
    await lineage.undo(reign, why="broken", now_ms=4)
    last = await lineage.active(NAMED)
    assert last is not None
    assert (last.card_id, last.files_sha256) == ("one", fingerprint(one.files))
    assert len(await lineage.history()) == 6


async def test_another_model_in_the_settings_starts_a_new_lineage(lineage: Lineage) -> None:
    await promote(lineage, with_verdict(make_card("one")), "base")
    assert await lineage.active("hakurei/waifu-diffusion") is None
    for _ in range(2):
        await lineage.begin(
            "wd", model_setting="hakurei/waifu-diffusion", licence_sha256="b", now_ms=5
        )
    assert [row.card_id for row in await lineage.history()] == ["base", "one", "wd"]
    assert "nothing to go back to" in str(await back(lineage, "wd")), "MODEL is the operator's"


async def test_a_start_with_the_same_model_keeps_the_promoted_card(lineage: Lineage) -> None:
    await promote(lineage, with_verdict(make_card("one")), "base")
    before = await lineage.history()
    await lineage.begin("base", model_setting=NAMED, licence_sha256="a" * 64, now_ms=9)
    assert await active(lineage) == "one"
    assert await lineage.history() == before, "nothing to record"


@pytest.mark.parametrize(
    "sql", ["UPDATE lineage SET card_id = 'x'", "UPDATE lineage SET at_ms = 0",
            "DELETE FROM lineage", "UPDATE lineage SET files_sha256 = NULL"],
)  # fmt: skip
async def test_lineage_rows_cannot_be_changed_or_deleted(
    lineage: Lineage, db: Database, sql: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await db.write_one(sql)
    assert await active(lineage) == "base"
