"""A running supervisor of trainings for its tests; its commands end at once or run for ever."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.domain import UserId
from bot.drawing.shelf import Shelf
from bot.drawing.signals import Signals
from bot.learning.runs import UNDER_WAY, LearningRun, RunStage, Workplace
from bot.learning.schooling import LEAST_JUDGEMENTS, Schooling
from bot.store.groundwork import Groundwork
from models.catalogue.registry import Registry
from tests.stages.factories import OTHER, make_reaction
from tests.stages.fake_engine import INFO
from tests.stages.stores import Stores, open_stores

#: Counts up in a file, a hundred times a second, until something stops it.
COUNTING = """
import sys, time, pathlib
for n in range(10**6):
    pathlib.Path(sys.argv[1]).write_text(str(n))
    print(f"step {n}", flush=True)
    time.sleep(0.01)
"""
#: Saves its state again and again, even after its folder has moved.
SAVING = """
import sys, time, pathlib
while True:
    pathlib.Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    time.sleep(0.001)
"""
#: Makes a candidate: a card that has passed the gate or not.
MAKING = """
import sys, pathlib
from tests.stages.cards import make_card, put_card
out = pathlib.Path(sys.argv[1])
put_card(out, make_card(sys.argv[2]), value=float(sys.argv[3]))
(out / sys.argv[2]).rename(out / "model")
"""
QUICK = ("-c", "print('done')")
FAILING = (
    "-c",
    (
        "print('python -m models prefer: there is one prompt, and a model learns from several.');"
        "raise SystemExit(2)"
    ),
)
BROKEN = ("-c", "print('step 7', flush=True); raise MemoryError")
ENDS = set(RunStage) - UNDER_WAY


@dataclass(frozen=True, kw_only=True)
class School:
    stores: Stores
    schooling: Schooling
    catalogue: Registry
    shelf: Shelf
    signals: Signals
    root: Path

    async def until(self, *stages: RunStage) -> LearningRun:
        async with asyncio.timeout(60):
            while (run := self.schooling.latest_run) is None or run.stage not in stages:
                await asyncio.sleep(0.02)
        return run

    async def wait_until_gone(self, run: LearningRun) -> None:
        """Wait until the run's workplace is deleted."""
        async with asyncio.timeout(60):
            while self.schooling.workplace_of(run).root.exists():
                await asyncio.sleep(0.02)

    async def is_counting(self) -> bool:
        """Whether the child process is counting."""
        file = self.root / "count"
        before = file.read_text() if file.exists() else ""
        await asyncio.sleep(0.3)
        return file.exists() and file.read_text() != before

    async def wait_until_counting(self, wanted: bool) -> None:  # noqa: FBT001  the state to wait for
        async with asyncio.timeout(60):
            while await self.is_counting() is not wanted:
                pass


def run_forever_in(
    stage: RunStage, root: Path
) -> Callable[[LearningRun, Workplace], Sequence[str]]:
    """Orders for a training in which this stage runs for ever and the others end at once."""

    def command(run: LearningRun, place: Workplace) -> Sequence[str]:
        place.manifest.mkdir(exist_ok=True)
        return ("-c", COUNTING, str(root / "count")) if run.stage is stage else QUICK

    return command


@asynccontextmanager
async def school(
    root: Path,
    orders: Callable[[LearningRun, Workplace], Sequence[str]],
    votes: int = LEAST_JUDGEMENTS,
    *,
    at_once: bool = False,
) -> AsyncIterator[School]:
    async with open_stores(root) as stores:
        pictures = await stores.rows("pictures")
        if votes and not pictures:
            await record_votes(stores, votes)
        catalogue, signals = Registry(root / "models"), Signals()
        shelf = Shelf(catalogue, {INFO.card_id: "embedded"})
        shelf.activate(INFO)
        schooling = Schooling(
            root=root / "learning", python=sys.executable, catalogue=catalogue, shelf=shelf,
            groundwork=Groundwork(stores.db), signals=signals.add_worker(), clock=lambda: 5,
            stage_command=orders,
        )  # fmt: skip
        running = asyncio.create_task(schooling.run())
        try:
            if not at_once:
                await asyncio.sleep(0)
            yield School(
                stores=stores, schooling=schooling, catalogue=catalogue, shelf=shelf,
                signals=signals, root=root,
            )  # fmt: skip
        finally:
            running.cancel()
            await asyncio.wait([running])
            if not running.cancelled():
                running.result()


async def record_votes(stores: Stores, votes: int) -> None:
    await stores.deliver(message=1)
    for voter in range(votes):
        await stores.votes.record(make_reaction(1, voter=UserId(OTHER + voter)))


def make_passing_candidate(run: LearningRun, place: Workplace) -> Sequence[str]:
    """Make at once a candidate that has passed the gate."""
    place.manifest.mkdir(exist_ok=True)
    return ("-c", MAKING, str(place.out), run.id, "1.0") if run.stage is RunStage.TRAIN else QUICK


def make_unjudged_candidate(run: LearningRun, place: Workplace) -> Sequence[str]:
    """Make a candidate without a verdict; the gate crashes as Python does, with exit code 1."""
    if run.stage is RunStage.JUDGE:
        return BROKEN
    code = (
        "from dataclasses import replace\nfrom models.catalogue import card as c\n"
        f"{MAKING}\np = out / 'model' / 'card.json'\nc.write(replace(c.read(p), verdict=None), p)"
    )
    command = ("-c", code, str(place.out), run.id, "1.0")
    return command if run.stage is RunStage.TRAIN else make_passing_candidate(run, place)
