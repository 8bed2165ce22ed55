"""Makes a tags file from a dataset's captions: the vocabulary of a model trained on them.

Called by the fine-tuning recipe when it hands a model over, and by `python -m models tags`.
Torch-free. Must not know how a model is trained.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from models.catalogue import card as cards
from models.catalogue.registry import EMBEDDED, seal
from models.catalogue.tags import files
from models.catalogue.tags.book import TagBook, plain
from models.catalogue.tags.grouping import ORDER, group_of
from models.catalogue.tags.learning import GroupedTags, learn_book, merge_books
from models.contract import EngineError
from models.data.findings import Report
from models.data.sources import CaptionError, read_pairs
from models.data.tagging import Caption

#: A group is open if at least this share of the captions mentions it.
_SHARE_MIN = 0.5


def book_of_captions(captions: Iterable[Caption]) -> TagBook:
    """The book of these captions; sentences contribute no tags."""
    grouped = [_grouped_tags(caption) for caption in captions if caption.tags]
    return learn_book(grouped, ORDER, may_be_open=ORDER, min_share=_SHARE_MIN)


def book_of_dataset(source: Path) -> TagBook:
    """The book of a folder's or a `metadata.jsonl`'s captions, without opening its pictures.

    EngineError if there are none.
    """
    try:
        found = read_pairs(source, Report())
    except (CaptionError, OSError) as fault:
        raise EngineError(f"{source} has no captions to read: {fault}") from fault
    book = book_of_captions(pair.caption for pair in found)
    if not book.tags:
        raise EngineError(f"{source} has no captions of tags.")
    return book


def book_after_training(folder: Path, name: str | None, source: Path) -> TagBook | None:
    """The vocabulary of a model further trained on a dataset: its base's, plus the dataset's.

    `name` is the base's tags file in its `folder`. None if neither can be read, because a finished
    training must not fail for that.
    """
    known: list[TagBook] = []
    if name:
        with suppress(EngineError):
            known.append(files.read(folder / name))
    with suppress(EngineError):
        known.append(book_of_dataset(source))
    return merge_books(*known) if len(known) == 2 else next(iter(known), None)


def _grouped_tags(caption: Caption) -> GroupedTags:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for tag in map(plain, caption.tags):
        if tag:
            groups[group_of(tag)].append(tag)
    return {group: tuple(tags) for group, tags in groups.items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the model, and the source of its words."""
    parser.add_argument("model", type=Path, help="the model's folder, which must have a card")
    parser.add_argument(
        "source",
        help="`painter`, a folder or metadata.jsonl with captions, or a list "
        "tag,category,count,aliases (.csv)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the tags file into the folder and name it on the card, which is sealed anew."""
    folder = EMBEDDED if str(args.model) == EMBEDDED.name else args.model
    card = cards.read(folder / cards.FILE_NAME)
    book = _book(args.source)
    files.write(book, folder / files.FILE_NAME)
    seal(replace(card, tags=files.FILE_NAME, verdict=None), folder)
    open_groups = sum(group.open for group in book.groups.values())
    print(f"{folder / files.FILE_NAME}: {len(book.tags):,} tags, {open_groups} groups to fill in")
    return 0


def _book(source: str) -> TagBook:
    if source == "painter":
        from models.painter.lexicon import book

        return book()
    path = Path(source)
    return files.read(path) if path.suffix in {".csv", ".json"} else book_of_dataset(path)
