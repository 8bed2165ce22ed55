"""`python -m bot export DIRECTORY`: the voted pictures and their manifest, for training."""

from __future__ import annotations

import argparse
import asyncio
import sys
from functools import partial
from pathlib import Path

from bot import rulebooks
from bot.domain import SettingsError
from bot.policy.layers import everywhere
from bot.policy.showing import may_leave
from bot.settings import Settings
from bot.store.curation import export_voted
from bot.store.db import Database
from bot.store.gallery import Gallery
from bot.store.papers import Papers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it is written."""
    parser.add_argument("directory", type=Path)


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Write them and say how many; SettingsError if there is no database to read."""
    sys.stdout.write(f"{asyncio.run(_export(settings, args.directory))}\n")
    return 0


async def _export(settings: Settings, directory: Path) -> str:
    if not settings.database_path.is_file():
        raise SettingsError(
            f"there is no database at {settings.database_path}, so there are no votes to read: is "
            f"DATA_DIR={settings.data_dir} the bot's? (The demo's is sandbox/bot in its own, so "
            "data/sandbox/bot as it comes.)"
        )
    db = await Database.open(settings.database_path)
    try:
        gallery, papers = Gallery(db, settings.pictures_dir), Papers(settings.licences_dir)
        ground = everywhere(rulebooks.load())
        report = await export_voted(
            db, gallery, papers, directory, partial(may_leave, ground=ground)
        )
        return str(report)
    finally:
        await db.close()
