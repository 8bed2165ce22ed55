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
from tests.stages.front import answer_to, custom_ids
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
    answer = answer_to(await stand.member.slash(stand.channel, "duel party", minutes=minutes))
    assert answer.ephemeral
    assert "The party is on" in answer.content
    await stand.run_parties()
    assert len(stand.duel_messages()) == 1


async def test_one_pair_follows_another_until_the_time_is_over(stand: Ring) -> None:
    await stand.post_pair(seeds=(1, 2, 3, 4))
    await begun(stand, minutes=2)
    fan = await stand.add_fan()
    for number in range(1, 4):
        shown = stand.duel_messages()
        assert len(shown) == number
        duel = (await stand.all_duels())[-1]
        told = answer_to(await stand.press(fan, shown[-1], Action.LEFT, duel.id))
        assert told.ephemeral
        assert "left 1" in told.content
        await stand.run_parties(PAIR_S + 1)
    assert [len(m.components) for m in stand.duel_messages()] == [0, 0, 0], "nothing to press"
    assert all("Left won" in m.content for m in stand.duel_messages())
    assert await stand.services.parties.running_parties() == []
    pairs = {frozenset(duel.job_ids) for duel in await stand.all_duels()}
    assert len(pairs) == 3, "each pair is shown once"


async def test_an_open_pair_is_not_closed_early(stand: Ring) -> None:
    await stand.post_pair(seeds=(1, 2, 3))
    await begun(stand)
    await stand.run_parties(PAIR_S - 2)
    assert len(stand.duel_messages()) == 1
    (duel,) = await stand.all_duels()
    assert duel.closed_ms is None


async def test_a_party_ends_once_every_pair_has_been_shown(stand: Ring) -> None:
    await stand.post_pair()
    await begun(stand)
    await stand.run_parties(PAIR_S + 1)
    assert await stand.services.parties.running_parties() == []
    (message,) = stand.duel_messages()
    assert "Nobody chose between them" in message.content


async def test_a_channel_can_have_only_one_party(stand: Ring) -> None:
    await stand.post_pair()
    await begun(stand)
    fan = await stand.add_fan()
    answer = answer_to(await fan.slash(stand.channel, "duel party"))
    assert "is on in this channel" in answer.content
    assert len(await stand.services.parties.running_parties()) == 1


async def test_only_its_member_and_moderators_can_stop_a_party(stand: Ring) -> None:
    await stand.post_pair(seeds=(1, 2, 3))
    await begun(stand)
    (party,) = await stand.services.parties.running_parties()
    (message,) = stand.duel_messages()
    fan = await stand.add_fan()
    told = answer_to(await stand.press(fan, message, Action.STOP_PARTY, party.id))
    assert told.content == duelling.NOT_YOURS
    boss = stand.moderator(manage_messages=True)
    told = answer_to(await stand.press(boss, message, Action.STOP_PARTY, party.id))
    assert told.content == duelling.STOPPED
    await stand.run_parties(PAIR_S + 1)
    (message,) = stand.duel_messages()
    assert message.components == []
    told = answer_to(await stand.member.slash(stand.channel, "duel party"))
    (party,) = await stand.services.parties.running_parties()
    stop = custom_ids(told)[0]
    told = answer_to(await stand.member.click(told.message, custom_id=stop))
    assert told.content == duelling.STOPPED
    assert await stand.services.parties.running_parties() == []


async def test_a_party_continues_after_a_restart(stand: Ring) -> None:
    await stand.post_pair(seeds=(1, 2, 3))
    await begun(stand)
    await stand.restart()
    fan = await stand.add_fan()
    (duel,) = await stand.all_duels()
    await stand.press(fan, stand.duel_messages()[0], Action.RIGHT, duel.id)
    assert await stand.services.duels.tally(duel.id) == DuelTally(right=1)
    await stand.run_parties(PAIR_S + 1)
    assert len(stand.duel_messages()) == 2


async def test_a_message_whose_response_was_lost_is_not_sent_twice(
    stand: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.post_pair()
    await stand.member.slash(stand.channel, "duel party")
    stand.lose_next_answer(monkeypatch, TimeoutError())
    await stand.run_parties()
    (duel,) = await stand.all_duels()
    assert duel.message_id is None
    assert len(stand.duel_messages()) == 1
    await stand.restart()
    await stand.run_parties()
    (duel,) = await stand.all_duels()
    assert [m.id for m in stand.duel_messages()] == [duel.message_id]


@pytest.mark.parametrize("deed", ["delete", "forget"])
async def test_a_duel_is_taken_down_with_its_picture_or_its_member(stand: Ring, deed: str) -> None:
    await stand.post_pair(seeds=(1, 2))
    await begun(stand)
    (message,) = stand.duel_messages()
    (duel,) = await stand.all_duels()
    if deed == "delete":
        await stand.services.gallery.delete(duel.left_job, 1)
    else:
        await stand.services.privacy.forget(UserId(stand.member.id))
    await stand.run_takedown()
    assert message.id not in stand.message_ids()
    await stand.run_parties()
    assert stand.duel_messages() == []
    assert await stand.services.parties.running_parties() == [], "there is no other pair"
    assert await stand.is_nothing_doomed()


async def test_a_party_shows_the_next_pair_after_a_picture_is_deleted(stand: Ring) -> None:
    await stand.post_pair(seeds=(1, 2, 3))
    await begun(stand)
    (duel,) = await stand.all_duels()
    await stand.services.gallery.delete(duel.left_job, 1)
    await stand.run_rounds("Takedown")
    await stand.run_parties()
    _, following = await stand.all_duels()
    assert duel.left_job not in following.job_ids
    assert [message.id for message in stand.duel_messages()] == [following.message_id]
    assert len(await stand.services.parties.running_parties()) == 1


async def test_policy_is_checked_again_before_a_pair_is_posted(stand: Ring) -> None:
    jobs = await stand.post_pair()
    await stand.open_duel(jobs)
    await stand.services.gallery._db.write_one("UPDATE pictures SET rating = 'explicit'")
    await stand.run_parties()
    assert stand.duel_messages() == []
    (duel,) = await stand.all_duels()
    assert duel.closed_ms is not None
    assert await stand.services.duels.unposted_duels(9) == []


@pytest.mark.parametrize("spoilers", [[True, False], [True, True]])
async def test_only_the_spoilered_pictures_of_a_pair_are_behind_a_spoiler(
    stand: Ring, spoilers: list[bool]
) -> None:
    jobs = await stand.post_pair()
    for job, spoiler in zip(jobs, spoilers, strict=True):
        await stand.services.gallery._db.write_one(
            "UPDATE pictures SET spoiler = :spoiler WHERE job_id = :id",
            {"spoiler": spoiler, "id": job.id},
        )
    await stand.open_duel(jobs)
    await stand.run_parties()
    (message,) = stand.duel_messages()
    assert [file.is_spoiler() for file in message.attachments] == spoilers


async def test_a_party_ends_where_the_bot_may_not_post(stand: Ring) -> None:
    await stand.post_pair(seeds=(1, 2, 3, 4))
    await stand.member.slash(stand.channel, "duel party")
    for _ in range(2):
        stand.env.inject_error(
            "POST", "/channels/*/messages", status=403, code=50013, message="Missing Permissions"
        )
    await stand.run_parties()
    assert await stand.services.parties.running_parties() == []
    assert stand.duel_messages() == []


async def test_no_party_begins_without_attach_files(stand: Ring) -> None:
    await stand.post_pair()
    await stand.deny_to_bot("attach_files")
    answer = answer_to(await stand.member.slash(stand.channel, "duel party"))
    assert "Attach Files" in answer.content
    assert await stand.services.parties.running_parties() == []


async def test_a_duel_forgets_a_message_that_a_moderator_deleted(stand: Ring) -> None:
    await stand.post_pair(seeds=(1, 2))
    await begun(stand)
    (message,) = stand.duel_messages()
    (duel,) = await stand.all_duels()
    await stand.services.parties.step(
        (await stand.services.parties.running_parties())[0].id, None, 9
    )
    await message.delete()
    await stand.run_parties()
    assert await stand.services.duels.unshown_results(9) == []
    told = await stand.services.duels.get(duel.id)
    assert told is not None
    assert told.message_id is None


async def test_a_duel_ends_when_a_moderator_deletes_its_message(stand: Ring) -> None:
    await stand.post_pair(seeds=(1, 2, 3))
    await begun(stand)
    (message,) = stand.duel_messages()
    (duel,) = await stand.all_duels()
    await stand.moderator(manage_messages=True).delete(message)
    await stand.cog("VotesCog")._inbox.flush()
    await stand.run_parties()
    ended, following = await stand.all_duels()
    assert (ended.id, ended.message_id, ended.closed_ms is None) == (duel.id, None, False)
    assert [shown.id for shown in stand.duel_messages()] == [following.message_id]


async def test_a_blind_test_names_the_models_only_after_a_press(stand: Ring) -> None:
    jobs = await stand.post_pair()
    duel = await stand.open_duel(jobs, origin=DuelOrigin.TRIAL)
    await stand.run_parties()
    (message,) = stand.duel_messages()
    assert "fake" not in message.content
    assert custom_ids_of(message) == [f"wd:{side}:{duel.id}" for side in ("left", "right", "skip")]
    told = answer_to(await stand.press(await stand.add_fan(), message, Action.SKIP, duel.id))
    assert told.content.count("drawn by `fake-1`") == 2
    await stand.services.duels.close(duel.id, stand.services.clock())
    await stand.run_parties()
    (message,) = stand.duel_messages()
    assert message.components == []


def custom_ids_of(message: discord.Message) -> list[str | None]:
    return [
        child.custom_id
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for child in row.children
        if isinstance(child, discord.Button)
    ]
