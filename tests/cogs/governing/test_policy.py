"""`/policy` and its audit log, as moderators and everybody else see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simcord.actors import MemberActor

from bot.ballot import VoteEmoji
from bot.domain import GuildId
from bot.words.emoji import is_one_emoji
from tests.stages.front import Front, front, said


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


async def run(desk: Front, who: MemberActor, name: str, **options: object) -> str:
    answer = said(await who.slash(desk.channel, f"policy {name}", **options))
    assert answer.ephemeral
    return answer.content


async def log(desk: Front) -> list[tuple[str, str]]:
    entries = await desk.services.guilds.audit(GuildId(desk.guild.id), 50)
    return [(entry.action, entry.detail) for entry in reversed(entries)]


async def test_discord_hides_it_from_members(desk: Front) -> None:
    assert not [c for c in desk.member.available_commands(desk.channel) if c.startswith("policy")]
    boss = desk.moderator(manage_guild=True)
    offered = {c for c in boss.available_commands(desk.channel) if c.startswith("policy")}
    names = ("show", "block", "unblock", "channel", "emoji", "log")
    assert offered == {f"policy {name}" for name in names}


async def test_whoever_an_integration_setting_lets_through_is_refused_by_us(desk: Front) -> None:
    """Once, and without an incident."""
    commands = await desk.env.bot.tree.fetch_commands()  # type: ignore[attr-defined]  it is a Bot
    policy = next(c for c in commands if c.name == "policy")
    desk.guild.set_command_permissions(policy, {desk.member: True})
    result = await desk.member.slash(desk.channel, "policy block", term="dragon")
    assert result.response is not None
    assert "Manage Server" in result.response.content
    assert not result.followups
    assert not (await desk.services.guilds.policy(GuildId(desk.guild.id))).blocked
    choices = await desk.member.autocomplete(desk.channel, "policy unblock", "term", "")
    assert not choices, "not even what is blocked is told"
    # The simulation notes the check that said no; there is nothing else to note.
    assert [type(e).__name__ for e in desk.env.errors] == ["CheckFailure"]
    desk.env._errors.clear()


async def test_blocking_and_allowing_again_works_in_any_spelling_and_is_logged(
    desk: Front,
) -> None:
    boss = desk.moderator(manage_guild=True)
    said_so = await run(desk, boss, "block", term="Spoiler Dragon", reason="we read it together")
    assert "Blocked: Spoiler Dragon" in said_so
    assert "was blocked already" in await run(desk, boss, "block", term="spoiler_dragon")
    refused = await desk.asks(prompt="a spoiler-dragon")
    assert "we read it together" in refused.content
    shown = await run(desk, boss, "show")
    assert "Spoiler Dragon: we read it together" in shown
    offered = await boss.autocomplete(desk.channel, "policy unblock", "term", "spoil")
    assert [choice["value"] for choice in offered] == ["Spoiler Dragon"]
    assert "Allowed again" in await run(desk, boss, "unblock", term="spoiler dragon")
    assert "was not blocked" in await run(desk, boss, "unblock", term="spoiler dragon")
    assert not (await desk.asks(prompt="a spoiler-dragon")).ephemeral
    assert await log(desk) == [
        ("block", "Spoiler Dragon (we read it together)"),
        ("unblock", "Spoiler Dragon"),
    ]


@pytest.mark.parametrize(
    ("term", "reason", "told"),
    [("!!", "", "no letters"), ("x" * 81, "", "80"), ("ok", "x" * 201, "200")],
)
async def test_an_odd_term_is_answered(desk: Front, term: str, reason: str, told: str) -> None:
    boss = desk.moderator(manage_guild=True)
    assert told in await run(desk, boss, "block", term=term, reason=reason)
    assert not await log(desk)


async def test_a_channel_is_switched_off_and_on(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    await run(desk, boss, "channel", channel=desk.channel, enabled=False)
    assert "switched me off" in (await desk.asks()).content
    assert f"<#{desk.channel.id}>" in await run(desk, boss, "show")
    await run(desk, boss, "channel", channel=desk.channel, enabled=True)
    assert not (await desk.asks()).ephemeral
    assert await log(desk) == [
        ("channel", f"{desk.channel.id} off"),
        ("channel", f"{desk.channel.id} on"),
    ]


async def test_vote_emoji_are_ordinary_ones_or_the_servers_own(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    star = desk.guild.create_emoji("star")
    await desk.env.settle()
    for up in ("<:other:123456789012345678>", "yes", "👍👍", ""):
        assert "emoji" in await run(desk, boss, "emoji", up=up or "-", down="👎")
    assert "two different" in await run(desk, boss, "emoji", up="👍", down="👍🏽")
    assert not await log(desk)
    await run(desk, boss, "emoji", up=f"<:star:{star.id}>", down="❌")
    chosen = await desk.services.guilds.vote_emoji(GuildId(desk.guild.id))
    assert chosen == VoteEmoji(up=f"star:{star.id}", down="❌")
    assert [action for action, _ in await log(desk)] == ["emoji"]


async def test_a_full_policy_and_a_long_log_still_fit_a_message(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    guild_id = GuildId(desk.guild.id)
    for number in range(60):
        term = f"{'#' * 60} term {number}"
        await desk.services.guilds.block(guild_id, term, "*" * 200, desk.member.id, number)
    assert "more" in await run(desk, boss, "show")
    assert "more" in await run(desk, boss, "log")


@pytest.mark.parametrize(
    "text",
    ["👍", "👍🏽", "❤️", "❤", "⭐", "👩‍👩‍👧", "🏳️‍🌈", "🇯🇵", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "‼️", "ℹ️", "🏽"],  # noqa: RUF001  an emoji
)
def test_these_are_one_emoji(text: str) -> None:
    assert is_one_emoji(text)


@pytest.mark.parametrize(
    "text", ["", "a", "1", "^", "👍👍", "👍x", "🇯", "🇯🇵🇯🇵", "…", "あ", ":star:", "20⃣"]
)
def test_these_are_none(text: str) -> None:
    assert not is_one_emoji(text)
