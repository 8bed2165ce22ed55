"""`make bench`: run every benchmark, print one table, write the same rows as JSON.

A run takes hours, so each benchmark's rows are printed and written as soon as they are measured.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from models.report import Row, table, unmeasured, write_json
from tests.bench import (
    claim,
    eta,
    flow,
    kills,
    looks,
    pictures,
    policy,
    safety,
    soak,
    tags,
    training,
    trust,
    upscaling,
    votes,
)

Program = Callable[[Path], Awaitable[list[Row]]]


def _programs(
    kill_count: int,
    boundaries: int | None,
    harmless: int = safety.PICTURES,
    hours: float = soak.HOURS,
) -> dict[str, Program]:
    return {
        "claim": lambda _: claim.measure(),
        "votes": lambda _: votes.measure(),
        "flow": flow.measure,
        "eta": eta.measure,
        "looks": lambda _: looks.measure(),
        "pictures": lambda _: pictures.measure(),
        "policy": lambda _: policy.measure(),
        "safety": lambda _: safety.measure(harmless),
        "tags": lambda _: tags.measure(),
        "training": training.measure,
        "trust": lambda _: trust.measure(),
        "upscaling": lambda _: upscaling.measure(),
        "soak": lambda scratch: soak.measure(scratch, hours),
        "kills": lambda scratch: kills.measure(scratch, kill_count, boundaries),
    }


async def _run(names: list[str], arguments: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    programs = _programs(arguments.kills, arguments.boundaries, arguments.harmless, arguments.hours)
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="waifu-bench-") as scratch:
            try:
                measured = await programs[name](Path(scratch))
            except Exception as fault:  # noqa: BLE001  one broken figure must not hide the others
                traceback.print_exc()
                measured = [unmeasured(name, "everything", f"{type(fault).__name__}: {fault}")]
        print(table(measured), file=sys.stderr, flush=True)
        rows += [replace(row, command=_command(name, arguments)) for row in measured]
        if arguments.json:
            write_json(rows, arguments.json)
    return rows


def _command(name: str, arguments: argparse.Namespace) -> str:
    """The command that repeats a measurement."""
    options = {
        "kills": f" --kills {arguments.kills}"
        + ("" if arguments.boundaries is None else f" --boundaries {arguments.boundaries}"),
        "safety": f" --harmless {arguments.harmless}",
        "soak": f" --hours {arguments.hours:g}",
    }
    return f"python -m tests.bench {name}{options.get(name, '')}"


def main() -> int:
    """Exit code 0 if every goal holds, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        help=f"{', '.join(_programs(0, 0))}; all if none is named",
    )
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument(
        "--kills", type=int, default=kills.KILLS, help="how often to kill the bot at random moments"
    )
    parser.add_argument(
        "--boundaries",
        type=int,
        help="kill it at this many boundaries of a life, evenly spread (0: none); default: all",
    )
    parser.add_argument(
        "--harmless",
        type=int,
        default=safety.PICTURES,
        help="how many harmless pictures to draw for the scorers",
    )
    parser.add_argument(
        "--hours", type=float, default=soak.HOURS, help="how many simulated hours the bot soaks"
    )
    arguments = parser.parse_args()
    known = _programs(0, 0)
    names = arguments.names or list(known)
    if unknown := set(names) - set(known):
        parser.error(f"there is no measurement called {', '.join(sorted(unknown))}")
    rows = asyncio.run(_run(names, arguments))
    print(table(rows))
    return 0 if all(row.holds is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
