"""One room's mutants, tried from inside a pytest session that has collected the room's tests."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.mutants import covering
from tests.mutants.changes import Mutant
from tests.mutants.covering import CoverageMap, Covered, Tracer
from tests.mutants.grafting import LiveFunctions
from tests.mutants.rooms import Room
from tests.mutants.trial import FailFast, Verdict, attempt, run
from tests.mutants.verdicts import NOTICED, Verdicts

_ONLY_QUICK = "not slow and not exhaustive and not gpu and not browser"
#: The number of mutants between two lines of progress.
_REPORT_EVERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """The limits of a run."""

    folder: Path
    #: CPU seconds of tests for one mutant; the fastest tests come first.
    budget_s: float
    #: Whether to try again the mutants that no test has noticed yet.
    again: bool


class Hunt:
    """A pytest plugin that tries mutants instead of running the tests."""

    def __init__(
        self, name: str, room: Room, chosen: Sequence[Mutant], verdicts: Verdicts, terms: RunLimits
    ) -> None:
        self._name, self._room, self._terms = name, room, terms
        self._chosen, self._verdicts = chosen, verdicts
        self._tracer = Tracer(room.files())
        self.watch = FailFast()

    @staticmethod
    def pytest_configure() -> None:
        """Set defaults before the tests are collected, because they read them on import.

        Imported here, once pytest has loaded its plugins.
        """
        from hypothesis import HealthCheck, Phase, settings

        settings.register_profile(
            "mutants",
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Replaces pytest's own loop."""
        if self._room.warm is not None:
            self._room.warm()
        early = self._tracer.stop().get(covering.EARLY, {})
        stock = LiveFunctions(self._room.files(), self._room.kept)
        items = {i.nodeid: i for i in session.items if not i.get_closest_marker("xfail")}
        found = CoverageMap(self._tests_with_lines(items, stock), early)
        gc.collect()
        gc.freeze()
        self._check(found, items, stock)
        for count, mutant in enumerate(self._chosen, 1):
            if self._is_wanted(mutant):
                self._try(mutant, found, items, stock)
            if count % _REPORT_EVERY == 0:
                print(f"{self._name}: {count} of {len(self._chosen)}", file=sys.stderr, flush=True)
        return True

    def _is_wanted(self, mutant: Mutant) -> bool:
        known = self._verdicts.verdict_on(mutant)
        return known is None or (self._terms.again and known not in NOTICED)

    def _check(
        self, found: CoverageMap, items: dict[str, pytest.Item], stock: LiveFunctions
    ) -> None:
        """Raise RuntimeError if tests fail without a mutant: a verdict would then mean nothing."""
        first: dict[Path, tuple[pytest.Item, float]] = {}
        for name, test in sorted(found.tests.items(), key=lambda one: one[1].seconds):
            if test.passed:
                first.setdefault(items[name].path, (items[name], test.seconds))
        verdict, _ = attempt(None, list(first.values()), stock, self.watch, early=True)
        if first and verdict is not Verdict.LIVES:
            raise RuntimeError("tests fail in a fork without any mutant in it")

    def _try(
        self,
        mutant: Mutant,
        found: CoverageMap,
        items: dict[str, pytest.Item],
        stock: LiveFunctions,
    ) -> None:
        left, tests = self._terms.budget_s, list[tuple[pytest.Item, float]]()
        for name in found.tests_for(mutant.path, mutant.line):
            seconds = found.tests[name].seconds
            left -= seconds
            if tests and left < 0:
                break
            tests.append((items[name], seconds))
        verdict, spent = attempt(mutant, tests, stock, self.watch, early=False)
        # To rebuild everything takes ten times as long as to notice most mutants.
        if verdict is Verdict.LIVES and found.is_early(mutant.path, mutant.line):
            verdict, more = attempt(mutant, tests, stock, self.watch, early=True)
            spent += more
        self._verdicts.record(mutant, verdict, spent)

    def _tests_with_lines(
        self, items: dict[str, pytest.Item], stock: LiveFunctions
    ) -> dict[str, Covered]:
        """The lines that each test runs: known for unchanged files, else measured again."""
        path = self._terms.folder / f"{self._name}-tests.json"
        sources = covering.stamp(self._room.files())
        kept: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        stamps = {str(i.path): covering.stamp([i.path]) for i in items.values()}
        same = kept.get("stamps", {}) if kept.get("sources") == sources else {}
        known = {
            name: Covered(**test)
            for name, test in kept.get("tests", {}).items()
            if name in items and same.get(at := str(items[name].path)) == stamps[at]
        }
        missing = [item for name, item in items.items() if name not in known]
        if missing:
            print(f"{self._name}: what {len(missing)} tests run", file=sys.stderr, flush=True)
            measured = covering.measure(
                missing, self._room.files(), stock, partial(run, self.watch)
            )
            known |= measured
            rows = {name: asdict(test) for name, test in known.items()}
            path.write_text(json.dumps({"sources": sources, "stamps": stamps, "tests": rows}))
        for name, test in known.items():
            if not test.passed:
                print(f"left out, because it fails without a mutant: {name}", file=sys.stderr)
        return known


def run_hunt(hunt: Hunt, tests: Sequence[str]) -> int:
    """Collect the tests and try the mutants; return pytest's exit code."""
    options = ["-qqs", "--timeout=0", "-pno:xdist", "-pno:cacheprovider", "-m", _ONLY_QUICK]
    return pytest.main([*options, *tests], plugins=[hunt, hunt.watch])
