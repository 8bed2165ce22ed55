"""The gallery channel shows each liked picture once, with credit, and drops deleted ones."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.builders import ChannelHandle
from simcord.enums import OverwriteType

from bot.ballot import Tally
from bot.domain import (
    ChannelId,
    GuildId,
    Job,
    JobId,
    JobState,
    Picture,
    Rating,
    Ruling,
    UserId,
)
from bot.policy.arrangements import GalleryTerms
from bot.store.showpieces import RECENT_MS
from tests.stages.factories import make_reaction, make_released
from tests.stages.front import Front, front
from tests.stages.law import make_guild, save_policy
from tests.stages.simulated import OWNER


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path, "cogs.voting.exhibiting") as ready:
        yield ready


async def gallery(desk: Front, votes: int = 2, *blocked: str) -> ChannelHandle:
    """A channel that moderators chose as the gallery."""
    channel = desk.guild.create_text_channel("gallery")
    await desk.env.settle()
    await choose(desk, ChannelId(channel.id), votes, *blocked)
    return channel


async def choose(desk: Front, channel: ChannelId | None, votes: int = 2, *blocked: str) -> None:
    terms = GalleryTerms(channel=channel, votes=votes)
    policy = make_guild(*blocked, guild_id=GuildId(desk.guild.id), gallery=terms)
    await save_policy(desk.services.guilds, policy)


async def liked(desk: Front, prompt: str = "1girl, blue hair", votes: int = 2) -> Job:
    """A picture of the member, posted and liked by `votes` members."""
    job, message = await desk.post_picture(prompt)
    await like(desk, message, votes)
    return job


async def like(desk: Front, message: discord.Message, votes: int, emoji: str = "👍") -> None:
    for voter in range(votes):
        await desk.services.votes.record(make_reaction(message.id, 1000 + voter, emoji))


async def exhibited(desk: Front, channel: ChannelHandle, rounds: int = 2) -> list[discord.Message]:
    for _ in range(rounds):
        await desk.run_rounds("Exhibiting")
    return channel.history()


def names(messages: list[discord.Message]) -> list[str]:
    return [file.filename for message in messages for file in message.attachments]


async def test_a_picture_with_enough_votes_is_shown_once_with_credit_and_a_link(
    desk: Front,
) -> None:
    channel = await gallery(desk)
    job, message = await desk.post_picture()
    await like(desk, message, 1)
    await desk.services.votes.record(make_reaction(message.id, desk.member.id))
    assert await exhibited(desk, channel) == [], "the member's own vote does not count"
    await like(desk, message, 2)
    (shown,) = await exhibited(desk, channel)
    assert names([shown]) == [f"{job.id}.png"]
    assert f"<@{desk.member.id}>" in shown.content
    assert shown.mentions == [] or not shown.mention_everyone
    assert f"/{desk.channel.id}/{message.id})" in shown.content
    assert "1girl, blue hair" in shown.content
    assert (shown.attachments[0].description or "").startswith("AI-made")
    await desk.restart()
    assert len(await exhibited(desk, channel)) == 1
    settings = await desk.member.click(shown, label="Settings")
    assert settings.response is not None
    assert "/waifu" in settings.response.content


async def test_buttons_work_in_the_gallery_when_the_original_channel_is_gone(
    desk: Front,
) -> None:
    channel = await gallery(desk)
    await liked(desk)
    (shown,) = await exhibited(desk, channel)
    for table in ("jobs", "posts"):
        await desk.services.queue._db.write_one(
            f"UPDATE {table} SET channel_id = 5"  # noqa: S608  constants
        )
    fan = desk.newcomer("fan")
    settings = await fan.click(shown, label="Settings")
    assert settings.response is not None
    assert "/waifu" in settings.response.content


async def test_there_is_no_gallery_by_default_and_it_omits_disliked_pictures(
    desk: Front,
) -> None:
    job, message = await desk.post_picture()
    await like(desk, message, 5)
    await desk.run_rounds("Exhibiting")
    assert len(desk.channel.history()) == 1
    channel = await gallery(desk)
    for voter in range(4):
        await desk.services.votes.record(make_reaction(message.id, 2000 + voter, "👎"))
    assert await exhibited(desk, channel) == [], "5 up and 4 down"
    assert job.id


async def test_a_deleted_picture_or_forgotten_member_leaves_the_gallery_for_good(
    desk: Front,
) -> None:
    channel = await gallery(desk)
    first = await liked(desk, "1girl, first")
    second = await liked(desk, "1girl, second")
    assert len(await exhibited(desk, channel, 3)) == 2
    await desk.services.gallery.delete(first.id, desk.services.clock())
    await desk.run_rounds("Takedown", 2)
    assert names(channel.history()) == [f"{second.id}.png"]
    await desk.services.privacy.forget(UserId(desk.member.id))
    await desk.run_rounds("Takedown", 3)
    assert channel.history() == []
    assert await exhibited(desk, channel) == []
    await desk.run_takedown()
    assert await desk.is_nothing_doomed()


async def test_a_picture_that_a_moderator_deletes_from_the_gallery_stays_away(desk: Front) -> None:
    channel = await gallery(desk)
    await liked(desk)
    (shown,) = await exhibited(desk, channel)
    await desk.services.gallery.record_deleted_messages([shown.id], 5)  # type: ignore[list-item]  its id
    desk.env.backend.messages[channel.id].clear()
    assert await exhibited(desk, channel) == []


async def test_private_adult_blocked_old_or_hidden_pictures_are_not_shown(
    desk: Front,
) -> None:
    channel = await gallery(desk, 2, "dragon")
    await liked(desk, "1girl, dragon")
    await desk.member.slash(desk.channel, "waifu", prompt="1girl, secret", private=True)
    hidden = next(job for job in await desk.jobs_of() if job.state is JobState.QUEUED)
    await desk.draw_jobs([hidden])
    (adult,) = await desk.queue_jobs(prompt="1girl, adult")
    assert await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    await desk.keep_picture(adult, make_released(adult, rating=Rating.EXPLICIT))
    for job in (adult,):
        post = await desk.deliver_job(job)
        await like_post(desk, post.message_id)
    for voter in (1, 2):
        await desk.services.queue._db.write_one(
            "INSERT INTO votes (job_id, axis, voter_id, value, self_vote, at_ms)"
            " VALUES (:job, 'taste', :voter, 1, 0, 1)",
            {"job": hidden.id, "voter": voter},
        )
    old = await liked(desk, "1girl, old")
    await desk.services.queue._db.write_one(
        "UPDATE pictures SET created_ms = created_ms - :age WHERE job_id = :job",
        {"age": RECENT_MS + 1, "job": old.id},
    )
    closed = await liked(desk, "1girl, closed")
    secret = desk.guild.create_text_channel(
        "secret",
        overwrites={desk.guild.default_role: discord.PermissionOverwrite(view_channel=False)},
    )
    await desk.services.queue._db.write_one(
        "UPDATE posts SET channel_id = :there WHERE request_id = :request",
        {"there": secret.id, "request": closed.request_id},
    )
    assert await exhibited(desk, channel, 6) == []


async def like_post(desk: Front, message_id: int) -> None:
    for voter in (1, 2):
        await desk.services.votes.record(make_reaction(message_id, 1000 + voter))


async def test_a_lost_response_does_not_show_a_picture_twice(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await gallery(desk)
    job = await liked(desk)
    desk.lose_next_answer(monkeypatch, aiohttp.ClientOSError(104, "reset"))
    await desk.run_rounds("Exhibiting")
    assert len(channel.history()) == 1
    await desk.restart()
    await desk.env.advance_time(5)
    await exhibited(desk, channel)
    assert names(channel.history()) == [f"{job.id}.png"]
    await desk.services.gallery.delete(job.id, desk.services.clock())
    await desk.run_rounds("Takedown", 3)
    assert channel.history() == []


async def test_a_picture_deleted_while_it_is_read_leaves_nothing_behind(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await gallery(desk)
    job = await liked(desk)
    read = desk.services.gallery.read

    async def deleting(picture: object) -> bytes:
        data = await read(picture)  # type: ignore[arg-type]  the picture
        await desk.services.gallery.delete(job.id, desk.services.clock())
        return data

    with monkeypatch.context() as patched:
        patched.setattr(desk.services.gallery, "read", deleting)
        assert await exhibited(desk, channel) == []
    await desk.run_takedown()
    assert await desk.is_nothing_doomed()


async def test_an_unwritable_gallery_waits_and_a_deleted_one_does_no_harm(
    desk: Front,
) -> None:
    channel = await gallery(desk)
    job = await liked(desk)
    me = desk.guild.me
    assert me is not None
    _, deny = discord.PermissionOverwrite(send_messages=False).pair()
    overwrite = Overwrite(me.id, OverwriteType.MEMBER, deny=deny.value)
    desk.env.backend.set_overwrite(channel.id, overwrite)
    await desk.env.settle()
    assert await exhibited(desk, channel) == []
    desk.env.backend.set_overwrite(channel.id, Overwrite(me.id, OverwriteType.MEMBER))
    await desk.env.settle()
    assert names(await exhibited(desk, channel)) == [f"{job.id}.png"]
    await choose(desk, ChannelId(5))
    await liked(desk, "1girl, other")
    await desk.run_rounds("Exhibiting", 2)
    assert len(channel.history()) == 1


async def test_removing_the_gallery_takes_down_a_picture_still_being_sent(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await gallery(desk)
    await liked(desk)
    desk.lose_next_answer(monkeypatch, aiohttp.ClientOSError(104, "reset"))
    await desk.run_rounds("Exhibiting")
    await choose(desk, None)
    await desk.env.advance_time(5)
    await exhibited(desk, channel)
    await desk.run_rounds("Takedown", 3)
    assert channel.history() == []


async def test_a_picture_without_its_file_is_skipped_and_the_next_one_is_shown(
    desk: Front,
) -> None:
    channel = await gallery(desk)
    broken = await liked(desk, "1girl, broken")
    whole = await liked(desk, "1girl, whole")
    picture = await desk.services.gallery.get(broken.id)
    assert picture is not None
    desk.services.gallery.path(picture).unlink()
    assert names(await exhibited(desk, channel, 3)) == [f"{whole.id}.png"]


async def test_forbidden_pictures_do_not_block_the_ones_after_them(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An extension is a new module at every start.
    monkeypatch.setattr(sys.modules["cogs.voting.exhibiting"], "_READ", 2)
    channel = await gallery(desk, 2, "dragon")
    for number in range(5):
        await liked(desk, f"1girl, dragon, {number}")
    job = await liked(desk)
    assert names(await exhibited(desk, channel, 4)) == [f"{job.id}.png"]


async def test_a_picture_deleted_while_it_is_being_sent_is_taken_down(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await gallery(desk)
    job = await liked(desk)
    tally = desk.services.votes.tally

    async def deleting(job_id: JobId) -> Tally:
        await desk.services.gallery.delete(job.id, desk.services.clock())
        return await tally(job_id)

    with monkeypatch.context() as patched:
        patched.setattr(desk.services.votes, "tally", deleting)
        assert len(await exhibited(desk, channel)) == 1
    await desk.run_takedown()
    assert channel.history() == []
    assert await desk.is_nothing_doomed()


async def test_a_picture_spoilered_while_it_is_read_is_shown_behind_a_spoiler(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await gallery(desk)
    job = await liked(desk)
    read = desk.services.gallery.read

    async def covering(picture: Picture) -> bytes:
        await desk.services.queue._db.write_one("UPDATE pictures SET spoiler = 1")
        return await read(picture)

    monkeypatch.setattr(desk.services.gallery, "read", covering)
    assert names(await exhibited(desk, channel, 3)) == [f"SPOILER_{job.id}.png"]


async def test_a_picture_with_a_spoiler_ruling_is_shown_behind_a_spoiler(desk: Front) -> None:
    channel = await gallery(desk)
    job = await liked(desk)
    await desk.services.queue._db.write_one(
        "UPDATE jobs SET ruling = :ruling", {"ruling": Ruling.SPOILER}
    )
    assert names(await exhibited(desk, channel)) == [f"SPOILER_{job.id}.png"]


async def test_a_picture_posted_in_the_gallery_channel_is_not_shown_there_again(
    desk: Front,
) -> None:
    channel = await gallery(desk)
    await liked(desk)
    await desk.services.queue._db.write_one(
        "UPDATE posts SET channel_id = :gallery", {"gallery": channel.id}
    )
    assert await exhibited(desk, channel) == []
