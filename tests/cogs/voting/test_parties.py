"""A rating party posts one pair after another, and each message once, despite any fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from discord import app_commands

from bot.ballot import DuelOrigin, DuelTally
from bot.domain import UserId
from bot.words import duelling
from cogs.components import Action
from cogs.voting.parties import PAIR_MS
from tests.stages.front import custom_ids, said
from tests.stages.ring import Ring, ring

PAIR_S = PAIR_MS / 1000


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Ring]:
    async with ring(tmp_path) as ready:
        yield ready


@pytest.fixture(autouse=True)
def _no_cooldown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_commands.Cooldown, "update_rate_limit", lambda *_: None)


async def begun(stand: Ring, minutes: int = 10) -> None:
    """Begin a party as the member; its first pair is in the channel."""
    answer = said(await stand.member.slash(stand.channel, "duel party", minutes=minutes))
    assert answer.ephemeral
    assert "The party is on" in answer.content
    await stand.goes_on()
    assert len(stand.duels_shown()) == 1


async def test_one_pair_follows_another_until_the_time_is_over(stand: Ring) -> None:
    await stand.pair(seeds=(1, 2, 3, 4))
    await begun(stand, minutes=2)
    fan = await stand.fan()
    for number in range(1, 4):
        shown = stand.duels_shown()
        assert len(shown) == number
        duel = (await stand.duel_rows())[-1]
        told = said(await stand.press(fan, shown[-1], Action.LEFT, duel.id))
        assert told.ephemeral
        assert "left 1" in told.content
        await stand.goes_on(PAIR_S + 1)
    assert [len(m.components) for m in stand.duels_shown()] == [0, 0, 0], "nothing to press"
    assert all("Left won" in m.content for m in stand.duels_shown())
    assert await stand.services.parties.running_parties() == []
    pairs = {frozenset(duel.job_ids) for duel in await stand.duel_rows()}
    assert len(pairs) == 3, "each pair is shown once"


async def test_an_open_pair_is_not_closed_early(stand: Ring) -> None:
    await stand.pair(seeds=(1, 2, 3))
    await begun(stand)
    await stand.goes_on(PAIR_S - 2)
    assert len(stand.duels_shown()) == 1
    (duel,) = await stand.duel_rows()
    assert duel.closed_ms is None


async def test_a_party_ends_once_every_pair_has_been_shown(stand: Ring) -> None:
    await stand.pair()
    await begun(stand)
    await stand.goes_on(PAIR_S + 1)
    assert await stand.services.parties.running_parties() == []
    (message,) = stand.duels_shown()
    assert "Nobody chose between them" in message.content


async def test_a_channel_can_have_only_one_party(stand: Ring) -> None:
    await stand.pair()
    await begun(stand)
    fan = await stand.fan()
    answer = said(await fan.slash(stand.channel, "duel party"))
    assert "is on in this channel" in answer.content
    assert len(await stand.services.parties.running_parties()) == 1


async def test_only_its_member_and_moderators_can_stop_a_party(stand: Ring) -> None:
    await stand.pair(seeds=(1, 2, 3))
    await begun(stand)
    (party,) = await stand.services.parties.running_parties()
    (message,) = stand.duels_shown()
    fan = await stand.fan()
    told = said(await stand.press(fan, message, Action.STOP_PARTY, party.id))
    assert told.content == duelling.NOT_YOURS
    boss = stand.moderator(manage_messages=True)
    told = said(await stand.press(boss, message, Action.STOP_PARTY, party.id))
    assert told.content == duelling.STOPPED
    await stand.goes_on(PAIR_S + 1)
    (message,) = stand.duels_shown()
    assert message.components == []
    told = said(await stand.member.slash(stand.channel, "duel party"))
    (party,) = await stand.services.parties.running_parties()
    stop = custom_ids(told)[0]
    told = said(await stand.member.click(told.message, custom_id=stop))
    assert told.content == duelling.STOPPED
    assert await stand.services.parties.running_parties() == []


async def test_a_party_continues_after_a_restart(stand: Ring) -> None:
    await stand.pair(seeds=(1, 2, 3))
    await begun(stand)
    await stand.restart()
    fan = await stand.fan()
    (duel,) = await stand.duel_rows()
    await stand.press(fan, stand.duels_shown()[0], Action.RIGHT, duel.id)
    assert await stand.services.duels.tally(duel.id) == DuelTally(right=1)
    await stand.goes_on(PAIR_S + 1)
    assert len(stand.duels_shown()) == 2


async def test_a_message_whose_response_was_lost_is_not_sent_twice(
    stand: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.pair()
    await stand.member.slash(stand.channel, "duel party")
    stand.loses_answers(monkeypatch, TimeoutError())
    await stand.goes_on()
    (duel,) = await stand.duel_rows()
    assert duel.message_id is None
    assert len(stand.duels_shown()) == 1
    await stand.restart()
    await stand.goes_on()
    (duel,) = await stand.duel_rows()
    assert [m.id for m in stand.duels_shown()] == [duel.message_id]


@pytest.mark.parametrize("deed", ["delete", "forget"])
async def test_a_duel_is_taken_down_with_its_picture_or_its_member(stand: Ring, deed: str) -> None:
    await stand.pair(seeds=(1, 2))
    await begun(stand)
    (message,) = stand.duels_shown()
    (duel,) = await stand.duel_rows()
    if deed == "delete":
        await stand.services.gallery.delete(duel.left_job, 1)
    else:
        await stand.services.privacy.forget(UserId(stand.member.id))
    await stand.takes_down()
    assert message.id not in stand.shown()
    await stand.goes_on()
    assert stand.duels_shown() == []
    assert await stand.services.parties.running_parties() == [], "there is no other pair"
    assert await stand.nothing_is_owed()


async def test_a_party_shows_the_next_pair_after_a_picture_is_deleted(stand: Ring) -> None:
    await stand.pair(seeds=(1, 2, 3))
    await begun(stand)
    (duel,) = await stand.duel_rows()
    await stand.services.gallery.delete(duel.left_job, 1)
    await stand.looks("Takedown")
    await stand.goes_on()
    _, following = await stand.duel_rows()
    assert duel.left_job not in following.job_ids
    assert [message.id for message in stand.duels_shown()] == [following.message_id]
    assert len(await stand.services.parties.running_parties()) == 1


async def test_policy_is_checked_again_before_a_pair_is_posted(stand: Ring) -> None:
    jobs = await stand.pair()
    await stand.opened(jobs)
    await stand.services.gallery._db.write_one("UPDATE pictures SET rating = 'explicit'")
    await stand.goes_on()
    assert stand.duels_shown() == []
    (duel,) = await stand.duel_rows()
    assert duel.closed_ms is not None
    assert await stand.services.duels.unposted_duels(9) == []


@pytest.mark.parametrize("spoilers", [[True, False], [True, True]])
async def test_only_the_spoilered_pictures_of_a_pair_are_behind_a_spoiler(
    stand: Ring, spoilers: list[bool]
) -> None:
    jobs = await stand.pair()
    for job, spoiler in zip(jobs, spoilers, strict=True):
        await stand.services.gallery._db.write_one(
            "UPDATE pictures SET spoiler = :spoiler WHERE job_id = :id",
            {"spoiler": spoiler, "id": job.id},
        )
    await stand.opened(jobs)
    await stand.goes_on()
    (message,) = stand.duels_shown()
    assert [file.is_spoiler() for file in message.attachments] == spoilers


async def test_a_party_ends_where_the_bot_may_not_post(stand: Ring) -> None:
    await stand.pair(seeds=(1, 2, 3, 4))
    await stand.member.slash(stand.channel, "duel party")
    for _ in range(2):
        stand.env.inject_error(
            "POST", "/channels/*/messages", status=403, code=50013, message="Missing Permissions"
        )
    await stand.goes_on()
    assert await stand.services.parties.running_parties() == []
    assert stand.duels_shown() == []


async def test_no_party_begins_without_attach_files(stand: Ring) -> None:
    await stand.pair()
    await stand.bot_may_not("attach_files")
    answer = said(await stand.member.slash(stand.channel, "duel party"))
    assert "Attach Files" in answer.content
    assert await stand.services.parties.running_parties() == []


async def test_a_duel_forgets_a_message_that_a_moderator_deleted(stand: Ring) -> None:
    await stand.pair(seeds=(1, 2))
    await begun(stand)
    (message,) = stand.duels_shown()
    (duel,) = await stand.duel_rows()
    await stand.services.parties.step(
        (await stand.services.parties.running_parties())[0].id, None, 9
    )
    await message.delete()
    await stand.goes_on()
    assert await stand.services.duels.unshown_results(9) == []
    told = await stand.services.duels.get(duel.id)
    assert told is not None
    assert told.message_id is None


async def test_a_duel_ends_when_a_moderator_deletes_its_message(stand: Ring) -> None:
    await stand.pair(seeds=(1, 2, 3))
    await begun(stand)
    (message,) = stand.duels_shown()
    (duel,) = await stand.duel_rows()
    await stand.moderator(manage_messages=True).delete(message)
    await stand.cog("VotesCog")._inbox.flush()
    await stand.goes_on()
    ended, following = await stand.duel_rows()
    assert (ended.id, ended.message_id, ended.closed_ms is None) == (duel.id, None, False)
    assert [shown.id for shown in stand.duels_shown()] == [following.message_id]


async def test_a_blind_test_names_the_models_only_after_a_press(stand: Ring) -> None:
    jobs = await stand.pair()
    duel = await stand.opened(jobs, origin=DuelOrigin.TRIAL)
    await stand.goes_on()
    (message,) = stand.duels_shown()
    assert "fake" not in message.content
    assert custom_ids_of(message) == [f"wd:{side}:{duel.id}" for side in ("left", "right", "skip")]
    told = said(await stand.press(await stand.fan(), message, Action.SKIP, duel.id))
    assert told.content.count("drawn by `fake-1`") == 2
    await stand.services.duels.close(duel.id, stand.services.clock())
    await stand.goes_on()
    (message,) = stand.duels_shown()
    assert message.components == []


def custom_ids_of(message: discord.Message) -> list[str | None]:
    return [
        child.custom_id
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
        if isinstance(child, discord.Button)
    ]
