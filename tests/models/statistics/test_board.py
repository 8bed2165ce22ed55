from __future__ import annotations

from collections import Counter
from itertools import combinations

from models.statistics.board import Win, next_duel, one_voice_weights, rank_by_duels, rank_by_votes


def wins(winner: str, loser: str, voters: range, weight: float = 1) -> list[Win[str]]:
    return [Win(winner=winner, loser=loser, voter=voter, weight=weight) for voter in voters]


def test_many_voters_rank_above_few() -> None:
    few = wins("few", "x", range(3))
    many = wins("many", "y", range(18)) + wins("y", "many", range(18, 20))
    board = rank_by_duels(few + many)
    assert board[0].picture == "many"
    assert (board[0].up, board[0].down) == (18, 2)
    assert board[0].low < board[0].middle < board[0].high


def test_a_voter_counts_once_per_picture_in_however_many_duels() -> None:
    pushed = [win for rival in "abcdef" for win in wins("pushed", rival, range(2))]
    assert sum(one_voice_weights(pushed)) == 2
    once = wins("once", "z", range(4))
    assert rank_by_duels(pushed + once)[0].picture == "once"


def test_a_vote_counts_by_its_weight() -> None:
    board = rank_by_duels(wins("a", "b", range(5), weight=0.1) + wins("b", "a", range(5, 7)))
    assert board[0].picture == "b"


def test_five_upvotes_do_not_outrank_forty() -> None:
    tallies = {"forty": (40, 3), "five": (5, 0), "poor": (3, 9)}
    board = rank_by_votes(
        tallies, {name: (float(up), float(down)) for name, (up, down) in tallies.items()}
    )
    assert [rung.picture for rung in board] == ["forty", "five", "poor"]
    assert (board[1].up, board[1].down) == (5, 0)


def test_upvotes_without_weight_do_not_raise_a_picture() -> None:
    board = rank_by_votes({"a": (50, 0), "b": (2, 0)}, {"a": (0.5, 0.0), "b": (2.0, 0.0)})
    assert board[0].picture == "b"


def test_an_empty_board_is_empty() -> None:
    assert rank_by_duels([]) == ()
    assert rank_by_votes({}, {}) == ()


def test_every_pair_is_asked_before_one_is_repeated() -> None:
    prompts = [["a", "b", "c"], ["d", "e"], ["alone"]]
    asked: Counter[frozenset[str]] = Counter()
    for _ in range(4):
        pair = next_duel(prompts, [], asked)
        assert pair
        asked[frozenset(pair)] += 1
    pairs = {frozenset(pair) for prompt in prompts for pair in combinations(prompt, 2)}
    assert set(asked) == pairs


def test_a_duel_is_asked_where_less_is_known() -> None:
    known = wins("a", "b", range(6)) + wins("b", "a", range(6, 12))
    assert set(next_duel([["a", "b"], ["c", "d"]], known, {}) or ()) == {"c", "d"}


def test_close_pictures_duel_before_clear_cases() -> None:
    told = [
        *wins("top", "b", range(8)), *wins("top", "c", range(8)),
        *wins("b", "c", range(8, 12)), *wins("c", "b", range(12, 16)),
    ]  # fmt: skip
    assert set(next_duel([["top", "b", "c"]], told, {}) or ()) == {"b", "c"}


def test_pictures_of_different_prompts_never_duel() -> None:
    assert next_duel([["a"], ["b"], []], [], {}) is None


def test_a_deleted_picture_is_not_asked_about() -> None:
    told = wins("gone", "a", range(3))
    assert next_duel([["a", "b"]], told, {frozenset("ab"): 5}) in {("a", "b"), ("b", "a")}
