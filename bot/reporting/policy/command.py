"""`python -m bot policy-report`: the policy against its corpora, in one table.

Exit code 0 if every goal holds, else 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

from bot.domain import StorageError
from bot.reporting import charts
from bot.reporting.charts import Bar
from bot.reporting.policy import corpora, judging, latency, measuring
from bot.reporting.policy.corpora import Company, Corpora, Specimen
from bot.reporting.policy.evasions import alone, in_pairs
from bot.reporting.policy.measuring import Count, Counts
from bot.settings import Settings
from models.report import Row, table, write_json

#: Where the project keeps them, relative to its folder.
CORPORA = Path("tests/bot/policy/corpora")
#: How many evasions are tried for each pair of tricks.
_OF_EACH_PAIR = 10
#: How many prompts of each kind are timed, and the time limit for that.
_TIMED, _TIMED_S = 2_000, 30.0
_LISTED = 60
_JOINED = "caught: minors in sexual prompts"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """The counts, by label."""

    benign: Counts
    rules: Counts
    #: Harmless prompts with a minor, each joined with a sexual one.
    minors: Counts
    tricks: Counts
    pairs: Counts
    real: Counts
    fictional: Counts
    usual_ms: list[float]
    evasive_ms: list[float]
    hostile_ms: list[float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which corpora to use, and where to write the figures."""
    add = parser.add_argument
    add("--corpora", type=Path, default=CORPORA, metavar="DIR", help=f"default: {CORPORA}")
    add("--json", type=Path, metavar="FILE", help="write the table as rows")
    add("--plots", type=Path, metavar="DIR", help="write bars and a histogram as PNG")
    add("--misses", action="store_true", help="list the wrong judgements")
    add("--seed", type=int, default=1, help="seed of the evasions (default: 1)")


def run(_: Settings, args: argparse.Namespace) -> int:
    """Measure, print, write.

    CorpusError without corpora, StorageError if a file cannot be written.
    """
    found = corpora.read(args.corpora)
    result = _measured(found, args.seed)
    command = f"python -m bot policy-report --corpora {args.corpora} --seed {args.seed}"
    rows = [replace(row, command=command) for row in _rows(result)]
    if args.misses:
        sys.stdout.writelines(_misses(result))
    sys.stdout.write(f"{table(rows)}\n")
    try:
        if args.json:
            write_json(rows, args.json)
        if args.plots:
            _plot(result, args.plots)
    except OSError as fault:
        raise StorageError(f"{fault.filename} cannot be written: {fault.strerror}.") from None
    return 0 if all(row.holds is not False for row in rows) else 1


def _measured(found: Corpora, seed: int) -> _Result:
    judge = cache(judging.judged)
    known = measuring.plainly_caught(found.refused, judge)
    real, fictional = measuring.people(found.names, judge)
    joined = measuring.beside(found, Company.MINORS)
    evasions = [evasion.specimen for evasion in alone(found.refused, seed)]
    look = judging.looking(latency.terms(seed))
    return _Result(
        benign=measuring.benign(found, judge),
        rules=measuring.by_rule(found.refused, judge),
        minors=measuring.by_rule(joined, judge),
        tricks=measuring.by_trick(alone(known, seed), judge),
        pairs=measuring.by_trick(in_pairs(known, seed, _OF_EACH_PAIR), judge),
        real=real,
        fictional=fictional,
        usual_ms=latency.times_ms(look, _shuffled(found.benign + found.refused, seed), _TIMED_S),
        evasive_ms=latency.times_ms(look, _shuffled(evasions, seed), _TIMED_S),
        hostile_ms=latency.times_ms(look, latency.hostile(), _TIMED_S),
    )


def _shuffled(specimens: Sequence[Specimen], seed: int) -> Iterator[tuple[str, str]]:
    """Prompts to time, in random order."""
    chosen = Random(seed).sample(specimens, min(len(specimens), _TIMED))
    return ((specimen.prompt.text, specimen.negative.text) for specimen in chosen)


def _rows(result: _Result) -> list[Row]:
    rows = [
        measuring.wrong_row(name, count, 0 if "floor" in name else measuring.BENIGN_PERCENT_MAX)
        for name, count in result.benign.items()
        if count.tried
    ]
    rows += _caught("caught", result.rules)
    rows += [
        measuring.right_row(_JOINED, count, measuring.CAUGHT_PERCENT_MIN)
        for count in result.minors.values()
    ]
    rows += _caught("seen through", result.tricks)
    all_pairs = measuring.together(result.pairs)
    rows += [
        measuring.right_row(
            "seen through: two tricks at once", all_pairs, measuring.CAUGHT_PERCENT_MIN
        ),
        measuring.right_row(
            "people found", measuring.together(result.real), measuring.FOUND_PERCENT_MIN
        ),
    ]
    rows += _parts("people found", result.real)
    rows.append(
        measuring.wrong_row(
            "characters taken for people",
            measuring.together(result.fictional),
            measuring.MISTAKEN_PERCENT_MAX,
        )
    )
    return rows + latency.rows(result.usual_ms, result.evasive_ms, result.hostile_ms)


def _caught(what: str, counts: Counts) -> list[Row]:
    least = measuring.CAUGHT_PERCENT_MIN
    return [
        measuring.right_row(f"{what}: {name}", count, least)
        for name, count in {"everything": measuring.together(counts), **counts}.items()
    ]


def _parts(what: str, counts: Counts) -> list[Row]:
    return [measuring.right_row(f"{what}: {name}", count, None) for name, count in counts.items()]


def _misses(result: _Result) -> Iterator[str]:
    """Wrong judgements, under the heading of their count."""
    groups: Mapping[str, Counts] = {
        "let through or refused wrongly": result.benign,
        "not caught": result.rules,
        "not caught, each beside each sexual prompt": result.minors,
        "not seen through": result.tricks,
        "not seen through, two tricks": result.pairs,
        "not found": result.real,
        "taken for people": result.fictional,
    }
    for what, counts in groups.items():
        for name, count in counts.items():
            if count.wrong:
                yield f"\n{what}: {name}, {len(count.wrong):,} of {count.tried:,}\n"
                yield from _listed(count)


def _listed(count: Count) -> Iterator[str]:
    for told, rules in count.wrong[:_LISTED]:
        yield f"  {' '.join(told.split())}{'  -> ' + ', '.join(sorted(rules)) if rules else ''}\n"
    if len(count.wrong) > _LISTED:
        yield f"  and {len(count.wrong) - _LISTED:,} more\n"


def _plot(result: _Result, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    least = measuring.CAUGHT_PERCENT_MIN
    for name, title, counts in (
        ("caught-by-rule", "What must be refused, by rule", result.rules),
        ("seen-through-by-trick", "Evasions, by trick", result.tricks),
    ):
        lines = [_bar(what, count, least) for what, count in counts.items()]
        charts.bars(title, "caught, % of the prompts", lines, least).save(folder / f"{name}.png")
    charts.histogram(
        "Time to look at one prompt",
        f"ms, with {latency.TERMS:,} terms of the server; green holds the goal for p99",
        result.usual_ms,
        latency.P99_MS_MAX,
    ).save(folder / "latency.png")


def _bar(name: str, count: Count, least: float) -> Bar:
    caught = count.tried - len(count.wrong)
    return Bar(
        name=name,
        value=count.right_percent,
        note=f"{caught:,} of {count.tried:,}",
        good=count.right_percent >= least,
    )
