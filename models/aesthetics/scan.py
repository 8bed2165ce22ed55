"""Scores all pictures once: threads read and cut, the scorer scores, the record stores.

Called by the command. A kill at any time costs at most one batch. Must not know manifests or
sheets.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from models.aesthetics.charts import Scored
from models.aesthetics.record import ScoreRecord
from models.catalogue.registry import file_sha256
from models.data.findings import Note, Report, Skip
from models.data.pictures import UnusableError, inspect_picture, open_rgb

if TYPE_CHECKING:
    import numpy as np

    from models.aesthetics.scorer import Aesthetic


@dataclass(slots=True, kw_only=True)
class ScanResult:
    """The result of a run.

    `scored` has the pictures in order, `fresh` counts the newly computed scores, and the report
    holds what was skipped, what was odd, and why.
    """

    scored: list[Scored] = field(default_factory=list[Scored])
    report: Report = field(default_factory=Report)
    fresh: int = 0
    took_s: float = 0.0


#: A report entry for a picture that cannot be used.
_Fault = tuple[Path, Skip, str]


class _ReadPicture(NamedTuple):
    """A picture prepared by a thread; without a cut if its score is already known."""

    path: Path
    sha256: str
    cut: np.ndarray | None
    notes: tuple[Note, ...] = ()


class _Unscored(NamedTuple):
    """Pictures waiting to be scored, and the notes from reading them."""

    cut: np.ndarray
    notes: tuple[Note, ...]


def scan(
    paths: list[Path],
    aesthetic: Aesthetic,
    record: ScoreRecord,
    *,
    report: Report,
    batch: int,
    jobs: int,
) -> ScanResult:
    """Score what the record lacks, and record each batch before the next.

    Findings about pictures are added to the report, which may hold some already.
    """
    from tqdm import tqdm

    result, known, began = ScanResult(report=report), len(record.scores), time.monotonic()
    read_files: list[tuple[Path, str]] = []
    waiting: dict[str, _Unscored] = {}
    with tqdm(
        total=len(paths), unit="picture", desc="score", mininterval=0.5, disable=not paths
    ) as bar:
        for item in _read_ahead(paths, aesthetic, record, batch=batch, jobs=jobs):
            if isinstance(item, _ReadPicture):
                read_files.append((item.path, item.sha256))
                for note in item.notes:
                    result.report.add(item.path, note)
                if item.cut is not None and item.sha256 not in record.scores:
                    waiting[item.sha256] = _Unscored(item.cut, item.notes)
            else:
                result.report.add(*item)
            if len(waiting) == batch:
                _score(waiting, aesthetic, record)
            bar.update()
    _score(waiting, aesthetic, record)
    result.scored = [Scored(path, record.scores[sha256]) for path, sha256 in read_files]
    result.report.used = len(read_files)
    result.fresh, result.took_s = len(record.scores) - known, time.monotonic() - began
    return result


def _score(waiting: dict[str, _Unscored], aesthetic: Aesthetic, record: ScoreRecord) -> None:
    if waiting:
        scores = aesthetic.score_cuts([unscored.cut for unscored in waiting.values()])
        notes = {sha256: unscored.notes for sha256, unscored in waiting.items()}
        record.add(dict(zip(waiting, scores, strict=True)), notes)
        waiting.clear()


def _read_ahead(
    paths: Iterable[Path], aesthetic: Aesthetic, record: ScoreRecord, *, batch: int, jobs: int
) -> Iterator[_ReadPicture | _Fault]:
    """The pictures in order, reading at most two batches ahead."""
    rest = iter(paths)
    ahead: deque[Future[_ReadPicture | _Fault]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for path in islice(rest, 2 * batch):
                ahead.append(pool.submit(_read, path, aesthetic, record))
            while ahead:
                yield ahead.popleft().result()
                for path in islice(rest, 1):
                    ahead.append(pool.submit(_read, path, aesthetic, record))
        finally:
            pool.shutdown(cancel_futures=True)


def _read(path: Path, aesthetic: Aesthetic, record: ScoreRecord) -> _ReadPicture | _Fault:
    """Read one file: its hash and, if that is new, the tower's view of it."""
    try:
        sha256 = file_sha256(path)
        if sha256 in record.scores:
            return _ReadPicture(path, sha256, None, record.notes.get(sha256, ()))
        notes = inspect_picture(path).notes
        return _ReadPicture(path, sha256, aesthetic.cut(open_rgb(path)), notes)
    except FileNotFoundError:
        return path, Skip.NO_PICTURE, ""
    except OSError as fault:
        return path, Skip.UNREADABLE, fault.strerror or ""
    except UnusableError as fault:
        return path, fault.reason, fault.detail
