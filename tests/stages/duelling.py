"""Members who take part in duels, whose traces the tests of the stores look for."""

from __future__ import annotations

from bot.ballot import Choice, DuelOrigin
from bot.domain import Job, UserId
from tests.stages.factories import GUILD, OTHER, USER, make_duel, make_party
from tests.stages.stores import Stores


async def take_part_in_duels(stores: Stores, theirs: Job) -> None:
    """USER begins a party.

    Two people choose between USER's picture and OTHER's, and between two of OTHER's.
    """
    mine = (await stores.views.history(USER, GUILD, 1))[0]
    more, _ = await stores.draw(user=OTHER, prompt="their own", seed=8)
    assert await stores.parties.begin(make_party())
    shown = make_duel(mine.id, theirs.id, party="p000000001")
    alone = make_duel(theirs.id, more.id, duel="d000000002", origin=DuelOrigin.ALONE)
    for duel in (shown, alone):
        assert await stores.duels.open(duel)
        for voter in (USER, UserId(77)):
            assert await stores.duels.vote(duel.id, voter, Choice.LEFT, 7_000)
