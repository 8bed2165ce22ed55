"""One bot on one data directory: the lock that `serve` and `doctor --mend` take."""

from __future__ import annotations

import fcntl
from contextlib import ExitStack
from typing import TextIO

from bot.domain import SettingsError
from bot.settings import Settings
from bot.store.picture_files import make_directory


def lock_data(stack: ExitStack, settings: Settings) -> None:
    """Make the data directory ours alone; two bots on one would draw and post everything twice."""
    try:
        make_directory(settings.data_dir)
        lock: TextIO = stack.enter_context((settings.data_dir / "lock").open("w"))
    except OSError as problem:
        raise SettingsError(
            f"DATA_DIR={settings.data_dir} cannot be written ({problem.strerror}): make it "
            "writable for the bot's user, or point DATA_DIR elsewhere."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SettingsError(
            f"another bot is running on DATA_DIR={settings.data_dir}: stop it first, or choose "
            "another directory."
        ) from None
