from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache, reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.statistics import sequential


def after(outcomes: Iterable[bool], test: sequential.Test | None = None) -> sequential.Test:
    return reduce(lambda seen, win: seen.after_duel(win), outcomes, test or sequential.Test())


@cache
def decided(wins: int, losses: int) -> str | None:
    return sequential.Test(wins=wins, losses=losses).winner


def fates(win_rate: float) -> dict[str, float]:
    """The exact probability of each outcome over all walks, with a look after every duel."""
    open_, ends = {0: 1.0}, {"candidate": 0.0, "parent": 0.0}
    duels = 0
    while open_:
        duels += 1
        ahead: dict[int, float] = {}
        for wins, mass in open_.items():
            ahead[wins + 1] = ahead.get(wins + 1, 0) + mass * win_rate
            ahead[wins] = ahead.get(wins, 0) + mass * (1 - win_rate)
        open_ = {}
        for wins, mass in ahead.items():
            if end := decided(wins, duels - wins):
                ends[end] += mass
            else:
                open_[wins] = mass
    return ends


def test_an_equal_candidate_is_promoted_in_at_most_one_of_100_cases() -> None:
    ends = fates(0.5)
    assert ends["candidate"] <= 0.01
    assert sum(ends.values()) == pytest.approx(1)


def test_a_worse_candidate_is_hardly_ever_promoted() -> None:
    assert fates(0.4)["candidate"] < 1e-4


@pytest.mark.parametrize(("win_rate", "found"), [(0.6, 0.75), (0.65, 0.99), (0.75, 0.999)])
def test_a_better_candidate_is_found(win_rate: float, found: float) -> None:
    assert fates(win_rate)["candidate"] >= found


def test_the_evidence_is_fair_under_the_null() -> None:
    """The mean of the e-value over all walks of 12 duels that nothing stopped is at most 1."""
    mean = 0.0
    for wins in range(13):
        test = sequential.Test(wins=wins, losses=12 - wins)
        mean += math.comb(12, wins) / 2**12 * test.e_value
    assert mean <= 1 + 1e-9


def test_the_evidence_is_the_integral_of_the_mixture() -> None:
    """7 wins, 2 losses: the mixture's likelihood over the null's, by the midpoint rule."""
    count = 100_000
    grid = [0.5 + (i + 0.5) / (2 * count) for i in range(count)]
    weight = [(p * (1 - p)) ** 4 for p in grid]
    mixed = sum(w * p**7 * (1 - p) ** 2 for w, p in zip(weight, grid, strict=True)) / sum(weight)
    assert after([True] * 7 + [False] * 2).e_value == pytest.approx(mixed * 2**9, rel=1e-6)


def test_both_directions_stop_early() -> None:
    won, lost = after([True] * 100), after([False] * 100)
    assert (won.winner, lost.winner) == ("candidate", "parent")
    assert won.duels < 20
    assert lost.duels < 20


def test_the_parent_stays_at_the_maximum_number_of_duels() -> None:
    test = after([True, False] * 5, sequential.Test(max_duels=10))
    assert (test.winner, test.duels) == ("parent", 10)


def test_a_decision_is_final() -> None:
    won = after([True] * 100)
    assert after([False] * 400, won) == won


def test_extreme_evidence_is_still_finite() -> None:
    assert math.isfinite(sequential.Test(wins=10**6).e_value)


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=40))
def test_a_win_raises_the_evidence_for_the_candidate(outcomes: list[bool]) -> None:
    test = after(outcomes)
    if not test.winner:
        assert test.after_duel(True).e_value > test.e_value
        assert test.after_duel(False).e_value_against > test.e_value_against


@pytest.mark.parametrize(
    "bad", [{"p_null": 0.6}, {"p_hoped": 1}, {"alpha": 0}, {"beta": 1}, {"max_duels": 0}]
)
def test_an_invalid_test_setup_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        sequential.Test(**bad)  # type: ignore[arg-type]
