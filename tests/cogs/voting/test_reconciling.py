"""Reactions are read back at the start of every session, and the ledger agrees with Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bot.domain import MessageId, UserId
from cogs.voting.watching import Watch, Watches
from tests.stages.booth import DOWN, UP, Booth, ManualClock
from tests.stages.simulated import scene


@pytest.fixture
async def booth(tmp_path: Path) -> AsyncIterator[Booth]:
    async with scene(tmp_path, "cogs.voting.votes", kind=Booth) as built:
        yield built


async def test_reactions_missed_during_an_outage_are_read_back(booth: Booth) -> None:
    _, post = await booth.post_picture()
    ada, bob, eve = (booth.add_member(name) for name in ("ada", "bob", "eve"))
    await ada.react(booth.message_of(post), UP)
    await bob.react(booth.message_of(post), DOWN)
    before = await booth.recorded_reactions(post)
    booth.cut_gateway()
    await ada.unreact(booth.message_of(post), UP)
    await eve.react(booth.message_of(post), UP)
    await bob.unreact(booth.message_of(post), DOWN)
    assert await booth.recorded_reactions(post) == before, "the outage let an event through"
    await booth.restart()
    await booth.reconcile()
    assert await booth.recorded_reactions(post) == booth.discord_reactions(post)


async def test_a_fresh_session_reads_every_post_and_a_resumed_one_none(
    booth: Booth,
) -> None:
    posts = [(await booth.post_picture())[1] for _ in range(3)]
    await booth.services.gallery.record_deleted_messages([posts[2].message_id], 9)
    await booth.reconcile()
    assert await booth.unread_posts() == set()
    booth.env.bot.dispatch("resumed")
    await booth.env.settle()
    read = await readings(booth)
    assert read == []
    booth.env.bot.dispatch("ready")
    await booth.env.settle()
    assert await readings(booth) == [posts[1].message_id, posts[0].message_id], "the newest first"
    assert await booth.unread_posts() == set()


async def readings(booth: Booth) -> list[int]:
    """The posts that a round reads, in order."""
    read: list[int] = []
    watch = booth.votes_cog._inbox.watch

    def noted(message_id: MessageId) -> AbstractContextManager[Watch]:
        read.append(message_id)
        return watch(message_id)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(booth.votes_cog._inbox, "watch", noted)
        await booth.reconcile()
    return read


async def test_an_unreadable_channel_keeps_no_mark_of_a_forgotten_voter(
    booth: Booth,
) -> None:
    job, post = await booth.post_picture()
    await booth.reconcile()
    ada = booth.add_member("ada")
    booth.cut_gateway()
    await ada.react(booth.message_of(post), UP)
    await booth.services.privacy.forget(UserId(ada.id))
    await booth.restart()
    booth.env.inject_error(
        "GET", "/channels/*/messages/*", status=403, code=50001, message="Missing Access"
    )
    await booth.reconcile()
    rows = await booth.services.queue._db.fetch_all("SELECT * FROM nameless_voters")
    assert rows == []
    booth.env.bot.dispatch("ready")
    await booth.env.settle()
    await booth.reconcile()
    assert await booth.recorded_reactions(post) == set()
    assert (await booth.services.votes.tally(job.id)).up == 1, "it counts without a name"


async def test_an_event_during_a_reading_is_not_overwritten(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, post = await booth.post_picture()
    ada, bob = booth.add_member("ada"), booth.add_member("bob")
    await ada.react(booth.message_of(post), UP)
    read: list[str] = []
    flush = booth.votes_cog._inbox.flush

    async def flush_after_a_change() -> None:
        if not read:
            read.append("stale")
            await ada.unreact(booth.message_of(post), UP)
            await bob.react(booth.message_of(post), UP)
        await flush()

    monkeypatch.setattr(booth.votes_cog._inbox, "flush", flush_after_a_change)
    await booth.reconcile()
    assert read, "the reading was not disturbed"
    assert await booth.unread_posts() == set(), "a hot post is settled by its first reading"
    assert await booth.recorded_reactions(post) == {(UserId(bob.id), UP)}


async def test_a_vote_cast_before_the_post_was_recorded_counts(booth: Booth) -> None:
    jobs = await booth.queue_jobs()
    await booth.draw_jobs(jobs)
    ada = booth.add_member("ada")
    channel = booth.env.bot.get_partial_messageable(booth.channel.id, guild_id=booth.guild.id)
    message = await channel.send("a picture")
    await ada.react(message, UP)
    await booth.flush_votes()
    post = await booth.deliver_job(jobs[0], message)
    assert await booth.recorded_reactions(post) == set()
    await booth.reconcile()
    assert await booth.recorded_reactions(post) == {(UserId(ada.id), UP)}


async def test_a_reading_keeps_a_forgotten_members_earlier_vote_without_a_name(
    booth: Booth,
) -> None:
    job, post = await booth.post_picture()
    await booth.reconcile()
    ada, bob = booth.add_member("ada"), booth.add_member("bob")
    booth.cut_gateway()
    for voter in (ada, bob):
        await voter.react(booth.message_of(post), UP)
    await booth.services.privacy.forget(UserId(ada.id))
    await booth.restart()
    await booth.reconcile()
    assert await booth.recorded_reactions(post) == {(UserId(bob.id), UP)}
    assert (await booth.services.votes.tally(job.id)).up == 2


async def test_a_reading_names_no_member_who_is_forgotten_during_it(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, post = await booth.post_picture()
    ada = booth.add_member("ada")
    standing = booth.services.votes.standing_reactions

    async def forgotten(message_id: MessageId) -> list[tuple[UserId, str, bool]]:
        """Forget the member between Discord's response and the end of the reading."""
        booth.cut_gateway()
        await ada.react(booth.message_of(post), UP)
        await booth.services.privacy.forget(UserId(ada.id))
        monkeypatch.undo()
        return await standing(message_id)

    monkeypatch.setattr(booth.services.votes, "standing_reactions", forgotten)
    await booth.reconcile()
    await booth.restart()
    await booth.reconcile()
    assert await booth.recorded_reactions(post) == set()


async def test_a_reading_notes_messages_deleted_during_an_outage(booth: Booth) -> None:
    made = [await booth.post_picture() for _ in range(2)]
    booth.cut_gateway()
    booth.env.backend.bulk_delete_messages(booth.channel.id, [p.message_id for _, p in made])
    await booth.restart()
    await booth.reconcile()
    for job, _ in made:
        assert await booth.services.gallery.posts(job.id) == []


async def test_reactions_missed_under_the_oldest_post_are_read_back_too(booth: Booth) -> None:
    _, post = await booth.post_picture()
    await booth.services.queue._db.write_one("UPDATE posts SET posted_ms = 1")
    ada = booth.add_member("ada")
    await ada.react(booth.message_of(post), UP)
    await booth.flush_votes()
    booth.cut_gateway()
    await ada.unreact(booth.message_of(post), UP)
    await booth.restart()
    await booth.reconcile()
    assert await booth.recorded_reactions(post) == set()


async def test_a_new_session_during_a_reading_voids_it(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, post = await booth.post_picture()
    await booth.reconcile()
    standing = booth.services.votes.standing_reactions
    ada = booth.add_member("ada")
    read: list[int] = []

    async def interrupted(message_id: MessageId) -> list[tuple[UserId, str, bool]]:
        read.append(message_id)
        if len(read) == 1:
            booth.cut_gateway()
            booth.env.backend.set_reaction(
                post.channel_id, post.message_id, UP, ada.id, reacted=True
            )
            booth.votes_cog._reconciler.begin_session()
        return await standing(message_id)

    booth.votes_cog._reconciler.begin_session()
    monkeypatch.setattr(booth.services.votes, "standing_reactions", interrupted)
    await booth.reconcile()
    assert read == [post.message_id] * 2
    assert await standing(post.message_id) == [(UserId(ada.id), UP, False)]


async def test_an_unresponsive_channel_is_read_later_and_holds_up_no_other(
    booth: Booth,
) -> None:
    sick, well = [booth.guild.create_text_channel(name) for name in ("sick", "well")]
    posts = [(await booth.post_picture(well))[1] for _ in range(3)]
    posts += [(await booth.post_picture(sick))[1] for _ in range(3)]
    booth.env.inject_error("GET", f"/channels/{sick.id}/*", status=503, times=4)
    await booth.reconcile()
    assert await booth.unread_posts() == {posts[-1].message_id}
    # Four failures in a row: the pause has grown to 5 + 10 + 20 + 40 seconds.
    for seconds in (4, 2, 11, 19, 2, 39):
        await booth.env.advance_time(seconds)
        await booth.reconcile()
        assert await booth.unread_posts() != set()
    await booth.env.advance_time(2)
    await booth.reconcile()
    await booth.env.advance_time(600)
    await booth.reconcile()
    assert await booth.unread_posts() == set()


async def test_an_unreadable_channel_is_left_to_the_next_session(booth: Booth) -> None:
    _, post = await booth.post_picture()
    booth.env.inject_error("GET", "/channels/*", status=403, code=50001, message="Missing Access")
    await booth.reconcile()
    assert await booth.unread_posts() == set()
    booth.env.bot.dispatch("ready")
    await booth.env.settle()
    assert await readings(booth) == [post.message_id]


async def test_an_unexpected_error_at_one_post_does_not_end_the_readings(
    booth: Booth, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    posts = [(await booth.post_picture())[1] for _ in range(3)]
    standing = booth.services.votes.standing_reactions

    async def faulty(message_id: MessageId) -> list[tuple[UserId, str, bool]]:
        if message_id == posts[1].message_id:
            raise KeyError("a row that nobody expected")
        return await standing(message_id)

    monkeypatch.setattr(booth.services.votes, "standing_reactions", faulty)
    await booth.reconcile()
    assert await booth.unread_posts() == {posts[1].message_id}
    assert [record for record in caplog.records if record.exc_info]


async def test_a_clear_during_a_reading_voids_it(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, post = await booth.post_picture()
    await booth.add_member("ada").react(booth.message_of(post), DOWN)
    booth.votes_cog._inbox._watches = Watches(glass := ManualClock())
    standing = booth.services.votes.standing_reactions
    cleared: list[int] = []

    async def cleared_meanwhile(message_id: MessageId) -> list[tuple[UserId, str, bool]]:
        if not cleared:
            cleared.append(message_id)
            booth.env.backend.clear_reactions(post.channel_id, post.message_id)
            await booth.env.settle()
        return await standing(message_id)

    monkeypatch.setattr(booth.services.votes, "standing_reactions", cleared_meanwhile)
    await booth.reconcile()
    assert await booth.recorded_reactions(post) == set()
    assert await booth.unread_posts() == {post.message_id}, "the reading was discarded"
    for _ in range(5):
        glass.advance(30)
        await booth.env.advance_time(30)
        await booth.reconcile()
    assert await booth.unread_posts() == await booth.recorded_reactions(post) == set()
