"""The local Discord's gateway and its weather, felt by an unmodified discord.py client."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator

import aiohttp
import discord
import pytest

from bot.sandbox.wire.server import Sandbox
from tests.stages.tiny_bot import INTENTS, TinyBot, lounge, point_at, running, until

Lounge = tuple[Sandbox, TinyBot]


@pytest.fixture
async def here() -> AsyncGenerator[Lounge]:
    async with lounge() as pair:
        yield pair


async def test_a_wrong_token_is_refused_by_rest_and_gateway() -> None:
    async with Sandbox(token="the right one") as sandbox:  # noqa: S106  opens nothing
        point_at(sandbox.rest_url, sandbox.gateway_url)
        with pytest.raises(discord.LoginFailure):
            async with running(TinyBot(), "a wrong one"):
                pass
        async with aiohttp.ClientSession() as session, open_gateway(session, sandbox) as ws:
            await ws.receive_json()
            await ws.send_json({"op": 2, "d": {"token": "a wrong one", "intents": 1}})
            assert (await ws.receive()).data == 4004


async def test_privileged_intents_can_be_withheld() -> None:
    async with Sandbox(privileged=False) as sandbox:
        point_at(sandbox.rest_url, sandbox.gateway_url)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(TinyBot(INTENTS | discord.Intents(members=True)), sandbox.token):
                pass


async def test_a_dropped_connection_resumes_and_misses_nothing(here: Lounge) -> None:
    sandbox, bot = here
    message = await bot.channel("art").send("vote")
    people = [sandbox.add_person(f"p{n}") for n in range(50)]
    for count, person in enumerate(people):
        if count in (10, 30):
            await until(lambda count=count: bot.event_count("add") == count, 15)
            sandbox.drop_gateway()
        sandbox.react(person, message.id, "👍")
    await until(lambda: bot.event_count("add") == 50 and sandbox.online, 15)
    assert bot.resumed == 2
    assert bot.connected == 1
    added = [e.user_id for _, e in bot.events if isinstance(e, discord.RawReactionActionEvent)]
    assert added == people, "in order, each once"


async def test_an_invalid_session_is_identified_again(here: Lounge) -> None:
    sandbox, bot = here
    assert bot.connected == 1
    sandbox.invalidate_session()
    assert not sandbox.online
    await until(lambda: bot.connected == 2 and sandbox.online, 20)
    assert bot.resumed == 0
    assert (await sandbox.slash("haru", "general", "ping").answer()).kind == "message"


async def test_a_rate_limit_is_waited_out(here: Lounge) -> None:
    sandbox, bot = here
    started_s = asyncio.get_running_loop().time()
    sandbox.start_rate_limit(2)
    await bot.channel("art").send("patience")
    assert asyncio.get_running_loop().time() - started_s > 0.5
    assert sandbox.weather_report()["ratelimit_left"] == 0
    sandbox.start_rate_limit(1)
    assert (await sandbox.slash("haru", "general", "ping").answer()).kind == "message"


async def test_strict_limits_refuse_a_hasty_client_and_suit_a_patient_one() -> None:
    async with lounge(strict_limits=True) as (sandbox, bot):
        art = bot.channel("art")
        started_s = asyncio.get_running_loop().time()
        for count in range(6):
            await art.send(str(count))
        assert asyncio.get_running_loop().time() - started_s > 4.5, "five messages in five seconds"
        message = await art.send("vote")
        await asyncio.gather(*(message.add_reaction(emoji) for emoji in "👍👎"))
        assert sandbox.limits.refused_calls == 0, "discord.py obeys the headers"
        path = f"{sandbox.rest_url}/channels/{art.id}/messages/{message.id}"
        headers = {"Authorization": f"Bot {sandbox.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            statuses = [(await session.get(path)).status for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2
        assert sandbox.limits.refused_calls == 2


async def test_a_502_is_retried_and_a_503_is_raised(here: Lounge) -> None:
    sandbox, bot = here
    sandbox.start_outage(1, 502)
    await bot.channel("art").send("after the outage")
    sandbox.start_outage(1, 503)
    with pytest.raises(discord.DiscordServerError) as raised:
        await bot.channel("art").send("lost")
    assert raised.value.status == 503
    assert [m["content"] for m in sandbox.messages("art")] == ["after the outage"]


async def test_latency_delays_answers(here: Lounge) -> None:
    sandbox, _ = here
    ticket = sandbox.slash("haru", "general", "ping")
    await ticket.answer()
    quick_ms = ticket.wait_ms
    sandbox.set_latency(200)
    ticket = sandbox.slash("haru", "general", "ping")
    await ticket.answer()
    assert quick_ms is not None
    assert ticket.wait_ms is not None
    assert quick_ms < 200 <= ticket.wait_ms


async def test_an_offline_gateway_refuses_until_it_is_back(here: Lounge) -> None:
    sandbox, bot = here
    sandbox.go_offline(0.5)
    assert not sandbox.online
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.ws_connect(sandbox.gateway_url + "?v=10&encoding=json")
    await until(lambda: sandbox.online and bot.resumed, 20)


async def test_a_refused_first_connection_ends_discord_py() -> None:
    """The bug for which the bot has its own supervisor (seen in discord.py 2.7.1)."""
    async with Sandbox() as sandbox:
        point_at(sandbox.rest_url, sandbox.gateway_url)
        sandbox.go_offline(60)
        with pytest.raises(AttributeError, match="sequence"):
            async with running(TinyBot(), sandbox.token):
                pass


def open_gateway(
    session: aiohttp.ClientSession, sandbox: Sandbox, compress: str = ""
) -> aiohttp.client._WSRequestContextManager:
    query = "?v=10&encoding=json" + (f"&compress={compress}" if compress else "")
    return session.ws_connect(sandbox.gateway_url + query)


async def test_zlib_stream_is_one_stream_over_all_frames() -> None:
    async with (
        Sandbox() as sandbox,
        aiohttp.ClientSession() as session,
        open_gateway(session, sandbox, "zlib-stream") as ws,
    ):
        inflate = zlib.decompressobj()

        async def next_frame() -> dict[str, object]:
            data = (await ws.receive()).data
            assert isinstance(data, bytes)
            assert data.endswith(b"\x00\x00\xff\xff")
            return json.loads(inflate.decompress(data))

        assert (await next_frame())["op"] == 10
        await ws.send_json({"op": 1, "d": None})
        assert (await next_frame())["op"] == 11
        await ws.send_json({"op": 2, "d": {"token": sandbox.token, "intents": 1}})
        ready, guild = await next_frame(), await next_frame()
        assert [ready["t"], guild["t"], guild["s"]] == ["READY", "GUILD_CREATE", 2]


async def test_a_heartbeat_is_answered_with_a_short_delay() -> None:
    """If it beats discord.py's bookkeeping, an answer seems to have taken a whole interval."""
    async with (
        Sandbox() as sandbox,
        aiohttp.ClientSession() as session,
        open_gateway(session, sandbox) as ws,
    ):
        assert (await ws.receive_json())["op"] == 10
        began_s = asyncio.get_running_loop().time()
        await ws.send_json({"op": 1, "d": None})
        assert (await ws.receive_json())["op"] == 11
        assert asyncio.get_running_loop().time() - began_s > 0.03


async def test_an_unknown_session_cannot_be_resumed() -> None:
    async with (
        Sandbox() as sandbox,
        aiohttp.ClientSession() as session,
        open_gateway(session, sandbox) as ws,
    ):
        await ws.receive_json()
        lost = {"token": sandbox.token, "session_id": "nobody", "seq": 5}
        await ws.send_json({"op": 6, "d": lost})
        answer = await ws.receive_json()
        assert (answer["op"], answer["d"]) == (9, False)


async def test_a_clean_close_ends_the_session_and_a_crash_does_not() -> None:
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
        for code, resumable in ((1000, False), (4000, True)):
            async with open_gateway(session, sandbox) as ws:
                await ws.receive_json()
                await ws.send_json({"op": 2, "d": {"token": sandbox.token, "intents": 0}})
                ready = await ws.receive_json()
                await ws.close(code=code)
            await until(lambda: not sandbox.online)
            async with open_gateway(session, sandbox) as ws:
                await ws.receive_json()
                back = {"token": sandbox.token, "session_id": ready["d"]["session_id"], "seq": 1}
                await ws.send_json({"op": 6, "d": back})
                answer = await ws.receive_json()
                assert (answer.get("t") == "RESUMED") is resumable
