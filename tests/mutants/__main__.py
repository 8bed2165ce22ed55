"""`make mutants`: change the program in small ways, and see whether a test notices."""

from __future__ import annotations

import argparse
import difflib
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.report import Row, table, write_json
from tests.mutants.changes import Mutant, mutants
from tests.mutants.hunt import Hunt, RunLimits, run_hunt
from tests.mutants.rooms import ROOMS, Room
from tests.mutants.trial import Verdict
from tests.mutants.verdicts import NOTICED, Verdicts


def _chosen_mutants(room: Room, part: str, share: float) -> list[Mutant]:
    """A room's mutants in files that match the pattern; a sample is the same each time."""
    files = [path for path in room.files() if re.search(part, str(path))]
    return [m for path in files for m in mutants(path) if _position_in_sample(m) < share]


def _position_in_sample(mutant: Mutant) -> float:
    """A number from 0 to 100 that depends only on its name."""
    return int(hashlib.sha256(mutant.name.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF * 100


def _rows(name: str, room: Room, chosen: Sequence[Mutant], verdicts: Verdicts) -> Iterator[Row]:
    """The room's figure, and that of each file."""
    yield _row(name, f"all, goal {room.goal:g}", room, chosen, verdicts)
    for path in sorted({mutant.path for mutant in chosen}):
        of_file = [mutant for mutant in chosen if mutant.path == path]
        yield _row(name, path.name, None, of_file, verdicts)


def _row(
    area: str, what: str, room: Room | None, chosen: Sequence[Mutant], verdicts: Verdicts
) -> Row:
    known = [v for m in chosen if (v := verdicts.verdict_on(m)) is not None]
    noticed = sum(verdict in NOTICED for verdict in known)
    score = 100 * noticed / len(known) if known else 0.0
    return Row(
        area=area,
        name=f"{what}: {noticed} of {len(known)} noticed",
        value=score,
        unit="%",
        goal="" if room is None else f">= {room.goal:g}",
        holds=None if room is None else score >= room.goal,
    )


def _survivors(chosen: Sequence[Mutant], verdicts: Verdicts) -> Iterator[str]:
    for mutant in chosen:
        verdict = verdicts.verdict_on(mutant)
        if verdict in set(Verdict) - NOTICED:
            lines = mutant.module.code.splitlines(), mutant.source().splitlines()
            changes = [
                line
                for line in difflib.unified_diff(*lines, n=0, lineterm="")
                if not line.startswith(("---", "+++", "@@"))
            ]
            yield "\n".join([f"{mutant.name} line {mutant.line} {verdict}", *changes])


def main() -> int:
    """Exit code 0 if every goal is reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("rooms", nargs="*", help=f"{', '.join(ROOMS)}; all if none is named")
    parser.add_argument("--part", default="", help="only files whose path this pattern matches")
    parser.add_argument("--sample", type=float, default=100, help="per cent of the mutants to try")
    parser.add_argument(
        "--budget", type=float, default=4, help="CPU seconds of tests for one mutant"
    )
    parser.add_argument("--again", action="store_true", help="try the survivors again")
    parser.add_argument(
        "--only-tell", action="store_true", help="try nothing, print the known results"
    )
    parser.add_argument("--survivors", action="store_true", help="print them with their changes")
    parser.add_argument("--out", type=Path, default=Path(".mutants"), help="where results are kept")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    arguments = parser.parse_args()
    if unknown := set(arguments.rooms) - set(ROOMS):
        parser.error(f"there is no room called {', '.join(sorted(unknown))}")
    arguments.out.mkdir(exist_ok=True, parents=True)
    terms = RunLimits(folder=arguments.out, budget_s=arguments.budget, again=arguments.again)
    rows: list[Row] = []
    for name in arguments.rooms or ROOMS:
        room, verdicts = ROOMS[name], Verdicts(arguments.out / f"{name}.jsonl")
        chosen = _chosen_mutants(room, arguments.part, arguments.sample)
        if not arguments.only_tell:
            hunt = Hunt(name, room, chosen, verdicts, terms)
            if code := run_hunt(hunt, room.tests):
                return code
        rows += _rows(name, room, chosen, verdicts)
        if arguments.survivors:
            print("\n\n".join(_survivors(chosen, verdicts)), end="\n\n")
    print(table(rows))
    if arguments.json:
        write_json(rows, arguments.json)
    return 0 if all(row.holds is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
