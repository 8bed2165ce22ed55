"""An existing picture is pointed to instead of drawn again, across no border of privacy."""

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
from tests.stages.front import Front, custom_ids, front, said
from tests.stages.law import decide, make_guild
from tests.stages.simulated import OWNER

ASK = {"prompt": "1girl, hat", "seed": 5}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path, "cogs.posting.delivery", "cogs.posting.status") as ready:
        yield ready


async def there(desk: Front, **options: object) -> list[Job]:
    """The member's pictures, drawn and posted."""
    await desk.asks(**{**ASK, **options})
    jobs = [job for job in await desk.jobs() if job.state is JobState.QUEUED]
    await desk.drawn(jobs)
    await desk.looks("Delivery")
    return jobs


def is_pointed_to(answer: ResponseMessage, *jobs: Job) -> bool:
    """Whether the answer points to these, and nothing was queued."""
    pointed = any(id_.startswith("wd:drawanyway:") for id_ in custom_ids(answer))
    assert not pointed or answer.ephemeral
    return pointed and all(job.id in answer.content for job in jobs)


async def test_the_same_again_is_pointed_to_with_its_post_and_costs_no_place(desk: Front) -> None:
    (job,) = await there(desk)
    post = desk.channel.history()[-1]
    answer = await desk.asks(**ASK)
    assert is_pointed_to(answer, job)
    assert f"/{desk.channel.id}/{post.id})" in answer.content
    again = said(await desk.member.click(post, label="Again"))
    assert is_pointed_to(again, job)
    who = desk.newcomer()
    await desk.accepts(who)
    assert is_pointed_to(await desk.asks(who, **ASK), job)
    assert len(await desk.jobs()) == 1
    assert await desk.jobs(who) == []


@pytest.mark.parametrize(
    "other",
    [{"seed": 6}, {"prompt": "1girl, hat, smile"}, {"steps": 9}, {"negative": "blurry"},
     {"aspect": "portrait"}, {"guidance": 3.0}],
)  # fmt: skip
async def test_what_differs_in_anything_is_drawn(desk: Front, other: dict[str, object]) -> None:
    await there(desk)
    assert not is_pointed_to(await desk.asks(**{**ASK, **other}))
    assert len(await desk.jobs()) == 2


async def test_it_is_drawn_anyway_once_or_shown_here_after_a_restart(desk: Front) -> None:
    (job,) = await there(desk)
    answer = await desk.asks(**ASK)
    await desk.restart()
    shown = said(await desk.member.click(answer.message, label="Show it here"))
    assert not shown.ephemeral
    assert [file.filename for file in shown.attachments] == [f"{job.id}.png"]
    anyway = next(id_ for id_ in custom_ids(answer) if id_.startswith("wd:drawanyway:"))
    message = desk.env.backend.messages[desk.channel.id][answer.id]
    before = message.components
    who = desk.newcomer()
    await desk.accepts(who)
    waiting_id = anyway.rpartition(":")[2]
    view = row_of((Action.DRAW_ANYWAY, waiting_id))
    forged = await desk.channel_of(job).send("not theirs", view=view)
    await who.click(forged, custom_id=anyway)
    assert await desk.jobs(who) == []
    assert len(await desk.jobs()) == 1, "it is the member's own to press"
    await desk.member.click(answer.message, custom_id=anyway)
    message.components = before
    await desk.member.click(answer.message, custom_id=anyway)
    _, drawn = await desk.jobs()
    assert drawn.draw == job.draw


async def test_what_is_gone_or_waits_or_may_not_be_shown_is_drawn(desk: Front) -> None:
    await desk.asks(**ASK)
    assert not is_pointed_to(await desk.asks(**ASK)), "the first is not done yet"
    jobs = await desk.jobs()
    await desk.drawn(jobs)
    await desk.looks("Delivery")
    for job in jobs:
        await desk.services.gallery.delete(job.id, desk.services.clock())
    assert not is_pointed_to(await desk.asks(**ASK))
    (third,) = [job for job in await desk.jobs() if job.state is JobState.QUEUED]
    assert await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    await desk.kept(third, make_released(third, rating=Rating.EXPLICIT))
    await desk.posted(third)
    assert not is_pointed_to(await desk.asks(**ASK))


async def test_what_is_refused_by_now_is_refused_and_not_pointed_to(desk: Front) -> None:
    await there(desk)
    await decide(desk.services.guilds, make_guild("hat", guild_id=GuildId(desk.guild.id)))
    answer = await desk.asks(**ASK)
    assert "This server blocks" in answer.content
    assert not is_pointed_to(answer)


async def test_nobody_is_led_to_what_another_keeps_private_nor_from_there_to_the_open(
    desk: Front,
) -> None:
    await desk.asks(**ASK, private=True)
    (hidden,) = await desk.jobs()
    await desk.drawn([hidden])
    who = desk.newcomer()
    await desk.accepts(who)
    for asker, private in ((who, False), (who, True), (desk.member, False)):
        answer = await desk.asks(asker, **ASK, private=private)
        assert not is_pointed_to(answer)
        assert hidden.id not in answer.content
    mine = await desk.asks(**ASK, private=True)
    assert is_pointed_to(mine, hidden)
    shown = said(await desk.member.click(mine.message, label="Show it here"))
    assert shown.ephemeral
    assert shown.attachments


@pytest.mark.parametrize("table", ["jobs", "posts"])
async def test_nothing_is_pointed_to_in_a_channel_that_not_all_can_read(
    desk: Front, table: str
) -> None:
    me = desk.guild.me
    assert me is not None
    secret = desk.guild.create_text_channel(
        "secret",
        overwrites={
            desk.guild.default_role: discord.PermissionOverwrite(view_channel=False),
            me: discord.PermissionOverwrite(view_channel=True),
        },
    )
    await there(desk)
    await desk.services.queue._db.write_one(
        f"UPDATE {table} SET channel_id = :there",  # noqa: S608  a constant
        {"there": secret.id},
    )
    assert not is_pointed_to(await desk.asks(**ASK))


async def test_several_are_pointed_to_if_all_are_there_and_else_drawn_as_asked(
    desk: Front,
) -> None:
    jobs = await there(desk, count=2)
    assert not is_pointed_to(await desk.asks(**ASK, count=2, private=True))
    await desk.drawn([job for job in await desk.jobs() if job.state is JobState.QUEUED])
    answer = await desk.asks(**ASK, count=2)
    assert is_pointed_to(answer, *jobs)
    assert not any(id_.startswith("wd:showhere:") for id_ in custom_ids(answer))
    assert not is_pointed_to(await desk.asks(**ASK, count=3))
    assert [job.draw.seed for job in (await desk.jobs())[4:]] == [5, 6, 7]


async def test_who_is_banned_by_now_draws_nothing_anyway(desk: Front) -> None:
    (job,) = await there(desk)
    answer = await desk.asks(**ASK)
    ban = Exclusion(
        user_id=job.user_id, guild_id=job.guild_id, until_ms=None, reason="Not here.",
        actor_id=None, at_ms=1,
    )  # fmt: skip
    await desk.services.members.exclude(ban)
    await desk.member.click(answer.message, label="Draw it anyway")
    assert len(await desk.jobs()) == 1
