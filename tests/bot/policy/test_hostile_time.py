"""Any input is read in time that grows with its length, not with its square.

Times are the thread's own, the best of a few tries, and compared within one run: with the same
input eight times as long, and with a harmless prompt. A quadratic time would grow by 64.
"""

# ruff: noqa: RUF001  letters of every script are what is tested
from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

from bot.domain import Ask
from bot.policy.screening import Screen, Term, normalise
from bot.rulebooks import load
from bot.words import wording
from models.contract import Limits
from models.prompt import parse
from tests.bot.policy.test_asks import ask

LONGEST = Limits().prompt_chars_max
TIMES = 8
SHORT = LONGEST // TIMES
#: The growth for `TIMES` the length: 8 if linear, 64 if quadratic.
GROWTH_MAX = 24
#: Up to this many times a harmless prompt's cost, growth does not matter.
FREE = 2
#: In multiples of a harmless prompt's cost. Some characters stand for eighteen letters, and each
#: of them is read again.
WORST = 60


def filled(unit: str, begin: str = "", end: str = "") -> Callable[[int], str]:
    def made(length: int) -> str:
        room = length - len(begin) - len(end)
        return begin + (unit * (room // len(unit) + 1))[:room] + end

    return made


def halves(unit: str, other: str) -> Callable[[int], str]:
    def made(length: int) -> str:
        count = length // (len(unit) + len(other))
        return unit * count + other * count

    return made


HARMLESS = filled("1girl, blue hair, ")
HOSTILE: dict[str, Callable[[int], str]] = {
    "circled digits": filled("㊿", "nude:", "x"),
    "digits": filled("1", ":", "x"),
    "digits and points": filled("1.", "(:", "x"),
    "digits after a word": filled("1", "a:"),
    "weights": filled(":1.1", "(a", ")"),
    "colons": filled(":", "a", "x"),
    "colons and spaces": filled(": ", "a", "x"),
    "spaces": filled(" ", "a", "x"),
    "accents that become spaces": filled("¨", "a", "x"),
    "one letter": filled("a"),
    "letters and digits": filled("a1"),
    "single letters": filled("l "),
    "signs": filled("@$!"),
    "ties": filled("a-.'"),
    "open brackets": filled("("),
    "closed brackets": filled(")", "a"),
    "deep": halves("(", "a)"),
    "deep and square": halves("[", "a]"),
    "deep and mixed": halves("([", "a)b]"),
    "faces": halves("(", "a :3)"),
    "faces after blanks": halves("([ ]", ":3)"),
    "deep weights": halves("(", "a:-1.01)"),
    "brackets side by side": filled("(a)[b:1.2]"),
    "brackets inside a word": filled(":1)(", "a", "b"),
    "escapes": filled("\\(\\"),
    "backslashes": filled("\\"),
    "BREAK": filled("BREAK "),
    "BREAK far away": filled(" ", "a", "BREAK"),
    "half a special token": filled("<|a", "", "|>"),
    "marks over a letter": filled("\u0300\u0323", "a"),
    "a sign of eighteen letters": filled("ﷺ"),
    "that sign, turned": filled("[(ﷺ:-1)]"),
    "a mixture": filled("(l0-l1:1.2){x}（y㊿）BREAK aaa ạ̀裸"),
    "mentions": filled("<@1>"),
    "half mentions": filled("<"),
    "half links": filled("[a]("),
    "stars": filled("*"),
    "ticks": filled("`"),
    "from right to left": filled("ש\u202e"),
    "joined emoji": filled("👩\u200d"),
}
TERMS = [f"blocked term {n}" for n in range(100)] + [f"長い言葉{n}" for n in range(100)]
SCREEN = Screen(load(), [Term(text=term) for term in TERMS])


def screened(text: str) -> None:
    SCREEN.findings(f"nude {text}", text)


def shown(text: str) -> None:
    wording.plain(text, len(text))
    wording.code(text, len(text))
    wording.fit(text, len(text) - 1)


READERS: dict[str, Callable[[str], object]] = {
    "the prompt language": parse,
    "screening": screened,
    "a server's term": lambda text: normalise(text, load()),
    "a command's options": lambda text: ask(text, negative=text),
    "wording": shown,
}


def seconds(read: Callable[[str], object], text: str, tries: int = 4) -> float:
    """The shortest time that this thread took."""
    best = float("inf")
    gc.disable()
    try:
        for _ in range(tries):
            began = time.thread_time()
            read(text)
            best = min(best, time.thread_time() - began)
    finally:
        gc.enable()
    return best


@pytest.mark.parametrize("reader", READERS)
def test_time_grows_far_slower_than_the_square_of_the_length(reader: str) -> None:
    read = READERS[reader]
    read(HARMLESS(SHORT))
    free = FREE * seconds(read, HARMLESS(SHORT * TIMES))
    slow: dict[str, float] = {}
    for name, made in HOSTILE.items():
        long = seconds(read, made(SHORT * TIMES))
        growth = long / seconds(read, made(SHORT))
        if long > free and growth > GROWTH_MAX:
            slow[name] = growth
    assert not slow


def test_the_worst_prompt_costs_a_bounded_multiple_of_a_harmless_one() -> None:
    screened(HARMLESS(LONGEST))
    harmless = seconds(screened, HARMLESS(LONGEST))
    costs = {name: seconds(screened, made(LONGEST)) / harmless for name, made in HOSTILE.items()}
    assert max(costs.values()) < WORST, costs


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
