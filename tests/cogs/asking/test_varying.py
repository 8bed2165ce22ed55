"""*Vary subtle*, *Vary strong*, *Reroll* and *Post alone*, for pictures that the member may see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest

from bot.domain import Job, JobId, JobState, Rating, UserId
from bot.store.gallery import PostDebt
from tests.stages.factories import make_released
from tests.stages.front import Front, answer_to, form_values, front
from tests.stages.simulated import OWNER


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    more = ("cogs.posting.delivery", "cogs.posting.status", "cogs.voting.picking")
    async with front(tmp_path, *more) as ready:
        yield ready


async def grid(desk: Front) -> tuple[list[Job], discord.Message]:
    jobs = await desk.queue_jobs(count=4)
    await desk.draw_jobs(jobs)
    await desk.run_rounds("Delivery")
    return jobs, desk.channel.history()[-1]


@pytest.mark.parametrize(("label", "strength"), [("Vary subtle", 0.4), ("Vary strong", 0.7)])
async def test_a_variation_request_names_its_source_and_strength(
    desk: Front, label: str, strength: float
) -> None:
    job, message = await desk.post_picture(seed=7)
    await desk.member.click(message, label=label)
    made = (await desk.jobs_of())[-1]
    assert (made.draw.source, made.draw.strength) == (job.id, strength)
    assert made.draw.prompt == job.draw.prompt
    assert made.draw.seed != job.draw.seed
    again = made.request()
    assert again.draw == made.draw


@pytest.mark.parametrize("label", ["Vary subtle", "Vary strong"])
async def test_the_post_of_a_variation_names_its_source(desk: Front, label: str) -> None:
    job, message = await desk.post_picture()
    await desk.member.click(message, label=label)
    made = (await desk.jobs_of())[-1]
    await desk.draw_jobs([made])
    await desk.run_rounds("Delivery")
    content = desk.channel.history()[-1].content
    kind = label.removeprefix("Vary ")
    assert content.endswith(f" · {kind} variation of `{job.id}` · `{made.id}`")


async def test_several_variations_name_their_source_and_strength(desk: Front) -> None:
    job, _ = await desk.post_picture()
    await desk.ask(prompt=f"1girl --source {job.id} --strength 0.55 --n 2")
    jobs = (await desk.jobs_of())[-2:]
    await desk.draw_jobs(jobs)
    await desk.run_rounds("Delivery")
    content = desk.channel.history()[-1].content
    assert content.endswith(f" · variation of `{job.id}`, strength 0.55 · `{jobs[0].owed_post_id}`")


async def test_a_member_without_the_licence_cannot_vary_a_picture(desk: Front) -> None:
    _, message = await desk.post_picture()
    who = desk.newcomer()
    assert "icence" in answer_to(await who.click(message, label="Vary subtle")).content
    assert await desk.jobs_of(who) == []


async def test_a_picture_that_may_not_be_shown_here_cannot_be_varied(desk: Front) -> None:
    (job,) = await desk.queue_jobs()
    assert await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    await desk.keep_picture(job, make_released(job, rating=Rating.EXPLICIT))
    from cogs.components import post_view

    message = await desk.channel_of(job).send("a picture", view=post_view(job.id))
    answer = answer_to(await desk.member.click(message, label="Vary strong"))
    assert "age-restricted" in answer.content
    assert len(await desk.jobs_of()) == 1


async def test_a_deleted_picture_cannot_be_varied(desk: Front) -> None:
    job, message = await desk.post_picture()
    await desk.services.gallery.delete(job.id, desk.services.clock())
    assert "deleted" in answer_to(await desk.member.click(message, label="Vary subtle")).content
    assert len(await desk.jobs_of()) == 1


async def test_again_repeats_a_variation_and_settings_show_its_strength(
    desk: Front,
) -> None:
    job, message = await desk.post_picture()
    await desk.member.click(message, label="Vary subtle")
    varied = (await desk.jobs_of())[-1]
    await desk.draw_jobs([varied])
    await desk.run_rounds("Delivery")
    post = desk.channel.history()[-1]
    there = answer_to(await desk.member.click(post, label="Again"))
    await desk.member.click(there.message, label="Draw it anyway")
    assert (await desk.jobs_of())[-1].draw == varied.draw
    text = answer_to(await desk.member.click(post, label="Settings")).content
    assert "Denoising strength: 0.4" in text
    assert job.id != varied.id


async def varied(desk: Front) -> tuple[Job, discord.Message]:
    """A posted variation of a picture with seed 7."""
    _, message = await desk.post_picture(seed=7)
    await desk.member.click(message, label="Vary subtle")
    job = (await desk.jobs_of())[-1]
    await desk.draw_jobs([job])
    await desk.run_rounds("Delivery")
    return job, desk.channel.history()[-1]


async def test_editing_a_variation_keeps_its_source(desk: Front) -> None:
    job, post = await varied(desk)
    form = await desk.member.click(post, label="Edit")
    fields = form_values(form)
    assert fields["more"].endswith(f"--source {job.draw.source} --strength 0.4")
    assert "starts from a picture" in str(form.modal)
    await desk.member.submit_modal(form, {**fields, "prompt": "1girl, red hair"})
    made = (await desk.jobs_of())[-1].draw
    assert (made.prompt, made.source, made.strength) == ("1girl, red hair", job.draw.source, 0.4)


@pytest.mark.parametrize(
    ("more", "told", "strength"),
    [("--source {id} --strength 0.9", "", 0.9), ("--source {id}", "", 0.7), ("", "", None),
     ("--strength 0.4", "left out: \\-\\-strength 0\\.4", None)],
)  # fmt: skip
async def test_editing_a_variation_can_change_its_strength_or_drop_its_source(
    desk: Front, more: str, told: str, strength: float | None
) -> None:
    job, post = await varied(desk)
    form = await desk.member.click(post, label="Edit")
    fields = form_values(form) | {"prompt": "1girl, hat", "more": more.format(id=job.draw.source)}
    answer = answer_to(await desk.member.submit_modal(form, fields))
    made = (await desk.jobs_of())[-1].draw
    assert made.strength == strength
    assert made.source == (None if strength is None else job.draw.source)
    assert told in answer.content


async def test_a_refused_edit_keeps_its_source_and_reports_a_deleted_source(
    desk: Front,
) -> None:
    job, post = await varied(desk)
    form = await desk.member.click(post, label="Edit")
    fields = form_values(form)
    answer = answer_to(await desk.member.submit_modal(form, fields | {"seed": "x"}))
    again = await desk.member.click(answer.message, label="Edit")
    source = f"--source {job.draw.source} --strength 0.4"
    assert source in form_values(again)["prompt"]
    await desk.services.gallery.delete(JobId(job.draw.source or ""), desk.services.clock())
    mended = form_values(again) | {"prompt": f"1girl {source}"}
    answer = answer_to(await desk.member.submit_modal(again, mended))
    assert "deleted" in answer.content
    assert "Leave out `--source`" in answer.content
    assert len(await desk.jobs_of()) == 2


async def test_a_source_must_be_a_picture_that_the_member_may_see(desk: Front) -> None:
    await desk.ask(prompt="1girl, secret", private=True)
    (job,) = await desk.jobs_of()
    await desk.draw_jobs([job])
    who = desk.newcomer()
    await desk.accept_licence(who)
    told = (await desk.ask(who, prompt=f"1girl, hat --source {job.id}")).content
    assert "I can't find picture" in told
    assert await desk.jobs_of(who) == []
    mine = await desk.ask(prompt=f"1girl, hat --source {job.id}")
    assert mine.ephemeral, "naming a private picture does not publish it"
    await desk.services.privacy.forget(UserId(desk.member.id))
    drafts = await desk.services.queue._db.fetch_all("SELECT typed FROM drafts")
    assert len(drafts) == 1
    assert job.id not in str([tuple(row) for row in drafts])


async def test_forgetting_a_member_removes_their_picture_as_a_source(desk: Front) -> None:
    job, message = await desk.post_picture()
    who = desk.newcomer()
    await desk.accept_licence(who)
    await who.click(message, label="Vary subtle")
    await desk.services.privacy.forget(UserId(desk.member.id))
    (theirs,) = await desk.jobs_of(who)
    assert theirs.state is JobState.QUEUED
    assert theirs.draw.source == ""
    assert job.id not in str(await desk.services.queue._db.fetch_all("SELECT draw FROM jobs"))


async def test_reroll_repeats_a_whole_grid_in_one_request(desk: Front) -> None:
    jobs, message = await grid(desk)
    await desk.member.click(message, label="Reroll")
    made = (await desk.jobs_of())[4:]
    assert len({job.request_id for job in made}) == 1
    assert len(made) == 4
    assert made[0].draw.seed != jobs[0].draw.seed
    assert {job.draw.prompt for job in made} == {jobs[0].draw.prompt}


async def test_one_picture_of_a_grid_can_be_posted_alone_with_a_vote(desk: Front) -> None:
    jobs, message = await grid(desk)
    shown = answer_to(
        await desk.member.select(message, ["2"], custom_id=f"wd:which:{jobs[0].owed_post_id}")
    )
    alone = answer_to(await desk.member.click(shown.message, label="Post alone"))
    assert not alone.ephemeral
    assert [file.filename for file in alone.attachments] == [f"{jobs[1].id}.png"]
    owing = await desk.services.gallery.posts_with_debt(PostDebt.VOTES, 9)
    assert [post.message_id for post in owing] == [alone.id]
