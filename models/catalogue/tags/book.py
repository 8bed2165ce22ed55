"""What a tags file says: every word that a model was trained on, by groups. Pure data.

`files` reads and writes it, `learning` makes one from captions. It must not know prompts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from models.decoding import Amount, Fraction

#: Ends where a face may: `o_o`, `>_<` and `^_^` keep their underscores.
_FACE = re.compile(r"\S{1,2}_\S{1,2}")
_LETTERS = re.compile(r"[^\W\d_]{2}")
#: The group of words that say nothing of the picture, such as `masterpiece`.
PRAISE = "praise"


def plain(text: str) -> str:
    """A tag or a word as it is looked up: one case, one width, spaces instead of underscores.

    Signs that nobody sees are left out, and no face is torn apart.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    seen = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    spaced = seen if is_face(seen.strip()) else seen.replace("_", " ")
    return " ".join(spaced.split())


def is_face(text: str) -> bool:
    """Whether the underscore in it is a mouth or a nose."""
    return _FACE.fullmatch(text) is not None and _LETTERS.search(text) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTag:
    """What is known of a tag; `count` is in how many captions of the training it was."""

    group: str = ""
    count: Amount = 0
    #: Other words for it that captions of the training used too.
    synonyms: tuple[str, ...] = ()
    #: Words that only people use for it; the model has never met them.
    aliases: tuple[str, ...] = ()
    #: Groups of which nothing is seen where this is: dark glasses hide the colour of eyes.
    closes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagGroup:
    """Tags that speak of one thing, such as the colour of eyes."""

    #: Every picture has some value of it, so a prompt that says none leaves it open.
    open: bool = False
    #: Groups that settle it as well, if one of their tags is said.
    settled_by: tuple[str, ...] = ()
    #: How often the captions said which piece of a prompt about it, by the tags of which one was
    #: said beside it (`red dress, kimono`); the first that holds counts, and an empty text always
    #: does. What the shares lack of 1 said nothing about it.
    filling: dict[str, dict[str, Fraction]] = field(default_factory=dict[str, dict[str, float]])


@dataclass(frozen=True, slots=True, kw_only=True)
class TagBook:
    """The whole file. ValueError if a tag names a group that is not there."""

    #: What the model draws, as the rest of "this model draws ...".
    draws: str | None = None
    groups: dict[str, TagGroup] = field(default_factory=dict[str, TagGroup])
    tags: dict[str, KnownTag] = field(default_factory=dict[str, KnownTag])

    def __post_init__(self) -> None:
        """ValueError if a tag is of a group that the book does not have."""
        for text, tag in self.tags.items():
            if strange := {tag.group, *tag.closes} - self.groups.keys() - {""}:
                raise ValueError(f"tags.{text} names {min(strange)!r}, which is no group of it.")
