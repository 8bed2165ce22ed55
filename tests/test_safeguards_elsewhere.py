"""The safeguards of policy, engine, checkpoints and loop are switched off, and their tests fail.

Those of the stores are in `tests/test_safeguards.py`, the table in `docs/notes/proof.md`.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from bot.domain import Admitted, RefusalReason, Refused
from bot.policy import decide, layers
from bot.policy.effect import Effect
from bot.policy.layers import Overrides, effective
from bot.store.picture_files import PictureFiles
from models.contract import EngineError
from models.engine.slots import SlotEngine, open_engine
from tests.bot.policy import test_decide, test_release
from tests.models.engine import test_slots
from tests.stages.factories import make_place
from tests.stages.law import make_guild
from tests.stages.policies import BOOK, FLOOR, LAWFUL, NEVER, OPEN
from tests.stages.stores import open_stores
from tests.stages.tiny_models import tiny_folder

__all__ = ["tiny_folder"]

#: The number of attempts that a safeguard may have no effect on before the test fails.
MOST = 20


def verdict_on(*found: Any) -> Admitted | Refused:
    return test_decide.verdict_of(*found)


def test_without_the_join_a_mild_finding_hides_the_floors(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(seed: int) -> bool:
        found = random.Random(seed).sample([NEVER, OPEN, LAWFUL], 2)
        return NEVER in found and not (
            isinstance(verdict := verdict_on(*found), Refused)
            and verdict.reason is RefusalReason.FLOOR
        )

    assert not any(broken(seed) for seed in range(MOST))

    def mildest(effects: Iterable[Effect]) -> Effect:
        return min(effects, key=lambda effect: effect.ruling, default=Effect())

    monkeypatch.setattr(decide, "join", mildest)
    assert first_broken(broken) == 5


def test_without_the_floor_a_server_gets_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def below(_seed: int) -> bool:
        milder = make_guild(rules=Overrides(effects={NEVER: Effect()}))
        return not effective(BOOK, milder, make_place()).lines[NEVER].effect >= FLOOR

    assert not below(0)
    monkeypatch.setattr(layers, "floor_effect", lambda _rule: Effect())
    assert first_broken(below) == 1


def test_without_its_boundary_a_policy_error_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_decide, "admit", decide._admit)
    with pytest.raises(AssertionError):
        test_decide.test_an_internal_error_is_a_refusal(monkeypatch)
    monkeypatch.undo()
    monkeypatch.setattr(test_release, "release", decide._release)
    with pytest.raises(RuntimeError):
        test_release.test_an_internal_error_withholds_in_every_place(
            test_release.ORDINARY, monkeypatch
        )


@pytest.fixture
def engine(tiny_folder: Path) -> Iterator[SlotEngine]:
    opened = open_engine(str(tiny_folder), device="cpu", threads=1, capacity=6)
    yield opened
    opened.close()


def test_with_one_generator_for_all_rows_a_picture_depends_on_its_neighbours(
    engine: SlotEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = torch.Generator("cpu").manual_seed(0)

    class Shared:
        def __init__(self, _device: str) -> None:
            """The same generator serves everybody."""

        def manual_seed(self, _seed: int) -> torch.Generator:
            return one

    monkeypatch.setattr(torch, "Generator", Shared)
    with pytest.raises(AssertionError):
        test_slots.test_a_batched_row_equals_a_solo_run(engine, test_slots.MIXED[0])


class Evil:
    """What a pickle can do to whoever opens it."""

    where = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (self.where,))


def test_without_weights_only_a_checkpoint_can_run_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.checkpoint.files import read

    bomb, ran = tmp_path / "bomb.ckpt", tmp_path / "ran"
    evil = Evil()
    evil.where = str(ran)
    bomb.write_bytes(pickle.dumps(evil))
    with pytest.raises(EngineError):
        read(bomb)
    assert not ran.exists()
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda path, **_: load(path, weights_only=False))
    with pytest.raises(EngineError):
        read(bomb)
    assert ran.exists()


async def test_without_worker_threads_files_are_written_by_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    write = PictureFiles.write

    def noted(self: PictureFiles, sha256: str, data: bytes) -> None:
        threads.append(threading.get_ident())
        write(self, sha256, data)

    async def inline(work: Callable[..., object], *rest: object) -> object:
        return work(*rest)

    monkeypatch.setattr(PictureFiles, "write", noted)
    async with open_stores(tmp_path) as stores:
        await stores.draw()
        monkeypatch.setattr(asyncio, "to_thread", inline)
        await stores.draw(seed=8)
    aside, by_the_loop = threads
    assert aside != threading.get_ident()
    assert by_the_loop == threading.get_ident()


def first_broken(broken: Callable[[int], bool]) -> int:
    """The number of seeds until the first that breaks."""
    return next(seed + 1 for seed in range(MOST) if broken(seed))
