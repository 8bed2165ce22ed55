"""Caps on waiting pictures and on pictures a day, the pause, and requests that arrive at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import ENDED, GuildId, JobState, RefusalReason, Refused, Request, UserId
from bot.languages import language
from bot.store import usage as room
from bot.store.caps import Caps
from bot.words import limits
from bot.words.speaking import speaking
from tests.stages.factories import GUILD, OTHER, SINCE, USER, make_admitted, make_ask, make_place
from tests.stages.stores import AMPLE, WORKER, Stores, open_stores

DAY_MS = 86_400_000
NOW_MS = 10 * DAY_MS


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def ask(
    stores: Stores,
    caps: Caps,
    now_ms: int = NOW_MS,
    *,
    count: int = 1,
    user: int = USER,
    guild: int = GUILD,
) -> Request | Refused:
    place = make_place(guild=guild)
    admitted = make_admitted(make_ask(user=user, count=count, place=place))
    return await stores.queue.enqueue(admitted, caps, now_ms, since_id=SINCE)


def text(result: Request | Refused) -> str:
    assert isinstance(result, Refused), "it was granted"
    assert result.reason is RefusalReason.CAP
    return result.text


async def test_the_daily_cap_counts_each_member_in_each_server(stores: Stores) -> None:
    caps = replace(AMPLE, per_day=3)
    assert isinstance(await ask(stores, caps, count=2), Request)
    assert text(await ask(stores, caps, NOW_MS + 1, count=2)) == (
        "This server's limit is 3 pictures a day, and you had 2 in the last 24 hours. Try again "
        "later, or ask for fewer."
    )
    assert isinstance(await ask(stores, caps, NOW_MS + 1, guild=GUILD + 1), Request)
    assert isinstance(await ask(stores, caps, NOW_MS + 1, user=OTHER), Request)
    assert isinstance(await ask(stores, caps, NOW_MS + 1), Request)
    assert text(await ask(stores, caps, NOW_MS + DAY_MS, count=3))
    assert isinstance(await ask(stores, caps, NOW_MS + DAY_MS + 2, count=3), Request)


async def test_a_missing_daily_cap_differs_from_a_cap_of_zero(stores: Stores) -> None:
    assert isinstance(await ask(stores, replace(AMPLE, per_day=None)), Request)
    assert text(await ask(stores, replace(AMPLE, per_day=0)))


COUNTS = {JobState.DELIVERED, JobState.HELD}


@pytest.mark.parametrize("state", sorted(COUNTS | ENDED))
async def test_pictures_that_came_to_nothing_do_not_count_towards_the_day(
    stores: Stores, state: JobState
) -> None:
    caps = replace(AMPLE, per_day=1)
    await ask(stores, caps)
    await stores.db.write_one("UPDATE jobs SET state = :state", {"state": state})
    assert isinstance(await ask(stores, caps), Refused) == (state in COUNTS)
    usage = await stores.members.usage(GuildId(GUILD), UserId(USER), NOW_MS - DAY_MS)
    assert (usage.pictures, usage.last_ms) == (1, NOW_MS)


async def test_there_is_a_pause_between_requests(stores: Stores) -> None:
    caps = replace(AMPLE, cooldown_ms=30_000)
    assert isinstance(await ask(stores, caps, count=3), Request)
    assert text(await ask(stores, caps, NOW_MS + 1)).endswith("ask again in 30 s.")
    assert text(await ask(stores, caps, NOW_MS + 29_000)).endswith("ask again in 1 s.")
    assert isinstance(await ask(stores, caps, NOW_MS + 1, guild=GUILD + 1), Request)
    assert isinstance(await ask(stores, caps, NOW_MS + 1, user=OTHER), Request)
    assert isinstance(await ask(stores, caps, NOW_MS + 30_000), Request)


async def test_a_clock_that_was_set_back_makes_nobody_wait_for_days(stores: Stores) -> None:
    caps = replace(AMPLE, cooldown_ms=30_000)
    assert isinstance(await ask(stores, caps, NOW_MS + DAY_MS), Request)
    assert text(await ask(stores, caps, NOW_MS)).endswith("ask again in 30 s.")


async def test_concurrent_requests_do_not_exceed_a_cap(stores: Stores) -> None:
    for caps in (replace(AMPLE, per_day=3), replace(AMPLE, cooldown_ms=1_000)):
        user = caps.cooldown_ms + 1
        results = await asyncio.gather(*(ask(stores, caps, user=user) for _ in range(9)))
        granted = sum(isinstance(result, Request) for result in results)
        assert granted == (caps.per_day or 1)


async def test_concurrent_requests_are_each_refused_in_their_own_language(stores: Stores) -> None:
    async def refused(locale: str, user: int) -> str:
        with speaking(language(locale)):
            return text(await ask(stores, Caps(per_user=1, per_guild=9), count=2, user=user))

    told = await asyncio.gather(*map(refused, ("de", "ja", "fr"), (1, 2, 3)))
    for locale, said in zip(("de", "ja", "fr"), told, strict=True):
        with speaking(language(locale)):
            assert said == limits.too_many(2, 1)


async def test_held_pictures_do_not_count_as_waiting(stores: Stores) -> None:
    await stores.hold()
    assert isinstance(await ask(stores, Caps(per_user=1, per_guild=1)), Request)
    assert isinstance(await ask(stores, Caps(per_user=1, per_guild=9)), Refused)
    assert isinstance(await ask(stores, Caps(per_user=9, per_guild=1), user=OTHER), Refused)


async def test_usage_is_read_through_an_index(stores: Stores) -> None:
    await stores.enqueue()
    assert await stores.claim()
    await stores.queue.requeue(WORKER, [], 5)
    plan = await stores.db.fetch_all(
        f"EXPLAIN QUERY PLAN {room._USAGE}", {"user": 1, "guild": 2, "since": 3}
    )
    steps = [str(row["detail"]) for row in plan]
    assert sum("jobs_asked" in step for step in steps) == 2, steps
