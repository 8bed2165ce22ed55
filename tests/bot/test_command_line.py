"""`python -m bot` and `python -m models`: whatever stops them prints one clear line, no traceback.

Also, what README, Makefile and Dockerfile tell a newcomer to type exists and does what they say.
"""

from __future__ import annotations

import errno
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot import data_lock
from bot.__main__ import COMMANDS as BOT_COMMANDS
from bot.__main__ import main
from bot.settings import load
from bot.store.migrations import migrations
from models.__main__ import COMMANDS
from models.__main__ import main as models_main

ROOT = Path(__file__).parents[2]
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0123"  # noqa: S105  of the right shape and nobody's


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty directory without any settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ENGINE", "tests.stages.fake_engine")
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of a refused start."""
    assert main(list(arguments)) == 2
    lines = [x for x in capsys.readouterr().err.splitlines() if x.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


def test_a_missing_token_is_reported_with_the_way_to_get_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = refusal(capsys)
    assert "DISCORD_TOKEN is not set" in said
    assert "python -m bot sandbox" in said


def test_a_malformed_token_is_reported_but_not_repeated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "s3cret")
    said = refusal(capsys)
    assert "does not look like a bot token" in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("CAP_USER", "--5", "a whole number from 1 to"),
        ("CAP_USER", "9" * 5000, "a whole number from 1 to"),
        ("DATA_DIR", "~nobody-of-this-name/x", "a path on this machine"),
    ],
)
def test_a_wrong_setting_is_reported_with_the_allowed_values(
    variable: str,
    value: str,
    named: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    said = refusal(capsys, "doctor")
    assert variable in said
    assert named in said


def test_an_unreadable_env_file_is_reported(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfeD\0")
    assert ".env cannot be read" in refusal(capsys, "doctor")


def test_a_line_of_the_env_file_that_sets_nothing_is_reported_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("CAP_USER=3\ngarbage line\n")
    assert main(["doctor"]) == 1
    said = capsys.readouterr()
    assert "FIX   settings   line 2 of .env sets nothing" in said.out
    assert not said.err
    assert main(["serve"]) == 2, "there is no token"
    told = [line for line in capsys.readouterr().err.splitlines() if "error: " not in line]
    assert len(told) == 1
    assert "line 2 of .env sets nothing" in told[0]


@pytest.mark.parametrize("engine", ["json", "no.such.room"])
def test_an_invalid_engine_is_reported(
    engine: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("ENGINE", engine)
    assert f"ENGINE={engine}" in refusal(capsys)
    monkeypatch.delenv("DISCORD_TOKEN")
    assert main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "FIX   model" in told
    assert f"ENGINE={engine}" in told


def test_a_corrupt_model_folder_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "model"
    broken.mkdir()
    (broken / "model_index.json").write_text("{")
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("ENGINE", "slots")
    monkeypatch.setenv("MODEL", str(broken))
    assert str(broken) in refusal(capsys)


def test_a_read_only_data_directory_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def denied(directory: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(directory))

    monkeypatch.setattr(data_lock, "make_directory", denied)
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    said = refusal(capsys)
    assert f"{tmp_path / 'data'} cannot be written (Permission denied)" in said
    assert "point DATA_DIR elsewhere" in said


@pytest.mark.parametrize("command", ["serve", "sandbox"])
def test_a_data_directory_that_is_a_file_is_reported_as_such(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("notes.md").touch()
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("DATA_DIR", "notes.md")
    said = refusal(capsys, command)
    assert "notes.md is no directory. Point DATA_DIR at a directory" in said
    assert "writable" not in said


def test_a_database_from_a_newer_version_is_refused_and_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    path = database(tmp_path, version=len(migrations()) + 1)
    before = path.read_bytes()
    assert "from a newer version of this bot" in refusal(capsys)
    assert path.read_bytes() == before


def database(tmp_path: Path, *, version: int) -> Path:
    path = tmp_path / "data" / "bot.sqlite3"
    path.parent.mkdir()
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA application_id = {0x57446274}")
    raw.execute(f"PRAGMA user_version = {version}")
    raw.execute("CREATE TABLE x (a INTEGER)")
    raw.commit()
    raw.close()
    return path


def test_a_second_bot_on_one_directory_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    (tmp_path / "data").mkdir()
    holder = (
        "import fcntl, sys; lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path / "data" / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert "another bot is running" in refusal(capsys)
        assert other.stdin is not None
        other.stdin.close()


def test_an_export_without_a_database_makes_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "there is no database" in refusal(capsys, "export", str(tmp_path / "out"))
    assert not (tmp_path / "data").exists()


def test_the_doctor_exits_and_says_what_to_do_about_each_fault(tmp_path: Path) -> None:
    """Run as a process: a thread left behind would keep it from exiting."""
    path = tmp_path / "data" / "bot.sqlite3"
    path.parent.mkdir()
    path.write_bytes(b"dear diary " * 500)
    (tmp_path / ".env").write_text("DISCORD_TOKN=abc\nMODEL=/no/such/folder\n")
    done = subprocess.run(
        [sys.executable, "-m", "bot", "doctor"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "DATA_DIR": "data", "ENGINE": "tests.stages.fake_engine"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "3 to fix." in done.stdout
    assert "rename it to DISCORD_TOKEN" in done.stdout
    assert "is not a database: move it away" in done.stdout
    assert "DISCORD_TOKEN is not set" in done.stdout
    assert not done.stderr


def test_the_doctor_finds_a_disk_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no directory")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file"))
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert f"FIX   disk       {tmp_path / 'file'} is no directory" in said
    assert "FIX   database" in said, "a database without a place is not well"


@pytest.mark.parametrize(
    "arguments",
    [["export", "--help"], ["draw", "1girl", "-o", "out.png"]],
    ids=["with the command's module", "while it runs"],
)
def test_ctrl_c_while_torch_is_imported_is_one_line(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "torch.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-m", "models", *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")


@pytest.mark.parametrize(
    "arguments", [["bot", "doctor"], ["models", "paint", "--count=1", "--size=64", "--out=x"]]
)
def test_a_reader_that_leaves_early_causes_no_error(arguments: list[str], tmp_path: Path) -> None:
    """As in `python -m bot doctor | head -1`; output after the reader has left breaks the pipe."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "ENGINE": "tests.stages.fake_engine"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 141
    assert b"Broken" not in said


TABLES = {"bot": (main, BOT_COMMANDS), "models": (models_main, COMMANDS)}


@pytest.mark.parametrize("room", TABLES)
def test_the_list_of_commands_has_one_column_of_explanations(
    room: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run, commands = TABLES[room]
    with pytest.raises(SystemExit, match="0"):
        run(["--help"])
    told = capsys.readouterr().out.splitlines()
    found = [line.index(c.help) for c in commands.values() for line in told if c.help in line]
    assert len(found) == len(commands)
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("room", "name"), [(room, name) for room, (_, names) in TABLES.items() for name in names]
)
def test_every_command_explains_itself(
    room: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run, commands = TABLES[room]
    with pytest.raises(SystemExit, match="0"):
        run([name, "--help"])
    told = capsys.readouterr().out
    assert told.startswith(f"usage: python -m {room} {name} ")
    assert commands[name].help in " ".join(told.split())


def test_the_readme_lists_every_command_of_the_picture_room() -> None:
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## Train a model of your own")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([\w-]+)`", section)) >= set(COMMANDS)


def test_the_readme_installs_before_it_uses_and_names_real_targets() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE)) <= {*targets[1].split()}
    section = readme.partition("## Run it on Discord")[2]
    assert 0 <= section.find("`make install`") < section.find(".venv/bin")


def test_the_readme_promises_the_measured_speed() -> None:
    told = re.search(r"about ([\d.]+) s on two cores", (ROOT / "README.md").read_text())
    table = re.search(r"\n\| 1 thread \| ([\d.]+) \|", (ROOT / "docs/engine.md").read_text())
    assert told is not None
    assert table is not None
    assert told[1] == table[1], "one picture alone, with the threads that two cores get"


def test_a_container_with_the_example_settings_keeps_its_data_in_the_volume() -> None:
    steps = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines()]
    told = {step[0]: step[1] for step in steps if len(step) == 2}
    data_dir = load({}, ROOT / ".env.example").data_dir
    assert Path(told["WORKDIR"]) / data_dir == Path(told["VOLUME"])


def test_the_python_is_linted_before_anything_is_fetched_from_npm() -> None:
    """So that a developer without npm still learns what is wrong with the Python."""
    made = subprocess.run(
        ["make", "-nB", "lint"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    steps = [made.stdout.index(step) for step in ("ruff check", "bin/pyright", "npm ci", "eslint")]
    assert steps == sorted(steps)
