"""The scorer takes the same lines of a folder or manifest as training, and reports the rest."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.__main__ import main
from models.aesthetics import command
from models.aesthetics.scorer import Aesthetic
from models.aesthetics.sources import find_pictures
from models.data.findings import Report, Skip
from models.data.sources import read_pairs

#: Lines of a manifest beside `a.png` and `b.png`, good and bad.
LINES: list[Any] = [
    {"file_name": "a.png", "text": "hat, bow", "grade": 10**400},
    "{no json",
    ["b.png"],
    "[" * 100_000,
    {"text": "no name"},
    {"file": "b.png", "text": "1girl, solo", "grade": "8"},
    {"file_name": "/elsewhere/c.png", "text": "hat, bow"},
    {"file_name": "../c.png", "text": "hat, bow"},
    {"file_name": "a.png", "text": "again, twice"},
    {"file_name": "gone.png", "text": "hat, bow"},
]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    folder = tmp_path / "man"
    folder.mkdir()
    Image.new("RGB", (40, 40), "teal").save(folder / "a.png")
    Image.new("RGB", (40, 40), "red").save(folder / "b.png")
    Image.new("RGB", (40, 40), "red").save(tmp_path / "c.png")
    said = [line if isinstance(line, str) else json.dumps(line) for line in LINES]
    path = folder / "metadata.jsonl"
    path.write_text("\n".join(said) + "\n", "utf-8")
    return path


def findings_of(report: Report) -> list[tuple[Path, Skip, str]]:
    return [(x.path, Skip(x.reason), x.detail) for x in report.findings]


def all_alike(_: Aesthetic, cuts: Sequence[object]) -> list[float]:
    """A scorer that keeps everything: the test is about listing, not judging."""
    return [7.0] * len(cuts)


@pytest.mark.parametrize("whole_folder", [True, False])
def test_scoring_skips_the_same_bad_lines_as_training(
    manifest: Path,
    whole_folder: bool,  # noqa: FBT001  parametrised
) -> None:
    source = manifest.parent if whole_folder else manifest
    ours, theirs = Report(), Report()
    scored = find_pictures(source, ours)
    trained = read_pairs(source, theirs)
    assert [one.path for one in scored] == [pair.path for pair in trained]
    assert findings_of(ours) == findings_of(theirs)
    assert {one.path.name: one.record["text"] for one in scored} == {
        "a.png": "hat, bow",
        "b.png": "1girl, solo",
    }
    assert [(reason, detail.split(":")[0]) for _, reason, detail in findings_of(ours)] == [
        (Skip.BAD_CAPTION, "line 2"), (Skip.BAD_CAPTION, "line 3"), (Skip.BAD_CAPTION, "line 4"),
        (Skip.BAD_CAPTION, "line 5"), (Skip.OUTSIDE, "line 7"), (Skip.OUTSIDE, "line 8"),
        (Skip.REPEATED, "line 9"), (Skip.NO_PICTURE, "line 10"),
    ]  # fmt: skip


def test_the_command_scores_the_good_lines_and_lists_the_skipped_ones(
    manifest: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Aesthetic, "score_cuts", all_alike)
    rows = tmp_path / "rows.json"
    options = ["--min-aesthetic", "1", "--device", "cpu", "--json", str(rows)]
    assert main(["score", str(manifest), *options]) == 0
    kept = (manifest.parent / "kept.jsonl").read_text().splitlines()
    assert [json.loads(line)["file_name"] for line in kept] == ["a.png", "b.png"]
    figures = {row["name"]: row["value"] for row in json.loads(rows.read_text())}
    assert (figures["pictures found"], figures["skipped"]) == (2, 8)
    assert "2 x outside the folder" in capsys.readouterr().out
    listed = (tmp_path / "man-scores" / command.SKIPPED).read_text().splitlines()
    assert [json.loads(line)["detail"] for line in listed][4] == "line 7: /elsewhere/c.png"


def test_a_picture_with_a_non_utf8_name_is_scored_kept_and_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Aesthetic, "score_cuts", all_alike)
    folder = tmp_path / "odd"
    folder.mkdir()
    odd = folder / b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    Image.new("CMYK", (40, 40), (200, 10, 10, 0)).save(folder / "x.jpg")
    try:
        (folder / "x.jpg").rename(odd)
    except OSError:
        pytest.skip("this file system does not allow such names")
    assert main(["score", str(folder), "--min-aesthetic", "1", "--device", "cpu"]) == 0
    noted = json.loads((tmp_path / "odd-scores" / command.SKIPPED).read_text())
    assert noted["file"] == str(odd)
    assert [one.path for one in find_pictures(folder / "kept.jsonl", Report())] == [odd]


def test_an_endlessly_nested_sidecar_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "a.json").write_text("[" * 100_000)
    assert find_pictures(tmp_path, Report())[0].record == {}


def test_linked_folders_are_followed_but_link_cycles_end(tmp_path: Path) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for folder in (here, elsewhere / "deep"):
        folder.mkdir(parents=True)
        Image.new("RGB", (40, 40), "teal").save(folder / "a.png")
        (folder / "a.txt").write_text("hat, bow")
    (here / "more").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(here)
    (here / "also").symlink_to(here / "more")
    (here / "zone").mkdir()
    (here / "zone" / "a.png").symlink_to(here / "a.png")
    (here / "zone" / "a.txt").write_text("hat, bow")
    (here / "alias").symlink_to(here / "zone")
    # A picture keeps its own name if it has one here: that is what a manifest calls it.
    names = ["a.png", "also/deep/a.png", "zone/a.png"]
    report = Report()
    for listed in (find_pictures(here, report), read_pairs(here, report)):
        assert [one.path.relative_to(here).as_posix() for one in listed] == names
    assert not report.findings


def test_a_folder_that_cannot_be_opened_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shut").mkdir()
    Image.new("RGB", (40, 40), "teal").save(tmp_path / "a.png")
    scan = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    report = Report()
    assert [one.path.name for one in find_pictures(tmp_path, report)] == ["a.png"]
    assert findings_of(report) == [(tmp_path / "shut", Skip.UNREADABLE, "Permission denied")]


def test_a_lone_surrogate_is_dropped_and_the_rest_of_the_caption_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Aesthetic, "score_cuts", all_alike)
    folder = tmp_path / "cut"
    folder.mkdir()
    for name, text in (("a.png", "hat, bow \ud83d"), ("b.png", "\ud83d")):
        Image.new("RGB", (40, 40), "teal").save(folder / name)
        with (folder / "metadata.jsonl").open("a") as file:
            file.write(json.dumps({"file_name": name, "text": text}) + "\n")
    assert main(["score", str(folder), "--min-aesthetic", "1", "--device", "cpu"]) == 0
    for source in (folder, folder / "kept.jsonl"):
        report = Report()
        assert [(p.path.name, p.caption.text) for p in read_pairs(source, report)] == [
            ("a.png", "hat, bow")
        ]
        assert [(reason, why) for _, reason, why in findings_of(report)] == [
            (Skip.BAD_CAPTION, "line 2: it has no text")
        ]
