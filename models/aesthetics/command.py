"""The command `score`: writes a manifest of the good pictures, and contact sheets to check it by.

Called by the command table. Must not know how scores are computed.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import warnings
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

from PIL import Image

from models.aesthetics import charts, record, sources
from models.aesthetics.charts import Group, Scored
from models.aesthetics.rank import spearman
from models.aesthetics.scan import ScanResult, scan
from models.aesthetics.scorer import OWN_HEAD, OWN_TOWER, Aesthetic, open_aesthetic
from models.contract import EngineError
from models.data.findings import Report
from models.data.sources import is_danbooru, number_of
from models.report import Row, write_json

if TYPE_CHECKING:
    from models.aesthetics.sources import FoundPicture

KEPT, SKIPPED, HISTOGRAM = "kept.jsonl", "skipped.jsonl", "histogram.png"
#: Pictures of one group on a contact sheet: two rows.
_GROUP_PICTURES = 16
#: The rank correlation with the true grades that the project's own head must reach.
_RANK_GOAL = 0.9
#: With fewer graded pictures than this, report without pass or fail.
_MIN_GRADED = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("source", type=Path, metavar="DIR", help="a folder of pictures, or a manifest (.jsonl)")
    add(
        "--min-aesthetic",
        type=float,
        default=6.0,
        help="keep pictures that score more (default: 6.0)",
    )
    add(
        "--head", type=Path, default=OWN_HEAD, help="a .pth or .safetensors file (default: our own)"
    )
    add("--tower", type=Path, default=OWN_TOWER, help="a CLIP's folder (default: our own)")
    add("--out", type=Path, help="folder for scores and sheets (default: DIR-scores)")
    add("--kept", type=Path, help=f"manifest of what is kept (default: DIR/{KEPT})")
    add("--batch", type=int, default=32, help="pictures at once (default: 32)")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="threads that read pictures")
    add("--device", help="cuda or cpu (default: the best available)")
    add("--json", type=Path, metavar="FILE", help="write the table as rows")


def require_usable_options(args: argparse.Namespace) -> None:
    """Raise EngineError for unusable options; cheap, and called before anything is loaded."""
    for name in ("batch", "jobs"):
        if getattr(args, name) < 1:
            raise EngineError(f"--{name} must be at least 1.")
    if not args.source.exists():
        raise EngineError(f"there is no folder or manifest {args.source}.")


def run(args: argparse.Namespace) -> int:
    """Score a folder. Raises EngineError, with one sentence, if that is impossible."""
    require_usable_options(args)
    return score(args, open_aesthetic(args.head, args.tower, args.device))


def score(args: argparse.Namespace, aesthetic: Aesthetic) -> int:
    """Score, write, and print one table. Raises EngineError if nothing can be scored."""
    _require_threshold_on_scale(args.min_aesthetic, aesthetic)
    source: Path = args.source.resolve()
    folder = source if source.is_dir() else source.parent
    kept = (args.kept or folder / KEPT).resolve()
    if not folder.is_relative_to(kept.parent):
        raise EngineError(f"--kept must lie in {folder} or above it: it names pictures below it.")
    report = Report()
    pictures = sources.find_pictures(source, report)
    if not pictures and not report.findings:
        raise EngineError(f"there are no pictures in {args.source}.")
    out: Path = args.out or folder.with_name(folder.name + "-scores")
    scanned = _score_pictures(pictures, report, aesthetic, out, args)
    _write_kept(scanned, pictures, args.min_aesthetic, kept, aesthetic)
    _draw_charts(scanned, args.min_aesthetic, out, aesthetic)
    rows = rows_of(scanned, pictures, args.min_aesthetic, _command_line(args))
    _print_rows(rows, scanned, out)
    print(f"kept: {kept}\nhistogram, contact sheets and reasons: {out}")
    if args.json:
        write_json(rows, args.json)
    return 0


def rows_of(
    scanned: ScanResult, pictures: list[FoundPicture], threshold: float, command: str
) -> list[Row]:
    """The measurements of the run, as rows of a report."""
    scores = [picture.score for picture in scanned.scored]
    kept = sum(score > threshold for score in scores)
    speed = scanned.fresh / scanned.took_s if scanned.fresh else "all scores were known"
    values: list[tuple[str, float | str, str]] = [
        ("pictures found", len(pictures), ""),
        ("scored in this run", scanned.fresh, ""),
        ("skipped", len(scanned.report.skipped), ""),
        (f"kept, over {threshold:g}", kept, ""),
        ("kept", round(100 * kept / len(scores), 1), "%"),
        ("lowest score", min(scores), ""),
        ("median score", round(median(scores), 3), ""),
        ("mean score", round(fmean(scores), 3), ""),
        ("highest score", max(scores), ""),
        ("speed", speed if isinstance(speed, str) else round(speed, 1), "pictures/s"),
    ]
    rows = [_row(name, value, unit, command) for name, value, unit in values]
    return rows + _agreement_rows(scanned, pictures, command)


def _row(name: str, value: float | str, unit: str, command: str) -> Row:
    return Row(area="aesthetics", name=name, value=value, unit=unit, command=command)


def _agreement_rows(scanned: ScanResult, pictures: list[FoundPicture], command: str) -> list[Row]:
    """Rows about the agreement with true grades, if the manifest has them."""
    records = {picture.path: picture.record for picture in pictures}
    graded = [
        (picture.score, number_of(records[picture.path].get("grade"))) for picture in scanned.scored
    ]
    pairs = [(score, grade) for score, grade in graded if grade is not None]
    # If all grades are equal, there is no order to agree with.
    if len({grade for _, grade in pairs}) < 2:
        return []
    rank = round(spearman(*zip(*pairs, strict=True)), 4)
    mean_distance = round(fmean(abs(a - b) for a, b in pairs), 3)
    agreement = _row("Spearman with the true grade", rank, "", command)
    if len(pairs) >= _MIN_GRADED:
        agreement = replace(agreement, goal=f">= {_RANK_GOAL}", holds=rank >= _RANK_GOAL)
    return [agreement, _row("mean distance from it", mean_distance, "", command)]


def _require_threshold_on_scale(threshold: float, aesthetic: Aesthetic) -> None:
    head = aesthetic.head
    if not head.low <= threshold < head.high:
        raise EngineError(
            f"--min-aesthetic {threshold:g} makes no sense with this head: its scale goes from "
            f"{head.low:g} to {head.high:g}, and little lies beyond."
        )


def _score_pictures(
    pictures: list[FoundPicture],
    report: Report,
    aesthetic: Aesthetic,
    out: Path,
    args: argparse.Namespace,
) -> ScanResult:
    """Score everything not yet scored; list unreadable files in a report file."""
    out.mkdir(parents=True, exist_ok=True)
    paths = [picture.path for picture in pictures]
    with (
        record.ScoreRecord(out / record.FILE_NAME, aesthetic.id) as scores,
        warnings.catch_warnings(),
    ):
        # Sizes are checked before decoding, so Pillow's own warning about them is an error.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        scanned = scan(paths, aesthetic, scores, report=report, batch=args.batch, jobs=args.jobs)
    report.write_jsonl(out / SKIPPED)
    if not scanned.scored:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in report.counts().items())
        raise EngineError(f"no picture could be read: {reasons} (see {out / SKIPPED}).")
    return scanned


def _write_kept(
    scanned: ScanResult,
    pictures: list[FoundPicture],
    threshold: float,
    path: Path,
    aesthetic: Aesthetic,
) -> None:
    """Write a `metadata.jsonl` with each kept picture's record and its score.

    The dataset's reader takes `score` for an aesthetic grade from 1 to 10. In Danbooru's records
    that name means votes. So those records, and scores on another scale, get only `aesthetic`.
    """
    records = {picture.path: picture.record for picture in pictures}
    part = path.with_name(path.name + ".part")
    # The JSON reader restores a name that is not UTF-8 from this form, see `Report`.
    with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for picture in scanned.scored:
            if picture.score > threshold:
                original = records[picture.path]
                line = original | {
                    "file_name": picture.path.relative_to(path.parent).as_posix(),
                    "aesthetic": picture.score,
                    "aesthetic_head": aesthetic.id,
                }
                if aesthetic.head.high == 10 and not is_danbooru(original):
                    line["score"] = min(10.0, max(1.0, picture.score))
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    part.replace(path)


def _draw_charts(scanned: ScanResult, threshold: float, out: Path, aesthetic: Aesthetic) -> None:
    """Write the histogram and both contact sheets."""
    scores = [picture.score for picture in scanned.scored]
    head = aesthetic.head
    charts.histogram(scores, threshold, head.low, head.high).save(out / HISTOGRAM)
    ranked = sorted(scanned.scored, key=lambda picture: picture.score, reverse=True)
    kept = [picture for picture in ranked if picture.score > threshold]
    dropped = ranked[len(kept) :]
    groups = {
        "kept": _best_and_worst(kept, "the best", f"just over {threshold:g}"),
        "dropped": _best_and_worst(dropped, f"just under {threshold:g}", "the worst"),
    }
    for name, pair in groups.items():
        title = f"{name}: {len(kept if name == 'kept' else dropped):,} pictures"
        charts.sheet(title, pair).save(out / f"{name}.png")


def _best_and_worst(ranked: list[Scored], above: str, below: str) -> list[Group]:
    """The top and the bottom of a ranking; no picture appears twice."""
    best = ranked[:_GROUP_PICTURES]
    worst = ranked[len(best) :][-_GROUP_PICTURES:]
    return [Group(above, best), Group(below, worst)]


def _command_line(args: argparse.Namespace) -> str:
    """The command line that repeats this measurement."""
    words = ["python", "-m", "models", "score", str(args.source)]
    for name in ("head", "tower"):
        words += [f"--{name}", str(getattr(args, name))]
    return shlex.join([*words, "--min-aesthetic", f"{args.min_aesthetic:g}"])


def _print_rows(rows: list[Row], scanned: ScanResult, out: Path) -> None:
    """Print the rows as a table, with full counts, and skipped or odd files below it."""
    for row in rows:
        value = row.value if isinstance(row.value, str) else f"{row.value:,}"
        verdict = {True: "holds", False: "does NOT hold", None: ""}[row.holds]
        print(f"{row.name:<30} {value} {row.unit}  {row.goal} {verdict}".rstrip())
    for reason, count in scanned.report.counts().items():
        print(f"  {count} x {reason} (see {out / SKIPPED})")
