"""`python -m bot curate`: its errors are one line, and it serves while the bot writes."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.__main__ import main
from bot.browsing import command
from bot.store.db import Database
from bot.store.migrations import migrations

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["curate", *arguments]) == 2
    return capsys.readouterr().err


def make_database(data: Path) -> Path:
    async def make() -> None:
        await (await Database.open(data / "bot.sqlite3")).close()

    data.mkdir()
    asyncio.run(make())
    return data / "bot.sqlite3"


def test_a_missing_datasette_is_reported_with_how_to_install_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)
    said = refusal(capsys)
    assert "Datasette, which is not installed" in said
    assert "'.[curate]'" in said


def test_a_missing_database_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no database at" in refusal(capsys)


def test_an_older_database_is_not_migrated(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    path = make_database(data)
    with contextlib.closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA user_version = {len(migrations()) - 1}")
    assert "start the bot once" in refusal(capsys, "--port", "0")


def test_a_port_in_use_is_reported(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    make_database(data)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert f"port {port} of 127.0.0.1 cannot be used" in refusal(capsys, "--port", port)


def test_it_listens_only_on_this_machine() -> None:
    with command._open_listener(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


@pytest.fixture
def program(data: Path) -> Iterator[subprocess.Popen[str]]:
    """The command on a database, as its user starts it."""
    make_database(data)
    started = subprocess.Popen(
        [sys.executable, "-m", "bot", "curate", "--port", "0"], cwd=ROOT,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


async def test_it_serves_while_the_bot_writes_and_ends_when_asked(
    data: Path, program: subprocess.Popen[str]
) -> None:
    assert program.stdout is not None
    address, _, rest = program.stdout.readline().partition(" ")
    assert "read-only" in rest
    db = await Database.open(data / "bot.sqlite3")
    try:
        async with db.write() as tx:
            await tx.execute("UPDATE installation SET scrubs_due = scrubs_due + 1")
            assert await asyncio.to_thread(status_of, address) == 200
        assert await db.scrub(), "erased data is overwritten while the page is open"
    finally:
        await db.close()
    program.send_signal(signal.SIGINT)
    assert program.wait(30) in {0, 130}


def status_of(address: str) -> int:
    return httpx.get(address, timeout=30).status_code
