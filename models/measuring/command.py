"""`python -m models evaluate`: how well a model follows its prompts, as a table and as sheets.

A command of `models.__main__`. The judge that reads the pictures was trained only on painter
pictures; no training saw the tag combinations and seeds. Must not know the bot.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from random import Random
from statistics import fmean

import numpy as np
from PIL import Image

from models.aesthetics.scorer import OWN, OWN_HEAD, Aesthetic, open_aesthetic
from models.contract import EngineError
from models.measuring import adherence, diversity, eyes, lines, sheets, steering, variety
from models.measuring.adherence import GROUPS, Task
from models.measuring.judge.network import WEIGHTS, Judge
from models.measuring.studio import Studio
from models.painter.drawing import draw, raster
from models.report import Row, table, write_json

#: Prompts and seeds for comparing seeds.
_PROMPTS, _SEEDS = 6, 6
#: Two pictures that differ by less than this (of 1) look the same.
_ALIKE = 0.02
_SHEET = 32
#: How far the mix of unrequested attributes may differ from training. With so few pictures, up to
#: 0.3 is chance; a sunset in half of all pictures was two thirds apart.
_APART = 0.5
#: The largest share of faces whose eyes may differ in colour.
_ODD = 0.02


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `evaluate`."""
    parser.add_argument("model", nargs="?", default="embedded", help="embedded, or a folder")
    parser.add_argument("--count", type=int, default=500, help="pictures to judge")
    parser.add_argument("--sentences", type=int, default=100, help="pictures of English sentences")
    parser.add_argument(
        "--steered", type=int, default=24, help="pictures for each prompt weight and negative"
    )
    parser.add_argument(
        "--open", type=int, default=48, help="pictures of prompts that leave something open"
    )
    parser.add_argument(
        "--training", type=int, default=2000, help="training pictures to look for copies in"
    )
    parser.add_argument("--steps", type=int, help="steps of a picture (default: the card's)")
    parser.add_argument("--guidance", type=float, help="of the pictures (default: the card's)")
    parser.add_argument("--judge", type=Path, default=WEIGHTS, help="other weights of the judge")
    parser.add_argument(
        "--head", type=Path, default=OWN_HEAD, help="the aesthetic head that grades the pictures"
    )
    parser.add_argument("--tower", type=Path, default=OWN, help="the image tower of that head")
    parser.add_argument("--out", type=Path, required=True, help="folder for the contact sheets")
    parser.add_argument("--json", type=Path, help="write the rows of the table here too")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best available)")
    parser.add_argument("--threads", type=int, help="CPU cores to use (default: all but one)")


def run(args: argparse.Namespace) -> int:
    """Draw, judge, print; return 1 if some goal is missed."""
    if min(args.count, args.training) < 1 or min(args.sentences, args.steered, args.open) < 0:
        raise EngineError(
            "--count and --training start at 1, --sentences, --steered and --open at 0."
        )
    if args.threads is not None and args.threads < 1:
        raise EngineError("--threads must be at least 1.")
    from models.engine.slots import open_engine

    args.out.mkdir(parents=True, exist_ok=True)
    judge, aesthetic = Judge(args.judge), open_aesthetic(args.head, args.tower, "cpu")
    engine = open_engine(args.model, device=args.device, threads=args.threads)
    try:
        studio = Studio(engine, steps=args.steps, guidance=args.guidance)
        rows = list(_rows(studio, judge, aesthetic, args))
    finally:
        engine.close()
    print(table(rows))
    if args.json:
        write_json(rows, args.json)
    return 0 if all(row.holds is not False for row in rows) else 1


def _rows(
    studio: Studio, judge: Judge, aesthetic: Aesthetic, args: argparse.Namespace
) -> Iterator[Row]:
    command = _said(args)

    def row(
        name: str, value: float, unit: str, goal: str = "", *, holds: bool | None = None
    ) -> Row:
        value = round(value, 4)
        return Row(
            area="model", name=name, value=value, unit=unit, goal=goal, holds=holds, command=command
        )

    tasks = adherence.tasks(args.count)
    originals = [_painters(task) for task in tasks]
    own, true = adherence.judged(judge, originals), adherence.truth(t.portrait for t in tasks)
    judged = adherence.grouped(adherence.shares(own, true))
    pictures = studio.pictures(tasks)
    shown = slice(min(_SHEET, len(tasks)))
    sheet = sheets.side_by_side(pictures[shown], [task.portrait for task in tasks[shown]])
    sheet.save(args.out / "model-and-painter.jpg", quality=90)
    yield from followed(judge, tasks, pictures, row)
    for name, (heads, _) in GROUPS.items():
        worst, share = min(
            (adherence.weakest(own, true, head) for head in heads), key=itemgetter(1)
        )
        told = f"% right (least: {worst} {share:.0%})" if worst else "% right"
        # A group needs 98 % before the judge can be trusted on it.
        yield row(f"judge: {name}", 100 * judged[name], told, ">= 98%", holds=judged[name] >= 0.98)
    yield from graded(aesthetic, pictures, originals, row)
    yield from looked_at(judge, pictures, originals, row)
    if args.sentences:
        spoken = adherence.tasks(args.sentences, sentences=True)
        for name, value in _shares(judge, spoken, studio.pictures(spoken)).items():
            yield row(f"in a sentence: {name}", 100 * value, "% right")
    if args.steered:
        yield from steered(studio, judge, args, row)
    if args.open:
        yield from left_open(studio, judge, args, row)
    pair, copies = _differences(studio, args)
    yield row("two seeds, most alike", pair, "RMS of 1", f"> {_ALIKE}", holds=pair > _ALIKE)
    yield row(
        "nearest training picture", copies, "of an unseen painter picture's", ">= 0.5",
        holds=copies >= 0.5,
    )  # fmt: skip
    yield row("time for a picture", studio.seconds / studio.count, "s")


def followed(
    judge: Judge, tasks: Sequence[Task], pictures: list[Image.Image], row: Callable[..., Row]
) -> Iterator[Row]:
    """How often each group, and each attribute in it, is as requested."""
    said, true = adherence.judged(judge, pictures), adherence.truth(t.portrait for t in tasks)
    shares = adherence.shares(said, true)
    reached = adherence.grouped(shares)
    for name, (heads, least) in GROUPS.items():
        value = reached[name]
        yield row(name, 100 * value, "% right", f">= {least:.0%}", holds=value >= least)
        for head in heads:
            worst, share = adherence.weakest(said, true, head)
            told = f"% right (least: {worst} {share:.0%})" if worst else "% right"
            yield row(f"- {head.replace('_', ' ')}", 100 * shares[head], told)


def steered(
    studio: Studio, judge: Judge, args: argparse.Namespace, row: Callable[..., Row]
) -> Iterator[Row]:
    """The effect of prompt weights and negative prompts, with a sheet of each."""
    shares: list[float] = []
    sheet: list[Image.Image] = []
    colours = [(steering.second_colour(i),) for i in range(args.steered)]
    for weight, tasks in zip(steering.WEIGHTS, steering.weighed(args.steered), strict=True):
        pictures = studio.pictures(tasks)
        sheet += pictures[:8]
        shares.append(steering.share_of(adherence.judged(judge, pictures), colours))
        yield row(f"(second hair colour:{weight:g})", 100 * shares[-1], "% of that colour")
    sheets.grid(sheet, across=min(8, args.steered)).save(args.out / "weights.jpg", quality=90)
    yield row(
        "what weights move", 100 * (shares[-1] - shares[0]), "points", ">= 50",
        holds=shares[-1] - shares[0] >= 0.5,
    )  # fmt: skip
    dark = [steering.DARK] * args.steered
    free, without = (
        steering.share_of(adherence.judged(judge, studio.pictures(tasks)), dark)
        for tasks in steering.unwanted(args.steered)
    )
    yield row("dark hair where none is asked for", 100 * free, "%")
    yield row(
        "the same with it in the negative prompt", 100 * without, "%", "at most half",
        holds=free > 0 and without <= free / 2,
    )  # fmt: skip


def left_open(
    studio: Studio, judge: Judge, args: argparse.Namespace, row: Callable[..., Row]
) -> Iterator[Row]:
    """Whether unrequested attributes vary, with a sheet to check."""
    pictures = studio.pictures(variety.tasks(args.open))
    sheets.grid(pictures[:_SHEET], across=min(8, args.open)).save(
        args.out / "left-open.jpg", quality=90
    )
    said = adherence.judged(judge, pictures)
    for head, (words, _) in variety.OPEN.items():
        value, share = variety.commonest(said, head)
        yield row(f"commonest {words} where none is asked for", 100 * share, f"% ({value})")
        apart = variety.apart(said, head)
        yield row(
            f"{words} where none is asked for, apart from silent captions'", 100 * apart,
            "% of the shares", f"<= {_APART:.0%}", holds=apart <= _APART,
        )  # fmt: skip


def graded(
    aesthetic: Aesthetic,
    pictures: Sequence[Image.Image],
    originals: Sequence[Image.Image],
    row: Callable[..., Row],
) -> Iterator[Row]:
    """The aesthetic scores of the pictures, and of the painter's for the same words."""
    unit = f"of {aesthetic.head.low:g} to {aesthetic.head.high:g}"
    for name, shown in (("", pictures), (" of painter pictures", originals)):
        mean = fmean(aesthetic.score([picture])[0] for picture in shown)
        yield row(f"mean aesthetic grade{name}", mean, unit)


def looked_at(
    judge: Judge,
    pictures: Sequence[Image.Image],
    originals: Sequence[Image.Image],
    row: Callable[..., Row],
) -> Iterator[Row]:
    """How sharp lines are, and how many faces have eyes of two colours."""
    for name, shown in (("", pictures), (" of painter pictures", originals)):
        width = lines.edge_width_px(shown[:_SHEET])
        yield row(f"width of an edge{name}", width, "px, from 10 to 90 % of its rise")
    apart = eyes.differences(judge, pictures)
    share = eyes.two_coloured(apart)
    yield row(
        "eyes of two colours", 100 * share, f"% of {len(apart)} faces with both eyes",
        f"<= {_ODD:.0%}", holds=share <= _ODD,
    )  # fmt: skip


def _painters(task: Task) -> Image.Image:
    return raster(draw(task.portrait, task.seed), 640 if task.aspect == "landscape" else 512)


def _shares(judge: Judge, tasks: Sequence[Task], pictures: list[Image.Image]) -> dict[str, float]:
    said = adherence.judged(judge, pictures)
    return adherence.grouped(adherence.shares(said, adherence.truth(t.portrait for t in tasks)))


def _differences(studio: Studio, args: argparse.Namespace) -> tuple[float, float]:
    """The most similar pair of seeds of one prompt, and how near pictures come to trained ones.

    The second is the smallest distance to a training picture, as a share of the smallest distance
    among the painter's own unseen pictures: a copy would be near 0.
    """
    prompts = adherence.tasks(_PROMPTS, square=True)
    seeds = [Random(i).getrandbits(31) for i in range(_SEEDS)]
    tasks = [
        Task(portrait=t.portrait, prompt=t.prompt, seed=seed, aspect=t.aspect)
        for t in prompts
        for seed in seeds
    ]
    pictures = studio.pictures(tasks)
    sheets.grid(pictures, across=_SEEDS).save(args.out / "seeds.jpg", quality=90)
    small = [diversity.thumbnail(picture) for picture in pictures]
    pair = min(diversity.closest_pair(small[i : i + _SEEDS]) for i in range(0, len(small), _SEEDS))
    trained = diversity.painted(diversity.trained(args.training))
    unseen = diversity.painted(range(adherence.FIRST_SEED, adherence.FIRST_SEED + len(small)))
    near = diversity.nearest(np.stack(small), trained).min()
    return pair, float(near / diversity.nearest(unseen, trained).min())


def _said(args: argparse.Namespace) -> str:
    """The command line that repeats this measurement."""
    words = ["python", "-m", "models", "evaluate", args.model]
    for name in ("count", "sentences", "steered", "open", "training", "steps", "guidance", "out"):
        value = getattr(args, name)
        words += [f"--{name}", str(value)] if value is not None else []
    for name, usual in (("judge", WEIGHTS), ("head", OWN_HEAD), ("tower", OWN)):
        value = getattr(args, name)
        words += [f"--{name}", str(value)] if value != usual else []
    return shlex.join(words)
