"""Danbooru captions: what a picture is said to show, and the policy that makes training text of it.

Called by whoever trains, once for each picture and epoch, with a random generator of its own.
Torch-free and pure. It must not know where captions were read from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random

from models.data.dropout import NO_WORDS, SHARE, dropped


class BooruRating(StrEnum):
    """Danbooru's ratings, as they are since 2022."""

    #: Fit for everybody.
    GENERAL = "general"
    #: Not to be looked at in public; Danbooru's letter was "safe" before 2022.
    SENSITIVE = "sensitive"
    #: Suggestive or partly nude.
    QUESTIONABLE = "questionable"
    #: Pornographic.
    EXPLICIT = "explicit"


class Order(StrEnum):
    """In which order a caption names its tags."""

    #: As the source has them; of JSON sidecars `models.data.sources` says the order.
    AS_IS = "as_is"
    #: A new order each time, after the first `keep_first`.
    SHUFFLE = "shuffle"


class Parentheses(StrEnum):
    """What becomes of `saber_(fate)`."""

    #: `saber (fate)`: as it is said.
    KEEP = "keep"
    #: `saber \\(fate\\)`: as AUTOMATIC1111's prompts need it; the encoder sees the backslashes.
    ESCAPE = "escape"
    #: `saber`: as Waifu Diffusion 1.3 was trained.
    STRIP = "strip"


#: From which aesthetic score (1 to 10) on a picture is called so; the last one is for all below.
QUALITY_BY_SCORE = (
    (7.5, "masterpiece"),
    (6.5, "best quality"),
    (6.0, "high quality"),
    (4.5, "medium quality"),
    (3.0, "low quality"),
    (float("-inf"), "worst quality"),
)
#: The same from Danbooru's votes (up minus down), for pictures without an aesthetic score.
QUALITY_BY_VOTES = (
    (150, "masterpiece"),
    (100, "best quality"),
    (50, "high quality"),
    (10, "medium quality"),
    (0, "low quality"),
    (float("-inf"), "worst quality"),
)
#: Tags of Danbooru's housekeeping: nobody can see them in a picture. Shell patterns, cleaned form.
HOUSEKEEPING = (
    "commentary", "* commentary", "*commentary request", "* request", "tagme", "translated",
    "partially translated", "check *", "bad id", "bad * id", "bad link", "md5 mismatch",
    "duplicate", "pixel-perfect duplicate", "resolution mismatch", "source larger", "variant set",
    "paid reward *", "third-party source", "has bad revision", "has downscaled revision",
)  # fmt: skip

#: Letters or digits side by side: words have them, emoticons (o_o, ^_^, 6_9) do not.
_WORD = re.compile(r"[^\W_]{2}")
#: The longest emoticon of Danbooru, `<|>_<|>`, has seven characters.
_EMOTICON_LENGTH = 7
_ASIDE = re.compile(r"\s*\([^()]*\)")
_ESCAPED = re.compile(r"\\([()])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What is said of one picture: `tags` in the source's spelling, or one `sentence`.

    `votes` are Danbooru's, up minus down; `score` is aesthetic, 1 to 10.
    """

    tags: tuple[str, ...] = ()
    sentence: str = ""
    rating: BooruRating | None = None
    votes: int | None = None
    score: float | None = None

    @property
    def text(self) -> str:
        """The caption as the source says it."""
        return self.sentence or ", ".join(self.tags)


def is_emoticon(tag: str) -> bool:
    """Whether the tag is a face such as `:3`, `^_^`, `o_o`, `>_<` or `(o)_(o)`, not words."""
    return len(tag) <= _EMOTICON_LENGTH and _WORD.search(tag) is None


def quality(caption: Caption) -> str | None:
    """The quality tag of the aesthetic score, or else of the votes; None if there is neither."""
    if caption.score is not None:
        return _named(caption.score, QUALITY_BY_SCORE)
    return None if caption.votes is None else _named(caption.votes, QUALITY_BY_VOTES)


def _named(value: float, names: Iterable[tuple[float, str]]) -> str:
    return next(name for least, name in names if value >= least)


def _without_asides(tag: str) -> str:
    """The tag without what stands in parentheses, the inner ones first."""
    while (shorter := _ASIDE.sub("", tag.replace("_(", " ("), count=1)) != tag:
        tag = shorter
    return tag.strip("_ ")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionPolicy:
    """From a `Caption` to the text that is trained on; the defaults are the published recipe.

    Shares are probabilities from 0 to 1. Sentences are left as they are, but for whole-caption
    dropout. Quality tags stand before everything and the rating after it; neither is shuffled or
    dropped alone. ValueError for values without sense.
    """

    order: Order = Order.AS_IS
    #: So many of the caption's own tags are never moved or dropped.
    keep_first: int = 0
    #: Of each other tag, how likely it is left out.
    tag_dropout: float = 0.0
    #: How likely the whole caption is empty: what guidance needs.
    caption_dropout: float = SHARE
    replace_underscores: bool = True
    parentheses: Parentheses = Parentheses.KEEP
    #: Say the quality that the score or the votes stand for.
    quality_tags: bool = False
    #: Say `rating:general` and so on.
    rating_tags: bool = False
    #: Tags that are never said, as shell patterns of their cleaned form.
    leave_out: tuple[str, ...] = HOUSEKEEPING

    def __post_init__(self) -> None:
        for name in ("tag_dropout", "caption_dropout"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {getattr(self, name)}")
        if self.keep_first < 0:
            raise ValueError(f"keep_first must be 0 or more, not {self.keep_first}")

    @property
    def steady(self) -> bool:
        """Whether a caption gives the same text every time, or none."""
        return self.order is Order.AS_IS and self.tag_dropout == 0

    def apply(self, caption: Caption, rng: Random) -> str:
        """One training text by lot. The same `rng` state gives the same text."""
        if dropped(rng.random(), self.caption_dropout):
            return NO_WORDS
        if caption.sentence:
            return caption.sentence
        return ", ".join(
            dict.fromkeys(
                [*self._before(caption), *self._chosen(caption, rng), *self._after(caption)]
            )
        )

    def tags(self, caption: Caption) -> list[str]:
        """The caption's own tags cleaned, each once, in the source's order; no lot is drawn."""
        cleaned = dict.fromkeys(self.clean(tag) for tag in caption.tags)
        return [tag for tag in cleaned if tag and not self._left_out(tag)]

    def clean(self, tag: str) -> str:
        """One tag in the spelling that is trained on; "" if nothing is left of it."""
        tag = _ESCAPED.sub(r"\1", tag.strip())
        if is_emoticon(tag):
            return self._escaped(tag)
        if self.parentheses is Parentheses.STRIP:
            # A tag that is nothing but an aside has no other name.
            tag = _without_asides(tag) or tag
        if self.replace_underscores:
            tag = tag.replace("_", " ")
        return self._escaped(" ".join(tag.split()))

    def _escaped(self, tag: str) -> str:
        if self.parentheses is not Parentheses.ESCAPE:
            return tag
        return tag.replace("(", r"\(").replace(")", r"\)")

    def _left_out(self, tag: str) -> bool:
        spoken = tag.replace("_", " ")
        return any(fnmatchcase(spoken, pattern) for pattern in self.leave_out)

    def _chosen(self, caption: Caption, rng: Random) -> list[str]:
        """The caption's own tags, those after the first few shuffled and some left out."""
        tags = self.tags(caption)
        kept, rest = tags[: self.keep_first], tags[self.keep_first :]
        if self.order is Order.SHUFFLE:
            rng.shuffle(rest)
        return [*kept, *(tag for tag in rest if rng.random() >= self.tag_dropout)]

    def _before(self, caption: Caption) -> list[str]:
        named = quality(caption) if self.quality_tags else None
        return [] if named is None else [named]

    def _after(self, caption: Caption) -> list[str]:
        if not self.rating_tags or caption.rating is None:
            return []
        return [f"rating:{caption.rating}"]
