"""The vote reactions are added under every post, whatever happens under the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain import MessageId, UserId
from bot.store.gallery import PostDebt
from tests.stages.booth import DOWN, UP, Booth
from tests.stages.factories import make_post
from tests.stages.simulated import scene


@pytest.fixture
async def booth(tmp_path: Path) -> AsyncIterator[Booth]:
    async with scene(tmp_path, "cogs.voting.votes", kind=Booth) as built:
        yield built


async def test_every_post_gets_both_vote_reactions_once(booth: Booth) -> None:
    _, post = await booth.post_picture()
    await booth.run_seeding()
    assert booth.seed_reactions(post) == [UP, DOWN]
    assert await booth.services.gallery.posts_with_debt(PostDebt.VOTES, 10) == []


async def test_without_the_permission_to_react_the_post_stays_and_votes_count(booth: Booth) -> None:
    _, post = await booth.post_picture()
    ada = booth.add_member("ada")
    await ada.react(booth.message_of(post), UP)
    booth.env.inject_error(
        "PUT", "/channels/*/reactions/*", status=403, code=50013, message="Missing Permissions"
    )
    assert await booth.run_seeding() is False
    assert await booth.services.gallery.posts_with_debt(PostDebt.VOTES, 10) == []
    await ada.react(booth.message_of(post), DOWN)
    assert await booth.recorded_reactions(post) == {(UserId(ada.id), UP), (UserId(ada.id), DOWN)}


async def test_failed_vote_reactions_are_retried_later(booth: Booth) -> None:
    (_, post), (_, other) = [await booth.post_picture() for _ in range(2)]
    booth.env.inject_error("PUT", "/channels/*/reactions/*", status=503)
    for _ in range(2):
        assert await booth.run_seeding() is True
        assert booth.seed_reactions(post) == booth.seed_reactions(other) == [], "its channel rests"
    await booth.env.advance_time(21)
    assert await booth.run_seeding() is False
    assert booth.seed_reactions(post) == booth.seed_reactions(other) == [UP, DOWN]


async def test_a_hot_post_does_not_hold_up_the_seeding_of_its_channel(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, hot), (_, other) = [await booth.post_picture() for _ in range(2)]
    ada = booth.add_member("ada")
    standing = booth.services.votes.standing_reactions

    async def standing_in_a_crowd(message_id: MessageId) -> list[tuple[UserId, str, bool]]:
        """Somebody reacts under the busy post whenever it is read."""
        has = (UserId(ada.id), UP) in booth.discord_reactions(hot)
        booth.env.backend.set_reaction(hot.channel_id, hot.message_id, UP, ada.id, reacted=not has)
        await booth.env.settle()
        return await standing(message_id)

    monkeypatch.setattr(booth.services.votes, "standing_reactions", standing_in_a_crowd)
    assert await booth.run_seeding() is False
    assert booth.seed_reactions(hot) == booth.seed_reactions(other) == [UP, DOWN]


async def test_an_unresponsive_channel_holds_up_no_other(booth: Booth) -> None:
    job, _ = await booth.post_picture()
    for message in range(1, 60):
        await booth.services.gallery.add_post(
            make_post(job.id, message=message, channel=404, guild=booth.guild.id, at_ms=message)
        )
    booth.env.inject_error("PUT", "/channels/404/*", status=503, times=None)
    others = [booth.guild.create_text_channel(f"art-{n}") for n in range(3)]
    posts = [(await booth.post_picture(channel))[1] for channel in others]
    assert await booth.run_seeding() is True
    assert [booth.seed_reactions(post) for post in posts] == [[UP, DOWN]] * 3
    left = await booth.services.gallery.posts_with_debt(PostDebt.VOTES, 100)
    assert {post.channel_id for post in left} == {404}
    assert len(left) == 59


async def test_a_post_that_always_fails_holds_up_no_other_post_of_its_channel(booth: Booth) -> None:
    (_, bad), *others = [await booth.post_picture() for _ in range(3)]
    its_path = f"/channels/*/messages/{bad.message_id}/*"
    booth.env.inject_error("PUT", its_path, status=503, times=None)
    for _ in range(2):
        assert await booth.run_seeding() is True
        await booth.env.advance_time(11)
    assert [booth.seed_reactions(post) for _, post in others] == [[UP, DOWN]] * 2


async def test_an_unexpected_error_at_one_post_does_not_end_the_seeding(
    booth: Booth, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (_, bad), (_, good) = [await booth.post_picture() for _ in range(2)]
    told = booth.services.gallery.clear_debt

    async def paid(debt: PostDebt, message_id: MessageId) -> None:
        if message_id == bad.message_id:
            raise KeyError("a row that nobody expected")
        await told(debt, message_id)

    monkeypatch.setattr(booth.services.gallery, "clear_debt", paid)
    assert await booth.run_seeding() is True
    assert await booth.services.gallery.posts_with_debt(PostDebt.VOTES, 9) == [bad]
    assert booth.seed_reactions(good) == [UP, DOWN]
    (told_once,) = [record for record in caplog.records if record.exc_info]
    assert "a row that nobody expected" in str(told_once.exc_info)
