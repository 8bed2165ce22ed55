"""`python -m bot decisions`: what policy and moderators decided in all servers, in one table.

For whoever runs the bot: decisions by rule, appeals that were upheld, how long moderators took. No
prompt, no name and no server is in it, for none is in what it reads.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bot import rulebooks
from bot.clock import now_ms
from bot.domain import SettingsError, StorageError
from bot.policy.layers import title_of
from bot.reporting import charts
from bot.reporting.charts import Bar
from bot.settings import Settings
from bot.store.case_rows import CaseKind
from bot.store.db import Database
from bot.store.decisions import DecisionCount, DecisionKind, Decisions, Outcome
from bot.store.gallery import Gallery
from bot.store.reviews import Reviews, Waited
from models.report import Row, percentile, table, write_json

_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
_AREA = "decisions"
_DAYS_MAX = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was decided in those days."""

    counts: Sequence[DecisionCount]
    waits: Sequence[Waited]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How far to look back, and where the figures go."""
    add = parser.add_argument
    add("--days", type=int, default=30, help="how far to look back (default: 30)")
    add("--json", type=Path, metavar="FILE", help="write the table as rows")
    add("--plots", type=Path, metavar="DIR", help="write bars as PNG")


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Count, print, write. `SettingsError` where there is no database to read."""
    if not 1 <= args.days <= _DAYS_MAX:
        raise SettingsError(f"--days can be 1 to {_DAYS_MAX:,}.")
    found = asyncio.run(_read(settings, args.days))
    command = f"python -m bot decisions --days {args.days}"
    rows = [replace(row, command=command) for row in rows_of(found.counts, found.waits)]
    sys.stdout.write(f"{table(rows)}\n")
    try:
        if args.json:
            write_json(rows, args.json)
        if args.plots:
            _plot(found, args.plots, args.days)
    except OSError as fault:
        raise StorageError(f"{fault.filename} cannot be written: {fault.strerror}.") from None
    return 0


async def _read(settings: Settings, days: int) -> _Found:
    if not settings.database_path.is_file():
        raise SettingsError(
            f"there is no database at {settings.database_path}: is DATA_DIR={settings.data_dir} "
            "the bot's? (The demo's is data/sandbox/bot.)"
        )
    until_ms = now_ms() + 1
    since_ms = until_ms - days * _DAY_MS
    db = await Database.open(settings.database_path)
    try:
        reviews = Reviews(db, Gallery(db, settings.pictures_dir))
        return _Found(
            counts=await Decisions(db).counts(since_ms, until_ms),
            waits=await reviews.waits(since_ms, until_ms),
        )
    finally:
        await db.close()


def rows_of(counts: Sequence[DecisionCount], waits: Sequence[Waited]) -> list[Row]:
    """The table: what was decided, by which rule, and how long moderators took."""
    rows = [_row(f"{kind}: {outcome}", n, "") for (kind, outcome), n in _outcomes(counts).items()]
    rows += [_row(f"refused by {title}", n, "") for title, n in _refused(counts).most_common()]
    return rows + _appeals(waits) + _times(waits)


def _row(name: str, value: float, unit: str) -> Row:
    return Row(area=_AREA, name=name, value=value, unit=unit)


def _outcomes(counts: Iterable[DecisionCount]) -> Counter[tuple[DecisionKind, Outcome]]:
    """One with several rules stands in a count for each of them, as it does below."""
    found: Counter[tuple[DecisionKind, Outcome]] = Counter()
    for count in counts:
        found[count.kind, count.outcome] += count.count
    return found


def _refused(counts: Iterable[DecisionCount]) -> Counter[str]:
    rulebook = rulebooks.load()
    found: Counter[str] = Counter()
    for count in counts:
        if count.outcome is Outcome.REFUSE and count.rule is not None:
            found[title_of(rulebook, count.rule)] += count.count
    return found


def _appeals(waits: Iterable[Waited]) -> list[Row]:
    decided = [w.outcome for w in waits if w.kind is CaseKind.APPEAL]
    if not decided:
        return [_row("appeals decided", 0, "")]
    upheld = decided.count(Outcome.UPHOLD)
    share = _row("appeals upheld", 100 * upheld / len(decided), "%")
    return [_row("appeals decided", len(decided), ""), share]


def _times(waits: Sequence[Waited]) -> list[Row]:
    rows: list[Row] = []
    for kind in CaseKind:
        hours = [w.waited_ms / _HOUR_MS for w in waits if w.kind is kind]
        if hours:
            rows.append(_row(f"time to review ({kind}), median", median(hours), "h"))
            rows.append(_row(f"time to review ({kind}), p90", percentile(hours, 0.9), "h"))
    return rows


def _plot(found: _Found, directory: Path, days: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    span = f"all servers, the last {days} days"
    by_rule = [
        Bar(title, n, f"{n:,}", good=False) for title, n in _refused(found.counts).most_common(30)
    ]
    by_outcome = [
        Bar(f"{kind}: {outcome}", n, f"{n:,}")
        for (kind, outcome), n in _outcomes(found.counts).items()
    ]
    hours = [
        Bar(f"{kind}", median(times), f"{median(times):.1f} h, {len(times):,} cases")
        for kind in CaseKind
        if (times := [w.waited_ms / _HOUR_MS for w in found.waits if w.kind is kind])
    ]
    for name, title, lines in (
        ("rules", "Refused, by rule", by_rule),
        ("outcomes", "What was decided", by_outcome),
        ("waits", "Time to review, median in hours", hours),
    ):
        picture = charts.bars(title, span, lines or [Bar("nothing yet", 0, "")], None)
        picture.save(directory / f"{name}.png")
