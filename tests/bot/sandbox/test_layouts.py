"""The parts of a bot's panel: laid-out messages, selects of every kind, and forms with files."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import pytest

from bot.sandbox.wire.server import Sandbox
from bot.sandbox.wire.wire import NotPossible
from bot.sandbox.world import lounge
from tests.stages.tiny_bot import point_at, running, until
from tests.stages.tiny_panel import PanelBot

Here = tuple[Sandbox, PanelBot]


@pytest.fixture
async def here() -> AsyncGenerator[Here]:
    async with Sandbox() as sandbox:
        point_at(sandbox.rest_url, sandbox.gateway_url)
        async with running(PanelBot(), sandbox.token) as bot:
            assert isinstance(bot, PanelBot)
            yield sandbox, bot
            assert sandbox.violations() == []


async def open_panel(sandbox: Sandbox, **options: Any) -> dict[str, Any]:
    answer = await sandbox.slash("rin", "art", "panel", options).answer()
    assert answer.message is not None
    return answer.message


async def upload_file(sandbox: Sandbox, name: str, data: bytes) -> str:
    """Upload a file as the page does when somebody chooses one."""
    query = {"persona": str(sandbox.persona("rin")), "channel": str(sandbox.channel("art"))}
    async with (
        aiohttp.ClientSession(sandbox.page_url) as session,
        session.post("page/upload", params=query | {"name": name}, data=data) as response,
    ):
        assert response.status == 200, await response.text()
        return (await response.json())["id"]


async def test_a_file_in_an_option_is_read_by_the_bot(here: Here) -> None:
    sandbox, _ = here
    file_id = await upload_file(sandbox, "policy.toml", "ä = 1".encode())
    message = await open_panel(sandbox, file=file_id)
    assert "ä = 1" in message["components"][0]["components"][0]["content"]
    with pytest.raises(NotPossible, match="pick it again"):
        sandbox.slash("haru", "art", "panel", {"file": file_id})


async def test_a_file_over_the_limit_is_refused(here: Here) -> None:
    sandbox, _ = here
    sandbox.set_upload_limit(10)
    with pytest.raises(AssertionError, match="too large"):
        await upload_file(sandbox, "policy.toml", b"x" * 11)


async def test_a_select_changes_the_panel_in_place(here: Here) -> None:
    sandbox, _ = here
    message = await open_panel(sandbox)
    role = str(lounge.MEMBER_ROLE_ID)
    answer = await sandbox.click("rin", message["id"], "tiny:role", [role]).answer()
    assert answer.kind == "update"
    assert answer.message is not None
    assert answer.message["id"] == message["id"]
    assert answer.message["flags"] & 64, "still ephemeral"
    select = answer.message["components"][0]["components"][3]["components"][0]
    assert [one["id"] for one in select["default_values"]] == [role]


async def test_a_channel_select_takes_only_what_it_offers(here: Here) -> None:
    sandbox, _ = here
    message = await open_panel(sandbox)
    with pytest.raises(NotPossible, match="another kind"):
        sandbox.click("rin", message["id"], "tiny:channel", [str(sandbox.channel("art"))])
    answer = await sandbox.click(
        "rin", message["id"], "tiny:channel", [str(lounge.STUDIO.id)]
    ).answer()
    assert answer.kind == "update"


async def test_a_form_comes_back_with_its_text_role_and_file(here: Here) -> None:
    sandbox, bot = here
    message = await open_panel(sandbox)
    form = sandbox.click("rin", message["id"], "tiny:open")
    assert (await form.answer()).modal is not None
    file_id = await upload_file(sandbox, "terms.toml", b"x = 1")
    role = str(lounge.MEMBER_ROLE_ID)
    fields = {"terms": "dragon\n" * 500, "role": [role], "file": [file_id], "radio": "allow"}
    answer = await sandbox.submit("rin", form, fields).answer()
    assert answer.kind == "update"
    await until(lambda: bot.submitted)
    data = bot.submitted[0]
    assert data["resolved"]["roles"][role]["name"] == "Member"
    assert data["resolved"]["attachments"][file_id]["filename"] == "terms.toml"
    values = {c["component"]["custom_id"]: c["component"] for c in data["components"]}
    assert values["radio"]["value"] == "allow"
    assert values["terms"]["value"] == fields["terms"]


async def test_an_ephemeral_answer_can_carry_a_file(here: Here) -> None:
    sandbox, _ = here
    answer = await sandbox.slash("rin", "art", "letter").answer()
    assert answer.message is not None
    assert sandbox.attachment(answer.message["attachments"][0]) == b"dear"
    assert not [m for m in sandbox.messages("art", "haru") if m["attachments"]]


async def test_the_page_knows_roles_categories_and_the_bots_own_room(here: Here) -> None:
    sandbox, _ = here
    state = sandbox.state(sandbox.persona("rin"))
    assert [role["name"] for role in state["roles"]] == ["Moderator", "Waifu Diffusion", "Member"]
    parents = {c["name"]: c["parent_id"] for c in state["channels"] if c["type"] == 0}
    assert parents["art"] == str(lounge.STUDIO.id)
    assert "mod-log" in parents
    assert "mod-log" not in {c["name"] for c in sandbox.state(sandbox.persona("haru"))["channels"]}
