"""Does the gate refuse the results of bad trainings, and name the reason?

Four candidates are trained from judgements of the embedded model's pictures: on random votes, on
swapped prompts, on a few pictures until the model knows them by heart, and far too fast. Each goes
through `python -m models gate`. Run it as `python -m tests.bench.poisons --work FOLDER`, in a
folder of `tests.bench.learning`. Every result is made once and kept there, except verdicts of
another edition of the gate.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from models import manifest
from models.__main__ import main as command
from models.catalogue import card as cards
from models.catalogue.verdict import Figure
from models.manifest import JudgementLine, Manifest, PictureLine, Split
from models.report import Row, table, write_json
from tests.bench.learning import TRIALS, Bench, manifest_of
from tests.stages import school

#: The gate's numbers of pictures: fewer than by default, because these faults are obvious.
_GATE_COUNTS = ("--followed", "48", "--prompts", "12", "--seeds", "2", "--trained", "8")
#: Prompts with one picture each, which is learned by heart.
_BY_HEART = 8

Judged = tuple[list[PictureLine], list[JudgementLine]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """One bad training: its trial, what it does to the judgements, and how it is trained."""

    name: str
    #: The beginnings of the names of floors; at least one of these must refuse it.
    must_fall: tuple[str, ...]
    spoil: Callable[[Manifest], Judged]
    options: tuple[str, ...]
    votes: str = "style"


def _unchanged(votes: Manifest) -> Judged:
    return list(votes.pictures), list(votes.judgements)


def _swap_prompts(votes: Manifest) -> Judged:
    """Exchange the words of each prompt for those of the prompt half the list further on."""
    texts = dict.fromkeys(picture.text for picture in votes.pictures)
    words = list(texts)
    other = dict(zip(words, words[len(words) // 2 :] + words[: len(words) // 2], strict=True))
    pictures = [replace(p, text=other[p.text]) for p in votes.pictures]
    return pictures, list(votes.judgements)


def _keep_few(votes: Manifest) -> Judged:
    """Keep a few prompts to learn from, and let only one picture of each be liked."""
    learned = [p for p in votes.pictures if p.split is Split.TRAIN]
    keys = list(dict.fromkeys(p.prompt_key for p in learned))[:_BY_HEART]
    pictures = [p for p in votes.pictures if p.split is Split.HELD_OUT or p.prompt_key in keys]
    kept = {p.file_name for p in pictures}
    liked = {next(p.file_name for p in learned if p.prompt_key == key) for key in keys}
    judgements = [
        j if j.split is Split.HELD_OUT else replace(j, value=1 if j.files[0] in liked else -1)
        for j in votes.judgements
        if kept.issuperset(j.files)
    ]
    return pictures, judgements


_QUICK = ("--as-judged", "--loss", "sft", "--pairs", "4")
POISONS = (
    Poison(
        name="votes at random",
        must_fall=("shuffled", "preferred"),
        spoil=_unchanged,
        options=(),
        votes="null",
    ),
    Poison(
        name="swapped prompts",
        must_fall=("adherence",),
        spoil=_swap_prompts,
        options=(*_QUICK, "--steps", "100", "--lr", "2e-4"),
    ),
    Poison(
        name="by heart",
        must_fall=("nearest training picture",),
        spoil=_keep_few,
        options=(*_QUICK, "--steps", "250", "--lr", "3e-4"),
    ),
    Poison(
        name="too fast",
        must_fall=("adherence", "diversity"),
        spoil=_unchanged,
        options=("--as-judged", "--pairs", "8", "--steps", "60", "--lr", "1e-3"),
    ),
)


def train_once(bench: Bench, poison: Poison) -> tuple[Path, Path]:
    """The candidate's folder and its manifest's, made once."""
    name = poison.name.replace(" ", "-")
    folder, out = (bench.work / room / name for room in ("manifests", "runs"))
    source = manifest_of(bench, TRIALS[poison.votes])
    if not (folder / manifest.FILE_NAME).exists():
        shutil.rmtree(folder, ignore_errors=True)
        pictures, judgements = poison.spoil(manifest.read(source))
        shutil.copytree(source / "licences", folder / "licences")
        (folder / "pictures").mkdir()
        for picture in pictures:
            shutil.copyfile(source / picture.file_name, folder / picture.file_name)
        manifest.write(folder, pictures, judgements, created_ms=0)
    if not (out / "model").exists():
        words = ["prefer", str(folder), "--out", str(out), *poison.options]
        words += ["--threads", str(torch.get_num_threads())]
        if code := command([*words, *(["--resume"] if (out / "states").exists() else [])]):
            raise SystemExit(code)
    return out / "model", folder


def gate_rows(bench: Bench, poison: Poison) -> list[Row]:
    """The gate's verdict on the candidate: every floor that it missed."""
    model, folder = train_once(bench, poison)
    if not cards.read(model / cards.FILE_NAME).is_judged:
        words = ["gate", str(model), "--manifest", str(folder), *_GATE_COUNTS]
        command([*words, "--threads", str(torch.get_num_threads())])
    card = cards.read(model / cards.FILE_NAME)
    verdict = card.verdict
    assert verdict is not None
    assert card.is_judged, "the gate broke"
    failed = [figure for figure in verdict.figures if not figure.holds]
    rows = [_row(poison, figure) for figure in failed]
    right = any(figure.name.startswith(poison.must_fall) for figure in failed)
    return [*rows, _verdict(poison, len(failed), holds=right and not verdict.passed)]


def _row(poison: Poison, figure: Figure) -> Row:
    bounds = (("at least", figure.least), ("at most", figure.most))
    floor = ", ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
    return Row(
        area="poisons",
        name=f"{poison.name}: {figure.name}",
        value=figure.value,
        unit=f"{figure.unit} (the floor: {floor})",
    )


def _verdict(poison: Poison, failed: int, *, holds: bool) -> Row:
    return Row(
        area="poisons",
        name=f"{poison.name}: refused",
        value=failed,
        unit="figures below their floors",
        goal=f"for its {' or '.join(poison.must_fall)}",
        holds=holds,
    )


def _bench(work: Path) -> Bench:
    """The bench that makes the manifests; it draws no pairs."""
    return Bench(work, first=school.FINAL, paired=1)


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0 if each is refused for its own fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.poisons", description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    args = parser.parse_args(words)
    torch.set_num_threads(args.threads)
    bench, rows = _bench(args.work), list[Row]()
    for poison in POISONS:
        rows += gate_rows(bench, poison)
        print(table(rows), flush=True)
    if args.json:
        write_json(rows, args.json)
    return 0 if all(row.holds is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
