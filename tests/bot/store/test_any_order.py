"""No promise breaks, in whatever order people, moderators, the worker and the loops act."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.stages.promises import Faults
from tests.stages.story import DEEDS, Story, story
from tests.stages.strolling import A_DAY, MISFORTUNES, fail_at_each_moment, run_seeded_story
from tests.stages.trouble import FILE_ERRORS, STATEMENT_ERRORS

NUMBERS = st.integers(0, 999)
NAMES = st.sampled_from([*DEEDS])
#: The latest moment of a deed at which it may be interrupted.
MOMENTS = st.integers(0, 60)


class AnyOrder(RuleBasedStateMachine):
    """Every deed is a rule with its name; any of them may also be killed or meet a sick disk."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        folder = Path(self._open.enter_context(TemporaryDirectory()))
        self.story: Story = self._runner.run(self._open.enter_async_context(story(folder)))

    def run(self, name: str, n: int) -> None:
        self._runner.run(self.story.do(name, n))

    @initialize(begun=st.booleans())
    def a_day(self, begun: bool) -> None:  # noqa: FBT001  Hypothesis gives it by name
        for name, n in A_DAY if begun else ():
            self.run(name, n)

    @rule(name=NAMES, n=NUMBERS, at=MOMENTS)
    def dies(self, name: str, n: int, at: int) -> None:
        self._runner.run(self.story.die_during(name, n, at))

    @rule(
        name=NAMES, n=NUMBERS, at=MOMENTS, what=st.sampled_from([*STATEMENT_ERRORS, *FILE_ERRORS])
    )
    def suffers(self, name: str, n: int, at: int, what: str) -> None:
        self._runner.run(self.story.fail_during(name, n, at, what))

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.story.broken_now() == Faults()

    def teardown(self) -> None:
        try:
            self._runner.run(self.story.settle())
            assert self.story.broken_at_rest() == Faults()
        finally:
            self._runner.run(self._open.aclose())
            self._runner.close()


def _rule_of(deed: str) -> Callable[[AnyOrder, int], None]:
    def does(self: AnyOrder, n: int) -> None:
        self.run(deed, n)

    does.__name__ = deed
    return rule(n=NUMBERS)(does)


for each in DEEDS:
    setattr(AnyOrder, each, _rule_of(each))


def machine(examples: int, steps: int) -> None:
    """`examples` stories of `steps` deeds each.

    Always the same, because a suite must not depend on luck.
    """
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def test_no_promise_breaks_in_any_order_of_deeds() -> None:
    machine(12, 30)


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
def test_no_promise_breaks_in_many_long_stories() -> None:
    machine(400, 120)


@pytest.mark.parametrize("seed", [0, 1])
async def test_random_stories_break_no_promise(tmp_path: Path, seed: int) -> None:
    assert await run_seeded_story(tmp_path, seed) == Faults()


@pytest.mark.parametrize(
    ("deed", "what", "every"),
    [
        ("keep", "ENOSPC", 1), ("keep", "SIGKILL", 2), ("deliver", "FULL", 2),
        ("deliver", "SIGKILL", 3), ("vote", "BUSY", 2), ("delete", "READONLY", 4),
        ("forget", "IOERR", 16), ("erase", "EACCES", 2), ("pick", "SIGKILL", 5),
    ],
)  # fmt: skip
async def test_a_deed_that_fails_is_retried_and_breaks_no_promise(
    tmp_path: Path, deed: str, what: str, every: int
) -> None:
    tried = await fail_at_each_moment(tmp_path, deed, what, every)
    assert len(tried) >= 3, "otherwise this proves nothing"
    assert not {f"{t.moment}: {t.broken}" for t in tried if t.broken}


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", MISFORTUNES)
async def test_a_failure_at_any_moment_of_any_deed_breaks_no_promise(
    tmp_path: Path, what: str
) -> None:
    tried = [
        one
        for deed in DEEDS
        for one in await fail_at_each_moment(_below(tmp_path, deed), deed, what)
    ]
    print(f"{what}: {len(tried) - len(DEEDS)} moments of {len(DEEDS)} deeds")
    assert not {f"{t.deed}, {t.moment}: {t.broken}" for t in tried if t.broken}


def _below(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made
