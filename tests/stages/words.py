"""Tags files for tests of a model's vocabulary: the embedded model's, and a long list."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from models.catalogue.registry import EMBEDDED
from models.catalogue.tags import files
from models.catalogue.tags.book import KnownTag, TagBook
from models.catalogue.tags.glossary import Glossary


@cache
def embedded_glossary() -> Glossary:
    """The embedded model's vocabulary."""
    return Glossary(files.read(EMBEDDED / files.FILE_NAME))


def long_book(count: int, seed: int = 0) -> TagBook:
    """A list of made-up tags, which can be as long as Danbooru's, with Zipf counts."""
    rng = random.Random(seed)
    syllables = [a + b for a in "bcdfghklmnprstvwyz" for b in ("a", "e", "i", "o", "u", "an", "el")]
    words = sorted({"".join(rng.choices(syllables, k=rng.randint(1, 3))) for _ in range(count)})
    tags: dict[str, KnownTag] = {}
    while len(tags) < count:
        text = " ".join(rng.choices(words, k=rng.choice((1, 2, 2, 3))))
        alias = ("".join(rng.choices(syllables, k=3)),) if rng.random() < 0.4 else ()
        tags[text] = KnownTag(count=4_000_000 // (len(tags) + 1), aliases=alias)
    return TagBook(tags=tags)


def as_csv(book: TagBook, path: Path) -> Path:
    """Write the book in the format of A1111's tag autocomplete."""
    lines = [
        f'{text.replace(" ", "_")},0,{tag.count:.0f},"{",".join(tag.aliases)}"'
        for text, tag in book.tags.items()
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
