"""The reward model finds what judgements have in common, by features that prove themselves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.data.evidence import Preference
from models.measuring import reward

Sets = dict[str, dict[str, NDArray[np.float64]]]
PROMPTS, EACH = 40, 4


def drawn(seed: int) -> tuple[dict[str, str], Sets]:
    """Pictures of prompts: the second `telling` feature shows what is liked; `mute` ones do not."""
    rng = np.random.default_rng(seed)
    names = [f"{prompt}/{i}" for prompt in range(PROMPTS) for i in range(EACH)]
    of_prompt = np.repeat(rng.normal(size=(PROMPTS, 6)) * 5, EACH, axis=0)
    telling = of_prompt + rng.normal(size=(len(names), 6))
    mute = rng.normal(size=(len(names), 30))
    sets = {
        "mute": dict(zip(names, mute, strict=True)),
        "telling": dict(zip(names, telling, strict=True)),
    }
    return {name: name.partition("/")[0] for name in names}, sets


def judged(prompts: dict[str, str], sets: Sets, wrong: float) -> list[Preference]:
    """One pair per prompt and neighbour, a share of them wrong."""
    rng, pairs = np.random.default_rng(9), []
    for a, prompt in prompts.items():
        b = f"{prompt}/{(int(a[-1]) + 1) % EACH}"
        better, worse = sorted((a, b), key=lambda name: -sets["telling"][name][2])
        if rng.random() < wrong:
            better, worse = worse, better
        pairs.append(Preference(better=better, worse=worse, weight=0.5))
    return pairs


def test_the_telling_features_are_found_and_predict_unseen_prompts() -> None:
    prompts, sets = drawn(1)
    found = reward.fit(judged(prompts, sets, wrong=0.2), prompts, sets)
    assert found.features == "telling"
    assert abs(found.weights[2]) == max(abs(found.weights))
    unseen, others = drawn(2)
    values = dict(zip(unseen, found.of(np.stack(list(others["telling"].values()))), strict=True))
    right = [values[p.better] > values[p.worse] for p in judged(unseen, others, wrong=0)]
    assert np.mean(right) > 0.8


def leaning(sets: Sets, wrong: float) -> dict[str, float]:
    """Votes on single pictures, by what is liked across prompts; a share of them wrong."""
    rng = np.random.default_rng(4)
    return {
        name: (0.2 if (v[2] > 0) != (rng.random() < wrong) else -0.2)
        for name, v in sets["telling"].items()
    }


def test_single_votes_choose_the_features_but_not_the_weights() -> None:
    """Few pairs choose mute features by chance; the weights still come from the pairs alone."""
    prompts, sets = drawn(1)
    pairs, votes = judged(prompts, sets, wrong=0.4)[40:64], leaning(sets, wrong=0.1)
    astray = reward.fit(pairs, prompts, sets)
    found = reward.fit(pairs, prompts, sets, votes)
    assert (astray.features, found.features) == ("mute", "telling")
    alone = reward.fit(pairs, prompts, {"telling": sets["telling"]})
    assert np.allclose(found.weights, alone.weights)


@pytest.mark.parametrize("leans", [0.0, 0.2])
def test_identical_votes_change_nothing(leans: float) -> None:
    prompts, sets = drawn(1)
    pairs = judged(prompts, sets, wrong=0.2)
    same = reward.fit(pairs, prompts, sets, dict.fromkeys(prompts, leans))
    assert np.array_equal(same.weights, reward.fit(pairs, prompts, sets).weights)


def test_the_votes_that_features_miss_are_measured_on_unseen_prompts() -> None:
    """Little of votes that follow a feature, nearly all of votes that follow a prompt or chance."""
    prompts, sets = drawn(1)
    ones = np.ones(6)

    def missed(votes: dict[str, float]) -> float:
        return reward._unexplained_variance(votes, prompts, sets["telling"], ones)

    rng = np.random.default_rng(5)
    nobodys = {
        name: float(value) for name, value in zip(prompts, rng.normal(size=160), strict=True)
    }
    its_own = {name: float(v[2]) for name, v in sets["telling"].items()}
    assert missed(its_own) < 0.25
    assert missed(nobodys) > 0.95
    of_prompt = {str(i): value for i, value in enumerate(rng.normal(size=PROMPTS))}
    assert missed({name: float(of_prompt[prompt]) for name, prompt in prompts.items()}) > 0.95


def test_random_votes_are_predicted_no_better_than_chance() -> None:
    prompts, sets = drawn(1)
    found = [
        reward.fit(judged(prompts, drawn(seed)[1], wrong=0.5), prompts, sets).accuracy
        for seed in range(5)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_features_shared_by_a_whole_prompt_do_not_count() -> None:
    """Features of a prompt that all its pictures share cancel in every pair."""
    prompts, sets = drawn(1)
    shifted = {
        "telling": {name: v + 100 * int(prompts[name]) for name, v in sets["telling"].items()}
    }
    pairs = judged(prompts, sets, wrong=0.1)
    plain = reward.fit(pairs, prompts, {"telling": sets["telling"]})
    assert np.allclose(plain.weights, reward.fit(pairs, prompts, shifted).weights)


def test_the_weights_minimise_the_documented_loss() -> None:
    """Newton's solution: the gradient of the ridge-logistic loss is zero there."""
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(30, 8)), rng.uniform(0.1, 1, 30)
    ridge = 3.0
    b = reward._fit_logistic(x, w, ridge)
    gradient = -(w / w.mean() / (1 + np.exp(x @ b))) @ x + ridge * x.shape[1] * b
    assert np.abs(gradient).max() < 1e-3 * x.shape[1]
