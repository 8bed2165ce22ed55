from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from bot.domain import Ask, ChannelId, GuildId, Place, RequestId, RequestKind
from bot.store.consent import Consent
from bot.store.db import Database
from tests.stages.factories import OTHER, USER, make_ask

OLD, NEW = "a" * 64, "b" * 64


@pytest_asyncio.fixture
async def consent(tmp_path: Path) -> AsyncGenerator[Consent]:
    db = await Database.open(tmp_path / "bot.sqlite3")
    yield Consent(db)
    await db.close()


async def test_an_acceptance_is_of_one_person_and_one_licence(consent: Consent) -> None:
    assert not await consent.accepted(USER, OLD)
    for _ in range(2):
        await consent.accept(USER, OLD, "card-1", 5)
    assert await consent.accepted(USER, OLD)
    assert not await consent.accepted(USER, NEW), "a new licence asks again"
    assert not await consent.accepted(OTHER, OLD)


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


async def test_an_ask_comes_back_as_it_was(consent: Consent) -> None:
    for ask in (make_ask(), elaborate()):
        waiting_id = await consent.hold(ask, 5)
        assert await consent.take(waiting_id, USER) == ask


async def test_an_ask_is_taken_once_and_by_its_user(consent: Consent) -> None:
    waiting_id = await consent.hold(make_ask(), 5)
    assert await consent.take(waiting_id, OTHER) is None
    takes = await asyncio.gather(*(consent.take(waiting_id, USER) for _ in range(5)))
    assert sum(ask is not None for ask in takes) == 1
    assert await consent.take(RequestId("nothing"), USER) is None


async def test_a_user_cannot_pile_up_waiting_asks(consent: Consent) -> None:
    ids = [await consent.hold(make_ask(f"ask {i}"), i) for i in range(8)]
    theirs = await consent.hold(make_ask(user=OTHER), 9)
    taken = [await consent.take(waiting_id, USER) for waiting_id in ids]
    assert [ask.draw.prompt for ask in taken if ask] == [f"ask {i}" for i in range(3, 8)]
    assert await consent.take(theirs, OTHER) is not None


async def test_prompts_are_not_shared_unless_asked_for(consent: Consent) -> None:
    assert not await consent.shares_prompts(USER)
    await consent.set_sharing(USER, True, 5)
    assert await consent.shares_prompts(USER)
    assert not await consent.shares_prompts(OTHER)
    await consent.set_sharing(USER, False, 6)
    assert not await consent.shares_prompts(USER)
