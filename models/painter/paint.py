"""`python -m models paint`: a folder of pictures with captions, grades and a manifest.

A command of `models.__main__`. Several processes paint, this one writes (see `album`). Must not
know torch.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import NamedTuple

from models.contract import EngineError
from models.painter import flaws as flaw
from models.painter.album import Album, PaintedPicture
from models.painter.captions import full_caption
from models.painter.drawing import draw, raster
from models.painter.portrait import sample
from models.painter.tags import tags

#: The range of each option; a seed is a whole number below 2^32, as everywhere.
LIMITS = {"count": (1, 1_000_000), "size": (16, 2048), "seed": (0, 2**32 - 1), "jobs": (1, 256)}
#: How many commissions are queued per process.
_QUEUED_PER_PROCESS = 4


class Commission(NamedTuple):
    """One picture to paint; its short side has `size_px` pixels."""

    seed: int
    size_px: int
    mixed: bool

    @property
    def name(self) -> str:
        """The picture's file name."""
        return f"{self.seed:07d}.png"


def paint_one(commission: Commission) -> PaintedPicture:
    """Paint one picture, which depends only on its commission."""
    rng = Random(commission.seed)
    portrait = sample(rng)
    flaws = flaw.sample(rng) if commission.mixed else flaw.Flaws()
    width_px = round(commission.size_px * (1.25 if portrait.framing == "landscape" else 1))
    picture = raster(draw(portrait, commission.seed, flaws.slips()), width_px)
    file = io.BytesIO()
    flaw.spoil(picture, flaws, rng).save(file, "PNG")
    line = {
        "file_name": commission.name,
        "text": full_caption(portrait),
        "tags": [tag.text for tag in tags(portrait)],
        "attributes": asdict(portrait),
        "seed": commission.seed,
        "size": commission.size_px,
        "mixed": commission.mixed,
        "grade": flaws.grade,
        "flaws": asdict(flaws),
    }
    return PaintedPicture(commission.name, file.getvalue(), line)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `paint`."""
    parser.add_argument("--count", type=int, required=True, help="how many pictures")
    parser.add_argument("--out", type=Path, required=True, help="the folder to fill or to continue")
    parser.add_argument("--size", type=int, default=512, help="pixels along the short side")
    parser.add_argument(
        "--seed", type=int, default=0, help="the first picture's seed; the others count up from it"
    )
    parser.add_argument("--mixed", action="store_true", help="faulty pictures, graded 1 to 10")
    parser.add_argument("--jobs", type=int, help="processes (default: one per core)")


def run(args: argparse.Namespace) -> int:
    """Paint the missing pictures. EngineError says why it cannot; 130 after Ctrl-C."""
    from tqdm import tqdm

    jobs = args.jobs if args.jobs is not None else os.cpu_count() or 1
    _require_valid_options(args, jobs)
    commissions = [Commission(args.seed + i, args.size, args.mixed) for i in range(args.count)]
    album = Album.open(
        args.out,
        {"size": args.size, "mixed": args.mixed},
        (commission.name for commission in commissions),
    )
    waiting = [commission for commission in commissions if commission.name not in album.listed]
    existing = len(commissions) - len(waiting)
    # A log gets an occasional line, a terminal a moving bar.
    bar = tqdm(
        initial=existing,
        total=len(commissions),
        desc="paint",
        unit="picture",
        mininterval=0.1 if sys.stderr.isatty() else 10,
    )
    try:
        with bar, closing(paint_pictures(waiting, jobs)) as pictures:
            for picture in pictures:
                album.add(picture)
                bar.update()
    except KeyboardInterrupt:
        print(
            f"stopped: {bar.n} of {len(commissions)} pictures are in {args.out}, listed;"
            " the same command paints the rest.",
            file=sys.stderr,
        )
        return 130
    print(f"{args.out}: {len(commissions)} pictures, {existing} of them were there before")
    return 0


def _require_valid_options(args: argparse.Namespace, jobs: int) -> None:
    """Raise EngineError for an option outside its range, or a missing renderer."""
    values = {"count": args.count, "size": args.size, "seed": args.seed, "jobs": jobs}
    for name, (least, most) in LIMITS.items():
        if not least <= values[name] <= most:
            raise EngineError(f"--{name} must be {least} to {most}.")
    if args.seed + args.count - 1 > (last := LIMITS["seed"][1]):
        raise EngineError(f"--seed and --count lead beyond {last}: begin lower.")
    if importlib.util.find_spec("resvg_py") is None:
        raise EngineError("the package resvg_py is missing: pip install -e '.[train]'")


def paint_pictures(
    commissions: list[Commission], jobs: int
) -> Generator[PaintedPicture, None, None]:
    """The commissioned pictures, in order, painted by `jobs` processes.

    Few are in progress at once, so that memory does not grow with their number. Raises EngineError
    if a process was killed.
    """
    if jobs == 1:
        yield from map(paint_one, commissions)
        return
    waiting, in_progress = deque(commissions), deque[Future[PaintedPicture]]()
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        with _ignoring_ctrl_c():
            while waiting and len(in_progress) < jobs * _QUEUED_PER_PROCESS:
                in_progress.append(pool.submit(paint_one, waiting.popleft()))
        while in_progress:
            yield in_progress.popleft().result()
            if waiting:
                in_progress.append(pool.submit(paint_one, waiting.popleft()))
    except BrokenProcessPool as fault:
        raise EngineError("a painting process was killed: try fewer --jobs.") from fault
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _ignoring_ctrl_c() -> Iterator[None]:
    """Processes started here ignore Ctrl-C: only the writing process reacts to it."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
