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
    figures_since,
    is_child_of,
    wishes_along,
)
from models.measuring.gate.critic import critic_of
from models.measuring.gate.examine import Counts, DrawnPictures, GateRequests, Instruments
from models.measuring.gate.floors import Measure, failures, figure
from models.measuring.gate.voted import open_picture, read_voted_material
from models.measuring.gate.witness import (
    PainterWitness,
    TaggerWitness,
    Witness,
    has_painter_vocabulary,
)
from models.measuring.judge.network import Judge
from models.measuring.studio import Studio
from models.report import Row, table, write_json
from models.training.material import judged_pictures_of
from models.training.objective import Objective

#: The sheet beside the candidate's card: the parent's pictures above the candidate's.
SHEET = "gate.jpg"
_SHEET_ACROSS, _SHEET_ROWS = 8, 4
#: How many held-out pairs are used; more would hardly narrow the interval.
_MAX_PAIRS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `gate`."""
    defaults = Counts()
    parser.add_argument("candidate", type=Path, help="the folder of the model that was trained")
    parser.add_argument(
        "--manifest", type=Path, required=True, help="the votes that it learned from"
    )
    parser.add_argument("--parent", help="the model it was trained from, if it is elsewhere")
    parser.add_argument(
        "--first", help="the model that the line began with (default: the oldest ancestor)"
    )
    parser.add_argument("--tagger", help="a WD tagger, for models of Danbooru's words")
    parser.add_argument(
        "--followed", type=int, default=defaults.followed, help="pictures that test adherence"
    )
    parser.add_argument("--prompts", type=int, default=defaults.prompts, help="held-out prompts")
    parser.add_argument(
        "--seeds", type=int, default=defaults.seeds, help="pictures of each held-out prompt"
    )
    parser.add_argument(
        "--trained", type=int, default=defaults.trained, help="prompts that were trained on"
    )
    parser.add_argument("--json", type=Path, help="write the rows of the table here too")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best available)")
    parser.add_argument("--threads", type=int, help="CPU cores to use (default: all but one)")


def run(args: argparse.Namespace) -> int:
    """Measure, print, write the verdict; return 1 if the candidate did not pass."""
    counts = _counts(args)
    case = _candidacy(args)
    figures = list(_file_figures(case))
    if not failures(figures):
        figures += _picture_figures(case, args, counts)
    verdict = Verdict(gate=EDITION, figures=tuple(figures), files_sha256=case.fingerprint)
    cards.write(replace(case.card, verdict=verdict), case.folder / cards.FILE_NAME)
    rows = [_row(one, f"python -m models gate {args.candidate}") for one in figures]
    print(table(rows))
    if args.json:
        write_json(rows, args.json)
    for sentence in failures(figures):
        print(f"Not passed: {sentence}")
    if verdict.passed:
        print(f"{case.card.id} passed. Its parent's pictures are above its own in {case.sheet}.")
    return 0 if verdict.passed else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidacy:
    """A candidate, its parent, and the votes to compare them by."""

    card: Card
    folder: Path
    #: Its ancestors, from the first model of the line to the parent.
    ancestry: Sequence[Ancestor]
    manifest: Manifest

    @property
    def first(self) -> Ancestor:
        """The first model of the line; for that model's first child, it is the parent."""
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
            "--followed, --prompts and --trained start at 1, --seeds at 2: the gate passes nothing "
            "that it has not measured."
        )
    if args.threads is not None and args.threads < 1:
        raise EngineError("--threads must be at least 1.")
    return Counts(**{name: getattr(args, name) for name in names})


def _candidacy(args: argparse.Namespace) -> Candidacy:
    """The candidate with its parent and votes. Raises EngineError if they do not fit together."""
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
    """The parent: from --parent, or else the embedded model or one beside the candidate."""
    located = _locate_model(args.parent)
    for model in [located] if located is not None else _models_beside(args.candidate):
        if is_child_of(card, model.card):
            return model
    raise EngineError(
        f"{card.id} was trained from {card.parent}, which is not "
        f"{'at ' + args.parent if args.parent else 'beside it'}: name its folder with --parent."
    )


def _ancestry(args: argparse.Namespace, parent: Ancestor) -> Sequence[Ancestor]:
    """The parent and its ancestors, as far as they lie beside it or are named by an option."""
    first = _locate_model(args.first)
    required = [parent, *filter(None, [first])]
    models = [*_models_beside(args.candidate), *_models_beside(parent.folder), *required]
    known = {model.card.id: model for model in models}  # If two share an id, the named one counts.
    return ancestry_of(parent, known, first.card.id if first is not None else None)


def _locate_model(model: str | None) -> Ancestor | None:
    """A model by its name or folder. A folder in the hub's cache does not show its name."""
    if model is None:
        return None
    return _ancestor(*locate(model))


def _ancestor(folder: Path, hub_id: str | None = None) -> Ancestor:
    """A model with its card. The embedded model begins a line: nobody has its parents."""
    card = card_of(folder, hub_id)
    return Ancestor(folder=folder, card=replace(card, parent=None) if folder == EMBEDDED else card)


def _models_beside(folder: Path) -> Iterator[Ancestor]:
    """The embedded model, and the models with a card beside a folder."""
    cards_around = folder.resolve().parent.glob(f"*/{cards.FILE_NAME}")
    for path in [EMBEDDED, *sorted(path.parent for path in cards_around)]:
        try:
            ancestor = _ancestor(path)
        except CardError:
            # A broken model beside it must not stop the gate.
            continue
        yield ancestor


def _file_figures(case: Candidacy) -> Iterator[Figure]:
    """The figures that need no picture."""
    yield figure(Measure.FILES, len(faults(case.card, case.folder)) if case.card.files else 1)
    try:
        model_info(case.card, case.folder)
    except CardError:
        yield figure(Measure.LICENCE, 0)
    else:
        yield figure(Measure.LICENCE, 1)


def _picture_figures(case: Candidacy, args: argparse.Namespace, counts: Counts) -> Iterator[Figure]:
    """The figures that need pictures of both models."""
    witness = _witness(case, args.tagger)
    info = model_info(case.parent.card, case.parent.folder)
    voted = read_voted_material(case.manifest, info.sizes_px)
    requests = GateRequests.of(witness, voted, counts)
    parent = _draw_pictures(case.parent.folder, requests, args, "The parent")
    candidate = _draw_pictures(case.folder, requests, args, "The candidate")
    _sheet(parent, candidate).save(case.sheet, quality=90)
    print("Comparing the pictures.", flush=True)
    aesthetic = open_aesthetic(device="cpu")
    scorer = scorer_of(case.card, case.folder, args.tagger)

    def grade(pictures: examine.Pictures) -> list[float]:
        return [aesthetic.score([picture])[0] for picture in pictures]

    def safety_scores(picture: Image.Image) -> dict[str, float]:
        return scorer.score(_rendered(picture)).values

    yield from examine.agreement_figures(_agreements(case))
    yield from examine.preference_figures(_critic(case), parent, candidate)
    yield from examine.copy_figures(voted, parent, candidate)
    instruments = Instruments(witness=witness, grade=grade, safety_scores=safety_scores)
    wishes = examine.wishes_of(instruments, voted)
    yield from examine.compare_pictures(instruments, requests, wishes, parent, candidate)
    if case.first != case.parent:
        # Each step may pass against its parent, but the steps of a line add up.
        without_trained = replace(requests, trained=())
        first = _draw_pictures(
            case.first.folder, without_trained, args, f"{case.first.card.id}, the first,"
        )
        allowed = wishes | wishes_along(case.ancestry)
        since_then = examine.compare_pictures(instruments, requests, allowed, first, candidate)
        yield from figures_since(case.first.card, since_then)


def _agreements(case: Candidacy) -> list[bool]:
    """For each held-out pair, whether the candidate's likelihoods agree with the voters."""
    parent, candidate = (
        load(str(folder), device="cpu") for folder in (case.parent.folder, case.folder)
    )
    pairs = evidence_of(case.manifest, Split.HELD_OUT).pairs[:_MAX_PAIRS]
    names = {name for pair in pairs for name in (pair.better, pair.worse)}
    pictures = [line for line in case.manifest.pictures if line.file_name in names]
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
    return critic_of(
        trained, held_out, prompts, lambda name: open_picture(case.manifest, lines[name])
    )


def _witness(case: Candidacy, tagger: str | None) -> Witness:
    if has_painter_vocabulary(case.folder):
        return PainterWitness(Judge())
    if tagger is None:
        raise EngineError(
            f"nothing here can read the pictures of {case.card.id}: name a WD tagger with --tagger "
            "(docs/safety.md says where to get one)."
        )
    return TaggerWitness(open_tagger(tagger))


def _draw_pictures(
    folder: Path, requests: GateRequests, args: argparse.Namespace, who: str
) -> DrawnPictures:
    from models.engine.slots import open_engine

    print(f"{who} draws {requests.count} pictures.", flush=True)
    engine = open_engine(str(folder), device=args.device, threads=args.threads)
    try:
        return requests.draw_with(Studio(engine))
    finally:
        engine.close()


def _sheet(parent: DrawnPictures, candidate: DrawnPictures) -> Image.Image:
    """Pictures of held-out prompts by both models, the parent's above the candidate's."""
    shown = slice(None, None, -(-len(parent.held_out) // (_SHEET_ROWS * _SHEET_ACROSS)))
    before, after = parent.held_out[shown], candidate.held_out[shown]
    tiles: list[Image.Image] = []
    for first in range(0, len(before), _SHEET_ACROSS):
        for pictures in (before, after):
            row = pictures[first : first + _SHEET_ACROSS]
            tiles += row + [Image.new("RGB", (1, 1), "white")] * (_SHEET_ACROSS - len(row))
    return sheets.grid(tiles, across=_SHEET_ACROSS, tile_px=192)


def _rendered(picture: Image.Image) -> Rendered:
    return Rendered(
        row_id="", width_px=picture.width, height_px=picture.height, rgb=picture.tobytes(),
        batch_width=1,
    )  # fmt: skip


def _row(result: Figure, command: str) -> Row:
    bounds = [
        f"{sign} {bound:g}"
        for sign, bound in ((">=", result.least), ("<=", result.most))
        if bound is not None
    ]
    unit = result.unit
    if result.interval is not None:
        unit += f" ({result.interval[0]:.0f} to {result.interval[1]:.0f})"
    return Row(
        area="gate", name=result.name, value=result.value, unit=unit, goal=", ".join(bounds),
        holds=result.holds if bounds else None, command=command,
    )  # fmt: skip
