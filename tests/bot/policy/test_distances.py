"""How far apart two places are: words, commas, and letters that spell one word."""

from __future__ import annotations

import pytest

from bot.policy.distances import word_distance


@pytest.mark.parametrize(
    ("between", "words"),
    [
        ("", 0),
        (" with a red hat ", 4),
        ("n u d e", 1),
        ("a n and n u", 3),
        ("4 5 6", 3),
        (" - + ", 0),
        ("hat, coat", 5),
        (" , ", 4),
        ("one. Two", 5),
        ("f1.8 lens", 2),
    ],
)
def test_distance_counts_words_and_commas(between: str, words: int) -> None:
    assert word_distance(between) == words
