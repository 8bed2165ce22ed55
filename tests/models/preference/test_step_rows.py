"""Which pictures are in a step, and how the sides of a pair share their noise."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from models.catalogue.card import Prediction
from models.data.evidence import Evidence, Preference
from models.engine.schedule import Schedule, Spacing
from models.preference.course import Course, Loss
from models.preference.step_rows import StepRows, held_out_rows
from models.training.judged_pictures import Errors, JudgedPictures, StepPicture
from models.training.objective import Objective

WIDE, TALL = (4, 2, 3), (4, 3, 2)
EVIDENCE = Evidence(
    pairs=(
        Preference(better="a", worse="b", weight=0.9),
        Preference(better="c", worse="b", weight=0.1),
        Preference(better="e", worse="d", weight=0.5),
    ),
    liked={"a": 0.9, "b": -0.5, "c": 0.1, "d": -0.5, "e": 0.5},
)


def judged_pictures() -> JudgedPictures:
    """Three wide pictures and two tall ones that are judged, one wide one that is held out."""
    g = torch.Generator().manual_seed(3)
    shapes = dict.fromkeys("abch", WIDE) | dict.fromkeys("de", TALL)
    return JudgedPictures(
        latents={name: torch.randn(shape, generator=g) for name, shape in shapes.items()},
        words={name: torch.randn(5, 8, generator=g) for name in shapes},
        negative=torch.zeros(5, 8),
    )


def step_rows(loss: Loss = Loss.DPO, pairs: int = 50) -> StepRows:
    return StepRows(Course(loss=loss, pairs=pairs), EVIDENCE, judged_pictures(), list("abcde"))


def test_the_rows_of_a_pair_alternate_and_share_a_noise_key() -> None:
    pairs = {(p.better, p.worse) for p in EVIDENCE.pairs}
    for step in range(6):
        rows = step_rows().rows(step)
        assert len(rows) == 100
        for better, worse in zip(rows[0::2], rows[1::2], strict=True):
            assert (better.name, worse.name) in pairs
            assert better.noise_key == worse.noise_key


def test_a_step_has_one_size_and_sizes_are_drawn_by_weight() -> None:
    sizes: Counter[bool] = Counter()
    for step in range(300):
        found = {row.name in "de" for row in step_rows(pairs=2).rows(step)}
        assert len(found) == 1
        sizes.update(found)
    assert sizes[True] / 300 == pytest.approx(0.5 / 1.5, abs=0.07)


def test_a_more_certain_pair_is_drawn_more_often() -> None:
    rows = [row for step in range(40) for row in step_rows().rows(step)[0::2]]
    counts = Counter(row.name for row in rows)
    assert counts["a"] / (counts["a"] + counts["c"]) == pytest.approx(0.9, abs=0.03)


def test_a_step_is_the_same_whenever_it_is_drawn() -> None:
    assert step_rows().rows(7) == step_rows().rows(7)
    assert step_rows().rows(7) != step_rows().rows(8)


def test_kto_uses_both_signs_and_sft_only_liked_pictures() -> None:
    for step in range(5):
        assert all(row.name in "ace" for row in step_rows(Loss.SFT).rows(step))
    signs = {row.name: row.sign for step in range(5) for row in step_rows(Loss.KTO).rows(step)}
    assert signs == {"a": 1, "b": -1, "c": 1, "d": -1, "e": 1}


def test_held_out_pictures_are_neither_replayed_nor_pulled() -> None:
    drawn = step_rows()
    for step in range(30):
        shown = [
            *drawn.any_prompt_rows(step),
            *drawn.replay_rows(step, StepPicture(name="a", noise_key=0, sign=1)),
        ]
        assert "h" not in {row.name for row in shown}


def test_both_sides_of_a_pair_get_the_same_noise_and_other_pairs_do_not() -> None:
    sigmas = torch.linspace(0.1, 9, 50).double().numpy()
    objective = Objective(
        Schedule(train_sigmas=sigmas, spacing=Spacing.LEADING),
        Prediction.EPSILON,
        torch.device("cpu"),
    )
    rows = [
        StepPicture(name=name, noise_key=noise_key, sign=1)
        for noise_key, name in ((0, "a"), (0, "b"), (1, "a"))
    ]
    task = Errors(rows, judged_pictures(), objective, step=4, seed=0).task
    assert task.times[0] == task.times[1]
    assert torch.equal(task.target[0], task.target[1]), "for epsilon this is the noise"
    assert not torch.equal(task.target[0], task.target[2])
    narrow = Errors(rows * 40, judged_pictures(), objective, step=4, seed=0, span=(0.4, 0.5)).task
    assert 20 <= int(narrow.times.min()) <= int(narrow.times.max()) < 25


def test_held_out_rows_use_the_same_pairs_and_noise_each_time() -> None:
    asked = held_out_rows(EVIDENCE, judged_pictures(), seed=1)
    assert asked == held_out_rows(EVIDENCE, judged_pictures(), seed=1)
    assert [{row.name for row in group} for group in asked] == [{"a", "b", "c"}, {"d", "e"}]
    first = asked[0]
    assert [row.name for row in first[:4]] == ["a", "b", "a", "b"]
    assert first[0].noise_key == first[1].noise_key != first[2].noise_key
