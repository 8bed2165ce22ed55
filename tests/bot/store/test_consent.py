from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from bot.domain import Ask, ChannelId, GuildId, JobId, Place, RequestId, RequestKind
from bot.store.consent import TERMS_SHOWN_MS, UNLICENSED_MAX, UNLICENSED_MS, Consent
from tests.stages.databases import open_database
from tests.stages.factories import OTHER, USER, make_admitted, make_ask
from tests.stages.stores import open_stores

OLD, NEW = "a" * 64, "b" * 64
NOTHING = RequestId("nothing")


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


async def test_asks_that_wait_for_a_licence_are_kept_up_to_a_limit(consent: Consent) -> None:
    """Asks that wait for another press neither count nor push them out."""
    other_id = await consent.add_waiting_ask(make_ask("other"), 4)
    for number in range(UNLICENSED_MAX):
        assert await consent.add_unlicensed_ask(make_ask(f"ask {number}"), OLD, 5) is not None
    await consent.add_waiting_ask(make_ask("one more"), 6)
    assert await consent.get_waiting_ask(other_id, USER) is not None
    for number in range(8):
        await consent.add_waiting_ask(make_ask(f"other {number}"), 6)
    assert await consent.add_unlicensed_ask(make_ask("too many"), NEW, 7) is None
    assert await consent.add_unlicensed_ask(make_ask(user=OTHER), OLD, 7) is not None
    waiting = await consent.unlicensed_asks(USER, NOTHING, 8)
    assert [ask.draw.prompt for ask in waiting.values()] == [
        f"ask {number}" for number in range(UNLICENSED_MAX)
    ]


async def test_an_old_unlicensed_ask_makes_room(consent: Consent) -> None:
    for number in range(UNLICENSED_MAX):
        await consent.add_unlicensed_ask(make_ask(f"ask {number}"), OLD, 5)
    later_ms = 5 + UNLICENSED_MS
    assert await consent.unlicensed_asks(USER, NOTHING, later_ms) == {}
    assert await consent.add_unlicensed_ask(make_ask("new"), OLD, later_ms) is not None
    taken = await consent.take_unlicensed_asks(USER, NOTHING)
    assert [ask.draw.prompt for ask in taken] == ["new"]


async def test_terms_count_as_shown_in_one_channel_for_one_licence_and_a_while(
    consent: Consent,
) -> None:
    async def shown(ask: Ask, licence: str, now_ms: int) -> bool | None:
        added = await consent.add_unlicensed_ask(ask, licence, now_ms)
        return added and added.terms_shown

    ask = make_ask()
    assert await shown(ask, OLD, 5) is False
    assert await shown(ask, OLD, 4 + TERMS_SHOWN_MS) is True
    assert await shown(ask, NEW, 4 + TERMS_SHOWN_MS) is False
    assert await shown(elaborate(), OLD, 4 + TERMS_SHOWN_MS) is False
    assert await shown(ask, OLD, 4 + 2 * TERMS_SHOWN_MS) is False


async def test_taking_unlicensed_asks_takes_all_in_order_and_nothing_else(
    consent: Consent,
) -> None:
    pressed_id = await consent.add_waiting_ask(make_ask("of an earlier version"), 1)
    kept_id = await consent.add_waiting_ask(make_ask("under appeal"), 2)
    for prompt in ("first", "second"):
        await consent.add_unlicensed_ask(make_ask(prompt), OLD, 3)
    await consent.add_unlicensed_ask(make_ask(user=OTHER), OLD, 3)
    assert len(await consent.unlicensed_asks(USER, pressed_id, 4)) == 3
    taken = await consent.take_unlicensed_asks(USER, pressed_id)
    assert [ask.draw.prompt for ask in taken] == ["of an earlier version", "first", "second"]
    assert await consent.get_waiting_ask(kept_id, USER) is not None
    assert len(await consent.unlicensed_asks(OTHER, NOTHING, 4)) == 1
