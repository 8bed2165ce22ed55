from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.statistics.agreement import Ceiling, alpha, ceiling, pairwise_agreement

#: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": section A, two observers, two
#: values; section C, four observers, some ratings missing.
BINARY = ("0100000000", "1110010010")
FOUR = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def read(*lines: str) -> list[dict[object, float]]:
    """One line per voter, one character per unit; a dot where nothing was said."""
    return [{at: float(ord(sign)) for at, sign in enumerate(line) if sign != "."} for line in lines]


def test_two_observers_and_two_values_agree_as_published() -> None:
    assert alpha(read(*BINARY)) == pytest.approx(0.095, abs=5e-4)


def test_four_observers_agree_as_published() -> None:
    assert alpha(read(*FOUR)) == pytest.approx(0.743, abs=5e-4)


def test_ranks_agree_as_published() -> None:
    assert alpha(read(*FOUR), "ordinal") == pytest.approx(0.815, abs=5e-4)


def test_full_agreement_is_one_and_contradiction_is_negative() -> None:
    assert alpha(read("0011", "0011")) == 1
    found = alpha(read("0101", "1010"))
    assert found
    assert found < -0.5


def test_coin_tosses_agree_only_by_chance() -> None:
    chance = Random(1)
    found = alpha([{unit: chance.randrange(2) for unit in range(3000)} for _ in range(3)])
    assert found == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("lines", [(), ("01",), ("0.", ".1"), ("00", "00")])
def test_alpha_is_none_without_comparable_ratings(lines: tuple[str, ...]) -> None:
    assert alpha(read(*lines)) is None


@settings(deadline=None)
@given(st.lists(st.text("01234.", min_size=5, max_size=5), min_size=2, max_size=5))
def test_alpha_does_not_depend_on_names_or_order(lines: list[str]) -> None:
    found = alpha(read(*lines))
    swapped = [line[::-1].translate(str.maketrans("01234", "30421")) for line in reversed(lines)]
    again = alpha(read(*swapped))
    assert (found is None) == (again is None)
    assert again == (None if found is None else pytest.approx(found))


def test_agreement_is_the_share_of_agreeing_voter_pairs() -> None:
    assert pairwise_agreement(read("00", "01", "00")) == pytest.approx((3 + 1) / 6)
    assert pairwise_agreement(read("0.", ".0")) is None


def test_the_ceiling_lies_between_the_other_voters_and_all_voters() -> None:
    """Unit 0: all agree. Unit 1: two of three agree; for those two the others are undecided."""
    assert ceiling(read("00", "00", "01")) == Ceiling(
        low=(3 + 0.5 + 0.5 + 0) / 6, high=(3 + 1 + 1 + 0) / 6
    )


def test_there_is_no_ceiling_without_two_votes_on_one_unit() -> None:
    assert ceiling(read("0.", ".0")) is None


def test_the_ceiling_brackets_the_accuracy_of_knowing_the_truth() -> None:
    """Voters are right in 8 of 10 cases, so knowing the truth agrees with them as often."""
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
    assert math.isclose(pairwise_agreement(given_) or 0, 0.68, abs_tol=0.01)
