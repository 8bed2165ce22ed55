"""The red team of `tests/bench/trust.py`, run a few times with fixed seeds."""

from __future__ import annotations

import pytest

from tests.bench import trust as bench


@pytest.mark.parametrize("attack", bench.ATTACKS, ids=lambda attack: attack.__name__)
def test_one_in_five_voters_hardly_moves_a_win_rate(attack: bench.Attack) -> None:
    weighed, plain = bench.points_moved(attack, 3)
    assert weighed <= 3
    assert plain > 2 * weighed


@pytest.mark.parametrize("push", [bench.lone, bench.mingling])
@pytest.mark.parametrize("seed", [0, 1])
def test_five_accounts_push_no_picture_to_the_top(push: bench.Push, seed: int) -> None:
    assert bench.rank_of_target(bench.make_party(seed, push)) > 10


@pytest.mark.parametrize("seed", [0, 1])
def test_five_upvotes_alone_put_no_picture_at_the_top(seed: int) -> None:
    defended, plain = bench.ranks_by_thumbs(seed)
    assert plain == 1
    assert defended > 10


def test_duels_do_not_promote_an_equal_candidate_but_votes_would() -> None:
    assert sum(bench.run_blind_test(seed, 0.5)[0] for seed in range(60)) <= 1
    assert sum(bench.run_blind_test(seed, 0.5, by_votes=True)[0] for seed in range(60)) > 4


def test_the_bench_has_a_row_for_every_claim_and_the_goals_hold() -> None:
    rows = [*bench.place_rows(bench.lone, 1), *bench.thumb_rows(1), *bench.blind_rows(20)]
    assert all(row.holds is not False for row in rows)
    assert {row.goal for row in rows} == {"", "> 1", "<= 1"}
