"""`python -m bot moderation-report`: counts decisions in all servers, without anybody's words."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from bot.clock import now_ms
from bot.domain import SettingsError, StorageError
from bot.reporting import charts
from bot.reporting.charts import Bar
from bot.reporting.moderation import figures
from bot.settings import Settings
from bot.store.db import Database
from bot.store.decisions import DecisionCount, Decisions, Outcome
from bot.store.gallery import Gallery
from bot.store.reviews import Reviews, ReviewTime
from models.report import table, write_json

_DAY_MS = 86_400_000
_STOPPED = (Outcome.REFUSE, Outcome.WITHHOLD, Outcome.HOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The database's data for the period."""

    counts: list[DecisionCount]
    waits: list[ReviewTime]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the period, and where to write the figures."""
    add = parser.add_argument
    add("--days", type=_days, default=30, help="how many past days (default: 30)")
    add("--json", type=Path, metavar="FILE", help="write the table as rows")
    add("--plots", type=Path, metavar="DIR", help="write bars and a histogram as PNG")


def _days(text: str) -> int:
    if not (text.isdecimal() and len(text) < 6 and int(text)):
        raise argparse.ArgumentTypeError(f"{text} is no number of days: 1 to 99999")
    return int(text)


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Count, print, write.

    SettingsError without a database, StorageError if a file cannot be written.
    """
    found = asyncio.run(_read(settings, args.days))
    command = f"python -m bot moderation-report --days {args.days}"
    rows = [replace(row, command=command) for row in figures.rows(found.counts, found.waits)]
    told = table(rows) if rows else f"Nothing was decided in the last {args.days} days."
    sys.stdout.write(f"{told}\n")
    try:
        if args.json:
            write_json(rows, args.json)
        if args.plots:
            _plot(found, args.days, args.plots)
    except OSError as fault:
        raise StorageError(f"{fault.filename} cannot be written: {fault.strerror}.") from None
    return 0


async def _read(settings: Settings, days: int) -> _Found:
    if not settings.database_path.is_file():
        raise SettingsError(
            f"there is no database at {settings.database_path}, so nothing was decided: is "
            f"DATA_DIR={settings.data_dir} the bot's? (The demo's is sandbox/bot in its own, so "
            "data/sandbox/bot as it comes.)"
        )
    until_ms = now_ms() + 1
    since_ms = until_ms - days * _DAY_MS
    db = await Database.open(settings.database_path)
    try:
        reviews = Reviews(db, Gallery(db, settings.pictures_dir))
        return _Found(
            counts=await Decisions(db).counts(since_ms, until_ms),
            waits=await reviews.review_times(since_ms, until_ms),
        )
    finally:
        await db.close()


def _plot(found: _Found, days: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stopped = figures.by_rule(found.counts, *_STOPPED)
    lines = [Bar(name, number, f"{number:,}") for name, number in stopped.items()]
    charts.bars(
        "What was refused, held or withheld, by rule",
        f"asks and pictures of all servers in the last {days} days",
        lines,
        None,
    ).save(folder / "stopped-by-rule.png")
    charts.histogram(
        "Time to review",
        f"hours until moderators decided, cases of all servers in the last {days} days",
        figures.hours(found.waits),
        None,
    ).save(folder / "time-to-review.png")
