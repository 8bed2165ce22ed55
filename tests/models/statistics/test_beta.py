from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.statistics.beta import Posterior, Prior, cdf, log_cdf, prior_of, quantile

shapes = st.floats(0.2, 500)
shares = st.floats(0.001, 0.999)


def binomial_tail(k: int, n: int, x: float) -> float:
    return sum(math.comb(n, i) * x**i * (1 - x) ** (n - i) for i in range(k, n + 1))


@pytest.mark.parametrize(("k", "n", "x"), [(1, 1, 0.3), (3, 7, 0.5), (20, 30, 0.6), (1, 90, 0.01)])
def test_the_incomplete_beta_is_the_tail_of_a_binomial(k: int, n: int, x: float) -> None:
    """DLMF 8.17.5."""
    assert cdf(x, k, n - k + 1) == pytest.approx(binomial_tail(k, n, x), rel=1e-11)


def test_the_arcsine_law_is_a_beta_of_halves() -> None:
    assert cdf(0.2, 0.5, 0.5) == pytest.approx(2 / math.pi * math.asin(math.sqrt(0.2)), rel=1e-12)


def test_a_tail_too_small_for_a_float_has_a_logarithm() -> None:
    assert log_cdf(1e-3, 200, 1) == pytest.approx(200 * math.log(1e-3))


@settings(deadline=None)
@given(shares, shapes, shapes)
def test_a_share_and_its_complement_sum_to_one(x: float, a: float, b: float) -> None:
    assert cdf(x, a, b) + cdf(1 - x, b, a) == pytest.approx(1, abs=1e-9)


@settings(deadline=None)
@given(shares, shapes, shapes)
@example(share=0.9989999999999999, a=11.0, b=0.328125)  # so steep that a hundredth of 1e-12 matters
def test_a_quantile_is_the_inverse_of_the_cdf(share: float, a: float, b: float) -> None:
    x = quantile(share, a, b)
    assert cdf(x, a, b) == pytest.approx(share, abs=1e-7) or min(x, 1 - x) < 1e-12


@pytest.mark.parametrize("share", [1e-12, 1e-3, 0.5, 0.999])
@pytest.mark.parametrize("shape", [0.3, 1.0, 5.0, 200.0])
def test_a_quantile_is_a_power_if_one_shape_is_one(share: float, shape: float) -> None:
    assert quantile(share, shape, 1) == pytest.approx(share ** (1 / shape), rel=1e-9)
    rest = -math.expm1(math.log1p(-share) / shape)
    assert quantile(share, 1, shape) == pytest.approx(rest, rel=1e-9)


def test_the_incomplete_beta_is_zero_or_one_at_its_ends_and_beyond() -> None:
    assert [cdf(x, 2, 3) for x in (-1, 0, 1, 2)] == [0, 0, 1, 1]
    assert [log_cdf(x, 2, 3) for x in (0, 1)] == [-math.inf, 0]
    assert log_cdf(1 - 1e-9, 1, 1) == pytest.approx(-1e-9, rel=1e-6)


def test_mean_and_interval_of_three_to_one() -> None:
    # R 4.3: qbeta(c(.05, .95), 4, 2) = 0.3425917 0.9235596
    posterior = Posterior(up=3, down=1)
    assert posterior.mean == pytest.approx(4 / 6)
    assert posterior.interval(0.9) == pytest.approx((0.3425917, 0.9235596), abs=1e-6)


def better(a1: int, b1: int, a2: int, b2: int) -> float:
    """Closed form for whole numbers (Miller 2015, "Formulas for Bayesian A/B testing", eq. 6)."""

    def beta(a: float, b: float) -> float:
        return math.exp(math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b))

    return sum(
        beta(a1 + i, b1 + b2) / ((b2 + i) * beta(1 + i, b2) * beta(a1, b1)) for i in range(a2)
    )


@pytest.mark.parametrize(
    ("up", "down", "others"), [(3, 1, (1, 3)), (0, 0, (0, 0)), (60, 40, (50, 50)), (900, 5, (3, 0))]
)
def test_the_chance_of_being_better_matches_the_closed_form(
    up: int, down: int, others: tuple[int, int]
) -> None:
    """Miller counts how often the second is better, so ours is the rest."""
    one, other = Posterior(up=up, down=down), Posterior(up=others[0], down=others[1])
    closed = 1 - better(up + 1, down + 1, others[0] + 1, others[1] + 1)
    assert one.probability_better_than(other) == pytest.approx(closed, abs=1e-8)


@settings(deadline=None)
@given(*[st.floats(0, 300)] * 4)
def test_the_chances_of_either_being_better_sum_to_one(
    up: float, down: float, up2: float, down2: float
) -> None:
    one, other = Posterior(up=up, down=down), Posterior(up=up2, down=down2)
    assert one.probability_better_than(other) + other.probability_better_than(one) == pytest.approx(
        1, abs=1e-6
    )


@settings(deadline=None)
@given(st.floats(0, 200), st.floats(0, 200), st.floats(0.1, 50))
def test_an_upvote_raises_both_ends_of_the_interval(up: float, down: float, more: float) -> None:
    low, high = Posterior(up=up, down=down).interval()
    lifted = Posterior(up=up + more, down=down).interval()
    assert lifted[0] > low
    assert lifted[1] > high or high > 1 - 1e-9


def test_a_generous_server_has_a_high_prior() -> None:
    prior = prior_of([(8, 2), (9, 1), (7, 3), (8, 2)] * 10)
    assert prior.a / (prior.a + prior.b) == pytest.approx(0.8, abs=0.01)
    assert prior.a + prior.b == pytest.approx(50)


def test_a_prior_recovers_the_spread_of_pictures() -> None:
    """The shares are two hundred quantiles of a Beta(4, 4), each with very many votes."""
    shares = [quantile((i + 0.5) / 200, 4, 4) for i in range(200)]
    prior = prior_of([(1e4 * share, 1e4 * (1 - share)) for share in shares])
    assert prior.a == pytest.approx(4, rel=0.05)
    assert prior.b == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize(
    ("tallies", "a", "b"),
    [
        ([(3, 1)], 4 / 3, 2 / 3),  # one picture says nothing about others
        ([(3, 1), (0, 0)], 4 / 3, 2 / 3),
        ([(10, 0), (0, 10)], 1, 1),  # as different as possible
        ([(1, 0), (0, 1), (1, 0), (0, 1)], 25, 25),  # one vote each cannot tell them apart
    ],
)
def test_a_prior_weighs_between_two_and_fifty_votes(
    tallies: list[tuple[float, float]], a: float, b: float
) -> None:
    prior = prior_of(tallies)
    assert (prior.a, prior.b) == pytest.approx((a, b))


@pytest.mark.parametrize("mass", [0, 1, -0.1, math.nan])
def test_an_interval_mass_outside_0_to_1_is_refused(mass: float) -> None:
    with pytest.raises(ValueError, match="mass"):
        Posterior(up=1, down=1).interval(mass)


def test_a_server_without_votes_has_a_flat_prior() -> None:
    assert prior_of([]) == Prior(a=1, b=1)


@pytest.mark.parametrize("votes", [(-1, 0), (0, math.nan), (math.inf, 0)])
def test_an_invalid_vote_count_is_refused(votes: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        Posterior(up=votes[0], down=votes[1])


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (math.inf, 1), (1, math.nan)])
def test_an_invalid_prior_is_refused(a: float, b: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Prior(a=a, b=b)
