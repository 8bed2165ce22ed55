"""How short prompts, as people type them, compare with full ones: a newcomer's first impression.

As in the bot, a seed fills in the short ones.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

from PIL import Image

from models.catalogue.registry import EMBEDDED
from models.catalogue.tags import files
from models.catalogue.tags.filling import completion
from models.catalogue.tags.glossary import Glossary
from models.contract import Aspect
from models.report import Row

if TYPE_CHECKING:
    from models.measuring.judge.network import Judge

COUNT = 200
#: How far the mean grade of short prompts may lie below that of full ones.
GRADE_GOAL = 0.2
ODD_GOAL = 0.02
_TYPED: tuple[str, ...] = (
    "girl", "waifu", "cat girl", "cat girl with glasses", "1girl", "1boy", "smile", "blue hair",
    "a cute girl", "anime girl",
)  # fmt: skip
#: Only tags that at least this many training captions hold.
_KNOWN = 300
_FIRST_SEED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortPrompt:
    """A request for one picture of a short prompt, as `Studio` takes it."""

    prompt: str
    seed: int
    negative: str = ""
    aspect: Aspect = Aspect.SQUARE


async def measure(count: int = COUNT) -> list[Row]:
    """Draw short prompts and full ones, then grade both and look at the eyes and lines."""
    return await asyncio.to_thread(_measure, count)


def _measure(count: int) -> list[Row]:
    from models.aesthetics.scorer import OWN_HEAD, OWN_TOWER, open_aesthetic
    from models.engine.slots import open_engine
    from models.measuring import adherence, eyes, lines
    from models.measuring.judge.network import Judge
    from models.measuring.studio import Studio

    engine = open_engine("embedded", device="cpu", threads=2)
    studio = Studio(engine)
    short = studio.pictures(short_prompts(count))
    full = studio.pictures(adherence.tasks(count, square=True))
    engine.close()
    aesthetic = open_aesthetic(OWN_HEAD, OWN_TOWER, "cpu")

    def grade(pictures: list[Image.Image]) -> float:
        return fmean(aesthetic.score([picture])[0] for picture in pictures)

    short_grade, full_grade = grade(short), grade(full)
    judge = Judge()
    colour_gaps = eyes.colour_differences(judge, short)
    odd_share = eyes.two_coloured_share(colour_gaps)
    return [
        _row("mean aesthetic grade of full prompts", full_grade, "of 1 to 10"),
        _row(
            "mean aesthetic grade of short prompts", short_grade, "of 1 to 10",
            f">= full ones - {GRADE_GOAL:g}", holds=short_grade >= full_grade - GRADE_GOAL,
        ),
        _row(
            "short prompts, eyes of two colours", 100 * odd_share,
            f"% of {len(colour_gaps)} faces with both eyes", f"<= {ODD_GOAL:.0%}",
            holds=odd_share <= ODD_GOAL,
        ),
        *(
            _row(f"{which} prompts, the judge's mean certainty of the eye colour",
                 100 * _mean_certainty(judge, drawn), "%")
            for which, drawn in (("full", full), ("short", short))
        ),
        _row("short prompts, width of an edge", lines.edge_width_px(short), "px of 512"),
    ]  # fmt: skip


def _mean_certainty(judge: Judge, pictures: list[Image.Image]) -> float:
    """The probability of the likeliest eye colour, 0 to 1. It does not tell odd eyes from equal."""
    from models.measuring.adherence import scale_for_judge

    faces = (scale_for_judge(picture)[None] for picture in pictures)
    return fmean(float(judge.probabilities(face, "eye_colour").max()) for face in faces)


def short_prompts(count: int) -> list[ShortPrompt]:
    """The requests: each prompt with the tags that its seed fills in."""
    glossary = Glossary(files.read(EMBEDDED / files.FILE_NAME))
    seeds = range(_FIRST_SEED, _FIRST_SEED + count)
    return [
        ShortPrompt(
            prompt=", ".join(filter(None, (prompt, completion(prompt, glossary, seed)))), seed=seed
        )
        for prompt, seed in zip(prompts(glossary, count), seeds, strict=True)
    ]


def prompts(glossary: Glossary, count: int) -> list[str]:
    """Prompts that people type first, then one to three random tags that fit together."""
    dice, book = Random(17), glossary.book.tags
    known = [t for t in book if glossary.group(t) != "praise" and book[t].count > _KNOWN]
    out = list(_TYPED[:count])
    while len(out) < count:
        tags = dice.sample(known, dice.choice((1, 2, 3)))
        groups = {glossary.group(tag) for tag in tags}
        if len(groups) < len(tags) or any({*book[tag].closes} & groups for tag in tags):
            continue
        if dice.random() < 0.5 and "figure" not in groups:
            tags = ["1girl", *tags[:2]]
        out.append(", ".join(tags))
    return out


def _row(name: str, value: float, unit: str, goal: str = "", *, holds: bool | None = None) -> Row:
    return Row(area="looks", name=name, value=round(value, 3), unit=unit, goal=goal, holds=holds)
