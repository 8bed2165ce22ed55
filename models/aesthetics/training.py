"""`python -m models aesthetic-train`: trains the project's own tower and head on painted pictures.

Called from the command table. First paints pictures with known faults, then trains a small tower on
their true grades. Both continue where a stopped run left off. Must not know the recipe that uses
the scores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

from models.aesthetics import painted
from models.aesthetics.rank import spearman
from models.catalogue.registry import EMBEDDED
from models.contract import EngineError
from models.painter.album import LICENCE

#: The number of unseen pictures on which the result is measured.
_UNSEEN_PICTURES = 1_000
#: Each of 1,000 seeds trains on another range of pictures, all below the unseen ones.
_SEEDS = 1_000
_SEEDS_EACH = (painted.UNSEEN_SEED - painted.TRAIN_SEED) // _SEEDS
_FIGURES = "figures.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `aesthetic-train`."""
    add = parser.add_argument
    add("--work", type=Path, required=True, help="folder for pictures and states")
    add("--out", type=Path, help="tower and head to write (default: WORK/aesthetic)")
    add("--pictures", type=int, default=5_000, help="how many pictures to learn from")
    add("--steps", type=int, default=500)
    add("--batch", type=int, default=64)
    add("--seed", type=int, default=0, help="seed of the weights and of the pictures: 0 to 999")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="painting processes")


def run(args: argparse.Namespace) -> int:
    """Paint, train, write, and measure the written files on unseen pictures."""
    for name in ("pictures", "steps", "batch", "jobs"):
        if getattr(args, name) < 1:
            raise EngineError(f"--{name} must be at least 1.")
    if args.pictures > _SEEDS_EACH:
        raise EngineError(f"--pictures must be at most {_SEEDS_EACH:,}.")
    if not 0 <= args.seed < _SEEDS:
        raise EngineError(f"--seed must be 0 to {_SEEDS - 1}.")
    out = args.out or args.work / "aesthetic"
    args.work.mkdir(parents=True, exist_ok=True)
    # With another seed, a scorer learns from other pictures, so its errors are independent.
    first = painted.TRAIN_SEED + args.seed * _SEEDS_EACH
    train = painted.plan("train", first, args.pictures, args.work)
    unseen = painted.plan(
        "unseen", painted.UNSEEN_SEED, min(_UNSEEN_PICTURES, args.pictures), args.work
    )
    painted.paint_all(train + unseen, args.jobs)
    from models.aesthetics.grader import export, fit

    settings = (args.pictures, args.steps, args.batch, args.seed)
    folder = args.work / ("grader-" + "-".join(map(str, settings)))
    learned = painted.load(train)
    grader = fit(learned, folder, steps=args.steps, batch=args.batch, seed=args.seed)
    export(grader, out)
    # Trained on the project's own drawings, it falls under their licence.
    shutil.copyfile(EMBEDDED / LICENCE, out / LICENCE)
    figures = measure(out, painted.load(unseen)) | {
        name: getattr(args, name) for name in ("pictures", "steps", "batch", "seed")
    }
    (out / _FIGURES).write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    for name, value in figures.items():
        print(f"{name:<28} {value}")
    return 0


def measure(folder: Path, unseen: painted.Graded) -> dict[str, float]:
    """How well the written files grade unseen pictures, compared with the true grades."""
    from models.aesthetics.grader import HEAD
    from models.aesthetics.heads import read_head
    from models.aesthetics.towers import open_tower

    tower, head = open_tower(folder), read_head(folder / HEAD)
    scores: list[float] = []
    for start in range(0, len(unseen.cuts), 50):
        scores += head(tower.embed(unseen.cuts[start : start + 50]))
    truth = unseen.grades.tolist()
    errors = [abs(a - b) for a, b in zip(scores, truth, strict=True)]
    same_side = [(a > 6) == (b > 6) for a, b in zip(scores, truth, strict=True)]
    return {
        "unseen pictures": len(truth),
        "Spearman with the true grade": round(spearman(scores, truth), 4),
        "mean error in grades": round(sum(errors) / len(errors), 3),
        "same side of 6.0": round(sum(same_side) / len(same_side), 4),
    }
