"""Try a mutant: fork, graft it in, run the tests that cover it until one fails."""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
from collections.abc import Generator
from enum import StrEnum
from typing import Any, Never, cast

import pytest

from tests.mutants.changes import Mutant
from tests.mutants.covering import silence
from tests.mutants.grafting import LiveFunctions, UnfitError

_CAUGHT, _LIVES, _UNFIT = 1, 0, 3
#: The CPU time that a test may take: this many times its time without a mutant, and some more,
#: in which it may rebuild what is built only once.
_TIME_FACTOR, _EXTRA_S = 4, 3
#: The CPU time in which the test files may build what they use.
_BUILD_S = 20
#: Wall time for each allowed second of CPU time, because other processes use the machine too.
_WALL_FACTOR = 12


class Verdict(StrEnum):
    """The fate of a mutant."""

    #: A test failed.
    CAUGHT = "caught"
    #: The tests did not end.
    ENDLESS = "endless"
    #: Every test that was run passed.
    LIVES = "lives"
    #: No test runs its line.
    UNCOVERED = "uncovered"
    #: It cannot be put into a running process; it counts as alive.
    UNFIT = "unfit"


class FailFast:
    """A pytest plugin: once armed, it ends the process with the first failure."""

    def __init__(self) -> None:
        self.armed = False
        self.failed = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """End before pytest builds a traceback."""
        fault = call.excinfo
        if self.armed and fault and not isinstance(fault.value, pytest.skip.Exception):
            os._exit(_CAUGHT)
        report = yield
        self.failed = self.failed or report.failed
        return report


def run(watch: FailFast, item: pytest.Item, following: pytest.Item | None) -> bool:
    """Run a test; return whether it passes."""
    watch.failed = False
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return not watch.failed


def attempt(
    mutant: Mutant | None,
    items: list[tuple[pytest.Item, float]],
    stock: LiveFunctions,
    watch: FailFast,
    *,
    early: bool,
) -> tuple[Verdict, float]:
    """The verdict on a mutant, and the CPU time of the trial.

    Each test comes with the seconds that it takes without a mutant. `early` builds everything again
    that was built before any test. Without a mutant the verdict is `LIVES`.
    """
    if not items:
        return Verdict.UNCOVERED, 0.0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _in_fork(mutant, items, stock, watch, early=early)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    known = {_LIVES: Verdict.LIVES, _UNFIT: Verdict.UNFIT}
    return known.get(code, Verdict.CAUGHT if code >= 0 else Verdict.ENDLESS), spent


def _in_fork(
    mutant: Mutant | None,
    items: list[tuple[pytest.Item, float]],
    stock: LiveFunctions,
    watch: FailFast,
    *,
    early: bool,
) -> Never:
    silence()
    code = _CAUGHT
    try:
        if mutant is not None:
            stock.graft(mutant)
        stock.clear_caches(everything=early)
        watch.armed = True
        if early:
            _end_after(_BUILD_S)
            for module in {cast("Any", item).module for item, _ in items}:
                # Under the same names, so that the collected tests see what is built now.
                module.__spec__.loader.exec_module(module)
        following = [*(item for item, _ in items[1:]), None]
        for (item, seconds), after in zip(items, following, strict=True):
            _end_after(_TIME_FACTOR * seconds + _EXTRA_S)
            run(watch, item, after)
        code = _LIVES
    except UnfitError:
        code = _UNFIT
    except BaseException:  # noqa: BLE001  a mutant may break pytest itself
        traceback.print_exc()
    os._exit(code)


def _end_after(seconds: float) -> None:
    """End this process after this much more CPU time, or when it waits for too long."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * _WALL_FACTOR)
