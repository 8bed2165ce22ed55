"""The time of a claim with a million rows in `jobs`, of which few or 100,000 wait."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bot.store.db import Database
from bot.store.queue import Jobs
from models.report import Row, percentile

ROWS = 1_000_000
CLAIMS = 500
GOAL_MS = 5.0

_INSERT_OWED_POSTS = """
INSERT INTO owed_posts (id, request_id)
SELECT printf('%010d', n), 'r'
  FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :rows)
        SELECT n FROM c)
"""
_INSERT_JOBS = """
INSERT INTO jobs (id, request_id, owed_post_id, user_id, guild_id, channel_id, draw, rating, state,
                  created_ms)
SELECT printf('%010d', n), 'r', printf('%010d', n), n % 5000, n % 50, 1,
       json_object('v', 1, 'prompt', '1girl, blue hair', 'negative', '', 'aspect', 'square',
                   'width_px', 512, 'height_px', 512, 'seed', n, 'steps', 20, 'guidance', 7.0,
                   'sampler', 'euler_a'), 'general',
       CASE WHEN n % :one_in = 0 THEN 'queued' ELSE 'delivered' END, n
  FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :rows)
        SELECT n FROM c)
"""


async def measure(rows: int = ROWS) -> list[Row]:
    """Claim from a full table; the time includes the fair order, the lease and the commit."""
    return [await _claim_row(rows, one_in) for one_in in (2000, 10)]


async def _claim_row(rows: int, one_in: int) -> Row:
    with tempfile.TemporaryDirectory() as scratch:
        db = await Database.open(Path(scratch) / "bot.sqlite3")
        async with db.write() as transaction:
            await transaction.execute(
                "INSERT INTO requests (id, kind, layout, user_id, guild_id, channel_id, created_ms)"
                " VALUES ('r', 'command', 'single', 1, 1, 1, 0)"
            )
            await transaction.execute(_INSERT_OWED_POSTS, {"rows": rows})
            await transaction.execute(_INSERT_JOBS, {"rows": rows, "one_in": one_in})
        jobs = Jobs(db)
        took_ms: list[float] = []
        for i in range(min(CLAIMS, rows // one_in)):
            began_s = time.perf_counter()
            claimed = await jobs.claim("bench", 60_000, rows + i)
            took_ms.append(1000 * (time.perf_counter() - began_s))
            assert claimed is not None
        await db.close()
    p99_ms = percentile(took_ms, 0.99)
    return Row(
        area="queue",
        name=f"claim, p99, {rows:,} jobs of which {rows // one_in:,} wait",
        value=p99_ms,
        unit="ms",
        goal=f"<= {GOAL_MS:g}",
        holds=p99_ms <= GOAL_MS,
    )
