"""What was found, as the database keeps it: also as versions before this one wrote it."""

from __future__ import annotations

import pytest

from bot.domain import Finding, RuleId
from bot.store.finding_rows import findings_json, findings_of

FOUND = (
    Finding(rule=RuleId("server"), words=("spoiler dragon", "“x”")),
    Finding(rule=RuleId("gore")),
)


def test_what_is_written_is_read_back_in_its_order() -> None:
    assert findings_of(findings_json(FOUND)) == FOUND
    assert findings_of(findings_json(FOUND[::-1])) == FOUND[::-1]
    assert findings_of(findings_json(())) == ()


def test_ids_of_rules_alone_are_rules_that_are_meant_wholly() -> None:
    assert findings_of('["gore", "server"]') == tuple(
        Finding(rule=RuleId(rule)) for rule in ("gore", "server")
    )


@pytest.mark.parametrize("text", ["", "{", "7", "{}", "null", "[7]", "[[]]", '[["gore", 7]]'])
def test_what_is_no_list_of_findings_is_a_fault(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whose message it is does not matter
        findings_of(text)
