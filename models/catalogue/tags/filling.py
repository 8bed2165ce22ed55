"""What a prompt leaves open, said by lot: the same prompt and seed fill in the same.

The lots are drawn with the shares that the training's captions have. Each group has a lot of its
own, so that one more tag in a prompt changes only what it speaks of. Pure; who calls it asks policy
about the whole prompt afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from models.catalogue.tags.book import TagGroup
from models.catalogue.tags.glossary import NOTHING, Glossary
from models.catalogue.tags.grasping import Grasp, grasp


def completion(
    prompt: str,
    glossary: Glossary,
    seed: int,
    *,
    negative: str = "",
    takes: Callable[[str], bool] = lambda _: True,
) -> str:
    """Tags to go behind the prompt, joined with commas; "" if there are none.

    First what it says in words that the model has never met, said in its own; then a value for
    each open group. Nothing that the negative prompt names, nor what `takes` says no to.
    """
    unwanted = set(grasp(negative, glossary).said)
    words = _Words(
        glossary, grasp(prompt, glossary), lambda tag: tag not in unwanted and takes(tag)
    )
    words.fill(seed, every=False)
    return ", ".join(words.added)


def surprise(
    glossary: Glossary, seed: int, *, takes: Callable[[str], bool] = lambda _: True
) -> str:
    """A whole prompt by lot, as one of the training's captions; "" if there is nothing to say."""
    words = _Words(glossary, grasp("", NOTHING), takes)
    words.fill(seed, every=True)
    return ", ".join(words.added)


class _Words:
    """The tags of a prompt, and what was added to it so far."""

    def __init__(self, glossary: Glossary, found: Grasp, takes: Callable[[str], bool]) -> None:
        self._glossary = glossary
        self._takes = takes
        # What was probably meant is left alone too: it will be asked for once more.
        self._said = {*found.said, *found.near.values()}
        foreign = (tag for tags in found.foreign.values() for tag in tags)
        self.added = [tag for tag in dict.fromkeys(foreign) if takes(tag)]

    def fill(self, seed: int, *, every: bool) -> None:
        """Draw a lot for each group that is open, or for `every` one of which nothing is said."""
        for name, group in self._glossary.book.groups.items():
            if (group.open or every) and self._is_free(name, group):
                self._add(self._drawn(self._shares(group), Random(f"{seed} {name}")))

    def _drawn(self, shares: dict[str, float], lots: Random) -> str:
        """One of the pieces, as often as its share says, again where it may not be; "" if none."""
        while any(shares.values()):
            piece = lots.choices(list(shares), weights=list(shares.values()))[0]
            if not piece or all(self._takes(tag) for tag in piece.split(", ")):
                return piece
            del shares[piece]
        return ""

    def _add(self, piece: str) -> None:
        if piece:
            self.added.append(piece)
            self._said.update(piece.split(", "))

    @property
    def _spoken(self) -> set[str]:
        """The groups of which something is said."""
        return {self._glossary.group(tag) for tag in self._said}

    def _is_free(self, name: str, group: TagGroup) -> bool:
        tags = self._glossary.book.tags
        closed = {shut for tag in self._said for shut in tags[tag].closes}
        return not {name, *group.settled_by} & self._spoken and name not in closed

    def _shares(self, group: TagGroup) -> dict[str, float]:
        """What may come, by the first rule that holds; "" is nothing, which no open group is."""
        rules = group.filling.items()
        given = (shares for tags, shares in rules if not tags or self._said & {*tags.split(", ")})
        shares = next(given, {})
        spoken, closed_by = self._spoken, self._glossary.closed_by
        # Every tag of it is known, and leaves to be seen what is said already.
        fitting = {
            piece: share
            for piece, share in shares.items()
            if piece in closed_by and spoken.isdisjoint(closed_by[piece])
        }
        return fitting | {"": 0.0 if group.open else max(0.0, 1 - sum(shares.values()))}
