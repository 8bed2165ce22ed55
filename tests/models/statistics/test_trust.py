from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.statistics import trust
from models.statistics.following import Cast, voter_columns
from models.statistics.trust import MIN_WEIGHT, Voter, weights
from tests.bench import trust as bench

YEAR_MS = 365 * 86_400_000
GOOD = Voter(age_ms=YEAR_MS, votes=40, median_seconds=4, agreement=0.75)

voters = st.builds(
    Voter,
    age_ms=st.integers(0, YEAR_MS),
    votes=st.integers(0, 5_000),
    median_seconds=st.none() | st.floats(0, 600),
    agreement=st.floats(0, 1),
    self_share=st.floats(0, 1),
    followers=st.floats(0, 50),
)


def weight(**changed: object) -> float:
    """The weight of one such voter among many good ones."""
    return weights([replace(GOOD, **changed), *[GOOD] * 9])[0]  # type: ignore[arg-type]


def test_a_good_voter_counts_fully() -> None:
    assert weight() == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"age_ms": 86_400_000},
        {"votes": 2},
        {"votes": 500},
        {"median_seconds": 0.7},
        {"agreement": 0.5},
        {"self_share": 0.5},
        {"followers": 2.0},
    ],
    ids=str,
)
def test_every_column_can_lower_a_weight(changed: dict[str, object]) -> None:
    assert MIN_WEIGHT <= weight(**changed) < 0.6


def test_voters_who_vote_as_one_weigh_as_one() -> None:
    ring = weights([replace(GOOD, followers=4)] * 5)
    assert sum(ring) == pytest.approx(1)


def test_a_voter_on_every_picture_weighs_as_much_as_the_median_voter() -> None:
    busy = replace(GOOD, votes=1_000)
    regular = replace(GOOD, votes=100)
    *_, most = weights([regular, regular, busy])
    assert most * busy.votes == pytest.approx(regular.votes)


def test_up_to_fifty_votes_always_count_fully() -> None:
    assert weights([replace(GOOD, votes=50), *[replace(GOOD, votes=3)] * 9])[0] == 1


@settings(deadline=None)
@given(st.lists(voters, max_size=8))
def test_every_weight_is_between_the_floor_and_one(crowd: list[Voter]) -> None:
    found = weights(crowd)
    assert len(found) == len(crowd)
    assert all(MIN_WEIGHT <= one <= 1 for one in found)


@settings(deadline=None)
@given(voters, st.integers(0, YEAR_MS), st.floats(0, 1), st.floats(0, 20))
def test_better_columns_never_lower_a_weight(
    voter: Voter, older_ms: int, agreed: float, followers: float
) -> None:
    better = replace(
        voter,
        age_ms=voter.age_ms + older_ms,
        agreement=max(voter.agreement, agreed),
        followers=min(voter.followers, followers),
    )
    assert weights([better]) >= weights([voter])


def casts(seed: int = 1) -> tuple[Cast, ...]:
    return bench.make_crowd(seed, honest=20, duels=60).casts


def test_columns_summarise_a_voters_votes() -> None:
    own = [
        Cast(voter=7, unit=unit, value=True, at_ms=5_000 * unit, own=unit == 0) for unit in range(4)
    ]
    found = voter_columns(own, {7: YEAR_MS})[7]
    assert (found.age_ms, found.votes, found.median_seconds) == (YEAR_MS, 4, 5)
    assert (found.self_share, found.followers) == (0.25, 0)
    assert found.agreement == pytest.approx(trust.USUAL_AGREEMENT)


def test_votes_from_separate_sittings_have_no_speed() -> None:
    own = [Cast(voter=7, unit=unit, value=True, at_ms=86_400_000 * unit) for unit in range(3)]
    assert voter_columns(own, {})[7].median_seconds is None


def test_honest_members_follow_nobody_and_agree() -> None:
    found = voter_columns(casts(), {}).values()
    assert sum(one.followers for one in found) / len(found) < 0.5
    assert sum(one.agreement for one in found) / len(found) > 0.6


def ring(*, lag_ms: int) -> dict[object, Voter]:
    """Five more voters who answer alike, by the duel's number, one after another."""
    red = [
        Cast(
            voter=100 + n,
            unit=unit,
            value=unit % 2 == 0,
            at_ms=unit * 60_000 + 55_000 + n * lag_ms,
        )
        for unit in range(60)
        for n in range(5)
    ]
    return voter_columns([*casts(), *red], {})


def test_a_ring_that_votes_alike_is_detected_however_slow() -> None:
    found = ring(lag_ms=86_400_000)
    assert all(found[100 + n].followers > 3 for n in range(5))
    assert sum(found[n].followers > 1 for n in range(20)) <= 1


def test_a_follower_is_detected_by_timing_alone() -> None:
    """All voters agree, so nobody strays; one always votes a moment after another."""
    chance = Random(1)
    crowd = [
        Cast(voter=voter, unit=unit, value=True, at_ms=unit * 60_000 + chance.randrange(50_000))
        for unit in range(30)
        for voter in range(8)
    ]
    heels = [replace(one, voter=100, at_ms=one.at_ms + 200) for one in crowd if one.voter == 0]
    against = [replace(one, value=False) for one in heels]
    found = voter_columns([*crowd, *heels], {})
    assert found[100].followers > 0.8
    assert found[0].followers > 0.8
    assert sum(found[voter].followers for voter in range(1, 8)) == 0
    assert voter_columns([*crowd, *against], {})[100].followers == 0


def test_a_voter_who_always_contradicts_has_low_agreement() -> None:
    crowd = bench.make_crowd(1, honest=20, duels=60)
    red = bench.with_attack(crowd, bench.inverted, 1, red=1)
    assert voter_columns(red, {})[10_000].agreement < 0.5


def turned(crowd: bench.Crowd, red: int) -> list[Cast]:
    """Accounts honest in the older half, against the candidate in every third newer duel."""
    return [
        one
        for one in bench.with_attack(crowd, bench.sleeping, 1, red=red)
        if one.voter < 10_000 or one.at_ms < 100 * 60_000 or one.at_ms // 60_000 % 3 == 0
    ]


def test_a_ring_that_turns_dishonest_is_detected_by_newer_votes() -> None:
    found = voter_columns(turned(bench.make_crowd(1), 5), {})
    assert all(found[10_000 + n].followers > 3 for n in range(5))


def test_an_account_that_turns_dishonest_is_detected_by_newer_votes() -> None:
    """Only its few newer votes show it; among all its votes they are lost."""
    crowd = bench.make_crowd(1)
    red = turned(crowd, 1)
    honest = [one for one in red if one.at_ms < 100 * 60_000]
    assert voter_columns(honest, {})[10_000].agreement > 0.6
    assert voter_columns(red, {})[10_000].agreement < 0.5


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_votes_read_does_not_matter(shuffle: object) -> None:
    mixed = list(casts())
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    found, again = voter_columns(casts(), {}), voter_columns(mixed, {})
    for name, voter in found.items():
        assert again[name].agreement == pytest.approx(voter.agreement)
        assert again[name].followers == pytest.approx(voter.followers)


def test_no_votes_give_no_columns() -> None:
    assert voter_columns([], {}) == {}
