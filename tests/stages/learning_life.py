"""The whole life of a learning model, repeated with a kill at a different boundary each time.

The bot exports a member's votes, trains a candidate, judges it, tries it blind, promotes it and
rolls it back, all with its own stores, worker and supervisor, a fake engine, and instant commands
(`standin.py`). After a kill the bot starts again, and its owner checks how far things are and does
the rest. `tests/test_crash.py` kills at one boundary of each chapter, `tests/bench/kills.py` at
every one.

`python -m tests.stages.learning_life SCRATCH [SAMPLE]` forks a process for each life, so that
nothing is imported twice, and prints each life as a line of JSON. `SAMPLE` is the number of
boundaries in each chapter at which it kills; the default is all.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from bot import rulebooks
from bot.ballot import Choice
from bot.domain import Admitted, Request, UserId
from bot.drawing.handle import LocalThread
from bot.drawing.progress import ProgressBoard
from bot.drawing.roster import Roster
from bot.drawing.shelf import Shelf
from bot.drawing.signals import Signals
from bot.drawing.worker import Worker, WorkerLimits
from bot.learning import schooling
from bot.learning.desk import LearningDesk, build_desk
from bot.learning.runs import UNDER_WAY, LearningRun, RunStage, Workplace
from bot.learning.schooling import LEAST_JUDGEMENTS, Schooling
from bot.learning.starting import load_active
from bot.policy.layers import ground_of, rules_of_licence
from bot.policy.rulebook import Rulebook
from bot.store.consent import Consent
from bot.store.groundwork import Groundwork
from bot.store.licence_texts import LicenceTexts
from bot.store.lineage import Lineage, LineageAction
from bot.store.trials import Trial
from bot.store.trust import Trust
from models.catalogue import card as cards
from models.catalogue.registry import Registry
from tests.stages import standin
from tests.stages.boundaries import watch_database, watch_files
from tests.stages.cards import make_card, put_card
from tests.stages.factories import OTHER, SINCE, USER, make_admitted, make_ask, make_reaction
from tests.stages.fake_engine import INFO, FakeScorer
from tests.stages.stores import AMPLE, Stores, open_stores
from tests.stages.studio import another_engine
from tests.stages.trying_out import make_trial

NEXT = f"{INFO.card_id}-v2"
#: The number of chapters: the stages of the training, and the owner's actions around them.
CHAPTERS = 7
#: Duels after which the blind test is over.
_DUELS = 2
#: How many times as fast as the wall clock the bot's clock runs, so that pauses end soon.
_HASTE = 200
_PATIENCE_S = 120
#: The number of starts in one life, which has one kill.
_STARTS = 2


@dataclass(kw_only=True)
class LearningLife:
    """The result of one life: the boundary of the kill, and every broken promise."""

    kill_at: int
    boundaries: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def kill_site(self) -> str:
        """The name of the boundary at which the process was killed."""
        is_known = 0 < self.kill_at <= len(self.boundaries)
        return self.boundaries[self.kill_at - 1] if is_known else "nowhere"


@dataclass(frozen=True, kw_only=True)
class Bot:
    """One process of the bot."""

    stores: Stores
    desk: LearningDesk
    shelf: Shelf
    signals: Signals

    async def until(self, condition: Callable[[], Awaitable[object]]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not await condition():
                await asyncio.sleep(0.005)

    async def is_drawn(self) -> bool:
        """Whether every job has been drawn."""
        waiting = "SELECT 1 FROM jobs WHERE state IN ('queued', 'running')"
        return await self.stores.db.fetch_one(waiting) is None

    async def ask(self) -> tuple[Request, Admitted]:
        """Ask, as a member, for a picture of the model in use; do not wait for it."""
        ask = make_ask("1girl")
        draw = replace(ask.draw, steps=2, model=self.shelf.active.card_id)
        admitted = make_admitted(replace(ask, draw=draw))
        made = await self.stores.queue.enqueue(admitted, AMPLE, _now_ms(), since_id=SINCE)
        assert isinstance(made, Request)
        self.signals.notify_queued()
        return made, admitted


@cache
def _rules() -> Rulebook:
    """The rulebook, compiled once, before the first fork, for all lives."""
    rules = rulebooks.load()
    ground_of(rules, rules_of_licence(rules, INFO))
    return rules


def _now_ms() -> int:
    return round(1000 * _HASTE * time.monotonic())


@asynccontextmanager
async def run_bot(root: Path) -> AsyncIterator[Bot]:
    """Run a bot on this data directory, built like the real one, but without Discord."""
    data = root / "data"
    async with open_stores(data, lambda _: None) as stores:
        catalogue, signals = Registry(data / "models"), Signals()
        shelf = Shelf(catalogue)
        handle = LocalThread(
            "", lambda model: another_engine(Path(model).name), lambda _: FakeScorer()
        )
        await load_active(
            handle, lineage=Lineage(stores.db), catalogue=catalogue, shelf=shelf,
            named=INFO.card_id, now_ms=1,
        )  # fmt: skip
        worker = Worker(
            process=f"w{os.getpid()}", handle=handle, roster=Roster([handle]), shelf=shelf,
            jobs=stores.queue, gallery=stores.gallery, rulebook=_rules(), signals=signals,
            progress=ProgressBoard(),
            limits=WorkerLimits(
                lease_ms=60_000, max_attempts=9, preview_every=0, grace_ms=0, patience_ms=0
            ),
            clock=_now_ms, tell=lambda _: None,
        )  # fmt: skip
        desk = build_desk(
            stores.db, data_dir=data, licences=LicenceTexts(data / "licences"), catalogue=catalogue,
            shelf=shelf, signals=signals, swap=worker.swap, clock=_now_ms,
        )  # fmt: skip
        school = Schooling(
            root=data / "learning", python=sys.executable, catalogue=catalogue, shelf=shelf,
            groundwork=Groundwork(stores.db), signals=signals.add_worker(), clock=_now_ms,
            stage_command=_orders(root / "prepared"),
        )  # fmt: skip
        tasks = [asyncio.create_task(work) for work in (worker.run(), school.run())]
        while not school._has_loaded:
            await asyncio.sleep(0)
        try:
            yield Bot(
                stores=stores, desk=replace(desk, schooling=school), shelf=shelf, signals=signals
            )
        finally:
            worker.stop()
            await tasks[0]
            tasks[1].cancel()
            await asyncio.wait(tasks)
            await handle.close()


def _orders(prepared: Path) -> Callable[[LearningRun, Workplace], Sequence[str]]:
    def command(run: LearningRun, place: Workplace) -> Sequence[str]:
        return ("-m", "tests.stages.standin", run.stage.value, str(place.root), str(prepared))

    return command


class Owner:
    """The bot's owner, who repeats each chapter after a kill and finishes what is left."""

    def __init__(self, here: Bot) -> None:
        self._here = here
        self._desk = here.desk
        self.chapter = "start"

    @property
    def where(self) -> str:
        """The current stage of the training, or chapter."""
        run = self._desk.schooling.latest_run
        return run.stage if run is not None and run.stage in UNDER_WAY else self.chapter

    async def live(self) -> None:
        """Live the whole life from the current chapter on."""
        for chapter in (self._learn, self._try, self._promote, self._roll_back):
            self.chapter = chapter.__name__.strip("_")
            await chapter()

    async def _learn(self) -> None:
        async def has_passed() -> bool:
            run = self._desk.schooling.latest_run
            if run is None:
                await self._desk.schooling.start()
                return False
            assert run.stage is not RunStage.FAILED, run.said
            return run.stage is RunStage.PASSED

        await self._here.until(has_passed)

    async def _try(self) -> None:
        trials = self._desk.trials
        if not await trials.history():
            trial = replace(make_trial(most=_DUELS), candidate=NEXT, parent=INFO.card_id)
            assert isinstance(await trials.begin(trial), Trial)
        await self._desk.shadow.poll()
        while await trials.running_trial() is not None:
            await self._here.until(self._here.is_drawn)
            open_duels = await self._here.stores.duels.unposted_duels(9)
            if not open_duels and not await trials.drawn_pairs():
                request, admitted = await self._here.ask()
                await self._desk.shadow.enter_request(request, admitted)
            await self._here.until(self._here.is_drawn)
            await self._desk.shadow.poll()
            for duel in await self._here.stores.duels.unposted_duels(9):
                await self._here.stores.duels.vote(duel.id, OTHER, Choice.LEFT, _now_ms())
            await self._desk.shadow.poll()

    async def _promote(self) -> None:
        if await self._last_deed() is LineageAction.BEGIN:
            await self._here.ask()
            answer = await self._desk.promotion.promote(NEXT, by_id=USER, why="a test")
            assert answer.startswith(f"`{NEXT}` is now in use."), answer

    async def _roll_back(self) -> None:
        if await self._last_deed() is LineageAction.PROMOTE:
            await self._here.ask()
            await self._here.until(self._here.is_drawn)
            answer = await self._desk.promotion.rollback(by_id=USER, why="a test")
            assert answer.startswith(f"`{INFO.card_id}` is in use again"), answer
        await self._here.until(self._here.is_drawn)

    async def _last_deed(self) -> LineageAction:
        return (await self._desk.lineage.history())[-1].action


async def _live_on(root: Path) -> None:
    async with run_bot(root) as here:
        history = await here.desk.lineage.history()
        assert here.shelf.active.card_id == history[-1].card_id, (
            "the latest row names the model in use"
        )
        for reign in history[1:]:
            if reign.action is LineageAction.PROMOTE:
                assert here.desk.catalogue.card(reign.card_id).may_be_promoted
        owner = Owner(here)
        watch_database(lambda name: standin.record_boundary(f"{owner.where}: {name}"))
        watch_files(lambda name: standin.record_boundary(f"{owner.where}: {name}"), root / "data")
        await owner.live()


async def _faults(root: Path) -> list[str]:
    """Start the bot once more; return the broken promises."""
    async with run_bot(root) as here:
        history = await here.desk.lineage.history()
        (trial, *more) = await here.desk.trials.history()
        steps = await here.desk.trials.steps(trial.id)
        duels, jobs = await here.stores.rows("duels"), await here.stores.rows("jobs")
        drawn = {row["job_id"]: row["card_id"] for row in await here.stores.rows("pictures")}
        asked = {row["id"]: json.loads(str(row["draw"])).get("model") for row in jobs}
        catalogue = here.desk.catalogue
        left = [path.name for path in (root / "data" / "learning").iterdir()]
        found = {
            "the lineage": [reign.action for reign in history] != list(LineageAction),
            "what serves": here.shelf.active.card_id != INFO.card_id,
            "trials": bool(more) or len(steps) != _DUELS or trial.outcome is None,
            "duels": any(duel["closed_ms"] is None for duel in duels) or len(duels) < _DUELS,
            "pictures of other cards": any(
                asked[job] not in (card, None) for job, card in drawn.items()
            ),
            "jobs": any(row["id"] not in drawn for row in jobs),
            "the catalogue": catalogue.ids() != [NEXT] or not catalogue.card(NEXT).may_be_promoted,
            "votes": len(await here.stores.rows("votes")) != LEAST_JUDGEMENTS,
            "files of the training": left != ["run.json"],
        }
    return [name for name, wrong in found.items() if wrong]


async def _prepare(root: Path) -> None:
    """Prepare the beginning of every life: votes, a candidate to train, an accepted licence."""
    card = put_card(root, make_card(NEXT, parent=INFO.card_id))
    folder = (root / NEXT).rename(root / "prepared")
    (folder / cards.FILE_NAME).rename(folder / "passed.json")
    cards.write(replace(card, verdict=None), folder / cards.FILE_NAME)
    (root / "data").mkdir(parents=True)
    async with open_stores(root / "data", lambda _: None) as stores:
        await stores.deliver(message=1)
        for voter in range(LEAST_JUDGEMENTS):
            await stores.votes.record(make_reaction(1, voter=UserId(OTHER + voter)))
        await Consent(stores.db).accept(USER, card.licence.sha256, NEXT, 1)


def _run_forked(work: Callable[[], Any], fault_file: Path) -> int:
    """Run `work` in a fork, which writes its faults to `fault_file`; return the wait status."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    os.environ["VICTIM"] = str(os.getpid())
    try:
        faults = asyncio.run(work())
        fault_file.write_text(json.dumps(faults or []))
    except BaseException:  # noqa: BLE001  reported to the parent
        fault_file.write_text(json.dumps([traceback.format_exc()]))
    os._exit(0)


def live_once(scratch: Path, kill_at: int) -> LearningLife:
    """Live one complete life, with a kill at this boundary (0: none)."""
    root, fault_file = scratch / f"life-{kill_at}", scratch / "told.json"
    shutil.copytree(scratch / "begin", root)
    trace = root / "boundaries"
    trace.touch()
    os.environ |= {"BOUNDARIES": str(trace), "KILL_AT": str(kill_at)}
    for _ in range(_STARTS):
        fault_file.unlink(missing_ok=True)
        status = _run_forked(lambda: _live_on(root), fault_file)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            break
    faults = json.loads(fault_file.read_text())
    if not faults:
        _run_forked(lambda: _faults(root), fault_file)
        faults = json.loads(fault_file.read_text())
    passed = trace.read_text().splitlines()
    shutil.rmtree(root)
    return LearningLife(kill_at=kill_at, boundaries=passed, faults=faults)


async def walk_learning(scratch: Path, sample: int | None) -> list[LearningLife]:
    """Live once without a kill, then once for each boundary, or for `sample` in each chapter."""
    walker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.stages.learning_life", str(scratch),
        *([] if sample is None else [str(sample)]),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await walker.communicate()
    assert walker.returncode == 0, "the child process failed"
    return [LearningLife(**json.loads(line)) for line in output.splitlines()]


def _chosen_boundaries(boundaries: Sequence[str], sample: int | None) -> Iterator[int]:
    """The numbers of all boundaries, or of `sample` in each chapter, evenly spread."""
    chapters: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(boundaries, 1):
        chapters[name.partition(":")[0]].append(number)
    for numbers in chapters.values():
        few = len(numbers) if sample is None else min(sample, len(numbers))
        yield from (numbers[(2 * i + 1) * len(numbers) // (2 * few)] for i in range(few))


def main(scratch: Path, sample: int | None) -> None:
    """Live without a kill, then once for each chosen boundary of that life."""
    schooling._CALM_S, schooling._POLL_S = 0.02, 0.01

    async def trust_one_voter(_self: Trust, _guild: int, _now_ms: int) -> dict[UserId, float]:
        return {OTHER: 1.0}

    Trust.weights = trust_one_voter
    _run_forked(lambda: _prepare(scratch / "begin"), scratch / "told.json")
    _rules()
    # Keep these objects out of the garbage collector of every life.
    gc.collect()
    gc.freeze()
    whole = live_once(scratch, 0)
    print(json.dumps(asdict(whole)), flush=True)
    for number in _chosen_boundaries(whole.boundaries, sample):
        print(json.dumps(asdict(live_once(scratch, number))), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
