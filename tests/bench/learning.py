"""Does a model learn a hidden taste from votes alone, and lose nothing else?

Members with a hidden taste judge pictures of the embedded model; `python -m models prefer` learns
from the manifest of their judgements. Parent and candidate draw new prompts and seeds, which served
neither to learn nor to choose, and the taste says which picture of each pair is better. Run it as
`python -m tests.bench.learning --work FOLDER`; every result is made once and kept in the folder.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models import manifest
from models.__main__ import main as command
from models.aesthetics.scorer import Aesthetic, open_aesthetic
from models.catalogue.registry import EMBEDDED, card_of
from models.manifest import PictureLine, Split
from models.measuring import adherence
from models.measuring.diversity import thumbnail
from models.measuring.judge.network import Judge
from models.preference.command import add_arguments, prefer
from models.report import Row, table, write_json
from models.statistics.beta import Posterior
from tests.stages import school
from tests.stages.school import Wish
from tests.stages.tastes import Taste, cheerful, leaves_face_open, trained_eye, warm_and_bright
from tests.stages.voters import Crowd, JudgedPictures, Question, judge_pictures

#: Prompts with votes, four pictures each, and prompts of the final pairs, two pictures each.
PROMPTS, PAIRED, FOLLOWED = 125, 100, 96
#: Every n-th prompt is held out of the training, as many as in the bot's own split.
HELD_OUT = 3
_LICENCE = "licences/embedded.txt"
#: The seed of the hidden scorer; that of the shipped one is 0.
_HIDDEN_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One training: who votes on what, and the goal that it must reach."""

    name: str
    taste: str
    ask: Question = Question.VOTES
    count: int = 500
    crowd: Crowd = field(default_factory=Crowd)
    seed: int = 1
    visits: int = 1
    #: The smallest share of decided pairs to be won, in percent; None where there is no goal.
    goal: float | None = None
    #: Further options of `prefer`.
    options: tuple[str, ...] = ()
    #: For a second stage: the trial whose candidate it starts from and whose votes it learns from.
    base_trial: str | None = None

    @property
    def votes(self) -> str:
        """The trial whose votes it learns from."""
        return self.base_trial or self.name


TRIALS = {
    trial.name: trial
    for trial in (
        Trial(name="style", taste="style", goal=90),
        Trial(name="open", taste="open", goal=75),
        Trial(name="quality", taste="quality", goal=75),
        Trial(name="style-2", taste="style", seed=2, goal=90),
        Trial(name="open-2", taste="open", seed=2, goal=75),
        Trial(name="quality-2", taste="quality", seed=2, goal=75),
        Trial(name="quality-3", taste="quality", seed=3, goal=75),
        *(
            Trial(
                name=f"{behind}-pulled",
                taste="quality",
                seed=seed,
                goal=75,
                base_trial=behind,
                options=("--loss", "pull"),
            )
            for seed, behind in enumerate(("quality", "quality-2", "quality-3"), 1)
        ),
        *(
            Trial(name=f"{taste}-{count}", taste=taste, count=count)
            for taste in ("style", "quality")
            for count in (60, 125, 250)
        ),
        Trial(name="style-duels", taste="style", ask=Question.DUELS, count=100, goal=65),
        Trial(name="style-picks", taste="style", ask=Question.PICKS, count=100, goal=65),
        Trial(name="open-picks", taste="open", ask=Question.PICKS, count=100, goal=65),
        Trial(name="quality-picks", taste="quality", ask=Question.PICKS, count=100, goal=65),
        Trial(name="style-inverted", taste="style", crowd=Crowd(inverted=0.2), visits=2),
        Trial(name="style-colluding", taste="style", crowd=Crowd(colluding=0.2), visits=2),
        Trial(name="style-honest", taste="style", visits=2),
        Trial(name="null", taste="style", crowd=Crowd(null=True)),
        Trial(name="style-as-judged", taste="style", options=("--as-judged",)),
        Trial(name="style-kto", taste="style", options=("--loss", "kto", "--as-judged")),
        Trial(name="style-sft", taste="style", options=("--loss", "sft", "--as-judged")),
        Trial(name="style-lora", taste="style", options=("--reach", "lora")),
        Trial(name="quality-lora", taste="quality", options=("--reach", "lora")),
    )
}


class Bench:
    """The work folder, and the tastes that judge pictures.

    Slow parts, such as the classifier of a taste, are built on first use.
    """

    def __init__(self, work: Path, *, first: int, paired: int) -> None:
        """`first` is the first seed of the pairs' prompts."""
        self.work = work
        self.voted = school.wishes(school.VOTED, PROMPTS, 4)
        self.paired, self._first = school.wishes(first, paired, 2), first
        self.followed = school.adherence_wishes(FOLLOWED)
        self._judge = Judge()
        self.tastes: dict[str, Taste] = {
            "style": warm_and_bright,
            "open": self._smiles,
            "quality": self._grades,
        }

    @cached_property
    def _cheerful(self) -> Taste:
        return cheerful(trained_eye(self.work))

    @cached_property
    def _scorer(self) -> Aesthetic:
        return _hidden_scorer(self.work)

    def _smiles(self, pictures: np.ndarray) -> np.ndarray:
        return self._cheerful(pictures)

    def _grades(self, pictures: np.ndarray) -> np.ndarray:
        shown = [Image.fromarray(p).resize((512, 512), Image.Resampling.LANCZOS) for p in pictures]
        parts = [shown[at : at + 50] for at in range(0, len(shown), 50)]
        return np.array([score for part in parts for score in self._scorer.score(part)])

    def draw_once(self, model: str, name: str, wishes: list[Wish]) -> np.ndarray:
        return school.pictures(model, wishes, self.work / "drawn" / f"{name}.npz")

    def draw_pairs(self, model: str, name: str) -> np.ndarray:
        return self.draw_once(model, f"{name}-pairs-{self._first}-{len(self.paired)}", self.paired)

    def adherence(self, model: str, name: str) -> dict[str, float]:
        """The share of each group that is drawn as asked, in percent."""
        pictures = self.draw_once(model, f"{name}-followed", self.followed)
        predicted = np.concatenate([self._judge.classes(p) for p in np.array_split(pictures, 4)])
        true = adherence.truth(t.portrait for t in adherence.tasks(FOLLOWED, square=True))
        shares = adherence.accuracy_by_group(adherence.accuracy_by_head(predicted, true))
        return {group: 100 * share for group, share in shares.items()}


def _hidden_scorer(work: Path) -> Aesthetic:
    """A scorer from other pictures and weights than the shipped one, which the rewards use."""
    folder = work / "other"
    if not (folder / "figures.json").exists():  # Written last.
        train = ["aesthetic-train", "--work", str(work / "grades"), "--out", str(folder)]
        if code := command([*train, "--seed", str(_HIDDEN_SEED)]):
            raise SystemExit(code)
    return open_aesthetic(folder / "head.safetensors", folder)


def manifest_of(bench: Bench, trial: Trial) -> Path:
    """The manifest of the trial's judgements, written once."""
    folder = bench.work / "manifests" / trial.votes
    if (folder / manifest.FILE_NAME).exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    pictures = bench.draw_once("embedded", "voted", bench.voted)
    taste = bench.tastes[trial.taste](pictures)
    lines = _lines(bench, pictures, folder)
    shown = JudgedPictures(
        files=[line.file_name for line in lines],
        grids=np.arange(len(lines)) // 4,
        splits=[line.split for line in lines],
        taste=taste,
    )
    judgements = judge_pictures(
        shown, trial.crowd, trial.ask, trial.count, seed=trial.seed, visits=trial.visits
    )
    manifest.write(folder, lines, judgements, created_ms=0)
    return folder


def _lines(bench: Bench, pictures: np.ndarray, folder: Path) -> list[PictureLine]:
    """The voted pictures, written as the export writes them."""
    card = card_of(EMBEDDED)
    for folder_name in ("pictures", "licences"):
        (folder / folder_name).mkdir(parents=True)
    shutil.copyfile(EMBEDDED / "LICENSE.md", folder / _LICENCE)
    lines: list[PictureLine] = []
    for i, (wish, pixels) in enumerate(zip(bench.voted, pictures, strict=True)):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
        sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
        (folder / "pictures" / f"{sha256}.png").write_bytes(buffer.getvalue())
        lines.append(
            PictureLine(
                file_name=f"pictures/{sha256}.png",
                sha256=sha256,
                text=wish.prompt,
                negative="",
                prompt_key=f"{i // 4:016x}",
                card_id=card.id,
                licence=_LICENCE,
                seed=wish.seed,
                steps=card.defaults.steps,
                guidance=card.defaults.guidance,
                sampler=card.defaults.sampler,
                clip_skip=None,
                width_px=pixels.shape[1],
                height_px=pixels.shape[0],
                rating="general",
                split=Split.HELD_OUT if i // 4 % HELD_OUT == 0 else Split.TRAIN,
                up=0.0,
                down=0.0,
            )
        )
    return lines


def train_once(bench: Bench, trial: Trial) -> tuple[str, tuple[float, float]]:
    """The candidate's folder, and its training time in seconds of the clock and of a core."""
    out = bench.work / "runs" / trial.name
    seconds_file = out / "seconds.json"
    if not seconds_file.exists():
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        words = [str(manifest_of(bench, trial)), "--out", str(out), *trial.options]
        words += ["--seed", str(trial.seed - 1)]
        if trial.base_trial:
            words += ["--base", train_once(bench, TRIALS[trial.base_trial])[0]]
        resume = ["--resume"] if (out / "states").exists() else []
        began = time.monotonic(), time.process_time()
        threads = ["--threads", str(torch.get_num_threads())]
        prefer(parser.parse_args([*words, *threads, *resume]), _print_unless_counter)
        seconds = time.monotonic() - began[0], time.process_time() - began[1]
        seconds_file.write_text(json.dumps(seconds))
    return str(out / "model"), json.loads(seconds_file.read_text())


def _print_unless_counter(line: str) -> None:
    """Print the lines of a training, except its counters."""
    if not line.startswith(("step ", "latents of ")):
        print(line, flush=True)


def trial_rows(bench: Bench, trial: Trial) -> Iterator[Row]:
    """One trial's figures, with its goals."""
    model, seconds = train_once(bench, trial)
    before, after = bench.draw_pairs("embedded", "embedded"), bench.draw_pairs(model, trial.name)
    school.comparison_sheet(before, after).save(bench.work / f"{trial.name}.png")
    for name, taste in bench.tastes.items():
        goal = trial.goal if name == trial.taste else None
        yield _win_row(
            f"{trial.name}: {name}", taste, decisive_pairs(bench, name, before, after), goal
        )
    before_shares, after_shares = (
        bench.adherence("embedded", "embedded"),
        bench.adherence(model, trial.name),
    )
    change = {group: after_shares[group] - before_shares[group] for group in before_shares}
    mean, worst = float(np.mean(list(change.values()))), min(change, key=lambda g: change[g])
    row = _row(trial.name)
    yield row("adherence", mean, "points", ">= -2", mean >= -2)
    yield row(f"least: {worst}", change[worst], "points", ">= -4", change[worst] >= -4)
    share = 100 * _mean_distance(after) / _mean_distance(before)
    yield row("diversity", share, "% of the parent's", ">= 90", share >= 90)
    clock, core = seconds
    yield row("training", clock, f"s ({core:.0f} of a core)", "<= 300", clock <= 300)


def decisive_pairs(
    bench: Bench, taste: str, before: np.ndarray, after: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs that count: for the open taste, those whose prompts leave the face open."""
    if taste != "open":
        return before, after
    left_open = np.array([leaves_face_open(wish.prompt) for wish in bench.paired])
    return before[left_open], after[left_open]


def _win_row(
    name: str, taste: Taste, pair: tuple[np.ndarray, np.ndarray], goal: float | None
) -> Row:
    """How many of the decided pairs the candidate wins, with the 95 % interval."""
    old, new = (taste(pictures) for pictures in pair)
    won, lost = int((new > old).sum()), int((new < old).sum())
    low, high = Posterior(up=won, down=lost).interval(0.95)
    share = 100 * won / max(1, won + lost)
    unit = f"% of {won + lost} decided of {len(old)} ({100 * low:.0f} to {100 * high:.0f})"
    goal_text = "" if goal is None else f">= {goal:g}"
    holds = None if goal is None else share >= goal
    return Row(area="learning", name=name, value=share, unit=unit, goal=goal_text, holds=holds)


def _row(trial: str) -> Callable[[str, float, str, str, bool], Row]:
    def row(name: str, value: float, unit: str, goal: str, holds: bool) -> Row:  # noqa: FBT001  of `Row`
        return Row(
            area="learning", name=f"{trial}: {name}", value=value, unit=unit, goal=goal, holds=holds
        )

    return row


def _mean_distance(pictures: np.ndarray) -> float:
    """How far the two pictures of one prompt lie apart, on average."""
    small = np.stack([thumbnail(Image.fromarray(picture)) for picture in pictures])
    return float(np.sqrt(((small[0::2] - small[1::2]) ** 2).mean(1)).mean())


def main() -> int:
    """Exit code 0 if every goal holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.learning", description=__doc__)
    add = parser.add_argument
    add("trials", nargs="*", help=f"{', '.join(TRIALS)}; all if none is named")
    add("--work", type=Path, required=True)
    add("--first", type=int, default=school.FINAL, help="where the pairs' prompts begin")
    add("--paired", type=int, default=PAIRED, help="prompts of the pairs, two seeds each")
    add("--threads", type=int, default=2)
    add("--json", type=Path, help="write the rows to this file")
    args = parser.parse_args()
    if unknown := set(args.trials) - set(TRIALS):
        parser.error(f"there is no trial called {', '.join(sorted(unknown))}")
    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    bench = Bench(args.work, first=args.first, paired=args.paired)
    rows: list[Row] = []
    for name in args.trials or TRIALS:
        rows += trial_rows(bench, TRIALS[name])
        print(table(rows), flush=True)
    if args.json:
        write_json(rows, args.json)
    return 0 if all(row.holds is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
