"""`docs/run.md`: systemd accepts the unit and Compose the compose file, and the rest is true."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.client import NEEDED_PERMISSIONS
from tests.stages.hurried import ARENAS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "run.md").read_text()


def block(language: str) -> str:
    """The only block in that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


def unit() -> dict[str, list[str]]:
    """The lines of the unit, by key."""
    lines: dict[str, list[str]] = {}
    for line in block("ini").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            lines.setdefault(key, []).append(value)
    return lines


def dockerfile(instruction: str) -> list[str]:
    text = (ROOT / "Dockerfile").read_text()
    return re.findall(rf"^{instruction} (.*)$", text, re.MULTILINE)


def test_every_permission_that_the_bot_asks_for_is_explained() -> None:
    table = PAGE.partition("| permission |")[2].partition("\n\n")[0].lower()
    # discord.py and Discord have different names for it.
    shown = {"read_messages": "view channel"}
    asked = {shown.get(n, n.replace("_", " ")) for n, on in NEEDED_PERMISSIONS if on}
    explained = {cell.strip() for row in table.splitlines() for cell in row.split("|")[1:2]}
    named = {name.strip() for cell in explained for name in cell.split(",")} - {"---", "", "why"}
    assert named == asked


def test_the_unit_starts_the_installed_program_and_waits_for_its_pictures() -> None:
    lines = unit()
    (start,), (home,) = lines["ExecStart"], lines["WorkingDirectory"]
    installed = re.search(r"Put the program into `([^`]+)`", PAGE)
    assert installed is not None
    assert start == f"{installed[1]}/.venv/bin/python -m bot"
    assert lines["ReadWritePaths"] == [home], "it can write where its data is, and nowhere else"
    assert lines["RestartPreventExitStatus"] == ["2"]
    assert int(lines["TimeoutStopSec"][0]) > 8


def test_the_unit_and_the_image_limit_memory_arenas_like_the_soak() -> None:
    setting = f"MALLOC_ARENA_MAX={ARENAS}"
    assert setting in unit()["Environment"]
    assert setting in " ".join(dockerfile("ENV")).split()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    here = {"/opt/waifu-bot/.venv/bin/python": shutil.which("true") or "", "User=waifu-bot": ""}
    text = block("ini")
    for there, instead in here.items():
        text = text.replace(there, instead)
    service = tmp_path / "waifu-bot.service"
    service.write_text(text)
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(service)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert str(service) not in result.stderr, result.stderr
    assert "waifu-bot.service:" not in result.stderr, result.stderr


def compose() -> dict[str, Any]:
    return yaml.safe_load(block("yaml"))


def test_the_compose_file_keeps_the_data_in_the_images_volume() -> None:
    (service,) = compose()["services"].values()
    (volume,) = dockerfile("VOLUME")
    assert service["volumes"] == [f"{name}:{volume}" for name in compose()["volumes"]]
    assert int(service["stop_grace_period"].rstrip("s")) > 8


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="there is no docker-compose here")
def test_compose_accepts_the_compose_file(tmp_path: Path) -> None:
    # The first version of Compose requires a version number; the second needs none.
    (tmp_path / "compose.yaml").write_text(f"version: '2.4'\n{block('yaml')}")
    (tmp_path / ".env").touch()
    result = subprocess.run(
        ["docker-compose", "-f", "compose.yaml", "config", "--quiet"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
