"""The timing covers the worst case: the most terms and the longest prompts, in limited time."""

from __future__ import annotations

from bot.reporting.policy import judging, latency
from models.contract import Limits


def test_there_are_ten_thousand_different_terms() -> None:
    terms = latency.terms(1)
    assert len(set(terms)) == 10_000
    assert terms == latency.terms(1)
    assert terms != latency.terms(2)
    assert any(" " in term for term in terms)


def test_hostile_prompts_have_the_maximum_length() -> None:
    prompts = list(latency.hostile())
    assert {len(prompt) for prompt, _ in prompts} == {Limits().prompt_chars_max}
    assert {len(negative) for _, negative in prompts} == {0, Limits().prompt_chars_max}


def test_the_best_of_a_few_tries_counts() -> None:
    now_ns = 5
    tries_ms = iter((20, 3, 20))

    def look(_: str, __: str) -> None:
        nonlocal now_ns
        now_ns += next(tries_ms) * 1_000_000

    assert latency.times_ms(look, [("a", "")], 60, clock_ns=lambda: now_ns) == [3]
    assert not list(tries_ms)


def test_no_further_prompt_is_timed_after_the_time_is_up() -> None:
    looked: list[str] = []
    prompts = [(str(number), "") for number in range(5)]
    latency.times_ms(lambda prompt, _: looked.append(prompt), prompts, -1)
    assert set(looked) == {"0"}
    latency.times_ms(lambda prompt, _: looked.append(prompt), prompts, 60)
    assert set(looked) == {"0", "1", "2", "3", "4"}


def test_the_rows_hold_only_within_their_goals() -> None:
    quick = latency.rows([0.05] * 99 + [4.0], [4.9], [4.8])
    assert [row.holds for row in quick] == [None, False, True, None, True, True]
    slow = latency.rows([0.05] * 200, [5.1], [5.2])
    assert [row.holds for row in slow] == [None, True, True, None, False, False]
    assert [row.value for row in slow] == [0.05, 0.05, 0.05, 5.1, 5.1, 5.2]
    assert quick[0].unit == "ms of 100"


def test_the_timed_search_includes_a_servers_terms() -> None:
    look = judging.looking(("spoiler dragon",))
    assert look("a spoiler dragon", "")
    assert not look("a cat", "")
