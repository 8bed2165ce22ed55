"""`python -m models score`: real folders of pictures with a tiny scorer, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from models.__main__ import main
from models.aesthetics import charts, command
from models.aesthetics.charts import Group, Scored
from models.aesthetics.heads import save_head
from models.aesthetics.record import ScoreRecord
from models.aesthetics.scorer import Aesthetic, open_aesthetic
from models.aesthetics.sources import find_pictures
from models.aesthetics.towers import PictureTower, save_tower
from models.data.examples import read
from models.data.findings import Report
from tests.stages.one_line import one_line

WIDTH = 12
Score = Callable[..., int]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny tower and a head with scores around 6."""
    folder = tmp_path_factory.mktemp("scorer") / "tiny"
    torch.manual_seed(3)
    save_tower(PictureTower((4, 8), WIDTH).eval(), folder)
    save_head(3 * torch.randn(WIDTH), torch.tensor(6.0), folder / "head.safetensors")
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


@pytest.fixture
def score(scorer: Path, pictures: Path) -> Score:
    """Run the command on `pictures`, with the tiny scorer."""

    def call(*more: str, source: Path = pictures, threshold: float | None = None) -> int:
        own = ["--tower", str(scorer), "--head", str(scorer / "head.safetensors")]
        at = ["--min-aesthetic", str(middle(scorer, source) if threshold is None else threshold)]
        return main(["score", str(source), *own, *at, "--batch", "2", "--device", "cpu", *more])

    return call


def fill(folder: Path, count: int = 6) -> list[Path]:
    """Pictures of different shades, and so of different scores."""
    paths = [folder / f"{i}.png" for i in range(count)]
    for i, path in enumerate(paths):
        Image.new("RGB", (40 + i, 40), (40 * i, 200 - 30 * i, 90)).save(path)
    return paths


def truth(scorer: Path, folder: Path) -> dict[str, float]:
    aesthetic = open_aesthetic(scorer / "head.safetensors", scorer, "cpu")
    return {p.name: aesthetic.score([Image.open(p)])[0] for p in sorted(folder.glob("?.png"))}


def middle(scorer: Path, folder: Path) -> float:
    """A threshold between the third and the fourth score."""
    scores = sorted(truth(scorer, folder).values())
    return round((scores[2] + scores[3]) / 2, 4) if len(scores) > 3 else 6.0


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_pictures_above_the_threshold_are_listed_with_score_and_caption(
    score: Score, scorer: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in fill(pictures):
        path.with_suffix(".txt").write_text("1girl, blue hair")
    assert score("--json", str(tmp_path / "rows.json")) == 0
    true, threshold = truth(scorer, pictures), middle(scorer, pictures)
    kept = {line["file_name"]: line for line in lines(pictures / "kept.jsonl")}
    assert sorted(kept) == sorted(name for name, value in true.items() if value > threshold)
    assert len(kept) == 3
    assert all(abs(line["score"] - true[name]) < 2e-4 for name, line in kept.items())
    examples = read(pictures / "kept.jsonl", report=Report())
    assert [e.score for e in examples] == [kept[name]["score"] for name in sorted(kept)]
    assert examples[0].caption.tags == ("1girl", "blue hair")
    rows = {row["name"]: row for row in json.loads((tmp_path / "rows.json").read_text())}
    assert rows["scored in this run"]["value"] == 6
    assert rows["kept"]["value"] == 50.0
    assert set(rows["kept"]) == {"area", "name", "value", "unit", "goal", "holds", "command"}
    assert "median score" in capsys.readouterr().out
    out = tmp_path / "pictures-scores"
    names = ["dropped.png", "histogram.png", "kept.png", "scores.jsonl", "skipped.jsonl"]
    assert sorted(path.name for path in out.iterdir()) == names


def test_a_killed_run_resumes_and_matches_an_uninterrupted_one(
    score: Score, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(pictures)
    assert score("--out", str(tmp_path / "whole")) == 0
    kept = (pictures / "kept.jsonl").read_text()
    (pictures / "kept.jsonl").unlink()
    batches: list[int] = []
    work = Aesthetic.score_cuts

    def counted(self: Aesthetic, cuts: Any) -> list[float]:
        if len(batches) == 2:
            raise KeyboardInterrupt
        batches.append(len(cuts))
        return work(self, cuts)

    # The threshold is measured outside the run that is killed.
    threshold = lines(tmp_path / "whole" / "scores.jsonl")[0]["score"]
    looked: list[Any] = []
    look = Aesthetic.cut
    monkeypatch.setattr(Aesthetic, "cut", lambda self, x: looked.append(x) or look(self, x))
    monkeypatch.setattr(Aesthetic, "score_cuts", counted)
    killed = tmp_path / "killed"
    assert score("--out", str(killed), threshold=threshold) == 130
    assert len(lines(killed / "scores.jsonl")) == 4
    assert not (pictures / "kept.jsonl").exists()
    with (killed / "scores.jsonl").open("a") as file:
        file.write('{"sha256": "half a li')
    batches.clear()
    looked.clear()
    # Moved and duplicated files are recognised by their content.
    (pictures / "0.png").rename(pictures / "moved.png")
    assert score("--out", str(killed), threshold=threshold) == 0
    assert batches == [2]
    assert len(looked) == 2
    (pictures / "moved.png").rename(pictures / "0.png")
    monkeypatch.undo()
    assert score("--out", str(killed)) == 0
    assert (pictures / "kept.jsonl").read_text() == kept
    whole = sorted((tmp_path / "whole" / "scores.jsonl").read_text().splitlines())
    assert sorted((killed / "scores.jsonl").read_text().splitlines()) == whole


def test_another_head_starts_empty_and_keeps_the_first_heads_scores(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    with ScoreRecord(path, "a") as a:
        a.add({"x": 1.5, "y": 2.5})
    with ScoreRecord(path, "b") as b:
        assert b.scores == {}
        b.add({"x": 9.0})
    with ScoreRecord(path, "a") as a:
        assert a.scores == {"x": 1.5, "y": 2.5}


def test_a_foreign_file_is_not_mistaken_for_a_score_record(
    score: Score, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(pictures)
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "scores.jsonl").write_text("my diary\nday 1\n")
    assert score("--out", str(tmp_path / "o")) == 2
    assert "line 1, is not a score" in one_line(capsys.readouterr().err)
    assert (tmp_path / "o" / "scores.jsonl").read_text() == "my diary\nday 1\n"


def test_unreadable_pictures_are_skipped_with_a_reason(
    score: Score, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = fill(pictures)
    (pictures / "cut.png").write_bytes(good[0].read_bytes()[:60])
    (pictures / "page.jpg").write_text("<html>not found</html>")
    (pictures / "empty.webp").touch()
    Image.new("1", (9_000, 8_000)).save(pictures / "huge.png")
    Image.new("1", (12_000, 9_000)).save(pictures / "vast.png")
    Image.new("RGB", (30, 30), "teal").save(pictures / "fine.webp")
    Image.new("CMYK", (30, 30), (200, 10, 10, 0)).save(pictures / "print.jpg")
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "blue")]
    frames[0].save(pictures / "moving.gif", save_all=True, append_images=frames[1:])
    assert score() == 0
    told = {Path(x["file"]).name: x for x in lines(tmp_path / "pictures-scores" / "skipped.jsonl")}
    skipped = {name for name, finding in told.items() if not finding["used"]}
    assert skipped == {"cut.png", "page.jpg", "empty.webp", "huge.png", "vast.png"}
    assert told["huge.png"]["reason"] == told["vast.png"]["reason"] == "too many pixels"
    # The dataset's reader can use these two, and says how.
    assert told["print.jpg"]["reason"].startswith("CMYK")
    assert told["moving.gif"]["reason"].startswith("animated")
    assert "2 x not a readable picture" in capsys.readouterr().out
    assert len(lines(tmp_path / "pictures-scores" / "scores.jsonl")) == len(good) + 3


def test_notes_about_a_picture_are_repeated_without_reading_it_again(
    score: Score, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(pictures)
    (pictures / "page.jpg").write_text("<html>not found</html>")
    Image.new("CMYK", (30, 30), (200, 10, 10, 0)).save(pictures / "print.jpg")
    (pictures / "print-again.jpg").write_bytes((pictures / "print.jpg").read_bytes())
    Image.new("I;16", (30, 30), 9_000).save(pictures / "deep.png")
    assert score(threshold=6.0) == 0
    first = lines(tmp_path / "pictures-scores" / "skipped.jsonl")
    assert len(first) == 4
    with monkeypatch.context() as patch:
        patch.setattr(Aesthetic, "cut", lambda *_: pytest.fail("a known picture was read again"))
        assert score(threshold=6.0) == 0
    assert lines(tmp_path / "pictures-scores" / "skipped.jsonl") == first
    # Notes belong to the content: they follow a moved file and vanish when the file changes.
    (pictures / "print.jpg").rename(pictures / "moved.jpg")
    (pictures / "deep.png").unlink()
    Image.new("RGB", (30, 30), "teal").save(pictures / "deep.png")
    assert score(threshold=6.0) == 0
    told = {Path(x["file"]).name for x in lines(tmp_path / "pictures-scores" / "skipped.jsonl")}
    assert told == {"page.jpg", "moved.jpg", "print-again.jpg"}


def test_a_very_thin_picture_is_scored_like_any_other(
    score: Score, pictures: Path, tmp_path: Path
) -> None:
    fill(pictures)
    Image.new("RGB", (1, 60_000), "teal").save(pictures / "line.png")
    assert score() == 0
    assert not lines(tmp_path / "pictures-scores" / "skipped.jsonl")
    assert len(lines(tmp_path / "pictures-scores" / "scores.jsonl")) == 7


def test_scoring_keeps_a_records_own_fields_and_votes(
    score: Score, pictures: Path, scorer: Path
) -> None:
    fill(pictures, 3)
    danbooru = {"file_name": "0.png", "tag_string_general": "1girl smile", "score": 77}
    own = {"file_name": "1.png", "text": "a girl", "grade": 8.5}
    tags = [{"id": "1", "name": "1girl", "category": "0"}]
    dumped = {"file_name": "2.png", "tags": tags, "score": "3"}
    manifest = pictures / "list.jsonl"
    manifest.write_text("".join(json.dumps(x) + "\n" for x in (danbooru, own, dumped)))
    lowest = min(truth(scorer, pictures).values())
    assert score(source=manifest, threshold=lowest - 0.01) == 0
    first, second, third = lines(pictures / "kept.jsonl")
    assert first | danbooru == first
    assert first["aesthetic"] != 77
    assert second | own == second
    assert second["score"] == second["aesthetic"]
    assert third | dumped == third


def test_a_line_separator_in_a_caption_does_not_end_the_record(tmp_path: Path) -> None:
    caption = "1girl,\u2028smile"
    record = json.dumps({"file_name": "a.png", "text": caption}, ensure_ascii=False)
    (tmp_path / "metadata.jsonl").write_text(record + "\n", encoding="utf-8")
    (tmp_path / "a.png").touch()
    (one,) = find_pictures(tmp_path, Report())
    assert one.record["text"] == caption


def test_the_rank_correlation_is_judged_only_with_enough_true_grades(
    score: Score, pictures: Path, scorer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(pictures)
    true = truth(scorer, pictures)
    # The right order, except that the best two are swapped.
    order = sorted(true, key=true.__getitem__)
    order[-1], order[-2] = order[-2], order[-1]
    records = [{"file_name": name, "grade": place} for place, name in enumerate(order)]
    (pictures / "metadata.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    for enough, holds in ((6, True), (7, None)):
        monkeypatch.setattr(command, "_MIN_GRADED", enough)
        assert score("--json", str(tmp_path / "rows.json")) == 0
        rows = {row["name"]: row for row in json.loads((tmp_path / "rows.json").read_text())}
        row = rows["Spearman with the true grade"]
        assert row["value"] == pytest.approx(1 - 6 * 2 / (6 * 35), abs=1e-4)
        assert row["holds"] is holds


def test_identical_grades_are_not_correlated_with_the_scores(
    score: Score, pictures: Path, tmp_path: Path
) -> None:
    fill(pictures)
    names = sorted(path.name for path in pictures.glob("*.png"))
    records = [{"file_name": name, "grade": 10.0} for name in names]
    (pictures / "metadata.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    assert score("--json", str(tmp_path / "rows.json")) == 0
    names = {row["name"] for row in json.loads((tmp_path / "rows.json").read_text())}
    assert "mean score" in names
    assert "Spearman with the true grade" not in names


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--min-aesthetic", "11"], "its scale goes from 1 to 10"),
        (["--min-aesthetic", "nan"], "makes no sense"),
        (["--batch", "0"], "--batch must be at least 1"),
        (["--head", "nowhere.pth"], "there is no head"),
        (["--tower", "nowhere"], "no image tower"),
        (["--kept", "elsewhere/kept.jsonl"], "must lie in"),
    ],
)
def test_invalid_options_are_refused_in_one_line(
    score: Score,
    pictures: Path,
    options: list[str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(pictures, 2)
    assert score(*options, threshold=6.0) == 2
    told = one_line(capsys.readouterr().err)
    assert reason in told


def test_a_head_that_does_not_fit_the_tower_is_refused_in_one_line(
    score: Score, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(pictures, 2)
    save_head(torch.randn(5), torch.tensor(6.0), tmp_path / "other.safetensors")
    assert score("--head", str(tmp_path / "other.safetensors"), threshold=6.0) == 2
    told = one_line(capsys.readouterr().err)
    assert "takes embeddings of 5 numbers, the tower gives 12" in told


def test_a_source_without_usable_pictures_is_refused_with_the_reason(
    score: Score, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(threshold=6.0) == 2
    assert "there are no pictures" in one_line(capsys.readouterr().err)
    (pictures / "a.png").write_text("no picture")
    assert score(threshold=6.0) == 2
    assert "no picture could be read" in one_line(capsys.readouterr().err)
    (pictures / "a.png").unlink()
    (pictures / "metadata.jsonl").write_text('{"file_name": "/a.png"}\n["b.png"]\n{"file": "c"}\n')
    assert score(threshold=6.0) == 2
    told = one_line(capsys.readouterr().err)
    for reason in (
        "1 x unreadable caption",
        "1 x outside the folder",
        "1 x caption without a pict",
    ):
        assert reason in told
    (pictures / "metadata.jsonl").write_bytes(b"\xff\xfe")
    assert score(threshold=6.0) == 2
    assert "is no manifest: it is not UTF-8." in one_line(capsys.readouterr().err)
    assert score(source=pictures / "gone", threshold=6.0) == 2
    assert "there is no folder or manifest" in one_line(capsys.readouterr().err)


def test_every_histogram_bar_is_either_kept_or_dropped() -> None:
    scores = [4.0, 6.0, 6.0001, 6.2, 6.2, 9.0]
    picture = charts.histogram(scores, 6.0, 1, 10)
    kept = sum(picture.getpixel((x, 448)) == (47, 143, 131) for x in range(picture.width))
    dropped = sum(picture.getpixel((x, 448)) == (207, 138, 147) for x in range(picture.width))
    # Bars of a quarter: 6.0001 and 6.2 share one, 9.0 has one; 6.0 and 4.0 have one each.
    bar = (1010 - 70) / 36 - 2
    assert kept == pytest.approx(2 * bar, abs=6)
    assert dropped == pytest.approx(2 * bar, abs=6)
    wide = charts.histogram([-3.0, 14.0], 0.5, 0, 1)
    assert wide.size == picture.size


def test_a_contact_sheet_shows_whole_pictures_and_survives_a_missing_one(pictures: Path) -> None:
    Image.new("RGB", (300, 100), "red").save(pictures / "wide.png")
    group = Group("some", [Scored(pictures / "wide.png", 9.0), Scored(pictures / "lost.png", 8.0)])
    sheet = charts.sheet("two", [group, Group("none", [])])
    red = sum(sheet.getpixel((x, 56 + 36 + 75)) == (255, 0, 0) for x in range(sheet.width))
    assert red == 150
    column = sum(sheet.getpixel((85, y)) == (255, 0, 0) for y in range(sheet.height))
    assert column == 50
