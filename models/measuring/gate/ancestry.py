"""What a candidate comes from, back to the first of its line, and figures that are held against it.

What one step may change, a line of steps could change again and again: each is held against its
parent alone. So the gate holds a candidate against the first model of its line as well, by the same
floors. Called by the command. It must not know how anything is drawn or measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from pathlib import Path

from models.catalogue.card import Card
from models.catalogue.verdict import Figure
from models.contract import EngineError
from models.measuring.gate.wishes import NOTHING, Wishes, wished_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A model and where it lies."""

    folder: Path
    card: Card


def ancestry_of(
    parent: Ancestor, known: Mapping[str, Ancestor], begins: str | None
) -> Sequence[Ancestor]:
    """The models from the first to the parent, the first in front.

    The first is the one whose card's id is `begins`; where that is None, or of another line, it is
    the oldest. `known` are models by their cards' ids. EngineError names a model that is missing on
    the way to `begins`; without it the line is as long as it is known.
    """
    ancestry = [parent]
    while (oldest := ancestry[0].card).id != begins and oldest.parent is not None:
        before = known.get(oldest.parent)
        if before is None or not descends(oldest, before.card) or before in ancestry:
            if begins is None:
                break
            raise EngineError(
                f"{oldest.id} was trained from {oldest.parent}, which is not here, so the gate "
                f"cannot go back to {begins}, with which the line began: put its folder beside "
                f"the other models, or begin a new line with {parent.card.id}, by naming that "
                "with --first (of the bot: with MODEL)."
            )
        ancestry.insert(0, before)
    return ancestry


def descends(child: Card, parent: Card) -> bool:
    """Whether this is the very parent that the child's card names, by all that cards tell.

    A card lists what its ancestors learned from, too. So another model of the parent's name, which
    learned from other votes, is told apart.
    """
    return child.parent == parent.id and {*(parent.manifests or ())} <= {*(child.manifests or ())}


def wished_along(ancestry: Iterable[Ancestor]) -> Wishes:
    """What votes asked for on the way from the first model of a line to its last."""
    _, *later = ancestry
    return reduce(or_, (wished_in(model.card.verdict_on_files) for model in later), NOTHING)


def since(first: Card, figures: Iterable[Figure]) -> Iterator[Figure]:
    """Figures that were measured against the first model, under names that say so."""
    for figure in figures:
        yield replace(
            figure,
            name=f"since {first.id}: {figure.name}",
            unit=figure.unit.replace("the parent's", f"{first.id}'s"),
        )
