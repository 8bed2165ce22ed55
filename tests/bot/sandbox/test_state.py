"""What the local Discord keeps over a restart, and that it stays in step with its disk."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import discord
import pytest

from bot.domain import SettingsError
from bot.sandbox.demo import open_sandbox
from bot.sandbox.wire.images import heart
from bot.sandbox.wire.server import Sandbox
from bot.sandbox.world.state import LocalStateError
from tests.stages.tiny_bot import TinyBot, lounge, point_at, running, until


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    async with lounge(state_dir=tmp_path) as (sandbox, bot):
        await sandbox.slash("haru", "art", "draw", {"prompt": "hearts"}).answer()
        await until(lambda: sandbox.messages("art")[-1]["attachments"])
        drawn = sandbox.messages("art")[-1]
        sandbox.react("haru", drawn["id"], "👍")
        await sandbox.slash("haru", "art", "secret").answer()
        sandbox.send_message("momo", "general", "hello")
        sandbox.delete_channel("after-dark")
        art = bot.channel("art")
        thread = await (await art.send("thread here")).create_thread(name="talk")
        await thread.send("in it")
    async with Sandbox(state_dir=tmp_path) as sandbox:
        restored = sandbox.messages("art")[0]
        assert restored["id"] == drawn["id"]
        assert restored["components"] == drawn["components"]
        assert restored["interaction_metadata"] == drawn["interaction_metadata"]
        assert sandbox.attachment(restored["attachments"][0]) == heart((255, 0, 0))
        assert restored["attachments"][0]["url"].startswith(f"{sandbox.page_url}cdn/")
        assert sandbox.reactions(drawn["id"]) == {"👍": [sandbox.persona("haru")]}
        assert [m["content"] for m in sandbox.messages("general")] == ["hello"]
        assert not [m for m in sandbox.messages("art") if m["flags"] & 64], "ephemeral is gone"
        assert {c["name"] for c in sandbox.people.channels()} == {
            "general", "art", "mods-only", "mod-log", "talk", "Studio", "Staff"
        }  # fmt: skip
        assert [m["content"] for m in sandbox.messages(thread.id)] == ["in it"]
        assert "draw" in {c["name"] for c in sandbox.people.commands(sandbox.persona("haru"))}
        newer = sandbox.send_message("haru", "art", "later")
        assert int(newer["id"]) > int(drawn["id"])


async def test_people_and_the_server_keep_their_language_over_a_restart(
    tmp_path: Path,
) -> None:
    async with Sandbox(state_dir=tmp_path) as sandbox:
        sandbox.people.set_locale(sandbox.persona("momo"), "ja")
        saved = tmp_path / "server.json"
        await until(lambda: saved.is_file() and '"ja"' in saved.read_text())
    async with lounge(state_dir=tmp_path) as (sandbox, bot):
        people = sandbox.people
        assert [people.locale_of(sandbox.persona(name)) for name in ("momo", "rin")] == [
            "ja", "en-US",
        ]  # fmt: skip
        assert bot.channel("art").guild.preferred_locale is discord.Locale.japanese


async def test_old_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async with lounge(state_dir=tmp_path) as (sandbox, _):
        await sandbox.slash("haru", "art", "draw", {"prompt": "x"}).answer()
        await until(lambda: sandbox.messages("art")[-1]["components"])
    async with lounge(state_dir=tmp_path) as (sandbox, _):
        pressed = sandbox.click("rin", sandbox.messages("art")[-1]["id"], "tiny:again")
        assert (await pressed.answer()).kind == "message"


async def test_changes_reach_the_disk_without_a_close(tmp_path: Path) -> None:
    async with Sandbox(state_dir=tmp_path) as sandbox:
        first = sandbox.send_message("haru", "art", "one")
        path = tmp_path / "messages" / f"{sandbox.channel('art')}.jsonl"
        await until(path.is_file)
        second = sandbox.send_message("haru", "art", "two")
        await until(lambda: "two" in path.read_text())
        sandbox.react("rin", second["id"], "👍")
        sandbox.delete_message("haru", first["id"])
        await until(lambda: '"one"' not in path.read_text())
        assert str(sandbox.persona("rin")) in path.read_text()
        assert [json.loads(line)["content"] for line in path.read_text().splitlines()] == ["two"]


async def test_files_that_no_message_shows_are_removed(tmp_path: Path) -> None:
    async with lounge(state_dir=tmp_path) as (_, bot):
        message = await bot.channel("art").send(file=_picture(1))
        files = tmp_path / "files"
        await until(lambda: len(list(files.iterdir())) == 1)
        first = next(files.iterdir()).name
        await message.edit(attachments=[_picture(2)])
        # The new file comes before the old one goes.
        await until(
            lambda: len(names := [f.name for f in files.iterdir()]) == 1 and names != [first]
        )
        await message.delete()
        await until(lambda: not list(files.iterdir()))


async def test_a_nonce_is_remembered_over_a_restart(tmp_path: Path) -> None:
    body = {"content": "once", "nonce": "job1", "enforce_nonce": True}
    ids: list[str] = []
    for _ in range(2):
        async with Sandbox(state_dir=tmp_path) as sandbox:
            point_at(sandbox.rest_url, sandbox.gateway_url)
            async with running(TinyBot(), sandbox.token) as bot:
                route = discord.http.Route(
                    "POST", "/channels/{c}/messages", c=sandbox.channel("art")
                )
                ids.append((await bot.http.request(route, json=body))["id"])
    assert ids[0] == ids[1]


async def test_a_directory_of_another_version_is_left_alone(tmp_path: Path) -> None:
    async with Sandbox(state_dir=tmp_path) as sandbox:
        sandbox.send_message("haru", "art", "of another version")
        sandbox.people.set_locale(sandbox.persona("momo"), "ja")
    server = tmp_path / "server.json"
    server.write_text(json.dumps(json.loads(server.read_text()) | {"format": 99}))
    saved = read_folder(tmp_path)
    assert len(saved) == 2
    with pytest.raises(LocalStateError, match=r"another version .* rename the folder"):
        async with Sandbox(state_dir=tmp_path) as sandbox:
            sandbox.delete_channel("art")
    assert read_folder(tmp_path) == saved


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("server.json", b'{"format":'),
        ("server.json", b"\xff\xfe"),
        ("server.json", b'{"format": 1}'),
        ("server.json", b'{"format": 1, "last_id": 1, "channels": 5, "threads": []}'),
        ("messages", b'{"id": 1'),
        ("messages", b"\xff\xfe\n"),
        ("messages", b"{}\n"),
        ("messages", b"3\n"),
    ],
)
async def test_damaged_state_is_left_alone_and_named(
    tmp_path: Path, name: str, damage: bytes
) -> None:
    async with Sandbox(state_dir=tmp_path) as sandbox:
        sandbox.send_message("haru", "art", "hello")
        sandbox.people.set_locale(sandbox.persona("momo"), "ja")
    path = tmp_path / name
    path = next(path.glob("*.jsonl")) if path.is_dir() else path
    path.write_bytes(damage)
    saved = read_folder(tmp_path)
    with pytest.raises(LocalStateError) as raised:
        async with Sandbox(state_dir=tmp_path):
            pass
    assert str(raised.value).startswith(f"{path} is damaged: restore it from a copy, or rename")
    assert read_folder(tmp_path) == saved


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.EACCES, r"\(Permission denied\): give this user access to it, or rename"),
        (errno.EIO, r"\(Input/output error\): rename the folder"),
    ],
)
async def test_unreadable_state_is_no_fault_of_the_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    async with Sandbox(state_dir=tmp_path) as sandbox:
        sandbox.people.set_locale(sandbox.persona("momo"), "ja")

    def fail(path: Path, *_: object) -> str:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(Path, "read_text", fail)
    with pytest.raises(SettingsError, match=rf"server\.json cannot be used {said}"):
        async with open_sandbox(0, tmp_path, None):
            pass


def read_folder(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_ctrl_c_saves_and_ends_the_stand_alone_server(tmp_path: Path) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.sandbox", "--port", "0", "--state-dir", str(tmp_path),
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert server.stdout is not None
    line = (await server.stdout.readline()).decode()
    url = re.findall(r"http://127\.0\.0\.1:\d+/", line)[0]
    body = {"persona": 1100000000000000021, "channel": 1100000000000000031, "content": "kept"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}page/ws?persona={body['persona']}"),
    ):
        async with session.post(f"{url}page/message", json=body) as response:
            assert response.status == 200
        server.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(server.wait(), 10) == 0
    assert "kept" in (tmp_path / "messages" / "1100000000000000031.jsonl").read_text()


async def test_two_sandboxes_know_the_same_ids() -> None:
    async with Sandbox() as one, Sandbox() as other:
        for name in ("general", "art", "after-dark", "mods-only"):
            assert one.channel(name) == other.channel(name)
        assert list(one.people.personas) == list(other.people.personas)
        assert one.port != other.port


async def test_a_taken_port_is_an_os_error() -> None:
    async with Sandbox() as one:
        with pytest.raises(OSError, match="in use"):
            async with Sandbox(port=one.port):
                pass


def _picture(shade: int) -> discord.File:
    return discord.File(io.BytesIO(heart((shade, 0, 0))), "x.png")
