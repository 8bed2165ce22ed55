"""Reading a dataset: every kind of caption, skipped files, and one clear line if none is usable."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.__main__ import main
from models.data.examples import DatasetError, Example, read
from models.data.findings import Note, Report, Skip
from models.data.sources import caption_of, parse_caption
from models.data.tagging import BooruRating, Caption, CaptionPolicy
from models.manifest import Split
from tests.stages.manifests import add_picture, write_manifest

ROOT = Path(__file__).parents[3]
#: A post in the form of Danbooru's API and dumps, shortened.
POST = {
    "id": 1,
    "rating": "s",
    "score": 42,
    "tag_string": "1girl blue_hair fate_(series) highres o_o saber_(fate) some_artist",
    "tag_string_general": "1girl blue_hair o_o",
    "tag_string_character": "saber_(fate)",
    "tag_string_copyright": "fate_(series)",
    "tag_string_artist": "some_artist",
    "tag_string_meta": "highres",
}

#: The same post in the form of the yearly dumps: numbers are strings, tags are objects.
DUMPED = {
    "id": "1",
    "rating": "s",
    "score": "42",
    "up_score": "45",
    "down_score": "-3",
    "file_ext": "png",
    "tags": [
        {"id": "1", "name": "blue_hair", "category": "0"},
        {"id": "2", "name": "highres", "category": "5"},
        {"id": "3", "name": "some_artist", "category": "1"},
        {"id": "4", "name": "1girl", "category": "0"},
        {"id": "5", "name": "fate_(series)", "category": "3"},
        {"id": "6", "name": "o_o", "category": "0"},
        {"id": "7", "name": "saber_(fate)", "category": "4"},
    ],
}


def picture(path: Path, shade: int = 0, size: tuple[int, int] = (32, 24)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, 0, 0)).save(path)
    return path


def captioned(folder: Path, name: str, text: str = "1girl, solo", shade: int = 0) -> Path:
    path = picture(folder / name, shade)
    path.with_suffix(".txt").write_text(text)
    return path


def listed(folder: Path, rows: Sequence[dict[str, Any] | str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path = folder / "metadata.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def found(source: Path) -> tuple[dict[str, Example], dict[str, Skip | Note]]:
    """The examples by name, and the last finding about each file by name."""
    report = Report()
    examples = {example.path.name: example for example in read(source, report=report)}
    assert report.used == len(examples)
    return examples, {finding.path.name: finding.reason for finding in report.findings}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1girl, blue hair,, solo\n", Caption(tags=("1girl", "blue hair", "solo"))),
        ("1girl\nblue hair\nsolo", Caption(tags=("1girl", "blue hair", "solo"))),
        ("1girl blue_hair solo", Caption(tags=("1girl", "blue_hair", "solo"))),
        ("1girl", Caption(tags=("1girl",))),
        ("a girl  with blue hair\n", Caption(sentence="a girl with blue hair")),
    ],
)
def test_text_is_read_as_tags_or_as_a_sentence(text: str, expected: Caption) -> None:
    assert parse_caption(text) == expected


def test_a_danbooru_post_gives_ordered_tags_a_rating_and_votes() -> None:
    caption = caption_of(POST)
    assert caption.tags == (
        "1girl", "saber_(fate)", "fate_(series)", "some_artist", "blue_hair", "o_o", "highres",
    )  # fmt: skip
    assert (caption.rating, caption.votes, caption.score) == (BooruRating.SENSITIVE, 42, None)
    text = CaptionPolicy(caption_dropout=0).tags(caption)
    assert text[:3] == ["1girl", "saber (fate)", "fate (series)"]
    assert "o_o" in text


def test_a_post_reads_the_same_from_a_yearly_dump_as_from_danbooru() -> None:
    assert caption_of(DUMPED) == caption_of(POST)
    tags = [tag | {"category": int(tag["category"])} for tag in DUMPED["tags"]]
    assert caption_of(DUMPED | {"tags": tags, "score": 42}) == caption_of(POST)


def test_low_votes_in_a_dump_are_not_taken_for_an_aesthetic_score() -> None:
    for score in (3, "3"):
        caption = caption_of(DUMPED | {"score": score})
        assert (caption.votes, caption.score) == (3, None)


@pytest.mark.parametrize(
    "number",
    ["many", "", "nan", "Infinity", float("nan"), True, [3], {},
     pytest.param(10**400, id="400 digits"), pytest.param("9" * 400, id="text of 400 digits")],
)  # fmt: skip
def test_an_invalid_number_does_not_lose_the_picture(number: object) -> None:
    for post in (POST, DUMPED):
        caption = caption_of(post | {"score": number, "aesthetic": number})
        assert caption.tags == caption_of(POST).tags
        assert (caption.votes, caption.score) == (None, None)
    numbers = {"aesthetic": number, "score": number, "grade": 4}
    assert caption_of({"text": "1girl, hat"} | numbers).score == 4


@pytest.mark.parametrize(
    ("record", "tags"),
    [
        ({"tag_string": "solo 1girl hat"}, ("solo", "1girl", "hat")),
        ({"tags": ["1girl", " hat "]}, ("1girl", "hat")),
        ({"tags": [{"name": "1girl", "category": "0"}, {"name": "hat"}]}, ("1girl", "hat")),
        ({"tags": "1girl hat"}, ("1girl", "hat")),
        ({"tags": "1girl, red hat"}, ("1girl", "red hat")),
        ({"tags": [], "text": "1girl, hat"}, ("1girl", "hat")),
        ({"caption": "1girl, hat"}, ("1girl", "hat")),
        ({"prompt": "1girl, hat"}, ("1girl", "hat")),
    ],
)
def test_tags_are_read_from_other_kinds_of_records(
    record: dict[str, Any], tags: tuple[str, ...]
) -> None:
    assert caption_of(record).tags == tags


@pytest.mark.parametrize(
    ("numbers", "score", "votes"),
    [
        ({"score": 7.25}, 7.25, None),
        ({"grade": 10}, 10, None),
        ({"aesthetic": 6.5, "score": 3, "grade": 2}, 6.5, None),
        ({"score": "7.25"}, 7.25, None),
        ({"score": 250}, None, None),
        ({"score": 11}, None, None),
        # The best pictures of a head whose scale ends at 10.
        ({"aesthetic": 10.04, "score": 3}, 10, None),
        ({"tag_string": "hat", "score": 7, "aesthetic": 10.8}, 10, 7),
        ({"aesthetic": 99.0}, None, None),
        ({"aesthetic": 0.8, "grade": 4}, 4, None),
        ({"tag_string": "hat", "score": 7}, None, 7),
        ({"tag_string": "hat", "score": 7, "aesthetic": 5.5}, 5.5, 7),
    ],
)
def test_aesthetic_scores_and_votes_are_told_apart(
    numbers: dict[str, Any], score: float | None, votes: int | None
) -> None:
    caption = caption_of({"text": "1girl, hat"} | numbers)
    assert (caption.score, caption.votes) == (score, votes)


@pytest.mark.parametrize(
    ("said", "rating"),
    [("g", "general"), ("s", "sensitive"), ("q", "questionable"), ("e", "explicit"),
     ("Explicit", "explicit"), ("safe", "general"), ("x", None), (None, None)],
)  # fmt: skip
def test_ratings_are_read_as_letters_and_words(said: object, rating: str | None) -> None:
    assert caption_of({"text": "1girl", "rating": said}).rating == rating


def test_a_folder_is_read_recursively_sorted_and_measured(tmp_path: Path) -> None:
    captioned(tmp_path, "b.png", shade=1)
    captioned(tmp_path, "deep/er/a.JPG", shade=2)
    picture(tmp_path / "c.webp", 3).with_suffix(".json").write_text(json.dumps(POST))
    picture(tmp_path / "d.png", 4).with_name("d.png.json").write_text(json.dumps(POST))
    picture(tmp_path / "e.png", 5).with_name("e.png.txt").write_text("hat, bow")
    picture(tmp_path / ".hidden" / "f.png", 6)
    report = Report()
    examples = read(tmp_path, report=report)
    names = [example.path.relative_to(tmp_path).as_posix() for example in examples]
    assert names == ["b.png", "c.webp", "d.png", "deep/er/a.JPG", "e.png"]
    assert {example.size_px for example in examples} == {(32, 24)}
    assert examples[1].caption.votes == examples[2].caption.votes == 42
    assert examples[4].caption.tags == ("hat", "bow")
    assert not report.findings


def test_a_json_sidecar_takes_precedence_over_a_text_sidecar(tmp_path: Path) -> None:
    path = captioned(tmp_path, "a.png", "from text, only")
    path.with_suffix(".json").write_text(json.dumps({"tags": ["json"]}))
    examples, _ = found(tmp_path)
    assert examples["a.png"].caption.tags == ("json",)


def test_unusable_files_are_reported_and_the_rest_is_used(tmp_path: Path) -> None:
    captioned(tmp_path, "good.png")
    picture(tmp_path / "nameless.png")
    (tmp_path / "pictureless.txt").write_text("1girl")
    captioned(tmp_path, "empty.png", "  \n")
    picture(tmp_path / "json.png").with_suffix(".json").write_text("{")
    picture(tmp_path / "list.png").with_suffix(".json").write_text("[]")
    picture(tmp_path / "numbers.png").with_suffix(".json").write_text('{"tags": [1]}')
    picture(tmp_path / "latin.png").with_suffix(".txt").write_bytes(b"caf\xe9, hat")
    captioned(tmp_path, "broken.png").write_bytes(b"no picture")
    examples, findings = found(tmp_path)
    assert list(examples) == ["good.png"]
    bad = dict.fromkeys(
        ["empty.png", "json.png", "list.png", "numbers.png", "latin.png"], Skip.BAD_CAPTION
    )
    assert findings == bad | {
        "nameless.png": Skip.NO_CAPTION,
        "pictureless.txt": Skip.NO_PICTURE,
        "broken.png": Skip.NOT_A_PICTURE,
    }


def test_a_manifest_overrides_sidecars_and_unlisted_files(tmp_path: Path) -> None:
    captioned(tmp_path, "a.png", "from the sidecar, only", 1)
    captioned(tmp_path, "unlisted.png", shade=2)
    picture(tmp_path / "deep" / "b.png", 3)
    listed(
        tmp_path,
        [
            {"file_name": "a.png", "text": "hat, bow", "grade": 8},
            {"file_name": "deep/b.png", "text": "1girl,\u2028solo", "score": 3.5},
            {"file_name": "gone.png", "text": "hat, bow"},
            "",
            "{no json",
            {"text": "no name"},
            {"file_name": "a.png", "text": "again, twice"},
            {"file_name": "../a.png", "text": "hat, bow"},
            {"file_name": "/etc/passwd", "text": "hat, bow"},
            {"file_name": "scored.png", "aesthetic": 7.5, "aesthetic_head": "x", "score": 7.5},
        ],
    )
    report = Report()
    examples = read(tmp_path, report=report)
    assert [(e.path.name, e.score) for e in examples] == [("a.png", 8), ("b.png", 3.5)]
    assert examples[0].caption.tags == ("hat", "bow")
    told = [(finding.reason, finding.detail.split(":")[0]) for finding in report.findings]
    assert told == [
        (Skip.NO_PICTURE, "line 3"), (Skip.BAD_CAPTION, "line 5"), (Skip.BAD_CAPTION, "line 6"),
        (Skip.REPEATED, "line 7"), (Skip.OUTSIDE, "line 8"), (Skip.OUTSIDE, "line 9"),
        (Skip.NO_CAPTION, "line 10"), (Skip.UNLISTED, ""),
    ]  # fmt: skip


def test_held_out_pictures_of_a_manifest_are_not_read_for_training(tmp_path: Path) -> None:
    lines = [add_picture(tmp_path, 1), add_picture(tmp_path, 2, text=None)]
    held = add_picture(tmp_path, 3, split=Split.HELD_OUT, prompt_key="6" * 16)
    write_manifest(tmp_path, [*lines, held])
    report = Report()
    assert [e.path.name for e in read(tmp_path, report=report)] == [Path(lines[0].file_name).name]
    reasons = {finding.path.name: finding.reason for finding in report.findings}
    assert reasons == {
        Path(lines[1].file_name).name: Skip.BAD_CAPTION,
        Path(held.file_name).name: Skip.HELD_OUT,
    }


def test_the_source_can_be_a_manifest_file(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "not-named.png")
    kept = listed(tmp_path, [{"file_name": "a.png", "text": "1girl, hat"}]).rename(
        tmp_path / "kept.jsonl"
    )
    examples, findings = found(kept)
    assert list(examples) == ["a.png"]
    assert not findings


def test_an_invalid_or_overlong_file_name_skips_only_its_line(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    names = ["a.png", "long" * 100 + ".png", "\ud800.png"]
    lines = [json.dumps({"file_name": name, "text": "1girl, hat"}) for name in names]
    report = Report()
    assert len(read(listed(tmp_path, lines), report=report)) == 1
    assert [finding.reason for finding in report.findings] == [Skip.NO_PICTURE] * 2
    report.write_jsonl(tmp_path / "findings.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "findings.jsonl").read_text().splitlines()]
    assert [row["file"] for row in rows] == [str(tmp_path / name) for name in names[1:]]


def test_the_painters_folder_is_read_completely_with_its_grades(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    assert main(["paint", "--count", "3", "--size", "64", "--mixed", "--jobs", "1",
                 "--out", str(tmp_path / "painted")]) == 0  # fmt: skip
    report = Report()
    examples = read(tmp_path / "painted", report=report)
    assert len(examples) == 3
    assert not report.skipped
    assert all(example.score is not None and example.caption.tags for example in examples)


def test_flattened_and_duplicate_pictures_are_used_and_noted(tmp_path: Path) -> None:
    path = captioned(tmp_path, "clear.png")
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(path)
    captioned(tmp_path, "one.png", shade=9)
    captioned(tmp_path, "two.png", shade=9)
    examples, findings = found(tmp_path)
    assert len(examples) == 3
    assert findings == {"clear.png": Note.FLATTENED, "two.png": Note.DUPLICATE}


def test_the_order_does_not_depend_on_threads(tmp_path: Path) -> None:
    for index in range(30):
        captioned(tmp_path, f"{index:02}.png", shade=index)
    one, many = (read(tmp_path, report=Report(), threads=threads) for threads in (1, 8))
    assert one == many
    assert [example.path.name for example in one] == [f"{index:02}.png" for index in range(30)]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "holds no pictures"),
        ({"notes.md": b"hello"}, "holds no pictures"),
        ({"a.png": b"x", "b.png": b"y"}, "None of the 2 pictures"),
        ({"a.txt": b"hat", "b.txt": b"hat"}, "2 captions and not one"),
        ({"a.png": b"x", "a.txt": b"hat", "b.png": b"y"}, r"used: no caption \(1\), not a"),
        ({"metadata.jsonl": b"\xff\xfe"}, "not UTF-8"),
    ],
)
def test_a_folder_without_usable_pictures_says_why_in_one_line(
    tmp_path: Path, files: dict[str, bytes], told: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=told) as fault:
        read(tmp_path, report=Report())
    assert "\n" not in str(fault.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder") as fault:
        read(tmp_path / "gone", report=Report())
    assert fault.value.filename == str(tmp_path / "gone")


def test_the_command_shows_counts_tags_buckets_and_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pictures"
    captioned(folder, "a.png", "1girl, blue_hair", 1)
    captioned(folder, "b.png", "1girl, hat", 2)
    picture(folder / "nameless.png")
    rows, lines = tmp_path / "rows.json", tmp_path / "findings.jsonl"
    assert main(["dataset", str(folder), "--json", str(rows), "--findings", str(lines)]) == 0
    shown = capsys.readouterr().out
    for part in ("usable pictures", "blue hair", "100%", "64 x 64", "nameless.png: no caption"):
        assert part in shown
    figures = {row["name"]: row["value"] for row in json.loads(rows.read_text())}
    assert figures["usable pictures"] == figures["tag 1girl"] == figures["bucket 64 x 64"] == 2
    assert figures["no caption"] == 1
    assert [json.loads(line) for line in lines.read_text().splitlines()] == [
        {"file": str(folder / "nameless.png"), "used": False, "reason": "no caption", "detail": ""}
    ]


@pytest.mark.parametrize("options", [["--step", "0"], ["--resolution", "8"], ["--max-ratio", "0"]])
def test_the_command_refuses_invalid_sizes(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    captioned(tmp_path, "a.png")
    assert main(["dataset", str(tmp_path), *options]) == 2
    assert capsys.readouterr().err.startswith("python -m models dataset: ")


def test_the_command_reports_an_empty_folder_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_looking_at_a_dataset_needs_no_torch() -> None:
    code = "import sys, models.data.command; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
