from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.statistics.agreement import Ceiling, alpha, between, ceiling

#: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": section A, two observers, two
#: values; section C, four observers, some ratings missing.
BINARY = ("0100000000", "1110010010")
FOUR = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def read(*lines: str) -> list[dict[object, float]]:
    """A line a voter, a place a unit; a point where nothing was said."""
    return [{at: float(ord(sign)) for at, sign in enumerate(line) if sign != "."} for line in lines]


def test_two_observers_and_two_values_agree_as_published() -> None:
    assert alpha(read(*BINARY)) == pytest.approx(0.095, abs=5e-4)


def test_four_observers_agree_as_published() -> None:
    assert alpha(read(*FOUR)) == pytest.approx(0.743, abs=5e-4)


def test_ranks_agree_as_published() -> None:
    assert alpha(read(*FOUR), "ordinal") == pytest.approx(0.815, abs=5e-4)


def test_full_agreement_is_one_and_contradiction_is_below_nothing() -> None:
    assert alpha(read("0011", "0011")) == 1
    found = alpha(read("0101", "1010"))
    assert found
    assert found < -0.5


def test_coins_agree_by_chance() -> None:
    chance = Random(1)
    found = alpha([{unit: chance.randrange(2) for unit in range(3000)} for _ in range(3)])
    assert found == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("lines", [(), ("01",), ("0.", ".1"), ("00", "00")])
def test_where_nothing_can_be_said_nothing_is(lines: tuple[str, ...]) -> None:
    assert alpha(read(*lines)) is None


@settings(deadline=None)
@given(st.lists(st.text("01234.", min_size=5, max_size=5), min_size=2, max_size=5))
def test_alpha_is_the_same_by_any_name_and_in_any_order(lines: list[str]) -> None:
    found = alpha(read(*lines))
    swapped = [line[::-1].translate(str.maketrans("01234", "30421")) for line in reversed(lines)]
    again = alpha(read(*swapped))
    assert (found is None) == (again is None)
    assert again == (None if found is None else pytest.approx(found))


def test_voters_agree_as_often_as_pairs_of_them_do() -> None:
    assert between(read("00", "01", "00")) == pytest.approx((3 + 1) / 6)
    assert between(read("0.", ".0")) is None


def test_the_ceiling_lies_between_the_others_and_all() -> None:
    """Unit 0: all say the same. Unit 1: two of three; the two have an undecided rest."""
    assert ceiling(read("00", "00", "01")) == Ceiling(
        low=(3 + 0.5 + 0.5 + 0) / 6, high=(3 + 1 + 1 + 0) / 6
    )


def test_no_ceiling_without_two_votes_on_one_thing() -> None:
    assert ceiling(read("0.", ".0")) is None


def test_the_ceiling_brackets_what_a_seer_of_the_crowd_reaches() -> None:
    """Voters say what the picture is in 8 of 10 cases; knowing the picture is right in as many."""
    chance = Random(2)
    truth = [chance.randrange(2) for _ in range(2000)]
    given_ = [
        {unit: one if chance.random() < 0.8 else 1 - one for unit, one in enumerate(truth)}
        for _ in range(7)
    ]
    found = ceiling(given_)
    assert found
    assert found.low < 0.8 < found.high
    assert found.high - found.low < 0.05
    assert math.isclose(between(given_) or 0, 0.68, abs_tol=0.01)
