"""Findings as the database keeps them, including those that earlier versions wrote."""

from __future__ import annotations

import pytest

from bot.domain import Finding, RuleId
from bot.store.finding_rows import findings_json, findings_of

FOUND = (
    Finding(rule=RuleId("server"), words=("spoiler dragon", "“x”")),
    Finding(rule=RuleId("gore")),
)


def test_findings_are_read_back_in_the_order_written() -> None:
    assert findings_of(findings_json(FOUND)) == FOUND
    assert findings_of(findings_json(FOUND[::-1])) == FOUND[::-1]
    assert findings_of(findings_json(())) == ()


def test_bare_rule_ids_are_read_as_findings_without_words() -> None:
    assert findings_of('["gore", "server"]') == tuple(
        Finding(rule=RuleId(rule)) for rule in ("gore", "server")
    )


@pytest.mark.parametrize("text", ["", "{", "7", "{}", "null", "[7]", "[[]]", '[["gore", 7]]'])
def test_anything_but_a_list_of_findings_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whose message it is does not matter
        findings_of(text)
