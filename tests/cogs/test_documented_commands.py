"""Every command, and every permission that one requires, is mentioned in README or docs."""

from __future__ import annotations

import re
from pathlib import Path

from discord import app_commands

from bot.client import WaifuBot
from cogs import EXTENSIONS
from tests.stages.front import Front
from tests.stages.simulated import scene

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [README, *(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))]


def is_documented(name: str) -> bool:
    """Whether `/group name` is in a page, or `name` in its group's row in the README."""
    if any(re.search(rf"/{name}\b", page) for page in PAGES):
        return True
    group, _, own = name.partition(" ")
    rows = [row for row in README.splitlines() if row.startswith(f"| `/{group} ")]
    return any(f"`{own}`" in row for row in rows)


async def test_every_command_and_its_permission_are_documented(tmp_path: Path) -> None:
    async with scene(tmp_path, *EXTENSIONS, kind=Front) as front:
        bot = front.env.bot
        assert isinstance(bot, WaifuBot)
        tree = bot.tree
        names = {
            command.qualified_name: command
            for command in tree.walk_commands()
            if isinstance(command, app_commands.Command)
        }
        assert len(names) >= 40
        assert not [name for name in names if not is_documented(name)]
        whole = tree.get_commands()
        menus = [each.name for each in whole if isinstance(each, app_commands.ContextMenu)]
        assert menus
        assert not [name for name in menus if f"*{name}*" not in README]
        for each in whole:
            if isinstance(each, app_commands.Group | app_commands.Command):
                asked = [n for n, on in each.default_permissions or () if on]
                # Discord's app shows another name than its API.
                shown = [n.replace("_", " ").replace("guild", "server") for n in asked]
                untold = [name for name in shown if name not in README.lower()]
                assert not untold, f"/{each.name}: {untold}"
