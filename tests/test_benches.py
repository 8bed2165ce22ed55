"""A benchmark that has seen nothing has measured nothing: 0 of 0 reaches no goal."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.catalogue import card as cards
from models.catalogue.verdict import EDITION
from models.report import Row
from tests.bench import eta, growth, poisons
from tests.bench.__main__ import main
from tests.bench.gates import pass_rows
from tests.bench.kills import fault_rows
from tests.bench.learning import Bench
from tests.bench.poisons import POISONS
from tests.bench.route import answer_rows
from tests.stages.cards import make_card, with_verdict
from tests.stages.hostile import READERS
from tests.stages.promises import Faults


def holds_of(rows: list[Row]) -> set[bool | None]:
    return {row.holds for row in rows}


def test_measured_rows_are_kept_when_a_run_is_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measured(_: Path) -> list[Row]:
        return [Row(area="first", name="speed", value=3, unit="m/s")]

    async def stopped(_: Path) -> list[Row]:
        raise KeyboardInterrupt

    programs = {"first": measured, "second": stopped}
    monkeypatch.setattr("tests.bench.__main__._programs", lambda *_: programs)
    monkeypatch.setattr("sys.argv", ["bench", "--json", str(tmp_path / "rows.json")])
    with pytest.raises(KeyboardInterrupt):
        main()
    (row,) = json.loads((tmp_path / "rows.json").read_text())
    assert (row["name"], row["value"]) == ("speed", 3)
    assert "speed" in capsys.readouterr().err


def test_zero_kills_do_not_count_as_success() -> None:
    kinds = len(fields(Faults))
    assert [row.holds for row in fault_rows("crash", "of 0 jobs", [Faults()], examined=0)] == (
        [False] * kinds
    )
    assert holds_of(fault_rows("crash", "of 3 jobs", [Faults()], examined=3)) == {True}


@pytest.mark.parametrize(("crowds", "candidates"), [(0, ["one"]), (3, [])])
def test_a_gate_that_judged_no_candidate_holds_no_goal(
    monkeypatch: pytest.MonkeyPatch, crowds: int, candidates: list[str]
) -> None:
    monkeypatch.setattr(
        "tests.bench.gates.gate_passes", lambda *_: dict.fromkeys(candidates, False)
    )
    hall: Any = SimpleNamespace(wins={"one": {"style": 50.0}})
    assert holds_of(list(pass_rows(hall, "votes at random", 500, crowds))) == {False}
    assert holds_of(list(pass_rows(hall, "style", 500, crowds))) <= {None}


def test_a_gate_that_refused_every_random_crowd_holds_its_goal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.bench.gates.gate_passes", lambda *_: {"one": False})
    hall: Any = SimpleNamespace(wins={"one": {"style": 50.0}})
    assert holds_of(list(pass_rows(hall, "votes at random", 500, 3))) == {True}


def test_a_quadratic_reader_misses_the_goal_for_growth() -> None:
    """And a linear one keeps it."""
    linear = [row.holds for row in growth.rows(lambda _, text: len(text))]
    quadratic = [row.holds for row in growth.rows(lambda _, text: len(text) ** 2)]
    assert linear == [True] * (len(READERS) + 1)
    assert quadratic == [False] * len(READERS) + [True]


def test_a_bench_builds_no_eye_that_it_does_not_use(tmp_path: Path) -> None:
    """Poisons and trials by style need neither, and both take many minutes."""
    bench = Bench(tmp_path, first=1, paired=1)
    white, blue = np.full((1, 8, 8, 3), 255, np.uint8), np.full((1, 8, 8, 3), (0, 0, 255), np.uint8)
    assert bench.tastes["style"](white) > bench.tastes["style"](blue)
    assert not list(tmp_path.iterdir())


def test_requests_that_were_never_made_hold_no_goal() -> None:
    assert [row.holds for row in answer_rows([], [])] == [False, False]
    assert [row.holds for row in answer_rows([20.0], [3.0])] == [True, True]


@pytest.mark.parametrize("promised", [[(9.0, 9.0)], []])
async def test_a_request_without_a_promised_time_misses_the_goal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, promised: list[tuple[float, float]]
) -> None:
    async def asked(*_: object) -> list[tuple[float | None, float]]:
        return [*promised, (None, 5.0)]

    monkeypatch.setattr(eta, "measure_promises", asked)
    (row,) = [row for row in await eta.measure(tmp_path, 10) if row.name.endswith("without one")]
    assert f"{len(promised) + 1} of 10 mixed requests" in row.name
    assert (row.value, row.holds) == (1, False)


@pytest.mark.parametrize("edition", ["3", EDITION])
def test_a_verdict_of_another_gate_edition_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edition: str
) -> None:
    """A folder of poisons outlives the gate that judged them."""
    asked: list[str] = []
    refused = with_verdict(make_card(), value=0.0)
    assert refused.verdict is not None
    old = replace(refused, verdict=replace(refused.verdict, gate=edition))
    cards.write(old, tmp_path / cards.FILE_NAME)

    def gate(words: list[str]) -> int:
        asked.append(words[0])
        cards.write(refused, tmp_path / cards.FILE_NAME)
        return 1

    monkeypatch.setattr(poisons, "train_once", lambda *_: (tmp_path, tmp_path))
    monkeypatch.setattr(poisons, "command", gate)
    bench: Any = None
    last = poisons.gate_rows(bench, replace(POISONS[0], must_fall=("held-out",)))[-1]
    assert last.holds
    assert bool(asked) is (edition != EDITION)
