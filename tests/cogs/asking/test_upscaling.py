"""*Upscale*: the same picture, larger, as a job like any other; or a friendly reason why not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import Job, JobId, JobState, Rating, RequestKind, Ruling, UserId
from bot.policy.asks import ask_again
from bot.store.curation import Curation
from bot.store.precedents import set_precedents
from cogs.components import panel_view, post_view
from tests.stages.factories import make_place, make_released
from tests.stages.front import Front, answer_to, custom_ids, front
from tests.stages.simulated import OWNER


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path, "cogs.posting.delivery", "cogs.posting.status") as ready:
        ready.use_model(replace(ready.services.model(), upscale_factor=4))
        yield ready


async def upscaled(desk: Front) -> tuple[Job, Job]:
    """A picture and the job that makes it larger."""
    job, message = await desk.post_picture()
    await desk.member.click(message, label="Upscale")
    return job, (await desk.jobs_of())[-1]


async def kind_of(desk: Front, job: Job) -> str:
    rows = await desk.services.queue._db.fetch_all(
        "SELECT kind FROM requests WHERE id = :id", {"id": job.request_id}
    )
    return rows[0]["kind"]


async def test_an_upscale_is_queued_as_its_own_kind_of_job_and_posted_larger(desk: Front) -> None:
    job, made = await upscaled(desk)
    assert await kind_of(desk, made) == RequestKind.UPSCALE
    assert made.draw == replace(
        job.draw, width_px=32, height_px=32, source=job.id, enlarged=True,
        model=desk.services.model().card_id,
    )  # fmt: skip
    assert made.draw.progress_steps == 1
    await desk.draw_jobs([made])
    await desk.run_rounds("Delivery")
    post = desk.channel.history()[-1]
    assert [file.filename for file in post.attachments] == [f"{made.id}.png"]
    assert "32x32 px" in post.content
    listed = answer_to(await desk.member.slash(desk.channel, "history")).content
    assert listed.count("32x32 px") == 1


async def test_every_picture_has_an_upscale_button_that_survives_a_restart(desk: Front) -> None:
    for view in (post_view(JobId("0000000001")), panel_view(JobId("0000000001"))):
        assert "wd:upscale:0000000001" in [item.custom_id for item in view.children]  # type: ignore[attr-defined]  buttons
    jobs = await desk.queue_jobs(count=4)
    await desk.draw_jobs(jobs)
    await desk.run_rounds("Delivery")
    await desk.restart()
    desk.use_model(replace(desk.services.model(), upscale_factor=4))
    menu = f"wd:which:{jobs[0].owed_post_id}"
    panel = answer_to(await desk.member.select(desk.channel.history()[-1], ["2"], custom_id=menu))
    await desk.member.click(panel.message, label="Upscale")
    assert (await desk.jobs_of())[-1].draw.source == jobs[1].id


async def test_a_picture_that_cannot_be_upscaled_gets_a_reason_and_no_job(desk: Front) -> None:
    job, message = await desk.post_picture()
    info = desk.services.model()
    words = {
        "no upscaler": replace(info, upscale_factor=1),
        "drawn by `": replace(info, card_id="another-1"),
    }
    for told, model in words.items():
        desk.use_model(model)
        who = desk.member
        assert told in answer_to(await who.click(message, label="Upscale")).content
    desk.use_model(info)
    await desk.member.click(message, label="Upscale")
    (_, made) = await desk.jobs_of()
    await desk.draw_jobs([made])
    await desk.run_rounds("Delivery")
    again = answer_to(await desk.member.click(desk.channel.history()[-1], label="Upscale")).content
    assert "as large as it gets: 32x32" in again
    assert [one.id for one in await desk.jobs_of()] == [job.id, made.id]


async def test_a_hidden_or_deleted_picture_is_not_upscaled(desk: Front) -> None:
    (job,) = await desk.queue_jobs()
    assert await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    await desk.keep_picture(job, make_released(job, rating=Rating.EXPLICIT))
    message = await desk.channel_of(job).send("a picture", view=post_view(job.id))
    assert "age-restricted" in answer_to(await desk.member.click(message, label="Upscale")).content
    await desk.services.gallery.delete(job.id, desk.services.clock())
    assert "deleted" in answer_to(await desk.member.click(message, label="Upscale")).content
    who = desk.newcomer()
    assert "icence" in answer_to(await who.click(message, label="Upscale")).content
    assert len(await desk.jobs_of()) == 1
    assert await desk.jobs_of(who) == []


async def test_a_private_picture_is_upscaled_in_private_and_only_for_its_member(
    desk: Front,
) -> None:
    result = await desk.member.slash(desk.channel, "waifu", prompt="1girl, secret", private=True)
    (job,) = await desk.jobs_of()
    await desk.draw_jobs([job])
    fetch = custom_ids(answer_to(result))[0]
    shown = answer_to(await desk.member.click(answer_to(result).message, custom_id=fetch)).message
    assert answer_to(await desk.member.click(shown, label="Upscale")).ephemeral
    _, made = await desk.jobs_of()
    assert made.draw.enlarged
    assert await desk.services.views.is_private(made.id)
    # Another member who knows its id.
    who = desk.newcomer()
    await desk.accept_licence(who)
    forged = await desk.channel_of(job).send("not mine", view=post_view(job.id))
    assert "can't find" in answer_to(await who.click(forged, label="Upscale")).content


async def test_an_upscale_survives_forgetting_its_source_and_can_be_cancelled(desk: Front) -> None:
    _, message = await desk.post_picture()
    who = desk.newcomer()
    await desk.accept_licence(who)
    asked = answer_to(await who.click(message, label="Upscale"))
    await desk.services.privacy.forget(UserId(desk.member.id))
    (theirs,) = await desk.jobs_of(who)
    assert (theirs.state, theirs.draw.source) == (JobState.QUEUED, "")
    await who.click(asked.message, label="Cancel")
    assert [one.state for one in await desk.jobs_of(who)] == [JobState.CANCELLED]


async def test_an_upscale_of_a_spoilered_picture_is_spoilered_too(desk: Front) -> None:
    job, message = await desk.post_picture()
    async with desk.services.queue._db.write() as tx:
        await set_precedents(tx, [job.id], Ruling.SPOILER)
    await desk.member.click(message, label="Upscale")
    assert (await desk.jobs_of())[-1].ruling.name == "SPOILER"


async def test_requests_from_an_upscaled_picture_are_drawn_and_not_upscaled(
    desk: Front,
) -> None:
    job, made = await upscaled(desk)
    await desk.draw_jobs([made])
    await desk.run_rounds("Delivery")
    post = desk.channel.history()[-1]
    await desk.member.click(post, label="Again")
    await desk.member.click(post, label="Reroll")
    await desk.member.click(post, label="Vary subtle")
    again, rerolled, varied = (await desk.jobs_of())[-3:]
    assert again.draw.seed == job.draw.seed
    assert varied.draw.source == made.id
    assert {one.draw.enlarged for one in (again, rerolled, varied)} == {None}
    assert (again.draw.source, rerolled.draw.source) == (None, None)
    alone = ask_again(
        info=desk.services.model(), user_id=job.user_id, place=make_place(), draw=made.draw,
        kind=RequestKind.VARY, parent_job_id=made.id, private=False,
    )  # fmt: skip
    assert alone.draw.source is None  # type: ignore[union-attr]  or it was refused


async def test_upscaled_pictures_are_excluded_from_the_training_data(desk: Front) -> None:
    job, made = await upscaled(desk)
    await desk.draw_jobs([made])
    for one in (job, made):
        await desk.services.queue._db.write_one(
            "INSERT INTO votes (job_id, voter_id, axis, value, self_vote, at_ms)"
            " VALUES (:job, 5, 'taste', 1, 0, 1)",
            {"job": one.id},
        )
    harvest = await Curation(desk.services.queue._db).read()
    assert [entry.picture.job_id for entry in harvest.entries] == [job.id]


async def test_an_upscale_shows_progress_in_percent_and_names_its_source(desk: Front) -> None:
    job, made = await upscaled(desk)
    status = desk.channel.history()[-1]
    assert await desk.services.queue.claim(OWNER, 600_000, desk.services.clock())
    desk.services.progress.record_start(made, desk.services.clock())
    await desk.env.advance_time(4)
    await desk.run_rounds("Status")
    told = next(m for m in desk.channel.history() if m.id == status.id).content
    assert "0% upscaled" in told
    assert "step" not in told
    await desk.keep_picture(made, make_released(made))
    await desk.run_rounds("Delivery")
    assert f"upscaled from `{job.id}` to 32x32 px" in desk.channel.history()[-1].content
