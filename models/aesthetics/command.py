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
from models.aesthetics.scan import Scanned, scan
from models.aesthetics.scorer import OWN, OWN_HEAD, Aesthetic, open_aesthetic
from models.contract import EngineError
from models.data.findings import Report
from models.data.sources import is_danbooru, number_of
from models.report import Row, write_json

if TYPE_CHECKING:
    from models.aesthetics.sources import Found

KEPT, SKIPPED, HISTOGRAM = "kept.jsonl", "skipped.jsonl", "histogram.png"
#: Pictures of one group on a contact sheet: two rows.
_SHOWN = 16
#: The rank correlation with the true grades that the project's own head must reach.
_GOAL = 0.9
#: With fewer graded pictures than this, report without pass or fail.
_ENOUGH = 500


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
    add("--tower", type=Path, default=OWN, help="a CLIP's folder (default: our own)")
    add("--out", type=Path, help="folder for scores and sheets (default: DIR-scores)")
    add("--kept", type=Path, help=f"manifest of what is kept (default: DIR/{KEPT})")
    add("--batch", type=int, default=32, help="pictures at once (default: 32)")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="threads that read pictures")
    add("--device", help="cuda or cpu (default: the best available)")
    add("--json", type=Path, metavar="FILE", help="write the table as rows")


def require_sense(args: argparse.Namespace) -> None:
    """Raise EngineError for unusable numbers; cheap, and called before anything is loaded."""
    for name in ("batch", "jobs"):
        if getattr(args, name) < 1:
            raise EngineError(f"--{name} must be at least 1.")
    if not args.source.exists():
        raise EngineError(f"there is no folder or manifest {args.source}.")


def run(args: argparse.Namespace) -> int:
    """Score a folder. Raises EngineError, one sentence, if that is impossible."""
    require_sense(args)
    return score(args, open_aesthetic(args.head, args.tower, args.device))


def score(args: argparse.Namespace, aesthetic: Aesthetic) -> int:
    """Score, write, and print one table. Raises EngineError if nothing can be scored."""
    _require_reach(args.min_aesthetic, aesthetic)
    source: Path = args.source.resolve()
    folder = source if source.is_dir() else source.parent
    kept = (args.kept or folder / KEPT).resolve()
    if not folder.is_relative_to(kept.parent):
        raise EngineError(f"--kept must lie in {folder} or above it: it names pictures below it.")
    report = Report()
    found = sources.found(source, report)
    if not found and not report.findings:
        raise EngineError(f"there are no pictures in {args.source}.")
    out: Path = args.out or folder.with_name(folder.name + "-scores")
    scanned = _scored(found, report, aesthetic, out, args)
    _write_kept(scanned, found, args.min_aesthetic, kept, aesthetic)
    _draw(scanned, args.min_aesthetic, out, aesthetic)
    rows = rows_of(scanned, found, args.min_aesthetic, _said(args))
    _print(rows, scanned, out)
    print(f"kept: {kept}\nhistogram, contact sheets and reasons: {out}")
    if args.json:
        write_json(rows, args.json)
    return 0


def rows_of(scanned: Scanned, found: list[Found], threshold: float, command: str) -> list[Row]:
    """The measurements of the run, as rows of a report."""
    scores = [one.score for one in scanned.scored]
    kept = sum(score > threshold for score in scores)
    speed = scanned.fresh / scanned.took_s if scanned.fresh else "all scores were known"
    values: list[tuple[str, float | str, str]] = [
        ("pictures found", len(found), ""),
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
    return rows + _against_truth(scanned, found, command)


def _row(name: str, value: float | str, unit: str, command: str) -> Row:
    return Row(area="aesthetics", name=name, value=value, unit=unit, command=command)


def _against_truth(scanned: Scanned, found: list[Found], command: str) -> list[Row]:
    """How well scores agree with true grades, if the manifest has them, as a painter's does."""
    records = {one.path: one.record for one in found}
    graded = [(one.score, number_of(records[one.path].get("grade"))) for one in scanned.scored]
    pairs = [(score, grade) for score, grade in graded if grade is not None]
    # Equal grades have no order to agree with.
    if len({grade for _, grade in pairs}) < 2:
        return []
    rank = round(spearman(*zip(*pairs, strict=True)), 4)
    apart = round(fmean(abs(a - b) for a, b in pairs), 3)
    agreement = _row("Spearman with the true grade", rank, "", command)
    if len(pairs) >= _ENOUGH:
        agreement = replace(agreement, goal=f">= {_GOAL}", holds=rank >= _GOAL)
    return [agreement, _row("mean distance from it", apart, "", command)]


def _require_reach(threshold: float, aesthetic: Aesthetic) -> None:
    head = aesthetic.head
    if not head.low <= threshold < head.high:
        raise EngineError(
            f"--min-aesthetic {threshold:g} makes no sense with this head: its scale goes from "
            f"{head.low:g} to {head.high:g}, and little lies beyond."
        )


def _scored(
    found: list[Found], report: Report, aesthetic: Aesthetic, out: Path, args: argparse.Namespace
) -> Scanned:
    """Score everything not yet scored; list unreadable files in a report file."""
    out.mkdir(parents=True, exist_ok=True)
    paths = [one.path for one in found]
    with record.Record(out / record.FILE_NAME, aesthetic.id) as scores, warnings.catch_warnings():
        # Sizes are checked before decoding, so Pillow's own warning about them is an error.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        scanned = scan(paths, aesthetic, scores, report=report, batch=args.batch, jobs=args.jobs)
    report.write_jsonl(out / SKIPPED)
    if not scanned.scored:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in report.counts().items())
        raise EngineError(f"no picture could be read: {reasons} (see {out / SKIPPED}).")
    return scanned


def _write_kept(
    scanned: Scanned, found: list[Found], threshold: float, path: Path, aesthetic: Aesthetic
) -> None:
    """Write a `metadata.jsonl` with each kept picture's record and its score.

    `score` is what the dataset's reader takes for an aesthetic grade from 1 to 10. In Danbooru's
    records that name means votes; those records, and heads with another scale, get only
    `aesthetic`.
    """
    records = {one.path: one.record for one in found}
    part = path.with_name(path.name + ".part")
    # A name that is not UTF-8 is written so that the JSON reader restores it, see `Report`.
    with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for one in scanned.scored:
            if one.score > threshold:
                said = records[one.path]
                line = said | {
                    "file_name": one.path.relative_to(path.parent).as_posix(),
                    "aesthetic": one.score,
                    "aesthetic_head": aesthetic.id,
                }
                if aesthetic.head.high == 10 and not is_danbooru(said):
                    line["score"] = min(10.0, max(1.0, one.score))
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    part.replace(path)


def _draw(scanned: Scanned, threshold: float, out: Path, aesthetic: Aesthetic) -> None:
    """The histogram and both contact sheets, as files."""
    scores = [one.score for one in scanned.scored]
    head = aesthetic.head
    charts.histogram(scores, threshold, head.low, head.high).save(out / HISTOGRAM)
    ranked = sorted(scanned.scored, key=lambda one: one.score, reverse=True)
    kept = [one for one in ranked if one.score > threshold]
    dropped = ranked[len(kept) :]
    groups = {
        "kept": _ends(kept, "the best", f"just over {threshold:g}"),
        "dropped": _ends(dropped, f"just under {threshold:g}", "the worst"),
    }
    for name, both in groups.items():
        title = f"{name}: {len(kept if name == 'kept' else dropped):,} pictures"
        charts.sheet(title, both).save(out / f"{name}.png")


def _ends(ranked: list[Scored], above: str, below: str) -> list[Group]:
    """The top and the bottom of a ranking; no picture is shown twice."""
    upper = ranked[:_SHOWN]
    lower = ranked[len(upper) :][-_SHOWN:]
    return [Group(above, upper), Group(below, lower)]


def _said(args: argparse.Namespace) -> str:
    """The command line that repeats this measurement."""
    words = ["python", "-m", "models", "score", str(args.source)]
    for name in ("head", "tower"):
        words += [f"--{name}", str(getattr(args, name))]
    return shlex.join([*words, "--min-aesthetic", f"{args.min_aesthetic:g}"])


def _print(rows: list[Row], scanned: Scanned, out: Path) -> None:
    """Print the rows as a table, with full counts, and skipped or odd files below it."""
    for row in rows:
        value = row.value if isinstance(row.value, str) else f"{row.value:,}"
        held = {True: "holds", False: "does NOT hold", None: ""}[row.holds]
        print(f"{row.name:<30} {value} {row.unit}  {row.goal} {held}".rstrip())
    for reason, count in scanned.report.counts().items():
        print(f"  {count} x {reason} (see {out / SKIPPED})")
