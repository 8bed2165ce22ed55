"""A tags file is read whole or refused in one line that names it; so is an A1111 tag list."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from models.catalogue.registry import EMBEDDED
from models.catalogue.tags import files
from models.catalogue.tags.book import KnownTag, TagBook, TagGroup, plain
from models.catalogue.tags.files import TagsError, read, write

BOOK = TagBook(
    draws="heads",
    groups={"eyes": TagGroup(open=True, filling={"": {"red eyes": 0.5}}), "hats": TagGroup()},
    tags={
        "red eyes": KnownTag(group="eyes", count=3, synonyms=("scarlet eyes",), aliases=("赤目",)),
        "sunglasses": KnownTag(closes=("eyes",)),
    },
)


def test_a_written_tags_file_reads_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tags.json"
    write(BOOK, path)
    assert read(path) == BOOK
    assert [p.name for p in tmp_path.iterdir()] == ["tags.json"]


def test_the_embedded_model_has_a_tags_file() -> None:
    book = read(EMBEDDED / files.FILE_NAME)
    assert book.draws == "heads and shoulders of one person"
    assert book.tags["blue hair"].group == "hair colour"
    assert "eye colour" in book.tags["sunglasses"].closes
    assert {"figure", "hair colour", "eye colour", "background"} <= {
        name for name, group in book.groups.items() if group.open
    }


def test_an_a1111_tag_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "danbooru.csv"
    path.write_text(
        'tag,category,count,aliases\n1girl,0,4225150,"sole_female,1girls"\n'
        'hatsune_miku,4,91042,"/miku_(vocaloid),初音ミク"\n^_^,0,7,\n',
        "utf-8",
    )
    book = read(path)
    assert list(book.tags) == ["1girl", "hatsune miku", "^_^"]
    assert book.tags["1girl"] == KnownTag(
        group="general", count=4225150, aliases=("sole female", "1girls")
    )
    assert book.tags["hatsune miku"].group == "character"
    assert book.tags["hatsune miku"].aliases == ("miku (vocaloid)", "初音ミク")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("tags.json", b"{", "is not JSON"),
        ("tags.json", b"[" * 100_000, "is not JSON"),
        ("tags.json", b"[]", "not a tags file of format 1"),
        ("tags.json", b'{"schema": 2}', "not a tags file of format 1"),
        ("tags.json", b"\xff\xfe{}", "not UTF-8 text"),
        ("tags.json", b'{"schema": 1, "tgas": {}}', "tgas is not a field"),
        ("tags.json", b'{"schema": 1, "tags": {"a": {"count": -1}}}', "tags.a.count must be"),
        ("tags.json", b'{"schema": 1, "tags": {"a": {"group": "x"}}}', "names 'x', which is not"),
        ("tags.json", b'{"schema": 1, "groups": {"g": {"filling": {"": {"a": 2}}}}}', "0 to 1"),
        ("tags.csv", b"name,age\nx,3\n", "line 1 must have the form tag,category,count,aliases"),
        ("tags.csv", b"a,0,many\n", "line 1 must have the form"),
        ("tags.csv", b'a,0,1,"' + b"x" * 200_000 + b'"', "is not CSV"),
    ],
)
def test_a_broken_tags_file_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TagsError) as fault:
        read(path)
    assert told in str(fault.value)
    assert str(path) in str(fault.value)
    assert "\n" not in str(fault.value)


def test_an_oversized_file_is_not_read_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    with path.open("wb") as file:
        file.truncate(500_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(TagsError, match="larger than 32 MB"):
            read(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 80 << 20


def test_a_missing_tags_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TagsError, match="cannot be read: No such file"):
        read(tmp_path / "tags.json")


def test_too_many_tags_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "TAGS_MAX", 1)
    path = tmp_path / "tags.json"
    path.write_text(json.dumps({"schema": 1, "tags": {"a": {}, "b": {}}}))
    with pytest.raises(TagsError, match="has 2 tags; the maximum is 1"):
        read(path)


@pytest.mark.parametrize(
    ("text", "looked_up"),
    [
        ("Blue_Hair", "blue hair"),
        ("\uff42\uff4c\uff55\uff45  hair ", "blue hair"), ("^_^", "^_^"),
        (">_<", ">_<"), ("o_o", "o_o"), ("bl\u200due", "blue"), ("on_hip", "on hip"),
    ],
)  # fmt: skip
def test_tags_are_normalised_before_lookup(text: str, looked_up: str) -> None:
    assert plain(text) == looked_up
