"""Read random prompts, seeded; an exception ends it: `python -m tests.bench.prompts`.

Not in the suite: a hundred thousand take minutes.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
import unicodedata
from statistics import median

from bot.policy.screening import Screen
from bot.rulebooks import load

_SIGNS = "()[]{}<>|:,._-\\!@$1230 \u200b\u0336\u3000"


def _letter(dice: random.Random) -> str:
    while unicodedata.category(char := chr(dice.randrange(0x20, 0x30000))) == "Cs":
        pass
    return char


def prompt(dice: random.Random, terms: list[str]) -> str:
    """Up to eighty pieces: terms, signs, letters of any script, weights."""
    pieces: list[str] = []
    for _ in range(dice.randrange(80)):
        kind = dice.randrange(5)
        if kind == 0:
            pieces.append(dice.choice(terms))
        elif kind == 1:
            pieces.append("".join(dice.choices(_SIGNS, k=dice.randrange(1, 6))))
        elif kind == 2:
            pieces.append(_letter(dice) * dice.randrange(1, 4))
        elif kind == 3:
            pieces.append(dice.choice((" BREAK ", ":1.2)", ":-1)", "[a|", "[x:", ":0.5]", ", ")))
        else:
            pieces.append(" ")
    return "".join(pieces)


def main() -> int:
    """Exit code 0 if every prompt could be read."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.prompts", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    screen = Screen(load())
    terms = [term for concept in load().concepts.values() for term in concept.spellings()]
    # As the bot does once it serves, so that no prompt's time includes a garbage collection.
    gc.collect()
    gc.freeze()
    took_s: list[float] = []
    for _ in range(arguments.count):
        wanted, unwanted = prompt(dice, terms), prompt(dice, terms)
        began_s = time.thread_time()
        screen.findings(wanted, unwanted)
        took_s.append(time.thread_time() - began_s)
    print(
        f"{arguments.count:,} prompts read, half of them in {median(took_s) * 1000:.2f} ms, "
        f"the slowest in {max(took_s) * 1000:.2f} ms"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
