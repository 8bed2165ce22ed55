"""Random stories from a seed, and stories in which one deed fails at each of its moments."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.stages.promises import Faults
from tests.stages.story import DEEDS, Story, story
from tests.stages.trouble import FILE_ERRORS, STATEMENT_ERRORS, is_possible_at

#: The number of deeds in a story.
STEPS = 120
#: The share of deeds that a kill interrupts, and the latest moment of such a kill.
_DEATHS, _LONGEST = 0.1, 30


async def run_seeded_story(folder: Path, seed: int, steps: int = STEPS) -> Faults:
    """Run the story of a seed to its end, or to the first broken promise; return its faults."""
    dice = random.Random(seed)
    async with story(folder) as running:
        for _ in range(steps):
            (name,) = dice.choices([*DEEDS], [*DEEDS.values()])
            n = dice.randrange(1_000)
            if dice.random() < _DEATHS:
                await running.die_during(name, n, dice.randrange(_LONGEST))
            else:
                await running.do(name, n)
            if broken := running.broken_now():
                return broken
        await running.settle()
        if broken := running.broken_at_rest():
            return broken
        await running.forget_last_member()
        return running.broken_at_rest()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDeed:
    """One deed with a failure at one moment, and the promises that were broken after it."""

    deed: str
    moment: str
    misfortune: str
    broken: Faults


Preparation = Sequence[tuple[str, int]]
_RUNNING_JOB: Preparation = (("ask", 0), ("claim", 0))
#: Two posts, one with an extra picture, with a vote, a pick and a report; and another member's.
A_DAY: Preparation = (
    ("ask", 3), ("ask", 0), ("ask", 1), *(("claim", 0),) * 4, *(("keep", 0),) * 4,
    ("deliver", 0), ("read", 0), ("vote", 14), ("pick", 1), ("report", 0),
)  # fmt: skip
#: A post and a picture shown again whose answers were lost, a deleted picture, a forgotten member.
_MUCH_TO_DO: Preparation = (
    *A_DAY, ("ask", 1), ("claim", 0), ("keep", 0), ("deliver", 1), ("show", 1), ("delete", 0),
    ("forget", 1),
)  # fmt: skip
#: The deeds that give a deed something to do; for most deeds they are `A_DAY`.
_PREPARATIONS: Mapping[str, Preparation] = {
    "keep": _RUNNING_JOB,
    "put_back": _RUNNING_JOB,
    "expire": _RUNNING_JOB,
    "claim": (("ask", 0),),
    "cancel": _RUNNING_JOB,
    "deliver": (*_RUNNING_JOB, ("keep", 0)),
    "restart": (*A_DAY, ("show", 1), ("delete", 0), *_RUNNING_JOB),
    "take_down": _MUCH_TO_DO,
    "amend": _MUCH_TO_DO,
    "erase": _MUCH_TO_DO,
    "look_for_lost": _MUCH_TO_DO,
    "read": (*A_DAY, ("show", 0), ("vote", 1)),
}
#: A deed's number decides what it does: lose an answer, hold a picture, withdraw a pick.
_NUMBERS: Mapping[str, Sequence[int]] = {
    "ask": (0, 3), "keep": (0, 3), "deliver": (0, 1), "show": (0, 1), "vote": (0, 1),
    "pick": (1, 5), "review": (0, 3, 6), "put_back": (0, 1),
}  # fmt: skip
DEAD = "SIGKILL"
#: Everything that can happen at a moment.
MISFORTUNES = (*STATEMENT_ERRORS, *FILE_ERRORS, DEAD)


async def fail_at_each_moment(
    folder: Path, deed: str, misfortune: str, every: int = 1
) -> list[FailedDeed]:
    """Repeat a deed with this misfortune at each of its moments, or at every n-th of them."""
    failures: list[FailedDeed] = []
    async with story(folder) as running:
        for n in _NUMBERS.get(deed, (0,)):
            await _prepare(running, deed)
            moments = await running.moments_of(deed, n)
            possible = [
                at
                for at, moment in enumerate(moments)
                if misfortune == DEAD or is_possible_at(misfortune, moment)
            ]
            for at in possible[::every]:
                await _prepare(running, deed)
                await (
                    running.die_during(deed, n, at)
                    if misfortune == DEAD
                    else running.fail_during(deed, n, at, misfortune)
                )
                failures.append(
                    FailedDeed(
                        deed=deed,
                        moment=moments[at],
                        misfortune=misfortune,
                        broken=running.broken_now(),
                    )
                )
        await running.settle()
        end = FailedDeed(
            deed=deed, moment="at rest", misfortune=misfortune, broken=running.broken_at_rest()
        )
    return [*failures, end]


async def _prepare(running: Story, deed: str) -> None:
    for name, n in _PREPARATIONS.get(deed, A_DAY):
        await running.do(name, n)
