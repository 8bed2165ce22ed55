"""How members find pictures and data again: `/queue /cancel /show /history`, the buttons under
a picture, `/licence` and `/privacy`."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simcord.results import InteractionResult

from bot.domain import JobId, JobState, Rating, UserId
from bot.store.gallery import PostDebt
from models.provenance import encode_png
from tests.stages.factories import make_released
from tests.stages.fake_engine import LICENCE
from tests.stages.front import Front, answer_to, custom_ids, front
from tests.stages.simulated import OWNER


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


async def test_queue_lists_all_jobs_but_shows_only_the_members_own_words(desk: Front) -> None:
    other = desk.newcomer("otto")
    mine = await desk.queue_jobs(count=2, prompt="my words")
    theirs = await desk.queue_jobs(prompt="their words")
    for job in theirs:
        await desk.services.queue._db.write_one(
            "UPDATE jobs SET user_id = :user WHERE id = :id", {"user": other.id, "id": job.id}
        )
    text = answer_to(await desk.member.slash(desk.channel, "queue")).content
    assert all(job.id in text for job in mine)
    assert "my words" in text
    assert "their words" not in text
    assert f"<@{other.id}>" in text
    assert "3 waiting." in text


async def test_cancel_takes_back_one_or_all_of_the_members_own_jobs(desk: Front) -> None:
    first, second, third = await desk.queue_jobs(count=3)
    other = desk.newcomer()
    told = desk.services.signals.add_worker()
    answer = answer_to(await other.slash(desk.channel, "cancel", id=first.id))
    assert "no queued picture" in answer.content
    assert "nothing to cancel" in answer_to(await other.slash(desk.channel, "cancel")).content
    offered = await desk.member.autocomplete(desk.channel, "cancel", "id", "blue")
    assert [c["value"] for c in offered] == [first.id, second.id, third.id]
    await desk.member.slash(desk.channel, "cancel", id=f" {second.id.upper()} ")
    states = [job.state for job in await desk.jobs_of()]
    assert states == [JobState.QUEUED, JobState.CANCELLED, JobState.QUEUED]
    assert "2 pictures" in answer_to(await desk.member.slash(desk.channel, "cancel")).content
    assert told.take_cancelled() == {first.id, second.id, third.id}


async def shows(desk: Front, job_id: str) -> InteractionResult:
    return await desk.member.slash(desk.channel, "show", id=job_id)


async def test_show_posts_a_picture_again_with_working_buttons_and_votes(desk: Front) -> None:
    job, _ = await desk.post_picture()
    answer = answer_to(await shows(desk, f"`{job.id}`"))
    assert [a.filename for a in answer.attachments] == [f"{job.id}.png"]
    assert f"wd:vary:{job.id}" in custom_ids(answer)
    posts = await desk.services.gallery.posts(job.id)
    assert answer.id in [post.message_id for post in posts]
    unseeded = await desk.services.gallery.posts_with_debt(PostDebt.VOTES, 9)
    assert answer.id in [post.message_id for post in unseeded], "its vote is opened too"
    assert desk.services.signals.posted._event.is_set(), "and at once"
    await desk.restart()
    assert "/waifu" in answer_to(await desk.member.click(answer.message, label="Settings")).content


async def test_show_shrinks_a_picture_that_discord_finds_too_large(desk: Front) -> None:
    (job,) = await desk.queue_jobs()
    claimed = await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    assert claimed is not None
    noise = encode_png(random.Random(1).randbytes(3 * 64 * 64), 64, 64)
    await desk.keep_picture(claimed, data=noise)
    desk.env.inject_error("POST", "/webhooks/*", status=413, code=40005, times=1)
    answer = answer_to(await shows(desk, job.id))
    assert [a.filename for a in answer.attachments] == [f"{job.id}.webp"]


async def test_show_says_why_a_picture_cannot_be_shown(desk: Front) -> None:
    assert "I can't find picture" in answer_to(await shows(desk, "0000000000")).content
    assert "I can't find picture" in answer_to(await shows(desk, "@everyone " * 50)).content
    job, _ = await desk.post_picture()
    await desk.services.gallery.delete(job.id, 1)
    assert "deleted" in answer_to(await shows(desk, job.id)).content
    (adult,) = await desk.queue_jobs()
    claimed = await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    assert claimed is not None
    await desk.keep_picture(claimed, make_released(claimed, rating=Rating.EXPLICIT))
    assert "age-restricted" in answer_to(await shows(desk, adult.id)).content


async def test_history_pages_through_every_picture_of_every_request(desk: Front) -> None:
    jobs = [job for _ in range(3) for job in await desk.queue_jobs(count=4)]
    await desk.draw_jobs(sorted(jobs, key=lambda job: job.created_ms))
    page = answer_to(await desk.member.slash(desk.channel, "history"))
    seen = page.content
    message = page.message
    older = [id_ for id_ in custom_ids(page) if id_.startswith("wd:history:")]
    assert len(older) == 1
    await desk.member.click(message, custom_id=older[0])
    seen += desk.env.backend.messages[desk.channel.id][page.id].content
    assert [job.id for job in jobs if job.id not in seen] == []


async def test_settings_are_copyable_whatever_their_length(desk: Front) -> None:
    short, message = await desk.post_picture("1girl, hat")
    text = answer_to(await desk.newcomer().click(message, label="Settings")).content
    seed = short.draw.seed
    assert f"/waifu prompt: 1girl, hat negative: lowres aspect: square seed: {seed}" in text
    assert "Steps: 4, Sampler: Euler a" in text
    long, message = await desk.post_picture("blue hair, " * 90)
    answer = answer_to(await desk.member.click(message, label="Settings"))
    (file,) = answer.attachments
    whole = (await file.read()).decode()
    assert long.draw.prompt in whole
    assert f"seed: {long.draw.seed}" in whole


async def test_a_moderator_can_delete_every_post_of_a_picture_and_others_cannot(
    desk: Front, tmp_path: Path
) -> None:
    job, message = await desk.post_picture()
    again = answer_to(await shows(desk, job.id))
    await desk.restart()
    refused = answer_to(await desk.newcomer().click(message, label="Delete"))
    assert "moderator" in refused.content
    assert list((tmp_path / "pictures").rglob("*.png"))
    moderator = desk.moderator(manage_messages=True)
    asked = answer_to(await moderator.click(again.message, label="Delete"))
    assert list((tmp_path / "pictures").rglob("*.png")), "it asks first"
    await moderator.click(asked.message, label="Yes, delete it")
    assert not list((tmp_path / "pictures").rglob("*.png"))
    await desk.run_rounds("Takedown")
    assert not {message.id, again.id} & set(desk.message_ids())
    assert not await desk.services.doomed.messages(9)


async def test_a_takedown_that_discord_fails_is_completed_later(desk: Front) -> None:
    job, message = await desk.post_picture()
    await desk.services.gallery.delete(job.id, 1)
    desk.env.inject_error("DELETE", "/channels/*/messages/*", status=503, times=None)
    await desk.run_rounds("Takedown")
    assert message.id in desk.message_ids()
    desk.env.backend.faults.clear()
    await desk.restart()
    await desk.run_rounds("Takedown")
    assert message.id not in desk.message_ids()
    await desk.services.doomed.add(desk.message_ref(message))
    await desk.run_rounds("Takedown")
    assert not await desk.services.doomed.messages(9), (
        "a message that is already gone counts as deleted"
    )


async def test_the_licence_command_attaches_the_file(desk: Front) -> None:
    answer = answer_to(await desk.newcomer().slash(desk.channel, "licence"))
    assert answer.ephemeral
    (file,) = answer.attachments
    assert (await file.read()).decode() == LICENCE


async def test_a_member_can_see_and_export_their_data(desk: Front) -> None:
    job, _ = await desk.post_picture("only mine")
    assert (
        "Nothing." in answer_to(await desk.newcomer().slash(desk.channel, "privacy show")).content
    )
    shown = answer_to(await desk.member.slash(desk.channel, "privacy show"))
    assert shown.ephemeral
    assert "pictures of yours that I keep: 1" in shown.content
    answer = answer_to(await desk.member.slash(desk.channel, "privacy export"))
    assert answer.ephemeral
    archive = zipfile.ZipFile(io.BytesIO(await answer.attachments[0].read()))
    everything = json.loads(archive.read("everything.json"))
    assert [row["prompt"] for row in everything["jobs"]] == ["only mine"]
    assert f"pictures/{job.id}.png" in archive.namelist()


async def test_sharing_prompts_is_off_by_default_and_can_be_withdrawn(desk: Front) -> None:
    shares = desk.services.consent.shares_prompts
    user_id = UserId(desk.member.id)
    assert not await shares(user_id)
    for allow in (True, False):
        await desk.member.slash(desk.channel, "privacy share", allow=allow)
        assert await shares(user_id) is allow


async def test_forget_erases_and_takes_messages_down_only_after_confirmation(
    desk: Front, tmp_path: Path
) -> None:
    _, message = await desk.post_picture()
    waiting = await desk.ask(prompt="still waiting")
    asked = answer_to(await desk.member.slash(desk.channel, "privacy forget"))
    assert await desk.jobs_of(), "nothing is erased before the confirmation"
    await desk.restart()
    told = desk.services.signals.add_worker()
    done = await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
    assert "erased" in answer_to(done).content
    assert not await desk.jobs_of()
    await desk.services.privacy.clean()
    assert not list((tmp_path / "pictures").rglob("*.png"))
    assert len(told.take_cancelled()) == 1
    await desk.run_rounds("Takedown")
    assert not {message.id, waiting.id} & set(desk.message_ids()), (
        "not even the words in the status stay"
    )


async def test_another_members_forget_button_does_nothing(desk: Front) -> None:
    from cogs.components import Action, row_of

    channel = desk.env.bot.get_partial_messageable(desk.channel.id, guild_id=desk.guild.id)
    message = await channel.send("?", view=row_of((Action.FORGET, str(desk.member.id))))
    job, _ = await desk.post_picture()
    answer = answer_to(await desk.newcomer().click(message, label="Yes, erase everything"))
    assert "isn't for you" in answer.content
    assert await desk.services.views.get(JobId(job.id)) is not None
