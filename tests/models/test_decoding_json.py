"""`read_json` reads what `json_of` writes and refuses anything that it does not understand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NewType

import pytest

from models.decoding import json_of, read_json

PenId = NewType("PenId", int)


class Ink(IntEnum):
    #: It fades.
    PALE = 0
    #: It stays.
    DEEP = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    ink: Ink = Ink.PALE
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    owner: int
    pens: Mapping[PenId, Pen] = field(default_factory=dict[PenId, Pen])
    spare: tuple[Pen, ...] = ()
    lent: frozenset[PenId] = frozenset()
    lamp: bool | None = None
    #: Computed, never written.
    memo: dict[int, object] = field(
        default_factory=dict[int, object], init=False, repr=False, compare=False
    )


FULL = Desk(
    owner=1 << 60,
    pens={PenId(1 << 61): Pen(ink=Ink.DEEP, notes=("a", "ü"))},
    spare=(Pen(), Pen(ink=Ink.DEEP)),
    lent=frozenset({PenId(3), PenId(4)}),
    lamp=False,
)


@pytest.mark.parametrize("desk", [Desk(owner=5), FULL])
def test_written_json_reads_back_the_same(desk: Desk) -> None:
    desk.memo[1] = object()
    text = json_of(desk)
    assert set(json.loads(text)) == {"owner", "pens", "spare", "lent", "lamp"}
    assert read_json(Desk, text) == desk


def test_known_values_override_the_json() -> None:
    assert read_json(Desk, '{"lamp": true}', owner=7) == Desk(owner=7, lamp=True)
    assert read_json(Desk, json_of(FULL), owner=7).owner == 7


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", '"x"', '{"owner": "me"}', '{"owner": 1, "colour": 1}',
        '{"owner": 1, "pens": {"a": {}}}', '{"owner": 1, "pens": {"1": {"nib": 1}}}',
        '{"owner": 1, "pens": {"1": {"ink": 2}}}', '{"owner": 1, "spare": [{}, {"nib": 1}]}',
        '{"owner": 1, "memo": {"1": 2}}', '{"lamp": true}',
    ],
)  # fmt: skip
def test_json_that_is_not_fully_understood_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  any message will do
        read_json(Desk, text)


#: Threads decode the same new classes at once, and switch as often as possible.
_MEETING = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import make_dataclass
from threading import Barrier
from models.decoding import read_json

sys.setswitchinterval(1e-6)
inside = {f"field{i}": i for i in range(12)}
text = json.dumps({"one": inside, "two": inside})
meet = Barrier(4)

def read(kind):
    meet.wait()
    return read_json(kind, text)

with ThreadPoolExecutor(4) as threads:
    for i in range(200):
        inner = make_dataclass(f"Inner{i}", [(name, int) for name in inside])
        outer = make_dataclass(f"Outer{i}", [("one", inner), ("two", inner)])
        for made in threads.map(read, [outer] * 4):
            assert made == outer(inner(**inside), inner(**inside))
"""


def test_threads_can_decode_a_new_class_at_the_same_time() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MEETING], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
