"""How long checking one prompt takes, with as many terms as a server may have.

Times are of this thread alone, the best of a few attempts each, so that other programs on the
machine do not count. Must not know how the detector works.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random

from bot.reporting.policy.measuring import AREA
from models.report import Row, percentile

#: Checks a prompt and its negative prompt.
Look = Callable[[str, str], object]

TERMS = 10_000
P99_MS_MAX = 0.1
MAX_MS_MAX = 5.0
_TRIES = 3
_LONGEST = 1000
_SYLLABLES = (
    "ka", "ri", "to", "men", "shi", "lor", "van", "ex", "du", "pra", "ost", "mi", "gel", "zu",
    "tra", "ne", "qui", "bo", "wen", "ash", "ドラ", "ミナ", "龙", "月", "щит", "рок",
)  # fmt: skip
#: Patterns that are slow to read, each repeated up to the longest prompt.
HOSTILE = (
    "(", "[", "((x:1.1):", "[a|b]", "[a:b:0.5]", "[[a|b]:[c|d]:0.5]", "nu[de|n", "x:1", "(x:-1)",
    "l o l i ", "n.u.d.e", "n u\u200bd\u0336e ", "nnuuddee", "\u327f", "\u32bf", "\ufdfa", "🇳🇺",
    "a\u0300\u0301\u0302", "BREAK ", "lo BREAK li ", "<lora:x:1>", "\uff08x\uff1a1.1\uff09",
    "1337 h4ck ", "@$!€", "ab ", "a b", "ロリ", "裸眼", "あ", "Anna Maria ", "anna_maria_",
    "\\(x\\)", "{x}", "ﬀ",
    "1girl, school uniform, classroom, ", "\u202eedun\u202c ", "12 years old ", "x" * 99 + " ",
)  # fmt: skip


def terms(seed: int, count: int = TERMS) -> tuple[str, ...]:
    """`count` different terms such as a server might block: words and pairs of words."""
    dice = Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        words = ("".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) for _ in range(2))
        found[" ".join(words) if dice.random() < 0.4 else next(words)] = None
    return tuple(found)


def hostile() -> Iterator[tuple[str, str]]:
    """Prompts of the greatest length, with an empty and with an equally long negative prompt."""
    for unit in HOSTILE:
        long = (unit * _LONGEST)[:_LONGEST]
        yield long, ""
        yield long, long


def times_ms(
    look: Look,
    prompts: Iterable[tuple[str, str]],
    budget_s: float,
    clock_ns: Callable[[], int] = time.thread_time_ns,
) -> list[float]:
    """The time for each prompt in ms; stops once the budget is spent."""
    ends_s = time.monotonic() + budget_s
    taken: list[float] = []
    for prompt, negative in prompts:
        if taken and time.monotonic() > ends_s:
            break
        tries = (_once_ms(look, prompt, negative, clock_ns) for _ in range(_TRIES))
        taken.append(min(tries))
    return taken


def _once_ms(look: Look, prompt: str, negative: str, clock_ns: Callable[[], int]) -> float:
    began_ns = clock_ns()
    look(prompt, negative)
    return (clock_ns() - began_ns) / 1e6


def rows(
    usual_ms: Sequence[float], evasive_ms: Sequence[float], hostile_ms: Sequence[float]
) -> list[Row]:
    """The figures for ordinary prompts, evasions, and prompts made to be slow."""
    return [
        _row("a prompt, p50", percentile(list(usual_ms), 0.5), usual_ms, None),
        _row("a prompt, p99", percentile(list(usual_ms), 0.99), usual_ms, P99_MS_MAX),
        _row("a prompt, longest", max(usual_ms), usual_ms, MAX_MS_MAX),
        _row("an evasion, p99", percentile(list(evasive_ms), 0.99), evasive_ms, None),
        _row("an evasion, longest", max(evasive_ms), evasive_ms, MAX_MS_MAX),
        _row("a hostile prompt, longest", max(hostile_ms), hostile_ms, MAX_MS_MAX),
    ]


def _row(what: str, value: float, of: Sequence[float], most: float | None) -> Row:
    return Row(
        area=AREA,
        name=f"time for {what}",
        value=value,
        unit=f"ms of {len(of):,}",
        goal="" if most is None else f"<= {most:g}",
        holds=None if most is None else value <= most,
    )
