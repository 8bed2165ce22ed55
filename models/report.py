"""One row for one measured figure, and the table and file that show rows.

Called by every command and benchmark that measures. Torch-free; must not know what is measured.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure with its goal; `holds` is None if no goal was set."""

    area: str
    name: str
    value: float | str
    unit: str
    goal: str = ""
    holds: bool | None = None
    #: The command that repeats the measurement; programs that run others fill it in.
    command: str = ""


def unmeasured(area: str, name: str, why: str, goal: str = "", *, command: str = "") -> Row:
    """A figure that could not be measured here: the value says why, and it does not hold."""
    return Row(area=area, name=name, value=why, unit="", goal=goal, holds=False, command=command)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0..1) of the sorted values lie; the nearest rank above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(rows: list[Row]) -> str:
    """Rows as aligned text."""
    cells = [("area", "what", "value", "unit", "goal", "holds")]
    for row in rows:
        value = row.value if isinstance(row.value, str) else f"{row.value:,.3g}"
        holds = {True: "yes", False: "NO", None: ""}[row.holds]
        cells.append((row.area, row.name, value, row.unit, row.goal, holds))
    widths = [max(len(line[i]) for line in cells) for i in range(6)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def write_json(rows: list[Row], path: Path) -> None:
    """The same rows for machines."""
    path.write_text(
        json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
