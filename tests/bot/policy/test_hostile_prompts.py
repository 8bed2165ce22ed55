"""The lines that run to read an input grow with its length, not with its square.

Work is counted, not timed: the lines of Python that run, and the effort of the screening, which
counts the characters that are searched. What happens inside a regular expression is not counted:
`python -m tests.bench policy` measures the time.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from bot.domain import Ask
from bot.policy.reading import UnreadableError
from bot.policy.screening import Screen
from bot.policy.sides import TextSide, detector
from bot.rulebooks import load
from tests.bot.policy.test_asks import ask
from tests.stages.hostile import (
    GROWTH_MAX,
    HARMLESS,
    HOSTILE,
    LONGEST,
    READERS,
    SHORT,
    screen_prompt,
)

#: In multiples of a harmless prompt's lines. Some characters stand for eighteen letters, and each
#: of them is read again.
WORST = 30


def lines_run(read: Callable[[str], object], text: str) -> int:
    """How many lines of Python run when this text is read for the second time."""
    count = 0

    def counted(_: FrameType, __: str, ___: Any) -> Any:
        nonlocal count
        count += 1
        return counted

    read(text)
    before = sys.gettrace()
    gc.disable()
    sys.settrace(counted)
    try:
        read(text)
    finally:
        sys.settrace(before)
        gc.enable()
    return count


@pytest.mark.parametrize("reader", READERS)
def test_lines_run_grow_far_slower_than_the_square_of_the_length(reader: str) -> None:
    read = READERS[reader]
    growth = {
        name: lines_run(read, made(LONGEST)) / lines_run(read, made(SHORT))
        for name, made in HOSTILE.items()
    }
    assert max(growth.values()) < GROWTH_MAX, growth


def test_the_worst_prompt_takes_a_bounded_multiple_of_a_harmless_ones_work() -> None:
    harmless = lines_run(screen_prompt, HARMLESS(LONGEST))
    work = {
        name: lines_run(screen_prompt, made(LONGEST)) / harmless for name, made in HOSTILE.items()
    }
    assert max(work.values()) < WORST, work


def test_screening_effort_grows_far_slower_than_the_square_of_the_length() -> None:
    """Without its limit, but for three shapes that have too many readings at full length."""
    compiled = detector(load())

    def efforts(length: int) -> Iterator[tuple[str, int]]:
        for name, made in HOSTILE.items():
            try:
                side = TextSide(made(length), compiled, (compiled.wanted,), sys.maxsize)
            except UnreadableError:
                continue
            yield name, side.effort

    short, long = dict(efforts(SHORT)), dict(efforts(LONGEST))
    assert short.keys() == HOSTILE.keys()
    assert HOSTILE.keys() - long.keys() <= {"deep and mixed", "brackets side by side", "a mixture"}
    growth = {name: effort / short[name] for name, effort in long.items()}
    assert max(growth.values()) < GROWTH_MAX, growth


def test_the_tried_length_is_the_longest_that_is_accepted() -> None:
    assert isinstance(ask(HARMLESS(LONGEST)), Ask)
    assert not isinstance(ask(HARMLESS(LONGEST + 1)), Ask)


def test_screening_leaves_no_reference_cycles() -> None:
    """A collection visits hundreds of thousands of the rulebook's objects, on the event loop."""
    screen = Screen(load())
    tangled = "n(u:1.2)d3, l 0 l i, [a|b]ird, PicSmile, ǝpnu, 12 years, my teacher"
    screen.findings(tangled, "")
    gc.collect()
    gc.disable()
    try:
        screen.findings(f"{tangled}, sky", "(lowres:-1)")
        assert gc.collect() == 0
    finally:
        gc.enable()
