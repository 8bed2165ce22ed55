"""How many votes are needed? How often reward models are right and candidates win.

For each count of votes, several crowds vote on the same pictures, and a reward model is fitted to
each crowd's votes and tested on pairs of prompts that nobody voted on. The plot also shows the
candidates that the learning bench has trained in the folder. Run it as
`python -m tests.bench.learning_curve --work FOLDER --out PICTURE`, after `tests.bench.learning`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import log, sqrt
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from models.data.evidence import evidence_from
from models.manifest import Split
from models.measuring.features import FeatureFunction, feature_functions, with_sections
from models.measuring.reward import fit
from models.report import Row, table, write_json
from models.statistics.beta import Posterior
from tests.bench.learning import HELD_OUT, TRIALS, Bench, Trial, decisive_pairs
from tests.stages import school
from tests.stages.voters import Crowd, JudgedPictures, Question, judge_pictures

Floats = NDArray[np.float64]
COUNTS = (60, 125, 250, 500)
TASTES = {"style": "#1f4fa8", "quality": "#b3471d", "open": "#2f7d4f"}
#: The number of crowds for each count of votes.
_CROWDS = 8
_BATCH = 50
_SIZE, _LEFT, _TOP, _RIGHT, _BELOW = (900, 460), 60, 24, 24, 44
#: In 95 of 100 cases, the mean of eight is at most this many standard errors from the truth.
_STUDENT = 2.365


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A share in percent, with its 95 % interval."""

    taste: str
    count: int
    value: float
    low: float
    high: float

    def row(self, what: str) -> Row:
        """The mark as a row of a report."""
        return Row(
            area="learning",
            name=f"{self.taste}, {self.count} votes: {what}",
            value=self.value,
            unit=f"% of pairs ({self.low:.0f} to {self.high:.0f})",
        )


class Pool:
    """The features of the voted pictures and of unseen prompts, for every set of features."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._voted = bench.draw_once("embedded", "voted", bench.voted)
        self._unseen = bench.draw_pairs("embedded", "embedded")
        self._files = [f"pictures/{i:064x}.png" for i in range(len(self._voted))]
        self._grids = np.arange(len(self._voted)) // 4
        self._prompts = {
            name: str(grid)
            for name, grid in zip(self._files, self._grids, strict=True)
            if grid % HELD_OUT
        }
        both = np.concatenate([self._voted, self._unseen])
        self._features = with_sections(features_of(both))
        self._worth = {name: bench.tastes[name](both) for name in TASTES}

    def reward_accuracy(self, taste: str, count: int, crowd: int) -> float:
        """The share of unseen prompts' pairs that a reward model of `count` votes gets right."""
        voted, worth = len(self._voted), self._worth[taste]
        shown = JudgedPictures(
            files=self._files,
            grids=self._grids,
            splits=[Split.TRAIN] * voted,
            taste=worth[:voted],
        )
        judgements = judge_pictures(shown, Crowd(), Question.VOTES, count, seed=crowd)
        evidence = evidence_from(
            (j for j in judgements if j.files[0] in self._prompts), self._prompts
        )
        sets = {
            name: dict(zip(self._files, rows[:voted], strict=True))
            for name, rows in self._features.items()
        }
        reward = fit(evidence.pairs, self._prompts, sets, evidence.votes)
        values = reward.of(self._features[reward.features])
        pairs = [(a, b) for a, b in self._pairs() if worth[a] != worth[b]]
        return float(np.mean([(values[a] > values[b]) == (worth[a] > worth[b]) for a, b in pairs]))

    def _pairs(self) -> Iterator[tuple[int, int]]:
        for grid in range(0, len(self._voted) // 4, HELD_OUT):
            yield from ((4 * grid + i, 4 * grid + j) for i in range(4) for j in range(i))
        first = len(self._voted)
        yield from ((first + i, first + i + 1) for i in range(0, len(self._unseen), 2))


def features_of(pictures: np.ndarray) -> dict[str, Floats]:
    """Every set of features (N, d) of pictures uint8 (N, S, S, 3)."""
    return {name: _features(look, pictures) for name, look in feature_functions().items()}


@torch.inference_mode()
def _features(look: FeatureFunction, pictures: np.ndarray) -> Floats:
    """A set's features (N, d) of pictures (N, S, S, 3)."""
    parts = [pictures[at : at + _BATCH] for at in range(0, len(pictures), _BATCH)]
    tensors = (torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255 for part in parts)
    return np.concatenate([look(part).double().numpy() for part in tensors])


def reward_mark(pool: Pool, taste: str, count: int) -> Mark:
    """The mean of several crowds, with Student's interval."""
    shares = [100 * pool.reward_accuracy(taste, count, crowd) for crowd in range(1, _CROWDS + 1)]
    mean, error = float(np.mean(shares)), float(np.std(shares, ddof=1)) / sqrt(len(shares))
    half_width = _STUDENT * error
    return Mark(taste=taste, count=count, value=mean, low=mean - half_width, high=mean + half_width)


def candidate_mark(bench: Bench, trial: Trial) -> Mark | None:
    """The decided pairs that a trained candidate wins; None if it was not trained."""
    if not (bench.work / "runs" / trial.name / "seconds.json").exists():
        return None
    before = bench.draw_pairs("embedded", "embedded")
    model = str(bench.work / "runs" / trial.name / "model")
    pair = decisive_pairs(bench, trial.taste, before, bench.draw_pairs(model, trial.name))
    old, new = (bench.tastes[trial.taste](pictures) for pictures in pair)
    up, down = int((new > old).sum()), int((new < old).sum())
    low, high = Posterior(up=up, down=down).interval(0.95)
    share = up / max(1, up + down)
    return Mark(
        taste=trial.taste, count=trial.count, value=100 * share, low=100 * low, high=100 * high
    )


def plot(lines: Mapping[str, Sequence[Mark]], dots: Sequence[Mark]) -> Image.Image:
    """Bands and lines for what reward models get right, dots for what candidates win."""
    picture = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13)
    _axes(draw, font)
    for taste, marks in lines.items():
        colour = TASTES[taste]
        band = [_point(m.count, m.high) for m in marks] + [
            _point(m.count, m.low) for m in marks[::-1]
        ]
        mask = Image.new("L", _SIZE)
        ImageDraw.Draw(mask).polygon(band, fill=40)
        picture.paste(Image.new("RGB", _SIZE, colour), mask=mask)
        draw.line([_point(m.count, m.value) for m in marks], fill=colour, width=2)
        x, y = _point(marks[1].count, marks[1].value)
        draw.text((x + 6, y + 4), f"{taste}: reward model", fill=colour, font=font)
    for number, dot in enumerate(dots):
        x, y = _point(dot.count, dot.value)
        x += 4 * (number % 3) - 4  # Two intervals of one count would hide each other.
        colour = TASTES[dot.taste]
        draw.line([(x, _point(1, dot.low)[1]), (x, _point(1, dot.high)[1])], fill=colour, width=1)
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)
    return picture


def _point(count: int, share: float) -> tuple[float, float]:
    """The place of a count of votes and a share in percent; counts on a logarithmic axis."""
    width, height = _SIZE[0] - _LEFT - _RIGHT, _SIZE[1] - _TOP - _BELOW
    along = log(max(count, 50) / 50) / log(600 / 50)
    return _LEFT + width * along, _TOP + height * (100 - share) / 60


def _axes(draw: ImageDraw.ImageDraw, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> None:
    for share in range(40, 101, 10):
        y = _point(1, share)[1]
        draw.line(
            [(_LEFT, y), (_SIZE[0] - _RIGHT, y)], fill="#c8c8d0" if share == 50 else "#ececf0"
        )
        draw.text((_LEFT - 44, y - 8), f"{share} %", fill="#444444", font=font)
    for count in COUNTS:
        x, y = _point(count, 40)
        draw.text((x - 10, y + 6), str(count), fill="#444444", font=font)
    caption = "votes (dots: decided pairs that a trained candidate wins)"
    draw.text((_LEFT + 200, _SIZE[1] - 20), caption, fill="#444444", font=font)


def main() -> int:
    """Print the rows and save the picture."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.learning_curve")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the picture, a PNG")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    args = parser.parse_args()
    torch.set_num_threads(1)
    pool = Pool(Bench(args.work, first=school.CHOSEN_BY, paired=60))
    lines = {taste: [reward_mark(pool, taste, count) for count in COUNTS] for taste in TASTES}
    final = Bench(args.work, first=school.FINAL, paired=100)
    plain_trials = [t for t in TRIALS.values() if _is_plain(t)]
    dots = [mark for mark in map(partial(candidate_mark, final), plain_trials) if mark is not None]
    plot(lines, dots).quantize(64).save(args.out, optimize=True)
    rows = [mark.row("told right") for marks in lines.values() for mark in marks]
    rows += [mark.row("won") for mark in dots]
    print(table(rows))
    if args.json:
        write_json(rows, args.json)
    return 0


def _is_plain(trial: Trial) -> bool:
    """Whether it has votes of honest members and is trained as usual."""
    usual = trial.ask is Question.VOTES and trial.crowd == Crowd() and trial.visits == 1
    return usual and not trial.options and trial.base_trial is None


if __name__ == "__main__":
    sys.exit(main())
