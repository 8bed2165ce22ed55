"""The page's own API: what a browser sees and may do, and who may not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.wire.server import Sandbox
from tests.stages.tiny_bot import TinyBot, lounge, until


class PageClient:
    """Does what the page's JavaScript does."""

    def __init__(self, sandbox: Sandbox, bot: TinyBot, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.bot = bot
        self.session = session
        self.me = str(sandbox.persona("haru"))
        self.art = str(sandbox.channel("art"))

    async def get(self, path: str, **query: object) -> Any:
        params = {key: str(value) for key, value in query.items()}
        async with self.session.get(f"page/{path}", params=params) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def send(self, method: str, path: str, status: int = 200, **body: object) -> Any:
        body = {"persona": self.me, **body}
        async with self.session.request(method, f"page/{path}", json=body) as response:
            assert response.status == status, await response.text()
            return await response.json()

    def open_stream(self, persona: str) -> aiohttp.client._WSRequestContextManager:
        return self.session.ws_connect(f"page/ws?persona={self.sandbox.persona(persona)}")


async def next_event(
    ws: aiohttp.ClientWebSocketResponse,
    kind: str,
    is_wanted: Callable[[Any], bool] = lambda _: True,
) -> Any:
    """The next event of a kind (and content)."""
    async with asyncio.timeout(5):
        while True:
            frame = await ws.receive_json()
            if frame["t"] == kind and is_wanted(frame["d"]):
                return frame["d"]


@pytest.fixture
async def page() -> AsyncGenerator[PageClient]:
    async with (
        lounge() as (sandbox, bot),
        aiohttp.ClientSession(sandbox.page_url) as session,
    ):
        yield PageClient(sandbox, bot, session)


async def test_the_state_holds_what_a_page_needs(page: PageClient) -> None:
    state = await page.get("state", persona=page.me)
    assert {p["role"] for p in state["personas"]} == {"newcomer", "member", "moderator", "owner"}
    assert state["bot"]["online"] is True
    names = {c["name"]: c["nsfw"] for c in state["channels"] if c["type"] == 0}
    assert names == {"general": False, "art": False, "after-dark": True}
    draw = next(c for c in state["commands"] if c["name"] == "draw")
    assert [o["name"] for o in draw["options"]] == ["prompt", "count", "shape", "weight"]
    assert state["weather"]["gateway"] == "up"
    moderator = await page.get("state", persona=page.sandbox.persona("moderator"))
    assert {c["name"]: c["bot_sees"] for c in moderator["channels"] if c["type"] == 0} == {
        "general": True, "art": True, "after-dark": True, "mods-only": False, "mod-log": True
    }  # fmt: skip
    async with page.session.get(state["guild"]["emojis"][0]["url"]) as response:
        assert response.content_type == "image/png"


async def test_a_command_is_sent_acknowledged_and_seen_live(page: PageClient) -> None:
    async with page.open_stream("haru") as ws:
        sent = await page.send(
            "POST", "command", channel=page.art, name="draw", options={"prompt": "x"}, nonce="n1"
        )
        assert sent["ok"]
        assert (await next_event(ws, "INTERACTION"))["state"] == "sent"
        assert (await next_event(ws, "MESSAGE_CREATE"))["flags"] & 128
        assert (await next_event(ws, "INTERACTION"))["state"] == "acknowledged"
        update = await next_event(ws, "MESSAGE_UPDATE")
        assert update["attachments"][0]["width"] == 64
    shown = await page.get("messages", channel=page.art, persona=page.me)
    assert [m["id"] for m in shown] == [update["id"]]


async def test_an_unanswered_command_fails_after_three_seconds(page: PageClient) -> None:
    async with page.open_stream("haru") as ws:
        await page.send("POST", "command", channel=page.art, name="silent", nonce="n2")
        failed = await next_event(ws, "INTERACTION", lambda d: d["state"] == "failed")
        assert (failed["nonce"], failed["message"]) == ("n2", "The application did not respond")


async def test_a_refusal_is_explained_in_words(page: PageClient) -> None:
    answer = await page.send("POST", "command", 400, channel=page.art, name="draw", options={})
    assert answer["error"] == "/draw needs the option prompt."
    answer = await page.send("POST", "command", 400, name="draw")
    assert "malformed" in answer["error"]


async def test_only_its_persona_gets_a_form_and_it_comes_back(page: PageClient) -> None:
    async with page.open_stream("haru") as mine, page.open_stream("rin") as other:
        await page.send("POST", "command", channel=page.art, name="form", nonce="n3")
        modal = await next_event(mine, "MODAL")
        assert modal["title"] == "A form"
        await page.send(
            "POST",
            "modal",
            interaction_id=modal["interaction_id"],
            custom_id=modal["custom_id"],
            fields={"name": "Haru"},
            nonce="n4",
        )
        assert (await next_event(mine, "MESSAGE_CREATE"))["content"] == "hello Haru"
        assert (await other.receive_json())["t"] == "MESSAGE_CREATE", "not the form"


async def test_autocomplete_menus_and_buttons_work_from_the_page(page: PageClient) -> None:
    choices = await page.send(
        "POST", "autocomplete", channel=page.art, name="colors", subcommand="find",
        options={"name": "g"}, focused="name",
    )  # fmt: skip
    assert choices == {"choices": [{"name": "green", "value": "green"}]}
    message = await page.send("POST", "message", channel=page.art, content="words")
    await page.send(
        "POST", "context", channel=page.art, name="Quote", target_id=message["message_id"]
    )
    await until(lambda: page.sandbox.messages("art")[-1]["content"] == "> words")
    await page.send("POST", "command", channel=page.art, name="draw", options={"prompt": "x"})
    await until(lambda: page.sandbox.messages("art")[-1]["components"])
    drawn = page.sandbox.messages("art")[-1]["id"]
    await page.send("POST", "component", message_id=drawn, custom_id="tiny:pick", values=["red"])
    await until(lambda: page.sandbox.messages("art")[-1]["content"] == "picked red")


async def test_reactions_show_whose_they_are(page: PageClient) -> None:
    message = await page.bot.channel("art").send("vote")
    async with page.open_stream("rin") as ws:
        body = {"message_id": str(message.id), "channel": page.art, "emoji": "👍"}
        await page.send("PUT", "reaction", **body)
        added = await next_event(ws, "MESSAGE_REACTION_ADD")
        assert (added["user_id"], added["emoji"]["name"]) == (page.me, "👍")
        mine = await page.get("messages", channel=page.art, persona=page.me)
        theirs = await page.get("messages", channel=page.art, persona=page.sandbox.persona("rin"))
        assert [m[0]["reactions"][0]["me"] for m in (mine, theirs)] == [True, False]
        await message.edit(content="vote!")
        assert (await next_event(ws, "MESSAGE_UPDATE"))["reactions"][0]["me"] is False
        truth = await page.get("truth", message_id=message.id)
        assert truth == [{"emoji": "👍", "user_ids": [page.me]}]
        await page.send("DELETE", "reaction", **body)
        await next_event(ws, "MESSAGE_REACTION_REMOVE")


async def test_ephemeral_messages_and_hidden_channels_stay_hidden(page: PageClient) -> None:
    async with page.open_stream("haru") as mine, page.open_stream("momo") as other:
        page.sandbox.send_message("rin", "mods-only", "secret plans")
        await page.send("POST", "command", channel=page.art, name="secret", nonce="n5")
        assert (await next_event(mine, "MESSAGE_CREATE"))["content"] == "hush"
        page.sandbox.send_message("haru", "general", "public")
        assert (await other.receive_json())["d"]["content"] == "public"


async def test_people_can_delete_only_what_they_may(page: PageClient) -> None:
    mine = await page.send("POST", "message", channel=page.art, content="mine")
    theirs = page.sandbox.send_message("momo", "art", "theirs")
    gone = {"channel": page.art}
    await page.send("DELETE", "message", message_id=mine["message_id"], **gone)
    await page.send("DELETE", "message", 400, message_id=theirs["id"], **gone)
    page.me = str(page.sandbox.persona("moderator"))
    await page.send("DELETE", "message", message_id=theirs["id"], **gone)
    assert page.sandbox.messages("art") == []


async def test_the_page_sets_the_weather_and_sees_it_change(page: PageClient) -> None:
    async with page.open_stream("haru") as ws:
        report = await page.send("POST", "weather", action="ratelimit", n=2)
        assert report["ratelimit_left"] == 2
        assert (await next_event(ws, "WEATHER"))["ratelimit_left"] == 2
        await page.send("POST", "weather", action="upload_limit", bytes=5)
        assert (await next_event(ws, "WEATHER"))["upload_limit_bytes"] == 5
        cleared = await page.send("POST", "weather", action="clear")
        assert (cleared["ratelimit_left"], cleared["upload_limit_bytes"]) == (0, 10 * 1024 * 1024)
        await page.send("POST", "weather", action="drop")
        assert (await next_event(ws, "BOT_STATE"))["online"] is False
        await next_event(ws, "BOT_STATE", lambda d: d["online"])
        await page.send("POST", "weather", 400, action="hail")


async def test_the_bot_is_controlled_through_its_hook(page: PageClient) -> None:
    await page.send("POST", "bot", 400, action="restart")
    control = Control()
    page.sandbox.bot_control = control
    for action in ("stop", "start", "kill", "restart"):
        await page.send("POST", "bot", action=action)
    assert control.done == ["stop", "start", "kill", "restart"]
    assert (await page.get("state", persona=page.me))["bot"]["running"] is True


class Control:
    running = True

    def __init__(self) -> None:
        self.done: list[str] = []

    async def start(self) -> None:
        self.done.append("start")

    async def stop(self) -> None:
        self.done.append("stop")

    async def restart(self) -> None:
        self.done.append("restart")

    async def kill(self) -> None:
        self.done.append("kill")


async def test_another_site_cannot_drive_the_page(page: PageClient) -> None:
    body = {"persona": page.me, "channel": page.art, "content": "forged"}
    url = page.sandbox.page_url
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": f"evil.example:{page.sandbox.port}"},
    ):
        async with page.session.post("page/message", json=body, headers=headers) as response:
            assert response.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await page.session.ws_connect(f"page/ws?persona={page.me}", headers=headers)
    plain = {"Content-Type": "text/plain"}
    async with page.session.post("page/message", data=json.dumps(body), headers=plain) as response:
        assert response.status == 400, "a form post needs no preflight, so it must not work"
    assert page.sandbox.messages("art") == []
    async with page.session.post(
        "page/message", json=body, headers={"Origin": url.rstrip("/")}
    ) as response:
        assert response.status == 200


async def test_no_file_outside_the_page_is_served(page: PageClient) -> None:
    for path in ("static/..%2Fserver.py", "static/server.py", "static/%2Fetc%2Fpasswd"):
        async with page.session.get(path) as response:
            assert response.status == 404


async def test_the_page_knows_whether_requests_are_compared(page: PageClient) -> None:
    assert await page.get("violations") == {"compares": False, "found": []}


def test_a_sandbox_with_a_description_compares_requests(tmp_path: Path) -> None:
    described = tmp_path / "openapi.json"
    described.write_text(json.dumps({"paths": {}, "components": {"schemas": {}}}))
    assert Sandbox(openapi=described).has_description is True
