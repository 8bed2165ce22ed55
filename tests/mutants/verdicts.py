"""What became of each mutant, kept in a file that is added to: a run that was stopped goes on."""

from __future__ import annotations

import json
from pathlib import Path

from tests.mutants.changes import Mutant
from tests.mutants.trial import Verdict

#: What counts as noticed.
NOTICED = {Verdict.CAUGHT, Verdict.ENDLESS}


class Verdicts:
    """By the mutant's name; of two the later one holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Verdict] = {}
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            told = json.loads(line)
            self._known[told["mutant"]] = Verdict(told["verdict"])

    def of(self, mutant: Mutant) -> Verdict | None:
        """None if it has not been tried as it stands."""
        return self._known.get(mutant.name)

    def note(self, mutant: Mutant, verdict: Verdict, seconds: float) -> None:
        """Keep it, whatever happens next."""
        self._known[mutant.name] = verdict
        told = {"mutant": mutant.name, "verdict": verdict, "seconds": round(seconds, 3)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")
