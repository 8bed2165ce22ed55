"""How often do votes pass a candidate at the gate, and how much better is that candidate?

New crowds are simulated for candidates that the learning bench has trained: the taste decides how
often a candidate's pictures win, and the gate's critic learns from each crowd's votes. With random
votes every pass is wrong. Run it as `python -m tests.bench.gates --work FOLDER`, after
`tests.bench.learning`. It neither draws nor trains.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from models.data.evidence import Evidence, evidence_from
from models.manifest import JudgementLine, Split
from models.measuring.features import with_sections
from models.measuring.gate.floors import Measure, figure
from models.measuring.gate.shuffling import (
    Floats,
    centre_within_prompts,
    chance_of_score,
    clearest_set,
    leanings_of,
    taste_weights,
)
from models.report import Row, table, unmeasured, write_json
from tests.bench.learning import HELD_OUT, PAIRED, PROMPTS, TRIALS, Bench
from tests.bench.learning_curve import features_of
from tests.stages import school
from tests.stages.voters import Crowd, JudgedPictures, Question, judge_pictures

#: The number of pairs of pictures, from held-out prompts, that a gate compares.
_GATE_PAIRS = 96
_GRIDS = np.arange(4 * PROMPTS) // 4
#: The taste and the crowd behind each set of votes.
CROWDS: Mapping[str, tuple[str, Crowd]] = {
    "style": ("style", Crowd()),
    "quality": ("quality", Crowd()),
    "open": ("open", Crowd()),
    "style, 20 % in league": ("style", Crowd(colluding=0.2)),
    "votes at random": ("style", Crowd(null=True)),
}


class GateInputs:
    """The voted pictures and the candidates' gains, in every set of features."""

    def __init__(self, bench: Bench) -> None:
        voted = bench.draw_once("embedded", "voted", bench.voted)
        self.worth = {name: taste(voted) for name, taste in bench.tastes.items()}
        features = with_sections(features_of(voted))
        spreads = {
            name: _spread(centre_within_prompts(rows, _GRIDS)) for name, rows in features.items()
        }
        self.voted = {name: rows / spreads[name] for name, rows in features.items()}
        before = bench.draw_pairs("embedded", "embedded")
        old = with_sections(features_of(before))
        self.gains: dict[str, Mapping[str, Floats]] = {}
        self.wins: dict[str, Mapping[str, float]] = {}
        for name in _trained_trials(bench):
            after = bench.draw_pairs("", name)
            new = with_sections(features_of(after))
            self.gains[name] = {k: (new[k] - old[k])[:_GATE_PAIRS] / spreads[k] for k in old}
            self.wins[name] = {
                taste: _win_rate(worth(before), worth(after))
                for taste, worth in bench.tastes.items()
            }


def _trained_trials(bench: Bench) -> Iterator[str]:
    """The trials whose candidates have drawn the pairs."""
    end = f"-pairs-{school.FINAL}-{2 * PAIRED}.npz"
    return (name for name in TRIALS if (bench.work / "drawn" / f"{name}{end}").exists())


def _win_rate(old: Floats, new: Floats) -> float:
    return 100 * float(((new > old) + 0.5 * (new == old)).mean())


def _spread(centred: Floats) -> Floats:
    spread = np.sqrt((centred**2).mean(0))
    return np.where(spread > 1e-6 * spread.max(), spread, np.inf)


def gate_passes(inputs: GateInputs, crowd: str, count: int, seed: int) -> dict[str, bool]:
    """For each candidate, whether the votes reach all floors of the gate."""
    taste, members = CROWDS[crowd]
    shown = JudgedPictures(
        files=[str(i) for i in range(len(_GRIDS))],
        grids=_GRIDS,
        splits=[Split.TRAIN if g % HELD_OUT else Split.HELD_OUT for g in _GRIDS],
        taste=inputs.worth[taste],
    )
    visits = 2 if members.colluding else 1
    judgements = judge_pictures(shown, members, Question.VOTES, count, seed=seed, visits=visits)
    learned, unseen = (leanings_of(_evidence(judgements, split), _PROMPTS, 1000) for split in Split)
    rows = {name: features[_indices(learned.names)] for name, features in inputs.voted.items()}
    best, by_chance = clearest_set(learned, rows)
    taste_of_features = taste_weights(unseen, inputs.voted[best][_indices(unseen.names)])
    return {
        name: _all_hold(gains[best] @ taste_of_features, by_chance)
        for name, gains in inputs.gains.items()
    }


_PROMPTS = {str(i): f"{grid:03}" for i, grid in enumerate(_GRIDS)}


def _evidence(judgements: Sequence[JudgementLine], split: Split) -> Evidence:
    return evidence_from((j for j in judgements if j.split is split), _PROMPTS)


def _indices(names: Sequence[str]) -> list[int]:
    return [int(name) for name in names]


def _all_hold(gains: Floats, by_chance: float) -> bool:
    figures = (
        figure(Measure.TAUGHT, 100 * by_chance),
        figure(Measure.PREFERRED, 100 * float((gains[:, 0] > 0).mean())),
        figure(Measure.PREFERRED_BY_CHANCE, 100 * chance_of_score(gains.mean(0))),
    )
    return all(each.holds for each in figures)


def pass_rows(inputs: GateInputs, crowd: str, count: int, crowds: int) -> Iterator[Row]:
    """One row for each candidate: the share of the crowds for which it passes."""
    passes: defaultdict[str, list[bool]] = defaultdict(list)
    for seed in range(crowds):
        for name, holds in gate_passes(inputs, crowd, count, 60_000 + seed).items():
            passes[name].append(holds)
    random = CROWDS[crowd][1].null
    if random and not passes:
        why = "no crowd voted, or no candidate was trained in this folder"
        yield unmeasured("gates", f"{crowd}, {count} votes", why, "<= 2.5")
    for name in sorted(passes, key=lambda name: inputs.wins[name][CROWDS[crowd][0]]):
        share = 100 * float(np.mean(passes[name]))
        suffix = "" if random else f", wins {inputs.wins[name][CROWDS[crowd][0]]:.0f} %"
        yield Row(
            area="gates",
            name=f"{crowd}, {count} votes: {name}{suffix}",
            value=share,
            unit=f"% of {crowds} crowds let it through",
            goal="<= 2.5" if random else "",
            holds=share <= 2.5 if random else None,
        )


def main() -> int:
    """Exit code 0 if votes at random let hardly anything through."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gates", description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--crowds", type=int, default=100, help="of each kind and count")
    parser.add_argument("--random", type=int, default=500, help="crowds that vote at random")
    parser.add_argument("--votes", type=int, nargs="+", default=[125, 250, 500])
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    args = parser.parse_args()
    torch.set_num_threads(1)
    inputs = GateInputs(Bench(args.work, first=school.FINAL, paired=PAIRED))
    rows: list[Row] = []
    for crowd, (_, members) in CROWDS.items():
        for count in args.votes:
            rows += pass_rows(inputs, crowd, count, args.random if members.null else args.crowds)
    print(table(rows))
    if args.json:
        write_json(rows, args.json)
    return 0 if all(row.holds is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
