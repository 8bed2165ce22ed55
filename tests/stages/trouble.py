"""Counts everything that a store asks of the disk, and injects faults where a test wants them.

A *moment* is one statement of either connection, or one call that changes a file below the folder.
A moment can raise a disk error, or `Killed`: from then on nothing of the process runs, as after
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
from tests.stages.sick_disk import error_of, make_reader_fail, make_writer_fail

#: The errors of a statement, by SQLite's names.
STATEMENT_ERRORS = {
    "FULL": sqlite3.SQLITE_FULL,
    "IOERR": sqlite3.SQLITE_IOERR,
    "BUSY": sqlite3.SQLITE_BUSY,
    "READONLY": sqlite3.SQLITE_READONLY,
}
#: The errors of a call on a file.
FILE_ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "EACCES": errno.EACCES}
#: Prefixes of the moments of files, and of those of Discord, which cause no disk errors.
FILE, DISCORD = "file: ", "Discord: "


class Killed(BaseException):
    """The process was killed at this moment."""


def disk_error(name: str) -> Exception:
    """The disk error of this name."""
    if name in STATEMENT_ERRORS:
        return error_of(STATEMENT_ERRORS[name])
    return OSError(FILE_ERRORS[name], os.strerror(FILE_ERRORS[name]))


def is_possible_at(name: str, moment: str) -> bool:
    """Whether this error can happen at such a moment."""
    if moment.startswith(DISCORD):
        return False
    return (name in FILE_ERRORS) is moment.startswith(FILE)


class FaultInjector:
    """Counts the moments since `reset`, and lets one of them fail."""

    def __init__(self) -> None:
        self.moments: list[str] = []
        self._error_at: Callable[[int, str], BaseException | None] = lambda _number, _what: None
        # Files are written in threads.
        self._lock = threading.Lock()

    def reset(self, error_at: Callable[[int, str], BaseException | None] | None = None) -> None:
        """Count from 0 again. `error_at` decides each moment's error; without it none fails."""
        self.moments = []
        self._error_at = error_at or (lambda _number, _what: None)

    def fail_at(self, at: int, name: str) -> None:
        """Let the moment of this number fail with this error, if it can happen there."""
        self.reset(
            lambda n, what: disk_error(name) if n == at and is_possible_at(name, what) else None
        )

    def kill_at(self, at: int) -> None:
        """Let the process die at the moment of this number."""
        self.reset(lambda n, _what: Killed() if n >= at else None)

    def pass_moment(self, moment: str) -> None:
        """Count a moment, and raise its error, if any."""
        with self._lock:
            self.moments.append(moment)
            number = len(self.moments) - 1
        if error := self._error_at(number, moment):
            raise error

    def watch_statements(self, db: Database) -> None:
        """Count the statements of both connections of `db` from now on, and inject faults."""
        for connection in (make_writer_fail(db), make_reader_fail(db)):
            connection.error_code_at = lambda _number, sql: (
                self.pass_moment(" ".join(sql.split())) or 0
            )

    @contextmanager
    def watching_files(self, folder: Path) -> Generator[None]:
        """Inside, count the calls that change files below `folder`, and inject faults."""
        with ExitStack() as stack:
            for name in ("replace", "rename", "unlink", "mkdir"):
                stack.enter_context(
                    patch.object(os, name, self._patched_call(name, getattr(os, name), folder))
                )
            stack.enter_context(patch.object(os, "fsync", self._patched_fsync(os.fsync, folder)))
            stack.enter_context(patch.object(pathlib.Path, "open", self._patched_open(folder)))
            yield

    def _patched_call(
        self, name: str, call: Callable[..., None], folder: Path
    ) -> Callable[..., None]:
        def call_after_moment(path: Any, *rest: Any, **options: Any) -> None:
            if isinstance(path, str | Path) and folder in Path(path).parents:
                self.pass_moment(f"{FILE}{name}")
            call(path, *rest, **options)

        return call_after_moment

    def _patched_fsync(self, fsync: Callable[[int], None], folder: Path) -> Callable[[int], None]:
        def fsync_after_moment(handle: int) -> None:
            if str(folder) in str(Path(f"/proc/self/fd/{handle}").readlink()):
                self.pass_moment(f"{FILE}fsync")
            fsync(handle)

        return fsync_after_moment

    def _patched_open(self, folder: Path) -> Callable[..., Any]:
        plain = pathlib.Path.open

        def open_after_moment(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if folder not in path.parents or mode != "wb":
                return plain(path, mode, *rest, **options)
            self.pass_moment(f"{FILE}open")
            return _FailingWriter(io.FileIO(path, "w"), self)

        return open_after_moment


class _FailingWriter(io.BufferedWriter):
    """A file for writing that can fail after half of the bytes."""

    def __init__(self, raw: io.FileIO, injector: FaultInjector) -> None:
        super().__init__(raw)
        self._injector = injector

    def write(self, data: Any) -> int:
        half = super().write(data[: len(data) // 2])
        self.flush()
        self._injector.pass_moment(f"{FILE}write")
        return half + super().write(data[half:])
