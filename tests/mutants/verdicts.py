"""The verdict on each mutant, appended to a file, so that a stopped run can continue."""

from __future__ import annotations

import json
from pathlib import Path

from tests.mutants.changes import Mutant
from tests.mutants.trial import Verdict

#: The verdicts that count as noticed.
NOTICED = {Verdict.CAUGHT, Verdict.ENDLESS}


class Verdicts:
    """Verdicts by the mutant's name; the later of two holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Verdict] = {}
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            row = json.loads(line)
            self._known[row["mutant"]] = Verdict(row["verdict"])

    def verdict_on(self, mutant: Mutant) -> Verdict | None:
        """The verdict, or None if this version of the mutant has not been tried."""
        return self._known.get(mutant.name)

    def record(self, mutant: Mutant, verdict: Verdict, seconds: float) -> None:
        """Append the verdict to the file at once, so that no crash can lose it."""
        self._known[mutant.name] = verdict
        row = {"mutant": mutant.name, "verdict": verdict, "seconds": round(seconds, 3)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
