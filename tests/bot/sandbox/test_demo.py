"""`python -m bot sandbox` and its `--once`: what they refuse to start with, and what they say."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree, ignore_patterns
from types import SimpleNamespace
from typing import cast

import pytest

from bot.__main__ import main
from bot.data_lock import lock_directory
from bot.domain import SettingsError
from bot.sandbox import demo
from bot.sandbox.once import _Playthrough, message_text
from bot.sandbox.wire.page_api import PAGE
from bot.sandbox.wire.server import Sandbox
from bot.sandbox.wire.wire import NotPossible, Payload
from models.catalogue.registry import EMBEDDED

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty directory without any settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ENGINE", "tests.stages.fake_engine")
    for name in ("DISCORD_TOKEN", "DISCORD_OPENAPI"):
        monkeypatch.delenv(name, raising=False)


def sandbox_refusal(*arguments: str) -> str:
    """The one line that a sandbox prints when it must not start.

    Run as a process, because it might serve for ever.
    """
    process = subprocess.run(
        [sys.executable, "-m", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (process.returncode, process.stdout) == (2, "")
    (line,) = process.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    "arguments",
    [
        ["bot", "sandbox", "--port=0"],
        ["bot.sandbox", "--port=0", "--state-dir=data/sandbox/discord"],
    ],
    ids=["demo", "alone"],
)
def test_a_second_local_discord_on_one_directory_is_refused(
    arguments: list[str], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        lock_directory(stack, tmp_path / "data" / "sandbox" / "discord", "")
        refusal = sandbox_refusal(*arguments)
    assert "another local Discord is running on" in refusal
    assert "choose another DATA_DIR" in refusal


def test_a_local_discord_of_another_version_is_not_opened(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sandbox" / "discord"
    folder.mkdir(parents=True)
    (folder / "server.json").write_text('{"format": 99}')
    refusal = sandbox_refusal("bot.sandbox", "--port=0", "--state-dir=data/sandbox/discord")
    assert "server.json was saved by another version of the local Discord: start that" in refusal
    assert (folder / "server.json").read_text() == '{"format": 99}'


def test_a_port_in_use_is_reported_with_what_a_second_demo_needs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server_socket:
        port = server_socket.getsockname()[1]
        refusal = sandbox_refusal("bot", "sandbox", f"--port={port}")
    assert f"port {port} on 127.0.0.1 cannot be used (Address already in use): stop" in refusal
    assert "needs a DATA_DIR of its own" in refusal


NO_DESCRIPTIONS = {
    "missing": (None, "cannot be read (No such file or directory)"),
    "empty": ("{}", "does not describe Discord's API"),
    "a list": ("[1]", "does not describe Discord's API"),
    "prose": ("dear diary", "is not JSON"),
}


@pytest.mark.parametrize("kind", NO_DESCRIPTIONS)
def test_a_file_that_does_not_describe_discord_is_reported(
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text, problem = NO_DESCRIPTIONS[kind]
    path = tmp_path / "openapi.json"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("DISCORD_OPENAPI", str(path))
    refusal = sandbox_refusal("bot", "sandbox", "--port=0")
    assert f"{path} {problem}: DISCORD_OPENAPI" in refusal
    assert main(["doctor"]) == 1
    output = capsys.readouterr().out
    assert "FIX   openapi" in output
    assert refusal.removeprefix("error: ") in output


def test_the_doctor_accepts_a_file_that_describes_an_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "openapi.json"
    path.write_text('{"components": {"schemas": {}}, "paths": {}}')
    monkeypatch.setenv("DISCORD_OPENAPI", str(path))
    main(["doctor"])
    assert f"ok    openapi    {path}" in capsys.readouterr().out


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_an_invalid_port_is_reported(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["sandbox", f"--port={port}"])
    assert f"{port} is not a port" in capsys.readouterr().err


def test_a_rehearsal_without_a_command_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["sandbox", "--once", " ", "--port=0"])
    assert "name a command, such as" in capsys.readouterr().err


def test_a_rehearsal_that_cannot_save_its_pictures_does_not_start(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "README.md").touch()
    assert main(["sandbox", "--once", "/waifu prompt: 1girl", "--out", "README.md"]) == 2
    assert "error: --out README.md is a file" in capsys.readouterr().err


def test_a_rehearsal_prints_its_steps_and_nothing_else(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    assert main(["sandbox", "--once", "/waifu prompt: 1girl"]) == 0
    output = capfd.readouterr()
    assert "voted" in output.out
    assert not output.err


def test_a_rehearsal_prints_the_words_of_an_embed() -> None:
    fields = [{"name": "Asking", "value": "in words"}]
    embed = {"title": "Help", "description": "What I can do", "fields": fields}
    assert message_text({"content": "", "embeds": [embed]}) == (
        "Help\nWhat I can do\n**Asking**\nin words"
    )


def test_a_rehearsal_prints_the_bots_last_words_with_names(tmp_path: Path) -> None:
    people = SimpleNamespace(
        personas={7: SimpleNamespace(name="Momo")}, channels=lambda: [{"id": "8", "name": "art"}]
    )
    rehearsal = _Playthrough(cast("Sandbox", SimpleNamespace(people=people)), tmp_path)
    refusal: Payload = {"id": "2", "content": "<@7>, not in <#8>", "flags": 0}
    refusal |= {"attachments": [], "components": []}
    with pytest.raises(NotPossible, match=r"^@Momo, not in #art$"):
        rehearsal._raise_if_final([refusal], {"id": "1", "components": []})


def test_a_rehearsal_ends_when_its_bot_cannot_start(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE", "no.such.room")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    started_s = time.monotonic()
    assert main(["sandbox", "--once", "/waifu prompt: 1girl"]) == 2
    assert time.monotonic() - started_s < 30, "it does not wait for a bot that is gone"
    assert "error: ENGINE=no.such.room cannot be loaded" in capfd.readouterr().err


@pytest.fixture
def model_without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our engine with a model that cannot be opened, and a bot that must not start."""

    async def refuse_to_start(_bot: demo.BotProcess) -> None:
        raise SettingsError("the bot was started")

    monkeypatch.setattr(demo.BotProcess, "start", refuse_to_start)
    copytree(EMBEDDED, tmp_path / "model", ignore=ignore_patterns("*.safetensors"))
    monkeypatch.setenv("ENGINE", "slots")
    monkeypatch.setenv("MODEL", str(tmp_path / "model"))


@pytest.mark.usefixtures("model_without_weights")
@pytest.mark.parametrize(
    ("command", "code", "complaint"),
    [
        ("/wafu 1girl", 1, "There is no command /wafu for you here. The nearest is /waifu."),
        ("/waifu 1girl count: 9", 1, "count: must be at most 4, not 9."),
        ("/waifu 1girl", 2, "error: the bot was started"),
    ],
)
def test_a_rehearsed_command_is_checked_before_the_model_is_opened(
    command: str, code: int, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sandbox", "--once", command]) == code
    output = capsys.readouterr()
    assert complaint in output.out + output.err


def test_the_demo_its_page_and_the_readme_suggest_the_same_prompt() -> None:
    script = (PAGE / "timeline.js").read_text(encoding="utf-8")
    (suggested,) = re.findall(r'const EXAMPLE = "(.+)";', script)
    assert f"    {suggested}\n" in demo._WELCOME
    assert f"```\n{suggested}\n```" in (ROOT / "README.md").read_text(encoding="utf-8")
