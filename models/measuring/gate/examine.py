"""Every figure of a candidate, from pictures that it and an earlier model draw of the same prompts.

`GateRequests` lists the prompts for both; the functions here turn the pictures into figures. Called
by the command. Must not know files or cards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Protocol

import numpy as np
from PIL import Image

from models.catalogue.verdict import Figure
from models.measuring import diversity
from models.measuring.gate import traits
from models.measuring.gate.floors import Measure, figure
from models.measuring.gate.shuffling import Floats, chance_of_score
from models.measuring.gate.traits import TraitValues
from models.measuring.gate.wishes import Wishes
from models.measuring.gate.witness import Brief, Witness, mix_distance
from models.measuring.studio import PictureRequest

#: The gate's own seeds, far from those that people type.
_SEED = 3_000_000_000
#: The results of the functions here.
Figures = Iterator[Figure]
Pictures = Sequence[Image.Image]
#: The grade of each picture.
Grade = Callable[[Pictures], list[float]]
#: Each safety score of a picture, 0 to 1.
SafetyScores = Callable[[Image.Image], dict[str, float]]


class PictureModel(Protocol):
    """A model that draws requested pictures."""

    def pictures(self, requests: Sequence[PictureRequest]) -> list[Image.Image]:
        """One picture for each request, in order."""
        ...


class Critic(Protocol):
    """Judges pictures by the taste of the held-out votes, and by that of shuffled votes."""

    @property
    def taste_by_chance(self) -> float:
        """How often shuffled training votes predict as much as the real ones, 0 to 1."""
        ...

    def gains(self, before: Pictures, after: Pictures) -> Floats:
        """How much more each picture is liked than its counterpart (n, 1 + S); shuffles last."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """The functions that measure pictures."""

    witness: Witness
    grade: Grade
    safety_scores: SafetyScores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VotedMaterial:
    """What the gate needs from a manifest."""

    #: Prompts that no model learned from, and prompts that the candidate learned from.
    held_out: Sequence[Brief]
    trained: Sequence[Brief]
    #: The pictures that the candidate learned from.
    trained_pictures: Sequence[Image.Image]
    #: The preferred and the other picture of each pair, from one prompt.
    pairs: Sequence[tuple[Image.Image, Image.Image]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many pictures each model draws."""

    #: For measuring how prompts are followed.
    followed: int = 150
    #: Held-out prompts, and seeds for each. With fewer prompts, each is drawn from more seeds: a
    #: share of a dozen pictures could be anything.
    prompts: int = 24
    seeds: int = 4
    #: Trained prompts.
    trained: int = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnPictures:
    """One model's pictures for the gate's requests, in order."""

    followed: list[Image.Image]
    held_out: list[Image.Image]
    trained: list[Image.Image]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateRequests:
    """The prompts for both models, with equal seeds."""

    followed: Sequence[PictureRequest]
    held_out: Sequence[PictureRequest]
    trained: Sequence[PictureRequest]
    #: How many consecutive seeds belong to one held-out prompt.
    seeds: int

    @classmethod
    def of(cls, witness: Witness, voted: VotedMaterial, counts: Counts) -> GateRequests:
        """The requests for a manifest's prompts, and those of the witness."""
        unseen = voted.held_out[: counts.prompts]
        seeds = -(-counts.prompts * counts.seeds // len(unseen))
        return cls(
            followed=witness.requests(counts.followed, voted.held_out),
            held_out=with_gate_seeds(unseen, seeds),
            trained=with_gate_seeds(voted.trained[: counts.trained], 1),
            seeds=seeds,
        )

    @property
    def count(self) -> int:
        """The number of pictures."""
        return len(self.followed) + len(self.held_out) + len(self.trained)

    def draw_with(self, model: PictureModel) -> DrawnPictures:
        """Let one model draw all requests."""
        return DrawnPictures(
            followed=model.pictures(self.followed),
            held_out=model.pictures(self.held_out),
            trained=model.pictures(self.trained),
        )


def with_gate_seeds(prompts: Sequence[Brief], seeds: int) -> list[Brief]:
    """Each prompt with `seeds` of the gate's own seeds, one prompt after the other."""
    return [
        replace(brief, seed=_SEED + index * seeds + turn)
        for index, brief in enumerate(prompts)
        for turn in range(seeds)
    ]


def compare_pictures(
    instruments: Instruments,
    requests: GateRequests,
    wishes: Wishes,
    before: DrawnPictures,
    after: DrawnPictures,
) -> Figures:
    """The figures for losses, and for changes that votes did not ask for, between two models."""
    yield from adherence_figures(requests, instruments.witness, before, after)
    yield from diversity_figures(requests, before, after)
    yield from safety_figures(instruments.safety_scores, before, after)
    yield from drift_figures(instruments.grade, wishes, before, after)
    yield from mix_figures(instruments.witness, wishes, before, after)


def adherence_figures(
    requests: GateRequests, witness: Witness, parent: DrawnPictures, candidate: DrawnPictures
) -> Figures:
    """The change in adherence, in percentage points: overall, and for each group."""
    before, after = (
        witness.shares_followed(requests.followed, pictures.followed)
        for pictures in (parent, candidate)
    )
    points = {group: 100 * (after[group] - before[group]) for group in before}
    yield figure(Measure.ADHERENCE, float(np.mean(list(points.values()))))
    for group, change in points.items():
        yield figure(Measure.GROUP, change, group)


def diversity_figures(
    requests: GateRequests, parent: DrawnPictures, candidate: DrawnPictures
) -> Figures:
    """The diversity of pictures of one prompt, compared with the parent's."""
    before, after = (
        _mean_distance(pictures.held_out, requests.seeds) for pictures in (parent, candidate)
    )
    yield figure(Measure.DIVERSITY, after / before if before else 0.0)


def _mean_distance(pictures: Sequence[Image.Image], seeds: int) -> float:
    """The mean distance between two pictures of one prompt."""
    thumbnails = [diversity.thumbnail(picture) for picture in pictures]
    return float(
        np.mean(
            [
                diversity.distance(a, b)
                for first in range(0, len(thumbnails), seeds)
                for a, b in combinations(thumbnails[first : first + seeds], 2)
            ]
        )
    )


def copy_figures(voted: VotedMaterial, parent: DrawnPictures, candidate: DrawnPictures) -> Figures:
    """How near a new picture of a trained prompt comes to a judged picture.

    The smallest distance, divided by the parent's: a copy is near 0.
    """
    trained = np.stack([diversity.thumbnail(picture) for picture in voted.trained_pictures])
    nearest = [
        diversity.nearest_distances(
            np.stack([diversity.thumbnail(p) for p in pictures.trained]), trained
        ).min()
        for pictures in (parent, candidate)
    ]
    yield figure(Measure.COPY, float(nearest[1] / nearest[0]) if nearest[0] else 1.0)


def safety_figures(
    safety_scores: SafetyScores, parent: DrawnPictures, candidate: DrawnPictures
) -> Figures:
    """The increase of each safety score: on average, and for the worst picture."""
    before, after = (
        [safety_scores(picture) for picture in drawn.held_out] for drawn in (parent, candidate)
    )
    for name in before[0]:
        before_scores, after_scores = (
            np.array([scores[name] for scores in some]) for some in (before, after)
        )
        yield figure(
            Measure.SAFETY, float(after_scores.mean() - before_scores.mean()), f"{name}, mean"
        )
        yield figure(
            Measure.SAFETY, float(after_scores.max() - before_scores.max()), f"{name}, highest"
        )


def wishes_of(instruments: Instruments, voted: VotedMaterial) -> Wishes:
    """What the votes ask for with certainty."""
    liked, disliked = ([pair[side] for pair in voted.pairs] for side in (0, 1))
    measured = (_traits_of(instruments.grade, pictures) for pictures in (liked, disliked))
    directions = traits.voted_directions(list(zip(*measured, strict=True)))
    values = (
        instruments.witness.traits(pictures) if pictures else {} for pictures in (liked, disliked)
    )
    return Wishes(
        traits={name: frozenset({direction} - {0}) for name, direction in directions.items()},
        mixes=frozenset(_wanted_attributes(*values)),
    )


def drift_figures(
    grade: Grade, wishes: Wishes, parent: DrawnPictures, candidate: DrawnPictures
) -> Figures:
    """The change in each trait, whether or not votes asked for it."""
    twins = zip(
        _traits_of(grade, parent.held_out), _traits_of(grade, candidate.held_out), strict=True
    )
    yield from traits.trait_drift(list(twins), wishes.traits)


def _traits_of(grade: Grade, pictures: Sequence[Image.Image]) -> list[TraitValues]:
    grades = grade(pictures) if pictures else []
    return [
        traits.measure_traits(picture, grade_of_picture)
        for picture, grade_of_picture in zip(pictures, grades, strict=True)
    ]


def mix_figures(
    witness: Witness, wishes: Wishes, parent: DrawnPictures, candidate: DrawnPictures
) -> Figures:
    """How far the mix of each attribute moved; unbounded if votes asked for one of its values."""
    before, after = (witness.traits(drawn.held_out) for drawn in (parent, candidate))
    none = ["no"] * len(parent.held_out)
    for name in sorted({*before, *after}):
        change = 100 * mix_distance(before.get(name, none), after.get(name, none))
        readable = _readable(name)
        yield figure(Measure.MIX, change, readable, free=readable in wishes.mixes)


def _readable(attribute: str) -> str:
    return attribute.replace("_", " ")


def _wanted_attributes(
    liked: Mapping[str, Sequence[str]], disliked: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """The attributes of which votes certainly want one value."""
    for name in {*liked, *disliked}:
        if _is_wanted(liked.get(name, ()), disliked.get(name, ())):
            yield _readable(name)


def _is_wanted(liked: Sequence[str], disliked: Sequence[str]) -> bool:
    """Whether votes certainly want one value of an attribute more, or less, than others."""
    differing = [(a, b) for a, b in zip(liked, disliked, strict=False) if a != b]
    return any(
        traits.majority([a == value for a, b in differing if value in (a, b)]) != 0
        for value in {value for pair in differing for value in pair}
    )


def preference_figures(
    critic: Critic | None, parent: DrawnPictures, candidate: DrawnPictures
) -> Figures:
    """How often the held-out votes prefer the candidate's picture, and whether that is chance.

    Without a critic this is unknown, and unknown figures do not pass.
    """
    if critic is None:
        yield figure(Measure.TAUGHT, 100.0)
        yield figure(Measure.PREFERRED, 0.0)
        yield figure(Measure.PREFERRED_BY_CHANCE, 100.0)
        return
    gains = critic.gains(parent.held_out, candidate.held_out)
    yield figure(Measure.TAUGHT, 100 * critic.taste_by_chance)
    yield _share_figure(
        Measure.PREFERRED, [bool(gain > 0) for gain in gains[:, 0] if gain], of_none=50.0
    )
    yield figure(Measure.PREFERRED_BY_CHANCE, 100 * chance_of_score(gains.mean(0)))


def agreement_figures(answers: Sequence[bool]) -> Figures:
    """How many held-out judgements the candidate's likelihoods agree with."""
    yield _share_figure(Measure.AGREED, answers, of_none=0.0)


def _share_figure(kind: Measure, answers: Sequence[bool], *, of_none: float) -> Figure:
    """The share of yes answers, in percent, with its 95 % interval."""
    low, high = traits.share_posterior(sum(answers), len(answers)).interval(0.95)
    share = 100 * sum(answers) / len(answers) if answers else of_none
    return figure(kind, share, interval=(100 * low, 100 * high))
