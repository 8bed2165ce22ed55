"""The owner's figures: decisions by rule and outcome, appeals, review times.

Pure counting; its input has no prompt, no name, and no id of a member or a server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from bot.domain import RuleId
from bot.store.case_rows import CaseKind
from bot.store.decisions import DecisionCount, DecisionKind, Outcome
from bot.store.reviews import ReviewTime
from models.report import Row, percentile

AREA = "moderation"
#: Stands for decisions to which no rule applied.
NO_RULE = "no rule"
_HOUR_MS = 3_600_000


def rows(counts: Iterable[DecisionCount], waits: Sequence[ReviewTime]) -> list[Row]:
    """All figures, in reading order."""
    return [*_decisions(counts), *_cases(waits), *_appeals(waits), *_times(waits)]


def by_rule(counts: Iterable[DecisionCount], *outcomes: Outcome) -> dict[str, int]:
    """How often each rule led to one of these outcomes for an ask or a picture, most first."""
    found: Counter[str] = Counter()
    for count in counts:
        if count.outcome in outcomes and count.kind is not DecisionKind.MODERATION:
            found[_named(count.rule)] += count.count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def hours(waits: Iterable[ReviewTime], kind: CaseKind | None = None) -> list[float]:
    """How long cases (of one kind) waited for their moderators, in hours."""
    return [wait.waited_ms / _HOUR_MS for wait in waits if kind in (None, wait.kind)]


def _named(rule: RuleId | None) -> str:
    return NO_RULE if rule is None else str(rule)


def _decisions(counts: Iterable[DecisionCount]) -> list[Row]:
    found: Counter[tuple[str, str, str]] = Counter()
    for count in counts:
        found[count.kind, count.outcome, _named(count.rule)] += count.count
    return [
        _count(f"decisions: {kind}, {outcome}, {rule}", number, "decisions")
        for (kind, outcome, rule), number in sorted(found.items())
    ]


def _cases(waits: Iterable[ReviewTime]) -> list[Row]:
    found = Counter((str(wait.kind), str(wait.outcome)) for wait in waits)
    return [
        _count(f"cases decided: {kind}, {outcome}", number, "cases")
        for (kind, outcome), number in sorted(found.items())
    ]


def _appeals(waits: Iterable[ReviewTime]) -> list[Row]:
    appeals = [wait for wait in waits if wait.kind is CaseKind.APPEAL]
    if not appeals:
        return []
    upheld = sum(wait.outcome is Outcome.UPHOLD for wait in appeals)
    share = 100 * upheld / len(appeals)
    return [Row(area=AREA, name="appeals upheld", value=share, unit=f"% of {len(appeals):,}")]


def _times(waits: Sequence[ReviewTime]) -> list[Row]:
    found: list[Row] = []
    for kind in CaseKind:
        taken = hours(waits, kind)
        if taken:
            unit = f"hours of {len(taken):,}"
            found += [
                Row(area=AREA, name=f"time to review: {kind}, {name}", value=value, unit=unit)
                for name, value in (("median", median(taken)), ("p90", percentile(taken, 0.9)))
            ]
    return found


def _count(name: str, number: int, unit: str) -> Row:
    return Row(area=AREA, name=name, value=number, unit=unit)
