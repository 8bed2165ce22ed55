"""`python -m bot export DIR`: opens what the bot keeps, and writes the voted pictures.

Called by the command line. What is written is `bot/store/curation.py`'s to know.
"""

from __future__ import annotations

from pathlib import Path

from bot.domain import SettingsError
from bot.settings import Settings
from bot.store.curation import ExportReport, export_voted
from bot.store.db import Database
from bot.store.gallery import Gallery
from bot.store.papers import Papers


async def export(settings: Settings, directory: Path) -> ExportReport:
    """Write the export. `SettingsError` where the bot has kept nothing yet."""
    if not settings.database_path.is_file():
        raise SettingsError(
            f"there is no database at {settings.database_path}, so there are no votes to read: is "
            f"DATA_DIR={settings.data_dir} the bot's? (The demo's is data/sandbox/bot.)"
        )
    db = await Database.open(settings.database_path)
    try:
        gallery, papers = Gallery(db, settings.pictures_dir), Papers(settings.licences_dir)
        return await export_voted(db, gallery, papers, directory)
    finally:
        await db.close()
