from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from bot.domain import Ask, ChannelId, GuildId, JobId, Place, RequestId, RequestKind
from bot.store.consent import Consent
from tests.stages.databases import open_database
from tests.stages.factories import OTHER, USER, make_admitted, make_ask
from tests.stages.stores import open_stores

OLD, NEW = "a" * 64, "b" * 64


@pytest_asyncio.fixture
async def consent(tmp_path: Path) -> AsyncGenerator[Consent]:
    db = await open_database(tmp_path / "bot.sqlite3")
    yield Consent(db)
    await db.close()


async def test_an_acceptance_covers_one_person_and_one_licence(consent: Consent) -> None:
    assert not await consent.has_accepted(USER, OLD)
    for _ in range(2):
        await consent.accept(USER, OLD, "card-1", 5)
    assert await consent.has_accepted(USER, OLD)
    assert not await consent.has_accepted(USER, NEW), "a new licence asks again"
    assert not await consent.has_accepted(OTHER, OLD)


def elaborate() -> Ask:
    place = Place(
        guild_id=GuildId(2**62 + 1),
        channel_id=ChannelId(3),
        parent_id=ChannelId(4),
        channel_age_restricted=True,
        guild_age_restricted=True,
    )
    return make_ask(
        "1girl, «привет» 👍\n日本語",
        place=place,
        count=4,
        kind=RequestKind.VARY,
        parent="0000000009",
    )


async def test_a_waiting_ask_comes_back_unchanged(consent: Consent) -> None:
    for ask in (make_ask(), elaborate()):
        waiting_id = await consent.add_waiting_ask(ask, 5)
        assert await consent.take_waiting_ask(waiting_id, USER) == ask


async def test_a_waiting_ask_is_taken_once_and_only_by_its_user(consent: Consent) -> None:
    waiting_id = await consent.add_waiting_ask(make_ask(), 5)
    assert await consent.take_waiting_ask(waiting_id, OTHER) is None
    takes = await asyncio.gather(*(consent.take_waiting_ask(waiting_id, USER) for _ in range(5)))
    assert sum(ask is not None for ask in takes) == 1
    assert await consent.take_waiting_ask(RequestId("nothing"), USER) is None


async def test_a_user_cannot_pile_up_waiting_asks(consent: Consent) -> None:
    ids = [await consent.add_waiting_ask(make_ask(f"ask {i}"), i) for i in range(8)]
    theirs = await consent.add_waiting_ask(make_ask(user=OTHER), 9)
    taken = [await consent.take_waiting_ask(waiting_id, USER) for waiting_id in ids]
    assert [ask.draw.prompt for ask in taken if ask] == [f"ask {i}" for i in range(3, 8)]
    assert await consent.take_waiting_ask(theirs, OTHER) is not None


async def test_prompts_are_not_shared_unless_their_member_agrees(consent: Consent) -> None:
    assert not await consent.shares_prompts(USER)
    await consent.set_sharing(USER, True, 5)
    assert await consent.shares_prompts(USER)
    assert not await consent.shares_prompts(OTHER)
    await consent.set_sharing(USER, False, 6)
    assert not await consent.shares_prompts(USER)


async def test_a_new_licence_ends_only_the_jobs_of_its_own_card(tmp_path: Path) -> None:
    async with open_stores(tmp_path) as stores:
        consent = Consent(stores.db)
        await consent.accept(USER, "old", "a", 1)
        jobs: dict[str | None, JobId] = {}
        for model in ("a", "b", "c", None):
            ask = make_ask()
            ask = replace(ask, draw=replace(ask.draw, model=model))
            jobs[model] = (await stores.enqueue(make_admitted(ask)))[0].id
        assert await consent.undrawn_cards() == {"a", "b", "c"}
        ended = await consent.fail_unlicensed_jobs({"a": "old", "b": "new"}, "a", 5)
        assert ended == [jobs["b"]], "the licence of c is unknown, and has nothing to do with a"
        told = await stores.views.get(jobs["b"])
        assert told is not None
        assert "its licence is another one" in (told.error or "")
        assert await consent.fail_unlicensed_jobs({"d": "new"}, "d", 6) == [jobs[None]]
