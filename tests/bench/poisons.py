"""Does the gate refuse what a bad training really makes, and say why?

Four candidates are trained from judgements of the embedded model's pictures: on random votes, on
swapped prompts, on a few pictures until they are known by heart, and far too fast. Each goes
through `python -m models gate`. Run it as `python -m tests.bench.poisons --work FOLDER`, in a
folder of `tests.bench.learning`; everything is made once and kept there, except verdicts of another
edition of the gate.
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

#: Pictures of one look at a candidate: fewer than by default, because these faults are obvious.
_LOOK = ("--followed", "48", "--prompts", "12", "--seeds", "2", "--trained", "8")
#: Prompts with one picture each, which is learned by heart.
_BY_HEART = 8

Said = tuple[list[PictureLine], list[JudgementLine]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """One bad training: its trial, what it does to the judgements, and how it is trained."""

    name: str
    #: Floors of which at least one must refuse it, by the beginnings of their names.
    must_fall: tuple[str, ...]
    spoiled: Callable[[Manifest], Said]
    options: tuple[str, ...]
    votes: str = "style"


def _as_they_are(votes: Manifest) -> Said:
    return list(votes.pictures), list(votes.judgements)


def _swapped(votes: Manifest) -> Said:
    """Each prompt's pictures under the words of the prompt half way round."""
    texts = dict.fromkeys(picture.text for picture in votes.pictures)
    words = list(texts)
    other = dict(zip(words, words[len(words) // 2 :] + words[: len(words) // 2], strict=True))
    pictures = [replace(p, text=other[p.text]) for p in votes.pictures]
    return pictures, list(votes.judgements)


def _few(votes: Manifest) -> Said:
    """A handful of prompts to learn from, and one picture of each that anybody likes."""
    learned = [p for p in votes.pictures if p.split is Split.TRAIN]
    keys = list(dict.fromkeys(p.prompt_key for p in learned))[:_BY_HEART]
    pictures = [p for p in votes.pictures if p.split is Split.HELD_OUT or p.prompt_key in keys]
    kept = {p.file_name for p in pictures}
    liked = {next(p.file_name for p in learned if p.prompt_key == key) for key in keys}
    said = [
        j if j.split is Split.HELD_OUT else replace(j, value=1 if j.files[0] in liked else -1)
        for j in votes.judgements
        if kept.issuperset(j.files)
    ]
    return pictures, said


_QUICK = ("--as-judged", "--loss", "sft", "--pairs", "4")
POISONS = (
    Poison(
        name="votes at random",
        must_fall=("shuffled", "preferred"),
        spoiled=_as_they_are,
        options=(),
        votes="null",
    ),
    Poison(
        name="swapped prompts",
        must_fall=("adherence",),
        spoiled=_swapped,
        options=(*_QUICK, "--steps", "100", "--lr", "2e-4"),
    ),
    Poison(
        name="by heart",
        must_fall=("nearest training picture",),
        spoiled=_few,
        options=(*_QUICK, "--steps", "250", "--lr", "3e-4"),
    ),
    Poison(
        name="too fast",
        must_fall=("adherence", "diversity"),
        spoiled=_as_they_are,
        options=("--as-judged", "--pairs", "8", "--steps", "60", "--lr", "1e-3"),
    ),
)


def trained(bench: Bench, poison: Poison) -> tuple[Path, Path]:
    """The candidate's folder and its manifest's, made once."""
    place = poison.name.replace(" ", "-")
    folder, out = (bench.work / room / place for room in ("manifests", "runs"))
    source = manifest_of(bench, TRIALS[poison.votes])
    if not (folder / manifest.FILE_NAME).exists():
        shutil.rmtree(folder, ignore_errors=True)
        pictures, said = poison.spoiled(manifest.read(source))
        shutil.copytree(source / "licences", folder / "licences")
        (folder / "pictures").mkdir()
        for picture in pictures:
            shutil.copyfile(source / picture.file_name, folder / picture.file_name)
        manifest.write(folder, pictures, said, created_ms=0)
    if not (out / "model").exists():
        words = ["prefer", str(folder), "--out", str(out), *poison.options]
        words += ["--threads", str(torch.get_num_threads())]
        if code := command([*words, *(["--resume"] if (out / "states").exists() else [])]):
            raise SystemExit(code)
    return out / "model", folder


def examined(bench: Bench, poison: Poison) -> list[Row]:
    """The gate's verdict on the candidate: every floor that it fell below."""
    model, folder = trained(bench, poison)
    if not cards.read(model / cards.FILE_NAME).is_judged:
        words = ["gate", str(model), "--manifest", str(folder), *_LOOK]
        command([*words, "--threads", str(torch.get_num_threads())])
    judged = cards.read(model / cards.FILE_NAME)
    verdict = judged.verdict
    assert verdict is not None
    assert judged.is_judged, "the gate broke"
    fell = [figure for figure in verdict.figures if not figure.holds]
    rows = [_row(poison, figure) for figure in fell]
    right = any(figure.name.startswith(poison.must_fall) for figure in fell)
    return [*rows, _verdict(poison, len(fell), holds=right and not verdict.passed)]


def _row(poison: Poison, figure: Figure) -> Row:
    bounds = (("at least", figure.least), ("at most", figure.most))
    floor = ", ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
    return Row(
        area="poisons",
        name=f"{poison.name}: {figure.name}",
        value=figure.value,
        unit=f"{figure.unit} (the floor: {floor})",
    )


def _verdict(poison: Poison, fell: int, *, holds: bool) -> Row:
    return Row(
        area="poisons",
        name=f"{poison.name}: refused",
        value=fell,
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
        rows += examined(bench, poison)
        print(table(rows), flush=True)
    if args.json:
        write_json(rows, args.json)
    return 0 if all(row.holds is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
