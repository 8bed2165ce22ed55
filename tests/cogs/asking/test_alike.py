"""The bot points to an existing picture instead of drawing it again, but reveals no private one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from simcord.results import ResponseMessage

from bot.domain import GuildId, Job, JobState, Rating
from bot.store.members import Exclusion
from cogs.components import Action, row_of
from tests.stages.factories import make_released
from tests.stages.front import Front, answer_to, custom_ids, front
from tests.stages.law import make_guild, save_policy
from tests.stages.simulated import OWNER

ASK = {"prompt": "1girl, hat", "seed": 5}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path, "cogs.posting.delivery", "cogs.posting.status") as ready:
        yield ready


async def posted(desk: Front, **options: object) -> list[Job]:
    """The member's pictures, drawn and posted."""
    await desk.ask(**{**ASK, **options})
    jobs = [job for job in await desk.jobs_of() if job.state is JobState.QUEUED]
    await desk.draw_jobs(jobs)
    await desk.run_rounds("Delivery")
    return jobs


def is_pointed_to(answer: ResponseMessage, *jobs: Job) -> bool:
    """Whether the answer points to these, and nothing was queued."""
    pointed = any(id_.startswith("wd:drawanyway:") for id_ in custom_ids(answer))
    assert not pointed or answer.ephemeral
    return pointed and all(job.id in answer.content for job in jobs)


async def test_a_repeated_request_points_to_the_existing_post_and_is_not_queued(
    desk: Front,
) -> None:
    (job,) = await posted(desk)
    post = desk.channel.history()[-1]
    answer = await desk.ask(**ASK)
    assert is_pointed_to(answer, job)
    assert f"/{desk.channel.id}/{post.id})" in answer.content
    again = answer_to(await desk.member.click(post, label="Again"))
    assert is_pointed_to(again, job)
    who = desk.newcomer()
    await desk.accept_licence(who)
    assert is_pointed_to(await desk.ask(who, **ASK), job)
    assert len(await desk.jobs_of()) == 1
    assert await desk.jobs_of(who) == []


@pytest.mark.parametrize(
    "other",
    [{"seed": 6}, {"prompt": "1girl, hat, smile"}, {"steps": 9}, {"negative": "blurry"},
     {"aspect": "portrait"}, {"guidance": 3.0}],
)  # fmt: skip
async def test_a_request_that_differs_in_any_option_is_drawn(
    desk: Front, other: dict[str, object]
) -> None:
    await posted(desk)
    assert not is_pointed_to(await desk.ask(**{**ASK, **other}))
    assert len(await desk.jobs_of()) == 2


async def test_draw_anyway_works_once_and_show_here_survives_a_restart(desk: Front) -> None:
    (job,) = await posted(desk)
    answer = await desk.ask(**ASK)
    await desk.restart()
    shown = answer_to(await desk.member.click(answer.message, label="Show it here"))
    assert not shown.ephemeral
    assert [file.filename for file in shown.attachments] == [f"{job.id}.png"]
    anyway = next(id_ for id_ in custom_ids(answer) if id_.startswith("wd:drawanyway:"))
    message = desk.env.backend.messages[desk.channel.id][answer.id]
    before = message.components
    who = desk.newcomer()
    await desk.accept_licence(who)
    waiting_id = anyway.rpartition(":")[2]
    view = row_of((Action.DRAW_ANYWAY, waiting_id))
    forged = await desk.channel_of(job).send("not theirs", view=view)
    await who.click(forged, custom_id=anyway)
    assert await desk.jobs_of(who) == []
    assert len(await desk.jobs_of()) == 1, "only the member who asked may press it"
    await desk.member.click(answer.message, custom_id=anyway)
    message.components = before
    await desk.member.click(answer.message, custom_id=anyway)
    _, drawn = await desk.jobs_of()
    assert drawn.draw == job.draw


async def test_an_unfinished_deleted_or_forbidden_picture_is_drawn_again(desk: Front) -> None:
    await desk.ask(**ASK)
    assert not is_pointed_to(await desk.ask(**ASK)), "the first is not done yet"
    jobs = await desk.jobs_of()
    await desk.draw_jobs(jobs)
    await desk.run_rounds("Delivery")
    for job in jobs:
        await desk.services.gallery.delete(job.id, desk.services.clock())
    assert not is_pointed_to(await desk.ask(**ASK))
    (third,) = [job for job in await desk.jobs_of() if job.state is JobState.QUEUED]
    assert await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    await desk.keep_picture(third, make_released(third, rating=Rating.EXPLICIT))
    await desk.deliver_job(third)
    assert not is_pointed_to(await desk.ask(**ASK))


async def test_a_prompt_blocked_since_is_refused_without_pointing_to_a_picture(desk: Front) -> None:
    await posted(desk)
    await save_policy(desk.services.guilds, make_guild("hat", guild_id=GuildId(desk.guild.id)))
    answer = await desk.ask(**ASK)
    assert "This server blocks" in answer.content
    assert not is_pointed_to(answer)


async def test_a_private_picture_is_pointed_to_only_for_its_member_in_private(
    desk: Front,
) -> None:
    await desk.ask(**ASK, private=True)
    (hidden,) = await desk.jobs_of()
    await desk.draw_jobs([hidden])
    who = desk.newcomer()
    await desk.accept_licence(who)
    for asker, private in ((who, False), (who, True), (desk.member, False)):
        answer = await desk.ask(asker, **ASK, private=private)
        assert not is_pointed_to(answer)
        assert hidden.id not in answer.content
    mine = await desk.ask(**ASK, private=True)
    assert is_pointed_to(mine, hidden)
    shown = answer_to(await desk.member.click(mine.message, label="Show it here"))
    assert shown.ephemeral
    assert shown.attachments


@pytest.mark.parametrize("table", ["jobs", "posts"])
async def test_a_picture_in_a_restricted_channel_is_not_pointed_to(desk: Front, table: str) -> None:
    me = desk.guild.me
    assert me is not None
    secret = desk.guild.create_text_channel(
        "secret",
        overwrites={
            desk.guild.default_role: discord.PermissionOverwrite(view_channel=False),
            me: discord.PermissionOverwrite(view_channel=True),
        },
    )
    await posted(desk)
    await desk.services.queue._db.write_one(
        f"UPDATE {table} SET channel_id = :there",  # noqa: S608  a constant
        {"there": secret.id},
    )
    assert not is_pointed_to(await desk.ask(**ASK))


async def test_several_pictures_are_pointed_to_only_if_all_of_them_exist(
    desk: Front,
) -> None:
    jobs = await posted(desk, count=2)
    assert not is_pointed_to(await desk.ask(**ASK, count=2, private=True))
    await desk.draw_jobs([job for job in await desk.jobs_of() if job.state is JobState.QUEUED])
    answer = await desk.ask(**ASK, count=2)
    assert is_pointed_to(answer, *jobs)
    assert not any(id_.startswith("wd:showhere:") for id_ in custom_ids(answer))
    assert not is_pointed_to(await desk.ask(**ASK, count=3))
    assert [job.draw.seed for job in (await desk.jobs_of())[4:]] == [5, 6, 7]


async def test_a_member_banned_since_asking_gets_no_picture(desk: Front) -> None:
    (job,) = await posted(desk)
    answer = await desk.ask(**ASK)
    ban = Exclusion(
        user_id=job.user_id, guild_id=job.guild_id, until_ms=None, reason="Not here.",
        actor_id=None, at_ms=1,
    )  # fmt: skip
    await desk.services.members.exclude(ban)
    await desk.member.click(answer.message, label="Draw it anyway")
    assert len(await desk.jobs_of()) == 1
