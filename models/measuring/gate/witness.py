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
from models.measuring.studio import PictureRequest
from models.prompt import parse

#: The file with the words of a model's tokenizer.
_VOCABULARY_FILE = Path("tokenizer") / "vocab.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One requested picture, with a member's prompt."""

    prompt: str
    negative: str
    seed: int
    aspect: Aspect


class Witness(Protocol):
    """Reads pictures for one vocabulary."""

    def requests(self, count: int, members: Sequence[Brief]) -> Sequence[PictureRequest]:
        """Requests that test whether a model follows prompts.

        `members` are prompts that members typed; a witness may use better ones.
        """
        ...

    def shares_followed(
        self, requests: Sequence[PictureRequest], pictures: Sequence[Image.Image]
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

    def requests(self, count: int, members: Sequence[Brief]) -> Sequence[PictureRequest]:
        """Portraits that no training saw; `members` are not used."""
        del members
        return adherence.tasks(count)

    def shares_followed(
        self, requests: Sequence[PictureRequest], pictures: Sequence[Image.Image]
    ) -> dict[str, float]:
        """Shares for the groups of `adherence`, and overall."""
        true = adherence.truth(
            request.portrait for request in requests if isinstance(request, adherence.Task)
        )
        return adherence.accuracy_by_group(
            adherence.accuracy_by_head(adherence.classify(self._judge, pictures), true)
        )

    def traits(self, pictures: Sequence[Image.Image]) -> dict[str, list[str]]:
        """The value of every head of the judge."""
        predicted = adherence.classify(self._judge, pictures)
        return {
            head: [values[int(i)] for i in predicted[:, column]]
            for column, (head, values) in enumerate(HEADS.items())
        }


class TaggerWitness:
    """A WD tagger, for models with Danbooru's words."""

    def __init__(self, tagger: WdTagger) -> None:
        self._tagger = tagger

    def requests(self, count: int, members: Sequence[Brief]) -> Sequence[PictureRequest]:
        """The members' prompts in turn, each time with another seed."""
        turns = (divmod(i, len(members)) for i in range(count))
        return [replace(members[index], seed=members[index].seed + turn) for turn, index in turns]

    def shares_followed(
        self, requests: Sequence[PictureRequest], pictures: Sequence[Image.Image]
    ) -> dict[str, float]:
        """One share for all: how many of the tags that the tagger knows it finds.

        NaN, with which nothing passes, if it knows none of the tags.
        """
        found = requested = 0
        for request, picture in zip(requests, pictures, strict=True):
            wanted = tags_of(request.prompt) & self._tagger.vocabulary
            found += len(wanted & self._tagger.tags(picture))
            requested += len(wanted)
        return {"tags": found / requested if requested else math.nan}

    def traits(self, pictures: Sequence[Image.Image]) -> dict[str, list[str]]:
        """For each tag in some picture: yes or no."""
        tags_by_picture = [self._tagger.tags(picture) for picture in pictures]
        return {
            tag: ["yes" if tag in tags else "no" for tags in tags_by_picture]
            for tag in sorted(set().union(*tags_by_picture))
        }


def tags_of(prompt: str) -> frozenset[str]:
    """The tags of a prompt in Danbooru's spelling, without weights and brackets."""
    text = "".join(piece.text for piece in parse(prompt) if piece.weight > 0)
    return frozenset("_".join(tag.split()) for tag in text.lower().split(",") if tag.strip())


def has_painter_vocabulary(folder: Path) -> bool:
    """Whether a model has the embedded model's vocabulary, so that the judge can be used."""
    try:
        return (folder / _VOCABULARY_FILE).read_bytes() == (
            EMBEDDED / _VOCABULARY_FILE
        ).read_bytes()
    except OSError:
        return False


def mix_distance(before: Sequence[str], after: Sequence[str]) -> float:
    """The change in a mix of values, 0 to 1: the total variation distance."""
    values = sorted({*before, *after})
    shares = [
        np.array([mix.count(value) for value in values]) / len(mix) for mix in (before, after)
    ]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
