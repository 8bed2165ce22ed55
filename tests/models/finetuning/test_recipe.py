"""The demonstration of the whole recipe: its verdict, its steps, and how it resumes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from models.measuring.adherence import GROUPS
from tests.bench import recipe

GRADE = "mean aesthetic grade"


def figures(grade: float, share: float) -> dict[str, float]:
    """What an evaluation measured, every group of attributes at one share."""
    return {GRADE: grade, **dict.fromkeys(GROUPS, share)}


@pytest.mark.parametrize(
    ("grade", "share", "holds"),
    [(7.5, 90.0, (True, True)), (6.4, 90.0, (False, True)), (7.5, 87.0, (True, False))],
)
def test_the_recipe_works_if_the_grade_rises_and_adherence_holds(
    grade: float, share: float, holds: tuple[bool, bool]
) -> None:
    rows = recipe.change_rows(figures(6.0, 90.0), {1e-4: figures(grade, share)}, 1e-4)
    held = {row.name: row.holds for row in rows if row.goal}
    names = ("at 0.0001 the grade rises by", "adherence falls by")
    assert held == dict(zip(names, holds, strict=True))
    values = {row.name: row.value for row in rows}
    assert values["adherence falls by"] == pytest.approx(90 - share)
    assert values["grade after the recipe at 0.0001"] == grade


def test_the_best_rate_has_the_best_grade_with_good_adherence() -> None:
    before = figures(6.0, 90.0)
    after = {1e-4: figures(7.0, 91.0), 2e-4: figures(7.5, 88.5), 4e-4: figures(8.0, 80.0)}
    assert recipe.best_of(before, after) == 2e-4
    assert recipe.best_of(before, {4e-4: after[4e-4]}) == 4e-4
    rows = recipe.change_rows(before, after, 2e-4)
    assert {row.value for row in rows if row.name.startswith("grade after the recipe")} == {
        7.0, 7.5, 8.0
    }  # fmt: skip
    assert next(row.value for row in rows if row.name.endswith("rises by")) == 1.5


def test_the_data_is_described_by_its_true_grades() -> None:
    values = {row.name: row.value for row in recipe.data_rows([2.0, 8.0], [8.0])}
    assert values == {
        "pictures kept": 50, "true grade of all pictures": 5, "true grade of those kept": 8
    }  # fmt: skip


def painted(out: Path) -> None:
    """Two pictures, the better one kept."""
    out.mkdir(exist_ok=True)
    for name, grades in (("metadata", (2, 8)), ("kept", (8,))):
        (out / f"{name}.jsonl").write_text("\n".join(json.dumps({"grade": g}) for g in grades))


def evaluated(rows: Path, sheets: Path, *, kept: bool) -> None:
    """Figures, and a sheet whose model is red or, once trained by the recipe, green."""
    found = figures(7.5 if kept else 6.0, 90.0)
    rows.write_text(json.dumps([{"name": name, "value": value} for name, value in found.items()]))
    sheet = Image.new("RGB", (64, 32), (0, 200, 0) if kept else (200, 0, 0))
    for top in (8, 24):
        sheet.paste((0, 0, 200), (0, top, 64, top + 8))
    sheets.mkdir()
    sheet.save(sheets / "model-and-painter.jpg")


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The `python -m models` commands that were run; each leaves what the real one does."""
    asked: list[list[str]] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        words = command[3:]
        asked.append(words)
        after = {option: Path(value) for option, value in pairwise(words)}
        match words[0]:
            case "paint":
                painted(after["--out"])
            case "score":
                after["--json"].write_text("{}")
            case "aesthetic-train":
                after["--out"].mkdir()
                (after["--out"] / "figures.json").write_text("{}")
            case "finetune":
                model = Path(words[1]).with_suffix("") / "model"
                model.mkdir(parents=True)
                (model / "card.json").write_text("{}")
            case _:
                evaluated(after["--json"], after["--out"], kept="kept" in words[1])
        return SimpleNamespace(returncode=int(words[0] == "evaluate"))

    monkeypatch.setattr(recipe.subprocess, "run", run)
    return asked


def demonstrate(work: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    """The program, as typed."""
    monkeypatch.setattr("sys.argv", ["recipe", "--work", str(work), *more])
    return recipe.main()


def test_each_training_uses_its_own_data_and_finished_stages_are_skipped(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A goal that an evaluation misses is an answer, not a fault.
    assert demonstrate(tmp_path, monkeypatch) == 0
    assert [words[0] for words in commands] == [
        "paint", "score", "aesthetic-train", "finetune", "evaluate", "finetune", "evaluate"
    ]  # fmt: skip
    mixed, kept = (
        dict(line.split(" = ", 1) for line in (tmp_path / f"{name}.toml").read_text().splitlines())
        for name in ("mixed", "kept-0.0002")
    )
    assert mixed["base"] == '"embedded"'
    assert kept["base"] == json.dumps(str(tmp_path / "mixed" / "model"))
    assert kept["data"] == json.dumps(str(tmp_path / "pictures" / "kept.jsonl"))
    # The second is the published recipe except for these keys: four epochs, cosine, AdamW.
    assert set(kept) == {"base", "data", "out", "cache", "lr", *recipe.BOTH, *recipe.KEPT}
    # The scorer that measures had no part in choosing the pictures.
    measure = commands[-1]
    assert measure[measure.index("--tower") + 1] == str(tmp_path / "other")
    commands.clear()
    assert demonstrate(tmp_path, monkeypatch) == 0
    assert [words[0] for words in commands] == ["paint"]


def test_more_rates_start_from_the_same_model_and_keep_finished_runs(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    demonstrate(tmp_path, monkeypatch)
    commands.clear()
    # Two that would share a folder are one.
    rates = ("--rates", "1e-4", "2e-4", "4.0000001e-4", "4e-4", "--at-once", "2")
    assert demonstrate(tmp_path, monkeypatch, *rates) == 0
    trained = sorted(Path(words[1]).stem for words in commands if words[0] == "finetune")
    assert trained == ["kept-0.0001", "kept-0.0004"]
    for name, rate in (("kept-0.0001", "0.0001"), ("kept-0.0004", "0.0004")):
        text = (tmp_path / f"{name}.toml").read_text()
        assert f"lr = {rate}" in text
        assert json.dumps(str(tmp_path / "mixed" / "model")) in text


@pytest.mark.parametrize("more", [("--rates", "1e-4", "0"), ("--rates", "2"), ("--at-once", "0")])
def test_invalid_options_are_refused_before_any_command_runs(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, more: tuple[str]
) -> None:
    with pytest.raises(SystemExit):
        demonstrate(tmp_path, monkeypatch, *more)
    assert not commands


def test_the_comparison_shows_before_above_after_without_painter_rows(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    demonstrate(tmp_path, monkeypatch)
    both = Image.open(tmp_path / "before-and-after.png")
    assert both.size == (64, 32)
    middles = [both.getpixel((32, y)) for y in (4, 12, 20, 28)]
    strongest = [max(range(3), key=middle.__getitem__) for middle in middles]  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
    assert strongest == [0, 1, 0, 1]


def test_a_folder_started_with_other_options_is_refused(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    demonstrate(tmp_path, monkeypatch)
    with pytest.raises(SystemExit, match="use another folder"):
        demonstrate(tmp_path, monkeypatch, "--count", "96")


def test_a_failed_command_ends_the_run_and_a_stopped_training_resumes(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mixed" / "states").mkdir(parents=True)
    demonstrate(tmp_path, monkeypatch)
    trainings = [words for words in commands if words[0] == "finetune"]
    assert ["--resume" in words for words in trainings] == [True, False]
    failed = SimpleNamespace(returncode=3)
    monkeypatch.setattr(recipe.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(SystemExit) as end:
        recipe.run("paint")
    assert end.value.code == 3
