"""Votes in the ledger equal the reactions on Discord, whatever happens in between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from simcord.results import InteractionResult, ResponseMessage

from bot.ballot import Tally, VoteEmoji
from bot.domain import Rating, UserId
from cogs.components import post_view
from cogs.posting import sending
from tests.stages.booth import DOWN, UP, Booth
from tests.stages.factories import make_released
from tests.stages.simulated import OWNER, scene


def said(result: InteractionResult) -> ResponseMessage:
    """The answer to a command, whichever way it was sent."""
    answer = result.followups[-1] if result.followups else result.response
    assert answer is not None
    return answer


@pytest.fixture
async def booth(tmp_path: Path) -> AsyncIterator[Booth]:
    async with scene(
        tmp_path, "cogs.voting.votes", "cogs.asking.queue", "cogs.posting.lost", kind=Booth
    ) as built:
        yield built


async def test_adding_a_reaction_casts_a_vote_and_removing_it_withdraws_the_vote(
    booth: Booth,
) -> None:
    job, post = await booth.post_picture()
    ada = booth.add_member("ada")
    await ada.react(booth.message_of(post), UP)
    await booth.flush_votes()
    assert await booth.services.votes.tally(job.id) == Tally(up=1)
    await ada.unreact(booth.message_of(post), UP)
    await booth.flush_votes()
    assert await booth.services.votes.tally(job.id) == Tally()


async def test_removing_a_super_reaction_keeps_the_plain_one(booth: Booth) -> None:
    job, post = await booth.post_picture()
    ada = booth.add_member("ada")
    await ada.react(booth.message_of(post), UP)
    for event in ("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"):
        # SimCord does not support super reactions.
        booth.env.backend.emit(
            event,
            {
                "user_id": str(ada.id),
                "channel_id": str(post.channel_id),
                "message_id": str(post.message_id),
                "guild_id": str(post.guild_id),
                "emoji": {"id": None, "name": UP},
                "burst": True,
                "type": 1,
            },
        )
        await booth.env.settle()
        await booth.flush_votes()
        assert await booth.services.votes.tally(job.id) == Tally(up=1)
    assert len(await booth.services.votes._db.fetch_all("SELECT * FROM vote_events")) == 3


async def test_the_requesters_own_vote_is_kept_apart(booth: Booth) -> None:
    job, post = await booth.post_picture()
    await booth.member.react(booth.message_of(post), UP)
    await booth.flush_votes()
    assert await booth.services.votes.tally(job.id) == Tally(self_votes=1)


async def test_bots_do_not_vote(booth: Booth) -> None:
    _, post = await booth.post_picture()
    robot = booth.guild.add_member(booth.env.create_user("robot", bot=True))
    await robot.react(booth.message_of(post), UP)
    await booth.message_of(post).add_reaction(DOWN)
    assert await booth.recorded_reactions(post) == set()
    await booth.reconcile()
    assert await booth.recorded_reactions(post) == set()


async def test_clearing_one_emoji_or_all_removes_the_votes(booth: Booth) -> None:
    _, post = await booth.post_picture()
    ada, bob = booth.add_member("ada"), booth.add_member("bob")
    backend = booth.env.backend
    for who, emoji in ((ada, UP), (bob, UP), (bob, DOWN)):
        await who.react(booth.message_of(post), emoji)
    backend.clear_reaction(post.channel_id, post.message_id, UP)
    await booth.env.settle()
    assert await booth.recorded_reactions(post) == {(UserId(bob.id), DOWN)}
    backend.clear_reactions(post.channel_id, post.message_id)
    await booth.env.settle()
    assert await booth.recorded_reactions(post) == set()


async def test_votes_match_discord_after_random_reactions(booth: Booth) -> None:
    rng = random.Random(5)
    posts = [(await booth.post_picture())[1] for _ in range(3)]
    people = [booth.add_member(f"person{n}") for n in range(4)]
    backend = booth.env.backend
    for n in range(300):
        post, who = rng.choice(posts), rng.choice(people)
        emoji = rng.choice((UP, DOWN, "🎉"))
        has = (UserId(who.id), emoji) in booth.discord_reactions(post)
        if rng.random() < 0.05:
            backend.clear_reaction(post.channel_id, post.message_id, emoji)
        else:
            backend.set_reaction(post.channel_id, post.message_id, emoji, who.id, reacted=not has)
        if n % 30 == 0:
            await booth.flush_votes()
    await booth.env.settle()
    for post in posts:
        assert await booth.recorded_reactions(post) == {
            v for v in booth.discord_reactions(post) if v[1] != "🎉"
        }


async def test_votes_under_an_unrecorded_show_message_count_after_a_crash(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    job, post = await booth.post_picture()
    with monkeypatch.context() as patch:
        patch.setattr(sending, "note_sent", dies)
        await booth.member.slash(booth.channel, "show", id=job.id)
    (shown,) = [m for m in booth.channel.history() if m.id != post.message_id]
    booth.cut_gateway()
    await booth.add_member("early").react(shown, UP)
    await booth.restart()
    await booth.add_member("late").react(shown, UP)
    await booth.run_rounds("Lost")
    await booth.reconcile()
    await booth.flush_votes()
    assert await booth.services.votes.tally(job.id) == Tally(up=2)


async def test_a_reaction_to_an_unrecorded_delivery_does_not_record_it(
    booth: Booth,
) -> None:
    (job,) = await booth.queue_jobs()
    await booth.draw_jobs([job])
    channel = booth.env.bot.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
    message = await channel.send("a picture", view=post_view(job.id))
    await booth.member.react(message, UP)
    assert not await booth.services.gallery.posts(job.id)


async def test_custom_emoji_are_matched_by_id(booth: Booth) -> None:
    custom = booth.guild.create_emoji("best")
    emoji = VoteEmoji(up=f"oldname:{custom.id}", down=DOWN)
    await booth.services.guilds.set_vote_emoji(
        booth.guild.id, emoji, booth.member.id, booth.services.clock()
    )
    job, post = await booth.post_picture()
    ada = booth.add_member("ada")
    await ada.react(booth.message_of(post), f"best:{custom.id}")
    await booth.flush_votes()
    assert await booth.services.votes.tally(job.id) == Tally(up=1)
    await booth.reconcile()
    assert await booth.services.votes.tally(job.id) == Tally(up=1)


async def test_a_deleted_message_is_noted_and_its_votes_stay(booth: Booth) -> None:
    job, post = await booth.post_picture()
    ada = booth.add_member("ada")
    await ada.react(booth.message_of(post), UP)
    booth.env.backend.delete_message(post.channel_id, post.message_id)
    await booth.env.settle()
    await booth.flush_votes()
    assert await booth.services.gallery.posts(job.id) == []
    assert await booth.services.votes.tally(job.id) == Tally(up=1)


async def test_bulk_deleted_messages_are_noted_and_their_votes_stay(booth: Booth) -> None:
    made = [await booth.post_picture() for _ in range(3)]
    for _, post in made:
        await booth.add_member("ada").react(booth.message_of(post), UP)
    gone, kept = made[:2], made[2]
    booth.env.backend.bulk_delete_messages(booth.channel.id, [p.message_id for _, p in gone])
    await booth.env.settle()
    await booth.flush_votes()
    for job, _ in gone:
        assert await booth.services.gallery.posts(job.id) == []
        assert await booth.services.votes.tally(job.id) == Tally(up=1)
    assert await booth.services.gallery.posts(kept[0].id) == [kept[1]]


async def test_votes_top_lists_the_best_first_and_omits_adult_pictures(booth: Booth) -> None:
    ada, bob = booth.add_member("ada"), booth.add_member("bob")
    (liked, first), (best, second) = [await booth.post_picture() for _ in range(2)]
    jobs = await booth.queue_jobs()
    claimed = await booth.services.queue.claim(OWNER, 60_000, booth.services.clock())
    assert claimed is not None
    await booth.keep_picture(claimed, make_released(claimed, rating=Rating.EXPLICIT))
    adult = await booth.deliver_job(jobs[0])
    for post, voters in ((first, [ada]), (second, [ada, bob]), (adult, [ada, bob])):
        for who in voters:
            await who.react(booth.message_of(post), UP)
    await booth.flush_votes()
    await booth.accept_licence(ada)
    answer = said(await ada.slash(booth.channel, "votes top"))
    text = answer.content
    assert text.index(best.id) < text.index(liked.id)
    assert f"/{booth.channel.id}/{second.message_id}" in text
    assert adult.pictures[1] not in text
    assert [a.filename for a in answer.attachments] == ["sheet.png"]
    described = answer.attachments[0].description or ""
    assert described.startswith("AI-made pictures with numbers. 1: 1girl, blue hair")


async def test_votes_top_shows_no_picture_from_a_private_channel(booth: Booth) -> None:
    secret = booth.guild.create_text_channel(
        "secret",
        overwrites={booth.guild.default_role: discord.PermissionOverwrite(view_channel=False),
                    booth.guild.me: discord.PermissionOverwrite(view_channel=True)},
    )  # fmt: skip
    jobs = await booth.queue_jobs(channel=secret)
    await booth.draw_jobs(jobs)
    post = await booth.deliver_job(jobs[0])
    booth.env.backend.set_reaction(
        post.channel_id, post.message_id, UP, booth.add_member("ada").id, reacted=True
    )
    await booth.env.settle()
    await booth.flush_votes()
    assert await booth.services.votes.tally(jobs[0].id) == Tally(up=1)
    answer = said(await booth.member.slash(booth.channel, "votes top"))
    assert "that I may show here has a vote yet" in answer.content
    assert answer.ephemeral
    assert "Votes on your own pictures don't count" in answer.content
    assert not answer.attachments
