"""Reads what a picture shows: the judge for the painter's words, a tagger for Danbooru's.

Called by the gate. A reader for another vocabulary belongs here too. Must not know candidates or
floors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from models.catalogue.registry import EMBEDDED
from models.contract import Aspect
from models.engine.safety.wd_tagger import WdTagger
from models.measuring import adherence
from models.measuring.judge.heads import HEADS
from models.measuring.judge.network import Judge
from models.measuring.studio import Sitting
from models.prompt import parse

#: The file with the words of a model's tokenizer.
_WORDS = Path("tokenizer") / "vocab.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One requested picture, in somebody's own words."""

    prompt: str
    negative: str
    seed: int
    aspect: Aspect


class Witness(Protocol):
    """Reads pictures for one vocabulary."""

    def sittings(self, count: int, own: Sequence[Brief]) -> Sequence[Sitting]:
        """What to request from a model to test whether it follows prompts.

        `own` are prompts of the model's members; a witness may have better ones.
        """
        ...

    def followed(
        self, sittings: Sequence[Sitting], pictures: Sequence[Image.Image]
    ) -> dict[str, float]:
        """For each group of attributes, the share (0 to 1) of requested ones that is seen."""
        ...

    def traits(self, pictures: Sequence[Image.Image]) -> dict[str, list[str]]:
        """For each attribute, each picture's value."""
        ...


class PainterWitness:
    """The judge, for models that know only the painter's words."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def sittings(self, count: int, own: Sequence[Brief]) -> Sequence[Sitting]:
        """Portraits that no training saw; `own` is not used."""
        del own
        return adherence.tasks(count)

    def followed(
        self, sittings: Sequence[Sitting], pictures: Sequence[Image.Image]
    ) -> dict[str, float]:
        """Shares for the groups of `adherence`, and overall."""
        true = adherence.truth(
            sitting.portrait for sitting in sittings if isinstance(sitting, adherence.Task)
        )
        return adherence.grouped(adherence.shares(adherence.judged(self._judge, pictures), true))

    def traits(self, pictures: Sequence[Image.Image]) -> dict[str, list[str]]:
        """The value of every head of the judge."""
        said = adherence.judged(self._judge, pictures)
        return {
            head: [values[int(i)] for i in said[:, column]]
            for column, (head, values) in enumerate(HEADS.items())
        }


class TaggerWitness:
    """A WD tagger, for models with Danbooru's words."""

    def __init__(self, tagger: WdTagger) -> None:
        self._tagger = tagger

    def sittings(self, count: int, own: Sequence[Brief]) -> Sequence[Sitting]:
        """The members' own prompts, in turn, each time with another seed."""
        turns = (divmod(i, len(own)) for i in range(count))
        return [replace(own[place], seed=own[place].seed + turn) for turn, place in turns]

    def followed(
        self, sittings: Sequence[Sitting], pictures: Sequence[Image.Image]
    ) -> dict[str, float]:
        """In all only: the share of the prompts' tags that the tagger knows and finds.

        NaN, which passes nobody, where it knows none of them.
        """
        found = asked = 0
        for sitting, picture in zip(sittings, pictures, strict=True):
            wanted = tags_of(sitting.prompt) & self._tagger.vocabulary
            found += len(wanted & self._tagger.tags(picture))
            asked += len(wanted)
        return {"tags": found / asked if asked else math.nan}

    def traits(self, pictures: Sequence[Image.Image]) -> dict[str, list[str]]:
        """For each tag in some picture: yes or no."""
        seen = [self._tagger.tags(picture) for picture in pictures]
        return {
            tag: ["yes" if tag in tags else "no" for tags in seen]
            for tag in sorted(set().union(*seen))
        }


def tags_of(prompt: str) -> frozenset[str]:
    """The tags of a prompt in Danbooru's spelling, without weights and brackets."""
    said = "".join(piece.text for piece in parse(prompt) if piece.weight > 0)
    return frozenset("_".join(tag.split()) for tag in said.lower().split(",") if tag.strip())


def knows_the_painters_words(folder: Path) -> bool:
    """Whether a model has the embedded model's vocabulary, so that the judge can be used."""
    try:
        return (folder / _WORDS).read_bytes() == (EMBEDDED / _WORDS).read_bytes()
    except OSError:
        return False


def moved(before: Sequence[str], after: Sequence[str]) -> float:
    """The change in a mix of values, 0 to 1: the total variation distance."""
    values = sorted({*before, *after})
    shares = [
        np.array([seen.count(value) for value in values]) / len(seen) for seen in (before, after)
    ]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
