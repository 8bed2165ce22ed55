"""A tags file made from captions: counts, shares, and which tags go together or hide others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from models.catalogue.tags import files
from models.catalogue.tags.book import KnownTag, TagBook
from models.catalogue.tags.learning import learn_book, merge_books
from models.data.lexicon import book_after_training, book_of_captions
from models.data.tagging import Caption
from models.painter import lexicon
from models.painter.tags import vocabulary


def captions() -> list[dict[str, tuple[str, ...]]]:
    """Girls and boys; boys wear suits; nobody in dark glasses shows their eyes."""
    found: list[dict[str, tuple[str, ...]]] = []
    for n in range(400):
        boy, dark = n % 4 == 0, n % 5 == 0
        said = {"figure": ("1boy" if boy else "1girl",)}
        said["clothes"] = ("suit", "tie") if boy else ("dress",)
        said |= (
            {"eyewear": ("shades",)} if dark else {"eyes": (f"{'red' if n % 3 else 'blue'} eyes",)}
        )
        found.append(said)
    return found


ORDER = ("figure", "eyewear", "eyes", "clothes")


def test_counts_and_shares_come_from_the_captions() -> None:
    book = learn_book(captions(), ORDER, may_be_open=ORDER, min_share=0.5)
    assert book.tags["1girl"] == KnownTag(group="figure", count=300)
    assert book.tags["tie"].count == 100
    assert [name for name, group in book.groups.items() if group.open] == [
        "figure", "eyes", "clothes",
    ]  # fmt: skip
    shares = book.groups["eyes"].filling[""]
    assert shares == {"red eyes": 0.666, "blue eyes": 0.334}, (
        "shares among those who show their eyes"
    )


def test_tags_that_always_occur_together_become_a_rule() -> None:
    book = learn_book(captions(), ORDER, may_be_open=ORDER)
    assert book.groups["clothes"].filling["1boy"] == {"suit": 1.0}
    assert book.groups["figure"].filling["suit, tie"] == {"1boy": 1.0}


def test_a_book_is_the_same_in_every_process() -> None:
    # Sets of strings have another order in each.
    code = (
        "from models.painter import lexicon; book = lexicon.book(1000);"
        "print([(name, list(group.filling.items())) for name, group in book.groups.items()])"
    )
    books = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(books) == 1
    assert len(books.pop()) > 1000


def test_a_tag_that_hides_a_group_closes_it() -> None:
    book = learn_book(captions(), ORDER, may_be_open=ORDER)
    assert book.tags["shades"].closes == ("eyes",)
    assert not book.tags["suit"].closes


def test_a_further_trained_model_knows_both_sets_of_tags() -> None:
    more = TagBook(tags={"dress": KnownTag(count=7), "sushi": KnownTag(count=2)})
    book = merge_books(learn_book(captions(), ORDER, may_be_open=ORDER), more)
    assert (book.tags["dress"].count, book.tags["sushi"].count) == (307, 2)
    assert book.tags["dress"].group == "clothes"


def test_caption_tags_are_grouped_by_their_form() -> None:
    told = [Caption(tags=("1girl", "Blue_Hair", "red eyes", "sushi"))] * 3
    book = book_of_captions([*told, Caption(sentence="a girl eats sushi")])
    assert book.tags["blue hair"] == KnownTag(group="hair colour", count=3)
    assert book.tags["sushi"] == KnownTag(count=3)
    assert [name for name, group in book.groups.items() if group.open] == [
        "figure", "hair colour", "eye colour",
    ]  # fmt: skip


def test_a_finished_training_hands_over_the_tags_it_can_read(tmp_path: Path) -> None:
    assert book_after_training(tmp_path, None, tmp_path / "gone") is None
    (tmp_path / "a.png").touch()
    (tmp_path / "a.txt").write_text("1girl, sushi")
    book = book_after_training(tmp_path, None, tmp_path)
    assert book is not None
    assert set(book.tags) == {"1girl", "sushi"}
    assert book_after_training(tmp_path, "gone.json", tmp_path) == book
    files.write(TagBook(tags={"smile": KnownTag(count=3)}), tmp_path / files.FILE_NAME)
    both, own = (
        book_after_training(tmp_path, files.FILE_NAME, source)
        for source in (tmp_path, tmp_path / "gone")
    )
    assert both is not None
    assert own is not None
    assert (set(both.tags), set(own.tags)) == ({"1girl", "smile", "sushi"}, {"smile"})


def test_the_painters_tag_book_has_every_painter_tag() -> None:
    book = lexicon.book(300)
    assert set(vocabulary()) - {"solo"} <= book.tags.keys() | {"solo"}
    assert all(tag.group in book.groups for tag in book.tags.values())
    assert "cat girl" in book.tags["1girl"].synonyms
