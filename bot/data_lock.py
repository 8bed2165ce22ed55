"""Locks on the data directory: `serve`, `doctor --fix` and the sandbox each take it alone."""

from __future__ import annotations

import fcntl
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TextIO

from bot.domain import SettingsError
from bot.settings import Settings
from bot.store.picture_files import make_directory


def lock_data(stack: ExitStack, settings: Settings) -> None:
    """Lock the data directory for us; two bots on one would draw and post everything twice."""
    lock_directory(
        stack,
        settings.data_dir,
        f"another bot is running on DATA_DIR={settings.data_dir}: stop it first, or choose "
        "another directory.",
    )


def lock_directory(stack: ExitStack | AsyncExitStack, directory: Path, taken: str) -> None:
    """Hold the directory until `stack` closes.

    Raises `SettingsError(taken)` if another holds it.
    """
    try:
        make_directory(directory)
        lock: TextIO = stack.enter_context((directory / "lock").open("w"))
    except OSError as problem:
        said, advice = unusable(directory, problem)
        raise SettingsError(f"DATA_DIR cannot be used: {said}. {advice}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SettingsError(taken) from None


def unusable(directory: Path, problem: OSError) -> tuple[str, str]:
    """Why a data directory cannot be written, and how to fix it."""
    if isinstance(problem, (FileExistsError, NotADirectoryError)):
        places = (directory, *directory.parents)
        file = next((each for each in places if each.is_file()), directory)
        return (
            f"{file} is no directory",
            "Point DATA_DIR at a directory; it is made if it is not there.",
        )
    said = f"{directory} cannot be written ({problem.strerror})"
    return said, "Make it writable for the bot's user, or point DATA_DIR elsewhere."
