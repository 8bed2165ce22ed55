"""What votes ask for, which excuses drift: read from the votes, or from an earlier verdict.

The votes that a parent learned from are gone when its child is judged. But the figures of its
verdict have no bound on the side that these votes asked for. Called by `examine` and the command.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.catalogue.verdict import Verdict
from models.measuring.gate.floors import Measure

#: More, and less, of a trait.
MORE, LESS = 1, -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The directions (`MORE`, `LESS`) open to each trait, and attributes with a free mix."""

    traits: Mapping[str, frozenset[int]]
    mixes: frozenset[str]

    def __or__(self, other: Wishes) -> Wishes:
        """What either asks for."""
        none = frozenset[int]()
        return Wishes(
            traits={
                name: self.traits.get(name, none) | other.traits.get(name, none)
                for name in {*self.traits, *other.traits}
            },
            mixes=self.mixes | other.mixes,
        )


NO_WISHES = Wishes(traits={}, mixes=frozenset())


def wishes_of_verdict(verdict: Verdict | None) -> Wishes:
    """What the votes behind a verdict asked for; nothing if there was none."""
    figures = {figure.name: figure for figure in verdict.figures} if verdict else {}
    by_kind = {
        kind: {
            name.removeprefix(f"{kind}: "): figure
            for name, figure in figures.items()
            if name.startswith(f"{kind}: ")
        }
        for kind in (Measure.DRIFT, Measure.MIX)
    }
    return Wishes(
        traits={
            name: frozenset(
                way for way, bound in ((MORE, figure.most), (LESS, figure.least)) if bound is None
            )
            for name, figure in by_kind[Measure.DRIFT].items()
        },
        mixes=frozenset(n for n, figure in by_kind[Measure.MIX].items() if figure.most is None),
    )
