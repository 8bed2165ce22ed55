"""Findings to and from JSON: those excused for a job, and those that an appeal is about.

Each is a rule's id, or a list of the id and the matched words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

from bot.domain import Finding, RuleId


def findings_json(findings: Iterable[Finding]) -> str:
    """Findings as the JSON that the database stores, in order."""
    return json.dumps([[f.rule, *f.words] if f.words else f.rule for f in findings])


def findings_of(text: str) -> tuple[Finding, ...]:
    """Read what `findings_json` wrote. Raises ValueError if it is no list of findings."""
    values: object = json.loads(text)
    if not isinstance(values, list):
        raise ValueError("no list of findings")  # noqa: TRY004  a value of the database
    return tuple(_finding(value) for value in cast("list[object]", values))


def _finding(value: object) -> Finding:
    parts = cast("list[object]", value) if isinstance(value, list) else [value]
    if not parts or not all(isinstance(part, str) for part in parts):
        raise ValueError("no finding")
    rule, *words = cast("list[str]", parts)
    return Finding(rule=RuleId(rule), words=tuple(words))
