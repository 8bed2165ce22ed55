"""A candidate's ancestors, back to the first of its line, and the figures against the first.

Each step is compared only with its parent, so many small steps could add up to a large change. So
the gate also compares a candidate with the first model of its line, by the same floors. Called by
the command. It must not know how anything is drawn or measured.
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
from models.measuring.gate.wishes import NO_WISHES, Wishes, wishes_of_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A model and its folder."""

    folder: Path
    card: Card


def ancestry_of(
    parent: Ancestor, known: Mapping[str, Ancestor], first_id: str | None
) -> Sequence[Ancestor]:
    """The models of the line in order, from the first to the parent.

    The first is the model with the card id `first_id`; if that is None, or belongs to another line,
    it is the oldest ancestor. `known` are models by card id. Raises EngineError, with the id, if a
    model on the way to `first_id` is missing; if `first_id` is None, the line ends there.
    """
    ancestry = [parent]
    while (oldest := ancestry[0].card).id != first_id and oldest.parent is not None:
        older = known.get(oldest.parent)
        if older is None or not is_child_of(oldest, older.card) or older in ancestry:
            if first_id is None:
                break
            raise EngineError(
                f"{oldest.id} was trained from {oldest.parent}, which is not here, so the gate "
                f"cannot go back to {first_id}, with which the line began: put its folder beside "
                f"the other models, or begin a new line with {parent.card.id}, by naming that "
                "with --first (of the bot: with MODEL)."
            )
        ancestry.insert(0, older)
    return ancestry


def is_child_of(child: Card, parent: Card) -> bool:
    """Whether this is the parent that the child's card names, as far as cards can say.

    A card also lists the manifests that its ancestors learned from. So a model with the parent's
    name that learned from other votes is not mistaken for it.
    """
    return child.parent == parent.id and {*(parent.manifests or ())} <= {*(child.manifests or ())}


def wishes_along(ancestry: Iterable[Ancestor]) -> Wishes:
    """What votes asked for, from the first model of a line to its last."""
    _, *later = ancestry
    return reduce(
        or_, (wishes_of_verdict(model.card.verdict_on_files) for model in later), NO_WISHES
    )


def figures_since(first: Card, figures: Iterable[Figure]) -> Iterator[Figure]:
    """Rename figures that compare with the first model, so that their names say so."""
    for figure in figures:
        yield replace(
            figure,
            name=f"since {first.id}: {figure.name}",
            unit=figure.unit.replace("the parent's", f"{first.id}'s"),
        )
