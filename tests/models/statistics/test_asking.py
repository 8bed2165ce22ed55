from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.statistics.asking import information, next_pair


def exact(difference: float, variance: float) -> float:
    """What an answer tells, integrated over the difference; of the logit itself."""
    z = np.linspace(-8, 8, 4001)
    mass = np.exp(-(z**2) / 2)
    mass /= mass.sum()
    p = 1 / (1 + np.exp(-(difference + math.sqrt(variance) * z)))
    h = lambda q: -q * np.log2(q) - (1 - q) * np.log2(1 - q)  # noqa: E731  a formula
    return float(h((mass * p).sum()) - (mass * h(p)).sum())


@pytest.mark.parametrize("difference", [0, 0.5, 2, -3])
@pytest.mark.parametrize("variance", [0.1, 0.5, 2])
def test_what_an_answer_tells_is_close_to_the_integral(difference: float, variance: float) -> None:
    assert information(difference, variance) == pytest.approx(exact(difference, variance), abs=0.02)


@settings(deadline=None)
@given(st.floats(-5, 5), st.floats(0.01, 5))
def test_an_answer_tells_between_nothing_and_one_bit(difference: float, variance: float) -> None:
    assert 0 <= information(difference, variance) <= 1
    assert information(difference, variance) == pytest.approx(information(-difference, variance))


@settings(deadline=None)
@given(st.floats(0, 3), st.floats(0.05, 2), st.floats(1.2, 3))
def test_who_knows_less_learns_more(difference: float, variance: float, more: float) -> None:
    assert information(difference, variance * more) >= information(difference, variance) - 1e-3


def test_equals_are_asked_before_a_clear_case() -> None:
    assert next_pair([0, 0.1, 3], [4, 4, 4], [(0, 2), (1, 2), (0, 1)]) == (0, 1)


def test_what_was_asked_least_is_asked_among_equals() -> None:
    assert next_pair([0, 0, 0], [9, 1, 1], [(0, 1), (0, 2), (1, 2)]) == (1, 2)


def test_the_earlier_of_two_alike_is_asked() -> None:
    assert next_pair([0, 0, 0], [0, 0, 0], [(2, 1), (0, 1)]) == (2, 1)


def test_nothing_is_asked_of_nothing() -> None:
    assert next_pair([], [], []) is None
