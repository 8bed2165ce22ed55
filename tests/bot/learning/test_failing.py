"""A failed training is explained in words, and its result is kept while that is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import UserId
from bot.learning import schooling as room
from bot.learning.runs import LearningRun, RunStage, Workplace, why_failed
from tests.stages.factories import USER
from tests.stages.fake_engine import INFO
from tests.stages.supervising import ENDS, FAILING, MAKING, QUICK, make_unjudged_candidate, school


@pytest.fixture(autouse=True)
def calm_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_CALM_S", 0.3)


async def test_a_failed_command_is_reported_in_its_last_words(tmp_path: Path) -> None:
    def orders(run: LearningRun, _: Workplace) -> Sequence[str]:
        return FAILING if run.stage is RunStage.TRAIN else QUICK

    async with school(tmp_path, orders) as s:
        await s.schooling.start()
        run = await s.until(RunStage.FAILED)
        assert run.said == "There is one prompt, and a model learns from several."
        assert run.failed_in is None, "there is no result to keep"
        await s.wait_until_gone(run)


def test_the_minimum_of_judgements_is_the_trainings_own() -> None:
    from models.preference import refusals

    assert refusals.LEAST_JUDGEMENTS == room.LEAST_JUDGEMENTS


async def test_a_gate_that_crashes_fails_the_run_and_keeps_the_candidate(
    tmp_path: Path,
) -> None:
    async with school(tmp_path, make_unjudged_candidate) as s:
        await s.schooling.start()
        run = await s.until(*ENDS)
        assert (run.stage, run.failed_in) == (RunStage.FAILED, RunStage.JUDGE)
        assert run.said.startswith("It failed with exit code 1. Its last output: `MemoryError`.")
        assert "`/learn start` continues from there" in run.said
        assert s.schooling.workplace_of(run).model.is_dir()
        assert s.catalogue.ids() == []


async def test_a_run_kept_after_a_failed_gate_resumes_at_the_gate(tmp_path: Path) -> None:
    async with school(tmp_path, make_unjudged_candidate) as s:
        await s.schooling.start()
        await s.until(RunStage.FAILED)
    mended = (
        "import sys\nfrom pathlib import Path\nfrom models.catalogue import card as c\n"
        "from tests.stages.cards import with_verdict\np = Path(sys.argv[1]) / 'card.json'\n"
        "c.write(with_verdict(c.read(p)), p)"
    )

    def orders(run: LearningRun, place: Workplace) -> Sequence[str]:
        assert run.stage is RunStage.JUDGE, "no earlier stage is repeated"
        return ("-c", mended, str(place.model))

    async with school(tmp_path, orders) as s:
        assert (await s.schooling.start()).startswith(
            "Continuing `fake-1-v2` from where it failed."
        )
        run = await s.until(*ENDS)
        assert run.stage is RunStage.PASSED, run.said
        assert s.catalogue.card(run.id).may_be_promoted
        await s.wait_until_gone(run)


async def test_a_candidate_with_the_wrong_name_stays_out_of_the_catalogue(tmp_path: Path) -> None:
    def orders(run: LearningRun, place: Workplace) -> Sequence[str]:
        made = ("-c", MAKING, str(place.out), "other-v2", "1.0")
        return made if run.stage is RunStage.TRAIN else QUICK

    async with school(tmp_path, orders) as s:
        await s.schooling.start()
        run = await s.until(*ENDS)
        assert run.stage is RunStage.FAILED
        assert run.said == "The training wrote the card `other-v2` instead of the one I asked for."
        assert s.catalogue.ids() == []


async def test_a_start_that_fails_discards_nothing(tmp_path: Path) -> None:
    """The result kept for `fake-1` is there when `fake-1` serves again."""
    async with school(tmp_path, make_unjudged_candidate) as s:
        await s.schooling.start()
        run = await s.until(RunStage.FAILED)
        s.shelf.activate(replace(INFO, card_id="elsewhere"))
        assert "can't find the files of `elsewhere`" in await s.schooling.start()
        assert "`/learn start` continues from there" in s.schooling.last_line
        assert s.schooling.workplace_of(run).model.is_dir()
        s.shelf.activate(INFO)
        assert (await s.schooling.start()).startswith(
            "Continuing `fake-1-v2` from where it failed."
        )


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_kept_run_is_deleted_on_stop_or_when_a_member_is_forgotten(
    tmp_path: Path,
    forgotten: bool,  # noqa: FBT001  the parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "_IDLE_S", 0.1)
    async with school(tmp_path, make_unjudged_candidate) as s:
        await s.schooling.start()
        run = await s.until(RunStage.FAILED)
        if forgotten:
            await s.stores.privacy.forget(UserId(USER))
        else:
            assert "Stopped training" in await s.schooling.stop()
        await s.wait_until_gone(run)
        after = s.schooling.latest_run
        assert after is not None
        assert not after.needs_workplace
        assert await s.schooling.stop() == "No training is running."


async def test_a_training_that_finished_before_a_kill_is_not_repeated(tmp_path: Path) -> None:
    """`prefer` refuses a folder with a candidate in it, so the run would have failed."""
    async with school(tmp_path, make_unjudged_candidate) as s:
        await s.schooling.start()
        await s.until(RunStage.FAILED)
    file = tmp_path / "learning" / "run.json"
    found = file.read_text().replace('"failed_in": "judge"', '"failed_in": null')
    file.write_text(found.replace('"stage": "failed"', '"stage": "train"'))

    def orders(run: LearningRun, place: Workplace) -> Sequence[str]:
        assert run.stage is RunStage.JUDGE
        return make_unjudged_candidate(run, place)

    async with school(tmp_path, orders) as s:
        assert (await s.until(RunStage.FAILED)).failed_in is RunStage.JUDGE


async def test_a_start_removes_what_a_kill_left_of_a_finished_run(tmp_path: Path) -> None:
    left = tmp_path / "learning" / "fake-1-v9" / "manifest"
    left.mkdir(parents=True)
    (left / "their.png").write_text("theirs")
    async with school(tmp_path, lambda *_: QUICK, votes=0):
        async with asyncio.timeout(30):
            while left.parent.exists():
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (2, "python -m models gate: a file is gone.", "A file is gone."),
        (2, "error: there is no database", "There is no database"),
        (137, "step 7 of 9", "for lack of memory. Its last output: `step 7 of 9`."),
        (1, "", "It failed with exit code 1. Its last output: `-`."),
    ],
)
def test_a_failure_is_explained_in_words(code: int, said: str, expected: str) -> None:
    assert why_failed(code, said).endswith(expected)
