"""A trusted reward makes pairs; judgements on the same pair count beside it."""

from __future__ import annotations

from math import atanh, tanh

import numpy as np
import pytest

from models.data.evidence import Evidence, Preference
from models.measuring.reward import Reward
from models.preference.ranking import is_trusted, rank_pictures

NOTHING = Evidence(pairs=(), liked={})
PROMPTS = {"a": "one", "b": "one", "c": "one", "d": "two"}
VECTORS = {
    name: np.array([value]) for name, value in zip("abcd", (2.0, 1.0, 1.1, 9.0), strict=True)
}


def reward(weight: float = 1.0, told_right: float = 0.8) -> Reward:
    return Reward(features="one", weights=np.array([weight]), accuracy=told_right)


def pair_weights(evidence: Evidence) -> dict[tuple[str, str], float]:
    return {(pair.better, pair.worse): pair.weight for pair in evidence.pairs}


def test_unvoted_pictures_become_pairs_within_their_prompt() -> None:
    assert pair_weights(rank_pictures(reward(), PROMPTS, VECTORS, NOTHING)) == {
        ("a", "b"): pytest.approx(tanh(0.5)),
        ("a", "c"): pytest.approx(tanh(0.45)),
    }, "b and c are too close to call, and d is alone in its prompt"


def test_the_odds_of_reward_and_judgement_add_up() -> None:
    judged = Evidence(pairs=(Preference(better="b", worse="a", weight=0.8),), liked={})
    found = pair_weights(rank_pictures(reward(), PROMPTS, VECTORS, judged))
    assert found["b", "a"] == pytest.approx(tanh(atanh(0.8) - 0.5))


def test_an_uninformative_reward_leaves_the_judgements_unchanged() -> None:
    judged = Evidence(pairs=(Preference(better="b", worse="c", weight=0.3),), liked={})
    assert pair_weights(rank_pictures(reward(0.0), PROMPTS, VECTORS, judged)) == {
        ("b", "c"): pytest.approx(0.3)
    }


@pytest.mark.parametrize(("share", "pairs", "good"), [(0.54, 100, False), (0.59, 100, True)])
def test_a_reward_is_trusted_only_if_it_beats_a_coin_toss(
    share: float, pairs: int, *, good: bool
) -> None:
    assert is_trusted(reward(told_right=share), pairs) is good
