"""Counts everything that a store asks of the disk, and lets it fail where a test says.

A *moment* is one statement of either connection, or one call that changes a file below the folder.
A moment can raise a disk's error, or `Dead`: from then on nothing of the process runs, as after
SIGKILL. Used by `tests/stages/story.py`.
"""

from __future__ import annotations

import errno
import io
import os
import pathlib
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bot.store.db import Database
from tests.stages.sick_disk import error_of, sicken_reader, sicken_writer

#: The errors of a statement, by SQLite's names.
OF_STATEMENTS = {
    "FULL": sqlite3.SQLITE_FULL,
    "IOERR": sqlite3.SQLITE_IOERR,
    "BUSY": sqlite3.SQLITE_BUSY,
    "READONLY": sqlite3.SQLITE_READONLY,
}
#: The errors of a call on a file.
OF_FILES = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "EACCES": errno.EACCES}
#: Prefixes of the moments of files, and of those of Discord, which have no disk errors.
FILE, DISCORD = "file: ", "Discord: "


class Dead(BaseException):
    """The process was killed at this moment."""


def problem(name: str) -> Exception:
    """The disk's error of this name."""
    if name in OF_STATEMENTS:
        return error_of(OF_STATEMENTS[name])
    return OSError(OF_FILES[name], os.strerror(OF_FILES[name]))


def fits(name: str, moment: str) -> bool:
    """Whether this error is possible at such a moment."""
    if moment.startswith(DISCORD):
        return False
    return (name in OF_FILES) is moment.startswith(FILE)


class Trouble:
    """Counts the moments since `begin`, and lets one of them fail."""

    def __init__(self) -> None:
        self.moments: list[str] = []
        self._comes: Callable[[int, str], BaseException | None] = lambda _number, _what: None
        # Files are written in threads.
        self._lock = threading.Lock()

    def begin(self, comes: Callable[[int, str], BaseException | None] | None = None) -> None:
        """Count from 0 again. `comes` decides the error of each moment; without it, none fails."""
        self.moments = []
        self._comes = comes or (lambda _number, _what: None)

    def once(self, at: int, name: str) -> None:
        """Let the moment of that number fail with this error, if it is possible there."""
        self.begin(lambda n, what: problem(name) if n == at and fits(name, what) else None)

    def death(self, at: int) -> None:
        """Let the process die at the moment of that number."""
        self.begin(lambda n, _what: Dead() if n >= at else None)

    def meet(self, what: str) -> None:
        """Count a moment, and raise its error, if any."""
        with self._lock:
            self.moments.append(what)
            number = len(self.moments) - 1
        if ends := self._comes(number, what):
            raise ends

    def watch_statements(self, db: Database) -> None:
        """Let both connections of `db` meet this trouble from now on."""
        for sick in (sicken_writer(db), sicken_reader(db)):
            sick.fails = lambda _number, sql: self.meet(" ".join(sql.split())) or 0

    @contextmanager
    def watching_files(self, folder: Path) -> Generator[None]:
        """Inside, calls that change files below `folder` meet this trouble."""
        with ExitStack() as stack:
            for name in ("replace", "rename", "unlink", "mkdir"):
                stack.enter_context(
                    patch.object(os, name, self._met(name, getattr(os, name), folder))
                )
            stack.enter_context(patch.object(os, "fsync", self._synced(os.fsync, folder)))
            stack.enter_context(patch.object(pathlib.Path, "open", self._opened(folder)))
            yield

    def _met(self, name: str, call: Callable[..., None], folder: Path) -> Callable[..., None]:
        def met(path: Any, *rest: Any, **options: Any) -> None:
            if isinstance(path, str | Path) and folder in Path(path).parents:
                self.meet(f"{FILE}{name}")
            call(path, *rest, **options)

        return met

    def _synced(self, fsync: Callable[[int], None], folder: Path) -> Callable[[int], None]:
        def synced(handle: int) -> None:
            if str(folder) in str(Path(f"/proc/self/fd/{handle}").readlink()):
                self.meet(f"{FILE}fsync")
            fsync(handle)

        return synced

    def _opened(self, folder: Path) -> Callable[..., Any]:
        plain = pathlib.Path.open

        def opened(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if folder not in path.parents or mode != "wb":
                return plain(path, mode, *rest, **options)
            self.meet(f"{FILE}open")
            return _Half(io.FileIO(path, "w"), self)

        return opened


class _Half(io.BufferedWriter):
    """A file for writing that can fail after half of the bytes."""

    def __init__(self, raw: io.FileIO, trouble: Trouble) -> None:
        super().__init__(raw)
        self._trouble = trouble

    def write(self, data: Any) -> int:
        half = super().write(data[: len(data) // 2])
        self.flush()
        self._trouble.meet(f"{FILE}write")
        return half + super().write(data[half:])
