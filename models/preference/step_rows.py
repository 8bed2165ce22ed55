"""The pictures of each step: drawn at random from the evidence, by the step's number alone.

All pictures of a step have one size. Called by `run`. Must not know tensors' values or networks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from models.data.evidence import Evidence
from models.preference.course import Course, Loss
from models.training import chance
from models.training.judged_pictures import JudgedPictures, StepPicture

_T = TypeVar("_T")
#: How many held-out pairs are checked, and with how many noises each: a check, not a measurement.
_HELD_OUT_PAIRS, _NOISES_PER_PAIR = 60, 2


class StepRows:
    """The rows of every step of a course."""

    def __init__(
        self,
        course: Course,
        evidence: Evidence,
        pictures: JudgedPictures,
        learned_from: Sequence[str],
    ) -> None:
        """`pictures` holds every picture that the evidence names, and all of `learned_from`."""
        self._course = course
        latents = pictures.latents
        if course.loss is Loss.DPO:
            pairs = [((p.better, p.worse), p.weight) for p in evidence.pairs]
        else:
            liked = evidence.liked.items()
            pairs = [((n,), v) for n, v in liked if v > 0 or (v and course.loss is Loss.KTO)]
        self._weights = dict(pairs)
        self._groups = _group_by(lambda names: tuple(latents[names[0]].shape), dict(pairs))
        self._all_groups = _group_by(lambda name: tuple(latents[name].shape), learned_from)

    def rows(self, step: int) -> list[StepPicture]:
        """The step's rows; those of pairs alternate: the better one, the worse one."""
        course = self._course
        generator = chance.python_generator(course.seed, "rows", step)
        weights = [sum(abs(self._weights[names]) for names in group) for group in self._groups]
        (group,) = generator.choices(self._groups, weights)
        count = course.pairs if course.loss is Loss.DPO else 2 * course.pairs
        chosen = generator.choices(group, [abs(self._weights[names]) for names in group], k=count)
        return [
            StepPicture(
                name=name, noise_key=noise_key, sign=1.0 if self._weights[names] > 0 else -1.0
            )
            for noise_key, names in enumerate(chosen)
            for name in names
        ]

    def any_prompt_rows(self, step: int) -> list[StepPicture]:
        """Pictures of any prompt, half as many as a step has pairs."""
        generator = chance.python_generator(self._course.seed, "any", step)
        (group,) = generator.choices(self._all_groups, [len(group) for group in self._all_groups])
        chosen = generator.choices(group, k=max(1, self._course.pairs // 2))
        return [
            StepPicture(name=name, noise_key=noise_key, sign=1)
            for noise_key, name in enumerate(chosen)
        ]

    def replay_rows(self, step: int, same_size_as: StepPicture) -> list[StepPicture]:
        """Pictures of any prompt, of the size of `same_size_as`, whose outputs should stay."""
        generator = chance.python_generator(self._course.seed, "replay", step)
        group = next(group for group in self._all_groups if same_size_as.name in group)
        chosen = generator.choices(group, k=self._course.pairs // 2)
        return [
            StepPicture(name=n, noise_key=self._course.pairs * 2 + i, sign=1)
            for i, n in enumerate(chosen)
        ]


def held_out_rows(
    evidence: Evidence, pictures: JudgedPictures, seed: int
) -> list[list[StepPicture]]:
    """The rows of held-out pairs, by size; each pair has its own noise, which never changes."""
    pairs = sorted(evidence.pairs, key=lambda pair: -pair.weight)[:_HELD_OUT_PAIRS]
    groups = _group_by(lambda i: tuple(pictures.latents[pairs[i].better].shape), range(len(pairs)))
    return [
        [
            StepPicture(
                name=name,
                noise_key=seed + i * _NOISES_PER_PAIR + noise,
                sign=1,
                weight=pairs[i].weight,
            )
            for i in group
            for noise in range(_NOISES_PER_PAIR)
            for name in (pairs[i].better, pairs[i].worse)
        ]
        for group in groups
    ]


def _group_by(key: Callable[[_T], object], items: Iterable[_T]) -> Sequence[list[_T]]:
    """Group the items by key, in their order."""
    groups: defaultdict[object, list[_T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return list(groups.values())
