"""`python -m models safety-report`: the scores of pictures that are known to be harmless.

A command of `models.__main__`. It counts how many would be called nude at each threshold, and
measures the time per picture. Must not know policy's thresholds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from models.contract import EngineError, ScoringError
from models.data.pictures import UnusableError, open_rgb
from models.engine.safety.open_nsfw import open_nsfw
from models.engine.safety.safety_checker import open_checker
from models.engine.safety.scorer import strictest
from models.engine.safety.viewing import Viewer, views
from models.engine.safety.wd_tagger import open_tagger
from models.report import Row, percentile, table, write_json

_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}


@dataclass(slots=True)
class ScorerFindings:
    """One scorer's results for every picture at several sizes, and their cost."""

    sizes: str
    likelihoods: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    took_s: float = 0.0

    def score(self, viewer: Viewer, pictures: Sequence[Image.Image]) -> None:
        """Score the views of one picture; the strictest counts. Raises ScoringError."""
        began_s = time.perf_counter()
        scores = strictest(viewer, pictures)
        self.took_s += time.perf_counter() - began_s
        for measure, likely in scores.items():
            self.likelihoods.setdefault(measure, []).append(likely)

    def rows(self, name: str, thresholds: Sequence[float]) -> Iterator[Row]:
        """The table's lines: the shares over each threshold, the tail, the cost."""
        for measure, values in self.likelihoods.items():
            label_prefix = f"{name}, {self.sizes}, {measure}"
            for threshold in thresholds:
                share = sum(value >= threshold for value in values) / len(values)
                yield Row(
                    area="safety",
                    name=f"{label_prefix} >= {threshold:g}",
                    value=100 * share,
                    unit="%",
                )
            for label, value in (("p99", percentile(values, 0.99)), ("most", max(values))):
                yield Row(area="safety", name=f"{label_prefix}, {label}", value=value, unit="")
        count = len(next(iter(self.likelihoods.values())))
        cost_ms = 1000 * self.took_s / count
        yield Row(area="safety", name=f"{name}, {self.sizes}", value=cost_ms, unit="ms/picture")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("folders", type=Path, nargs="+", metavar="DIR", help="folders of harmless pictures")
    add("--tagger", help="a WD tagger's folder or hub id, as in WD_TAGGER")
    add("--checker", type=Path, metavar="MODEL", help="a model's folder with a safety checker")
    add("--over", type=float, nargs="+", default=[0.3, 0.5, 0.8, 0.95], help="the thresholds")
    add("--json", type=Path, metavar="FILE", help="write the table as rows")


def run(args: argparse.Namespace) -> int:
    """Score every picture. Raises EngineError if there is none, or a scorer is unavailable."""
    paths = [path for folder in args.folders for path in sorted(folder.iterdir())]
    pictures = [path for path in paths if path.suffix.lower() in _SUFFIXES]
    if not pictures:
        raise EngineError("there is no picture in these folders (png, jpg or webp).")
    rows = [Row(area="safety", name="harmless pictures", value=len(pictures), unit="")]
    for viewer in _viewers(args):
        rows += measure_scorer(viewer, pictures, args.over)
    print(table(rows))
    if args.json is not None:
        write_json(rows, args.json)
    return 0


def _viewers(args: argparse.Namespace) -> Iterator[Viewer]:
    yield open_nsfw()
    if args.checker is not None:
        yield open_checker(args.checker)
    if args.tagger is not None:
        yield open_tagger(args.tagger)


def measure_scorer(
    viewer: Viewer, pictures: Sequence[Path], thresholds: Sequence[float]
) -> list[Row]:
    """A scorer's results for the pictures: whole, and in parts if it looks at those.

    EngineError names a picture that cannot be read or scored.
    """
    whole, parts = ScorerFindings("whole"), ScorerFindings("with parts")
    for path in pictures:
        try:
            picture = open_rgb(path)
            whole.score(viewer, [picture])
            if viewer.part_px is not None:
                parts.score(viewer, views(picture, viewer.part_px))
        except (ScoringError, UnusableError) as fault:
            raise EngineError(f"{path}: {fault}") from fault
    sizes = [whole] if viewer.part_px is None else [whole, parts]
    return [row for findings in sizes for row in findings.rows(viewer.name, thresholds)]
