"""Prepares everything that a run needs: base, judgements, reward, pictures, card.

Called by the command. It reads files and loads networks. Must not know how a step learns.
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
from models.preference.fresh import fresh_pictures
from models.preference.pulling import Pull
from models.preference.ranking import is_trusted, rank_pictures
from models.preference.refusals import require_base, require_enough, require_pairs
from models.preference.run import PreferenceSetting
from models.report import table, write_json
from models.training.material import PathOf, features_of, judged_pictures_of, usable
from models.training.samples import sheet

#: One set of features: vectors by file.
Vectors = Mapping[str, NDArray[np.float64]]
#: The folder of fresh pictures inside a run's folder.
FRESH = "fresh"
#: The sheets' prompts, and pictures of each.
_PROMPTS, _SEEDS = 3, 3
#: The sheets' first seed; members are unlikely to draw these seeds by chance.
_FIRST_SEED = 4_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A prepared run."""

    setting: PreferenceSetting
    card: Card
    #: The prompts of the sheets before and after the training.
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _RewardInputs:
    """The input of a reward model."""

    manifest: Manifest
    parts: Components
    evidence: Evidence
    held_out: Evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _LearningData:
    """What the run learns from; the pull and fresh pictures need a trusted reward model."""

    evidence: Evidence
    pull: Pull | None = None
    #: Pictures that nobody has judged, drawn for the reward to rank.
    fresh: tuple[PictureLine, ...] = ()


def prepare(
    args: argparse.Namespace, course: Course, resume: str, say: Callable[[str], None]
) -> Prepared:
    """Read and check judgements, load the base, fit the reward. EngineError says what is wrong."""
    manifest = read(args.manifest)
    require_enough(manifest)
    parts = _load_base(args.base, args.device)
    require_base(manifest, parts.card)
    made_by = f"python -m models prefer {args.manifest.name}"
    card = successor(parts.card, args.name or args.out.resolve().name, manifest, made_by)
    evidence, held_out = (evidence_of(manifest, split) for split in (Split.TRAIN, Split.HELD_OUT))
    require_pairs(evidence)
    say(f"{len(manifest.judgements)} judgements give {len(evidence.pairs)} pairs")
    inputs = _RewardInputs(manifest=manifest, parts=parts, evidence=evidence, held_out=held_out)
    data = _LearningData(evidence=evidence) if args.as_judged else _apply_reward(args, inputs, say)
    if course.loss is Loss.PULL and data.pull is None:
        raise EngineError(
            f"--loss {Loss.PULL} needs a reward model that ranks better than chance: "
            "let the members vote on more pictures, or take another --loss."
        )
    pictures = [*usable(manifest), *data.fresh]

    def report_progress(done: int, total: int) -> None:
        say(f"latents of {done}/{total} pictures")

    setting = PreferenceSetting(
        course=course,
        parts=parts,
        evidence=data.evidence,
        held_out=held_out,
        pictures=judged_pictures_of(_path_finder(args, manifest), pictures, parts, report_progress),
        learned_from=tuple(_training_prompts(pictures)),
        made_of={
            "manifest": manifest.sha256,
            "base": f"{parts.card.id} {fingerprint(parts.card.files)}",
            "evidence": _digest(data.evidence),
        },
        resume=resume,
        say=say,
        pull=data.pull if course.loss is Loss.PULL else None,
    )
    return Prepared(setting=setting, card=card, prompts=_sheet_prompts(pictures))


def _load_base(base: str, device: str | None) -> Components:
    """Load the base in float32, the precision of training, on the device."""
    chosen = choose_device(device)
    parts = load(base, device="cpu")
    for network in parts.networks:
        network.to(chosen)
    return replace(parts, device=chosen)


def _apply_reward(
    args: argparse.Namespace, inputs: _RewardInputs, say: Callable[[str], None]
) -> _LearningData:
    """The evidence of a reward model if it is trusted; otherwise the judgements' own."""
    manifest, evidence = inputs.manifest, inputs.evidence
    if unknown := set(args.blind_to) - set(SETS):
        raise EngineError(f"--blind-to knows {', '.join(SETS)}, not {unknown.pop()}.")
    pictures = usable(manifest)
    looks_by_set = {
        name: look
        for name, look in feature_functions(args.tower).items()
        if name not in args.blind_to
    }
    if not looks_by_set:
        raise EngineError("--blind-to leaves the reward model nothing to look at: use --as-judged.")
    say("looking at the pictures")
    vectors_by_set = _with_sections(
        features_of(manifest.path, pictures, inputs.parts, looks_by_set)
    )
    prompts = {picture.file_name: picture.prompt_key for picture in pictures}
    reward = fit(evidence.pairs, prompts, vectors_by_set, evidence.votes)
    vectors = vectors_by_set[reward.features]
    rows = list(audit.rows(manifest, inputs.held_out, reward, vectors))
    say(table(rows))
    args.out.mkdir(parents=True, exist_ok=True)
    write_json(rows, args.out / "votes.json")
    if not is_trusted(reward, len(evidence.pairs)):
        say("the reward model ranks no better than chance: pairs are taken as judged")
        return _LearningData(evidence=evidence)
    fresh_lines = _draw_fresh(args, inputs, pictures, say)
    reward_look = feature_function_of(looks_by_set, reward.features)
    reward_looks = {reward.features: reward_look}
    fresh_vectors = features_of(
        _path_finder(args, manifest), fresh_lines, inputs.parts, reward_looks
    )[reward.features]
    training_prompts, vectors = (
        _training_prompts([*pictures, *fresh_lines]),
        {**vectors, **fresh_vectors},
    )
    ranked_evidence = rank_pictures(reward, training_prompts, vectors, evidence)
    say(f"the reward model makes {len(ranked_evidence.pairs)} pairs")
    spread = float(np.std(reward.of(np.stack([vectors[name] for name in training_prompts]))))
    weights = torch.tensor(reward.weights, dtype=torch.float32)
    pull = Pull(look=reward_look, weights=weights, spread=spread)
    return _LearningData(evidence=ranked_evidence, pull=pull, fresh=tuple(fresh_lines))


def _with_sections(vectors_by_set: Mapping[str, Vectors]) -> dict[str, Vectors]:
    """The sets of features, and beside them the sections of those sets."""
    section_vectors = {
        name: {file: vector[columns] for file, vector in vectors_by_set[whole_set].items()}
        for name, (whole_set, columns) in sections().items()
        if whole_set in vectors_by_set
    }
    return {**vectors_by_set, **section_vectors}


def _draw_fresh(
    args: argparse.Namespace,
    inputs: _RewardInputs,
    pictures: Sequence[PictureLine],
    say: Callable[[str], None],
) -> list[PictureLine]:
    """Draw `--fresh` new pictures of each training prompt."""
    if not args.fresh:
        return []
    say(f"drawing {args.fresh} fresh pictures of every prompt")
    lines = [picture for picture in pictures if picture.split is Split.TRAIN]
    return fresh_pictures(inputs.parts, lines, args.fresh, args.out / FRESH)


def _path_finder(args: argparse.Namespace, manifest: Manifest) -> PathOf:
    """Make the function that finds a picture: in the run's folder if fresh, or the manifest's."""

    def path_of(picture: PictureLine) -> Path:
        fresh_path = args.out / FRESH / picture.file_name
        return fresh_path if fresh_path.exists() else manifest.path(picture)

    return path_of


def _training_prompts(pictures: Sequence[PictureLine]) -> Mapping[str, str]:
    """The prompt of each picture that may be trained on, by file."""
    return {p.file_name: p.prompt_key for p in pictures if p.split is Split.TRAIN}


def _digest(evidence: Evidence) -> str:
    """A hash of the pairs, with weights rounded to what every machine agrees on."""
    text = repr([(p.better, p.worse, round(p.weight, 3)) for p in evidence.pairs])
    return hashlib.sha256(text.encode()).hexdigest()


def _sheet_prompts(pictures: Sequence[PictureLine]) -> tuple[str, ...]:
    """The sheets' prompts: held-out ones first."""
    ordered = sorted(pictures, key=lambda p: (p.split is Split.TRAIN, p.prompt_key))
    return tuple(dict.fromkeys(p.text for p in ordered if p.text))[:_PROMPTS]


def draw_sheet(prepared: Prepared, path: Path) -> None:
    """Draw the sheets' prompts with the current weights; the seeds are the same each time."""
    picture = sheet(prepared.setting.parts, prepared.prompts, count=_SEEDS, seed=_FIRST_SEED)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
