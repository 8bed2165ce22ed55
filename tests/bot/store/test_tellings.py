"""Messages owed to members: written with the deed, kept until they are sent or out of date."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import ChannelId, GuildId, JobState, StorageError
from bot.store.consequences import Judgement
from bot.store.decisions import Outcome
from bot.store.members import EVERYWHERE, Exclusion, Strike
from bot.store.tellings import Telling, TellingId, insert_telling
from tests.stages.factories import (
    CHANNEL,
    GUILD,
    OTHER,
    SINCE,
    USER,
    make_admitted,
    make_ask,
    make_place,
)
from tests.stages.moderators import MODERATOR
from tests.stages.sick_disk import IOERR, make_writer_fail
from tests.stages.stores import Stores, open_stores

THERE = GuildId(GUILD + 1)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


def telling(name: str, *, channel: int = CHANNEL, at_ms: int = 100) -> Telling:
    return Telling(
        id=TellingId(name),
        guild_id=GUILD,
        channel_id=ChannelId(channel),
        user_id=USER,
        text=f"the word {name}",
        created_ms=at_ms,
    )


async def owe(stores: Stores, *tellings: Telling) -> None:
    async with stores.db.write() as tx:
        for one in tellings:
            await insert_telling(tx, one)


async def owed(stores: Stores, **left_out: object) -> list[str]:
    return [one.id for one in await stores.tellings.owed_tellings(9, **left_out)]  # type: ignore[arg-type]


async def test_tellings_are_owed_until_done_oldest_first(stores: Stores) -> None:
    first, second = telling("b", at_ms=1), telling("a", at_ms=2, channel=5)
    await owe(stores, second, first, first)
    assert await stores.tellings.owed_tellings(9) == [first, second]
    assert await owed(stores, closed=[CHANNEL]) == ["a"]
    assert await owed(stores, skip_ids=["a"]) == ["b"]
    await stores.tellings.record_sent(first.id)
    assert await owed(stores) == ["a"]


async def test_outdated_tellings_are_given_up(stores: Stores) -> None:
    await owe(stores, telling("a", at_ms=1), telling("b", at_ms=2))
    assert await stores.tellings.drop_old(1) == 0
    assert await stores.tellings.drop_old(2) == 1
    assert await owed(stores) == ["b"]


async def test_a_forgotten_member_is_owed_nothing(stores: Stores) -> None:
    await owe(stores, telling("a"))
    await stores.privacy.forget(USER)
    assert await stores.rows("tellings") == []


def exclusion(guild: GuildId = GUILD) -> Exclusion:
    return Exclusion(
        user_id=USER, guild_id=guild, until_ms=None, reason="", actor_id=MODERATOR, at_ms=5
    )


REMOVAL = Judgement(
    outcome=Outcome.REMOVE_AND_TIME_OUT, actor_id=MODERATOR, at_ms=7, removal_text="no",
    member_text="it is removed.", cancelled_text="So is the rest.", exclusion=exclusion(),
    since_id=SINCE,
)  # fmt: skip


async def waiting(stores: Stores, *, guild: int = GUILD, channel: int = CHANNEL) -> str:
    place = make_place(guild=guild, channel=channel)
    (job,) = await stores.enqueue(make_admitted(make_ask(place=place)))
    return job.id


async def test_an_exclusion_cancels_waiting_jobs_there_and_owes_one_telling(stores: Stores) -> None:
    here = [await waiting(stores, channel=1), await waiting(stores, channel=2)]
    there = await waiting(stores, guild=THERE)
    (theirs,) = await stores.enqueue(make_admitted(make_ask(user=OTHER)))
    assert await stores.members.exclude(exclusion(), "a break") == here
    states = {row["id"]: row["state"] for row in await stores.rows("jobs")}
    assert states == {
        **dict.fromkeys(here, "cancelled"), there: "queued", theirs.id: "queued",
    }  # fmt: skip
    (word,) = await stores.tellings.owed_tellings(9)
    assert (word.text, word.channel_id, word.user_id) == ("a break", 2, USER)
    assert await stores.members.exclude(exclusion(), "a break") == []
    assert len(await stores.tellings.owed_tellings(9)) == 1, "nothing more was waiting"


async def test_a_ban_everywhere_cancels_everywhere(stores: Stores) -> None:
    ids = [await waiting(stores), await waiting(stores, guild=THERE)]
    assert await stores.members.exclude(exclusion(EVERYWHERE), "a break") == ids
    (word,) = await stores.tellings.owed_tellings(9)
    assert word.guild_id == THERE, "where they asked last"


async def test_the_strike_that_reaches_the_limit_cancels_waiting_jobs(stores: Stores) -> None:
    job_id = await waiting(stores)
    strike = Strike(rule="gore", about="a", at_ms=5, expires_ms=9)  # type: ignore[arg-type]
    struck = await stores.members.record_strike(
        GUILD, USER, strike, limit=1, timeout_ms=9, reason=""
    )
    assert struck is not None
    assert struck.cancelled == (job_id,)
    assert await stores.tellings.owed_tellings(9) == [], "they read it in the refusal itself"


async def test_a_ban_that_fails_cancels_nothing(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waiting(stores)

    async def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("bot.store.members.insert_telling", fails)
    with pytest.raises(RuntimeError):
        await stores.members.exclude(exclusion(), "a break")
    (job,) = await stores.rows("jobs")
    assert job["state"] == JobState.QUEUED
    assert await stores.rows("exclusions") == []


async def test_a_decision_owes_its_member_one_telling(stores: Stores) -> None:
    _, case = await stores.hold()
    job_id = await waiting(stores)
    decided = await stores.reviews.decide(case.id, REMOVAL)
    assert decided is not None
    assert decided.consequences.cancelled == (job_id,)
    (word,) = await stores.tellings.owed_tellings(9)
    assert (word.id, word.text) == (case.id, "it is removed. So is the rest.")


async def fail_until(
    stores: Stores,
    act: Callable[[], Awaitable[object]],
    settled: Callable[[], Awaitable[object]],
) -> int:
    """Act with a fault at the first statement, then at the second, and so on until it is settled.

    Checks that nothing is owed before. Returns the number of faults.
    """
    writer = make_writer_fail(stores.db)
    faults = 0
    while True:
        broken = len(writer.statements) + faults
        writer.error_code_at = lambda number, _sql, broken=broken: IOERR if number == broken else 0
        with suppress(StorageError):
            await act()
        if await settled():
            return faults
        assert await owed(stores) == [], writer.statements[-2:]
        faults += 1


async def test_a_decision_that_fails_anywhere_owes_no_telling(stores: Stores) -> None:
    _, case = await stores.hold()
    faults = await fail_until(
        stores,
        lambda: stores.reviews.decide(case.id, REMOVAL),
        lambda: stores.db.fetch_all("SELECT 1 FROM cases WHERE decision IS NOT NULL"),
    )
    assert faults > 5, "otherwise this proves little"
    assert await owed(stores) == [case.id]


async def test_a_ban_that_fails_anywhere_owes_no_telling(stores: Stores) -> None:
    await waiting(stores)
    faults = await fail_until(
        stores,
        lambda: stores.members.exclude(exclusion(), "a break"),
        lambda: stores.rows("exclusions"),
    )
    assert faults > 3, "otherwise this proves little"
    assert len(await owed(stores)) == 1
