"""The grammar of the log: one line for a change of state, and only one place writes such lines."""

from __future__ import annotations

import ast
import logging
from pathlib import Path

import pytest

from bot.log import log_transition
from bot.transitions import Subject, Transition

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("transition", "line"),
    [
        (
            Transition(
                subject=Subject.JOB, id="7", before="queued", after="running", why="attempt 1"
            ),
            "job 7 queued -> running (attempt 1)",
        ),
        (
            Transition(subject=Subject.POST, id="77", before=None, after="posted"),
            "post 77 new -> posted",
        ),
        (
            Transition(subject=Subject.REQUEST, id="r", before="open", after=None),
            "request r open -> gone",
        ),
    ],
)
def test_a_change_of_state_is_one_line(
    transition: Transition, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="bot"):
        log_transition(transition)
    (record,) = caplog.records
    assert record.getMessage() == line
    assert record.levelno == logging.INFO


def test_a_failure_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="bot"):
        log_transition(
            Transition(subject=Subject.JOB, id="7", before="running", after="failed", why="noise")
        )
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_nobody_else_logs_a_change_of_state() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for top in ("bot", "cogs")
        for path in sorted((ROOT / top).rglob("*.py"))
        if path != ROOT / "bot" / "log.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")
        if any("->" in ast.unparse(argument) for argument in node.args)
    ]
    assert not faults, faults
