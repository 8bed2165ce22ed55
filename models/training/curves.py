"""The curves of a run: a CSV with a line per step, and a plot of it.

A resumed run first drops the lines after its state, so the file equals that of an unbroken run. Any
trainer may use it. Must not know what is trained.
"""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from models.contract import EngineError

_WIDTH, _PANEL, _MARGIN = 960, 240, 56
_BACKGROUND, _TEXT, _GRID_LINE, _RAW_LINE, _SMOOTH_LINE = (
    "#ffffff",
    "#222222",
    "#e4e4ea",
    "#b9cdf2",
    "#1f4fa8",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The record of one step; `step` counts from 1."""

    step: int
    epoch: int
    loss: float
    lr: float
    grad_norm: float
    images_per_s: float


_NAMES = [f.name for f in fields(Point)]


class Log:
    """`curve.csv` and `curve.png` in a run's folder, and TensorBoard's files if requested."""

    def __init__(self, folder: Path, last_step: int, *, tensorboard: bool = False) -> None:
        """`last_step` is the last one before this run: lines of later steps are dropped."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._points = [point for point in read(folder / "curve.csv") if point.step <= last_step]
        self._tensorboard: Any = (
            _open_tensorboard(folder / "tensorboard", last_step) if tensorboard else None
        )
        _write(folder / "curve.csv", self._points)
        self._file = (folder / "curve.csv").open("a", encoding="utf-8", newline="", buffering=1)
        self._writer = csv.writer(self._file, lineterminator="\n")

    def add(self, point: Point) -> None:
        """Append one step and flush it."""
        self._points.append(point)
        self._writer.writerow(astuple(point))
        if self._tensorboard is not None:
            for name in _NAMES[2:]:
                self._tensorboard.add_scalar(name, getattr(point, name), point.step)

    def plot(self) -> None:
        """Draw the curves again."""
        if self._points:
            draw_plot(self._points).save(self._folder / "curve.png")

    def close(self) -> None:
        """Close the files."""
        with suppress(OSError):  # A full disk has been reported already.
            self._file.close()
        if self._tensorboard is not None:
            self._tensorboard.close()


def read(path: Path) -> list[Point]:
    """The points in a CSV; empty without a file. A truncated last line is left out."""
    if not path.exists():
        return []
    points: list[Point] = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                points.append(_point(row))
            except (TypeError, ValueError):
                break
    return points


def _point(row: dict[str, str]) -> Point:
    return Point(
        step=int(row["step"]),
        epoch=int(row["epoch"]),
        loss=float(row["loss"]),
        lr=float(row["lr"]),
        grad_norm=float(row["grad_norm"]),
        images_per_s=float(row["images_per_s"]),
    )


def _write(path: Path, points: Iterable[Point]) -> None:
    """Write the points as a CSV, whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_NAMES)
        writer.writerows(astuple(point) for point in points)
    part.replace(path)


def _open_tensorboard(folder: Path, last_step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as fault:
        raise EngineError(
            "tensorboard = true needs the package: pip install tensorboard, or leave the key out; "
            "curve.csv and curve.png are written in any case."
        ) from fault
    return SummaryWriter(str(folder), purge_step=last_step + 1)


def draw_plot(points: Sequence[Point]) -> Image.Image:
    """Loss, learning rate and gradient norm over the steps, one below the other."""
    panels: list[tuple[str, Callable[[Point], float]]] = [
        ("loss", lambda point: point.loss),
        ("learning rate", lambda point: point.lr),
        ("gradient norm", lambda point: point.grad_norm),
    ]
    picture = Image.new("RGB", (_WIDTH, _PANEL * len(panels)), _BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for index, (title, value) in enumerate(panels):
        values = [(point.step, value(point)) for point in points]
        finite = [(step, y) for step, y in values if math.isfinite(y)]
        if finite:
            _Panel(draw, index * _PANEL, finite).draw(title)
    return picture


class _Panel:
    """One set of axes, which maps steps and values to the picture."""

    def __init__(
        self, draw: ImageDraw.ImageDraw, top: int, values: Sequence[tuple[int, float]]
    ) -> None:
        self._draw, self._values = draw, values
        self._left, self._right = _MARGIN + 20, _WIDTH - 16
        self._top, self._bottom = top + 28, top + _PANEL - 24
        self._first, self._last = values[0][0], max(values[-1][0], values[0][0] + 1)
        self._low = min(0.0, *(y for _, y in values))
        self._high = max(y for _, y in values) or 1.0

    def draw(self, title: str) -> None:
        font = ImageFont.load_default(12)
        self._draw.text((self._left, self._top - 22), title, _TEXT, font=font)
        for part in range(5):
            value = self._low + (self._high - self._low) * part / 4
            y = self._y(value)
            self._draw.line((self._left, y, self._right, y), _GRID_LINE)
            self._draw.text((6, y - 7), f"{value:.3g}", _TEXT, font=font)
            step = self._first + round((self._last - self._first) * part / 4)
            self._draw.text((self._x(step) - 12, self._bottom + 5), str(step), _TEXT, font=font)
        self._line(self._values, _RAW_LINE, 1)
        self._line(_smoothed(self._values), _SMOOTH_LINE, 2)

    def _line(self, values: Iterable[tuple[int, float]], colour: str, width: int) -> None:
        corners = [(self._x(step), self._y(value)) for step, value in values]
        if len(corners) > 1:
            self._draw.line(corners, colour, width)

    def _x(self, step: int) -> float:
        share = (step - self._first) / (self._last - self._first)
        return self._left + share * (self._right - self._left)

    def _y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._bottom - share * (self._bottom - self._top)


def _smoothed(values: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Means of the values in up to 100 equal stretches, each at its middle step."""
    length = max(1, len(values) // 100)
    stretches = [values[start : start + length] for start in range(0, len(values), length)]
    return [
        (stretch[len(stretch) // 2][0], statistics.fmean(y for _, y in stretch))
        for stretch in stretches
    ]
