"""`python -m models safety-report`: shares over each threshold, sizes and costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.__main__ import main
from tests.stages.tiny_onnx import NEVER, RED, write_tagger


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three grey pictures, one of them with a red corner, and a text file."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.jpg", "c.png"):
        picture = Image.new("RGB", (96, 96), "grey")
        if name == "c.png":
            picture.paste("red", (48, 48, 96, 96))
        picture.save(folder / name)
    (folder / "a.txt").write_text("1girl")
    return folder


def values(file: Path) -> dict[str, Any]:
    return {row["name"]: row["value"] for row in json.loads(file.read_text())}


def test_each_scorer_and_size_reports_its_shares_and_cost(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tagger = write_tagger(tmp_path / "tagger", {"explicit": (0.0, -0.2, 0.2, -20.0), "loli": NEVER})
    out = tmp_path / "rows.json"
    line = ["safety-report", str(pictures), "--tagger", str(tagger), "--over", "0.5", "--json"]
    assert main([*line, str(out)]) == 0
    found = values(out)
    assert found["harmless pictures"] == 3
    assert found["wd_tagger, whole, nudity >= 0.5"] == 0
    assert found["wd_tagger, with parts, nudity >= 0.5"] == pytest.approx(100 / 3)
    assert found["wd_tagger, with parts, childlike >= 0.5"] == 0
    assert found["open_nsfw, whole, nudity, most"] < 0.5
    assert found["wd_tagger, with parts"] > 0
    told = capsys.readouterr().out
    assert "ms/picture" in told
    assert all(name in told for name in found)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ("no pictures", "there is no picture"),
        ("no folder", "No such file"),
        ("broken", "b.jpg: "),
        ("no tagger", "WD_TAGGER: "),
    ],
)
def test_an_impossible_report_is_refused_in_one_line(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: str, told: str
) -> None:
    line = ["safety-report", str(pictures)]
    match spoil:
        case "no pictures":
            line = ["safety-report", str(write_tagger(tmp_path / "tagger", {"explicit": RED}))]
        case "no folder":
            line = ["safety-report", str(tmp_path / "nowhere")]
        case "broken":
            (pictures / "b.jpg").write_bytes(b"\xff\xd8\xff broken")
        case _:
            line += ["--tagger", str(pictures)]
    assert main(line) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("python -m models safety-report: ")
    assert told in complaint
    assert complaint.count("\n") == 1
