"""Danbooru captions, and the policy that turns them into training text.

Called by whoever trains, once per picture and epoch, with its own random generator. Torch-free and
pure. Must not know where captions come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random

from models.data.dropout import CAPTION_DROPOUT, NO_WORDS, is_dropped


class BooruRating(StrEnum):
    """Danbooru's ratings since 2022."""

    #: Suitable for everybody.
    GENERAL = "general"
    #: Not suitable in public; Danbooru's letter meant "safe" before 2022.
    SENSITIVE = "sensitive"
    #: Suggestive or partly nude.
    QUESTIONABLE = "questionable"
    #: Pornographic.
    EXPLICIT = "explicit"


class Order(StrEnum):
    """The order of a caption's tags."""

    #: The source's order; `models.data.sources` defines it for JSON sidecars.
    AS_IS = "as_is"
    #: A new order each time, after the first `keep_first`.
    SHUFFLE = "shuffle"


class Parentheses(StrEnum):
    """How `saber_(fate)` is written."""

    #: `saber (fate)`: unchanged.
    KEEP = "keep"
    #: `saber \\(fate\\)`: as AUTOMATIC1111's prompts need it; the encoder sees the backslashes.
    ESCAPE = "escape"
    #: `saber`: as Waifu Diffusion 1.3 was trained.
    STRIP = "strip"


#: The minimum aesthetic score (1 to 10) for each quality tag; the last tag is for all below.
QUALITY_BY_SCORE = (
    (7.5, "masterpiece"),
    (6.5, "best quality"),
    (6.0, "high quality"),
    (4.5, "medium quality"),
    (3.0, "low quality"),
    (float("-inf"), "worst quality"),
)
#: The same for Danbooru's votes (up minus down), for pictures without an aesthetic score.
QUALITY_BY_VOTES = (
    (150, "masterpiece"),
    (100, "best quality"),
    (50, "high quality"),
    (10, "medium quality"),
    (0, "low quality"),
    (float("-inf"), "worst quality"),
)
#: Danbooru's housekeeping tags, which are not visible in a picture. Shell patterns, cleaned form.
HOUSEKEEPING = (
    "commentary", "* commentary", "*commentary request", "* request", "tagme", "translated",
    "partially translated", "check *", "bad id", "bad * id", "bad link", "md5 mismatch",
    "duplicate", "pixel-perfect duplicate", "resolution mismatch", "source larger", "variant set",
    "paid reward *", "third-party source", "has bad revision", "has downscaled revision",
)  # fmt: skip

#: Adjacent letters or digits: words have them, emoticons (o_o, ^_^, 6_9) do not.
_WORD = re.compile(r"[^\W_]{2}")
#: The longest emoticon of Danbooru, `<|>_<|>`, has seven characters.
_EMOTICON_LENGTH = 7
_PARENTHESIS = re.compile(r"\s*\([^()]*\)")
_ESCAPED_PARENTHESIS = re.compile(r"\\([()])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """One picture's caption: `tags` in the source's spelling, or one `sentence`.

    `votes` are Danbooru's, up minus down; `score` is aesthetic, 1 to 10.
    """

    tags: tuple[str, ...] = ()
    sentence: str = ""
    rating: BooruRating | None = None
    votes: int | None = None
    score: float | None = None

    @property
    def text(self) -> str:
        """The caption in the source's words."""
        return self.sentence or ", ".join(self.tags)


def is_emoticon(tag: str) -> bool:
    """Whether the tag is a face such as `:3`, `^_^`, `o_o`, `>_<` or `(o)_(o)`, not words."""
    return len(tag) <= _EMOTICON_LENGTH and _WORD.search(tag) is None


def quality_tag(caption: Caption) -> str | None:
    """The quality tag for the aesthetic score, or else for the votes; None if there is neither."""
    if caption.score is not None:
        return _quality_name(caption.score, QUALITY_BY_SCORE)
    return None if caption.votes is None else _quality_name(caption.votes, QUALITY_BY_VOTES)


def _quality_name(value: float, names: Iterable[tuple[float, str]]) -> str:
    return next(name for least, name in names if value >= least)


def _without_parentheses(tag: str) -> str:
    """The tag without its parentheses, the inner ones first."""
    while (shorter := _PARENTHESIS.sub("", tag.replace("_(", " ("), count=1)) != tag:
        tag = shorter
    return tag.strip("_ ")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionPolicy:
    """Turns a `Caption` into training text; the defaults are the published recipe.

    Shares are probabilities from 0 to 1. Sentences stay unchanged except for whole-caption dropout.
    Quality tags come first and the rating last; neither is shuffled or dropped alone. Raises
    ValueError for invalid values.
    """

    order: Order = Order.AS_IS
    #: How many of the caption's first tags are never moved or dropped.
    keep_first: int = 0
    #: The probability of leaving out each other tag.
    tag_dropout: float = 0.0
    #: The probability of an empty caption, which guidance needs.
    caption_dropout: float = CAPTION_DROPOUT
    replace_underscores: bool = True
    parentheses: Parentheses = Parentheses.KEEP
    #: Add the quality tag for the score or the votes.
    quality_tags: bool = False
    #: Add `rating:general` and so on.
    rating_tags: bool = False
    #: Tags that are always left out, as shell patterns of their cleaned form.
    leave_out: tuple[str, ...] = HOUSEKEEPING

    def __post_init__(self) -> None:
        for name in ("tag_dropout", "caption_dropout"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {getattr(self, name)}")
        if self.keep_first < 0:
            raise ValueError(f"keep_first must be 0 or more, not {self.keep_first}")

    @property
    def has_fixed_text(self) -> bool:
        """Whether a caption always gives the same text, apart from whole-caption dropout."""
        return self.order is Order.AS_IS and self.tag_dropout == 0

    def apply(self, caption: Caption, rng: Random) -> str:
        """One random training text. The same `rng` state gives the same text."""
        if is_dropped(rng.random(), self.caption_dropout):
            return NO_WORDS
        if caption.sentence:
            return caption.sentence
        return ", ".join(
            dict.fromkeys(
                [
                    *self._leading_tags(caption),
                    *self._sampled_tags(caption, rng),
                    *self._trailing_tags(caption),
                ]
            )
        )

    def tags(self, caption: Caption) -> list[str]:
        """The caption's own tags cleaned, each once, in the source's order; nothing random."""
        cleaned = dict.fromkeys(self.clean(tag) for tag in caption.tags)
        return [tag for tag in cleaned if tag and not self._is_left_out(tag)]

    def clean(self, tag: str) -> str:
        """One tag in its training spelling; "" if nothing is left of it."""
        tag = _ESCAPED_PARENTHESIS.sub(r"\1", tag.strip())
        if is_emoticon(tag):
            return self._escape(tag)
        if self.parentheses is Parentheses.STRIP:
            # A tag that is only a parenthesis has no other name.
            tag = _without_parentheses(tag) or tag
        if self.replace_underscores:
            tag = tag.replace("_", " ")
        return self._escape(" ".join(tag.split()))

    def _escape(self, tag: str) -> str:
        if self.parentheses is not Parentheses.ESCAPE:
            return tag
        return tag.replace("(", r"\(").replace(")", r"\)")

    def _is_left_out(self, tag: str) -> bool:
        spaced = tag.replace("_", " ")
        return any(fnmatchcase(spaced, pattern) for pattern in self.leave_out)

    def _sampled_tags(self, caption: Caption, rng: Random) -> list[str]:
        """The caption's own tags; after the first few, shuffled and some left out."""
        tags = self.tags(caption)
        fixed, rest = tags[: self.keep_first], tags[self.keep_first :]
        if self.order is Order.SHUFFLE:
            rng.shuffle(rest)
        return [*fixed, *(tag for tag in rest if rng.random() >= self.tag_dropout)]

    def _leading_tags(self, caption: Caption) -> list[str]:
        tag = quality_tag(caption) if self.quality_tags else None
        return [] if tag is None else [tag]

    def _trailing_tags(self, caption: Caption) -> list[str]:
        if not self.rating_tags or caption.rating is None:
            return []
        return [f"rating:{caption.rating}"]
