"""Controls under a grid: pick the best picture, or open the buttons of one of them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor
from simcord.results import ResponseMessage

from bot.domain import Job, StorageError, UserId
from bot.store.grids import Grids, PickResult
from cogs.components import Action, row_of
from tests.stages.front import Front, answer_to, custom_ids, front


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    more = ("cogs.posting.delivery", "cogs.posting.status", "cogs.voting.picking")
    async with front(tmp_path, *more) as ready:
        yield ready


async def grid(desk: Front, count: int = 4) -> tuple[list[Job], discord.Message]:
    """Several pictures of the member in one post."""
    jobs = await desk.queue_jobs(count=count)
    await desk.draw_jobs(jobs)
    await desk.run_rounds("Delivery")
    return jobs, desk.channel.history()[-1]


def children(message: discord.Message) -> list[discord.Button | discord.SelectMenu]:
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    found = [child for row in rows for child in row.children]
    return [child for child in found if isinstance(child, discord.Button | discord.SelectMenu)]


def controls(message: discord.Message) -> list[tuple[str, bool]]:
    return [(child.custom_id or "", child.disabled) for child in children(message)]


async def picks(who: MemberActor, message: discord.Message, number: int) -> ResponseMessage:
    return answer_to(await who.click(message, label=str(number)))


async def panel(who: MemberActor, message: discord.Message, place: int) -> ResponseMessage:
    menu = next(id_ for id_, _ in controls(message) if id_.startswith("wd:which:"))
    return answer_to(await who.select(message, [str(place)], custom_id=menu))


async def deletes(desk: Front, under: ResponseMessage) -> ResponseMessage:
    """Delete a picture by its panel, as the member; return the answer with its undo button."""
    asked = answer_to(await desk.member.click(under.message, label="Delete"))
    await desk.member.click(asked.message, label="Yes, delete it")
    return asked


async def current(desk: Front, who: MemberActor) -> list[int]:
    rows = await desk.services.queue._db.fetch_all(
        "SELECT place FROM choices WHERE axis = 'pick' AND voter_id = :user", {"user": who.id}
    )
    return [row["place"] for row in rows]


@pytest.mark.parametrize("count", [2, 3, 4])
async def test_each_picture_has_a_numbered_button_and_all_share_one_menu(
    desk: Front, count: int
) -> None:
    jobs, message = await grid(desk, count)
    name = jobs[0].owed_post_id
    numbers = [(f"wd:pick{place}:{name}", False) for place in range(1, count + 1)]
    reroll, menu = (f"wd:rerollall:{name}", False), (f"wd:which:{name}", False)
    assert controls(message) == [*numbers, reroll, menu]


async def test_a_pick_can_be_changed_and_withdrawn_even_after_a_restart(desk: Front) -> None:
    _, message = await grid(desk)
    fan = desk.newcomer("fan")
    first = await picks(fan, message, 3)
    assert first.ephemeral
    assert "**Picture 3** is your pick" in first.content
    await desk.restart()
    second = await picks(fan, message, 1)
    assert "1 for picture 1" in second.content
    assert await current(desk, fan) == [1]
    await fan.click(second.message, label="Take back")
    assert await current(desk, fan) == []
    assert "Pick withdrawn" in desk.env.backend.messages[desk.channel.id][second.id].content


async def test_of_two_picks_pressed_at_once_both_are_answered_and_one_remains(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, message = await grid(desk)
    fan = desk.newcomer("fan")
    both, plain = asyncio.Barrier(2), Grids.pick

    async def together(self: Grids, *values: Any) -> PickResult | None:
        await both.wait()
        return await plain(self, *values)

    monkeypatch.setattr(Grids, "pick", together)
    # The simulation lets one press end before the next begins, unless told otherwise.
    monkeypatch.setattr(MemberActor, "click", inspect.unwrap(MemberActor.click))
    answers = await asyncio.gather(picks(fan, message, 2), picks(fan, message, 3))
    for place, answer in zip((2, 3), answers, strict=True):
        assert answer.ephemeral
        assert f"**Picture {place}** is your pick" in answer.content
    (place,) = await current(desk, fan)
    ledger = await desk.services.queue._db.fetch_all(
        "SELECT place, added FROM vote_events WHERE about = :name ORDER BY id",
        {"name": jobs[0].owed_post_id},
    )
    other = 5 - place
    assert [(row["place"], row["added"]) for row in ledger] == [(other, 1), (other, 0), (place, 1)]


async def test_a_member_is_told_that_a_pick_in_their_own_grid_does_not_count(desk: Front) -> None:
    _, message = await grid(desk)
    assert "noted but doesn't count" in (await picks(desk.member, message, 2)).content
    assert await current(desk, desk.member) == [2]


async def test_a_pick_of_a_deleted_picture_is_answered_but_not_counted(desk: Front) -> None:
    jobs, message = await grid(desk)
    fan = desk.newcomer("fan")
    await desk.services.gallery.delete(jobs[1].id, desk.services.clock())
    assert "wasn't counted" in (await picks(fan, message, 2)).content
    await desk.services.privacy.forget(UserId(desk.member.id))
    assert "wasn't counted" in (await picks(fan, message, 1)).content
    assert await current(desk, fan) == []


async def test_forged_buttons_reach_no_grid_in_a_hidden_channel(desk: Front) -> None:
    _, message = await grid(desk)
    secret = desk.guild.create_text_channel(
        "secret",
        overwrites={desk.guild.default_role: discord.PermissionOverwrite(view_channel=False)},
    )
    for table in ("jobs", "posts"):
        await desk.services.queue._db.write_one(
            f"UPDATE {table} SET channel_id = :there",  # noqa: S608  a constant
            {"there": secret.id},
        )
    fan = desk.newcomer("fan")
    await desk.accept_licence(fan)
    assert "wasn't counted" in (await picks(fan, message, 1)).content
    assert await current(desk, fan) == []
    assert "is gone" in (await panel(fan, message, 1)).content
    again = next(id_ for id_, _ in controls(message) if id_.startswith("wd:rerollall:"))
    assert "is gone" in answer_to(await fan.click(message, custom_id=again)).content
    assert await desk.jobs_of(fan) == []


async def test_forged_buttons_reach_no_grid_of_another_server_even_ones_own(desk: Front) -> None:
    jobs, message = await grid(desk)
    shown = await panel(desk.member, message, 1)
    for table in ("jobs", "posts"):
        await desk.services.queue._db.write_one(f"UPDATE {table} SET guild_id = 5")  # noqa: S608  a constant
    assert "wasn't counted" in (await picks(desk.member, message, 1)).content
    assert await current(desk, desk.member) == []
    assert "is gone" in (await panel(desk.member, message, 1)).content
    settings = answer_to(
        await desk.member.click(shown.message, custom_id=f"wd:settings:{jobs[0].id}")
    )
    assert "is gone" in settings.content


async def test_the_grid_menu_shows_one_pictures_buttons_in_an_ephemeral_reply(desk: Front) -> None:
    jobs, message = await grid(desk)
    answer = await panel(desk.newcomer(), message, 3)
    assert answer.ephemeral
    assert answer.attachments == []
    assert f"Picture 3 · seed {jobs[2].draw.seed} · `{jobs[2].id}`" in answer.content
    assert {id_.rpartition(":")[2] for id_ in custom_ids(answer)} == {jobs[2].id}


async def test_deleting_one_picture_from_its_panel_keeps_the_others(desk: Front) -> None:
    jobs, message = await grid(desk)
    shown = await panel(desk.member, message, 2)
    asked = answer_to(await desk.member.click(shown.message, label="Delete"))
    assert asked.ephemeral
    await desk.member.click(asked.message, label="Yes, delete it")
    await desk.run_rounds("Amending")
    after = desk.channel.history()[-1]
    assert after.id == message.id
    assert [file.filename.partition(".")[0] for file in after.attachments] == [
        jobs[0].id, "missing-2", jobs[2].id, jobs[3].id,
    ]  # fmt: skip
    disabled = {id_.split(":")[1] for id_, off in controls(after) if off}
    assert disabled == {"pick2"}
    (menu,) = [item for item in children(after) if isinstance(item, discord.SelectMenu)]
    assert [option.value for option in menu.options] == ["1", "3", "4"]


async def test_undo_restores_a_deleted_picture_to_its_place_in_the_grid(desk: Front) -> None:
    jobs, message = await grid(desk)
    before = [file.filename for file in message.attachments]
    data = await message.attachments[1].read()
    asked = await deletes(desk, await panel(desk.member, message, 2))
    await desk.run_rounds("Amending")
    await desk.member.click(asked.message, label="Undo")
    await desk.run_rounds("Amending")
    after = desk.channel.history()[-1]
    assert [file.filename for file in after.attachments] == before
    assert await after.attachments[1].read() == data
    assert await desk.services.gallery.get(jobs[1].id) is not None


async def test_a_deletion_can_be_undone_for_a_minute(desk: Front) -> None:
    jobs, message = await grid(desk)
    asked = [await deletes(desk, await panel(desk.member, message, place)) for place in (1, 2)]
    await desk.env.advance_time(55)
    await desk.member.click(asked[0].message, label="Undo")
    await desk.env.advance_time(6)
    await desk.member.click(asked[1].message, label="Undo")
    assert await desk.services.gallery.get(jobs[0].id) is not None
    assert await desk.services.gallery.get(jobs[1].id) is None
    assert "too late" in asked[1].content


async def test_undo_restores_a_single_picture_in_a_new_post(desk: Front) -> None:
    job, message = await desk.post_picture()
    asked = answer_to(await desk.member.click(message, label="Delete"))
    await desk.member.click(asked.message, label="Yes, delete it")
    await desk.run_rounds("Takedown")
    assert message.id not in desk.message_ids()
    pressed = await desk.member.click(asked.message, label="Undo")
    assert [file.filename for file in answer_to(pressed).attachments] == [f"{job.id}.png"]
    assert not answer_to(pressed).ephemeral, "everybody sees it again"
    assert asked.content == "The picture is back."
    assert custom_ids(asked) == [], "there is nothing left to undo"


async def test_undo_works_while_the_old_post_still_waits_for_deletion(
    desk: Front,
) -> None:
    job, message = await desk.post_picture()
    asked = answer_to(await desk.member.click(message, label="Delete"))
    await desk.member.click(asked.message, label="Yes, delete it")
    back = answer_to(await desk.member.click(asked.message, label="Undo"))
    await desk.run_rounds("Takedown")
    assert [file.filename for file in back.attachments] == [f"{job.id}.png"]
    assert desk.message_ids() == [back.id]


async def test_a_report_outlives_a_deletion_that_is_undone(desk: Front) -> None:
    jobs, message = await grid(desk)
    reviews, fan = desk.services.reviews, UserId(desk.newcomer("fan").id)
    await reviews.file_report(jobs[1].id, fan, "odd", desk.services.clock(), since_id=1)
    (case,) = await reviews.open_cases(jobs[1].guild_id, 9)
    asked = await deletes(desk, await panel(desk.member, message, 2))
    assert await reviews.open_cases(jobs[1].guild_id, 9) == []
    await desk.member.click(asked.message, label="Undo")
    (again,) = await reviews.open_cases(jobs[1].guild_id, 9)
    assert (again.id, again.has_picture, again.shown < again.revision) == (case.id, True, True)


async def twice(desk: Front, answer: ResponseMessage, label: str) -> None:
    """Press twice before the first press is answered."""
    message = desk.env.backend.messages[desk.channel.id][answer.id]
    before = message.components
    await desk.member.click(answer.message, label=label)
    message.components = before
    await desk.member.click(answer.message, label=label)


async def test_pressing_a_button_twice_has_the_same_effect_as_once(desk: Front) -> None:
    jobs, message = await grid(desk)
    shown = await panel(desk.member, message, 2)
    answer = answer_to(await desk.member.click(shown.message, label="Delete"))
    await twice(desk, answer, "Yes, delete it")
    assert "You can undo it" in answer.content
    await twice(desk, answer, "Undo")
    assert answer.content == "The picture is back."
    assert await desk.services.gallery.get(jobs[1].id) is not None


async def test_a_picture_that_a_moderator_also_deletes_cannot_be_restored(desk: Front) -> None:
    jobs, message = await grid(desk)
    moderator = desk.moderator(manage_messages=True)
    theirs = answer_to(
        await moderator.click((await panel(moderator, message, 2)).message, label="Delete")
    )
    mine = await deletes(desk, await panel(desk.member, message, 2))
    await moderator.click(theirs.message, label="Yes, delete it")
    assert "undo" not in theirs.content
    await desk.member.click(mine.message, label="Undo")
    assert "too late" in mine.content
    assert await desk.services.gallery.get(jobs[1].id) is None


async def test_undo_can_be_retried_after_a_full_disk(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, message = await grid(desk)
    asked = await deletes(desk, await panel(desk.member, message, 2))

    def full(*_: object) -> None:
        raise StorageError("no room")

    with monkeypatch.context() as disk:
        disk.setattr(desk.services.gallery._files, "write", full)
        await desk.member.click(asked.message, label="Undo")
    assert await desk.services.gallery.get(jobs[1].id) is None
    await desk.member.click(asked.message, label="Undo")
    assert await desk.services.gallery.get(jobs[1].id) is not None


@pytest.mark.parametrize("ended_by", ["forgetting", "restart"])
async def test_undo_restores_nothing_of_a_forgotten_member_or_after_a_restart(
    desk: Front, ended_by: str
) -> None:
    jobs, message = await grid(desk)
    asked = await deletes(desk, await panel(desk.member, message, 1))
    if ended_by == "forgetting":
        await desk.services.privacy.forget(UserId(desk.member.id))
    else:
        await desk.restart()
    await desk.member.click(asked.message, label="Undo")
    assert "too late" in asked.content
    assert await desk.services.gallery.get(jobs[0].id) is None


async def test_only_the_member_who_deleted_a_picture_can_undo_it(desk: Front) -> None:
    jobs, message = await grid(desk)
    asked = await deletes(desk, await panel(desk.member, message, 1))
    forged = await desk.channel_of(jobs[0]).send("x", view=row_of((Action.UNDO, jobs[0].id)))
    await desk.newcomer().click(forged, label="Undo")
    assert await desk.services.gallery.get(jobs[0].id) is None
    await desk.member.click(asked.message, label="Undo")
    assert await desk.services.gallery.get(jobs[0].id) is not None


async def test_an_old_menu_says_that_its_picture_is_gone(desk: Front) -> None:
    jobs, message = await grid(desk)
    await desk.services.gallery.delete(jobs[1].id, desk.services.clock())
    assert "gone" in (await panel(desk.newcomer(), message, 2)).content


async def test_only_its_own_member_can_delete_a_picture(desk: Front) -> None:
    jobs, message = await grid(desk)
    fan = desk.newcomer()
    shown = await panel(fan, message, 2)
    await fan.click(shown.message, label="Delete")
    assert await desk.services.gallery.get(jobs[1].id) is not None


async def test_one_picture_of_a_grid_can_be_reported_from_the_context_menu(desk: Front) -> None:
    jobs, message = await grid(desk)
    who = desk.newcomer()
    answer = answer_to(await who.context_menu(desk.channel, "Report picture", message))
    assert answer.ephemeral
    chosen = answer_to(
        await who.select(answer.message, ["4"], custom_id=f"wd:which:{jobs[0].owed_post_id}")
    )
    assert f"wd:report:{jobs[3].id}" in custom_ids(chosen)


async def test_the_settings_context_menu_works_on_a_grid(desk: Front) -> None:
    jobs, message = await grid(desk)
    told = answer_to(await desk.member.context_menu(desk.channel, "Settings", message)).content
    assert f"seed: {jobs[0].draw.seed}" in told
