from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.statistics.asking import information, next_pair


def exact(difference: float, variance: float) -> float:
    """The information in an answer, integrated over the difference, with the exact logistic."""
    z = np.linspace(-8, 8, 4001)
    mass = np.exp(-(z**2) / 2)
    mass /= mass.sum()
    p = 1 / (1 + np.exp(-(difference + math.sqrt(variance) * z)))
    h = lambda q: -q * np.log2(q) - (1 - q) * np.log2(1 - q)  # noqa: E731  a formula
    return float(h((mass * p).sum()) - (mass * h(p)).sum())


@pytest.mark.parametrize("difference", [0, 0.5, 2, -3])
@pytest.mark.parametrize("variance", [0.1, 0.5, 2])
def test_an_answers_information_is_close_to_the_integral(
    difference: float, variance: float
) -> None:
    assert information(difference, variance) == pytest.approx(exact(difference, variance), abs=0.02)


@settings(deadline=None)
@given(st.floats(-5, 5), st.floats(0.01, 5))
def test_an_answer_carries_between_zero_and_one_bit(difference: float, variance: float) -> None:
    assert 0 <= information(difference, variance) <= 1
    assert information(difference, variance) == pytest.approx(information(-difference, variance))


@settings(deadline=None)
@given(st.floats(0, 3), st.floats(0.05, 2), st.floats(1.2, 3))
def test_an_answer_tells_more_when_less_is_known(
    difference: float, variance: float, more: float
) -> None:
    assert information(difference, variance * more) >= information(difference, variance) - 1e-3


def test_close_pairs_are_asked_before_clear_ones() -> None:
    assert next_pair([0, 0.1, 3], [4, 4, 4], [(0, 2), (1, 2), (0, 1)]) == (0, 1)


def test_among_equals_the_least_asked_pair_is_asked() -> None:
    assert next_pair([0, 0, 0], [9, 1, 1], [(0, 1), (0, 2), (1, 2)]) == (1, 2)


def test_the_first_of_two_equal_pairs_is_asked() -> None:
    assert next_pair([0, 0, 0], [0, 0, 0], [(2, 1), (0, 1)]) == (2, 1)


def test_no_pair_is_asked_from_an_empty_list() -> None:
    assert next_pair([], [], []) is None
