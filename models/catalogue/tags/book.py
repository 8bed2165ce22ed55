"""The content of a tags file: every word that a model was trained on, in groups. Pure data.

`files` reads and writes it, `learning` makes one from captions. Must not know prompts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from models.decoding import Amount, Fraction

#: Faces: `o_o`, `>_<` and `^_^` keep their underscores.
_FACE = re.compile(r"\S{1,2}_\S{1,2}")
_LETTERS = re.compile(r"[^\W\d_]{2}")
#: The group of words that say nothing about the picture, such as `masterpiece`.
PRAISE = "praise"


def plain(text: str) -> str:
    """The lookup form of a tag or word: one case, one width, spaces instead of underscores.

    Invisible characters are removed, and faces stay whole.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    spaced = visible if is_face(visible.strip()) else visible.replace("_", " ")
    return " ".join(spaced.split())


def is_face(text: str) -> bool:
    """Whether its underscore is a mouth or a nose."""
    return _FACE.fullmatch(text) is not None and _LETTERS.search(text) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTag:
    """A known tag; `count` is the number of training captions that contain it."""

    group: str = ""
    count: Amount = 0
    #: Synonyms that the training captions used too.
    synonyms: tuple[str, ...] = ()
    #: Words that only people use for it; the model has never seen them.
    aliases: tuple[str, ...] = ()
    #: Groups that cannot be seen with this tag: dark glasses hide the colour of eyes.
    closes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagGroup:
    """Tags about one thing, such as the colour of eyes."""

    #: Every picture has some value of it, so a prompt that gives none leaves it open.
    open: bool = False
    #: Groups whose tags settle it as well.
    settled_by: tuple[str, ...] = ()
    #: The share of each piece in captions, conditional on tags beside it (`red dress, kimono`); the
    #: first condition that holds applies, and an empty one always holds. The rest up to 1 is the
    #: share of captions that mention none.
    filling: dict[str, dict[str, Fraction]] = field(default_factory=dict[str, dict[str, float]])


@dataclass(frozen=True, slots=True, kw_only=True)
class TagBook:
    """The whole file. Raises ValueError if a tag names an unknown group."""

    #: What the model draws, to complete the sentence "this model draws ...".
    draws: str | None = None
    groups: dict[str, TagGroup] = field(default_factory=dict[str, TagGroup])
    tags: dict[str, KnownTag] = field(default_factory=dict[str, KnownTag])

    def __post_init__(self) -> None:
        """Raise ValueError if a tag names a group that the book lacks."""
        for text, tag in self.tags.items():
            if unknown := {tag.group, *tag.closes} - self.groups.keys() - {""}:
                raise ValueError(
                    f"tags.{text} names {min(unknown)!r}, which is not one of its groups."
                )
