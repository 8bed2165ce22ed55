"""Moderators make styles, members add them to a prompt, and policy reads both as one text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from discord import app_commands
from simcord.actors import MemberActor

from bot.domain import GuildId, OwedPostId, UserId
from bot.typed.presets import Style
from bot.words import grids, wording
from cogs.components import post_view
from tests.stages.front import Front, answer_to, front


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


async def style(desk: Front, who: MemberActor, command: str, **given: Any) -> str:
    answer = answer_to(await who.slash(desk.channel, f"style {command}", **given))
    assert answer.ephemeral
    return answer.content


async def test_a_style_adds_its_words_to_the_prompt(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    told = await style(desk, boss, "add", name="moody", words="dark, rain", negative="smile")
    assert "`/waifu style: moody` adds: dark, rain" in told
    for asked in ({"style": "moody"}, {"prompt": "1girl --style moody"}):
        await desk.ask(**asked)
    first, second = await desk.jobs_of()
    assert first.draw.prompt == second.draw.prompt == "1girl, dark, rain"
    assert first.draw.negative.endswith("smile")
    assert first.draw.style == "moody"
    await desk.restart()
    lines = await desk.services.guilds.audit_log(GuildId(desk.guild.id), 5)
    assert any(line.action == "style" and "`moody`" in line.detail for line in lines)


async def test_a_caption_names_the_style_and_again_keeps_it(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    await style(desk, boss, "add", name="moody", words="dark, rain")
    await desk.ask(style="moody")
    (job,) = await desk.jobs_of()
    await desk.draw_jobs([job])
    picture = await desk.services.gallery.get(job.id)
    assert picture is not None
    assert "style moody" in wording.caption(job, picture)
    message = await desk.channel_of(job).send("a picture", view=post_view(job.id))
    await desk.member.click(message, label="Again")
    again = (await desk.jobs_of())[-1]
    assert (again.draw.prompt, again.draw.style) == ("1girl, dark, rain", "moody")
    several = grids.caption({1: job, 2: again}, "m-1", {}, OwedPostId(job.id))
    assert "style moody" in several


async def test_policy_screens_the_prompt_and_the_style_as_one_text(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    put = Style(name="half", words="nude", negative="")
    await desk.services.styles.put(GuildId(desk.guild.id), put, UserId(boss.id), 1)
    assert (await desk.ask(prompt="loli", style="half")).ephemeral
    assert not await desk.jobs_of()
    assert "in any server" in await style(desk, boss, "add", name="bad", words="loli, nude")


async def test_an_unknown_style_is_answered_with_the_available_ones(desk: Front) -> None:
    assert "none yet" in (await desk.ask(style="moody")).content
    boss = desk.moderator(manage_guild=True)
    await style(desk, boss, "add", name="moody", words="dark")
    refused = await desk.ask(prompt="1girl --style mody --ar 0:9")
    assert "no style `mody`" in refused.content
    assert "`moody`" in refused.content
    assert "2 things" in refused.content
    assert "Removed" in await style(desk, boss, "remove", name="moody")
    assert "no style" in await style(desk, boss, "remove", name="moody")
    assert "no styles yet" in await style(desk, boss, "list")


async def test_only_moderators_can_manage_styles_whatever_discord_allows(desk: Front) -> None:
    group = desk.bot.tree.get_command("style")
    assert isinstance(group, app_commands.Group)
    group.default_permissions = None
    await desk.bot.tree.sync()
    for command, given in (("add", {"words": "dark"}), ("remove", {}), ("list", {})):
        named = {} if command == "list" else {"name": "moody"}
        told = await style(desk, desk.member, command, **named, **given)
        assert "moderator" in told.lower() or "Manage Server" in told
    assert not await desk.services.styles.all(GuildId(desk.guild.id))


async def test_styles_are_offered_by_autocomplete(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    await style(desk, boss, "add", name="moody", words="dark, rain")
    choices = await desk.member.autocomplete(desk.channel, "waifu", "style", "ra", prompt="1girl")
    assert [c["name"] for c in choices] == ["moody: dark, rain"]


async def test_a_style_is_neither_offered_nor_known_in_another_server(desk: Front) -> None:
    await style(desk, desk.moderator(manage_guild=True), "add", name="moody", words="dark, rain")
    elsewhere = desk.env.create_guild("elsewhere")
    there = elsewhere.create_text_channel("general")
    who = elsewhere.add_member(desk.env.create_user("ren"))
    await desk.env.settle()
    await desk.accept_licence(who)
    assert await who.autocomplete(there, "waifu", "style", "ra", prompt="1girl") == []
    assert (
        "no style"
        in answer_to(await who.slash(there, "waifu", prompt="1girl", style="moody")).content
    )
    assert not await desk.jobs_of(who)
