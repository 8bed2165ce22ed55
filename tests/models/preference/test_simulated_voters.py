"""The members simulated by the learning bench judge as it says they do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.manifest import JudgementLine, Split
from tests.stages.voters import Crowd, JudgedPictures, Question, judge_pictures, noise_of, worth_of

GRIDS = 150


def shown(taste: NDArray[np.float64]) -> JudgedPictures:
    return JudgedPictures(
        files=[f"pictures/{i:064x}.png" for i in range(len(taste))],
        grids=np.arange(len(taste)) // 4,
        splits=[Split.TRAIN] * len(taste),
        taste=taste,
    )


def graded() -> NDArray[np.float64]:
    return np.random.default_rng(1).normal(size=4 * GRIDS)


def right(said: list[JudgementLine], taste: NDArray[np.float64]) -> float:
    """The share of votes that say what the taste says."""
    up = worth_of(taste) > 0
    return float(np.mean([(j.value == 1) == up[int(j.files[0][9:-4], 16)] for j in said]))


@pytest.mark.parametrize("yes_or_no", [False, True])
def test_two_honest_members_agree_in_seven_of_ten_cases(*, yes_or_no: bool) -> None:
    taste = (graded() > 0).astype(float) if yes_or_no else graded()
    likes = worth_of(taste)
    noise, rng = noise_of(likes), np.random.default_rng(0)
    votes = [likes + noise * rng.normal(size=len(likes)) > 0 for _ in range(200)]
    agreed = [np.mean(a == b) for a, b in zip(votes[0::2], votes[1::2], strict=True)]
    assert np.mean(agreed) == pytest.approx(0.7, abs=0.01)


def test_inverted_and_colluding_members_vote_against_the_taste() -> None:
    taste = graded()

    def share(crowd: Crowd) -> float:
        return right(
            judge_pictures(shown(taste), crowd, Question.VOTES, 600, seed=3, visits=2), taste
        )

    honest = share(Crowd())
    assert honest == pytest.approx(0.79, abs=0.04)
    assert share(Crowd(inverted=1.0)) == pytest.approx(1 - honest, abs=0.04)
    assert share(Crowd(colluding=1.0)) == 0
    assert share(Crowd(null=True)) == pytest.approx(0.5, abs=0.06)


def test_repeat_visits_are_by_different_members() -> None:
    said = judge_pictures(shown(graded()), Crowd(), Question.VOTES, 240, seed=5, visits=3)
    voters: dict[str, set[str]] = {}
    for judgement in said:
        voters.setdefault(judgement.files[0], set()).add(judgement.voter)
    assert {len(names) for names in voters.values()} == {3}
    assert len(said) == 240


def test_duels_and_picks_stay_within_one_grid() -> None:
    for ask, many in ((Question.DUELS, 2), (Question.PICKS, 4)):
        said = judge_pictures(shown(graded()), Crowd(), ask, 100, seed=5)
        assert len(said) == 100
        for judgement in said:
            grids = {int(name[9:-4], 16) // 4 for name in judgement.files}
            assert len(grids) == 1
            assert len(judgement.files) == many
