"""`python -m models gate CANDIDATE --manifest DIR`: whether it may replace its parent.

A command of `models.__main__`. The verdict goes onto the candidate's card, with a sheet beside it;
only a card with a passed verdict can be promoted. Must not know the bot.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from models import manifest as manifests
from models.aesthetics.scorer import open_aesthetic
from models.catalogue import card as cards
from models.catalogue.card import Card, CardError
from models.catalogue.hub import locate
from models.catalogue.registry import EMBEDDED, card_of, faults, model_info
from models.catalogue.verdict import EDITION, Figure, Verdict, fingerprint
from models.contract import EngineError, Rendered
from models.data.evidence import evidence_of
from models.engine.loader import load
from models.engine.safety.scorer import scorer_of
from models.engine.safety.wd_tagger import open_tagger
from models.manifest import Manifest, Split
from models.measuring import sheets
from models.measuring.gate import examine
from models.measuring.gate.agreeing import agreements
from models.measuring.gate.ancestry import (
    Ancestor,
    ancestry_of,
    descends,
    since,
    wished_along,
)
from models.measuring.gate.critic import critic_of
from models.measuring.gate.examine import Counts, Drawn, Instruments, Sittings
from models.measuring.gate.floors import Measure, figure, told
from models.measuring.gate.voted import opened, voted_of
from models.measuring.gate.witness import (
    PainterWitness,
    TaggerWitness,
    Witness,
    knows_the_painters_words,
)
from models.measuring.judge.network import Judge
from models.measuring.studio import Studio
from models.report import Row, table, write_json
from models.training.material import judged_pictures_of
from models.training.objective import Objective

#: The sheet beside the candidate's card: the parent's pictures above the candidate's.
SHEET = "gate.jpg"
_ACROSS, _ROWS = 8, 4
#: How many held-out pairs are used; more would narrow the interval little.
_PAIRS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `gate`."""
    usual = Counts()
    parser.add_argument("candidate", type=Path, help="the folder of the model that was trained")
    parser.add_argument("--manifest", type=Path, required=True, help="the votes that it learned")
    parser.add_argument("--parent", help="the model before it, if it lies elsewhere")
    parser.add_argument(
        "--first", help="the model that the line began with (default: the oldest ancestor)"
    )
    parser.add_argument("--tagger", help="a WD tagger, for models of Danbooru's words")
    parser.add_argument(
        "--followed", type=int, default=usual.followed, help="pictures that test adherence"
    )
    parser.add_argument("--prompts", type=int, default=usual.prompts, help="held-out prompts")
    parser.add_argument(
        "--seeds", type=int, default=usual.seeds, help="pictures of each held-out prompt"
    )
    parser.add_argument(
        "--trained", type=int, default=usual.trained, help="prompts that were trained on"
    )
    parser.add_argument("--json", type=Path, help="write the rows of the table here too")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best available)")
    parser.add_argument("--threads", type=int, help="CPU cores to use (default: all but one)")


def run(args: argparse.Namespace) -> int:
    """Measure, print, write the verdict; return 1 if the candidate did not pass."""
    counts = _counts(args)
    case = _case(args)
    figures = list(_papers(case))
    if not told(figures):
        figures += _pictures(case, args, counts)
    verdict = Verdict(gate=EDITION, figures=tuple(figures), files_sha256=case.fingerprint)
    cards.write(replace(case.card, verdict=verdict), case.folder / cards.FILE_NAME)
    rows = [_row(found, f"python -m models gate {args.candidate}") for found in figures]
    print(table(rows))
    if args.json:
        write_json(rows, args.json)
    for sentence in told(figures):
        print(f"Not passed: {sentence}")
    if verdict.passed:
        print(f"{case.card.id} passed. Its parent's pictures are above its own in {case.sheet}.")
    return 0 if verdict.passed else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidacy:
    """A candidate, its parent, and the votes to compare them by."""

    card: Card
    folder: Path
    #: Where it comes from, the first model in front and the parent last.
    ancestry: Sequence[Ancestor]
    manifest: Manifest

    @property
    def first(self) -> Ancestor:
        """The model that the line began with; the parent itself, of its first child."""
        return self.ancestry[0]

    @property
    def parent(self) -> Ancestor:
        """The model that it was trained from."""
        return self.ancestry[-1]

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the files that the candidate's card names."""
        return fingerprint(self.card.files)

    @property
    def sheet(self) -> Path:
        """The path of the sheet."""
        return self.folder / SHEET


def _counts(args: argparse.Namespace) -> Counts:
    names = ("followed", "prompts", "seeds", "trained")
    if min(getattr(args, name) for name in names) < 1 or args.seeds < 2:
        raise EngineError(
            "--followed, --prompts and --trained start at 1, --seeds at 2: nothing is passed that "
            "nobody looked at."
        )
    if args.threads is not None and args.threads < 1:
        raise EngineError("--threads must be at least 1.")
    return Counts(**{name: getattr(args, name) for name in names})


def _case(args: argparse.Namespace) -> Candidacy:
    """The case to judge. EngineError, one sentence, if the three do not belong together."""
    path = args.candidate / cards.FILE_NAME
    if not path.is_file():
        raise CardError(
            f"{args.candidate} has no {cards.FILE_NAME}: name a trained model's folder."
        )
    card, manifest = cards.read(path), manifests.read(args.manifest)
    if card.parent is None:
        raise CardError(f"{path} names no parent, so there is nothing to compare it with.")
    if not card.manifests or card.manifests[-1] != manifest.sha256:
        raise EngineError(
            f"{card.id} learned from other votes than those in {args.manifest}; name the manifest "
            "that it was trained on."
        )
    parent = _parent(args, card)
    return Candidacy(
        card=card, folder=args.candidate, ancestry=_ancestry(args, parent), manifest=manifest
    )


def _parent(args: argparse.Namespace, card: Card) -> Ancestor:
    """The parent: where it is said to lie, the embedded one, or next door."""
    named = _named(args.parent)
    for found in [named] if named is not None else _beside(args.candidate):
        if descends(card, found.card):
            return found
    raise EngineError(
        f"{card.id} was trained from {card.parent}, which is not "
        f"{'at ' + args.parent if args.parent else 'beside it'}: name its folder with --parent."
    )


def _ancestry(args: argparse.Namespace, parent: Ancestor) -> Sequence[Ancestor]:
    """The parent and what it comes from, as far as that lies beside it or where it is said to."""
    first = _named(args.first)
    named = [parent, *filter(None, [first])]
    found = [*_beside(args.candidate), *_beside(parent.folder), *named]
    known = {model.card.id: model for model in found}  # What was named, if two have one id.
    return ancestry_of(parent, known, first.card.id if first is not None else None)


def _named(model: str | None) -> Ancestor | None:
    """A model by its name; a folder of the hub's cache has no name of its own."""
    if model is None:
        return None
    return _model(*locate(model))


def _model(folder: Path, hub_id: str | None = None) -> Ancestor:
    """A model with its card; the embedded one's own parents are nowhere, a line begins with it."""
    card = card_of(folder, hub_id)
    return Ancestor(folder=folder, card=replace(card, parent=None) if folder == EMBEDDED else card)


def _beside(folder: Path) -> Iterator[Ancestor]:
    """The embedded model, and those with a card that lie beside a folder."""
    around = folder.resolve().parent.glob(f"*/{cards.FILE_NAME}")
    for place in [EMBEDDED, *sorted(path.parent for path in around)]:
        try:
            found = _model(place)
        except CardError:
            # Another model's fault is no reason to judge none.
            continue
        yield found


def _papers(case: Candidacy) -> Iterator[Figure]:
    """The figures that need no picture."""
    yield figure(Measure.FILES, len(faults(case.card, case.folder)) if case.card.files else 1)
    try:
        model_info(case.card, case.folder)
    except CardError:
        yield figure(Measure.LICENCE, 0)
    else:
        yield figure(Measure.LICENCE, 1)


def _pictures(case: Candidacy, args: argparse.Namespace, counts: Counts) -> Iterator[Figure]:
    """The figures that need pictures of both models."""
    witness = _witness(case, args.tagger)
    info = model_info(case.parent.card, case.parent.folder)
    voted = voted_of(case.manifest, info.sizes_px)
    sittings = Sittings.of(witness, voted, counts)
    parent = _drawn(case.parent.folder, sittings, args, "The parent")
    candidate = _drawn(case.folder, sittings, args, "The candidate")
    _sheet(parent, candidate).save(case.sheet, quality=90)
    print("Comparing the pictures.", flush=True)
    aesthetic = open_aesthetic(device="cpu")
    scorer = scorer_of(case.card, case.folder, args.tagger)

    def grade(pictures: examine.Pictures) -> list[float]:
        return [aesthetic.score([picture])[0] for picture in pictures]

    def look(picture: Image.Image) -> dict[str, float]:
        return scorer.score(_rendered(picture)).values

    yield from examine.agreed(_agreements(case))
    yield from examine.preferred(_critic(case), parent, candidate)
    yield from examine.copied(voted, parent, candidate)
    instruments = Instruments(witness=witness, grade=grade, look=look)
    wishes = examine.wishes_of(instruments, voted)
    yield from examine.compared(instruments, sittings, wishes, parent, candidate)
    if case.first != case.parent:
        # Each step is small enough for its parent: the steps of the line add up.
        untrained = replace(sittings, trained=())
        first = _drawn(case.first.folder, untrained, args, f"{case.first.card.id}, the first,")
        allowed = wishes | wished_along(case.ancestry)
        since_then = examine.compared(instruments, sittings, allowed, first, candidate)
        yield from since(case.first.card, since_then)


def _agreements(case: Candidacy) -> list[bool]:
    """For each held-out pair, whether the candidate's own likelihoods agree with people."""
    parent, candidate = (
        load(str(folder), device="cpu") for folder in (case.parent.folder, case.folder)
    )
    pairs = evidence_of(case.manifest, Split.HELD_OUT).pairs[:_PAIRS]
    named = {name for pair in pairs for name in (pair.better, pair.worse)}
    pictures = [line for line in case.manifest.pictures if line.file_name in named]
    if not pictures:
        return []
    judged = judged_pictures_of(case.manifest.path, pictures, parent, lambda _done, _total: None)
    objective = Objective(parent.schedule, parent.card.prediction, parent.device)
    return agreements(parent.unet, candidate.unet, objective, judged, pairs)


def _critic(case: Candidacy) -> examine.Critic | None:
    """A model of the held-out votes; None if there are too few votes."""
    trained, held_out = (
        evidence_of(case.manifest, split) for split in (Split.TRAIN, Split.HELD_OUT)
    )
    lines = {line.file_name: line for line in case.manifest.pictures}
    prompts = {name: line.prompt_key for name, line in lines.items()}
    return critic_of(trained, held_out, prompts, lambda name: opened(case.manifest, lines[name]))


def _witness(case: Candidacy, tagger: str | None) -> Witness:
    if knows_the_painters_words(case.folder):
        return PainterWitness(Judge())
    if tagger is None:
        raise EngineError(
            f"nothing here can read the pictures of {case.card.id}: name a WD tagger with --tagger "
            "(docs/safety.md says where to get one)."
        )
    return TaggerWitness(open_tagger(tagger))


def _drawn(folder: Path, sittings: Sittings, args: argparse.Namespace, who: str) -> Drawn:
    from models.engine.slots import open_engine

    print(f"{who} draws {sittings.count} pictures.", flush=True)
    engine = open_engine(str(folder), device=args.device, threads=args.threads)
    try:
        return sittings.drawn_by(Studio(engine))
    finally:
        engine.close()


def _sheet(parent: Drawn, candidate: Drawn) -> Image.Image:
    """Pictures of held-out prompts by both models, the parent's above the candidate's."""
    shown = slice(None, None, -(-len(parent.held_out) // (_ROWS * _ACROSS)))
    before, after = parent.held_out[shown], candidate.held_out[shown]
    tiles: list[Image.Image] = []
    for first in range(0, len(before), _ACROSS):
        for pictures in (before, after):
            row = pictures[first : first + _ACROSS]
            tiles += row + [Image.new("RGB", (1, 1), "white")] * (_ACROSS - len(row))
    return sheets.grid(tiles, across=_ACROSS, tile_px=192)


def _rendered(picture: Image.Image) -> Rendered:
    return Rendered(
        row_id="", width_px=picture.width, height_px=picture.height, rgb=picture.tobytes(),
        batch_width=1,
    )  # fmt: skip


def _row(found: Figure, command: str) -> Row:
    bounds = [
        f"{sign} {bound:g}"
        for sign, bound in ((">=", found.least), ("<=", found.most))
        if bound is not None
    ]
    unit = found.unit
    if found.interval is not None:
        unit += f" ({found.interval[0]:.0f} to {found.interval[1]:.0f})"
    return Row(
        area="gate", name=found.name, value=found.value, unit=unit, goal=", ".join(bounds),
        holds=found.holds if bounds else None, command=command,
    )  # fmt: skip
