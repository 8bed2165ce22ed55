"""Fills in at random what a prompt leaves open: the same prompt and seed give the same result.

Values are drawn with their shares in the training captions. Each group has its own random
generator, so that one more tag in a prompt changes only what it mentions. Pure; the
caller then asks policy about the whole prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from models.catalogue.tags.analysing import PromptAnalysis, analyse
from models.catalogue.tags.book import TagGroup
from models.catalogue.tags.glossary import NOTHING, Glossary


def completion(
    prompt: str,
    glossary: Glossary,
    seed: int,
    *,
    negative: str = "",
    allows: Callable[[str], bool] = lambda _: True,
) -> str:
    """Tags to append to the prompt, joined with commas; "" if there are none.

    First the known equivalents of its unknown words, then a value for each open group. Never what
    the negative prompt names, nor what `allows` rejects.
    """
    unwanted = set(analyse(negative, glossary).tags)
    words = _FilledPrompt(
        glossary, analyse(prompt, glossary), lambda tag: tag not in unwanted and allows(tag)
    )
    words.fill(seed, every=False)
    return ", ".join(words.added)


def surprise(
    glossary: Glossary, seed: int, *, allows: Callable[[str], bool] = lambda _: True
) -> str:
    """A whole random prompt, like one of the training captions; "" if nothing is known."""
    words = _FilledPrompt(glossary, analyse("", NOTHING), allows)
    words.fill(seed, every=True)
    return ", ".join(words.added)


class _FilledPrompt:
    """The tags of a prompt, and those added so far."""

    def __init__(
        self, glossary: Glossary, analysis: PromptAnalysis, allows: Callable[[str], bool]
    ) -> None:
        self._glossary = glossary
        self._allows = allows
        # Likely corrections are left out too: the member will be asked about them.
        self._tags = {*analysis.tags, *analysis.corrections.values()}
        foreign = (tag for tags in analysis.foreign.values() for tag in tags)
        self.added = [tag for tag in dict.fromkeys(foreign) if allows(tag)]

    def fill(self, seed: int, *, every: bool) -> None:
        """Fill each open group, or `every` group that the prompt does not mention."""
        for name, group in self._glossary.book.groups.items():
            if (group.open or every) and self._is_free(name, group):
                self._add(self._draw_piece(self._shares(group), Random(f"{seed} {name}")))

    def _draw_piece(self, shares: dict[str, float], rng: Random) -> str:
        """A random piece, with probability equal to its share, redrawn if rejected.

        "" if none is left.
        """
        while any(shares.values()):
            piece = rng.choices(list(shares), weights=list(shares.values()))[0]
            if not piece or all(self._allows(tag) for tag in piece.split(", ")):
                return piece
            del shares[piece]
        return ""

    def _add(self, piece: str) -> None:
        if piece:
            self.added.append(piece)
            self._tags.update(piece.split(", "))

    @property
    def _mentioned_groups(self) -> set[str]:
        """The groups that are mentioned."""
        return {self._glossary.group(tag) for tag in self._tags}

    def _is_free(self, name: str, group: TagGroup) -> bool:
        tags = self._glossary.book.tags
        closed = {hidden for tag in self._tags for hidden in tags[tag].closes}
        return not {name, *group.settled_by} & self._mentioned_groups and name not in closed

    def _shares(self, group: TagGroup) -> dict[str, float]:
        """The possible pieces, by the first rule that holds.

        "" means nothing, never for an open group.
        """
        rules = group.filling.items()
        matching = (
            shares for tags, shares in rules if not tags or self._tags & {*tags.split(", ")}
        )
        shares = next(matching, {})
        mentioned, closed_by = self._mentioned_groups, self._glossary.closed_by
        # Its tags are all known, and hide nothing that the prompt mentions.
        possible = {
            piece: share
            for piece, share in shares.items()
            if piece in closed_by and mentioned.isdisjoint(closed_by[piece])
        }
        return possible | {"": 0.0 if group.open else max(0.0, 1 - sum(shares.values()))}
