"""The log channel gets every line despite outages, and only once as far as Discord allows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from simcord.builders import ChannelHandle

from bot.domain import ChannelId, GuildId, UserId
from bot.policy.layers import GuildPolicy
from bot.store.audit_rows import AuditEntry
from bot.store.guilds import PolicyVersion
from tests.stages.front import Front
from tests.stages.governing import current_policy, front_with_panel


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front_with_panel(tmp_path) as ready:
        yield ready


async def change(desk: Front, policy: GuildPolicy, summary: str) -> None:
    before = (await current_policy(desk)).number
    saved = await desk.services.guilds.save(
        policy, before, UserId(desk.member.id), 1_000, summary=summary
    )
    assert isinstance(saved, PolicyVersion)


async def choose_log_channel(desk: Front, channel: ChannelHandle) -> None:
    policy = GuildPolicy(guild_id=GuildId(desk.guild.id), log_channel=ChannelId(channel.id))
    await change(desk, policy, f"Log channel: none → <#{channel.id}>")


def told(channel: ChannelHandle) -> list[str]:
    return [message.content for message in channel.history()]


async def test_every_change_is_logged_with_its_moderator_and_its_content(desk: Front) -> None:
    logs = desk.guild.create_text_channel("mod-log")
    await desk.env.settle()
    await choose_log_channel(desk, logs)
    await change(
        desk, replace((await current_policy(desk)).policy, paused=True), "Paused: no → yes"
    )
    await desk.run_rounds("Logbook")
    (text,) = told(logs)
    assert f"<@{desk.member.id}> changed the policy" in text
    assert "- Paused: no → yes" in text
    await desk.run_rounds("Logbook", rounds=3)
    assert len(told(logs)) == 1, "each line once"


async def test_an_alert_is_sent_to_the_log_channel_too(desk: Front) -> None:
    logs = desk.guild.create_text_channel("mod-log")
    await desk.env.settle()
    await choose_log_channel(desk, logs)
    await desk.services.guilds.log_event(
        AuditEntry(
            guild_id=GuildId(desk.guild.id),
            actor_id=None,
            action="alert",
            detail="A rule of the floor was broken",
            at_ms=2_000,
            user_id=UserId(desk.member.id),
        )
    )
    await desk.run_rounds("Logbook")
    assert "A rule of the floor was broken" in told(logs)[-1]


async def test_a_line_that_cannot_be_sent_now_is_sent_later(desk: Front) -> None:
    logs = desk.guild.create_text_channel("mod-log")
    await desk.env.settle()
    await choose_log_channel(desk, logs)
    await desk.deny_to_bot("send_messages", channel=logs)
    await desk.run_rounds("Logbook")
    assert told(logs) == []
    await desk.deny_to_bot(channel=logs)
    await desk.env.advance_time(5)
    await desk.run_rounds("Logbook")
    assert len(told(logs)) == 1


async def test_a_deleted_log_channel_loses_nothing(desk: Front) -> None:
    logs = desk.guild.create_text_channel("mod-log")
    await desk.env.settle()
    await choose_log_channel(desk, logs)
    desk.env.backend.delete_channel(logs.id)
    await desk.env.settle()
    await desk.run_rounds("Logbook")
    other = desk.guild.create_text_channel("mod-log-2")
    await desk.env.settle()
    await choose_log_channel(desk, other)
    await desk.run_rounds("Logbook")
    (text,) = told(other)
    assert f"<#{logs.id}>" in text
    assert f"<#{other.id}>" in text


async def test_many_lines_are_split_over_several_messages(desk: Front) -> None:
    logs = desk.guild.create_text_channel("mod-log")
    await desk.env.settle()
    await choose_log_channel(desk, logs)
    for number in range(30):
        policy = replace((await current_policy(desk)).policy, cooldown_s=number + 1)
        await change(desk, policy, f"change {number:02} " + "x" * 300)
    await desk.run_rounds("Logbook", rounds=3)
    texts = told(logs)
    assert max(map(len, texts)) <= 2000
    assert [n for n in range(30) if sum(f"change {n:02} " in t for t in texts) != 1] == []
    order = [int(part[:2]) for text in texts for part in text.split("change ")[1:]]
    assert order == sorted(order)


async def test_a_message_whose_response_was_lost_is_resent_with_the_same_nonce(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = desk.guild.create_text_channel("mod-log")
    await desk.env.settle()
    await choose_log_channel(desk, logs)
    desk.lose_next_answer(monkeypatch, asyncio.CancelledError())
    async with asyncio.TaskGroup() as tasks:
        await desk.cog("Logbook").look(tasks)
    await desk.restart()
    await desk.run_rounds("Logbook")
    path = f"/channels/{logs.id}/messages"
    sent = [r for r in desk.env.http_requests if (r.method, r.path) == ("POST", path)]
    first, second = (request.json or {} for request in sent)
    assert first["nonce"] == second["nonce"], "Discord drops the second as a duplicate"
    assert second["enforce_nonce"]


async def test_removing_the_log_channel_is_logged_in_it(desk: Front) -> None:
    logs = desk.guild.create_text_channel("mod-log")
    await desk.env.settle()
    await choose_log_channel(desk, logs)
    await desk.run_rounds("Logbook")
    guild_id = GuildId(desk.guild.id)
    await change(desk, GuildPolicy(guild_id=guild_id), f"Log channel: <#{logs.id}> → none")
    await change(desk, GuildPolicy(guild_id=guild_id, paused=True), "Paused: no → yes")
    await desk.run_rounds("Logbook")
    assert "→ none" in told(logs)[-1]
    assert "Paused" not in "".join(told(logs))


async def test_changes_made_without_a_log_channel_are_not_sent_later(desk: Front) -> None:
    policy = GuildPolicy(guild_id=GuildId(desk.guild.id), paused=True)
    await change(desk, policy, "Paused: no → yes")
    await choose_log_channel(desk, desk.channel)
    await desk.run_rounds("Logbook")
    assert "Paused" not in "\n".join(told(desk.channel)), "it is in the log"
