"""Messages owed to members survive refusals, outages and restarts, but are not kept for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain import ChannelId, GuildId, UserId
from bot.store.tellings import Telling, TellingId, insert_telling
from tests.stages.front import Front, front

DAY_S = 86_400


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


async def owe(desk: Front, name: str = "0123456789", channel: int | None = None) -> None:
    async with desk.services.tellings._db.write() as tx:
        await insert_telling(
            tx,
            Telling(
                id=TellingId(name),
                guild_id=GuildId(desk.guild.id),
                channel_id=ChannelId(channel or desk.channel.id),
                user_id=UserId(desk.member.id),
                text=f"<@{desk.member.id}> a word",
                created_ms=desk.services.clock(),
            ),
        )


def told(desk: Front) -> list[str]:
    return [message.content for message in desk.channel.history()]


async def test_a_message_is_sent_once_and_pings_only_its_member(desk: Front) -> None:
    await owe(desk)
    await desk.run_rounds("Messenger", rounds=3)
    (message,) = desk.channel.history()
    assert message.content == f"<@{desk.member.id}> a word"
    assert [user.id for user in message.mentions] == [desk.member.id]


async def test_a_message_that_discord_refuses_is_sent_after_a_restart(desk: Front) -> None:
    await owe(desk)
    await desk.deny_to_bot("send_messages")
    await desk.run_rounds("Messenger")
    await desk.restart()
    await desk.run_rounds("Messenger")
    assert told(desk) == []
    await desk.deny_to_bot()
    await desk.run_rounds("Messenger")
    assert told(desk) == [], "the channel rests"
    await desk.env.advance_time(3600)
    await desk.run_rounds("Messenger")
    assert len(told(desk)) == 1


async def test_the_pauses_before_resending_a_message_grow(desk: Front) -> None:
    await owe(desk)
    await desk.deny_to_bot("send_messages")
    resting = []
    for _ in range(4):
        await desk.run_rounds("Messenger")
        pause_s = 0
        while desk.cog("Messenger")._lanes[0].openings().closed:
            await desk.env.advance_time(1)
            pause_s += 1
        await desk.env.advance_time(pause_s)
        resting.append(pause_s)
    assert resting == [1, 2, 4, 8]


async def test_a_message_older_than_two_days_is_dropped(desk: Front) -> None:
    await owe(desk)
    await desk.deny_to_bot("send_messages")
    await desk.run_rounds("Messenger")
    await desk.env.advance_time(2 * DAY_S + 1)
    await desk.deny_to_bot()
    await desk.run_rounds("Messenger")
    assert told(desk) == []
    assert await desk.services.tellings.owed_tellings(9) == []


async def test_messages_for_a_deleted_channel_are_dropped_and_delay_no_others(desk: Front) -> None:
    await owe(desk, "0000000001", channel=5)
    await owe(desk, "0000000002")
    await desk.run_rounds("Messenger")
    assert len(told(desk)) == 1
    assert await desk.services.tellings.owed_tellings(9) == []
