"""`python -m tests.stages.boundaries`: runs the real bot and kills it at one chosen boundary.

A boundary is a moment at which something outside the process's memory has just changed, or is about
to: a statement that commits, a COMMIT, a picture's file half written, renamed or removed, a call
that changes something on Discord. A kill between two boundaries leaves the same state as a kill at
the first of them, so a walk over all boundaries tries every possible kill.

The process appends one line for each boundary to the file `BOUNDARIES`, and kills itself at line
number `KILL_AT` (0: never). Counting continues from the previous process, so that a kill during the
restart is possible too. `walking.py` starts this module, which knows nothing about the promises.
"""

from __future__ import annotations

import io
import os
import pathlib
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import aiosqlite
from discord.http import HTTPClient
from discord.webhook.async_ import AsyncWebhookAdapter

from bot.__main__ import main
from bot.settings import load

Record: TypeAlias = Callable[[str], None]

#: How statements begin that change the file and count no changed rows.
_CHANGES_UNSEEN = ("COMMIT", "VACUUM", "PRAGMA wal_checkpoint", "PRAGMA incremental_vacuum")
_NAME_CHARS = 70


class Boundaries:
    """Counts and records boundaries, and dies at the chosen number."""

    def __init__(self, trace: Path, kill_at: int) -> None:
        self._trace, self._kill_at = trace, kill_at
        self._passed = len(trace.read_text().splitlines()) if trace.exists() else 0
        # Files are written in threads, everything else on the loop.
        self._lock = threading.Lock()

    def record(self, name: str) -> None:
        """Record a boundary. The last line of a killed process's trace says where it died."""
        with self._lock:
            self._passed += 1
            with self._trace.open("a") as trace:
                trace.write(f"{name}\n")
            if self._passed == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def watch_database(record: Record) -> None:
    """Set boundaries around commits. A statement inside a transaction changes nothing yet."""
    #: The last statement of each connection's transaction, which distinguishes COMMITs.
    last: dict[aiosqlite.Connection, str] = {}
    for method in ("execute", "execute_fetchall"):
        plain = getattr(aiosqlite.Connection, method)
        setattr(aiosqlite.Connection, method, _with_boundaries(plain, record, last))


def _with_boundaries(
    execute: Callable[..., Awaitable[object]], record: Record, last: dict[aiosqlite.Connection, str]
) -> Callable[..., Awaitable[object]]:
    async def execute_with_boundaries(
        self: aiosqlite.Connection, sql: str, parameters: Any = None
    ) -> object:
        name = " ".join(sql.split())[:_NAME_CHARS]
        changes_unseen = name.startswith(_CHANGES_UNSEEN)
        if name == "COMMIT":
            name = f"COMMIT of {last.get(self, 'nothing')}"
        last[self] = name
        changes = self.total_changes
        if changes_unseen:
            record(f"before {name}")
        answer = await execute(self, sql, parameters)
        if changes_unseen or (self.total_changes != changes and not self.in_transaction):
            record(f"after {name}")
        return answer

    return execute_with_boundaries


def watch_discord(record: Record) -> None:
    """Set boundaries before and after each call that changes something on Discord."""
    for client in (HTTPClient, AsyncWebhookAdapter):
        client.request = _request_with_boundaries(client.request, record)  # type: ignore[method-assign]


def _request_with_boundaries(
    request: Callable[..., Awaitable[object]], record: Record
) -> Callable[..., Awaitable[object]]:
    async def request_with_boundaries(
        self: object, route: Any, *rest: Any, **options: Any
    ) -> object:
        if route.method == "GET":
            return await request(self, route, *rest, **options)
        record(f"before {route.method} {route.path}")
        answer = await request(self, route, *rest, **options)
        record(f"after {route.method} {route.path}")
        return answer

    return request_with_boundaries


def watch_files(record: Record, folder: Path) -> None:
    """Set boundaries around changes to files in `folder`, and in the middle of each write."""
    plain_open = pathlib.Path.open

    def open_(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if folder in self.absolute().parents and mode == "wb":
            return _HalvedWriter(io.FileIO(self, "w"), record)
        return plain_open(self, mode, *rest, **options)

    pathlib.Path.open = open_  # type: ignore[method-assign]
    for name in ("replace", "rename", "unlink"):
        setattr(os, name, _change_with_boundaries(getattr(os, name), record, folder))


class _HalvedWriter(io.BufferedWriter):
    """A file for writing, with a boundary after half of the bytes."""

    def __init__(self, raw: io.FileIO, record: Record) -> None:
        super().__init__(raw)
        self._record = record

    def write(self, data: Any) -> int:
        self._record("before a file is written")
        half = super().write(data[: len(data) // 2])
        self.flush()
        self._record("a file is half written")
        return half + super().write(data[half:])


def _change_with_boundaries(
    change: Callable[..., None], record: Record, folder: Path
) -> Callable[..., None]:
    def change_with_boundaries(path: Any, *rest: Any, **options: Any) -> None:
        is_in_folder = isinstance(path, str | Path) and folder in Path(path).absolute().parents
        if is_in_folder:
            record(f"before {change.__name__}")
        change(path, *rest, **options)
        if is_in_folder:
            record(f"after {change.__name__}")

    return change_with_boundaries


if __name__ == "__main__":
    boundaries = Boundaries(Path(os.environ["BOUNDARIES"]), int(os.environ.get("KILL_AT", "0")))
    watch_database(boundaries.record)
    watch_discord(boundaries.record)
    watch_files(boundaries.record, load().pictures_dir.absolute())
    sys.exit(main([]))
