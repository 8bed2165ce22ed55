"""A manifest is read as it was written, and not at all once anything in its folder was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models import manifest
from models.manifest import Kind, ManifestError, Split
from tests.stages.manifests import add_picture, make_judgement_line, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures of one prompt, one held out, and a judgement of each kind."""
    first, second = add_picture(tmp_path, 1), add_picture(tmp_path, 2)
    third = add_picture(tmp_path, 3)
    held = add_picture(tmp_path, 4, prompt_key="6" * 16, split=Split.HELD_OUT, text=None)
    said = [
        make_judgement_line(first),
        make_judgement_line(first, second),
        make_judgement_line(first, second, third, value=(2,)),
        make_judgement_line(held),
    ]
    write_manifest(tmp_path, [first, second, third, held], said)
    return tmp_path


def test_a_written_manifest_reads_back_the_same(folder: Path) -> None:
    read = manifest.read(folder)
    assert [p.seed for p in read.pictures] == [1, 2, 3, 4]
    assert [j.kind for j in read.judgements] == [Kind.VOTE, Kind.DUEL, Kind.RANKING, Kind.VOTE]
    assert read.judgements[2].value == (2,)
    assert read.pictures[3].text is None
    assert read.base == "tiny-1"
    assert read.path(read.pictures[0]).is_file()


def test_each_picture_is_listed_where_the_datasets_library_looks(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert all((folder / line["file_name"]).is_file() for line in lines)


def test_the_same_votes_give_the_same_manifest_whenever_it_is_written(folder: Path) -> None:
    read = manifest.read(folder)
    later = manifest.write(folder, read.pictures, read.judgements, created_ms=9)
    assert (later.sha256, later.created_ms) == (read.sha256, 9)
    fewer = manifest.write(folder, read.pictures, read.judgements[1:], created_ms=9)
    assert fewer.sha256 != read.sha256
    child = manifest.write(folder, read.pictures, read.judgements, created_ms=9, parents=["a" * 64])
    assert child.sha256 != read.sha256
    assert child.parents == ("a" * 64,)


def test_the_base_is_the_model_that_drew_most_pictures(tmp_path: Path) -> None:
    pictures = [add_picture(tmp_path, seed, card_id=f"m-{min(seed, 2)}") for seed in (1, 2, 3)]
    assert write_manifest(tmp_path, pictures).base == "m-2"
    assert write_manifest(tmp_path, pictures[:2]).base == "m-1", "a tie goes to the first by name"
    assert write_manifest(tmp_path, []).base == ""


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return spoil


def cut_a_picture(folder: Path) -> None:
    path = min((folder / "pictures").iterdir())
    path.write_bytes(path.read_bytes()[:-1])


def lose_a_picture(folder: Path) -> None:
    min((folder / "pictures").iterdir()).unlink()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (edit("metadata.jsonl", '"up":1.0', '"up":9.0'), "metadata.jsonl was changed"),
        (edit("judgements.jsonl", '"value":1', '"value":-1'), "judgements.jsonl was changed"),
        (edit("manifest.json", "tiny-1", "tiny-2"), "manifest.json was changed"),
        (edit("licences/tiny-1.txt", "like", "lie"), "licences/tiny-1.txt was changed"),
        (cut_a_picture, r"pictures/\w+.png was changed"),
        (lose_a_picture, r"pictures/\w+.png is missing"),
        (lambda folder: (folder / "judgements.jsonl").unlink(), "judgements.jsonl is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "holds no manifest"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "cannot be understood"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "cannot be understood"),
        (edit("manifest.json", '"schema": 1', '"schema": 2'), "another version wrote it"),
    ],
)
def test_a_manifest_changed_by_hand_is_reported_and_not_read(
    folder: Path, spoil: Callable[[Path], None], told: str
) -> None:
    spoil(folder)
    with pytest.raises(ManifestError, match=told):
        manifest.read(folder)


def test_inconsistent_pictures_and_judgements_are_refused(tmp_path: Path) -> None:
    first = add_picture(tmp_path, 1)
    other = add_picture(tmp_path, 2, prompt_key="6" * 16)
    held = add_picture(tmp_path, 3, split=Split.HELD_OUT)
    cases: list[tuple[list[Any], list[Any], str]] = [
        ([first, first], [], "names a picture twice"),
        ([first, held], [], "both in training and held out"),
        ([first], [make_judgement_line(other)], "line 1 names a picture"),
        (
            [first, other],
            [make_judgement_line(first), make_judgement_line(first, other)],
            "line 2 compares pictures of two",
        ),
        ([first], [make_judgement_line(first, split=Split.HELD_OUT)], "line 1 is in another split"),
    ]
    for pictures, said, told in cases:
        with pytest.raises(ManifestError, match=told):
            write_manifest(tmp_path, pictures, said)


def test_the_head_must_agree_with_the_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own hash is right: another program wrote it that way."""
    read = manifest.read(folder)
    as_it_is = manifest._with_hash
    for change, told in (
        ({"base": "tiny-9"}, "base is 'tiny-9'"),
        ({"pictures": 7}, "gives other counts"),
        ({"licences_sha256": {}}, "its licences are not"),
    ):
        monkeypatch.setattr(
            manifest, "_with_hash", lambda head, change=change: as_it_is(replace(head, **change))
        )
        with pytest.raises(ManifestError, match=told):
            manifest.write(folder, read.pictures, read.judgements, created_ms=1)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("metadata.jsonl", "pictures/", "../"),
        ("metadata.jsonl", "licences/", "licences/../../"),
        ("metadata.jsonl", '"split":"train"', '"split":"test"'),
        ("metadata.jsonl", '"steps":4', '"steps":0'),
        ("metadata.jsonl", '"seed":1,', ""),
        ("metadata.jsonl", '"seed":1,', '"seed":1,"user":1,'),
        ("judgements.jsonl", '"weight":1.0', '"weight":1.5'),
        ("judgements.jsonl", '"voter":"v', '"voter":"77'),
    ],
)
def test_an_invalid_line_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str
) -> None:
    edit(name, old, new)(folder)
    monkeypatch.setattr(manifest, "_check_hash", lambda *_: None)
    with pytest.raises(ManifestError, match=rf"{name} line 1 cannot be understood"):
        manifest.read(folder)


@pytest.mark.parametrize(
    ("count", "change"),
    [
        (1, {"value": 0}), (1, {"value": (0,)}), (1, {"kind": Kind.DUEL}),
        (2, {"value": 2}), (2, {"value": -1}), (2, {"kind": Kind.VOTE, "value": 1}),
        (3, {"value": ()}), (3, {"value": (0, 0)}), (3, {"value": (3,)}), (3, {"value": 1}),
        (1, {"kind": Kind.RANKING, "value": (0,)}),
    ],
)  # fmt: skip
def test_a_judgements_value_must_fit_its_kind(
    tmp_path: Path, count: int, change: dict[str, Any]
) -> None:
    pictures = [add_picture(tmp_path, seed) for seed in range(count)]
    make_judgement_line(*pictures)
    with pytest.raises(ValueError, match="value must fit"):
        make_judgement_line(*pictures, **change)


def test_a_picture_cannot_be_compared_with_itself(tmp_path: Path) -> None:
    picture = add_picture(tmp_path)
    with pytest.raises(ValueError, match="each picture once"):
        make_judgement_line(picture, picture)


def test_a_picture_must_be_named_after_its_hash(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="named after sha256"):
        add_picture(tmp_path, sha256="0" * 64)
