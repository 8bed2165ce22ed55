"""A likely typo in an otherwise known prompt: drawn as typed, and corrected with one press."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from simcord.results import ResponseMessage

from bot.domain import JobId, JobState
from bot.store.caps import Caps
from models.catalogue.registry import EMBEDDED
from models.catalogue.tags import files
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, custom_ids, front

KNOWING = replace(INFO, tags_file=EMBEDDED / files.FILE_NAME)
SLIP, MEANT = "1girl, brwn hair", "1girl, brown hair"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        ready.use_model(KNOWING)
        await ready.bot.services.glossaries.of(KNOWING)
        yield ready


def instead_of(answer: ResponseMessage) -> str:
    (button,) = [one for one in custom_ids(answer) if one.startswith("wd:meantinstead:")]
    return button


async def states(desk: Front) -> list[tuple[str, JobState]]:
    return [(job.draw.prompt, job.state) for job in await desk.jobs_of()]


@pytest.mark.parametrize("private", [False, True])
async def test_a_press_draws_the_correction_instead_after_a_restart(
    desk: Front,
    private: bool,  # noqa: FBT001  what is varied
) -> None:
    answer = await desk.ask(prompt=SLIP, seed=5, steps=4, count=2, private=private)
    assert answer.ephemeral is private
    assert await states(desk) == [(SLIP, JobState.QUEUED)] * 2, "it is queued as typed"
    await desk.restart()
    desk.use_model(KNOWING)
    pressed = await desk.member.click(answer.message, custom_id=instead_of(answer))
    assert await states(desk) == [(SLIP, JobState.CANCELLED)] * 2 + [(MEANT, JobState.QUEUED)] * 2
    old, _, new, _ = await desk.jobs_of()
    assert replace(old.draw, prompt=MEANT) == new.draw, "nothing but the prompt changed"
    assert await desk.services.views.is_private(new.id) is private
    assert "request with the typo is cancelled" in answer_to(pressed).content
    assert answer_to(pressed).ephemeral
    assert pressed.response is not None
    assert not [one for one in custom_ids(pressed.response) if "meantinstead" in one]


async def test_a_request_without_a_likely_typo_has_no_such_button(desk: Front) -> None:
    for prompt in (MEANT, "1girl, sushi"):
        assert [one.split(":")[1] for one in custom_ids(await desk.ask(prompt=prompt))] == [
            "cancel"
        ]


async def test_a_correction_that_this_place_refuses_is_not_offered(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy block", term="brown hair")
    answer = await desk.ask(prompt=SLIP)
    assert [one.split(":")[1] for one in custom_ids(answer)] == ["cancel"]


async def test_only_the_requester_may_correct_a_request(desk: Front) -> None:
    answer = await desk.ask(prompt=SLIP)
    stranger = desk.newcomer()
    await desk.accept_licence(stranger)
    pressed = answer_to(await stranger.click(answer.message, custom_id=instead_of(answer)))
    assert "Only the person who requested this" in pressed.content
    assert await states(desk) == [(SLIP, JobState.QUEUED)]
    assert not await desk.jobs_of(stranger)


async def test_a_refused_correction_leaves_the_request_in_the_queue(desk: Front) -> None:
    answer = await desk.ask(prompt=SLIP)
    desk.bot.services = replace(desk.bot.services, caps=Caps(per_user=0, per_guild=4))
    pressed = answer_to(await desk.member.click(answer.message, custom_id=instead_of(answer)))
    assert MEANT in pressed.content.split("```")[1], "the corrected words come back"
    assert await states(desk) == [(SLIP, JobState.QUEUED)]


async def test_a_correction_that_was_drawn_before_comes_instead_all_the_same(desk: Front) -> None:
    # A private one is found without a post.
    await desk.ask(prompt=MEANT, seed=5, private=True)
    await desk.draw_jobs(await desk.jobs_of())
    existing = await desk.ask(prompt=MEANT, seed=5, private=True)
    assert any(one.startswith("wd:drawanyway:") for one in custom_ids(existing))
    answer = await desk.ask(prompt=SLIP, seed=5, private=True)
    await desk.member.click(answer.message, custom_id=instead_of(answer))
    assert await states(desk) == [
        (MEANT, JobState.DELIVERED), (SLIP, JobState.CANCELLED), (MEANT, JobState.QUEUED),
    ]  # fmt: skip


async def test_the_worker_drops_what_is_cancelled_and_no_more(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await desk.ask(prompt=SLIP, count=2)
    drawn, job = await desk.jobs_of()
    await desk.draw_jobs([drawn])
    told: list[JobId] = []
    monkeypatch.setattr(desk.services.signals, "notify_cancelled", told.extend)
    await desk.member.click(answer.message, custom_id=instead_of(answer))
    assert told == [job.id]


async def test_a_second_press_draws_nothing_more(desk: Front) -> None:
    answer = await desk.ask(prompt=SLIP)
    await desk.member.click(answer.message, custom_id=instead_of(answer))
    pressed = await desk.member.click(answer.message, custom_id=instead_of(answer))
    assert "nothing left to correct" in answer_to(pressed).content
    assert len(await desk.jobs_of()) == 2


async def test_pictures_that_are_drawn_already_stay(desk: Front) -> None:
    answer = await desk.ask(prompt=SLIP, count=2)
    drawn, _ = await desk.jobs_of()
    await desk.draw_jobs([drawn])
    await desk.member.click(answer.message, custom_id=instead_of(answer))
    assert [state for _, state in await states(desk)] == [
        JobState.RENDERED, JobState.CANCELLED, JobState.QUEUED, JobState.QUEUED,
    ]  # fmt: skip
