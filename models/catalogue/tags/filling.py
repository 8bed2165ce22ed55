"""Fills in at random what a prompt leaves open: the same prompt and seed give the same result.

Values are drawn with their shares in the training captions. Each group has its own random number,
so that one more tag in a prompt changes only what it mentions. Pure; the caller then asks policy
about the whole prompt.
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
    """Tags to append to the prompt, joined with commas; "" if there are none.

    First the known equivalents of its unknown words, then a value for each open group. Never what
    the negative prompt names, nor what `takes` rejects.
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
    """A whole random prompt, like one of the training captions; "" if nothing is known."""
    words = _Words(glossary, grasp("", NOTHING), takes)
    words.fill(seed, every=True)
    return ", ".join(words.added)


class _Words:
    """The tags of a prompt, and those added so far."""

    def __init__(self, glossary: Glossary, found: Grasp, takes: Callable[[str], bool]) -> None:
        self._glossary = glossary
        self._takes = takes
        # Likely corrections are left out too: the member will be asked about them.
        self._said = {*found.said, *found.near.values()}
        foreign = (tag for tags in found.foreign.values() for tag in tags)
        self.added = [tag for tag in dict.fromkeys(foreign) if takes(tag)]

    def fill(self, seed: int, *, every: bool) -> None:
        """Fill each open group, or `every` group that the prompt does not mention."""
        for name, group in self._glossary.book.groups.items():
            if (group.open or every) and self._is_free(name, group):
                self._add(self._drawn(self._shares(group), Random(f"{seed} {name}")))

    def _drawn(self, shares: dict[str, float], lots: Random) -> str:
        """A random piece, with probability equal to its share, redrawn if rejected.

        "" if none is left.
        """
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
        """The groups that are mentioned."""
        return {self._glossary.group(tag) for tag in self._said}

    def _is_free(self, name: str, group: TagGroup) -> bool:
        tags = self._glossary.book.tags
        closed = {shut for tag in self._said for shut in tags[tag].closes}
        return not {name, *group.settled_by} & self._spoken and name not in closed

    def _shares(self, group: TagGroup) -> dict[str, float]:
        """The possible pieces, by the first rule that holds.

        "" means nothing, never for an open group.
        """
        rules = group.filling.items()
        given = (shares for tags, shares in rules if not tags or self._said & {*tags.split(", ")})
        shares = next(given, {})
        spoken, closed_by = self._spoken, self._glossary.closed_by
        # Its tags are all known, and hide nothing that was already said.
        fitting = {
            piece: share
            for piece, share in shares.items()
            if piece in closed_by and spoken.isdisjoint(closed_by[piece])
        }
        return fitting | {"": 0.0 if group.open else max(0.0, 1 - sum(shares.values()))}
