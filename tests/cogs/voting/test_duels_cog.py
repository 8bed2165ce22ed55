"""`/duel`: a member rates pairs alone, blind until they press; and the leaderboard of pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from discord import app_commands
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.ballot import Choice, DuelTally
from bot.domain import GuildId, UserId
from bot.words import duelling
from cogs.components import Action
from tests.stages.front import answer_to, custom_ids
from tests.stages.ring import PROMPT, Ring, ring


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Ring]:
    async with ring(tmp_path) as ready:
        yield ready


@pytest.fixture(autouse=True)
def _no_cooldown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_commands.Cooldown, "update_rate_limit", lambda *_: None)


async def test_duel_without_two_pictures_of_one_prompt_says_what_to_do(stand: Ring) -> None:
    await stand.post_pair(seeds=(1,))
    fan = await stand.add_fan()
    for command in ("duel rate", "duel party"):
        answer = answer_to(await fan.slash(stand.channel, command))
        assert answer.content == duelling.NOTHING_TO_COMPARE
        assert "count: 2" in answer.content
    assert await stand.services.parties.running_parties() == []


async def test_a_pair_is_blind_until_its_member_has_chosen(stand: Ring) -> None:
    jobs = await stand.post_pair()
    fan = await stand.add_fan()
    answer = answer_to(await fan.slash(stand.channel, "duel rate"))
    assert answer.ephemeral
    assert [file.filename for file in answer.attachments] == ["left.png", "right.png"]
    shown = answer.content.encode() + b"".join(
        [await f.read() + (f.description or "").encode() for f in answer.attachments]
    )
    secrets = [*(job.id for job in jobs), str(stand.member.id), "tiny-1", "parameters", "wd:JobId"]
    assert not [secret for secret in secrets if secret.encode() in shown]
    assert b"trainedAlgorithmicMedia" in shown, "it stays marked as AI-made"
    (duel,) = await stand.all_duels()
    told = answer_to(await stand.press(fan, answer.message, Action.LEFT, duel.id)).content
    assert f"<@{stand.member.id}>" in told
    assert all(job.id in told for job in jobs)
    assert "left 1, right 0" in told
    assert "tiny-1" not in told, "the model is named only in a blind test"


async def test_a_choice_can_be_changed_and_taken_back(stand: Ring) -> None:
    await stand.post_pair()
    fan = await stand.add_fan()
    answer = answer_to(await fan.slash(stand.channel, "duel rate"))
    (duel,) = await stand.all_duels()
    for action, tally in (
        (Action.LEFT, DuelTally(left=1)),
        (Action.RIGHT, DuelTally(right=1)),
        (Action.SKIP, DuelTally(skip=1)),
        (Action.TAKE_BACK, DuelTally()),
        (Action.RIGHT, DuelTally(right=1)),
    ):
        answer = answer_to(await stand.press(fan, answer.message, action, duel.id))
        assert await stand.services.duels.tally(duel.id) == tally


async def test_the_next_pair_follows_until_all_are_rated(stand: Ring) -> None:
    await stand.post_pair(seeds=(1, 2, 3))
    fan = await stand.add_fan()
    answer = answer_to(await fan.slash(stand.channel, "duel rate"))
    for _ in range(3):
        assert len(answer.attachments) == 2
        target = custom_ids(answer)[0].rpartition(":")[2]
        answer = answer_to(await stand.press(fan, answer.message, Action.LEFT, target))
        answer = answer_to(await stand.press(fan, answer.message, Action.NEXT_PAIR, target))
    assert answer.content == duelling.ALL_RATED
    assert answer.attachments == []
    pairs = await stand.services.duels.chosen_pairs(GuildId(stand.guild.id), UserId(fan.id))
    assert len(pairs) == 3


async def test_a_members_vote_on_their_own_picture_is_kept_apart(stand: Ring) -> None:
    await stand.post_pair()
    answer = answer_to(await stand.member.slash(stand.channel, "duel rate"))
    (duel,) = await stand.all_duels()
    told = answer_to(await stand.press(stand.member, answer.message, Action.LEFT, duel.id)).content
    assert "doesn't count" in told
    assert await stand.services.duels.tally(duel.id) == DuelTally(self_votes=1)


async def test_a_press_after_the_duel_ended_is_not_counted(stand: Ring) -> None:
    jobs = await stand.post_pair()
    fan = await stand.add_fan()
    answer = answer_to(await fan.slash(stand.channel, "duel rate"))
    (duel,) = await stand.all_duels()
    await stand.services.gallery.delete(jobs[0].id, 1)
    told = answer_to(await stand.press(fan, answer.message, Action.LEFT, duel.id)).content
    assert told == duelling.OVER
    assert not await stand.has_chosen(fan)


async def test_buttons_of_another_servers_duel_and_party_change_nothing(stand: Ring) -> None:
    await stand.post_pair()
    await stand.member.slash(stand.channel, "duel party")
    await stand.run_parties()
    (message,), (duel,) = stand.duel_messages(), await stand.all_duels()
    (party,) = await stand.services.parties.running_parties()
    for table in ("duels", "parties"):
        await stand.services.duels._db.write_one(f"UPDATE {table} SET guild_id = 5")  # noqa: S608  a constant
    told = answer_to(await stand.press(await stand.add_fan(), message, Action.LEFT, duel.id))
    assert told.content == duelling.OVER
    assert await stand.services.duels.tally(duel.id) == DuelTally()
    told = answer_to(await stand.press(stand.member, message, Action.STOP_PARTY, party.id))
    assert told.content == duelling.PARTY_IS_OVER
    assert len(await stand.services.parties.running_parties()) == 1


async def test_a_picture_of_a_private_channel_is_not_shown_elsewhere(stand: Ring) -> None:
    await stand.post_pair()
    hidden = discord.PermissionOverwrite(view_channel=False)
    stand.env.backend.set_overwrite(
        stand.channel.id, Overwrite(stand.guild.id, OverwriteType.ROLE, deny=hidden.pair()[1].value)
    )
    await stand.env.settle()
    elsewhere = stand.guild.create_text_channel("elsewhere")
    await stand.env.settle()
    boss = stand.moderator(administrator=True)
    await stand.accept_licence(boss)
    answer = answer_to(await boss.slash(elsewhere, "duel rate"))
    assert answer.content == duelling.NOTHING_TO_COMPARE


async def test_the_leaderboard_lists_pictures_and_not_people(stand: Ring) -> None:
    best, other = await stand.post_pair()
    fans = [await stand.add_fan(f"fan{n}") for n in range(3)]
    duel = await stand.open_duel([best, other])
    for fan in fans:
        await stand.services.duels.vote(duel.id, UserId(fan.id), Choice.LEFT, 9)
    answer = answer_to(await fans[0].slash(stand.channel, "duel top", period="all"))
    assert "won 3 of 3 votes" in answer.content
    assert best.id in answer.content
    assert other.id not in answer.content, "it never won"
    assert "<@" not in answer.content
    assert [file.filename for file in answer.attachments] == ["sheet.png"]
    await stand.services.gallery.delete(best.id, 1)
    await stand.run_takedown()
    assert answer.id not in stand.message_ids()
    empty = answer_to(await fans[0].slash(stand.channel, "duel top"))
    assert "has won a duel yet" in empty.content


async def test_a_prompt_is_shown_as_plain_text(stand: Ring) -> None:
    await stand.post_pair(prompt=f"{PROMPT} @everyone **x**")
    answer = answer_to(await (await stand.add_fan()).slash(stand.channel, "duel rate"))
    assert "@everyone" not in answer.content
    assert "**x**" not in answer.content
