"""Try a mutant: fork, graft it in, run the tests that cover it until one fails."""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
from collections.abc import Generator
from enum import StrEnum
from typing import Never

import pytest

from tests.mutants.changes import Mutant
from tests.mutants.grafting import Stock, UnfitError

_CAUGHT, _LIVES, _UNFIT = 1, 0, 3
#: What a mutant may take: so many times what the tests take without it, and so much more.
_TIMES, _MORE_S = 5, 4
#: Wall time for each second of CPU time that it may take: others use the machine as well.
_WALL = 12


class Verdict(StrEnum):
    """What became of a mutant."""

    #: A test failed.
    CAUGHT = "caught"
    #: The tests did not come to an end.
    ENDLESS = "endless"
    #: Every test that was run passed.
    LIVES = "lives"
    #: No test runs its line.
    UNCOVERED = "uncovered"
    #: It cannot be made in a running process; not counted.
    UNFIT = "unfit"


class FailFast:
    """A pytest plugin: the process ends with the first failure, once it is armed."""

    def __init__(self) -> None:
        self.armed = False
        self.failed = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """End before a traceback is made of it."""
        fault = call.excinfo
        if self.armed and fault and not isinstance(fault.value, pytest.skip.Exception):
            os._exit(_CAUGHT)
        report = yield
        self.failed = self.failed or report.failed
        return report


def run(watch: FailFast, item: pytest.Item, following: pytest.Item | None) -> bool:
    """Whether a test passes."""
    watch.failed = False
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return not watch.failed


def attempt(
    mutant: Mutant,
    items: list[pytest.Item],
    stock: Stock,
    watch: FailFast,
    *,
    seconds: float,
    early: bool,
) -> tuple[Verdict, float]:
    """What becomes of a mutant, and the CPU time it took.

    `seconds` is what the tests take without it; `early`: what was built before needs it, too.
    """
    if not items:
        return Verdict.UNCOVERED, 0.0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _in_fork(mutant, items, stock, watch, limit_s=_TIMES * seconds + _MORE_S, early=early)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    known = {_LIVES: Verdict.LIVES, _UNFIT: Verdict.UNFIT}
    return known.get(code, Verdict.CAUGHT if code >= 0 else Verdict.ENDLESS), spent


def _in_fork(
    mutant: Mutant,
    items: list[pytest.Item],
    stock: Stock,
    watch: FailFast,
    *,
    limit_s: float,
    early: bool,
) -> Never:
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    signal.setitimer(signal.ITIMER_REAL, limit_s * _WALL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    code = _CAUGHT
    try:
        stock.graft(mutant)
        stock.forget(everything=early)
        watch.armed = True
        for item, following in zip(items, [*items[1:], None], strict=True):
            run(watch, item, following)
        code = _LIVES
    except UnfitError:
        code = _UNFIT
    except BaseException:  # noqa: BLE001  a mutant may break pytest itself
        traceback.print_exc()
    os._exit(code)
