"""The figures about a server's voters, computed from the rows that their votes left."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import Choice
from bot.domain import GuildId, UserId
from bot.store.trust import stranger_weight
from models.statistics.trust import weights
from tests.stages.factories import GUILD, OTHER, USER, make_duel, make_reaction
from tests.stages.stores import Stores, open_stores

DAY_MS = 86_400_000
#: When discord.py's epoch begins, and an account that was made 40 days later.
EPOCH_MS = 1_420_070_400_000
ADA = UserId((40 * DAY_MS) << 22)
BOB = UserId(ADA + 1)
NOW_MS = EPOCH_MS + 50 * DAY_MS


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def test_an_accounts_age_is_in_its_id(stores: Stores) -> None:
    await stores.deliver(message=1)
    await stores.votes.record(make_reaction(1, ADA, at_ms=NOW_MS))
    (voter,) = (await stores.trust.voters(GUILD)).values()
    assert voter.age_ms == 10 * DAY_MS
    assert voter.votes == 1


async def test_votes_choices_and_the_pause_between_them_are_counted(stores: Stores) -> None:
    left = await stores.deliver(message=1, seed=1)
    right = await stores.deliver(message=2, seed=2)
    duel = make_duel(left.id, right.id)
    await stores.duels.open(duel)
    await stores.votes.record(make_reaction(1, ADA, at_ms=NOW_MS))
    await stores.votes.record(make_reaction(2, ADA, at_ms=NOW_MS + 4_000))
    await stores.duels.vote(duel.id, ADA, Choice.RIGHT, NOW_MS + 8_000)
    voters = await stores.trust.voters(GUILD)
    assert set(voters) == {ADA}
    assert voters[ADA].votes == 3
    assert voters[ADA].median_seconds == pytest.approx(4.0)
    assert voters[ADA].self_share == 0
    await stores.duels.vote(duel.id, ADA, Choice.SKIP, NOW_MS + 9_000)
    assert (await stores.trust.voters(GUILD))[ADA].votes == 2, "a skip is no vote"


async def test_self_votes_are_counted_as_a_share(stores: Stores) -> None:
    left = await stores.deliver(message=1, seed=1)
    right = await stores.deliver(message=2, seed=2, user=OTHER)
    duel = make_duel(left.id, right.id)
    await stores.duels.open(duel)
    await stores.duels.vote(duel.id, USER, Choice.LEFT, NOW_MS)
    await stores.votes.record(make_reaction(2, USER, at_ms=NOW_MS + 9_000))
    assert (await stores.trust.voters(GUILD))[USER].self_share == pytest.approx(0.5)


async def test_the_same_choice_in_a_mirrored_duel_counts_as_agreement(stores: Stores) -> None:
    pictures = [await stores.deliver(message=n, seed=n) for n in range(1, 25)]
    for n in range(12):
        left, right = pictures[2 * n], pictures[2 * n + 1]
        first = make_duel(left.id, right.id, duel=f"d{n:09}")
        second = make_duel(right.id, left.id, duel=f"e{n:09}")
        for duel, voter, choice in ((first, ADA, Choice.LEFT), (second, BOB, Choice.RIGHT)):
            await stores.duels.open(duel)
            at_ms = NOW_MS + n * 20_000 + (voter == BOB) * 1_000
            await stores.duels.vote(duel.id, voter, choice, at_ms)
    voters = await stores.trust.voters(GUILD)
    assert voters[ADA].agreement > 0.7, "taken as opposites, they would be far below"


async def test_another_servers_votes_are_not_counted(stores: Stores) -> None:
    await stores.deliver(message=1)
    await stores.votes.record(make_reaction(1, ADA, at_ms=NOW_MS))
    assert await stores.trust.voters(GuildId(GUILD + 1)) == {}


async def test_weights_are_recomputed_after_a_while(stores: Stores) -> None:
    await stores.deliver(message=1)
    assert await stores.trust.weights(GUILD, NOW_MS) == {}
    await stores.votes.record(make_reaction(1, ADA, at_ms=NOW_MS))
    assert await stores.trust.weights(GUILD, NOW_MS + 1_000) == {}
    found = await stores.trust.weights(GUILD, NOW_MS + 400_000)
    voters = await stores.trust.voters(GUILD)
    assert found == {ADA: weights([voters[ADA]])[0]}
    assert 0 < stranger_weight() < found[ADA], "a forgotten voter weighs as much as a new one"
