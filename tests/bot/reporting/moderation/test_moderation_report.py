"""The owner's report counts decisions, and does not say whom they were about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from bot.__main__ import main
from bot.clock import now_ms
from bot.domain import ChannelId, GuildId, RuleId, UserId
from bot.reporting.moderation import command, figures
from bot.store.case_rows import CaseKind
from bot.store.decisions import Decision, DecisionCount, DecisionKind, Decisions, Outcome
from bot.store.reviews import ReviewTime
from tests.stages.databases import open_database

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
GORE, SHOCK = RuleId("gore"), RuleId("shock")


def counted(
    number: int,
    outcome: Outcome,
    rule: RuleId | None,
    kind: DecisionKind = DecisionKind.ADMIT,
    day: int = 0,
) -> DecisionCount:
    return DecisionCount(day_ms=day * DAY_MS, kind=kind, outcome=outcome, rule=rule, count=number)


def waited(kind: CaseKind, outcome: Outcome, hours: float) -> ReviewTime:
    return ReviewTime(kind=kind, outcome=outcome, decided_ms=1, waited_ms=int(hours * HOUR_MS))


def values(
    counts: list[DecisionCount], waits: list[ReviewTime]
) -> dict[str, tuple[float | str, str]]:
    return {row.name: (row.value, row.unit) for row in figures.rows(counts, waits)}


def test_decisions_are_summed_over_days() -> None:
    counts = [
        counted(3, Outcome.REFUSE, GORE),
        counted(4, Outcome.REFUSE, GORE, day=1),
        counted(5, Outcome.HOLD, GORE),
        counted(6, Outcome.REFUSE, SHOCK),
        counted(7, Outcome.WITHHOLD, None, DecisionKind.RELEASE),
    ]
    assert values(counts, []) == {
        "decisions: admit, refuse, gore": (7, "decisions"),
        "decisions: admit, hold, gore": (5, "decisions"),
        "decisions: admit, refuse, shock": (6, "decisions"),
        "decisions: release, withhold, no rule": (7, "decisions"),
    }


def test_moderators_decisions_do_not_count_as_refusals_by_a_rule() -> None:
    counts = [
        counted(3, Outcome.REFUSE, GORE),
        counted(5, Outcome.HOLD, SHOCK),
        counted(9, Outcome.HOLD, SHOCK, DecisionKind.MODERATION),
        counted(9, Outcome.ALLOW, GORE),
    ]
    assert figures.by_rule(counts, Outcome.REFUSE, Outcome.HOLD) == {"shock": 5, "gore": 3}


def test_the_report_has_figures_for_appeals_and_review_times() -> None:
    waits = [
        waited(CaseKind.APPEAL, Outcome.UPHOLD, 1),
        waited(CaseKind.APPEAL, Outcome.DISMISS, 2),
        waited(CaseKind.APPEAL, Outcome.DISMISS, 9),
        waited(CaseKind.HELD, Outcome.UPHOLD, 0.5),
        waited(CaseKind.REPORT, Outcome.REMOVE, 4),
    ]
    found = values([], waits)
    assert found["appeals upheld"] == (pytest.approx(100 / 3), "% of 3")
    assert found["time to review: appeal, median"] == (2, "hours of 3")
    assert found["time to review: appeal, p90"] == (9, "hours of 3")
    assert found["time to review: held, median"] == (0.5, "hours of 1")
    assert found["cases decided: appeal, dismiss"] == (2, "cases")
    assert found["cases decided: report, remove"] == (1, "cases")


def test_a_report_without_appeals_has_no_share_of_upheld_ones() -> None:
    assert "appeals upheld" not in values([], [waited(CaseKind.HELD, Outcome.APPROVE, 1)])


@pytest.fixture
async def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data of a bot that decided three times."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    db = await open_database(tmp_path / "data" / "bot.sqlite3")
    decisions = Decisions(db)
    for number, days in enumerate((0, 1, 40)):
        await decisions.record(
            Decision(
                kind=DecisionKind.ADMIT,
                outcome=Outcome.REFUSE,
                about=f"xylophone{number}",
                rules=(GORE,),
                layer="floor",
                card_id="tiny-1",
                guild_id=GuildId(77_001),
                channel_id=ChannelId(77_002),
                user_id=UserId(77_003),
                at_ms=now_ms() - days * DAY_MS,
            )
        )
    await decisions.close()
    await db.close()
    return tmp_path


def test_the_report_counts_only_the_chosen_days(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["moderation-report", "--json", "rows.json", "--plots", "new/plots"]) == 0
    printed = capsys.readouterr().out
    (row,) = json.loads((folder / "rows.json").read_text())
    assert (row["name"], row["value"]) == ("decisions: admit, refuse, gore", 2)
    assert row["command"] == "python -m bot moderation-report --days 30"
    assert "decisions: admit, refuse, gore" in printed
    for name in ("stopped-by-rule", "time-to-review"):
        with Image.open(folder / "new" / "plots" / f"{name}.png") as picture:
            assert picture.width > 500
    main(["moderation-report", "--days", "90", "--json", "rows.json"])
    assert json.loads((folder / "rows.json").read_text())[0]["value"] == 3


def test_the_report_names_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["moderation-report", "--json", "rows.json"])
    output = capsys.readouterr().out + (folder / "rows.json").read_text()
    assert not [word for word in ("xylophone", "77001", "77002", "77003") if word in output]


def test_a_period_without_decisions_is_reported_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "now_ms", lambda: DAY_MS)
    assert main(["moderation-report", "--days", "7", "--plots", "plots"]) == 0
    assert capsys.readouterr().out == "Nothing was decided in the last 7 days.\n"


def test_a_missing_database_is_one_clear_error_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    assert main(["moderation-report"]) == 2
    assert "error: there is no database at " in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_an_unwritable_file_is_one_clear_error_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["moderation-report", "--json", "no/rows.json"]) == 2
    assert "error: no/rows.json cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("days", ["0", "-1", "many", "1000000"])
def test_an_invalid_number_of_days_is_reported(
    days: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["moderation-report", f"--days={days}"])
    assert f"{days} is no number of days" in capsys.readouterr().err
