"""Rating parties: one per channel, one pair after another."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from bot.ballot import Duel
from bot.domain import MessageId
from tests.stages.factories import CHANNEL, OTHER, make_duel, make_party
from tests.stages.stores import Stores, open_stores

MESSAGE = MessageId(900_000_000_000_000_009)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def a_duel(stores: Stores, *, party: str) -> Duel:
    left = await stores.deliver(message=1, seed=1)
    right = await stores.deliver(message=2, seed=2, user=OTHER)
    opened = await stores.duels.open(make_duel(left.id, right.id, party=party))
    assert opened is not None
    return opened


async def posted(stores: Stores, duel: Duel) -> None:
    assert await stores.duels.begin_posting(duel.id, 6_500)
    assert await stores.duels.record_message(duel, MESSAGE, 7_000)


async def test_a_channel_has_one_party_at_a_time(stores: Stores) -> None:
    party = make_party()
    assert await stores.parties.begin(party)
    assert not await stores.parties.begin(make_party(party="p000000002"))
    assert await stores.parties.begin(make_party(party="p000000003", channel=CHANNEL + 1))
    assert await stores.parties.running_in(CHANNEL) == await stores.parties.get(party.id) == party
    assert await stores.parties.step(party.id, None, 9_000)
    assert await stores.parties.running_in(CHANNEL) is None
    assert not await stores.parties.step(party.id, None, 9_000)
    assert await stores.parties.begin(make_party(party="p000000002"))


async def test_a_step_closes_the_duel_and_opens_the_next(stores: Stores) -> None:
    await stores.parties.begin(make_party())
    duel = await a_duel(stores, party="p000000001")
    await posted(stores, duel)
    following = make_duel(*duel.job_ids, duel="d000000002", party="p000000001", at_ms=8_000)
    assert await stores.parties.step(make_party().id, following, 8_000)
    assert [d.id for d in await stores.parties.duels(make_party().id)] == [following.id, duel.id]
    assert [d.id for d in await stores.duels.unshown_results(9)] == [duel.id]
    assert [d.id for d in await stores.duels.unposted_duels(9)] == [following.id]
    # It ends while the message is being sent, so the message is hunted.
    await stores.duels.begin_posting(following.id, 8_500)
    assert await stores.parties.step(make_party().id, None, 9_000)
    assert [hunt.name for hunt in await stores.doomed.hunts(9)] == [following.id]
    assert [d.id for d in await stores.duels.unshown_results(9)] == [duel.id]
