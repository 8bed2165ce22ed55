from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.statistics import pairs
from models.statistics.pairs import bradley_terry, plackett_luce, strengths_from_picks

FLAT = 1e4
#: What choix 0.4.1 gives for the rankings below: `opt_rankings(4, RANKINGS, alpha=0.5, tol=1e-10)`.
CHOIX = (0.70620063, -0.10834617, -0.22376127, -0.37409319)
RANKINGS = ((0, 1, 2, 3), (1, 0, 3, 2), (0, 2, 1), (3, 0, 1), (2, 3))
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
#: Wins of each team against each other in the American League of 1987 (Agresti 2002, table 10.10).
WON = (
    (0, 7, 9, 7, 7, 9, 11),
    (6, 0, 7, 5, 11, 9, 9),
    (4, 6, 0, 7, 7, 8, 12),
    (6, 8, 6, 0, 6, 7, 10),
    (6, 2, 6, 7, 0, 7, 12),
    (4, 4, 5, 6, 6, 0, 6),
    (2, 4, 1, 3, 1, 7, 0),
)
#: Abilities relative to Baltimore's, as printed by R's BradleyTerry2.
ABILITIES = (1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0.0)

duels = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(0.05, 3)).filter(
        lambda duel: duel[0] != duel[1]
    ),
    max_size=30,
)


def test_the_american_league_of_1987_is_as_published() -> None:
    wins = [(a, b, WON[a][b]) for a in range(7) for b in range(7) if a != b]
    found = bradley_terry(7, wins, prior_sd=FLAT).values
    assert [value - found[-1] for value in found] == pytest.approx(ABILITIES, abs=1e-4)


def test_two_pictures_differ_by_the_log_of_their_win_ratio() -> None:
    found = bradley_terry(2, [(0, 1, 6.0), (1, 0, 2.0)], prior_sd=FLAT)
    assert found.values[0] - found.values[1] == pytest.approx(math.log(3), abs=1e-6)
    assert found.win_probability(0, 1) == pytest.approx(0.75)


def test_the_prior_satisfies_its_mode_equation() -> None:
    """One win: 1 - p = theta / sd^2 with p = 1 / (1 + exp(-2 theta))."""
    theta = bradley_terry(2, [(0, 1, 1.0)], prior_sd=2.0).values[0]
    assert 1 / (1 + math.exp(2 * theta)) == pytest.approx(theta / 4, abs=1e-8)


def test_the_error_comes_from_the_curvature() -> None:
    """Two equals after n duels: their difference has precision n / 2 + 1, their sum 1."""
    found = bradley_terry(2, [(0, 1, 10.0), (1, 0, 10.0)])
    assert found.errors[0] ** 2 == pytest.approx((1 / (20 / 2 + 1) + 1) / 2)


def test_the_errors_shrink_with_votes() -> None:
    sizes = [bradley_terry(2, [(0, 1, n), (1, 0, n)]).errors[0] for n in (1.0, 5.0, 25.0)]
    assert all(a > b for a, b in pairwise(sizes))


def test_rankings_of_two_are_duels() -> None:
    wins = [(0, 1, 2.0), (1, 2, 1.0), (2, 0, 0.5)]
    ranked = plackett_luce(3, [win[:2] for win in wins], [win[2] for win in wins])
    assert ranked.values == pytest.approx(bradley_terry(3, wins).values)


def test_picked_pictures_differ_by_the_log_of_their_picks() -> None:
    """Of the same three, each is picked 5, 3 or 2 times: shares of choice are shares of picks."""
    everybody = {0, 1, 2}
    found = strengths_from_picks(
        3,
        [(best, sorted(everybody - {best}), n) for best, n in ((0, 5.0), (1, 3.0), (2, 2.0))],
        prior_sd=FLAT,
    ).values
    assert found[0] - found[2] == pytest.approx(math.log(5 / 2), abs=1e-6)
    assert found[1] - found[2] == pytest.approx(math.log(3 / 2), abs=1e-6)


def test_rankings_match_choix() -> None:
    found = plackett_luce(4, RANKINGS, prior_sd=1).values
    assert found == pytest.approx(CHOIX, abs=1e-6)


def test_a_ranking_counts_by_its_weight() -> None:
    twice = plackett_luce(3, [(0, 1, 2), (0, 1, 2), (2, 1, 0)])
    assert plackett_luce(3, [(0, 1, 2), (2, 1, 0)], [2.0, 1.0]).values == pytest.approx(
        twice.values
    )


@given(duels)
@settings(max_examples=50, deadline=None)
def test_strengths_are_the_mode_and_their_mean_is_zero(
    wins: list[tuple[int, int, float]],
) -> None:
    found = bradley_terry(6, wins)
    assert sum(found.values) == pytest.approx(0, abs=1e-6)
    for item in range(6):
        slope = sum(w * (1 - found.win_probability(a, b)) for a, b, w in wins if a == item)
        slope -= sum(w * (1 - found.win_probability(a, b)) for a, b, w in wins if b == item)
        assert slope == pytest.approx(found.values[item], abs=1e-6)


@given(duels, st.permutations(range(6)))
@settings(max_examples=30, deadline=None)
def test_names_and_order_do_not_matter(
    wins: list[tuple[int, int, float]], names: list[int]
) -> None:
    renamed = bradley_terry(6, [(names[a], names[b], w) for a, b, w in reversed(wins)])
    found = bradley_terry(6, wins)
    assert [renamed.values[names[i]] for i in range(6)] == pytest.approx(found.values, abs=1e-6)


def test_solving_in_blocks_gives_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(3)
    wins = [
        (4 * prompt + int(a), 4 * prompt + int(b), 1.0)
        for prompt in range(9)
        for a, b in (chance.permutation(4)[:2] for _ in range(6))
    ]
    whole = bradley_terry(40, wins)
    monkeypatch.setattr(pairs, "_BLOCK", 10)
    blocks = bradley_terry(40, wins)
    assert blocks.values == pytest.approx(whole.values, abs=1e-8)
    assert blocks.errors == pytest.approx(whole.errors, abs=1e-8)


def test_a_picture_without_duels_stays_at_the_prior() -> None:
    found = bradley_terry(3, [(0, 1, 1.0)], prior_sd=1.5)
    assert (found.values[2], found.errors[2]) == (0, 1.5)


@pytest.mark.parametrize(
    "win", [(0, 0, 1.0), (0, 2, 1.0), (-1, 0, 1.0), (0, 1, -1.0), (0, 1, math.nan)]
)
def test_an_invalid_duel_is_refused(win: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match=r"different pictures|finite number"):
        bradley_terry(2, [win])
