"""A refused form is never lost: the panel says why, attaches the text, and offers to edit it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from simcord.actors import MemberActor

from bot.domain import GuildId, UserId
from bot.policy.arrangements import StrikeTerms
from bot.policy.layers import GuildPolicy
from bot.policy.screening import Term
from bot.store.guilds import PolicyVersion
from bot.words import panel as words
from cogs.governing.controls import Blank
from cogs.governing.given_back import fields_from_text, input_as_text
from tests.stages.front import Front
from tests.stages.governing import PanelView, current_policy, front_with_panel, open_panel


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front_with_panel(tmp_path) as ready:
        yield ready


@pytest.fixture
async def boss(desk: Front) -> MemberActor:
    return desk.moderator(manage_guild=True)


async def somebody_saves(desk: Front, **changes: object) -> PolicyVersion:
    before = await current_policy(desk)
    saved = await desk.services.guilds.save(
        replace(before.policy, **changes), before.number, UserId(77), 1, summary="Sora was here"
    )
    assert isinstance(saved, PolicyVersion)
    return saved


async def kept(view: PanelView) -> str:
    """The content attached to the page."""
    (paper,) = view.message.attachments
    return (await paper.read()).decode()


async def form_of(view: PanelView, start: str) -> dict[str, str]:
    """The fields of the form behind a button."""
    shown = await view.who.click(view.message, custom_id=view.id_of(start))
    assert shown.modal is not None
    fields = [label["component"] for label in shown.modal["components"]]
    return {field["custom_id"]: field.get("value", "") for field in fields}


BAD = {"limit": "5", "expire": "soon", "timeout": "0", "cooldown": "30", "day": "many"}


async def test_all_errors_of_a_form_are_reported_at_once_and_nothing_is_lost(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("members")
    await view.fill("form:members", **BAD)
    for fault in ("not “soon”", "not “0”", "not “many”"):
        assert fault in view.text
    assert "Strikes until" not in view.text, "that one is fine"
    assert (await current_policy(desk)).number == 0
    assert "Days until a strike expires: soon" in await kept(view)
    assert await form_of(view, "again:members") == BAD
    await desk.restart()
    await view.fill("again:members", **{**BAD, "expire": "9", "timeout": "1", "day": ""})
    policy = (await current_policy(desk)).policy
    assert policy.strikes == StrikeTerms(limit=5, expire_days=9, timeout_minutes=1)
    assert (policy.cooldown_s, policy.per_day_max) == (30, None)
    assert not view.message.attachments
    assert "Saved" in view.text


async def test_a_roles_form_is_returned_too(desk: Front, boss: MemberActor) -> None:
    role = desk.guild.create_role("friends")
    view = await open_panel(desk, boss)
    await view.open_page("roles")
    await view.choose("open:role", role)
    bad = {"waiting": "0", "day": "7", "cooldown": "x"}
    await view.fill("form:role", **bad)
    assert view.text.count("has to be a whole number") == 2
    assert await form_of(view, "again:role") == bad
    await view.press("open:role")
    assert "Members with this role" in view.text
    assert not view.message.attachments


async def test_rejected_lines_can_be_edited_and_sent_again(desk: Front, boss: MemberActor) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    text = f"dragon = no = yes\n!!\n{'x' * 81}"
    await view.fill("form:add:blocked", terms=text)
    assert "line 2" in view.text
    assert "line 3" in view.text
    assert await kept(view) == text
    assert await form_of(view, "again:add:blocked") == {"terms": text}
    await view.fill("again:add:blocked", terms="dragon = no = yes")
    assert (await current_policy(desk)).policy.blocked == (Term(text="dragon", reason="no = yes"),)


async def test_a_slower_moderator_sees_the_first_change_and_can_continue(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("members")
    shown = await boss.click(view.message, custom_id=view.id_of("form:members"))
    await somebody_saves(desk, preset="family")
    view._update(await boss.submit_modal(shown, {**BAD, "limit": "7"}))
    assert words.STALE in view.text
    assert "Sora was here" in view.text
    assert (await form_of(view, "again:members"))["limit"] == "7"


async def test_a_form_sent_too_late_is_returned(desk: Front, boss: MemberActor) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    shown = await boss.click(view.message, custom_id=view.id_of("form:add:blocked"))
    theirs = await somebody_saves(desk, blocked=(Term(text="cat"),))
    view._update(await boss.submit_modal(shown, {"terms": "wyvern"}))
    assert await current_policy(desk) == theirs
    assert await kept(view) == "wyvern"


async def test_an_edited_list_page_is_merged_with_terms_added_meanwhile(
    desk: Front, boss: MemberActor
) -> None:
    await somebody_saves(desk, blocked=(Term(text="cat"), Term(text="dog")))
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    shown = await boss.click(view.message, custom_id=view.id_of("form:edit:blocked"))
    theirs = await somebody_saves(
        desk, blocked=(Term(text="cat"), Term(text="dog"), Term(text="wyvern"))
    )
    view._update(await boss.submit_modal(shown, {"terms": "cat\n!!\nowl"}))
    assert words.STALE in view.text
    assert "Sora was here" in view.text
    assert await kept(view) == "cat\n!!\nowl", "it is not lost"
    await desk.restart()
    assert await form_of(view, "again:edit") == {"terms": "cat\nwyvern\n!!\nowl"}
    assert await current_policy(desk) == theirs
    await view.fill("again:edit", terms="cat\nwyvern\n!!\nowl")
    assert "line 3" in view.text
    await somebody_saves(desk, preset="family")
    await view.fill("again:edit", terms="cat\nwyvern\nowl")
    policy = (await current_policy(desk)).policy
    assert [term.text for term in policy.blocked] == ["cat", "wyvern", "owl"]
    assert policy.preset == "family"
    assert "Saved" in view.text


async def test_an_edit_of_an_unknown_version_is_returned_only_as_a_file(
    desk: Front, boss: MemberActor
) -> None:
    await somebody_saves(desk, blocked=(Term(text="cat"),))
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    shown = await boss.click(view.message, custom_id=view.id_of("form:edit:blocked"))
    await somebody_saves(desk, blocked=(Term(text="wyvern"),))
    await desk.services.queue._db.write_one("DELETE FROM policies WHERE version = 1")
    view._update(await boss.submit_modal(shown, {"terms": "owl"}))
    assert await kept(view) == "owl"
    assert not [press for press in view.ids if press.startswith("wp:again")]


async def test_a_form_that_loses_a_race_while_saving_is_returned(
    desk: Front, boss: MemberActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    save = desk.services.guilds.save

    async def slow(*args: object, **kwargs: object) -> object:
        monkeypatch.setattr(desk.services.guilds, "save", save)
        await somebody_saves(desk, preset="family")
        return await save(*args, **kwargs)  # type: ignore[arg-type]  as they came

    monkeypatch.setattr(desk.services.guilds, "save", slow)
    await view.fill("form:add:blocked", terms="wyvern")
    assert words.STALE in view.text
    assert await kept(view) == "wyvern"
    await view.fill("again:add:blocked", terms="wyvern")
    assert (await current_policy(desk)).policy == GuildPolicy(
        guild_id=GuildId(desk.guild.id), preset="family", blocked=(Term(text="wyvern"),)
    )


async def test_blocking_a_common_word_warns_and_saves_after_confirmation(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    await view.fill("form:add:blocked", terms="girl = why\nwyvern")
    assert "Harmless prompts would be stopped too" in view.text
    assert "“girl” stops" in view.text
    assert "“1girl, blue hair, glasses, smile”" in view.text
    assert "wyvern" not in view.text
    assert (await current_policy(desk)).number == 0
    await desk.restart()
    await view.press("anyway:add:blocked")
    assert [term.text for term in (await current_policy(desk)).policy.blocked] == ["girl", "wyvern"]
    await view.open_page("blocked")
    await view.fill("form:edit:blocked", terms="girl = why\nwyvern = there")
    assert "Saved" in view.text, "it was blocked before"


async def test_policy_block_warns_of_common_words_too(desk: Front, boss: MemberActor) -> None:
    result = await boss.slash(desk.channel, "policy block", term="a", reason="too short")
    assert result.response is not None
    assert result.response.ephemeral
    view = PanelView(desk=desk, who=boss, message=result.response, result=result)
    assert "“a” stops" in view.text
    assert (await current_policy(desk)).number == 0
    assert await form_of(view, "again:add:blocked") == {"terms": "a = too short"}
    await somebody_saves(desk, preset="family")
    await view.press("anyway:add:blocked")
    assert words.STALE in view.text
    assert not (await current_policy(desk)).policy.blocked
    await view.fill("again:add:blocked", terms="a = too short")
    await view.press("anyway:add:blocked")
    assert (await current_policy(desk)).policy.blocked == (Term(text="a", reason="too short"),)


def test_a_written_form_is_read_back_unchanged() -> None:
    many = [Blank(name=n, label=f"Label of {n}", chars_max=9) for n in ("a", "b", "c")]
    for fields in ({"a": "1", "b": "", "c": "x: y"}, {"a": "", "b": " 2", "c": ":"}):
        assert fields_from_text(many, input_as_text(many, fields)) == fields
    one = many[:1]
    assert fields_from_text(one, input_as_text(one, {"a": "Label of b: c\n\nd"})) == {
        "a": "Label of b: c\n\nd"
    }
    assert fields_from_text(many, "") == {}
