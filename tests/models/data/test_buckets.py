"""Every picture gets a bucket and is shown once per epoch, in the same way every time."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from PIL import Image, ImageOps

from models.data.batches import Batches, example_rng
from models.data.buckets import MAX_UPSCALE, Bucket, assign_buckets, grid

ROOT = Path(__file__).parents[3]


def random_sizes(count: int, seed: int = 0) -> list[tuple[int, int]]:
    """Sizes from 1 px to 20,000 px per side, with all orders of magnitude equally likely."""
    rng = Random(seed)
    return [
        (round(10 ** rng.uniform(0, 4.3)), round(10 ** rng.uniform(0, 4.3))) for _ in range(count)
    ]


@pytest.mark.parametrize(("side_px", "step_px"), [(512, 64), (768, 64), (256, 8), (64, 64)])
def test_buckets_drop_no_picture(side_px: int, step_px: int) -> None:
    sizes = random_sizes(1500)
    placed = assign_buckets(sizes, area_px=side_px**2, step_px=step_px)
    assert len(placed) == len(sizes) == sum(placed.counts().values())
    assert sorted(i for members in placed.members.values() for i in members) == list(range(1500))
    assert all(i in placed.members[placed[i]] for i in range(1500))


@pytest.mark.parametrize("side_px", [512, 640, 1024])
def test_every_bucket_respects_area_step_and_ratio(side_px: int) -> None:
    for width, height in assign_buckets(random_sizes(1000), area_px=side_px**2).counts():
        assert width % 64 == height % 64 == 0
        assert 0 < width * height <= side_px**2
        assert 0.5 <= width / height <= 2


def test_the_512_px_buckets_are_the_recipes_without_the_starved_ones() -> None:
    landscape = [
        bucket for bucket in grid(512 * 512, 64, 2.0) if bucket.width_px >= bucket.height_px
    ]
    assert landscape == [
        (512, 384), (512, 448), (512, 512), (576, 384), (576, 448), (640, 320), (640, 384),
    ]  # fmt: skip


def test_rotated_pictures_go_to_rotated_buckets() -> None:
    sizes = random_sizes(500)
    upright = assign_buckets(sizes)
    turned = assign_buckets([(h, w) for w, h in sizes])
    for (width, height), placed, other in zip(
        sizes, upright.placements, turned.placements, strict=True
    ):
        assert placed.cut == pytest.approx(other.cut), (width, height)
        assert sorted(placed.bucket) == sorted(other.bucket)


def test_ordinary_ratios_lose_little_and_extreme_cuts_are_stated() -> None:
    rng = Random(1)
    ordinary = [(round(1000 * rng.uniform(0.5, 2)), 1000) for _ in range(500)]
    assert max(placement.cut for placement in assign_buckets(ordinary).placements) < 0.1
    (long,) = assign_buckets([(10000, 1000)]).placements
    assert long.bucket == (640, 320)
    assert long.cut == pytest.approx(0.8)


@pytest.mark.parametrize("size", [(1000, 700), (300, 1900), (801, 799), (640, 320)])
def test_the_stated_cut_matches_what_fitting_removes(size: tuple[int, int]) -> None:
    (placement,) = assign_buckets([size]).placements
    # A ramp along each axis shows which part of the picture is left after fitting.
    shown = 1.0
    for axis, length in enumerate(size):
        ramp = Image.linear_gradient("L").rotate(90 * (1 - axis)).resize(size)
        fitted = ImageOps.fit(ramp, placement.bucket, Image.Resampling.LANCZOS)
        low, high = fitted.getextrema()
        assert isinstance(low, int)
        assert isinstance(high, int)
        shown *= (high - low) / 255
        assert length
    assert shown == pytest.approx(1 - placement.cut, abs=0.03)


def test_small_pictures_are_kept_and_not_enlarged_beyond_the_limit() -> None:
    sizes = [(side, side) for side in range(52, 700)]
    placed = assign_buckets(sizes)
    assert all(placement.scale <= MAX_UPSCALE for placement in placed.placements)
    assert placed[sizes.index((512, 512))] == placed[sizes.index((410, 410))] == (512, 512)
    assert placed[sizes.index((100, 100))] == (64, 64)
    areas = [placement.bucket.width_px for placement in placed.placements]
    assert areas == sorted(areas)


def test_a_picture_too_small_for_any_bucket_is_kept_and_marked_stretched() -> None:
    placed = assign_buckets([(20, 20), (1, 5000), (512, 512)])
    assert placed[0] == placed[1] == (64, 64)
    assert [placement.stretched for placement in placed.placements] == [True, True, False]


@pytest.mark.parametrize(
    "wrong", [{"step_px": 0}, {"area_px": 63 * 64}, {"max_ratio": 0.5}, {"max_upscale": 0}]
)
def test_invalid_parameters_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"bucket|ratio"):
        assign_buckets([(512, 512)], **wrong)  # type: ignore[arg-type]


def some_batches(batch_size: int = 4, seed: int = 7) -> Batches:
    return Batches(assign_buckets(random_sizes(203)), batch_size=batch_size, seed=seed)


@pytest.mark.parametrize("batch_size", [1, 3, 4, 64, 500])
def test_an_epoch_shows_every_picture_once(batch_size: int) -> None:
    batches = some_batches(batch_size)
    epoch = list(batches.epoch(0))
    assert len(epoch) == len(batches)
    assert sorted(i for batch in epoch for i in batch.indices) == list(range(203))


def test_a_batch_has_one_bucket_and_only_a_buckets_last_batch_is_short() -> None:
    placed = assign_buckets(random_sizes(203))
    epoch = list(Batches(placed, batch_size=4, seed=0).epoch(0))
    assert all(placed[i] == batch.bucket for batch in epoch for i in batch.indices)
    short = Counter(batch.bucket for batch in epoch if len(batch.indices) < 4)
    assert short
    assert set(short.values()) == {1}


def test_a_resumed_epoch_continues_exactly_where_it_stopped() -> None:
    whole = list(some_batches().epoch(3))
    for start in range(len(whole) + 1):
        assert list(some_batches().epoch(3, start)) == whole[start:]


def test_order_differs_by_epoch_and_seed_and_mixes_buckets() -> None:
    batches = some_batches()
    first = list(batches.epoch(0))
    assert first != list(batches.epoch(1))
    assert first != list(some_batches(seed=8).epoch(0))
    changes = sum(a.bucket != b.bucket for a, b in pairwise(first))
    assert changes > 2 * len({batch.bucket for batch in first})


def test_pictures_share_batches_with_others_in_another_epoch() -> None:
    batches = Batches(assign_buckets([(512, 512)] * 64), batch_size=8, seed=0)
    first, second = ({frozenset(b.indices) for b in batches.epoch(e)} for e in (0, 1))
    assert not first & second


def test_order_and_random_draws_are_the_same_in_every_process() -> None:
    code = (
        "from models.data.batches import Batches, example_rng\n"
        "from models.data.buckets import assign_buckets\n"
        "sizes = [(100 * i % 900 + 64, 777 * i % 800 + 64) for i in range(50)]\n"
        "batches = Batches(assign_buckets(sizes), batch_size=4, seed=1)\n"
        "print(list(batches.epoch(2)), example_rng(1, 2, 3).random())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    assert "Bucket" in told.pop()


def test_a_pictures_random_draws_depend_only_on_seed_epoch_and_picture() -> None:
    lots = {example_rng(s, e, i).random() for s in range(3) for e in range(3) for i in range(3)}
    assert len(lots) == 27
    assert example_rng(1, 2, 3).random() == example_rng(1, 2, 3).random()
    # Seed 1 with epoch 12 is not seed 11 with epoch 2.
    assert example_rng(1, 12, 3).random() != example_rng(11, 2, 3).random()


def test_a_batch_size_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="1 picture"):
        Batches(assign_buckets([(1, 1)]), batch_size=0, seed=0)


def test_a_bucket_prints_as_a_size() -> None:
    assert str(Bucket(640, 384)) == "640 x 384"
