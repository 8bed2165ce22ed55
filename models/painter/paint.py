"""`python -m models paint`: a folder of pictures with captions, grades and a manifest.

Called from the command table. The folder holds `NNNNNN.png`, `NNNNNN.txt` and `metadata.jsonl`,
which `datasets` loads as an image folder. It must not know torch.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import NamedTuple

from models.captions import full_caption
from models.painter import flaws as flaw
from models.painter.drawing import draw, raster
from models.painter.portrait import sample
from models.painter.tags import tags


class Order(NamedTuple):
    """One picture to paint."""

    seed: int
    out: Path
    width_px: int
    mixed: bool


def paint_one(order: Order) -> dict[str, object]:
    """Paint one picture and its caption; the result is its line of the manifest."""
    rng = Random(order.seed)
    portrait = sample(rng)
    flaws = flaw.sample(rng) if order.mixed else flaw.Flaws()
    picture = raster(draw(portrait, order.seed, flaws.slips()), order.width_px)
    picture = flaw.spoil(picture, flaws, rng)
    name = f"{order.seed:07d}.png"
    caption = full_caption(portrait)
    picture.save(order.out / name)
    (order.out / name).with_suffix(".txt").write_text(caption + "\n", encoding="utf-8")
    return {
        "file_name": name,
        "text": caption,
        "tags": [t.text for t in tags(portrait)],
        "attributes": asdict(portrait),
        "seed": order.seed,
        "grade": flaws.grade,
        "flaws": asdict(flaws),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `paint`."""
    parser.add_argument("--count", type=int, required=True, help="how many pictures")
    parser.add_argument("--out", type=Path, required=True, help="the folder to fill")
    parser.add_argument("--size", type=int, default=512, help="pixels along the short side")
    parser.add_argument("--seed", type=int, default=0, help="the first picture's seed")
    parser.add_argument("--mixed", action="store_true", help="with faults, graded 1 to 10")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")


def run(args: argparse.Namespace) -> int:
    """Paint them all; a picture depends on its seed alone, so any number of processes agrees."""
    from tqdm import tqdm

    if args.count < 1 or args.size < 16 or args.jobs < 1:
        print("paint: --count and --jobs start at 1, --size at 16", file=sys.stderr)  # noqa: T201  the command line prints
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    orders = [
        Order(args.seed + i, args.out, _width(args.seed + i, args.size), args.mixed)
        for i in range(args.count)
    ]
    manifest = args.out / "metadata.jsonl"
    with (
        multiprocessing.get_context("spawn").Pool(args.jobs) as pool,
        manifest.open("w", encoding="utf-8") as file,
    ):
        lines = pool.imap(paint_one, orders, chunksize=4)
        for line in tqdm(lines, total=args.count, unit="picture", desc="paint"):
            file.write(json.dumps(line) + "\n")
    return 0


def _width(seed: int, short_px: int) -> int:
    """Pixels across, so that the short side has the size asked for."""
    landscape = sample(Random(seed)).framing == "landscape"
    return round(short_px * 1.25) if landscape else short_px
