"""Which tests run which lines, and how long each takes.

Measured in a fork, test by test, with coverage's contexts. A file keeps the results. A changed test
file is measured again; after a change of a source file everything is.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

from tests.mutants.grafting import LiveFunctions

#: Runs a test, given the one that follows it; returns whether it passes.
Run = Callable[[pytest.Item, pytest.Item | None], bool]

#: The context of lines that ran before any test.
EARLY = "early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """The lines that one test runs."""

    #: Its CPU time under the tracer.
    seconds: float
    passed: bool
    #: By source file.
    lines: Mapping[str, Sequence[int]]


class CoverageMap:
    """The lines that all the tests of a room run."""

    def __init__(self, tests: Mapping[str, Covered], early: Mapping[str, Iterable[int]]) -> None:
        self.tests = tests
        self.early = {path: frozenset(lines) for path, lines in early.items()}
        self._by_line: dict[tuple[str, int], set[str]] = {}
        for name, test in tests.items():
            for path, lines in test.lines.items() if test.passed else ():
                for line in lines:
                    self._by_line.setdefault((path, line), set()).add(name)
        self._statements: dict[Path, dict[int, range]] = {}

    def tests_for(self, path: Path, line: int) -> list[str]:
        """The tests that run the statement at a line, the fastest first.

        If the statement runs early, any test that runs a line of the file may use its results.
        """
        found = set[str]().union(
            *(self._by_line.get((str(path), at), ()) for at in self._statement(path, line))
        )
        if self.is_early(path, line):
            found |= {name for name, test in self.tests.items() if str(path) in test.lines}
            found = {name for name in found if self.tests[name].passed}
        return sorted(found, key=lambda name: (self.tests[name].seconds, name))

    def is_early(self, path: Path, line: int) -> bool:
        """Whether the statement runs before any test does."""
        return not self.early.get(str(path), frozenset()).isdisjoint(self._statement(path, line))

    def _statement(self, path: Path, line: int) -> range:
        if path not in self._statements:
            self._statements[path] = _statements(path.read_text("utf-8"))
        return self._statements[path].get(line, range(line, line + 1))


def _statements(source: str) -> dict[int, range]:
    """For each line, the lines of its statement; of a compound one, only those of the head."""
    found: dict[int, range] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            body = getattr(node, "body", None)
            end = body[0].lineno if body else (node.end_lineno or node.lineno) + 1
            lines = range(node.lineno, max(end, node.lineno + 1))
            found |= dict.fromkeys(lines, lines)
    return found


class Tracer:
    """Records, from its creation on, which lines run in which context."""

    def __init__(self, files: list[Path]) -> None:
        self._files = {str(path.resolve()): str(path) for path in files}
        self._coverage = coverage.Coverage(
            data_file=None, include=list(self._files), config_file=False, messages=False
        )
        self._coverage.start()
        self._coverage.switch_context(EARLY)

    def switch_to(self, context: str) -> None:
        """Assign the lines that run from now on to this context."""
        self._coverage.switch_context(context)

    def stop(self) -> dict[str, dict[str, list[int]]]:
        """Stop; return the lines by context and file."""
        self._coverage.stop()
        data = self._coverage.get_data()
        found: dict[str, dict[str, list[int]]] = {}
        for path in data.measured_files():
            for line, contexts in data.contexts_by_lineno(path).items():
                for context in contexts:
                    of_file = found.setdefault(context, {}).setdefault(self._files[path], [])
                    of_file.append(line)
        return found


def measure(
    items: list[pytest.Item], files: list[Path], stock: LiveFunctions, run: Run
) -> dict[str, Covered]:
    """Run each test once in a fork, because tests leave state behind."""
    reading, writing = os.pipe()
    if pid := os.fork():
        os.close(writing)
        with os.fdopen(reading, "rb") as answer:
            answer_json = json.loads(answer.read() or "{}")
        os.waitpid(pid, 0)
        return {name: Covered(**test) for name, test in answer_json.items()}
    os.close(reading)
    silence()
    tracer, results = Tracer(files), dict[str, tuple[float, bool]]()
    for item, following in zip(items, [*items[1:], None], strict=True):
        stock.clear_caches()
        tracer.switch_to(item.nodeid)
        began = time.process_time()
        passed = run(item, following)
        results[item.nodeid] = time.process_time() - began, passed
    lines = tracer.stop()
    answer_json = {
        name: {"seconds": seconds, "passed": passed, "lines": lines.get(name, {})}
        for name, (seconds, passed) in results.items()
    }
    with os.fdopen(writing, "wb") as answer:
        answer.write(json.dumps(answer_json).encode())
    os._exit(0)


def silence() -> None:
    """Close this process's input and output."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)


def stamp(paths: Iterable[Path]) -> str:
    """A hash of the contents of these files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
