"""Judgements compared with their own shuffles: what only the judgements show is not chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.data.evidence import Evidence, Preference
from models.measuring.gate import shuffling
from models.measuring.gate.shuffling import (
    Leanings,
    centre_within_prompts,
    chance_of_score,
    clearest_set,
    leanings_of,
    taste_weights,
)

PROMPTS, EACH = 24, 4
FILES = [f"{prompt:02}/{i}" for prompt in range(PROMPTS) for i in range(EACH)]
KEYS = {name: name.partition("/")[0] for name in FILES}
Rows = NDArray[np.float64]


def seen(seed: int, width: int = 6) -> Rows:
    """Features of every file, in the order of `FILES`."""
    return np.random.default_rng(seed).normal(size=(len(FILES), width))


def judged(worth: Rows, noise: float, seed: int = 0) -> Leanings:
    """Judge each picture up or down by its worth plus noise, and make pairs of those."""
    rng = np.random.default_rng(seed)
    up = dict(zip(FILES, worth + noise * rng.normal(size=len(FILES)) > 0, strict=True))
    pairs = [
        Preference(better=a, worse=b, weight=1 / 3)
        for a in FILES
        for b in FILES
        if KEYS[a] == KEYS[b] and up[a] > up[b]
    ]
    return leanings_of(Evidence(pairs=tuple(pairs), liked={}), KEYS, most=1000)


def voted(worth: Rows, noise: float, seed: int = 0) -> Leanings:
    """The same with votes on single pictures, which concern whole prompts too."""
    rng = np.random.default_rng(seed)
    liked = np.where(worth + noise * rng.normal(size=len(FILES)) > 0, 1 / 6, -1 / 6)
    votes = dict(zip(FILES, map(float, liked), strict=True))
    pairs = [
        Preference(better=a, worse=b, weight=votes[a] - votes[b])
        for a in FILES
        for b in FILES
        if KEYS[a] == KEYS[b] and votes[a] > votes[b]
    ]
    return leanings_of(Evidence(pairs=tuple(pairs), liked={}, votes=votes), KEYS, most=1000)


def features_of(leanings: Leanings, rows: Rows) -> Rows:
    return rows[[FILES.index(name) for name in leanings.names]]


def test_a_shuffle_moves_judgements_only_within_their_prompt() -> None:
    leanings = judged(seen(1)[:, 2], noise=1)
    assert (leanings.liked[:, 1:] != leanings.liked[:, :1]).any(0).mean() > 0.99
    for prompt in set(leanings.prompts):
        of_prompt = np.sort(leanings.liked[leanings.prompts == prompt], axis=0)
        assert np.allclose(of_prompt, of_prompt[:, :1])
        assert np.allclose(of_prompt.sum(0), 0)


def test_a_picture_that_wins_more_pairs_is_liked_more() -> None:
    pairs = [
        Preference(better="a", worse="b", weight=0.5),
        Preference(better="a", worse="c", weight=0.2),
    ]
    evidence = Evidence(pairs=tuple(pairs), liked={})
    leanings = leanings_of(evidence, dict.fromkeys("abc", "one"), most=9)
    assert dict(zip(leanings.names, leanings.liked[:, 0], strict=True)) == pytest.approx(
        {"a": 0.7, "b": -0.5, "c": -0.2}
    )


def test_a_prompt_is_liked_by_how_far_its_votes_exceed_the_mean() -> None:
    """On the scale of pairs, so that the sum for a picture depends on its own vote alone."""
    votes = {"a": 0.2, "b": -0.2, "c": 0.2, "d": 0.2}
    evidence = Evidence(
        pairs=(Preference(better="a", worse="b", weight=0.4),), liked={}, votes=votes
    )
    keys = {"a": "one", "b": "one", "c": "two", "d": "two"}
    leanings = leanings_of(evidence, keys, most=9)
    assert leanings.names == ("a", "b", "c", "d"), "a picture liked as much as its twin counts too"
    assert list(leanings.prompt_levels) == pytest.approx([-0.2, -0.2, 0.2, 0.2])
    whole = leanings.liked[:, 0] + leanings.prompt_levels
    assert list(whole) == pytest.approx([2 * (votes[name] - 0.1) for name in "abcd"])


def test_compared_pictures_come_first_if_only_some_are_used() -> None:
    alone = {f"alone/{number}": 0.2 for number in range(9)}
    pairs = tuple(Preference(better=f"{p}/a", worse=f"{p}/b", weight=0.4) for p in ("x", "c"))
    evidence = Evidence(pairs=pairs, liked={}, votes=alone)
    keys = {name: name for name in alone} | {f"{p}/{i}": p for p in ("x", "c") for i in "ab"}
    leanings = leanings_of(evidence, keys, most=6)
    assert leanings.names == ("alone/0", "alone/1", "c/a", "c/b", "x/a", "x/b")
    assert list(leanings.prompts) == [0, 1, 2, 2, 3, 3]
    assert list(leanings.liked[:, 0]) == pytest.approx([0, 0, 0.4, -0.4, 0.4, -0.4])


def test_pairs_alone_say_nothing_about_whole_prompts() -> None:
    assert not judged(seen(1)[:, 2], noise=0.5).prompt_levels.any()


def test_votes_on_whole_prompts_make_faint_tastes_clearer() -> None:
    """They make at least seven of ten faint tastes clearer."""
    rows = seen(1, width=20)
    clearer = []
    for crowd in range(10):
        leanings = voted(rows[:, 2], noise=2, seed=crowd)
        deaf = replace(leanings, prompt_levels=np.zeros(len(FILES)))
        clearer.append(clearest_set(leanings, {"": rows})[1] < clearest_set(deaf, {"": rows})[1])
    assert sum(clearer) >= 7


def test_the_telling_feature_set_is_found_and_no_shuffle_matches_it() -> None:
    telling, mute = seen(1), seen(2, width=30)
    leanings = judged(telling[:, 2], noise=0.5)
    sets = {"mute": features_of(leanings, mute), "telling": features_of(leanings, telling)}
    best, by_chance = clearest_set(leanings, sets)
    assert best == "telling"
    assert by_chance <= 0.002


@pytest.mark.parametrize("strength", [0, 20])
def test_random_votes_pass_at_the_promised_rate(strength: float) -> None:
    """Of 200 crowds, 5 % pass at 5 % and 50 % at 50 %.

    This holds however many sets are tried and however clearly whole prompts are liked.
    """
    prompts = np.repeat(np.arange(12), EACH)
    rows = {str(seed): seen(seed)[: len(prompts)] for seed in range(4)}
    found = []
    for crowd in range(200):
        liked = np.random.default_rng(crowd).normal(size=(len(prompts), 100))
        of_prompt = strength * rows["0"][::EACH, 0][prompts]
        leanings = Leanings(
            names=(),
            prompts=prompts,
            liked=centre_within_prompts(liked, prompts),
            prompt_levels=of_prompt,
        )
        found.append(clearest_set(leanings, rows)[1])
    assert 0 < np.mean(np.array(found) <= 0.05) < 0.1
    assert np.mean(np.array(found) <= 0.5) == pytest.approx(0.5, abs=0.1)


def test_each_fold_is_tested_on_prompts_it_did_not_see() -> None:
    """Features that memorise each prompt, and show nothing that prompts share, tell nothing."""
    leanings = judged(seen(1)[:, 2], noise=0.1)
    by_heart = np.zeros((len(leanings.names), PROMPTS))
    by_heart[np.arange(len(leanings.names)), leanings.prompts] = np.sign(leanings.liked[:, 0])
    assert clearest_set(leanings, {"by heart": by_heart})[1] == 1


def test_the_weights_point_at_the_liked_feature() -> None:
    rows = seen(1)
    leanings = judged(rows[:, 2], noise=0.3)
    found = taste_weights(leanings, features_of(leanings, rows))
    assert found.shape == (6, 1 + shuffling._SHUFFLES)
    assert np.argmax(found[:, 0]) == 2
    assert (np.abs(found[2, 1:]) < found[2, 0]).mean() > 0.99


def test_the_weights_are_those_of_ridge_regression() -> None:
    rows = seen(1)
    leanings = judged(rows[:, 2], noise=0.3)
    x = centre_within_prompts(features_of(leanings, rows), leanings.prompts)
    plain = np.linalg.solve(x.T @ x / 6 + shuffling._RIDGE * np.eye(6), x.T @ leanings.liked / 6)
    assert np.allclose(taste_weights(leanings, features_of(leanings, rows)), plain)


def test_features_shared_by_a_whole_prompt_do_not_count() -> None:
    rows = seen(1)
    leanings = judged(rows[:, 2], noise=0.3)
    plain = features_of(leanings, rows)
    shifted = plain + 100 * leanings.prompts[:, None]
    assert np.allclose(taste_weights(leanings, plain), taste_weights(leanings, shifted))


def test_a_taste_in_prompts_alone_is_not_a_taste_in_pictures() -> None:
    leanings = voted(np.repeat(seen(1)[::EACH, 2], EACH), noise=0)
    assert leanings.prompt_levels.any()
    assert clearest_set(leanings, {"": np.repeat(seen(1)[::EACH], EACH, axis=0)}) == ("", 1.0)
    assert clearest_set(leanings, {"": seen(1)}) == ("", 1.0)


def test_constant_features_tell_no_more_than_a_shuffle() -> None:
    leanings = judged(seen(1)[:, 2], noise=0.3)
    assert clearest_set(leanings, {"still": np.zeros((len(leanings.names), 3))}) == ("still", 1.0)


@pytest.mark.parametrize(
    ("told", "share"),
    [((3.0, 1.0, 2.0, 3.0), 0.5), ((4.0, 1.0, 2.0, 3.0), 0.25), ((0.0, 0.0, 0.0, 0.0), 1.0)],
)
def test_the_chance_counts_the_judgements_as_one_shuffle(
    told: tuple[float, ...], share: float
) -> None:
    assert chance_of_score(np.array(told)) == share


@pytest.mark.parametrize("place", [0, 2])
def test_nan_counts_as_pure_chance(place: int) -> None:
    told = np.array([4.0, 1.0, 2.0, 3.0])
    told[place] = np.nan
    assert chance_of_score(told) == 1


def test_a_feature_set_with_nan_lets_no_other_set_pass() -> None:
    leanings = judged(seen(1)[:, 2], noise=0.5)
    telling = features_of(leanings, seen(1))
    broken = np.where(np.arange(len(telling))[:, None] == 0, np.nan, telling)
    assert clearest_set(leanings, {"telling": telling, "broken": broken})[1] == 1


def test_at_most_the_given_number_of_pictures_is_used() -> None:
    pairs = [Preference(better=f"{p}/0", worse=f"{p}/1", weight=0.5) for p in range(9)]
    keys = {f"{p}/{i}": str(p) for p in range(9) for i in (0, 1)}
    leanings = leanings_of(Evidence(pairs=tuple(pairs), liked={}), keys, most=7)
    assert len(leanings.names) == 7
    assert np.allclose([leanings.liked[leanings.prompts == p].sum(0) for p in range(4)], 0)
