"""Training beside serving: it waits, pauses, resumes, dies with the bot, and says why not."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import UserId
from bot.learning import schooling as room
from bot.learning.runs import UNDER_WAY, LearningRun, RunStage, Workplace, stage_commands
from bot.learning.schooling import LEAST_JUDGEMENTS
from tests.stages.factories import OTHER, USER, make_reaction
from tests.stages.supervising import (
    COUNTING,
    ENDS,
    FAILING,
    MAKING,
    QUICK,
    SAVING,
    make_passing_candidate,
    run_forever_in,
    school,
)


@pytest.fixture(autouse=True)
def calm_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_CALM_S", 0.3)


async def test_training_pauses_while_a_request_waits_and_then_resumes(tmp_path: Path) -> None:
    async with school(tmp_path, run_forever_in(RunStage.TRAIN, tmp_path)) as s:
        assert (await s.schooling.start()).startswith("Training `fake-1-v2` from `fake-1`")
        await s.until(RunStage.TRAIN)
        await s.wait_until_counting(wanted=True)
        jobs = await s.stores.enqueue()
        s.signals.notify_queued()
        # It pauses within a second, a few looks, however busy the machine is.
        await asyncio.sleep(1)
        assert not await s.is_counting()
        assert s.schooling.is_waiting
        await s.stores.queue.cancel_job(jobs[0].id, 9)
        await s.wait_until_counting(wanted=True)
        assert s.schooling.last_line.startswith("step ")


async def test_training_begins_when_no_request_waits(tmp_path: Path) -> None:
    async with school(tmp_path, run_forever_in(RunStage.EXPORT, tmp_path)) as s:
        jobs = await s.stores.enqueue()
        await s.schooling.start()
        assert not await s.is_counting()
        assert s.schooling.is_waiting
        await s.stores.queue.cancel_job(jobs[0].id, 9)
        await s.wait_until_counting(wanted=True)


async def test_training_dies_with_the_bot_and_resumes_at_the_next_start(tmp_path: Path) -> None:
    orders = run_forever_in(RunStage.TRAIN, tmp_path)
    async with school(tmp_path, orders) as s:
        await s.schooling.start()
        await s.wait_until_counting(wanted=True)
    assert not await s.is_counting(), "it died"
    (tmp_path / "learning" / "fake-1-v2" / "candidate" / "states").mkdir(parents=True)
    async with school(tmp_path, orders) as s:
        run = await s.until(RunStage.TRAIN)
        assert "--resume" in stage_commands(None)(run, s.schooling.workplace_of(run))
        await s.wait_until_counting(wanted=True)


async def test_a_killed_bot_leaves_no_training_behind(tmp_path: Path) -> None:
    """The bot's end of the pipe closes with it, whatever killed it."""
    count = tmp_path / "count"
    code = (
        "import asyncio, os, sys\n"
        "from bot.learning.leashed import LeashedCommand\n"
        "async def main():\n"
        "    child = await LeashedCommand.start([sys.executable, '-c', sys.argv[1], sys.argv[2]])\n"
        "    while not child.last_line: await asyncio.sleep(0.05)\n"
        "    child.pause()\n"
        "    await asyncio.sleep(0.3)\n"
        "    child.resume()\n"
        "    await asyncio.sleep(0.3)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", code, COUNTING, str(count))
    assert await bot.wait() == -9
    async with asyncio.timeout(30):
        while True:
            before = count.read_text()
            await asyncio.sleep(0.3)
            if count.read_text() == before:
                break


@pytest.mark.parametrize(("value", "stage"), [(1.0, RunStage.PASSED), (0.1, RunStage.REFUSED)])
async def test_the_judged_candidate_is_in_the_catalogue_and_the_manifest_is_gone(
    tmp_path: Path, value: float, stage: RunStage
) -> None:
    def orders(run: LearningRun, place: Workplace) -> Sequence[str]:
        place.manifest.mkdir(exist_ok=True)
        if run.stage is RunStage.TRAIN:
            return ("-c", MAKING, str(place.out), run.id, str(value))
        return QUICK

    async with school(tmp_path, orders) as s:
        await s.schooling.start()
        run = await s.until(*ENDS)
        assert run.stage is stage, run.said
        assert s.catalogue.card(run.id).may_be_promoted is (stage is RunStage.PASSED)
        await s.wait_until_gone(run)
        again = await s.schooling.start()
        assert "`fake-1-v3`" in again


async def test_a_candidate_catalogued_before_a_kill_is_not_judged_again(tmp_path: Path) -> None:
    """The gate is not run again: nothing is left in the run's folder."""
    async with school(tmp_path, make_passing_candidate) as s:
        await s.schooling.start()
        run = await s.until(RunStage.PASSED)
        await s.wait_until_gone(run)
    file = tmp_path / "learning" / "run.json"
    file.write_text(file.read_text().replace('"passed"', '"judge"'))
    async with school(tmp_path, lambda *_: FAILING) as s:
        assert (await s.until(*ENDS)).stage is RunStage.PASSED
        assert s.catalogue.card(run.id).may_be_promoted


async def test_only_one_of_two_simultaneous_starts_begins(tmp_path: Path) -> None:
    async with school(tmp_path, run_forever_in(RunStage.EXPORT, tmp_path)) as s:
        first, second = await asyncio.gather(s.schooling.start(), s.schooling.start())
        assert first.startswith("Training `fake-1-v2`")
        assert "`fake-1-v2` is already training" in second
        await s.wait_until_counting(wanted=True)
        await s.schooling.stop()


async def test_forgetting_a_member_restarts_the_training_without_them(tmp_path: Path) -> None:
    async with school(tmp_path, run_forever_in(RunStage.TRAIN, tmp_path)) as s:
        await s.schooling.start()
        run = await s.until(RunStage.TRAIN)
        kept = s.schooling.workplace_of(run).manifest / "their.png"
        await s.wait_until_counting(wanted=True)
        kept.write_text("theirs")
        await s.stores.privacy.forget(UserId(USER))
        async with asyncio.timeout(30):
            while (found := s.schooling.latest_run) is None or found.restarts == 0:
                await asyncio.sleep(0.02)
        assert not kept.exists()
        assert found.forgotten == 1
        run = await s.until(RunStage.TRAIN)
        assert run.id == "fake-1-v2"


async def test_a_second_run_is_refused_and_the_first_can_be_stopped(tmp_path: Path) -> None:
    async with school(tmp_path, run_forever_in(RunStage.TRAIN, tmp_path)) as s:
        assert await s.schooling.stop() == "No training is running."
        await s.schooling.start()
        assert "is already training" in await s.schooling.start()
        await s.wait_until_counting(wanted=True)
        await s.schooling.stop()
        await s.wait_until_counting(wanted=False)
        run = await s.until(RunStage.STOPPED)
        await s.wait_until_gone(run)


async def test_a_run_started_right_after_a_stop_finds_no_old_files(
    tmp_path: Path,
) -> None:
    """The stopped command writes until it is ended, and the new run has the same id."""
    found: list[bool] = []

    def orders(run: LearningRun, place: Workplace) -> Sequence[str]:
        if run.stage is RunStage.EXPORT:
            found.append(place.states.exists())
        return ("-c", SAVING, str(place.states)) if run.stage is RunStage.TRAIN else QUICK

    async with school(tmp_path, orders) as s:
        await s.schooling.start()
        run = await s.until(RunStage.TRAIN)
        async with asyncio.timeout(30):
            while not s.schooling.workplace_of(run).states.exists():
                await asyncio.sleep(0.02)
        await s.schooling.stop()
        assert (await s.schooling.start()).startswith("Training `fake-1-v2`")
        await s.until(RunStage.TRAIN)
        assert found == [False, False]


@pytest.mark.parametrize(
    ("own", "others", "words"),
    [
        (0, 3, "So far there are 3 votes and choices"),
        (1, 0, "on their own pictures"),
        (0, 1, "1 vote or"),
    ],
)
async def test_a_start_with_too_few_votes_says_how_many_there_are(
    tmp_path: Path, own: int, others: int, words: str
) -> None:
    async with school(tmp_path, lambda *_: QUICK, votes=0) as s:
        await s.stores.deliver(message=1)
        for voter in (*[USER] * own, *range(OTHER, OTHER + others)):
            await s.stores.votes.record(make_reaction(1, voter=UserId(voter)))
        assert words in await s.schooling.start()
        assert s.schooling.latest_run is None
        assert others < LEAST_JUDGEMENTS


async def test_an_unreadable_run_file_counts_as_no_run(tmp_path: Path) -> None:
    (tmp_path / "learning").mkdir()
    (tmp_path / "learning" / "run.json").write_text('{"id": 3')
    async with school(tmp_path, lambda *_: QUICK, votes=0) as s:
        assert s.schooling.latest_run is None


def test_every_stage_calls_an_existing_command_with_valid_arguments() -> None:
    """Each command exists and accepts its arguments."""
    import argparse
    import importlib

    from bot.__main__ import COMMANDS as OF_THE_BOT
    from models.__main__ import COMMANDS as OF_THE_MODELS

    run = LearningRun(
        id="a-v2", base="a", place="embedded", stage=RunStage.EXPORT, begun_ms=1, forgotten=0
    )
    for stage in UNDER_WAY:
        orders = stage_commands("a-tagger", "its-MODEL")
        order = orders(replace(run, stage=stage), Workplace(root=Path("x")))
        _, room_, command, *rest = order
        assert ("a-tagger" in rest) is ("its-MODEL" in rest) is (stage is RunStage.JUDGE)
        table = OF_THE_BOT if room_ == "bot" else OF_THE_MODELS
        parser = argparse.ArgumentParser()
        importlib.import_module(table[command].module).add_arguments(parser)
        parser.parse_args(rest)


async def test_a_start_before_the_earlier_run_is_read_begins_no_second_one(
    tmp_path: Path,
) -> None:
    orders = run_forever_in(RunStage.TRAIN, tmp_path)
    async with school(tmp_path, orders) as s:
        await s.schooling.start()
        await s.until(RunStage.TRAIN)
    async with school(tmp_path, orders, at_once=True) as s:
        assert "is already training" in await s.schooling.start()
