"""Reads the usable pictures of a folder, each with its captions.

    report = Report()
    examples = read(Path("pictures"), report=report)          # a folder or a metadata.jsonl
    assignment = assign_buckets(e.size_px for e in examples)  # nothing is dropped
    for batch in Batches(assignment, batch_size=4, seed=0).epoch(0):
        for index in batch.indices:
            text = policy.apply(examples[index].caption, example_rng(0, 0, index))
            picture = open_fitted(examples[index].path, batch.bucket)

Called by whoever trains and by the `dataset` command. Torch-free; must not know how a model is
trained.
"""

from __future__ import annotations

import errno
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from models.data.findings import Note, Report, Skip
from models.data.pictures import MAX_PIXELS, SUFFIXES, Inspection, UnusableError, inspect_picture
from models.data.sources import MANIFEST, CaptionError, Pair, read_pairs
from models.data.tagging import Caption


class DatasetError(Exception):
    """There is nothing to train on; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One usable picture: fully decoded once, so it can be opened again.

    `size_px` is (width, height) as displayed, after the EXIF rotation; `score` is aesthetic, 1 to
    10, None if nobody has judged it; `sha256` is that of the file's bytes.
    """

    path: Path
    caption: Caption
    size_px: tuple[int, int]
    score: float | None
    sha256: str


def read(
    source: Path, *, report: Report, max_pixels: int = MAX_PIXELS, threads: int | None = None
) -> list[Example]:
    """The usable pictures of a folder or a `metadata.jsonl`, sorted by path.

    Everything else is in the report with its reason. Raises FileNotFoundError if the source does
    not exist, DatasetError if nothing in it can be used.
    """
    if not source.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder or manifest", str(source))
    try:
        found = read_pairs(source, report)
    except CaptionError as fault:
        raise DatasetError(f"{source}: {fault}") from fault
    first_paths: dict[str, Path] = {}
    examples: list[Example] = []
    for pair, inspection in zip(found, _inspections(found, max_pixels, threads), strict=True):
        if isinstance(inspection, UnusableError):
            report.add(pair.path, inspection.reason, inspection.detail)
            continue
        for note in inspection.notes:
            report.add(pair.path, note)
        first = first_paths.setdefault(inspection.sha256, pair.path)
        if first != pair.path:
            report.add(pair.path, Note.DUPLICATE, first.name)
        examples.append(_example(pair, inspection))
    report.used += len(examples)
    if not examples:
        raise DatasetError(_nothing_usable(source, report))
    return examples


def _inspections(
    found: list[Pair], max_pixels: int, threads: int | None
) -> Iterator[Inspection | UnusableError]:
    """Inspect each file in order; a terminal shows a bar, because many pictures take minutes."""
    from tqdm import tqdm

    pool = ThreadPoolExecutor(threads or os.cpu_count())
    with warnings.catch_warnings():
        # Pillow's warnings about huge headers are errors; its other warnings are harmless.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            inspections = pool.map(lambda pair: _inspect(pair, max_pixels), found)
            yield from tqdm(
                inspections, total=len(found), unit="picture", desc="read", disable=None
            )
        finally:
            pool.shutdown(cancel_futures=True)


def _inspect(pair: Pair, max_pixels: int) -> Inspection | UnusableError:
    try:
        return inspect_picture(pair.path, max_pixels=max_pixels)
    except UnusableError as fault:
        return fault


def _example(pair: Pair, inspection: Inspection) -> Example:
    return Example(
        path=pair.path,
        caption=pair.caption,
        size_px=inspection.size_px,
        score=pair.caption.score,
        sha256=inspection.sha256,
    )


def _nothing_usable(source: Path, report: Report) -> str:
    """One line that says why nothing can be used, and what to do."""
    skipped = Counter(finding.reason for finding in report.skipped)
    if not skipped:
        return f"{source} holds no pictures ({', '.join(sorted(SUFFIXES))}) and no {MANIFEST}."
    if set(skipped) == {Skip.NO_CAPTION}:
        return (
            f"None of the {skipped[Skip.NO_CAPTION]} pictures in {source} has a caption: put"
            f" NAME.txt or NAME.json beside NAME.png, or a {MANIFEST} in the folder."
        )
    if set(skipped) == {Skip.NO_PICTURE}:
        return f"{source} holds {skipped[Skip.NO_PICTURE]} captions and not one of their pictures."
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in skipped.most_common())
    return f"Nothing in {source} can be used: {reasons}."
