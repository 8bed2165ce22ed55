"""`python -m bot policy-report` as it is called: table, rows, pictures, misses, exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, ImageColor

from bot.__main__ import main
from bot.domain import RuleId
from bot.reporting import charts
from bot.reporting.policy import command, corpora, judging, measuring
from bot.reporting.policy.corpora import Specimen
from bot.reporting.policy.judging import Fate
from bot.reporting.policy.measuring import Counts

FILES = {
    "benign/a.toml": '[groups.a]\nabout = "x"\nprompts = ["a cat", "naked mole rat"]\n',
    "benign/b.toml": '[groups.a]\nabout = "x"\ncompany = "minors"\nprompts = ["a child"]\n',
    "benign/c.toml": '[groups.a]\nabout = "x"\ncompany = "adults"\nprompts = ["a queen"]\n',
    "refused/a.toml": (
        'rule = "sexual"\n[groups.a]\nabout = "x"\nprompts = ["1girl, `nude`", "`marigold`"]\n'
    ),
    "people/real.toml": 'real = true\n[groups.a]\nabout = "x"\nnames = ["Ada Lovelace"]\n',
    "people/fictional.toml": 'real = false\n[groups.a]\nabout = "x"\nnames = ["Sailor Moon"]\n',
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "_TIMED_S", 0.0)
    for name, text in FILES.items():
        path = tmp_path / "corpora" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'provenance = "x"\n{text}')
    return tmp_path / "corpora"


def test_every_figure_is_in_the_table_and_in_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrote = folder.parent / "rows.json"
    code = main(["policy-report", "--corpora", str(folder), "--json", str(wrote)])
    rows = {row["name"]: row for row in json.loads(wrote.read_text())}
    printed = capsys.readouterr().out
    assert all(name in printed for name in rows)
    assert set(rows["caught: sexual"]) == {
        "area", "name", "value", "unit", "goal", "holds", "command"
    }  # fmt: skip
    assert rows["caught: sexual"]["unit"] == "% of 2"
    assert rows["caught: sexual"]["value"] == 50
    assert rows["caught: minors in sexual prompts"]["unit"] == "% of 2"
    assert rows["adults in sexual prompts refused by the floor"]["goal"] == "<= 0"
    assert rows["seen through: case"]["unit"] == "% of 1", "prompts missed anyway are not tried"
    assert rows["benign prompts refused by the floor"]["goal"] == "<= 0"
    assert {
        "benign prompts refused", "benign prompts refused by the floor", "caught: everything",
        "seen through: everything", "seen through: leetspeak", "seen through: two tricks at once",
        "people found", "characters taken for people", "time for a prompt, p99",
        "time for a hostile prompt, longest",
    } <= set(rows)  # fmt: skip
    assert {row["command"] for row in rows.values()} == {
        f"python -m bot policy-report --corpora {folder} --seed 1"
    }
    assert code == 1


def test_the_exit_code_is_0_when_every_goal_holds(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = frozenset({RuleId("real-person-sexual")})

    def perfect(specimen: Specimen) -> Fate:
        rules = people if "ovelace" in specimen.told else frozenset[RuleId]()
        floor = specimen.rule in measuring.FLOOR
        return Fate(stopped=specimen.rule is not None, floor=floor, rules=rules)

    monkeypatch.setattr(judging, "judged", perfect)
    monkeypatch.setattr(judging, "looking", lambda _: lambda prompt, negative: None)
    assert main(["policy-report", "--corpora", str(folder)]) == 0


def test_another_seed_makes_other_evasions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"1girl, nude", "lewd?"}
    caught = Fate(stopped=True, floor=True, rules=frozenset())
    passed = Fate(stopped=False, floor=False, rules=frozenset())
    monkeypatch.setattr(judging, "judged", lambda s: caught if s.told in plain else passed)
    first, same, other = (command._measured(corpora.read(folder), seed) for seed in (1, 1, 2))
    for kind in ("tricks", "pairs"):
        missed = [missed_texts(getattr(result, kind)) for result in (first, same, other)]
        assert missed[0] == missed[1] != missed[2]


def missed_texts(counts: Counts) -> set[str]:
    return {text for count in counts.values() for text, _ in count.wrong}


def test_misses_are_listed_with_their_source(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["policy-report", "--corpora", str(folder), "--misses"])
    printed = capsys.readouterr().out
    assert "not caught: sexual, 1 of 2\n  marigold (refused/a.toml: a)\n" in printed
    assert "not found: a, " in printed
    main(["policy-report", "--corpora", str(folder)])
    assert "marigold" not in capsys.readouterr().out


def test_plots_are_written(folder: Path) -> None:
    plots = folder.parent / "new" / "plots"
    main(["policy-report", "--corpora", str(folder), "--plots", str(plots)])
    names = sorted(path.name for path in plots.iterdir())
    assert names == ["caught-by-rule.png", "latency.png", "seen-through-by-trick.png"]
    for name in names:
        with Image.open(plots / name) as picture:
            assert picture.width > 500
    with Image.open(plots / "caught-by-rule.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(9_999) or ()}
    assert ImageColor.getrgb(charts.BAD) in colours, "half of the only rule is not caught"
    assert ImageColor.getrgb(charts.GOOD) not in colours


def test_missing_corpora_are_one_clear_error_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bot is installed without its tests."""
    monkeypatch.chdir(tmp_path)
    assert main(["policy-report"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: there are no corpora in tests/bot/policy/corpora/benign: ")
    assert "--corpora" in error


def test_an_unwritable_file_is_one_clear_error_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away = folder / "no" / "rows.json"
    assert main(["policy-report", "--corpora", str(folder), "--json", str(away)]) == 2
    assert f"error: {away} cannot be written" in capsys.readouterr().err


def test_the_projects_corpora_are_the_default() -> None:
    house = Path(__file__).parents[4]
    assert corpora.read(house / command.CORPORA).benign
