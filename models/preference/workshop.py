"""Everything that a run needs, made ready: base, judgements, reward, pictures, card.

Called by the command. It reads files and loads networks; it must not know how a step learns.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.catalogue.card import Card
from models.catalogue.verdict import fingerprint
from models.contract import EngineError
from models.data.evidence import Evidence, evidence_of
from models.engine.loader import Components, choose_device, load
from models.manifest import Manifest, PictureLine, Split, read
from models.measuring.features import SETS, feature_function_of, feature_functions, sections
from models.measuring.reward import fit
from models.preference import audit
from models.preference.candidate import successor
from models.preference.course import Course, Loss
from models.preference.fresh import fresh
from models.preference.pulling import Pull
from models.preference.ranking import ranked, trusted
from models.preference.refusals import require_base, require_enough, require_pairs
from models.preference.run import Classroom
from models.report import table, write_json
from models.training.material import Place, exhibits_of, features_of, usable
from models.training.samples import sheet

#: A set of features, by file.
Vectors = Mapping[str, NDArray[np.float64]]
#: The folder of fresh pictures in a run's.
FRESH = "fresh"
#: Prompts of the sheets, and pictures of each.
_PROMPTS, _SEEDS = 3, 3
#: Seeds of the sheets: far from those that members draw by chance.
_FIRST_SEED = 4_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A run made ready."""

    room: Classroom
    card: Card
    #: What the sheets before and after are of.
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """What a reward model is asked about."""

    manifest: Manifest
    parts: Components
    evidence: Evidence
    held_out: Evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What is learned from, and what is followed if a reward model has proved itself."""

    evidence: Evidence
    pull: Pull | None = None
    #: Pictures that nobody has seen, drawn to be ranked.
    fresh: tuple[PictureLine, ...] = ()


def prepare(
    args: argparse.Namespace, course: Course, resume: str, say: Callable[[str], None]
) -> Prepared:
    """Read, refuse what cannot be learned from, load, look. EngineError says what is wrong."""
    manifest = read(args.manifest)
    require_enough(manifest)
    parts = _loaded(args.base, args.device)
    require_base(manifest, parts.card)
    made_by = f"python -m models prefer {args.manifest.name}"
    card = successor(parts.card, args.name or args.out.resolve().name, manifest, made_by)
    evidence, held_out = (evidence_of(manifest, split) for split in (Split.TRAIN, Split.HELD_OUT))
    require_pairs(evidence)
    say(f"{len(manifest.judgements)} judgements give {len(evidence.pairs)} pairs")
    asked = _Asked(manifest=manifest, parts=parts, evidence=evidence, held_out=held_out)
    found = _Found(evidence=evidence) if args.as_judged else _by_reward(args, asked, say)
    if course.loss is Loss.PULL and found.pull is None:
        raise EngineError(
            f"--loss {Loss.PULL} needs a reward model that tells more right than chance would: "
            "let the members vote on more pictures, or take another --loss."
        )
    pictures = [*usable(manifest), *found.fresh]

    def tell(done: int, total: int) -> None:
        say(f"latents of {done}/{total} pictures")

    room = Classroom(
        course=course,
        parts=parts,
        evidence=found.evidence,
        held_out=held_out,
        exhibits=exhibits_of(_place(args, manifest), pictures, parts, tell),
        learned_from=tuple(_trained_on(pictures)),
        made_of={
            "manifest": manifest.sha256,
            "base": f"{parts.card.id} {fingerprint(parts.card.files)}",
            "evidence": _digest(found.evidence),
        },
        resume=resume,
        say=say,
        pull=found.pull if course.loss is Loss.PULL else None,
    )
    return Prepared(room=room, card=card, prompts=_prompts(pictures))


def _loaded(base: str, device: str | None) -> Components:
    """The base in float32, which weights learn in, on the device."""
    chosen = choose_device(device)
    parts = load(base, device="cpu")
    for network in parts.networks:
        network.to(chosen)
    return replace(parts, device=chosen)


def _by_reward(args: argparse.Namespace, asked: _Asked, say: Callable[[str], None]) -> _Found:
    """The evidence of a reward model, if it has proved itself; else the judgements' own."""
    manifest, evidence = asked.manifest, asked.evidence
    if unknown := set(args.blind_to) - set(SETS):
        raise EngineError(f"--blind-to knows {', '.join(SETS)}, not {unknown.pop()}.")
    pictures = usable(manifest)
    look = {
        name: see
        for name, see in feature_functions(args.tower).items()
        if name not in args.blind_to
    }
    if not look:
        raise EngineError("--blind-to leaves the reward model nothing to look at: use --as-judged.")
    say("looking at the pictures")
    seen = _with_sections(features_of(manifest.path, pictures, asked.parts, look))
    prompts = {picture.file_name: picture.prompt_key for picture in pictures}
    reward = fit(evidence.pairs, prompts, seen, evidence.votes)
    vectors = seen[reward.features]
    rows = list(audit.rows(manifest, asked.held_out, reward, vectors))
    say(table(rows))
    args.out.mkdir(parents=True, exist_ok=True)
    write_json(rows, args.out / "votes.json")
    if not trusted(reward, len(evidence.pairs)):
        say("the reward model tells no more right than chance would: pairs are taken as judged")
        return _Found(evidence=evidence)
    new = _fresh(args, asked, pictures, say)
    eye = feature_function_of(look, reward.features)
    own = {reward.features: eye}
    more = features_of(_place(args, manifest), new, asked.parts, own)[reward.features]
    trained_on, vectors = _trained_on([*pictures, *new]), {**vectors, **more}
    found = ranked(reward, trained_on, vectors, evidence)
    say(f"the reward model makes {len(found.pairs)} pairs of them")
    spread = float(np.std(reward.of(np.stack([vectors[name] for name in trained_on]))))
    weights = torch.tensor(reward.weights, dtype=torch.float32)
    pull = Pull(look=eye, weights=weights, spread=spread)
    return _Found(evidence=found, pull=pull, fresh=tuple(new))


def _with_sections(seen: Mapping[str, Vectors]) -> dict[str, Vectors]:
    """What was seen of each file, and the sets of features that lie within others."""
    within = {
        name: {file: vector[columns] for file, vector in seen[of].items()}
        for name, (of, columns) in sections().items()
        if of in seen
    }
    return {**seen, **within}


def _fresh(
    args: argparse.Namespace,
    asked: _Asked,
    pictures: Sequence[PictureLine],
    say: Callable[[str], None],
) -> list[PictureLine]:
    """New pictures of the training's prompts, as many of each as were asked for."""
    if not args.fresh:
        return []
    say(f"drawing {args.fresh} fresh pictures of every prompt")
    lines = [picture for picture in pictures if picture.split is Split.TRAIN]
    return fresh(asked.parts, lines, args.fresh, args.out / FRESH)


def _place(args: argparse.Namespace, manifest: Manifest) -> Place:
    """Where a picture lies: fresh ones in the run's folder, the others in the manifest's."""

    def place(picture: PictureLine) -> Path:
        own = args.out / FRESH / picture.file_name
        return own if own.exists() else manifest.path(picture)

    return place


def _trained_on(pictures: Sequence[PictureLine]) -> Mapping[str, str]:
    """The prompt of each picture that may be trained on, by file."""
    return {p.file_name: p.prompt_key for p in pictures if p.split is Split.TRAIN}


def _digest(evidence: Evidence) -> str:
    """A name for the pairs, to a precision that any machine reaches."""
    told = repr([(p.better, p.worse, round(p.weight, 3)) for p in evidence.pairs])
    return hashlib.sha256(told.encode()).hexdigest()


def _prompts(pictures: Sequence[PictureLine]) -> tuple[str, ...]:
    """What the sheets show: prompts that nothing is learned from, as far as there are any."""
    ordered = sorted(pictures, key=lambda p: (p.split is Split.TRAIN, p.prompt_key))
    return tuple(dict.fromkeys(p.text for p in ordered if p.text))[:_PROMPTS]


def draw_sheet(prepared: Prepared, path: Path) -> None:
    """Draw the prompts by the weights as they are now; the same seeds each time."""
    picture = sheet(prepared.room.parts, prepared.prompts, count=_SEEDS, seed=_FIRST_SEED)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
