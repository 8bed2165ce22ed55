"""`python -m models paint`: the folder it leaves however it ends, and what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from models.__main__ import main
from models.catalogue.registry import EMBEDDED
from models.painter.tags import vocabulary


def paint(out: Path, *options: str, count: int = 4, size: int = 48, jobs: int = 1) -> int:
    numbers = {"count": count, "size": size, "jobs": jobs}
    given = [text for name, value in numbers.items() for text in (f"--{name}", str(value))]
    return main(["paint", "--out", str(out), *given, *options])


def lines(out: Path) -> list[dict[str, object]]:
    text = (out / "metadata.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def require_whole(out: Path) -> None:
    """Assert that the manifest lists exactly the existing files, and all are readable."""
    listed = [str(line["file_name"]) for line in lines(out)]
    assert len(set(listed)) == len(listed)
    captions = [Path(name).with_suffix(".txt").name for name in listed]
    papers = {"metadata.jsonl", "LICENSE.md"}
    assert {path.name for path in out.iterdir()} == {*papers, *listed, *captions}
    assert (out / "LICENSE.md").read_bytes() == (EMBEDDED / "LICENSE.md").read_bytes()
    for line in lines(out):
        path = out / str(line["file_name"])
        assert path.with_suffix(".txt").read_text(encoding="utf-8") == f"{line['text']}\n"
        with Image.open(path) as picture:
            picture.load()
            assert min(picture.size) == line["size"]


def test_a_folder_holds_pictures_captions_and_a_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "set"
    assert paint(out, "--seed", "40", count=6) == 0
    require_whole(out)
    assert [line["seed"] for line in lines(out)] == list(range(40, 46))
    for line in lines(out):
        assert set(str(line["text"]).split(", ")) <= set(vocabulary())
        assert line["grade"] == 10.0
    said = capsys.readouterr()
    assert "6 pictures" in said.out
    assert "6/6" in said.err


def test_a_seed_paints_the_same_folder_whatever_the_number_of_processes(tmp_path: Path) -> None:
    assert paint(tmp_path / "one", "--mixed", count=9) == 0
    assert paint(tmp_path / "two", "--mixed", count=9, jobs=2) == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_mixed_pictures_carry_their_grades(tmp_path: Path) -> None:
    assert paint(tmp_path, "--mixed", count=30) == 0
    grades = [float(str(line["grade"])) for line in lines(tmp_path)]
    assert 10.0 in grades
    assert all(1.0 <= grade <= 10.0 for grade in grades)
    assert len(set(grades)) > 10
    for line in lines(tmp_path):
        flaws = line["flaws"]
        assert isinstance(flaws, dict)
        assert (line["grade"] == 10.0) == (not any(flaws.values()))


def test_a_folder_is_continued_and_nothing_is_painted_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part, whole = tmp_path / "part", tmp_path / "whole"
    assert paint(part, count=3) == 0
    before = {path: path.stat().st_mtime_ns for path in part.glob("*.png")}
    assert paint(part, count=5) == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "5 pictures" in capsys.readouterr().out
    assert paint(whole, count=5) == 0
    assert contents(part) == contents(whole)


def test_missing_and_damaged_pictures_are_painted_again(tmp_path: Path) -> None:
    assert paint(tmp_path, count=4) == 0
    fresh = contents(tmp_path)
    (tmp_path / "0000001.png").unlink()
    manifest = tmp_path / "metadata.jsonl"
    manifest.write_bytes(manifest.read_bytes()[:-30])
    (tmp_path / "0000003.png").write_bytes(b"half a pic")
    assert paint(tmp_path, count=4) == 0
    require_whole(tmp_path)
    again = contents(tmp_path)
    assert {n: b for n, b in again.items() if n != "metadata.jsonl"} == {
        n: b for n, b in fresh.items() if n != "metadata.jsonl"
    }


def test_ctrl_c_leaves_a_usable_folder_that_can_be_continued(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "models", "paint", "--count", "100000", "--size", "32"]
    with subprocess.Popen(
        [*command, "--jobs", "2", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        end = time.monotonic() + 60
        while len(list(tmp_path.glob("*.png"))) < 3 and time.monotonic() < end:
            time.sleep(0.02)
        # A terminal sends it to the whole group.
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert "Traceback" not in said
    assert f"stopped: {len(lines(tmp_path))} of 100000 pictures are in" in said
    require_whole(tmp_path)
    assert paint(tmp_path, count=len(lines(tmp_path)) + 1, size=32) == 0
    require_whole(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize("full", ["0000002.png.part", "0000002.txt"])
def test_a_full_disk_is_reported_and_leaves_whole_pictures(
    tmp_path: Path, full: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / full).symlink_to("/dev/full")
    assert paint(tmp_path) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "No space left on device" in said
    assert "2 pictures are whole and listed" in said
    require_whole(tmp_path)
    assert paint(tmp_path) == 0
    assert len(lines(tmp_path)) == 4


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"count": 0}, "--count must be 1 to"),
        ({"count": -3}, "--count must be 1 to"),
        ({"size": 3}, "--size must be 16 to 2048"),
        ({"size": 10**6}, "--size must be 16 to 2048"),
        ({"jobs": 0}, "--jobs must be 1 to"),
    ],
)
def test_an_option_out_of_range_is_refused_before_anything_is_made(
    tmp_path: Path,
    options: dict[str, int],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert paint(tmp_path / "out", **options) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_seeds_beyond_the_last_one_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert paint(tmp_path, "--seed", str(2**32 - 1), count=1) == 0
    assert paint(tmp_path / "out", "--seed", str(2**32 - 1), count=2) == 2
    assert "lead beyond 4294967295" in capsys.readouterr().err


def test_a_path_that_cannot_be_a_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    assert paint(file) == 2
    assert f"{file} is a file: name a folder" in capsys.readouterr().err
    assert paint(file / "below") == 2
    assert f"cannot write in {file / 'below'}: Not a directory" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("other", [["--mixed"], ["--size", "64"]])
def test_pictures_of_another_run_are_left_alone(
    tmp_path: Path, other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert paint(tmp_path) == 0
    before = contents(tmp_path)
    assert paint(tmp_path, *other) == 2
    assert "name another folder, or the same settings to go on" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_somebody_elses_pictures_and_manifest_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "0000001.png").write_bytes(b"holiday")
    assert paint(tmp_path) == 2
    assert "does not list, such as 0000001.png" in capsys.readouterr().err
    assert contents(tmp_path) == {"0000001.png": b"holiday"}
    (tmp_path / "metadata.jsonl").write_text('{"image": "a"}\n', encoding="utf-8")
    assert paint(tmp_path) == 2
    assert "line 1 was not written by this command" in capsys.readouterr().err
    assert len(contents(tmp_path)) == 2
