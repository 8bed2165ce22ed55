"""Cases in the review channel: shown, decided once, and what follows from it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import discord
import pytest

from bot.domain import ChannelId, DatabaseError, GuildId, JobState, Rating, RuleId, Ruling, UserId
from bot.policy.effect import Effect
from bot.policy.layers import Overrides
from bot.policy.screening import Term
from bot.store.decisions import DecisionKind, Outcome
from bot.words import refusals
from cogs.governing.cases import case_lines
from models.contract import Scores
from tests.stages.court import Court, button_of, buttons_of, court
from tests.stages.factories import make_held
from tests.stages.front import answer_to
from tests.stages.simulated import OWNER


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Court]:
    async with court(tmp_path) as ready:
        yield ready


async def test_a_held_picture_is_shown_only_to_moderators(desk: Court) -> None:
    job = await desk.hold_picture("1girl, red dress")
    await desk.run_all_rounds()
    message = desk.case_message()
    assert f"<@{desk.member.id}>" in message.content
    assert f"<#{desk.channel.id}>" in message.content
    assert "1girl, red dress" in message.content
    assert "sees probable nudity (60%)" in message.content
    assert "blank" not in message.content
    (file,) = message.attachments
    assert file.is_spoiler()
    assert set(buttons_of(message)) == {"approve", "spoiler", "remove", "timeout"}
    assert not desk.channel.history()
    shown = answer_to(await desk.member.slash(desk.channel, "show", id=job.id))
    assert not shown.attachments
    assert not await desk.services.gallery.get(job.id)


async def test_an_approved_picture_is_posted_and_the_case_shows_who_decided(desk: Court) -> None:
    job = await desk.hold_picture()
    assert await desk.press_action(await desk.post_case(), "approve") is None
    await desk.run_all_rounds()
    assert await desk.state(job) is JobState.DELIVERED
    assert desk.spoilers() == [False]
    message = desk.case_message()
    assert f"Approved by <@{desk.boss.id}>" in message.content
    assert not message.attachments
    assert not buttons_of(message)


async def test_a_case_decided_as_spoiler_is_posted_behind_a_spoiler(desk: Court) -> None:
    await desk.hold_picture()
    await desk.press_action(await desk.post_case(), "spoiler")
    await desk.run_all_rounds()
    assert desk.spoilers() == [True]


async def test_a_removed_held_picture_is_never_posted_and_its_member_learns_why(
    desk: Court,
) -> None:
    job = await desk.hold_picture()
    await desk.press_action(await desk.post_case(), "remove")
    await desk.run_all_rounds()
    now = await desk.services.views.get(job.id)
    assert now is not None
    assert now.state is JobState.WITHHELD
    assert "Another seed" in (now.error or "")
    assert not await desk.services.gallery.get_for_review(job.id)
    assert not desk.case_message().attachments


async def test_a_time_out_stops_the_member_from_asking_until_it_ends(desk: Court) -> None:
    await desk.hold_picture()
    await desk.press_action(await desk.post_case(), "timeout")
    assert any("take a break" in told for told in desk.texts_in_channel())
    refused = await desk.ask()
    assert refused.ephemeral
    assert "You can't ask me for pictures in this server until" in refused.content
    await desk.env.advance_time(60 * 60 + 1)
    assert not (await desk.ask()).ephemeral


async def test_after_a_restart_a_second_moderator_sees_the_first_decision(
    desk: Court,
) -> None:
    job = await desk.hold_picture()
    message = await desk.post_case()
    await desk.restart()
    other = desk.moderator(manage_guild=True)
    await desk.accept_licence(other)
    (case,) = await desk.open_cases()
    copy = answer_to(await other.slash(desk.channel, "moderate cases", id=case.id))
    await desk.press_action(message, "approve")
    late = await other.click(copy.message, custom_id=f"wd:remove:{case.id}")
    assert f"Approved by <@{desk.boss.id}>" in answer_to(late).content
    assert await desk.state(job) is not JobState.WITHHELD
    await desk.run_all_rounds()
    assert len(desk.spoilers()) == 1


async def test_the_permission_is_checked_at_every_press(desk: Court) -> None:
    job = await desk.hold_picture()
    message = await desk.post_case()
    stranger = desk.newcomer()
    # The channel's settings let in a member who may not decide.
    await desk.let_see_reviews(stranger)
    for action in buttons_of(message):
        pressed = await stranger.click(message, custom_id=button_of(message, action))
        assert "for the moderators of this server" in answer_to(pressed).content
    assert await desk.state(job) is JobState.HELD
    assert [case.decision for case in await desk.open_cases()] == [None]


async def test_the_servers_moderator_role_can_decide_cases(desk: Court) -> None:
    role = desk.guild.create_role("judges")
    judge = desk.guild.add_member(desk.env.create_user("judge"), roles=[role])
    await desk.let_see_reviews(judge)
    job = await desk.hold_picture()
    message = await desk.post_case()
    await judge.click(message, custom_id=button_of(message, "approve"))
    assert await desk.state(job) is JobState.HELD
    await desk.change_policy(moderator_role=role.id)
    await judge.click(message, custom_id=button_of(message, "approve"))
    assert await desk.state(job) is JobState.RENDERED


async def test_a_decision_is_recorded_without_the_prompt(desk: Court) -> None:
    job = await desk.hold_picture("1girl, secret words")
    await desk.press_action(await desk.post_case(), "approve")
    made = await desk.services.decisions.decisions_about(GuildId(desk.guild.id), job.id)
    assert [(d.kind, d.outcome) for d in made] == [
        (DecisionKind.ADMIT, Outcome.ALLOW),
        (DecisionKind.RELEASE, Outcome.HOLD),
        (DecisionKind.MODERATION, Outcome.APPROVE),
    ]
    assert "secret" not in repr(made)


async def test_a_case_shows_an_adult_picture_only_in_an_age_restricted_channel(desk: Court) -> None:
    await desk.hold_picture(rating=Rating.EXPLICIT)
    message = await desk.post_case()
    assert not message.attachments
    assert "isn't age-restricted" in message.content
    refused = await desk.boss.click(message, custom_id=button_of(message, "look"))
    assert "Mark this channel as age-restricted" in answer_to(refused).content
    channel = desk.env.bot.get_channel(desk.review_channel.id)
    assert isinstance(channel, discord.TextChannel)
    channel.nsfw = True
    await desk.boss.click(message, custom_id=button_of(message, "look"))
    (file,) = desk.case_message().attachments
    assert file.is_spoiler()
    assert "look" not in buttons_of(desk.case_message())


async def test_a_deleted_case_message_is_posted_again(desk: Court) -> None:
    await desk.hold_picture()
    message = await desk.post_case()
    await desk.boss.delete(message)
    await desk.env.settle()
    again = await desk.post_case()
    assert again.id != message.id
    await desk.press_action(again, "approve")
    assert not await desk.open_cases()


@pytest.mark.parametrize("lacking", ["view_channel", "send_messages", "attach_files"])
async def test_an_unwritable_review_channel_loses_no_case_and_releases_nothing(
    desk: Court, lacking: str
) -> None:
    await desk.deny_to_bot(lacking, channel=desk.review_channel)
    job = await desk.hold_picture()
    await desk.run_all_rounds()
    assert not desk.review_channel.history()
    assert await desk.state(job) is JobState.HELD
    listed = answer_to(await desk.boss.slash(desk.channel, "moderate cases")).content
    (case,) = await desk.open_cases()
    assert case.id in listed
    assert "I can't post cases" in listed
    assert desk.guild.me is not None
    await desk.let_see_reviews(desk.guild.me)
    await desk.env.advance_time(3600)
    await desk.run_all_rounds()
    assert case.id in desk.case_message().content


async def test_a_new_review_channel_gets_the_cases_of_a_deleted_one(
    desk: Court,
) -> None:
    await desk.hold_picture()
    await desk.post_case()
    desk.env.backend.delete_channel(desk.review_channel.id)
    await desk.env.settle()
    listed = answer_to(await desk.boss.slash(desk.channel, "moderate cases")).content
    assert "review channel was deleted" in listed
    fresh = desk.guild.create_text_channel("review-2")
    await desk.env.settle()
    await desk.change_policy(review_channel=ChannelId(fresh.id))
    await desk.env.advance_time(3600)
    await desk.run_rounds("Review")
    (message,) = fresh.history()
    assert set(buttons_of(message)) == {"approve", "spoiler", "remove", "timeout"}


async def test_without_a_review_channel_a_case_is_decided_where_it_is_opened(
    tmp_path: Path,
) -> None:
    async with court(tmp_path, has_review_channel=False) as desk:
        job = await desk.hold_picture()
        await desk.run_all_rounds()
        assert await desk.state(job) is JobState.HELD
        listed = answer_to(await desk.boss.slash(desk.channel, "moderate cases")).content
        assert "no review channel" in listed
        (case,) = await desk.open_cases()
        shown = answer_to(await desk.boss.slash(desk.channel, "moderate cases", id=case.id))
        assert shown.ephemeral
        assert [file.is_spoiler() for file in shown.attachments] == [True]
        await desk.boss.click(shown.message, custom_id=f"wd:approve:{case.id}")
        await desk.run_all_rounds()
        assert await desk.state(job) is JobState.DELIVERED
        stored = desk.env.backend.messages[desk.channel.id][shown.id]
        assert f"Approved by <@{desk.boss.id}>" in stored.content


async def test_a_case_of_another_server_cannot_be_opened(desk: Court) -> None:
    await desk.hold_picture()
    (case,) = await desk.open_cases()
    await desk.services.reviews._db.write_one(
        "UPDATE cases SET guild_id = 5 WHERE id = :id", {"id": case.id}
    )
    told = answer_to(await desk.boss.slash(desk.channel, "moderate cases", id=case.id)).content
    assert "no longer have that case" in told


async def test_a_forgotten_member_leaves_no_case_behind(desk: Court) -> None:
    await desk.hold_picture()
    await desk.post_case()
    await desk.services.privacy.forget(UserId(desk.member.id))
    await desk.run_takedown()
    assert not desk.review_channel.history()
    assert not await desk.open_cases()


async def test_moderate_cases_warns_of_a_public_review_channel(desk: Court) -> None:
    open_to_all = desk.guild.create_text_channel("open")
    await desk.env.settle()
    await desk.change_policy(review_channel=ChannelId(open_to_all.id))
    told = answer_to(await desk.boss.slash(desk.channel, "moderate cases")).content
    assert f"<#{open_to_all.id}> can be read by everybody" in told
    await desk.change_policy(review_channel=ChannelId(desk.review_channel.id))
    told = answer_to(await desk.boss.slash(desk.channel, "moderate cases")).content
    assert "can be read" not in told


async def test_queue_and_history_say_that_a_picture_waits_for_the_moderators(desk: Court) -> None:
    job = await desk.hold_picture()
    queue = answer_to(await desk.member.slash(desk.channel, "queue")).content
    assert f"`{job.id}`" in queue
    assert "waits for the moderators" in queue
    history = answer_to(await desk.member.slash(desk.channel, "history")).content
    assert "1 picture of yours is waiting for the moderators" in history
    assert job.id not in history
    await desk.press_action(await desk.post_case(), "approve")
    await desk.run_all_rounds()
    history = answer_to(await desk.member.slash(desk.channel, "history")).content
    assert "waits" not in history
    assert job.id in history


async def test_a_case_whose_response_was_lost_is_found_and_not_posted_twice(
    desk: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.hold_picture()
    desk.lose_next_answer(monkeypatch, TimeoutError())
    await desk.run_rounds("Review")
    (message,) = desk.review_channel.history()
    (case,) = await desk.open_cases()
    assert case.message is None
    await desk.restart()
    await desk.env.advance_time(60)
    assert (await desk.post_case()).id == message.id
    await desk.press_action(message, "approve")
    assert not await desk.open_cases()


async def test_a_decision_whose_edit_was_lost_appears_at_the_next_look(
    desk: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await desk.hold_picture()
    message = await desk.post_case()

    async def lost(*_: object, **_options: object) -> None:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(discord.Interaction, "edit_original_response", lost)
        await desk.press_action(message, "approve")
    assert await desk.state(job) is JobState.RENDERED
    assert "Approved" not in desk.case_message().content
    await desk.run_rounds("Review")
    assert f"Approved by <@{desk.boss.id}>" in desk.case_message().content


async def test_a_moderator_who_lost_the_permission_decides_nothing(
    desk: Court,
) -> None:
    job = await desk.hold_picture()
    message = await desk.post_case()
    await desk.let_see_reviews(desk.boss)
    for role in list(desk.env.backend.get_guild(desk.guild.id).members[desk.boss.id].role_ids):
        desk.env.backend.remove_member_role(desk.guild.id, desk.boss.id, role)
    await desk.env.settle()
    pressed = await desk.boss.click(message, custom_id=button_of(message, "approve"))
    assert "for the moderators of this server" in answer_to(pressed).content
    assert await desk.state(job) is JobState.HELD


async def test_an_unreadable_policy_blocks_decisions_and_requests(desk: Court) -> None:
    job = await desk.hold_picture()
    message = await desk.post_case()
    await desk.services.reviews._db.write_one("UPDATE policies SET body = '{]'", {})
    desk.services.guilds._current.clear()
    pressed = await desk.boss.click(message, custom_id=button_of(message, "approve"))
    assert "can't reach my notes" in answer_to(pressed).content
    assert await desk.state(job) is JobState.HELD
    assert (await desk.ask()).ephemeral
    assert len(await desk.jobs_of()) == 1
    desk.env._errors.clear()


async def unreadable(guild_id: GuildId) -> None:
    raise DatabaseError(str(guild_id))


async def test_a_case_names_the_rules_that_held_it_and_the_words_they_found(
    desk: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = Effect(ruling=Ruling.HOLD)
    await desk.change_policy(
        rules=Overrides(effects={RuleId("suggestive"): hold}),
        blocked=(Term(text="dragon", effect=hold),),
    )
    await desk.ask(prompt="lingerie, dragon, hat")
    claimed = await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    assert claimed is not None
    scores = Scores(values={"blank": 0.0, "nudity": 0.02})
    await desk.keep_picture(claimed, replace(make_held(claimed, refusals.ASKED_FOR), scores=scores))
    told = (await desk.post_case()).content
    assert "**Suggestive content** (this server), found in “lingerie”" in told
    assert "**Blocked words of this server** (this server), found in “dragon”" in told
    assert "sees no nudity (2%)" in told
    assert "“hat”" not in told
    (case,) = await desk.open_cases()
    monkeypatch.setattr(desk.services.guilds, "policy", unreadable)
    lines = "\n".join(await case_lines(desk.services, case))
    assert "Held by **Blocked words of this server** (this server)" in lines, (
        "the case is shown all the same"
    )


async def test_policy_why_shows_the_scores_of_a_picture_and_who_decided(desk: Court) -> None:
    job = await desk.hold_picture()
    told = answer_to(await desk.boss.slash(desk.channel, "policy why", id=job.id)).content
    assert "The finished picture: **held for the moderators**" in told
    assert "sees probable nudity (60%)" in told
    await desk.press_action(await desk.post_case(), "approve")
    told = answer_to(await desk.boss.slash(desk.channel, "policy why", id=f"`{job.id}`")).content
    assert f"The held picture: **approved**. By <@{desk.boss.id}>" in told


async def test_policy_why_says_why_a_picture_was_withheld(desk: Court) -> None:
    (job,) = await desk.queue_jobs()
    assert await desk.services.queue.claim(OWNER, 60_000, desk.services.clock()) is not None
    text = refusals.REVEALING
    await desk.services.queue.withhold(OWNER, job.id, text, desk.services.clock())
    told = answer_to(await desk.boss.slash(desk.channel, "policy why", id=job.id)).content
    assert f"**shown to nobody**. {text}" in told
