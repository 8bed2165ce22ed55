"""Search for the slowest possible prompt: `python -m tests.bench.slowest`.

It joins pieces at random, and changes the slowest prompts so far again and again. Not in the suite:
it runs for as long as requested, and finds slower prompts in more time.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections.abc import Sequence

from bot.reporting.policy import judging, latency
from bot.rulebooks import load
from models.contract import Limits

_LONGEST = Limits().prompt_chars_max
#: Signs around words or inside one.
_SIGNS = (
    *"()[]{}<>|:,._-\\!@$*'~+=/ \n", "(:1.2)", ":1.2)", ":-1)", "[a|b]", " BREAK ", ":0.5]",
    "\u3000", "\u3001", "\u200b", "\u0301", "\u202e", "<lora:x:1>", "/\\", "|\\|", "()", "1", "0",
)  # fmt: skip
#: How many of the slowest are kept, and the chance that the next prompt changes one of them.
_POOL, _MUTATION_CHANCE = 15, 0.65


def piece(dice: random.Random, terms: Sequence[str]) -> str:
    """A term unchanged, reversed, or with a sign in it; a sign; or a slow shape."""
    term = dice.choice(terms)
    position = dice.randrange(len(term))
    broken = term[:position] + dice.choice(_SIGNS) + term[position:]
    return dice.choice(
        (term, term[::-1], broken, dice.choice(_SIGNS), dice.choice(latency.HOSTILE))
    )


def mutated(dice: random.Random, pieces: Sequence[str], terms: Sequence[str]) -> list[str]:
    """The pieces with one added, replaced or removed, or in another order."""
    mutant, position = list(pieces), dice.randrange(len(pieces))
    kind = dice.randrange(4)
    if kind == 0:
        mutant.insert(position, piece(dice, terms))
    elif kind == 1:
        mutant[position] = piece(dice, terms)
    elif kind == 2 and len(mutant) > 1:
        del mutant[position]
    else:
        dice.shuffle(mutant)
    return mutant


def prompt(pieces: Sequence[str], size: int) -> str:
    """The pieces, repeated up to a size."""
    unit = "".join(pieces)
    return (unit * (size // len(unit) + 1))[:size]


def main() -> int:
    """Print the slowest prompts."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.slowest", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of this thread's time")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    terms = sorted({t for concept in load().concepts.values() for t in concept.spellings()})
    judge_prompt = judging.looking(latency.terms(1))
    # As the bot does once it serves, so that no prompt's time includes a garbage collection.
    gc.collect()
    gc.freeze()
    slowest: list[tuple[float, list[str], int]] = []
    ends_s = time.thread_time() + arguments.seconds
    while time.thread_time() < ends_s:
        if slowest and dice.random() < _MUTATION_CHANCE:
            _, pieces, size = dice.choice(slowest)
            pieces = mutated(dice, pieces, terms)
        else:
            pieces = [piece(dice, terms) for _ in range(dice.choice((1, 2, 4, 10, 30, 80)))]
            size = dice.choice((_LONGEST, _LONGEST // 2, _LONGEST // 3))
        (took_ms,) = latency.times_ms(judge_prompt, [(prompt(pieces, size), "")], arguments.seconds)
        slowest = sorted([*slowest, (took_ms, pieces, size)], reverse=True)[:_POOL]
    for took_ms, pieces, size in slowest[:5]:
        print(f"{took_ms:.2f} ms, {size} characters: {prompt(pieces, size)[:80]!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
