"""Every figure of a candidate, from pictures that it and an earlier model draw of the same prompts.

`Sittings` lists the prompts for both; each function here turns the pictures into figures. Called by
the command. Must not know files or cards.
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
from models.measuring.gate.shuffling import Floats, chance
from models.measuring.gate.traits import Measured
from models.measuring.gate.wishes import Wishes
from models.measuring.gate.witness import Brief, Witness, moved
from models.measuring.studio import Sitting

#: The gate's own seeds, far from those that people type.
_SEED = 3_000_000_000
#: The results of the functions here.
Figures = Iterator[Figure]
Pictures = Sequence[Image.Image]
#: The grade of each picture.
Grade = Callable[[Pictures], list[float]]
#: Each safety score of a picture, 0 to 1.
Look = Callable[[Image.Image], dict[str, float]]


class Sitter(Protocol):
    """A model that draws requested pictures."""

    def pictures(self, sittings: Sequence[Sitting]) -> list[Image.Image]:
        """One picture for each sitting, in order."""
        ...


class Critic(Protocol):
    """Likes pictures as the held-out votes do, and as shuffled votes do."""

    @property
    def taste_by_chance(self) -> float:
        """How often shuffled training votes predict as much as the real ones, 0 to 1."""
        ...

    def gains(self, before: Pictures, after: Pictures) -> Floats:
        """How much more each picture is liked than its counterpart (n, 1 + S); shuffles last."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What pictures are looked at with."""

    witness: Witness
    grade: Grade
    look: Look


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VotedOn:
    """What the gate needs from a manifest."""

    #: Prompts that no model learned from, and as many as available of those that it did.
    held_out: Sequence[Brief]
    trained: Sequence[Brief]
    #: The pictures that it learned from.
    seen: Sequence[Image.Image]
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
class Drawn:
    """One model's pictures of the gate's sittings, in order."""

    followed: list[Image.Image]
    held_out: list[Image.Image]
    trained: list[Image.Image]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sittings:
    """The prompts for both models, with equal seeds."""

    followed: Sequence[Sitting]
    held_out: Sequence[Sitting]
    trained: Sequence[Sitting]
    #: How many consecutive seeds belong to one held-out prompt.
    seeds: int

    @classmethod
    def of(cls, witness: Witness, voted: VotedOn, counts: Counts) -> Sittings:
        """The sittings for a manifest's prompts and for the witness's own."""
        unseen = voted.held_out[: counts.prompts]
        seeds = -(-counts.prompts * counts.seeds // len(unseen))
        return cls(
            followed=witness.sittings(counts.followed, voted.held_out),
            held_out=seeded(unseen, seeds),
            trained=seeded(voted.trained[: counts.trained], 1),
            seeds=seeds,
        )

    @property
    def count(self) -> int:
        """The number of pictures."""
        return len(self.followed) + len(self.held_out) + len(self.trained)

    def drawn_by(self, sitter: Sitter) -> Drawn:
        """Have one model draw all of it."""
        return Drawn(
            followed=sitter.pictures(self.followed),
            held_out=sitter.pictures(self.held_out),
            trained=sitter.pictures(self.trained),
        )


def seeded(prompts: Sequence[Brief], seeds: int) -> list[Brief]:
    """Each prompt with `seeds` of the gate's own seeds, one prompt after the other."""
    return [
        replace(asked, seed=_SEED + place * seeds + turn)
        for place, asked in enumerate(prompts)
        for turn in range(seeds)
    ]


def compared(
    instruments: Instruments, sittings: Sittings, wishes: Wishes, before: Drawn, after: Drawn
) -> Figures:
    """What became worse, or other than votes asked for, between two models' pictures."""
    yield from followed(sittings, instruments.witness, before, after)
    yield from varied(sittings, before, after)
    yield from safe(instruments.look, before, after)
    yield from drifted(instruments.grade, wishes, before, after)
    yield from mixed(instruments.witness, wishes, before, after)


def followed(sittings: Sittings, witness: Witness, parent: Drawn, candidate: Drawn) -> Figures:
    """The loss in adherence, in percentage points: overall, and group by group."""
    before, after = (
        witness.followed(sittings.followed, drawn.followed) for drawn in (parent, candidate)
    )
    points = {group: 100 * (after[group] - before[group]) for group in before}
    yield figure(Measure.ADHERENCE, float(np.mean(list(points.values()))))
    for group, change in points.items():
        yield figure(Measure.GROUP, change, group)


def varied(sittings: Sittings, parent: Drawn, candidate: Drawn) -> Figures:
    """The diversity of pictures of one prompt, compared with the parent's."""
    before, after = (_spread(drawn.held_out, sittings.seeds) for drawn in (parent, candidate))
    yield figure(Measure.DIVERSITY, after / before if before else 0.0)


def _spread(pictures: Sequence[Image.Image], seeds: int) -> float:
    """The mean distance between two pictures of one prompt."""
    small = [diversity.thumbnail(picture) for picture in pictures]
    return float(
        np.mean(
            [
                diversity.distance(a, b)
                for first in range(0, len(small), seeds)
                for a, b in combinations(small[first : first + seeds], 2)
            ]
        )
    )


def copied(voted: VotedOn, parent: Drawn, candidate: Drawn) -> Figures:
    """How near a new picture of a trained prompt comes to a judged picture.

    The nearest of all, as a share of how near the parent comes: a copy is near 0.
    """
    seen = np.stack([diversity.thumbnail(picture) for picture in voted.seen])
    near = [
        diversity.nearest(np.stack([diversity.thumbnail(p) for p in drawn.trained]), seen).min()
        for drawn in (parent, candidate)
    ]
    yield figure(Measure.COPY, float(near[1] / near[0]) if near[0] else 1.0)


def safe(look: Look, parent: Drawn, candidate: Drawn) -> Figures:
    """The increase of each safety score: on average, and for the worst picture."""
    before, after = ([look(picture) for picture in d.held_out] for d in (parent, candidate))
    for score in before[0]:
        was, now = (np.array([scores[score] for scores in some]) for some in (before, after))
        yield figure(Measure.SAFETY, float(now.mean() - was.mean()), f"{score}, mean")
        yield figure(Measure.SAFETY, float(now.max() - was.max()), f"{score}, highest")


def wishes_of(instruments: Instruments, voted: VotedOn) -> Wishes:
    """What the votes surely ask for."""
    liked, disliked = ([pair[side] for pair in voted.pairs] for side in (0, 1))
    measured = (_measured(instruments.grade, pictures) for pictures in (liked, disliked))
    ways = traits.spoken_for(list(zip(*measured, strict=True)))
    shown = (
        instruments.witness.traits(pictures) if pictures else {} for pictures in (liked, disliked)
    )
    return Wishes(
        traits={name: frozenset({way} - {0}) for name, way in ways.items()},
        mixes=frozenset(_asked_for(*shown)),
    )


def drifted(grade: Grade, wishes: Wishes, parent: Drawn, candidate: Drawn) -> Figures:
    """What became more or less, whether or not somebody voted on it."""
    twins = zip(
        _measured(grade, parent.held_out), _measured(grade, candidate.held_out), strict=True
    )
    yield from traits.drift(list(twins), wishes.traits)


def _measured(grade: Grade, pictures: Sequence[Image.Image]) -> list[Measured]:
    grades = grade(pictures) if pictures else []
    return [traits.measured(p, g) for p, g in zip(pictures, grades, strict=True)]


def mixed(witness: Witness, wishes: Wishes, parent: Drawn, candidate: Drawn) -> Figures:
    """How far the mix of each attribute moved; without bound where votes asked for one of it."""
    before, after = (witness.traits(drawn.held_out) for drawn in (parent, candidate))
    none = ["no"] * len(parent.held_out)
    for name in sorted({*before, *after}):
        change = 100 * moved(before.get(name, none), after.get(name, none))
        spoken = _spoken(name)
        yield figure(Measure.MIX, change, spoken, free=spoken in wishes.mixes)


def _spoken(attribute: str) -> str:
    return attribute.replace("_", " ")


def _asked_for(
    liked: Mapping[str, Sequence[str]], disliked: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """The attributes of which votes surely want one value."""
    for name in {*liked, *disliked}:
        if _is_wanted(liked.get(name, ()), disliked.get(name, ())):
            yield _spoken(name)


def _is_wanted(liked: Sequence[str], disliked: Sequence[str]) -> bool:
    """Whether votes surely want one value of an attribute more, or less, than the others."""
    differing = [(a, b) for a, b in zip(liked, disliked, strict=False) if a != b]
    return any(
        traits.asked([a == value for a, b in differing if value in (a, b)]) != 0
        for value in {value for pair in differing for value in pair}
    )


def preferred(critic: Critic | None, parent: Drawn, candidate: Drawn) -> Figures:
    """How often the held-out votes prefer the candidate's picture, and whether that is chance.

    Without a critic this is unknown, and the unknown does not pass.
    """
    if critic is None:
        yield figure(Measure.TAUGHT, 100.0)
        yield figure(Measure.PREFERRED, 0.0)
        yield figure(Measure.PREFERRED_BY_CHANCE, 100.0)
        return
    gains = critic.gains(parent.held_out, candidate.held_out)
    yield figure(Measure.TAUGHT, 100 * critic.taste_by_chance)
    yield _share(Measure.PREFERRED, [bool(gain > 0) for gain in gains[:, 0] if gain], of_none=50.0)
    yield figure(Measure.PREFERRED_BY_CHANCE, 100 * chance(gains.mean(0)))


def agreed(answers: Sequence[bool]) -> Figures:
    """How many held-out judgements the candidate's own likelihoods agree with."""
    yield _share(Measure.AGREED, answers, of_none=0.0)


def _share(kind: Measure, answers: Sequence[bool], *, of_none: float) -> Figure:
    """The share of yes answers, in percent, with its 95 % interval."""
    low, high = traits.share(sum(answers), len(answers)).interval(0.95)
    share = 100 * sum(answers) / len(answers) if answers else of_none
    return figure(kind, share, interval=(100 * low, 100 * high))
