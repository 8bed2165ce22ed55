"""`/moderate`: strikes, time-outs, bans and the purge, as moderators and members see them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path

import discord
import pytest
from simcord.actors import MemberActor

from bot.domain import GuildId, JobState, RuleId, UserId
from bot.store.members import Strike
from tests.stages.court import Court, court
from tests.stages.front import answer_to, custom_ids


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Court]:
    async with court(tmp_path) as ready:
        yield ready


async def run(desk: Court, name: str, who: MemberActor | None = None, **options: object) -> str:
    answer = answer_to(await (who or desk.boss).slash(desk.channel, f"moderate {name}", **options))
    assert answer.ephemeral
    return answer.content


async def struck(desk: Court, about: str) -> None:
    now_ms = desk.services.clock()
    strike = Strike(
        rule=RuleId("sexual"), about=about, at_ms=now_ms, expires_ms=now_ms + 86_400_000
    )
    await desk.services.members.record_strike(
        GuildId(desk.guild.id), UserId(desk.member.id), strike, limit=0, timeout_ms=1, reason=""
    )


async def log(desk: Court) -> list[str]:
    entries = await desk.services.guilds.audit_log(GuildId(desk.guild.id), 50)
    return [entry.action for entry in reversed(entries)]


async def test_moderate_is_hidden_from_members_and_checks_permissions_itself(desk: Court) -> None:
    assert not [c for c in desk.member.available_commands(desk.channel) if "moderate" in c]
    commands = await desk.env.bot.tree.fetch_commands()  # type: ignore[attr-defined]  it is a Bot
    group = next(c for c in commands if c.name == "moderate")
    desk.guild.set_command_permissions(group, {desk.member: True})
    told = await run(desk, "ban", desk.member, member=desk.boss)
    assert "for the moderators of this server" in told
    exclusion = await desk.services.members.exclusion(
        GuildId(desk.guild.id), UserId(desk.boss.id), desk.services.clock()
    )
    assert exclusion is None
    desk.env._errors.clear()


async def test_a_member_who_is_timed_out_is_told_until_when_and_why(desk: Court) -> None:
    told = await run(desk, "timeout", member=desk.member, minutes=10, reason="take a *break*")
    assert "timed out until" in told
    kept_out = await desk.ask()
    assert kept_out.ephemeral
    assert "You can't ask me for pictures in this server until <t:" in kept_out.content
    assert "take a \\*break\\*" in kept_out.content
    assert f"<@{desk.member.id}>" in await run(desk, "excluded")
    assert (await run(desk, "member", member=desk.member)).count(f"<@{desk.member.id}>") == 1
    await desk.env.advance_time(601)
    assert not (await desk.ask()).ephemeral
    assert await run(desk, "excluded") == "Nobody is timed out or banned here."


async def test_a_ban_holds_until_it_is_lifted_and_is_logged(desk: Court) -> None:
    await run(desk, "ban", member=desk.member, reason="enough")
    await desk.env.advance_time(90 * 86_400)
    assert "until a moderator lifts your ban" in (await desk.ask()).content
    assert "may ask again here" in await run(desk, "lift", member=desk.member)
    assert not (await desk.ask()).ephemeral
    assert "neither timed out nor banned" in await run(desk, "lift", member=desk.member)
    assert await log(desk) == ["policy", "ban", "lift"]


@pytest.mark.parametrize(("name", "options"), [("ban", {}), ("timeout", {"minutes": 5})])
async def test_an_excluded_members_jobs_are_cancelled_and_they_are_told_once(
    desk: Court, name: str, options: dict[str, int]
) -> None:
    (drawn,) = await desk.queue_jobs(seed=1)
    await desk.draw_jobs([drawn])
    (begun,) = await desk.queue_jobs(seed=2)
    await desk.services.queue.claim("worker", 60_000, desk.services.clock())
    waiting = await desk.queue_jobs(count=3, seed=3)
    await run(desk, name, member=desk.member, reason="that was *rude*", **options)
    assert [await desk.state(job) for job in (begun, *waiting)] == [JobState.CANCELLED] * 4
    await desk.run_rounds("Messenger", rounds=3)
    (told,) = desk.texts_in_channel()
    assert told.startswith(f"<@{desk.member.id}>, the moderators ask you to take a break")
    assert "rude" not in told, "others read it too"
    await desk.run_all_rounds()
    assert await desk.state(drawn) is JobState.DELIVERED, "it was drawn before"


async def test_a_member_without_waiting_jobs_is_told_of_a_ban_when_they_ask(desk: Court) -> None:
    await run(desk, "ban", member=desk.member)
    await desk.run_rounds("Messenger")
    assert desk.texts_in_channel() == []
    assert "lifts your ban" in (await desk.ask()).content


async def test_buttons_cannot_bypass_a_ban(desk: Court) -> None:
    _, message = await desk.post_picture()
    await run(desk, "ban", member=desk.member)
    for label in ("Again", "Reroll"):
        pressed = await desk.member.click(message, label=label)
        assert "lifts your ban" in answer_to(pressed).content
    assert len(await desk.jobs_of()) == 1


async def test_only_the_operator_can_ban_everywhere(desk: Court) -> None:
    assert "Only my operator" in await run(desk, "ban", member=desk.member, everywhere=True)
    assert not (await desk.ask()).ephemeral
    desk.bot.owner_id = desk.boss.id
    assert "banned everywhere" in await run(desk, "ban", member=desk.member, everywhere=True)
    assert "in any server" in (await desk.ask()).content
    assert "neither timed out nor banned" in await run(desk, "lift", member=desk.member), (
        "the ban everywhere is another one"
    )
    assert "again everywhere" in await run(desk, "lift", member=desk.member, everywhere=True)
    assert not (await desk.ask()).ephemeral


async def test_strikes_can_be_listed_and_forgiven(desk: Court) -> None:
    await struck(desk, "one")
    await struck(desk, "two")
    told = await run(desk, "member", member=desk.member)
    assert "2 strikes" in told
    assert told.count("Sexual content") == 2
    assert "may ask me" in told
    assert "2 strikes" in await run(desk, "forgive", member=desk.member)
    assert "no strikes" in await run(desk, "member", member=desk.member)


async def test_a_purge_asks_first_and_removes_every_picture_in_the_server(desk: Court) -> None:
    pictures = [await desk.post_picture() for _ in range(3)]
    waiting = (await desk.queue_jobs())[0]
    asked = answer_to(await desk.boss.slash(desk.channel, "moderate purge", member=desk.member))
    assert "Remove every picture" in asked.content
    assert len(desk.message_ids()) == 3
    pressed = await desk.boss.click(asked.message, custom_id=custom_ids(asked)[0])
    stored = desk.env.backend.messages[desk.channel.id][asked.id]
    assert f"3 pictures of <@{desk.member.id}>. 3 messages are still" in stored.content
    assert not pressed.followups
    await desk.run_takedown()
    assert desk.message_ids() == []
    assert await desk.state(waiting) is JobState.CANCELLED
    for job, _ in pictures:
        assert await desk.services.gallery.get(job.id) is None
    assert (await log(desk))[-1] == "purge"


async def test_a_purge_counts_the_remaining_messages_down_to_none(
    desk: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await desk.post_picture()
    asked = answer_to(await desk.boss.slash(desk.channel, "moderate purge", member=desk.member))
    telling: list[Coroutine[None, None, None]] = []

    def keep(work: Coroutine[None, None, None], *, name: str) -> None:
        assert name == "how far a purge is"
        telling.append(work)

    monkeypatch.setattr(desk.bot, "spawn", keep)
    await desk.boss.click(asked.message, custom_id=custom_ids(asked)[0])
    told: list[str] = []

    async def one_leaves(*_: object) -> int:
        """Called after each pause, when one more message has been deleted."""
        told.append(desk.env.backend.messages[desk.channel.id][asked.id].content)
        gone, *left = await desk.services.doomed.messages(9)
        await desk.services.doomed.record_deleted(gone.message_id, desk.services.clock())
        return len(left)

    # The module that discord.py loaded.
    room = sys.modules["cogs.governing.purging"]
    monkeypatch.setattr(room, "_count_remaining", one_leaves)
    monkeypatch.setattr(room, "_PAUSE_S", 0.0)
    (work,) = telling
    await work
    told.append(desk.env.backend.messages[desk.channel.id][asked.id].content)
    head = f"I have removed 3 pictures of <@{desk.member.id}>."
    assert told == [
        f"{head} 3 messages are still to be deleted …",
        f"{head} 2 messages are still to be deleted …",
        f"{head} 1 message is still to be deleted …",
        f"{head} All messages are deleted.",
    ]


async def test_a_purge_button_works_only_for_moderators(desk: Court) -> None:
    job, _ = await desk.post_picture()
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="x", custom_id=f"wd:purge:{desk.member.id}"))
    view.stop()
    channel = desk.env.bot.get_partial_messageable(desk.channel.id, guild_id=desk.guild.id)
    message = await channel.send("found", view=view)
    pressed = await desk.newcomer().click(message, custom_id=f"wd:purge:{desk.member.id}")
    assert "for the moderators of this server" in answer_to(pressed).content
    assert await desk.services.gallery.get(job.id) is not None


async def test_case_ids_are_offered_only_to_members_who_may_decide_them(desk: Court) -> None:
    await desk.hold_picture()
    (case,) = await desk.open_cases()
    commands = await desk.env.bot.tree.fetch_commands()  # type: ignore[attr-defined]  it is a Bot
    moderate = next(c for c in commands if c.name == "moderate")
    desk.guild.set_command_permissions(moderate, {desk.member: True})
    assert not await desk.member.autocomplete(desk.channel, "moderate cases", "id", "")
    (offered,) = await desk.boss.autocomplete(desk.channel, "moderate cases", "id", "")
    assert offered == {"name": f"{case.id} (held picture)", "value": case.id}
