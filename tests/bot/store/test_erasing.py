"""A wish to be forgotten is carried out to the last byte, however long it takes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import StorageError, UserId
from bot.drawing.signals import Signals
from bot.erasing import Eraser
from tests.bot.store.test_privacy import WORD, holding_files, live
from tests.stages.factories import OTHER, USER, make_send
from tests.stages.stores import Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


def eraser_of(stores: Stores) -> Eraser:
    return Eraser(stores.privacy, Signals(), lambda _: None)


async def test_a_wish_left_by_a_crash_is_carried_out_at_the_next_start(
    stores: Stores, tmp_path: Path
) -> None:
    await live(stores)
    await stores.privacy.request_erasure(USER, 9_000)
    signals = Signals()
    told = signals.add_worker()
    forgotten: list[UserId] = []
    assert await Eraser(stores.privacy, signals, forgotten.append).round()
    assert forgotten == [USER], "in memory too"
    async with asyncio.timeout(1):
        await signals.doomed.wait(60)
    assert (await stores.privacy.summarise(USER)).counts == {}
    assert await stores.privacy.pending_erasures() == []
    assert not holding_files(tmp_path, WORD.encode())
    assert len(told.take_cancelled()) == 5, "the worker drops what it draws"


async def test_wishes_are_carried_out_once_and_in_order(stores: Stores) -> None:
    for user in (OTHER, USER, OTHER):
        await stores.privacy.request_erasure(user, 9_000 if user == OTHER else 8_000)
    assert await stores.privacy.pending_erasures() == [USER, OTHER]
    assert await eraser_of(stores).round()
    assert await stores.privacy.pending_erasures() == []


async def test_traces_are_overwritten_once_nobody_reads_the_file(
    stores: Stores, tmp_path: Path
) -> None:
    await live(stores)
    uri = f"{(tmp_path / 'bot.sqlite3').as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as backup:
        backup.execute("BEGIN")
        backup.execute("SELECT count(*) FROM jobs").fetchone()
        await stores.privacy.forget(USER)
        assert not await eraser_of(stores).round()
        assert holding_files(tmp_path, WORD.encode()), "the reader still needs the old pages"
    # The debt is a row: a new process works it off.
    assert await eraser_of(stores).round()
    assert not holding_files(tmp_path, WORD.encode())


async def test_traces_are_overwritten_when_the_disk_has_room_again(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live(stores)
    await stores.privacy.forget(USER)

    async def full() -> bool:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(stores.db, "scrub", full)
        assert not await eraser_of(stores).round()
    assert await eraser_of(stores).round()
    assert not holding_files(tmp_path, WORD.encode())


async def test_an_unfinished_erasure_is_retried_after_growing_pauses(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals, pauses = Signals(), list[float]()
    outcomes = iter([False, False, False, True, False])

    async def clean() -> bool:
        return next(outcomes)

    async def wait(timeout_s: float) -> None:
        pauses.append(timeout_s)
        if len(pauses) == 5:
            raise asyncio.CancelledError

    monkeypatch.setattr(stores.privacy, "clean", clean)
    monkeypatch.setattr(signals.erase, "wait", wait)
    with pytest.raises(asyncio.CancelledError):
        await Eraser(stores.privacy, signals, lambda _: None).run()
    assert pauses == [2, 4, 8, 3600, 2]


async def test_a_member_forgotten_during_a_scrub_is_scrubbed_too(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live(stores)
    await stores.privacy.forget(USER)
    scrub = stores.db.scrub

    async def meddled() -> bool:
        done = await scrub()
        await stores.privacy.forget(OTHER)
        return done

    with monkeypatch.context() as patch:
        patch.setattr(stores.db, "scrub", meddled)
        assert not await stores.privacy.clean()
    assert await stores.privacy.clean()


async def test_nothing_is_scrubbed_when_nothing_was_erased(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> bool:
        raise AssertionError

    monkeypatch.setattr(stores.db, "scrub", never)
    job = await stores.deliver(message=1)
    await stores.sends.begin(make_send(job.id))
    assert await eraser_of(stores).round()
