"""Reports: from a button or a menu to a case, and what a decision does to the posts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from simcord.actors import MemberActor

from bot import rulebooks
from bot.domain import ChannelId, Job, UserId
from bot.exporting import ExportWish, write_manifest
from bot.policy.layers import ground_of
from bot.store.licence_texts import LicenceTexts
from tests.stages.court import Court, buttons_of, court
from tests.stages.front import answer_to


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Court]:
    async with court(tmp_path, "cogs.voting.votes", "cogs.posting.lost") as ready:
        yield ready


async def posted(desk: Court, prompt: str = "1girl, blue hair") -> tuple[Job, discord.Message]:
    """A picture that the delivery posted."""
    (job,) = await desk.queue_jobs(prompt=prompt)
    await desk.draw_jobs([job])
    await desk.run_rounds("Delivery")
    return job, desk.channel.history()[-1]


async def reports(
    desk: Court, who: MemberActor, message: discord.Message, reason: str = "sexual", words: str = ""
) -> str:
    shown = await who.click(message, custom_id=buttons_of(message)["report"])
    return (await desk.fill_form(who, shown, reason=[reason], words=words)).content


async def test_a_report_becomes_a_case_with_reporter_picture_and_reason(desk: Court) -> None:
    _, message = await posted(desk, "1girl, red dress")
    who = desk.newcomer()
    assert "Thank you" in await reports(desk, who, message, words="it is *rude*")
    case = await desk.post_case()
    assert "reported" in case.content
    assert f"<@{who.id}>: It is too sexual for this channel\\: it is \\*rude\\*" in case.content
    assert f"by <@{desk.member.id}>" in case.content
    assert "1girl, red dress" in case.content
    assert [file.is_spoiler() for file in case.attachments] == [True]
    assert set(buttons_of(case)) == {"approve", "spoiler", "remove", "timeout"}
    # The picture stays until somebody decides.
    assert len(desk.channel.history()) == 1


async def test_a_picture_can_be_reported_from_the_context_menu(desk: Court) -> None:
    _, message = await posted(desk)
    who = desk.newcomer()
    shown = await who.context_menu(desk.channel, "Report picture", message)
    assert "Thank you" in (await desk.fill_form(who, shown, reason=["gore"])).content
    assert "gore" in (await desk.post_case()).content


async def test_a_message_without_the_bots_picture_cannot_be_reported(desk: Court) -> None:
    chat = await desk.member.send(desk.channel, "just words `0123456789`")
    told = answer_to(await desk.member.context_menu(desk.channel, "Report picture", chat))
    assert "isn't one of my pictures" in told.content


async def test_several_reports_form_one_case_and_count_once_per_member(desk: Court) -> None:
    _, message = await posted(desk)
    ada, bob = desk.newcomer("ada"), desk.newcomer("bob")
    await reports(desk, ada, message)
    await desk.post_case()
    assert "Others have reported" in await reports(desk, bob, message, "hate")
    assert "already" in await reports(desk, bob, message, "gore")
    case = await desk.post_case()
    assert f"<@{ada.id}>" in case.content
    assert f"<@{bob.id}>: It is hateful" in case.content
    assert "gore" not in case.content


async def test_a_forgotten_reporters_name_leaves_the_case(desk: Court) -> None:
    _, message = await posted(desk)
    who = desk.newcomer()
    await reports(desk, who, message, "hate")
    assert f"<@{who.id}>" in (await desk.post_case()).content
    await desk.services.privacy.forget(UserId(who.id))
    case = await desk.post_case()
    assert f"<@{who.id}>" not in case.content
    assert "somebody who asked to be forgotten: It is hateful" in case.content


async def test_a_report_form_opened_before_a_restart_still_counts(desk: Court) -> None:
    _, message = await posted(desk)
    who = desk.newcomer()
    shown = await who.click(message, custom_id=buttons_of(message)["report"])
    await desk.restart()
    assert "Thank you" in (await desk.fill_form(who, shown, reason=["other"], words="hm")).content
    assert len(await desk.open_cases()) == 1


async def test_approving_a_reported_picture_keeps_it_and_tells_later_reporters(
    desk: Court,
) -> None:
    _, message = await posted(desk)
    await reports(desk, desk.newcomer("ada"), message)
    await desk.press_action(await desk.post_case(), "approve")
    await desk.run_all_rounds()
    assert desk.spoilers() == [False]
    assert "stays as it is" in desk.case_message().content
    assert "decided" in await reports(desk, desk.newcomer("bob"), message)


async def test_a_spoiler_is_applied_to_the_posted_messages_in_place(desk: Court) -> None:
    job, message = await posted(desk)
    again = answer_to(await desk.member.slash(desk.channel, "show", id=job.id))
    await reports(desk, desk.newcomer("ada"), message)
    await desk.press_action(await desk.post_case(), "spoiler")
    await desk.run_all_rounds()
    assert desk.spoilers() == [True, True]
    shown = [m.id for m in desk.channel.history() if m.attachments]
    assert shown == [message.id, again.id], "the same messages"
    assert set(buttons_of(desk.channel.history()[0])) >= {"again", "report"}
    assert any("behind a spoiler" in told for told in desk.texts_in_channel())
    fresh = answer_to(await desk.member.slash(desk.channel, "show", id=job.id))
    assert [file.is_spoiler() for file in fresh.attachments] == [True]


async def test_a_removed_picture_leaves_messages_gallery_lists_and_exports(
    desk: Court, tmp_path: Path
) -> None:
    job, message = await posted(desk)
    fan = desk.newcomer("fan")
    await desk.accept_licence(fan)
    await fan.react(message, "👍")
    await desk.cog("VotesCog")._inbox.flush()
    await fan.slash(desk.channel, "show", id=job.id)
    await fan.slash(desk.channel, "votes top")
    assert len([m for m in desk.channel.history() if m.attachments]) == 3
    await reports(desk, fan, message, "minors")
    await desk.press_action(await desk.post_case(), "remove")
    await desk.run_takedown()
    await desk.run_all_rounds()
    assert not [m for m in desk.channel.history() if m.attachments]
    assert any(f"have removed your picture `{job.id}`" in told for told in desk.texts_in_channel())
    gone = answer_to(await fan.slash(desk.channel, "show", id=job.id))
    assert not gone.attachments
    assert "may show here" in answer_to(await fan.slash(desk.channel, "votes top")).content
    gallery = desk.services.gallery
    assert await gallery.get(job.id) is None
    assert not list((tmp_path / "pictures").glob("*/*.png"))
    licences = LicenceTexts(tmp_path / "licences")
    wish = ExportWish(directory=tmp_path / "out")
    ground = ground_of(rulebooks.load())
    assert not (await write_manifest(gallery._db, gallery, licences, ground, wish)).pictures


async def test_a_removed_picture_is_not_drawn_again(desk: Court) -> None:
    """The same settings and seed give the same picture; its button may outlive it for a while."""
    _, message = await posted(desk)
    await reports(desk, desk.newcomer("ada"), message)
    await desk.press_action(await desk.post_case(), "remove")
    before = len(await desk.jobs_of())
    told = answer_to(await desk.member.click(message, custom_id=buttons_of(message)["again"]))
    assert told.ephemeral
    assert "removed" in told.content
    assert len(await desk.jobs_of()) == before


async def test_a_report_without_a_review_channel_is_kept_and_says_where(
    tmp_path: Path,
) -> None:
    async with court(tmp_path, has_review_channel=False) as desk:
        _, message = await posted(desk)
        told = await reports(desk, desk.newcomer(), message)
        assert "/moderate cases" in told
        assert len(await desk.open_cases()) == 1
        await desk.change_policy(review_channel=ChannelId(desk.review_channel.id))
        assert "reported" in (await desk.post_case()).content


async def test_a_case_in_the_pictures_own_channel_is_not_mistaken_for_its_post(
    desk: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case still shows the picture, as its edit was lost; a restart looks for a lost post."""

    async def lost(*_: object, **_options: object) -> None:
        raise TimeoutError

    await desk.change_policy(review_channel=ChannelId(desk.channel.id))
    job = await desk.hold_picture()
    await desk.run_rounds("Review")
    (case,) = desk.channel.history()
    with monkeypatch.context() as patch:
        patch.setattr(discord.Interaction, "edit_original_response", lost)
        await desk.press_action(case, "approve")
    await desk.services.outbox.begin_posting(job.owed_post_id, desk.services.clock())
    await desk.restart()
    await desk.run_rounds("Delivery")
    (post,) = await desk.services.gallery.posts(job.id)
    assert post.message_id != case.id


async def test_a_picture_of_another_server_cannot_be_reported_here(desk: Court) -> None:
    job, message = await posted(desk)
    shown = await desk.member.click(message, custom_id=buttons_of(message)["report"])
    await desk.services.reviews._db.write_one(
        "UPDATE jobs SET guild_id = 5 WHERE id = :id", {"id": job.id}
    )
    told = await desk.fill_form(desk.member, shown, reason=["sexual"])
    assert "isn't one of my pictures" in told.content
    assert not await desk.open_cases()
