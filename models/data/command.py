"""`python -m models dataset DIR`: the contents of a training folder, before training on it.

Called from the command table. It reads like the trainer and prints counts, tags, buckets and every
file that would be skipped, with the reason. Must not know how a model is trained.
"""

from __future__ import annotations

import argparse
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from models.contract import EngineError
from models.data.buckets import Assignment, assign_buckets
from models.data.examples import DatasetError, Example, read
from models.data.findings import Report
from models.data.tagging import CaptionPolicy
from models.report import Row, write_json

#: The most tags, and the most skipped files, that are shown.
_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A dataset as the command shows it."""

    examples: Sequence[Example]
    report: Report
    assignment: Assignment

    def tags(self) -> Counter[str]:
        """How many captions contain each tag, in its cleaned form."""
        policy = CaptionPolicy()
        return Counter(tag for example in self.examples for tag in policy.tags(example.caption))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `dataset`."""
    add = parser.add_argument
    add("source", type=Path, metavar="DIR", help="a folder of pictures, or a manifest (.jsonl)")
    add("--resolution", type=int, default=512, metavar="PX", help="side of a square bucket")
    add("--step", type=int, default=64, metavar="PX", help="bucket sides are whole steps")
    add("--max-ratio", type=float, default=2.0, help="the longest bucket (default: 2)")
    add("--json", type=Path, metavar="FILE", help="write the figures as rows")
    add("--findings", type=Path, metavar="FILE", help="write each finding as a line of JSON")


def run(args: argparse.Namespace) -> int:
    """Read, print, write. EngineError with one line if there is nothing to train on."""
    report = Report()
    if args.resolution < args.step:
        raise EngineError("--resolution must be at least --step.")
    try:
        # Check the parameters first: reading takes minutes.
        _assign(args, ())
        examples = read(args.source, report=report)
    except DatasetError as fault:
        _write_findings(args, report)
        if report.findings:
            print(f"{report.table()}\n{_skipped_list(report)}")  # noqa: T201  the command line prints
        raise EngineError(str(fault)) from fault
    except ValueError as fault:
        raise EngineError(f"{fault}.") from fault
    assignment = _assign(args, [example.size_px for example in examples])
    overview = Overview(examples=examples, report=report, assignment=assignment)
    print(overview_text(overview))  # noqa: T201  the command line prints
    _write_findings(args, report)
    if args.json:
        write_json(rows_of(overview, _command_line(args)), args.json)
    return 0


def overview_text(overview: Overview) -> str:
    """Everything that is printed."""
    parts = [
        overview.report.table(),
        _tag_table(overview.tags(), len(overview.examples)),
        _bucket_table(overview.assignment),
        _skipped_list(overview.report),
    ]
    return "\n\n".join(part for part in parts if part)


def rows_of(overview: Overview, command: str) -> list[Row]:
    """The same figures for machines."""
    rows: list[tuple[str, float, str]] = [("usable pictures", overview.report.used, "")]
    rows += [(reason, count, "") for reason, count in overview.report.counts().items()]
    rows += [(f"tag {tag}", n, "pictures") for tag, n in overview.tags().most_common(_SHOWN_MAX)]
    for bucket, count in overview.assignment.counts().items():
        rows.append((f"bucket {bucket}", count, "pictures"))
    cuts = [placement.cut for placement in overview.assignment.placements]
    rows += [
        ("cut off by buckets, mean", round(100 * fmean(cuts), 2), "%"),
        ("cut off by buckets, most", round(100 * max(cuts), 2), "%"),
        (
            "stretched beyond the limit",
            sum(p.stretched for p in overview.assignment.placements),
            "",
        ),
    ]
    return [
        Row(area="dataset", name=name, value=value, unit=unit, command=command)
        for name, value, unit in rows
    ]


def _assign(args: argparse.Namespace, sizes: Sequence[tuple[int, int]]) -> Assignment:
    return assign_buckets(
        sizes,
        area_px=args.resolution**2,
        step_px=args.step,
        max_ratio=args.max_ratio,
    )


def _tag_table(tags: Counter[str], pictures: int) -> str:
    """The most frequent tags, each with its share of the pictures and a bar."""
    if not tags:
        return ""
    lines = [f"{len(tags):,} different tags; the most frequent:"]
    width = max(len(tag) for tag, _ in tags.most_common(_SHOWN_MAX))
    for tag, count in tags.most_common(_SHOWN_MAX):
        share = count / pictures
        lines.append(f"  {tag:<{width}}  {count:>7,}  {share:>4.0%}  {'#' * round(30 * share)}")
    return "\n".join(lines)


def _bucket_table(assignment: Assignment) -> str:
    """One line per bucket: its pictures, and how much of them is cropped."""
    lines = ["bucket        pictures  cut off: mean   most  enlarged"]
    for bucket, count in assignment.counts().items():
        placements = [assignment.placements[index] for index in assignment.members[bucket]]
        cuts = [placement.cut for placement in placements]
        enlarged = sum(placement.scale > 1 for placement in placements)
        lines.append(
            f"{bucket!s:<12} {count:>9,} {fmean(cuts):>14.1%} {max(cuts):>6.1%} {enlarged:>9,}"
        )
    if stretched := sum(placement.stretched for placement in assignment.placements):
        lines.append(f"{stretched:,} of them grow beyond the limit: no bucket is small enough")
    return "\n".join(lines)


def _skipped_list(report: Report) -> str:
    """The first skipped files with their reasons."""
    skipped = report.skipped
    lines = [f"{len(skipped):,} skipped:"] if skipped else []
    for finding in skipped[:_SHOWN_MAX]:
        detail = f" ({finding.detail})" if finding.detail else ""
        lines.append(f"  {finding.path}: {finding.reason}{detail}")
    if len(skipped) > _SHOWN_MAX:
        lines.append(f"  and {len(skipped) - _SHOWN_MAX:,} more: --findings FILE lists them all")
    return "\n".join(lines)


def _write_findings(args: argparse.Namespace, report: Report) -> None:
    if args.findings:
        report.write_jsonl(args.findings)


def _command_line(args: argparse.Namespace) -> str:
    """The command line that repeats this measurement."""
    words = ["python", "-m", "models", "dataset", str(args.source)]
    for name in ("resolution", "step", "max_ratio"):
        words += [f"--{name.replace('_', '-')}", f"{getattr(args, name):g}"]
    return shlex.join(words)
