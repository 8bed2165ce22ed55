"""`python -m bot decisions`: what it counts, and what it cannot know."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.clock import now_ms
from bot.domain import ChannelId, GuildId, RuleId, UserId
from bot.reporting.decisions import rows_of
from bot.store.case_rows import CaseKind
from bot.store.db import Database
from bot.store.decisions import Decision, DecisionKind, Decisions, Outcome
from bot.store.reviews import Waited

HOUR_MS = 3_600_000


async def decided(data_dir: Path) -> None:
    db = await Database.open(data_dir / "bot.sqlite3")
    now = now_ms()
    try:
        for number, (outcome, rules, at_ms) in enumerate(
            (
                (Outcome.REFUSE, (RuleId("sexual"),), now - 1),
                (Outcome.REFUSE, (RuleId("sexual"),), now - 2),
                (Outcome.REFUSE, (RuleId("server"),), now - 3),
                (Outcome.ALLOW, (), now - 4),
                (Outcome.ALLOW, (), now - 90 * 24 * HOUR_MS),
            )
        ):
            await Decisions(db).record(
                Decision(
                    kind=DecisionKind.ADMIT,
                    outcome=outcome,
                    about=f"about{number}",
                    rules=rules,
                    guild_id=GuildId(77),
                    channel_id=ChannelId(88),
                    user_id=UserId(99),
                    at_ms=at_ms,
                )
            )
    finally:
        await db.close()


def written(path: Path) -> dict[str, Any]:
    return {row["name"]: row["value"] for row in json.loads(path.read_text())}


async def test_decisions_are_counted_by_outcome_and_rule_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await decided(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    report, plots = tmp_path / "report.json", tmp_path / "plots"
    arguments = ["decisions", "--json", str(report), "--plots", str(plots)]
    # The command runs a loop of its own.
    assert await asyncio.to_thread(main, arguments) == 0
    rows = written(report)
    assert rows["admit: refuse"] == 3
    assert rows["admit: allow"] == 1, "the older one is out of the span"
    assert rows["refused by Sexual content"] == 2
    assert rows["refused by This server's own terms"] == 1
    for secret in ("77", "88", "99", "about"):
        assert secret not in report.read_text()
    assert {path.name for path in plots.iterdir()} == {"rules.png", "outcomes.png", "waits.png"}


def test_appeals_and_the_time_to_review_are_told() -> None:
    waits = [
        Waited(kind=CaseKind.APPEAL, outcome=outcome, decided_ms=1, waited_ms=hours * HOUR_MS)
        for outcome, hours in (
            (Outcome.UPHOLD, 1), (Outcome.DISMISS, 2), (Outcome.DISMISS, 3), (Outcome.DISMISS, 10),
        )
    ]  # fmt: skip
    rows = {row.name: row.value for row in rows_of([], waits)}
    assert rows["appeals decided"] == 4
    assert rows["appeals upheld"] == 25.0
    assert rows["time to review (appeal), median"] == 2.5
    assert rows["time to review (appeal), p90"] == 10.0
    assert "time to review (held), median" not in rows


def test_without_a_database_or_with_odd_days_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert main(["decisions"]) == 2
    assert "there is no database" in capsys.readouterr().err
    assert main(["decisions", "--days", "0"]) == 2
    assert "--days can be" in capsys.readouterr().err
