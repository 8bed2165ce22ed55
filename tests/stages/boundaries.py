"""`python -m tests.stages.boundaries`: runs the real bot and kills it at one chosen boundary.

A boundary is a moment at which something outside the process's memory has just changed, or is about
to: a statement that commits, a COMMIT, a picture's file half written, renamed or removed, a call
that changes something on Discord. Between two boundaries a kill finds the same world as at the
first of them, so walking all of them tries every possible kill.

`BOUNDARIES` names a file that gets one line a boundary, `KILL_AT` the number of the line at which
the process ends itself (0: none). Counting continues from the previous process, so the restart
after the kill is walked too. Started by `walking.py`; knows nothing about what it proves.
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

Pass: TypeAlias = Callable[[str], None]

#: The beginnings of statements that change the file without counting changed rows.
_UNCOUNTED = ("COMMIT", "VACUUM", "PRAGMA wal_checkpoint", "PRAGMA incremental_vacuum")
_NAME_CHARS = 70


class Boundaries:
    """Counts and records boundaries, and dies at the chosen number."""

    def __init__(self, trace: Path, kill_at: int) -> None:
        self._trace, self._kill_at = trace, kill_at
        self._passed = len(trace.read_text().splitlines()) if trace.exists() else 0
        # Files are written in threads, everything else on the loop.
        self._lock = threading.Lock()

    def passed(self, name: str) -> None:
        """Record a boundary; the last line of a killed process's trace says where it died."""
        with self._lock:
            self._passed += 1
            with self._trace.open("a") as trace:
                trace.write(f"{name}\n")
            if self._passed == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def watch_database(passed: Pass) -> None:
    """Set boundaries around commits; a statement inside a transaction changes nothing yet."""
    #: By connection, the last statement of its transaction, which distinguishes COMMITs.
    last: dict[aiosqlite.Connection, str] = {}
    for method in ("execute", "execute_fetchall"):
        plain = getattr(aiosqlite.Connection, method)
        setattr(aiosqlite.Connection, method, _watched(plain, passed, last))


def _watched(
    execute: Callable[..., Awaitable[object]], passed: Pass, last: dict[aiosqlite.Connection, str]
) -> Callable[..., Awaitable[object]]:
    async def watched(self: aiosqlite.Connection, sql: str, parameters: Any = None) -> object:
        name = " ".join(sql.split())[:_NAME_CHARS]
        uncounted = name.startswith(_UNCOUNTED)
        if name == "COMMIT":
            name = f"COMMIT of {last.get(self, 'nothing')}"
        last[self] = name
        changes = self.total_changes
        if uncounted:
            passed(f"before {name}")
        answer = await execute(self, sql, parameters)
        if uncounted or (self.total_changes != changes and not self.in_transaction):
            passed(f"after {name}")
        return answer

    return watched


def watch_discord(passed: Pass) -> None:
    """Set boundaries before and after each call that changes something on Discord."""
    for client in (HTTPClient, AsyncWebhookAdapter):
        client.request = _calling(client.request, passed)  # type: ignore[method-assign]


def _calling(
    request: Callable[..., Awaitable[object]], passed: Pass
) -> Callable[..., Awaitable[object]]:
    async def calling(self: object, route: Any, *rest: Any, **options: Any) -> object:
        if route.method == "GET":
            return await request(self, route, *rest, **options)
        passed(f"before {route.method} {route.path}")
        answer = await request(self, route, *rest, **options)
        passed(f"after {route.method} {route.path}")
        return answer

    return calling


def watch_files(passed: Pass, folder: Path) -> None:
    """Set boundaries around changes to files in `folder`, and in the middle of each write."""
    plain_open = pathlib.Path.open

    def open_(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if folder in self.absolute().parents and mode == "wb":
            return _InHalves(io.FileIO(self, "w"), passed)
        return plain_open(self, mode, *rest, **options)

    pathlib.Path.open = open_  # type: ignore[method-assign]
    for name in ("replace", "rename", "unlink"):
        setattr(os, name, _moving(getattr(os, name), passed, folder))


class _InHalves(io.BufferedWriter):
    """A file for writing, with a boundary after half of the bytes."""

    def __init__(self, raw: io.FileIO, passed: Pass) -> None:
        super().__init__(raw)
        self._passed = passed

    def write(self, data: Any) -> int:
        self._passed("before a file is written")
        half = super().write(data[: len(data) // 2])
        self.flush()
        self._passed("a file is half written")
        return half + super().write(data[half:])


def _moving(change: Callable[..., None], passed: Pass, folder: Path) -> Callable[..., None]:
    def moving(path: Any, *rest: Any, **options: Any) -> None:
        ours = isinstance(path, str | Path) and folder in Path(path).absolute().parents
        if ours:
            passed(f"before {change.__name__}")
        change(path, *rest, **options)
        if ours:
            passed(f"after {change.__name__}")

    return moving


if __name__ == "__main__":
    boundaries = Boundaries(Path(os.environ["BOUNDARIES"]), int(os.environ.get("KILL_AT", "0")))
    watch_database(boundaries.passed)
    watch_discord(boundaries.passed)
    watch_files(boundaries.passed, load().pictures_dir.absolute())
    sys.exit(main([]))
