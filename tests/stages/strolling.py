"""Stories from a seed, and stories in which one deed fails at each of its moments in turn."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.stages.promises import Faults
from tests.stages.story import DEEDS, Story, story
from tests.stages.trouble import OF_FILES, OF_STATEMENTS, fits

#: The number of deeds in a story.
STEPS = 120
#: How often a deed is killed while it runs, and the latest moment at which that happens.
_DEATHS, _LONGEST = 0.1, 30


async def stroll(folder: Path, seed: int, steps: int = STEPS) -> Faults:
    """Tell the story of a seed, to its end or to the first broken promise."""
    dice = random.Random(seed)
    async with story(folder) as told:
        for _ in range(steps):
            (name,) = dice.choices([*DEEDS], [*DEEDS.values()])
            n = dice.randrange(1_000)
            if dice.random() < _DEATHS:
                await told.die(name, n, dice.randrange(_LONGEST))
            else:
                await told.do(name, n)
            if broken := told.broken_now():
                return broken
        await told.settle()
        if broken := told.broken():
            return broken
        await told.farewell()
        return told.broken()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One deed that failed at one moment, and the promises broken after it."""

    deed: str
    moment: str
    what: str
    broken: Faults


Before = Sequence[tuple[str, int]]
_DRAWN: Before = (("ask", 0), ("claim", 0))
#: Two posts, one with an extra picture, with a vote, a pick and a report; and another member's.
A_DAY: Before = (
    ("ask", 3), ("ask", 0), ("ask", 1), *(("claim", 0),) * 4, *(("keep", 0),) * 4,
    ("deliver", 0), ("read", 0), ("vote", 14), ("pick", 1), ("report", 0),
)  # fmt: skip
#: A post and a picture whose answers were lost, a deleted picture, and a forgotten member.
_LEFT: Before = (
    *A_DAY, ("ask", 1), ("claim", 0), ("keep", 0), ("deliver", 1), ("show", 1), ("delete", 0),
    ("forget", 1),
)  # fmt: skip
#: What happens before a deed so that it has something to do; before most deeds, a day.
_BEFORE: Mapping[str, Before] = {
    "keep": _DRAWN,
    "put_back": _DRAWN,
    "expire": _DRAWN,
    "claim": (("ask", 0),),
    "cancel": _DRAWN,
    "deliver": (*_DRAWN, ("keep", 0)),
    "restart": (*A_DAY, ("show", 1), ("delete", 0), *_DRAWN),
    "take_down": _LEFT,
    "amend": _LEFT,
    "erase": _LEFT,
    "look_for_lost": _LEFT,
    "read": (*A_DAY, ("show", 0), ("vote", 1)),
}
#: The number of a deed decides what it does: lose an answer, hold a picture, take back a pick.
_NUMBERS: Mapping[str, Sequence[int]] = {
    "ask": (0, 3), "keep": (0, 3), "deliver": (0, 1), "show": (0, 1), "vote": (0, 1),
    "pick": (1, 5), "review": (0, 3, 6), "put_back": (0, 1),
}  # fmt: skip
DEAD = "SIGKILL"
#: Everything that can happen at a moment.
MISFORTUNES = (*OF_STATEMENTS, *OF_FILES, DEAD)


async def suffer_in_turn(folder: Path, deed: str, what: str, every: int = 1) -> list[Tried]:
    """Repeat one deed, with `what` at each of its moments in turn, or at every n-th of them."""
    tried: list[Tried] = []
    async with story(folder) as told:
        for n in _NUMBERS.get(deed, (0,)):
            await _prepare(told, deed)
            moments = await told.moments_of(deed, n)
            fitting = [
                at for at, moment in enumerate(moments) if what == DEAD or fits(what, moment)
            ]
            for at in fitting[::every]:
                await _prepare(told, deed)
                await (told.die(deed, n, at) if what == DEAD else told.suffer(deed, n, at, what))
                tried.append(
                    Tried(deed=deed, moment=moments[at], what=what, broken=told.broken_now())
                )
        await told.settle()
        end = Tried(deed=deed, moment="at rest", what=what, broken=told.broken())
    return [*tried, end]


async def _prepare(told: Story, deed: str) -> None:
    for name, n in _BEFORE.get(deed, A_DAY):
        await told.do(name, n)
