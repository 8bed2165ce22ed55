"""The whole recipe in miniature: from painted pictures of mixed grade to a better model.

    python -m tests.bench.recipe --work DIR

paints pictures of mixed grade with their captions, scores them, trains the embedded model on all
of them, trains the result by the recipe on those that score more than 6.0, at every learning rate
asked for, and measures all models: the grade with a scorer that did not choose the pictures,
adherence with the judge. It takes hours on two cores, so `make bench` leaves it out. Finished steps
are skipped, and a stopped one continues; only an evaluation begins again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from PIL import Image

from models.measuring.adherence import GROUPS
from models.report import Row, table, write_json
from models.training.precision import prefers_bfloat16

#: The first training's changes to the recipe: the model learns all grades, quickly.
MIXED: dict[str, Any] = {"epochs": 1, "lr": 5.0e-4, "ema_decay": 0.995}
#: The second training's changes, besides the learning rate.
KEPT: dict[str, Any] = {"ema_decay": 0.999}
#: The default learning rates of the second training.
RATES = (2.0e-4,)
#: The cheaper number format, if this processor has instructions for it.
PRECISION = "bf16" if prefers_bfloat16(torch.device("cpu")) else "auto"
#: The changes of both: buckets of exactly the sizes that the model draws, batches for two cores.
BOTH: dict[str, Any] = {
    "resolution_px": 144,
    "batch": 32,
    "save_every": 250,
    "min_snr": 5.0,
    "precision": PRECISION,
}
#: The evaluation's name of the figure that the recipe must raise.
GRADE = "mean aesthetic grade"
#: The short side of the painted pictures: the scorers never saw smaller ones.
PAINTED_PX = 256
#: Points that adherence may lose.
ALLOWED_LOSS = 2.0
#: The seed of the independent scorer's weights and pictures; the shipped one's is 0.
OTHER_SEED = 1


def run(*words: object) -> None:
    """Run a command of `python -m models`; SystemExit with its code if it fails."""
    command = [sys.executable, "-m", "models", *map(str, words)]
    # One call, because concurrent trainings print too.
    print(f"$ {' '.join(command[1:])}\n", end="", flush=True)
    code = subprocess.run(command, check=False).returncode
    # An evaluation that misses a goal is a valid answer.
    if code and not (words[0] == "evaluate" and code == 1):
        raise SystemExit(code)


def train_once(work: Path, name: str, base: str, data: Path, changes: dict[str, Any]) -> Path:
    """Train if necessary; return the model's folder."""
    out = work / name
    if not (out / "model" / "card.json").exists():
        places = {"base": base, "data": str(data), "out": str(out), "cache": str(work / "latents")}
        values = {**places, **BOTH, **changes}
        config = work / f"{name}.toml"
        config.write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items()))
        run("finetune", config, *(["--resume"] if (out / "states").exists() else []))
    return out / "model"


def evaluate_once(work: Path, name: str, model: Path, options: list[str]) -> dict[str, float]:
    """Evaluate if necessary; return the figures by name."""
    rows = work / f"{name}.json"
    if not rows.exists():
        scorer = work / "other"
        run("evaluate", model, *options, "--tower", scorer, "--head", scorer / "head.safetensors",
            "--out", work / f"{name}-sheets", "--json", rows)  # fmt: skip
    return {row["name"]: row["value"] for row in json.loads(rows.read_text("utf-8"))}


def true_grades(manifest: Path) -> list[float]:
    """The true grades of the pictures that a manifest lists."""
    return [json.loads(line)["grade"] for line in manifest.read_text("utf-8").splitlines()]


def require_same_options(work: Path, options: dict[str, int]) -> None:
    """SystemExit if the work folder was made with other options."""
    path = work / "options.json"
    if path.exists() and json.loads(path.read_text("utf-8")) != options:
        raise SystemExit(f"{work} was begun with {path.read_text('utf-8')}: use another folder")
    path.write_text(json.dumps(options), encoding="utf-8")


def before_and_after(work: Path, after: str) -> Path:
    """The same prompts and seeds by both models, row above row, as one picture."""
    sheets = [Image.open(work / f"{n}-sheets" / "model-and-painter.jpg") for n in ("mixed", after)]
    width, tile = sheets[0].width, sheets[0].width // 8
    pairs = min(2, sheets[0].height // (2 * tile))
    both = Image.new("RGB", (width, 2 * pairs * tile))
    for i in range(pairs):
        for j, sheet in enumerate(sheets):
            # Every other row of a sheet is the painter's.
            row = sheet.crop((0, 2 * i * tile, width, (2 * i + 1) * tile))
            both.paste(row, (0, (2 * i + j) * tile))
    path = work / "before-and-after.png"
    both.save(path)
    return path


def command_line_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.recipe", description=__doc__)
    add = parser.add_argument
    add("--work", type=Path, required=True)
    add("--count", type=int, default=56_000, help="pictures to paint")
    add("--judged", type=int, default=300, help="pictures of each evaluation")
    add("--rates", type=float, nargs="+", default=RATES, help="learning rates of the recipe")
    add("--at-once", type=int, default=1, help="trainings beside each other; for a large GPU")
    add("--json", type=Path, help="write the rows to this file")
    args = parser.parse_args()
    if not all(0 < rate <= 1 for rate in args.rates) or args.at_once < 1:
        parser.error("--rates are above 0 and at most 1, --at-once starts at 1")
    args.rates = list({f"{rate:g}": rate for rate in args.rates}.values())  # One folder each.
    return args


def main() -> int:
    """Exit code 0 if the grade rises and adherence stays."""
    args = command_line_options()
    work: Path = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    require_same_options(work, {"count": args.count, "judged": args.judged})
    pictures = work / "pictures"
    run("paint", "--mixed", "--size", PAINTED_PX, "--count", args.count, "--out", pictures)
    if not (work / "scored.json").exists():
        run("score", pictures, "--min-aesthetic", 6.0, "--json", work / "scored.json")
    if not (work / "other" / "figures.json").exists():  # Written last.
        run("aesthetic-train", "--work", work / "grades", "--out", work / "other",
            "--seed", OTHER_SEED)  # fmt: skip
    mixed = train_once(work, "mixed", "embedded", pictures, MIXED)
    flags = ["--count", str(args.judged), "--sentences", "0", "--steered", "0", "--open", "0"]

    def train_and_evaluate(rate: float) -> dict[str, float]:
        name = f"kept-{rate:g}"
        kept = train_once(work, name, str(mixed), pictures / "kept.jsonl", KEPT | {"lr": rate})
        return evaluate_once(work, name, kept, flags)

    with ThreadPoolExecutor(args.at_once) as pool:
        base = pool.submit(evaluate_once, work, "mixed", mixed, flags)
        after = dict(zip(args.rates, pool.map(train_and_evaluate, args.rates), strict=True))
    before = base.result()
    best = best_of(before, after)
    rows = [
        *data_rows(true_grades(pictures / "metadata.jsonl"), true_grades(pictures / "kept.jsonl")),
        *change_rows(before, after, best),
    ]
    print(table(rows), f"\n{before_and_after(work, f'kept-{best:g}')}")
    if args.json:
        write_json(rows, args.json)
    return 0 if all(row.holds is not False for row in rows) else 1


def _row(name: str, value: float, unit: str, goal: str = "", *, holds: bool | None = None) -> Row:
    return Row(area="recipe", name=name, value=value, unit=unit, goal=goal, holds=holds)


def data_rows(painted: list[float], kept: list[float]) -> list[Row]:
    """Rows about the training data, by their true grades."""
    return [
        _row("pictures kept", 100 * len(kept) / len(painted), f"% of {len(painted)}"),
        _row("true grade of all pictures", fmean(painted), "of 10"),
        _row("true grade of those kept", fmean(kept), "of 10"),
    ]


def adherence(figures: dict[str, float]) -> float:
    """The mean of the groups, in percent."""
    return fmean(figures[name] for name in GROUPS)


def best_of(before: dict[str, float], after: dict[float, dict[str, float]]) -> float:
    """The learning rate with the highest grade, of those at which adherence does not fall."""
    allowed = [r for r in after if adherence(before) - adherence(after[r]) <= ALLOWED_LOSS]
    return max(allowed or after, key=lambda rate: after[rate][GRADE])


def change_rows(
    before: dict[str, float], after: dict[float, dict[str, float]], best: float
) -> list[Row]:
    """What the second training changed at each learning rate; the best one must reach the goals.

    `after` has an evaluation's figures for each learning rate, `best` is one of these.
    """
    graded, followed = "of 10, by the other scorer", "% right, mean of the groups"
    rows = [
        _row("grade after training on all", before[GRADE], graded),
        _row("adherence after training on all", adherence(before), followed),
    ]
    for rate, figures in after.items():
        rows.append(_row(f"grade after the recipe at {rate:g}", figures[GRADE], graded))
        rows.append(_row(f"adherence after the recipe at {rate:g}", adherence(figures), followed))
    rise = after[best][GRADE] - before[GRADE]
    fall = adherence(before) - adherence(after[best])
    rows += [
        _row(f"at {best:g} the grade rises by", rise, "grades", ">= 1", holds=rise >= 1),
        _row(
            "adherence falls by", fall, "points", f"<= {ALLOWED_LOSS:g}", holds=fall <= ALLOWED_LOSS
        ),
    ]
    changes = [(name, after[best][name] - before[name]) for name in GROUPS]
    return rows + [_row(f"- {name}", change, "points of adherence") for name, change in changes]


if __name__ == "__main__":
    sys.exit(main())
