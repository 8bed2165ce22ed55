"""Which pictures are in a step, and how the sides of a pair share their noise."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from models.catalogue.card import Prediction
from models.data.evidence import Evidence, Preference
from models.engine.schedule import Schedule, Spacing
from models.preference.course import Course, Loss
from models.preference.lots import Lots, audit
from models.training.exhibits import Errors, Exhibit, Exhibits
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


def exhibits() -> Exhibits:
    """Three wide pictures and two tall ones that are judged, one wide one that is held out."""
    g = torch.Generator().manual_seed(3)
    shapes = dict.fromkeys("abch", WIDE) | dict.fromkeys("de", TALL)
    return Exhibits(
        latents={name: torch.randn(shape, generator=g) for name, shape in shapes.items()},
        words={name: torch.randn(5, 8, generator=g) for name in shapes},
        unwanted=torch.zeros(5, 8),
    )


def lots(loss: Loss = Loss.DPO, pairs: int = 50) -> Lots:
    return Lots(Course(loss=loss, pairs=pairs), EVIDENCE, exhibits(), list("abcde"))


def test_the_rows_of_a_pair_alternate_and_share_a_lot() -> None:
    pairs = {(p.better, p.worse) for p in EVIDENCE.pairs}
    for step in range(6):
        rows = lots().rows(step)
        assert len(rows) == 100
        for better, worse in zip(rows[0::2], rows[1::2], strict=True):
            assert (better.name, worse.name) in pairs
            assert better.lot == worse.lot


def test_a_step_has_one_size_and_sizes_are_drawn_by_weight() -> None:
    sizes: Counter[bool] = Counter()
    for step in range(300):
        found = {row.name in "de" for row in lots(pairs=2).rows(step)}
        assert len(found) == 1
        sizes.update(found)
    assert sizes[True] / 300 == pytest.approx(0.5 / 1.5, abs=0.07)


def test_a_more_certain_pair_is_drawn_more_often() -> None:
    rows = [row for step in range(40) for row in lots().rows(step)[0::2]]
    counts = Counter(row.name for row in rows)
    assert counts["a"] / (counts["a"] + counts["c"]) == pytest.approx(0.9, abs=0.03)


def test_a_step_is_the_same_whenever_it_is_drawn() -> None:
    assert lots().rows(7) == lots().rows(7)
    assert lots().rows(7) != lots().rows(8)


def test_kto_uses_both_signs_and_sft_only_liked_pictures() -> None:
    for step in range(5):
        assert all(row.name in "ace" for row in lots(Loss.SFT).rows(step))
    signs = {row.name: row.sign for step in range(5) for row in lots(Loss.KTO).rows(step)}
    assert signs == {"a": 1, "b": -1, "c": 1, "d": -1, "e": 1}


def test_held_out_pictures_are_neither_replayed_nor_pulled() -> None:
    drawn = lots()
    for step in range(30):
        shown = [*drawn.any_of(step), *drawn.replayed(step, Exhibit(name="a", lot=0, sign=1))]
        assert "h" not in {row.name for row in shown}


def test_both_sides_of_a_pair_get_the_same_noise_and_other_pairs_do_not() -> None:
    sigmas = torch.linspace(0.1, 9, 50).double().numpy()
    objective = Objective(
        Schedule(train_sigmas=sigmas, spacing=Spacing.LEADING),
        Prediction.EPSILON,
        torch.device("cpu"),
    )
    rows = [Exhibit(name=name, lot=lot, sign=1) for lot, name in ((0, "a"), (0, "b"), (1, "a"))]
    posed = Errors(rows, exhibits(), objective, step=4, seed=0).posed
    assert posed.times[0] == posed.times[1]
    assert torch.equal(posed.wanted[0], posed.wanted[1]), "for epsilon this is the noise"
    assert not torch.equal(posed.wanted[0], posed.wanted[2])
    narrow = Errors(rows * 40, exhibits(), objective, step=4, seed=0, span=(0.4, 0.5)).posed
    assert 20 <= int(narrow.times.min()) <= int(narrow.times.max()) < 25


def test_the_audit_uses_the_same_pairs_and_noise_each_time() -> None:
    asked = audit(EVIDENCE, exhibits(), seed=1)
    assert asked == audit(EVIDENCE, exhibits(), seed=1)
    assert [{row.name for row in group} for group in asked] == [{"a", "b", "c"}, {"d", "e"}]
    first = asked[0]
    assert [row.name for row in first[:4]] == ["a", "b", "a", "b"]
    assert first[0].lot == first[1].lot != first[2].lot
