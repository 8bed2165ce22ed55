"""The local Discord and an unmodified discord.py client: messages, reactions, permissions."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator

import discord
import pytest

from bot.sandbox.wire.images import heart
from bot.sandbox.wire.server import Sandbox
from tests.stages.tiny_bot import INTENTS, TinyBot, lounge, until

Lounge = tuple[Sandbox, TinyBot]


@pytest.fixture
async def here() -> AsyncGenerator[Lounge]:
    async with lounge() as pair:
        yield pair


def code_of(raised: pytest.ExceptionInfo[discord.HTTPException]) -> int:
    return raised.value.code


async def test_the_same_nonce_posts_once(here: Lounge) -> None:
    sandbox, bot = here
    art = bot.channel("art")
    route = discord.http.Route("POST", "/channels/{c}/messages", c=art.id)
    body = {"content": "once", "nonce": "job1", "enforce_nonce": True}
    first = await bot.http.request(route, json=body)
    second = await bot.http.request(route, json=body)
    assert first["id"] == second["id"]
    assert first["nonce"] == second["nonce"] == "job1"
    unenforced = await bot.http.request(route, json={"content": "twice", "nonce": "job1"})
    other = await bot.http.request(route, json=body | {"nonce": "job2"})
    assert len({first["id"], unenforced["id"], other["id"]}) == 3
    assert len(sandbox.messages("art")) == 3


async def test_reactions_arrive_with_author_and_member(here: Lounge) -> None:
    sandbox, bot = here
    message = await bot.channel("art").send("vote")
    await message.add_reaction("👍")
    sandbox.react("haru", message.id, "👍")
    sandbox.remove_reaction("haru", message.id, "👍")
    sandbox.react("rin", message.id, "heart_yes:1100000000000000040")
    sandbox.clear_reactions(message.id, "👍")
    sandbox.clear_reactions(message.id)
    await until(lambda: bot.event_count("clear"))
    kinds = [kind for kind, _ in bot.events]
    assert kinds == ["add", "add", "remove", "add", "clear_emoji", "clear"]
    added = bot.events[1][1]
    assert isinstance(added, discord.RawReactionActionEvent)
    assert added.message_author_id == bot.user.id
    assert added.member is not None
    assert added.member.id == sandbox.persona("haru")
    custom = bot.events[3][1]
    assert isinstance(custom, discord.RawReactionActionEvent)
    assert custom.emoji.id == 1100000000000000040


async def test_reaction_users_are_paged(here: Lounge) -> None:
    sandbox, bot = here
    message = await bot.channel("art").send("vote")
    voters = [sandbox.add_person(f"voter{n}") for n in range(230)]
    for voter in voters:
        sandbox.react(voter, message.id, "👍")
    fetched = await message.channel.fetch_message(message.id)
    assert fetched.reactions[0].count == 230
    users = [user.id async for user in fetched.reactions[0].users()]
    assert sorted(users) == voters
    after = [u.id async for u in fetched.reactions[0].users(after=discord.Object(voters[99]))]
    assert sorted(after) == voters[100:]
    assert sandbox.reactions(message.id) == {"👍": voters}


async def test_an_unknown_emoji_is_refused(here: Lounge) -> None:
    _, bot = here
    message = await bot.channel("art").send("vote")
    for emoji in ("thumbsup", "stranger:123"):
        with pytest.raises(discord.NotFound) as raised:
            await message.add_reaction(emoji)
        assert code_of(raised) == 10014


async def test_history_is_paged_in_both_directions(here: Lounge) -> None:
    sandbox, bot = here
    ids = [int(sandbox.send_message("haru", "general", str(n))["id"]) for n in range(130)]
    general = bot.channel("general")
    assert [m.id async for m in general.history(limit=None)] == ids[::-1]
    after = discord.Object(ids[9])
    assert [m.id async for m in general.history(limit=None, after=after)] == ids[10:]
    around = [m.id async for m in general.history(limit=5, around=discord.Object(ids[50]))]
    assert sorted(around) == ids[48:53]


async def test_without_the_content_intent_a_bot_sees_only_its_own_content(here: Lounge) -> None:
    del here
    async with lounge(discord.Intents(guilds=True, guild_messages=True)) as (sandbox, bot):
        sandbox.send_message("haru", "general", "private words")
        await bot.channel("general").send("my own words")
        await until(lambda: bot.event_count("message") == 2)
        contents = [m.content for _, m in bot.events if isinstance(m, discord.Message)]
        assert contents == ["", "my own words"]


async def test_events_without_their_intent_are_not_sent() -> None:
    async with lounge(discord.Intents(guilds=True)) as (sandbox, bot):
        message = await bot.channel("art").send("vote")
        sandbox.react("haru", message.id, "👍")
        sandbox.delete_channel("general")
        await until(lambda: bot.get_channel(1100000000000000030) is None)
        assert bot.events == []


async def test_members_come_in_chunks_on_request() -> None:
    async with lounge(INTENTS | discord.Intents(members=True)) as (sandbox, bot):
        guild = bot.guilds[0]
        assert guild.chunked
        assert {m.id for m in guild.members} >= set(sandbox.people.personas)
        found = await guild.query_members("ha")
        assert [m.display_name for m in found] == ["Haru"]


async def test_errors_carry_discords_codes(here: Lounge) -> None:
    sandbox, bot = here
    art = bot.channel("art")
    message = await art.send("here")
    with pytest.raises(discord.NotFound) as raised:
        await art.fetch_message(1)
    assert code_of(raised) == 10008
    with pytest.raises(discord.HTTPException) as bad:
        await art.send("x" * 2001)
    assert code_of(bad) == 50035
    with pytest.raises(discord.Forbidden) as refused:
        await art.delete_messages([message, discord.Object(2)])
    assert code_of(refused) == 50013
    sandbox.set_bot_permissions("view_channel", "send_messages", "read_message_history")
    with pytest.raises(discord.Forbidden) as refused:
        await art.send(file=discord.File(io.BytesIO(heart((1, 2, 3))), "x.png"))
    assert code_of(refused) == 50013
    sandbox.delete_channel("art")
    with pytest.raises(discord.NotFound) as raised:
        await art.send("gone")
    assert code_of(raised) == 10003


async def test_the_bot_sees_and_does_only_what_its_role_may(here: Lounge) -> None:
    sandbox, bot = here
    art = bot.channel("art")
    assert art.permissions_for(art.guild.me).attach_files
    assert not bot.channel("mods-only").permissions_for(art.guild.me).view_channel
    assert bot.channel("after-dark").is_nsfw()
    assert not art.is_nsfw()
    sandbox.set_bot_permissions("view_channel")
    await until(lambda: not art.permissions_for(art.guild.me).attach_files)
    assert art.permissions_for(art.guild.me).view_channel
    with pytest.raises(discord.Forbidden):
        await art.send("not any more")
    answer = await sandbox.slash("haru", "art", "ping").answer()
    assert answer.kind == "message", "people keep their rights, and interactions need none"
    sandbox.set_bot_permissions("view_channel", "send_messages")
    await art.send("again")
    assert not bot.channel("mods-only").permissions_for(art.guild.me).view_channel


async def test_bulk_delete_and_edits_reach_the_store(here: Lounge) -> None:
    sandbox, bot = here
    sandbox.set_bot_permissions(
        "view_channel", "send_messages", "read_message_history", "attach_files", "manage_messages"
    )
    art = bot.channel("art")
    messages = [await art.send(str(n)) for n in range(3)]
    await art.delete_messages(messages[:2])
    assert [m["content"] for m in sandbox.messages("art")] == ["2"]
    picture = discord.File(io.BytesIO(heart((9, 9, 9))), "new.png", description="a heart")
    edited = await messages[2].edit(content="new", attachments=[picture])
    assert edited.attachments[0].description == "a heart"
    again = await edited.edit(attachments=edited.attachments)
    assert [a.filename for a in again.attachments] == ["new.png"]


async def test_an_embed_shows_its_uploaded_picture(here: Lounge) -> None:
    sandbox, bot = here
    embed = discord.Embed(title="t").set_image(url="attachment://x.png")
    file = discord.File(io.BytesIO(heart((7, 7, 7))), "x.png")
    message = await bot.channel("art").send(embed=embed, file=file)
    stored = sandbox.messages("art")[-1]
    assert stored["embeds"][0]["image"]["url"] == stored["attachments"][0]["url"]
    assert message.embeds[0].image.url == message.attachments[0].url


async def test_typing_is_announced(here: Lounge) -> None:
    sandbox, bot = here
    event_names: list[str] = []
    sandbox.world.listen(lambda event, _payload, _only: event_names.append(event))
    async with bot.channel("art").typing():
        await until(lambda: "TYPING_START" in event_names)


async def test_a_thread_belongs_to_its_channel(here: Lounge) -> None:
    sandbox, bot = here
    message = await bot.channel("art").send("start here")
    thread = await message.create_thread(name="talk")
    await thread.send("in the thread")
    assert [m["content"] for m in sandbox.messages(thread.id)] == ["in the thread"]
    threads = [c for c in sandbox.state(sandbox.persona("haru"))["channels"] if c["type"] == 11]
    assert [(t["name"], t["parent_id"]) for t in threads] == [("talk", str(sandbox.channel("art")))]


async def test_an_upload_over_the_limit_is_413(here: Lounge) -> None:
    sandbox, bot = here
    picture = heart((5, 5, 5))
    sandbox.set_upload_limit(len(picture) - 1)
    with pytest.raises(discord.HTTPException) as raised:
        await bot.channel("art").send(file=discord.File(io.BytesIO(picture), "x.png"))
    assert (raised.value.status, raised.value.code) == (413, 40005)
    sandbox.set_upload_limit(len(picture))
    await bot.channel("art").send(file=discord.File(io.BytesIO(picture), "x.png"))
    assert sandbox.messages("art")[-1]["attachments"][0]["size"] == len(picture)
