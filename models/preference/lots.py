"""Which pictures stand in a step: drawn by lot from the evidence, by the step's number alone.

Pictures of one step are of one size. Called by `run`. It must not know tensors' values or networks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from models.data.evidence import Evidence
from models.preference.course import Course, Loss
from models.training import chance
from models.training.exhibits import Exhibit, Exhibits

_T = TypeVar("_T")
#: How many held-out pairs are asked, and with how much noise each: a look, not a measurement.
_AUDITED, _NOISES = 60, 2


class Lots:
    """The rows of every step of a course."""

    def __init__(self, course: Course, evidence: Evidence, exhibits: Exhibits) -> None:
        """`exhibits` holds every picture that the evidence names."""
        self._course = course
        latents = exhibits.latents
        if course.loss is Loss.DPO:
            pairs = [((p.better, p.worse), p.weight) for p in evidence.pairs]
        else:
            liked = evidence.liked.items()
            pairs = [((n,), v) for n, v in liked if v > 0 or (v and course.loss is Loss.KTO)]
        self._said = dict(pairs)
        self._groups = _by(lambda names: tuple(latents[names[0]].shape), dict(pairs))
        self._all = _by(lambda name: tuple(latents[name].shape), latents)

    def rows(self, step: int) -> list[Exhibit]:
        """The step's rows; of pairs they alternate: the better one, the worse one."""
        course = self._course
        lots = chance.lots(course.seed, "rows", step)
        weights = [sum(abs(self._said[names]) for names in group) for group in self._groups]
        (group,) = lots.choices(self._groups, weights)
        many = course.pairs if course.loss is Loss.DPO else 2 * course.pairs
        chosen = lots.choices(group, [abs(self._said[names]) for names in group], k=many)
        return [
            Exhibit(name=name, lot=lot, sign=1.0 if self._said[names] > 0 else -1.0)
            for lot, names in enumerate(chosen)
            for name in names
        ]

    def replayed(self, step: int, like: Exhibit) -> list[Exhibit]:
        """Pictures of any prompt, of the size of `like`, to be said as before."""
        lots = chance.lots(self._course.seed, "replay", step)
        group = next(group for group in self._all if like.name in group)
        chosen = lots.choices(group, k=self._course.pairs // 2)
        return [
            Exhibit(name=n, lot=self._course.pairs * 2 + i, sign=1) for i, n in enumerate(chosen)
        ]


def audit(evidence: Evidence, exhibits: Exhibits, seed: int) -> list[list[Exhibit]]:
    """Held-out pairs, by size, each with noise of its own that never changes."""
    pairs = sorted(evidence.pairs, key=lambda pair: -pair.weight)[:_AUDITED]
    shapes = _by(lambda i: tuple(exhibits.latents[pairs[i].better].shape), range(len(pairs)))
    return [
        [
            Exhibit(name=name, lot=seed + i * _NOISES + noise, sign=1, weight=pairs[i].weight)
            for i in group
            for noise in range(_NOISES)
            for name in (pairs[i].better, pairs[i].worse)
        ]
        for group in shapes
    ]


def _by(key: Callable[[_T], object], items: Iterable[_T]) -> Sequence[list[_T]]:
    """The items in groups of one key, in their order."""
    groups: defaultdict[object, list[_T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return list(groups.values())
