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

from models.aesthetics.scorer import OWN_HEAD, OWN_TOWER, Aesthetic, open_aesthetic
from models.contract import EngineError
from models.measuring import adherence, diversity, eyes, lines, sheets, steering, variety
from models.measuring.adherence import GROUPS, Task
from models.measuring.judge.network import WEIGHTS, Judge
from models.measuring.studio import Studio
from models.painter.drawing import draw, raster
from models.report import Row, table, write_json

#: Prompts and seeds for comparing seeds.
_PROMPTS, _SEEDS = 6, 6
#: Two pictures that differ by less than this (RMS, of 1) look the same.
_MIN_SEED_DISTANCE = 0.02
_SHEET_PICTURES = 32
#: How far the mix of unrequested attributes may differ from training. With so few pictures, up to
#: 0.3 is chance; a sunset in half of all pictures was two thirds away.
_MAX_MIX_DISTANCE = 0.5
#: The largest share of faces whose eyes may differ in colour.
_MAX_ODD_EYES = 0.02


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
    parser.add_argument(
        "--tower", type=Path, default=OWN_TOWER, help="the image tower of that head"
    )
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
    command = _command_line(args)

    def row(
        name: str, value: float, unit: str, goal: str = "", *, holds: bool | None = None
    ) -> Row:
        value = round(value, 4)
        return Row(
            area="model", name=name, value=value, unit=unit, goal=goal, holds=holds, command=command
        )

    tasks = adherence.tasks(args.count)
    originals = [_painter_picture(task) for task in tasks]
    predicted, true = (
        adherence.classify(judge, originals),
        adherence.truth(t.portrait for t in tasks),
    )
    judge_accuracy = adherence.accuracy_by_group(adherence.accuracy_by_head(predicted, true))
    pictures = studio.pictures(tasks)
    first_rows = slice(min(_SHEET_PICTURES, len(tasks)))
    sheet = sheets.side_by_side(pictures[first_rows], [task.portrait for task in tasks[first_rows]])
    sheet.save(args.out / "model-and-painter.jpg", quality=90)
    yield from adherence_rows(judge, tasks, pictures, row)
    for name, (heads, _) in GROUPS.items():
        worst, share = min(
            (adherence.weakest_value(predicted, true, head) for head in heads), key=itemgetter(1)
        )
        unit = f"% right (least: {worst} {share:.0%})" if worst else "% right"
        # A group needs 98 % before the judge can be trusted on it.
        yield row(
            f"judge: {name}",
            100 * judge_accuracy[name],
            unit,
            ">= 98%",
            holds=judge_accuracy[name] >= 0.98,
        )
    yield from grade_rows(aesthetic, pictures, originals, row)
    yield from line_and_eye_rows(judge, pictures, originals, row)
    if args.sentences:
        sentence_tasks = adherence.tasks(args.sentences, sentences=True)
        for name, value in _accuracy_by_group(
            judge, sentence_tasks, studio.pictures(sentence_tasks)
        ).items():
            yield row(f"in a sentence: {name}", 100 * value, "% right")
    if args.steered:
        yield from steering_rows(studio, judge, args, row)
    if args.open:
        yield from variety_rows(studio, judge, args, row)
    closest_seeds, nearest_trained = _seed_and_copy_distances(studio, args)
    yield row(
        "two seeds, most alike",
        closest_seeds,
        "RMS of 1",
        f"> {_MIN_SEED_DISTANCE}",
        holds=closest_seeds > _MIN_SEED_DISTANCE,
    )
    yield row(
        "nearest training picture", nearest_trained, "of an unseen painter picture's", ">= 0.5",
        holds=nearest_trained >= 0.5,
    )  # fmt: skip
    yield row("time for a picture", studio.seconds / studio.count, "s")


def adherence_rows(
    judge: Judge, tasks: Sequence[Task], pictures: list[Image.Image], row: Callable[..., Row]
) -> Iterator[Row]:
    """How often each group of attributes, and each attribute, is as requested."""
    predicted, true = (
        adherence.classify(judge, pictures),
        adherence.truth(t.portrait for t in tasks),
    )
    by_head = adherence.accuracy_by_head(predicted, true)
    by_group = adherence.accuracy_by_group(by_head)
    for name, (heads, least) in GROUPS.items():
        value = by_group[name]
        yield row(name, 100 * value, "% right", f">= {least:.0%}", holds=value >= least)
        for head in heads:
            worst, share = adherence.weakest_value(predicted, true, head)
            unit = f"% right (least: {worst} {share:.0%})" if worst else "% right"
            yield row(f"- {head.replace('_', ' ')}", 100 * by_head[head], unit)


def steering_rows(
    studio: Studio, judge: Judge, args: argparse.Namespace, row: Callable[..., Row]
) -> Iterator[Row]:
    """The effect of prompt weights and negative prompts, with a sheet of each."""
    shares: list[float] = []
    sheet: list[Image.Image] = []
    colours = [(steering.second_colour(i),) for i in range(args.steered)]
    for weight, tasks in zip(steering.WEIGHTS, steering.weighted_tasks(args.steered), strict=True):
        pictures = studio.pictures(tasks)
        sheet += pictures[:8]
        shares.append(steering.colour_share(adherence.classify(judge, pictures), colours))
        yield row(f"(second hair colour:{weight:g})", 100 * shares[-1], "% of that colour")
    sheets.grid(sheet, across=min(8, args.steered)).save(args.out / "weights.jpg", quality=90)
    yield row(
        "what weights move", 100 * (shares[-1] - shares[0]), "points", ">= 50",
        holds=shares[-1] - shares[0] >= 0.5,
    )  # fmt: skip
    dark = [steering.DARK_COLOURS] * args.steered
    unrestricted, excluded = (
        steering.colour_share(adherence.classify(judge, studio.pictures(tasks)), dark)
        for tasks in steering.negative_tasks(args.steered)
    )
    yield row("dark hair where none is asked for", 100 * unrestricted, "%")
    yield row(
        "the same with it in the negative prompt", 100 * excluded, "%", "at most half",
        holds=unrestricted > 0 and excluded <= unrestricted / 2,
    )  # fmt: skip


def variety_rows(
    studio: Studio, judge: Judge, args: argparse.Namespace, row: Callable[..., Row]
) -> Iterator[Row]:
    """Whether unrequested attributes vary, with a sheet to check."""
    pictures = studio.pictures(variety.tasks(args.open))
    sheets.grid(pictures[:_SHEET_PICTURES], across=min(8, args.open)).save(
        args.out / "left-open.jpg", quality=90
    )
    predicted = adherence.classify(judge, pictures)
    for head, (words, _) in variety.OPEN_ATTRIBUTES.items():
        value, share = variety.commonest_value(predicted, head)
        yield row(f"commonest {words} where none is asked for", 100 * share, f"% ({value})")
        distance = variety.distance_from_expected(predicted, head)
        yield row(
            f"{words} where none is asked for, apart from silent captions'", 100 * distance,
            "% of the shares", f"<= {_MAX_MIX_DISTANCE:.0%}", holds=distance <= _MAX_MIX_DISTANCE,
        )  # fmt: skip


def grade_rows(
    aesthetic: Aesthetic,
    pictures: Sequence[Image.Image],
    originals: Sequence[Image.Image],
    row: Callable[..., Row],
) -> Iterator[Row]:
    """The aesthetic scores of the pictures, and of the painter's for the same words."""
    unit = f"of {aesthetic.head.low:g} to {aesthetic.head.high:g}"
    for suffix, group in (("", pictures), (" of painter pictures", originals)):
        mean = fmean(aesthetic.score([picture])[0] for picture in group)
        yield row(f"mean aesthetic grade{suffix}", mean, unit)


def line_and_eye_rows(
    judge: Judge,
    pictures: Sequence[Image.Image],
    originals: Sequence[Image.Image],
    row: Callable[..., Row],
) -> Iterator[Row]:
    """How sharp lines are, and how many faces have eyes of two colours."""
    for suffix, group in (("", pictures), (" of painter pictures", originals)):
        width = lines.edge_width_px(group[:_SHEET_PICTURES])
        yield row(f"width of an edge{suffix}", width, "px, from 10 to 90 % of its rise")
    colour_gaps = eyes.colour_differences(judge, pictures)
    share = eyes.two_coloured_share(colour_gaps)
    yield row(
        "eyes of two colours", 100 * share, f"% of {len(colour_gaps)} faces with both eyes",
        f"<= {_MAX_ODD_EYES:.0%}", holds=share <= _MAX_ODD_EYES,
    )  # fmt: skip


def _painter_picture(task: Task) -> Image.Image:
    return raster(draw(task.portrait, task.seed), 640 if task.aspect == "landscape" else 512)


def _accuracy_by_group(
    judge: Judge, tasks: Sequence[Task], pictures: list[Image.Image]
) -> dict[str, float]:
    predicted = adherence.classify(judge, pictures)
    return adherence.accuracy_by_group(
        adherence.accuracy_by_head(predicted, adherence.truth(t.portrait for t in tasks))
    )


def _seed_and_copy_distances(studio: Studio, args: argparse.Namespace) -> tuple[float, float]:
    """The distance of the two most similar seeds, and how near pictures come to training pictures.

    The second is the smallest distance to a training picture, divided by that of the painter's own
    unseen pictures: a copy would be near 0.
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
    thumbnails = [diversity.thumbnail(picture) for picture in pictures]
    closest = min(
        diversity.closest_distance(thumbnails[i : i + _SEEDS])
        for i in range(0, len(thumbnails), _SEEDS)
    )
    trained = diversity.painted_thumbnails(diversity.training_seeds(args.training))
    unseen = diversity.painted_thumbnails(
        range(adherence.FIRST_SEED, adherence.FIRST_SEED + len(thumbnails))
    )
    nearest = diversity.nearest_distances(np.stack(thumbnails), trained).min()
    return closest, float(nearest / diversity.nearest_distances(unseen, trained).min())


def _command_line(args: argparse.Namespace) -> str:
    """The command line that repeats this measurement."""
    words = ["python", "-m", "models", "evaluate", args.model]
    for name in ("count", "sentences", "steered", "open", "training", "steps", "guidance", "out"):
        value = getattr(args, name)
        words += [f"--{name}", str(value)] if value is not None else []
    for name, default in (("judge", WEIGHTS), ("head", OWN_HEAD), ("tower", OWN_TOWER)):
        value = getattr(args, name)
        words += [f"--{name}", str(value)] if value != default else []
    return shlex.join(words)
