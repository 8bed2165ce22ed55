"""A database file in the schema of the first migration, with a row in every table.

For tests of the later migrations: they may lose nothing, and the bot continues where it was.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bot.store.job_rows import draw_json
from bot.store.migrations import migrations
from tests.stages.factories import CHANNEL, GUILD, OTHER, SINCE, USER, make_draw

_DRAW = draw_json(make_draw())
#: Message ids, each above 2^53, so that a conversion through a float would show.
DELIVERY, SHOWN, GONE, STATUS = (900_000_000_000_000_000 + n for n in (1, 2, 3, 4))

#: id, origin, parent; its jobs are in `JOBS`.
REQUESTS = [("r1", "command", None), ("r2", "vary", "j1"), ("r3", "again", "j1")]
#: id, request, user, state, posting_ms. The process died while it posted `j4`.
JOBS = [
    ("j1", "r1", USER, "delivered", 40),
    ("j2", "r1", USER, "failed", None),
    ("j3", "r1", USER, "rendered", None),
    ("j4", "r2", OTHER, "rendered", 41),
    ("j5", "r3", OTHER, "running", None),
    ("j6", "r3", OTHER, "queued", None),
    ("j7", "r3", OTHER, "queued", None),
]
#: message, job, kind, seeded, settled, deleted_ms.
POSTS = [
    (DELIVERY, "j1", "delivery", 1, 1, None),
    (SHOWN, "j1", "show", 0, 0, None),
    (GONE, "j1", "show", 1, 0, 77),
]
#: An ask that waits for the licence; its channel and its draw do not matter.
WAITING = {"user_id": USER, "count": 2, "origin": "vary", "parent_job_id": "j1", "draw": {"v": 1}}


def write_first_step(path: Path) -> None:
    """Write the file, with at least one row in every table of the first migration."""
    (step, *_) = migrations()
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(step.sql)
        file.execute("PRAGMA foreign_keys = ON")
        for request in REQUESTS:
            _insert_request(file, *request)
        for message, job, kind, seeded, settled, deleted_ms in POSTS:
            _insert(
                file, "posts",
                (message, job, CHANNEL, GUILD, kind, 50, "👍", "👎", seeded, settled, deleted_ms),
            )  # fmt: skip
        for table, row in _OTHERS:
            _insert(file, table, row)
        file.execute(f"PRAGMA application_id = {0x57446274}")
        file.execute("PRAGMA user_version = 1")


def _insert_request(
    file: sqlite3.Connection, request: str, origin: str, parent: str | None
) -> None:
    jobs = [job for job in JOBS if job[1] == request]
    _insert(file, "requests", (request, jobs[0][2], GUILD, CHANNEL, STATUS, 0, 10, SINCE))
    for id_, _, user, state, posting_ms in jobs:
        lease = ("w", 99) if state == "running" else (None, None)
        ended_ms = 60 if state in ("delivered", "failed") else None
        error = "It broke." if state == "failed" else None
        _insert(
            file, "jobs",
            (None, id_, request, user, GUILD, CHANNEL, _DRAW, "general", origin, parent, state, 2,
             *lease, 5, posting_ms, error, 10, ended_ms),
        )  # fmt: skip
        if state in ("delivered", "rendered"):
            _insert(
                file, "pictures",
                (id_, user, GUILD, f"sha of {id_}", 9, 8, 8, "tiny-1", "general", "{}", 30, None),
            )  # fmt: skip


def _insert(file: sqlite3.Connection, table: str, row: Sequence[object]) -> None:
    holes = ", ".join("?" * len(row))
    file.execute(f"INSERT INTO {table} VALUES ({holes})", row)  # noqa: S608  the tables above


_OTHERS: Sequence[tuple[str, Sequence[object]]] = [
    ("vote_events", (1, DELIVERY, "j1", OTHER, "taste", "👍", 0, 1, 1, 0, "gateway", 55)),
    ("standing_reactions", (DELIVERY, OTHER, "👍", 0, "j1", 1, 1, 55)),
    ("votes", ("j1", "taste", OTHER, 1, 0, 55)),
    ("nameless_tallies", ("j1", "taste", 1, 0)),
    ("nameless_marks", (b"mark", "j1", "taste", 1)),
    ("guilds", (GUILD, "🌸", "🪨")),
    ("blocked_terms", (GUILD, "spiders", "", USER, 3)),
    ("channel_switches", (GUILD, CHANNEL, 1)),
    ("audit_log", (1, GUILD, USER, "block", "spiders", 3)),
    ("acceptances", (USER, "a" * 64, "tiny-1", 4)),
    ("sharing", (USER, 1, 4)),
    ("waiting_asks", ("w1", USER, GUILD, json.dumps(WAITING), 5)),
    ("waiting_asks", ("w2", USER, GUILD, "of another version", 5)),
    ("doomed_files", ("sha of a file",)),
    ("doomed_messages", (STATUS + 1, CHANNEL, GUILD)),
    ("sends", ("s1", "show", CHANNEL, GUILD, SINCE, None, 1)),
    ("send_jobs", ("s1", "show", "j1")),
    ("hunts", ("h1", CHANNEL, GUILD, SINCE)),
    ("forget_wishes", (7, 8)),
]
