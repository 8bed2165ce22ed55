"""The panel in a simulated server: what moderators press, and the results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from discord import InteractionResponseType
from simcord.actors import MemberActor

from bot.domain import ChannelId, GuildId, RoleId, RuleId, Ruling, UserId
from bot.policy.arrangements import StrikeTerms
from bot.policy.layers import GuildPolicy
from bot.policy.screening import Term
from bot.store.guilds import PolicyVersion
from bot.words import panel as words
from bot.words.reviewing import NOT_ALLOWED
from tests.stages.front import Front, answer_to
from tests.stages.governing import current_policy, front_with_panel, open_panel

RULE = RuleId("suggestive")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front_with_panel(tmp_path) as ready:
        yield ready


@pytest.fixture
async def boss(desk: Front) -> MemberActor:
    return desk.moderator(manage_guild=True)


async def save(desk: Front, policy: GuildPolicy) -> PolicyVersion:
    """Save another moderator's change in between."""
    before = (await current_policy(desk)).number
    saved = await desk.services.guilds.save(policy, before, UserId(77), 1, summary="Sora was here")
    assert isinstance(saved, PolicyVersion)
    return saved


async def test_the_first_page_summarises_the_policy_and_links_to_every_page(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    assert "switched on" in view.text
    assert "Never, in any server" in view.text
    for door in ("rules", "places", "roles", "blocked", "allowed", "members", "staff", "log"):
        await view.open_page(door)
        assert view.text
    assert (await current_policy(desk)).number == 0, "looking changes nothing"


async def test_a_rule_can_be_stricter_for_the_server_and_looser_for_a_channel(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("rules")
    await view.choose("open:rule:s", RULE)
    await view.choose("ruling:s", "refuse")
    assert "Saved" in view.text
    assert "refused (this server)" in view.text
    await view.press("open:rules")
    await view.open_page("places")
    await view.choose("open:place:c", desk.channel)
    await view.press("open:rules:c")
    await view.choose("open:rule:c", RULE)
    await view.choose("ruling:c", "allow")
    policy = (await current_policy(desk)).policy
    channel = ChannelId(desk.channel.id)
    assert policy.rules.effects[RULE].ruling is Ruling.REFUSE
    assert policy.channels[channel].effects[RULE].ruling is Ruling.ALLOW
    await view.press(f"ruling:c{channel}:{RULE}:none")
    assert (await current_policy(desk)).policy.channels == {}, (
        "the channel follows the server again"
    )


async def test_a_preset_can_be_read_before_it_is_chosen(desk: Front, boss: MemberActor) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("rules")
    await view.choose("open:preset", "family")
    assert (await current_policy(desk)).number == 0
    assert "Suggestive" in view.text
    await view.press("preset:family")
    assert (await current_policy(desk)).policy.preset == "family"


async def test_the_pause_refuses_requests_until_it_ends(desk: Front, boss: MemberActor) -> None:
    view = await open_panel(desk, boss)
    await view.press("pause:1")
    assert "paused" in view.text
    assert "paused" in (await desk.ask()).content
    await view.press("pause:0")
    assert not (await desk.ask()).ephemeral


async def test_a_form_blocks_several_terms_one_per_line(desk: Front, boss: MemberActor) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    await view.fill(
        "form:add:blocked", terms="Spoiler Dragon = we read it together\n\nhydra\nHydra"
    )
    assert (await current_policy(desk)).policy.blocked == (
        Term(text="Spoiler Dragon", reason="we read it together"),
        Term(text="hydra"),
    )
    assert "we read it together" in (await desk.ask(prompt="a spoiler-dragon")).content
    await view.fill("form:edit:blocked", terms="Spoiler Dragon = not yet")
    assert (await current_policy(desk)).policy.blocked == (
        Term(text="Spoiler Dragon", reason="not yet"),
    )
    await view.fill("form:edit:blocked", terms="")
    assert (await current_policy(desk)).policy.blocked == ()


async def test_a_change_of_a_policy_with_a_long_list_is_deferred(
    desk: Front, boss: MemberActor
) -> None:
    """Comparing and compiling thousands of terms may take longer than Discord waits."""
    terms = tuple(Term(text=f"dragon number {n}") for n in range(501))
    await save(desk, GuildPolicy(guild_id=GuildId(desk.guild.id), blocked=terms))
    view = await open_panel(desk, boss)
    await view.press("pause:1")
    await boss.slash(desk.channel, "policy pause", on=False)
    assert (await current_policy(desk)).number == 3, "both were saved"
    callbacks = [r.json for r in desk.env.http_requests if r.path.endswith("/callback")]
    assert [sent["type"] for sent in callbacks[1:] if sent] == [
        InteractionResponseType.deferred_message_update.value,
        InteractionResponseType.deferred_channel_message.value,
    ]


async def test_a_list_of_thousands_can_be_edited_page_by_page(
    desk: Front, boss: MemberActor
) -> None:
    terms = tuple(Term(text=f"dragon number {n}", reason="why") for n in range(5000))
    await save(desk, GuildPolicy(guild_id=GuildId(desk.guild.id), blocked=terms))
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    await view.press("open:blocked:page:1")
    shown = await boss.click(view.message, custom_id=view.id_of("form:edit:blocked:1"))
    assert shown.modal is not None
    text = shown.modal["components"][0]["component"]["value"]
    assert len(text) <= 4000
    first, *rest = text.split("\n")
    await boss.submit_modal(shown, {"terms": "\n".join(["wyvern = new", *rest])})
    changed = (await current_policy(desk)).policy.blocked
    gone = Term(text=first.removesuffix(" = why"), reason="why")
    assert set(terms) - set(changed) == {gone}
    assert len(changed) == len(terms)
    assert changed[terms.index(gone)] == Term(text="wyvern", reason="new")


async def test_the_second_of_two_moderators_sees_what_the_first_changed(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("rules")
    await view.choose("open:rule:s", RULE)
    theirs = await save(desk, GuildPolicy(guild_id=GuildId(desk.guild.id), preset="family"))
    await view.choose("ruling:s", "allow")
    assert words.STALE in view.text
    assert "Sora was here" in view.text
    assert await current_policy(desk) == theirs, "nothing of it was overwritten"
    await view.choose("ruling:s", "spoiler")
    policy = (await current_policy(desk)).policy
    assert policy.preset == "family"
    assert policy.rules.effects[RULE].ruling is Ruling.SPOILER


@pytest.mark.parametrize("deed", ["press", "submit"])
async def test_a_moderator_who_loses_the_permission_loses_the_panel(
    desk: Front, boss: MemberActor, deed: str
) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    shown = await boss.click(view.message, custom_id=view.id_of("form:add:blocked"))
    desk.env.backend.guilds[desk.guild.id].members[boss.id].role_ids.clear()
    if deed == "press":
        await view.press("open:home")
    else:
        view._update(await boss.submit_modal(shown, {"terms": "dragon"}))
    assert view.text == NOT_ALLOWED
    assert not view.ids
    assert (await current_policy(desk)).number == 0


async def test_the_servers_moderator_role_can_use_the_panel(desk: Front, boss: MemberActor) -> None:
    role = desk.guild.create_role("curators")
    curator = desk.guild.add_member(desk.env.create_user("aoi"), roles=[role])
    commands = await desk.env.bot.tree.fetch_commands()  # type: ignore[attr-defined]  it is a Bot
    policy = next(c for c in commands if c.name == "policy")
    desk.guild.set_command_permissions(policy, {curator: True, desk.member: True})
    assert NOT_ALLOWED in answer_to(await curator.slash(desk.channel, "policy panel")).content
    view = await open_panel(desk, boss)
    await view.open_page("staff")
    await view.choose("modrole", role)
    assert (await current_policy(desk)).policy.moderator_role == RoleId(role.id)
    theirs = await open_panel(desk, curator)
    await theirs.press("pause:1")
    assert (await current_policy(desk)).policy.paused
    everybody = GuildPolicy(guild_id=GuildId(desk.guild.id), moderator_role=RoleId(desk.guild.id))
    await save(desk, everybody)
    assert NOT_ALLOWED in answer_to(await desk.member.slash(desk.channel, "policy panel")).content
    desk.env._errors.clear()


async def test_the_everyone_role_cannot_be_chosen_as_moderator_role(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("staff")
    await view.choose("modrole", desk.guild.default_role)
    assert words.NOT_EVERYONE in view.text
    assert (await current_policy(desk)).number == 0


async def test_a_gallery_channel_can_be_chosen_and_removed(desk: Front, boss: MemberActor) -> None:
    closed = desk.guild.create_text_channel("closed")
    await desk.deny_to_bot("attach_files", channel=closed)
    view = await open_panel(desk, boss)
    await view.open_page("gallery")
    assert "Now: none" in view.text
    await view.choose("gallery", closed)
    assert "Attach Files" in view.text
    await view.choose("gallery", desk.channel)
    await view.choose("votes", "10")
    chosen = (await current_policy(desk)).policy.gallery
    assert (chosen.channel, chosen.votes) == (desk.channel.id, 10)
    await view.choose("gallery")
    assert (await current_policy(desk)).policy.gallery.channel is None


async def test_a_channel_that_the_bot_cannot_write_in_is_not_accepted(
    desk: Front, boss: MemberActor
) -> None:
    closed = desk.guild.create_text_channel("closed")
    await desk.deny_to_bot("send_messages", channel=closed)
    view = await open_panel(desk, boss)
    await view.open_page("staff")
    await view.choose("log", closed)
    assert "Send Messages" in view.text
    assert (await current_policy(desk)).number == 0
    await view.choose("log", desk.channel)
    assert (await current_policy(desk)).policy.log_channel == desk.channel.id
    await desk.deny_to_bot("attach_files")
    await view.open_page("staff")
    assert (
        f"I can't write in <#{desk.channel.id}> without these permissions: Attach Files"
        in view.text
    )
    await view.choose("log")
    assert (await current_policy(desk)).policy.log_channel is None


@pytest.mark.parametrize("what", ["review", "log"])
async def test_a_channel_that_the_bot_cannot_see_is_refused_with_the_reason(
    desk: Front, boss: MemberActor, what: str
) -> None:
    hidden = desk.guild.create_text_channel("mods-only")
    await desk.deny_to_bot("view_channel", channel=hidden)
    view = await open_panel(desk, boss)
    await view.open_page("staff")
    await view.choose(what, hidden)
    assert f"I can't write in <#{hidden.id}>, because I don't see it" in view.text
    assert (await current_policy(desk)).number == 0


async def test_a_public_review_channel_is_accepted_with_a_warning(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("staff")
    assert "no review channel" in view.text
    await view.choose("review", desk.channel)
    assert (await current_policy(desk)).policy.review_channel == desk.channel.id
    assert "can be read by everybody" in view.text


async def test_only_whole_numbers_in_range_are_accepted(desk: Front, boss: MemberActor) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("members")
    await view.fill("form:members", limit="5", expire="7", timeout="60", cooldown="30", day="9")
    policy = (await current_policy(desk)).policy
    assert policy.strikes == StrikeTerms(limit=5, expire_days=7, timeout_minutes=60)
    assert (policy.cooldown_s, policy.per_day_max) == (30, 9)
    before = await current_policy(desk)
    for wrong in ("many", "-1", "1.5", "٣", "99999"):
        await view.fill("form:members", limit="5", expire="7", timeout="60", cooldown="30",
                        day=wrong)  # fmt: skip
        assert "whole number" in view.text
        assert await current_policy(desk) == before
        await view.press("open:members")
    await view.fill("form:members", limit="5", expire="7", timeout="60", cooldown="", day="")
    policy = (await current_policy(desk)).policy
    assert (policy.cooldown_s, policy.per_day_max) == (0, None)


async def test_a_role_can_have_its_own_terms(desk: Front, boss: MemberActor) -> None:
    role = desk.guild.create_role("artists")
    await desk.env.settle()
    view = await open_panel(desk, boss)
    await view.open_page("roles")
    await view.choose("open:role", role)
    await view.choose("exempt", RULE)
    await view.fill("form:role", waiting="8", day="", cooldown="0")
    terms = (await current_policy(desk)).policy.roles[RoleId(role.id)]
    assert terms.exempt == {RULE}
    assert (terms.waiting_max, terms.per_day_max, terms.cooldown_s) == (8, None, 0)
    await view.press("norole")
    assert (await current_policy(desk)).policy.roles == {}


async def test_an_undo_reverts_a_change_and_a_second_undo_restores_it(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    await view.press("pause:1")
    await view.press("undo")
    assert not (await current_policy(desk)).policy.paused
    assert f"**Undone**: the change by <@{boss.id}> <t:" in view.text
    assert "Paused: yes → no" in view.text
    await view.press("undo")
    assert (await current_policy(desk)).policy.paused
    assert "**Undone**: the undo by" in view.text
    await view.open_page("log")
    assert view.text.count("undid the last change") == 2


async def test_the_panel_works_after_a_restart(desk: Front, boss: MemberActor) -> None:
    view = await open_panel(desk, boss)
    await view.open_page("blocked")
    shown = await boss.click(view.message, custom_id=view.id_of("form:add:blocked"))
    await desk.restart()
    view._update(await boss.submit_modal(shown, {"terms": "dragon"}))
    assert (await current_policy(desk)).policy.blocked == (Term(text="dragon"),)
    await view.press("open:home")
    await view.press("pause:1")
    assert (await current_policy(desk)).policy.paused


async def test_forged_presses_change_nothing(desk: Front, boss: MemberActor) -> None:
    view = await open_panel(desk, boss)
    for made_up in (
        "wp:open:0:nowhere", "wp:open:0:place:x9", "wp:ruling:0:s:minors-sexual:allow",
        "wp:nonsense:0", "wp::", "wp:form:0:edit:blocked:many", "wp:submit:0:add", "wp:pause:x:1",
    ):  # fmt: skip
        for row in desk.env.backend.messages[desk.channel.id].values():
            if row.id == view.message.id:
                row.components[0]["components"][-1]["components"][0]["custom_id"] = made_up
        view._update(await boss.click(view.message, custom_id=made_up))
        assert words.GONE in view.text or words.STALE in view.text, made_up
        assert (await current_policy(desk)).number == 0, made_up
        await desk.env.settle()


async def test_the_log_names_the_moderator_and_both_values_of_a_change(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    await view.press("pause:1")
    await view.open_page("log")
    assert f"<@{boss.id}> changed the policy" in view.text
    assert "Paused: no → yes" in view.text


async def test_a_long_log_can_be_read_page_by_page(desk: Front, boss: MemberActor) -> None:
    guild_id = GuildId(desk.guild.id)
    for number in range(60):
        policy = GuildPolicy(guild_id=guild_id, cooldown_s=number)
        await desk.services.guilds.save(
            policy, number, UserId(boss.id), number, summary=f"change {number:03} " + "x" * 200
        )
    view = await open_panel(desk, boss)
    await view.open_page("log")
    seen: list[str] = []
    for _ in range(20):
        seen += [line for line in view.text.splitlines() if "change 0" in line]
        if not any(press.startswith("wp:open:60:log") for press in view.ids):
            break
        await view.press("open:log")
    assert [line[9:12] for line in seen] == [f"{n:03}" for n in reversed(range(60))]


async def test_the_panel_is_ephemeral_and_members_have_no_policy_commands(
    desk: Front, boss: MemberActor
) -> None:
    view = await open_panel(desk, boss)
    newcomer = desk.newcomer()
    assert view.message.id not in [m.id for m in desk.channel.history()]
    commands = [c for c in newcomer.available_commands(desk.channel) if c.startswith("policy")]
    assert not commands
