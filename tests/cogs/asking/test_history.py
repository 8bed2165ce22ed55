"""`/history`: a numbered sheet that can be searched and paged; and favourites, marked with ⭐."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import discord
import pytest
from PIL import Image
from simcord.actors import MemberActor
from simcord.backend.errors import OptionError
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType
from simcord.results import ResponseMessage

from bot.domain import GuildId, Job, Rating, UserId
from bot.words import pictures
from cogs.components import post_view
from cogs.posting.sheets import contact_sheet
from tests.stages.factories import make_post, make_released
from tests.stages.front import Front, answer_to, custom_ids, front
from tests.stages.law import make_guild, save_policy
from tests.stages.simulated import OWNER


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


async def history(
    desk: Front, who: MemberActor | None = None, **options: object
) -> ResponseMessage:
    answer = answer_to(await (who or desk.member).slash(desk.channel, "history", **options))
    assert answer.ephemeral
    return answer


def current(desk: Front, answer: ResponseMessage) -> object:
    return desk.env.backend.messages[desk.channel.id][answer.id]


async def drawn(desk: Front, *prompts: str) -> list[Job]:
    jobs = [job for prompt in prompts for job in await desk.queue_jobs(prompt=prompt)]
    await desk.draw_jobs(jobs)
    return jobs


def rows(answer: ResponseMessage) -> list[list[str]]:
    """The labels of each row."""
    return [[item["label"] for item in row["components"]] for row in answer.components]


def numbered(answer: ResponseMessage) -> list[str]:
    """The jobs behind the numbers, in their order."""
    opens = (id_ for id_ in custom_ids(answer) if id_.startswith("wd:open:"))
    return [id_.rpartition(":")[2] for id_ in opens]


async def with_menu(desk: Front, job: Job) -> discord.Message:
    """A message with the menu that sheets had before the numbers."""
    view = discord.ui.View(timeout=None)
    options = [discord.SelectOption(label="1", value=job.id)]
    view.add_item(discord.ui.Select(custom_id="wd:lookat:0", options=options))
    view.stop()
    return await desk.env.bot.get_partial_messageable(desk.channel.id).send("x", view=view)


def colour_at(sheet: Image.Image, place: int) -> tuple[int, int, int]:
    row, column = divmod(place - 1, 3)
    found = sheet.getpixel((column * 246 + 180, row * 246 + 180))
    assert isinstance(found, tuple)
    return found  # type: ignore[return-value]  RGB


async def sheet_of(answer: ResponseMessage) -> Image.Image:
    (file,) = answer.attachments
    return Image.open(io.BytesIO(await file.read()))


async def test_a_sheet_shows_nine_numbered_pictures_and_the_next_sheet_the_rest(
    desk: Front,
) -> None:
    jobs = await drawn(desk, *(f"1girl, number {n}" for n in range(11)))
    answer = await history(desk)
    assert numbered(answer) == [job.id for job in reversed(jobs[2:])]
    assert (await sheet_of(answer)).size == (732, 732)
    assert "1: 1girl, number 10; 2: 1girl, number 9" in (answer.attachments[0].description or "")
    older = next(id_ for id_ in custom_ids(answer) if id_.startswith("wd:history:"))
    await desk.restart()
    await desk.member.click(answer.message, custom_id=older)
    page = current(desk, answer)
    assert jobs[1].id in page.content  # type: ignore[attr-defined]  the simulated message
    assert len(page.attachments) == 1  # type: ignore[attr-defined]
    newest = next(
        item["custom_id"]
        for row in page.components  # type: ignore[attr-defined]
        for item in row["components"]
        if item["custom_id"].startswith("wd:newest:")
    )
    await desk.member.click(answer.message, custom_id=newest)
    assert jobs[10].id in current(desk, answer).content  # type: ignore[attr-defined]


async def test_pressing_a_number_shows_its_picture_in_an_ephemeral_reply(desk: Front) -> None:
    first, second = await drawn(desk, "1girl, first", "1girl, second")
    answer = await history(desk)
    await desk.restart()
    shown = answer_to(await desk.member.click(answer.message, label="2"))
    assert shown.ephemeral
    assert [file.filename for file in shown.attachments] == [f"{first.id}.png"]
    assert f"wd:upscale:{first.id}" in custom_ids(shown)
    await desk.services.gallery.delete(second.id, desk.services.clock())
    assert "gone" in answer_to(await desk.member.click(answer.message, label="1")).content


async def test_a_menu_of_the_sheets_message_takes_none_of_its_pictures(desk: Front) -> None:
    await drawn(desk, "1girl, first", "1girl, second")
    sheet = (await history(desk)).message
    told = answer_to(await desk.member.context_menu(desk.channel, "Settings", sheet)).content
    assert told == pictures.NONE_OF_MINE()


async def test_the_numbers_stand_in_two_rows_above_the_buttons_that_turn_pages(
    desk: Front,
) -> None:
    await drawn(desk, *(f"1girl, number {n}" for n in range(3)))
    assert rows(await history(desk)) == [["1", "2", "3"]]
    await drawn(desk, *(f"1girl, number {n}" for n in range(3, 19)))
    answer = await history(desk)
    numbers = [["1", "2", "3", "4", "5"], ["6", "7", "8", "9"]]
    assert rows(answer) == [*numbers, ["Older"]]
    await desk.member.click(answer.message, label="Older")
    assert rows(answer) == [*numbers, ["Newest", "Older"]]
    await desk.member.click(answer.message, label="Older")
    assert rows(answer) == [["1"], ["Newest"]]


async def test_the_menu_of_an_earlier_sheet_still_opens_a_picture(desk: Front) -> None:
    (mine,) = await drawn(desk, "1girl, mine")
    old = await with_menu(desk, mine)
    shown = answer_to(await desk.member.select(old, [mine.id], custom_id="wd:lookat:0"))
    assert shown.ephemeral
    assert [file.filename for file in shown.attachments] == [f"{mine.id}.png"]
    await desk.services.gallery.delete(mine.id, desk.services.clock())
    gone = await desk.member.select(old, [mine.id], custom_id="wd:lookat:0")
    assert "gone" in answer_to(gone).content


async def test_history_searches_words_and_models_and_takes_wildcards_literally(desk: Front) -> None:
    await drawn(desk, "1girl, Blue Hair, hat", "1boy, blue eyes", "100% cotton, under_score")
    for words, count in {
        "blue": 2, "HAIR blue": 1, "%": 1, "_": 1, "' OR 1=1 --": 0, "cotton girl": 0,
    }.items():  # fmt: skip
        answer = await history(desk, search=words)
        assert len(numbered(answer)) == count, words
        assert ("None of your pictures matches" in answer.content) is (count == 0)
    (other,) = await drawn(desk, "1girl, blue, of another")
    await desk.services.queue._db.write_one(
        "UPDATE pictures SET card_id = 'other-2' WHERE job_id = :job", {"job": other.id}
    )
    assert numbered(await history(desk, model="other-2")) == [other.id]
    assert numbered(await history(desk, model="none")) == []
    offered = await desk.member.autocomplete(desk.channel, "history", "model", "OTHER")
    assert [choice["value"] for choice in offered] == ["other-2"]


async def test_a_search_continues_across_pages_and_restarts(desk: Front) -> None:
    jobs = await drawn(desk, *(f"猫耳 🎀, {n}" if n % 2 else f"hat, {n}" for n in range(22)))
    words = "猫耳 " + "🎀" * 40
    assert "None of" in (await history(desk, search=words)).content
    answer = await history(desk, search="猫耳 🎀", model=desk.services.model().card_id)
    older = next(id_ for id_ in custom_ids(answer) if id_.startswith("wd:history:"))
    await desk.restart()
    await desk.member.click(answer.message, custom_id=older)
    page = current(desk, answer).content  # type: ignore[attr-defined]
    cats = [job.id for job in jobs if "猫耳" in job.draw.prompt]
    assert [job.id for job in jobs if job.id in page] == cats[:2]


async def test_a_search_too_long_for_a_button_is_cut_and_answered(desk: Front) -> None:
    from cogs.asking.history import _WORDS_MAX, _cut_to_fit

    jobs = await drawn(desk, *(f"{'🎀' * 90}, {n}" for n in range(10)))
    answer = await history(desk, search="🎀" * _WORDS_MAX)
    older = next(id_ for id_ in custom_ids(answer) if id_.startswith("wd:history:"))
    await desk.member.click(answer.message, custom_id=older)
    assert numbered(answer) == [jobs[0].id]
    assert len(_cut_to_fit("x" * 4000)) == _WORDS_MAX
    assert len(_cut_to_fit("🎀" * 4000).encode("utf-16-le")) <= 2 * _WORDS_MAX
    assert _cut_to_fit(" a \n b ") == "a b"


async def test_hidden_pictures_leave_an_empty_field_and_the_reason(desk: Front) -> None:
    (adult,) = await desk.queue_jobs(prompt="1girl, adult")
    assert await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    await desk.keep_picture(adult, make_released(adult, rating=Rating.EXPLICIT))
    (covered,) = await desk.queue_jobs(prompt="1girl, covered")
    assert await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    await desk.keep_picture(covered, make_released(covered, spoiler=True))
    (plain,) = await drawn(desk, "1girl, plain")
    answer = await history(desk)
    lines = answer.content.splitlines()
    assert [line.rpartition(" · ")[2] for line in lines[1:]] == [
        "behind a spoiler", "not shown here",
    ]  # fmt: skip
    assert numbered(answer) == [plain.id, covered.id]
    sheet = await sheet_of(answer)
    grey = (0x4E, 0x50, 0x58)
    assert [colour_at(sheet, place) == grey for place in (1, 2, 3)] == [False, True, True]
    assert "covered" not in (answer.attachments[0].description or "")
    assert rows(answer) == [["1", "2"]], "the third may not be shown"
    pressed = await desk.member.click(answer.message, label="2")
    assert answer_to(pressed).attachments[0].filename.startswith("SPOILER_")


async def test_without_the_licence_history_lists_words_but_no_pictures(desk: Front) -> None:
    (mine,) = await drawn(desk, "1girl, mine")
    before = await history(desk)
    desk.use_model(replace(desk.services.model(), licence_sha256="f" * 64))
    answer = await history(desk)
    assert "mine" in answer.content
    assert answer.attachments == []
    assert numbered(answer) == []
    assert "icence" in answer_to(await desk.member.click(before.message, label="1")).content
    old = await with_menu(desk, mine)
    chosen = await desk.member.select(old, [mine.id], custom_id="wd:lookat:0")
    assert "icence" in answer_to(chosen).content


async def test_a_favourite_is_added_once_and_can_be_removed(desk: Front) -> None:
    job, message = await desk.post_picture()
    fan = desk.newcomer("fan")
    await desk.accept_licence(fan)
    assert "no favourites" in (await history(desk, fan, favourites=True)).content
    first = answer_to(await fan.click(message, label="Favourite"))
    await desk.restart()
    second = answer_to(await fan.click(message, label="Favourite"))
    assert first.ephemeral
    assert "Added" in second.content
    answer = await history(desk, fan, favourites=True)
    assert "⭐" in answer.content
    assert numbered(answer) == [job.id]
    assert "⭐" not in (await history(desk)).content, "nobody else is told"
    await fan.click(second.message, label="Remove")
    await fan.click(first.message, label="Remove")
    assert numbered(await history(desk, fan, favourites=True)) == []


async def test_a_favourite_is_hidden_with_its_channel_and_gone_with_its_picture(
    desk: Front,
) -> None:
    job, message = await desk.post_picture()
    fan = desk.newcomer("fan")
    await desk.accept_licence(fan)
    await fan.click(message, label="Favourite")
    other = desk.guild.create_text_channel("elsewhere")
    await desk.env.settle()
    sheet = answer_to(await fan.slash(other, "history", favourites=True))
    _, deny = discord.PermissionOverwrite(view_channel=False).pair()
    desk.env.backend.set_overwrite(
        desk.channel.id, Overwrite(fan.id, OverwriteType.MEMBER, deny=deny.value)
    )
    await desk.env.settle()
    closed = answer_to(await fan.slash(other, "history", favourites=True))
    assert "not shown here" in closed.content
    assert closed.attachments == []
    assert "blue hair" not in closed.content, (
        "its words are only for members who can read that channel"
    )
    assert "https://" not in closed.content
    pressed = answer_to(await fan.click(sheet.message, label="1"))
    assert "can't read any more" in pressed.content
    assert pressed.attachments == []
    await desk.services.gallery.delete(job.id, desk.services.clock())
    assert "no favourites" in answer_to(await fan.slash(other, "history", favourites=True)).content


async def test_another_members_private_picture_cannot_be_a_favourite(desk: Front) -> None:
    await desk.member.slash(desk.channel, "waifu", prompt="1girl, secret", private=True)
    (job,) = await desk.jobs_of()
    await desk.draw_jobs([job])
    fan = desk.newcomer("fan")
    await desk.accept_licence(fan)
    message = await desk.channel_of(job).send("not mine", view=post_view(job.id))
    assert "gone" in answer_to(await fan.click(message, label="Favourite")).content
    assert await desk.services.favourites.add(UserId(fan.id), job.id, 5)
    assert "secret" not in (await history(desk, fan, favourites=True)).content
    await desk.member.click(message, label="Favourite")
    assert numbered(await history(desk, favourites=True)) == [job.id]


async def test_favourites_are_exported_and_forgotten(desk: Front) -> None:
    job, message = await desk.post_picture()
    fan = desk.newcomer("fan")
    await fan.click(message, label="Favourite")
    answer = answer_to(await fan.slash(desk.channel, "privacy export"))
    archive = zipfile.ZipFile(io.BytesIO(await answer.attachments[0].read()))
    kept = json.loads(archive.read("everything.json"))["favourites"]
    assert [row["job_id"] for row in kept] == [job.id]
    await desk.services.privacy.forget(UserId(fan.id))
    assert await desk.services.favourites.favourites_among(UserId(fan.id), [job.id]) == frozenset()


async def test_a_newly_blocked_term_removes_the_picture_from_the_sheet(desk: Front) -> None:
    await drawn(desk, "1girl, spiders")
    assert (await history(desk)).attachments
    blocking = make_guild("spiders", guild_id=GuildId(desk.guild.id))
    await save_policy(desk.services.guilds, blocking)
    assert (await history(desk)).attachments == []


def test_a_sheet_fits_its_pictures_and_survives_a_broken_one() -> None:
    for count, size in {1: (240, 240), 2: (486, 240), 4: (732, 486), 9: (732, 732)}.items():
        sheet = Image.open(io.BytesIO(contact_sheet([b"broken"] + [None] * (count - 1))))
        assert sheet.size == size


async def test_the_model_option_takes_at_most_100_characters(desk: Front) -> None:
    with pytest.raises(OptionError, match="at most 100"):
        await history(desk, model="x" * 101)
    assert "None of your" in (await history(desk, model="`" * 100)).content


async def test_a_forged_button_reaches_no_picture_in_a_hidden_channel(desk: Front) -> None:
    secret = desk.guild.create_text_channel(
        "secret",
        overwrites={desk.guild.default_role: discord.PermissionOverwrite(view_channel=False)},
    )
    await desk.env.settle()
    (job,) = await desk.queue_jobs(channel=secret, prompt="1girl, dragon")
    await desk.draw_jobs([job])
    fan = desk.newcomer("fan")
    await desk.accept_licence(fan)
    here = desk.env.bot.get_partial_messageable(desk.channel.id)
    forged = await here.send("x", view=post_view(job.id))
    for label in ("Favourite", "Settings", "Again", "Reroll", "Edit"):
        pressed = await fan.click(forged, label=label)
        assert pressed.modal is None, label
        assert "can't read any more" in answer_to(pressed).content, label
        assert "dragon" not in answer_to(pressed).content, label
    assert not await desk.services.favourites.favourites_among(UserId(fan.id), [job.id])
    assert await desk.jobs_of(fan) == []
    # Once it is posted where the member can read, they may mark it.
    await desk.services.gallery.add_post(make_post(job.id, message=5, channel=desk.channel.id))
    assert "Added" in answer_to(await fan.click(forged, label="Favourite")).content


async def test_buttons_work_for_members_without_read_message_history(
    desk: Front,
) -> None:
    forgetful = desk.guild.create_text_channel(
        "forgetful",
        overwrites={
            desk.guild.default_role: discord.PermissionOverwrite(read_message_history=False)
        },
    )
    await desk.env.settle()
    (job,) = await desk.queue_jobs(channel=forgetful)
    await desk.draw_jobs([job])
    there = await desk.env.bot.get_partial_messageable(forgetful.id).send(
        "x", view=post_view(job.id)
    )
    assert "Added" in answer_to(await desk.newcomer("fan").click(there, label="Favourite")).content


async def test_a_deleted_picture_cannot_become_a_favourite(desk: Front) -> None:
    job, message = await desk.post_picture()
    await desk.services.gallery.delete(job.id, desk.services.clock())
    assert "gone" in answer_to(await desk.member.click(message, label="Favourite")).content
    assert not await desk.services.favourites.favourites_among(job.user_id, [job.id])
