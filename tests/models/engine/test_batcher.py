"""Rows are served in turn, one bucket for each tick, whatever else is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from models.engine.batcher import Batcher, RowKey

KEY = RowKey(model="waifu", shape=(4, 8, 8, 77))


def bucket(name: str) -> RowKey:
    """A separate bucket for each name."""
    return replace(KEY, model=name)


def filled(width_max: int, **buckets: str) -> Batcher:
    batcher = Batcher(width_max)
    for row, name in buckets.items():
        batcher.add(row, bucket(name))
    return batcher


def test_an_empty_batcher_has_no_tick() -> None:
    assert Batcher(4).next_tick() == ()


def test_rows_of_one_bucket_run_together() -> None:
    assert filled(4, a="s", b="s", c="s").next_tick() == ("a", "b", "c")


def test_a_tick_holds_one_bucket_and_the_buckets_take_turns() -> None:
    batcher = filled(4, a="s", b="p", c="s")
    assert [batcher.next_tick() for _ in range(4)] == [("a", "c"), ("b",), ("a", "c"), ("b",)]


@pytest.mark.parametrize(
    "other",
    [
        {"model": "another"},
        {"adapters": ("style",)},
        {"shape": (16, 8, 8, 77)},
        {"shape": (4, 8, 12, 77)},
        {"shape": (4, 8, 8, 154)},
    ],
    ids=str,
)
def test_rows_that_differ_in_any_part_of_their_key_never_share_a_tick(
    other: dict[str, Any],
) -> None:
    batcher = Batcher(4)
    batcher.add("a", KEY)
    batcher.add("b", replace(KEY, **other))
    batcher.add("like a", replace(KEY))
    batcher.add("like b", replace(KEY, **other))
    ticks = [batcher.next_tick() for _ in range(4)]
    assert ticks == [("a", "like a"), ("b", "like b")] * 2


def test_every_row_advances_equally_often() -> None:
    batcher = filled(4, a="s", b="s", c="s", d="p", e="l")
    served = Counter(row for _ in range(300) for row in batcher.next_tick())
    assert set(served.values()) == {100}


def test_more_rows_than_the_width_take_turns() -> None:
    batcher = filled(2, a="s", b="s", c="s")
    served = Counter(row for _ in range(30) for row in batcher.next_tick())
    assert served == {"a": 20, "b": 20, "c": 20}


def test_a_late_row_runs_in_the_next_tick_of_its_bucket_and_starves_no_row() -> None:
    batcher = filled(4, a="s", b="p")
    batcher.next_tick()
    batcher.add("late", bucket("s"))
    assert batcher.next_tick() == ("b",)
    assert batcher.next_tick() == ("a", "late")


def test_a_row_never_waits_more_ticks_than_there_are_rows() -> None:
    batcher = filled(2, old="p", new0="q", new1="r")
    served = []
    for tick in range(2, 40):
        batcher.add(f"new{tick}", bucket(str(tick)))
        served.append("old" in batcher.next_tick())
        batcher.remove(f"new{tick - 2}")
    gaps = "".join("x" if at else "." for at in served).split("x")
    assert max(map(len, gaps)) < 4


def test_a_removed_row_does_not_run_again() -> None:
    batcher = filled(4, a="s", b="s")
    assert batcher.remove("a")
    assert not batcher.remove("a")
    assert batcher.next_tick() == ("b",)
    assert ("a" in batcher, "b" in batcher, len(batcher)) == (False, True, 1)


def test_an_id_in_flight_is_refused() -> None:
    with pytest.raises(ValueError, match="in flight"):
        filled(4, a="s").add("a", bucket("p"))


def test_a_batch_width_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="one row"):
        Batcher(0)
