"""A refusal as its member sees it, the strikes that it counts, and the appeal against it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simcord.results import ResponseMessage

from bot.domain import Finding, GuildId, JobState, RoleId, RuleId, Ruling, UserId
from bot.languages import language
from bot.policy import layers
from bot.policy.arrangements import StrikeTerms
from bot.policy.effect import Effect
from bot.policy.layers import Overrides, RoleTerms
from bot.policy.screening import Screen, Term
from bot.store.decisions import DecisionKind, Outcome
from bot.store.members import EVERYWHERE, Exclusion
from tests.stages.court import Court, button_of, court
from tests.stages.fake_engine import INFO
from tests.stages.front import answer_to, custom_ids

#: The server's own terms: one that only refuses, one that counts as a strike.
DRAGON = Term(text="dragon", reason="we read it together")
WYRM = Term(text="wyrm", effect=Effect(ruling=Ruling.REFUSE, strike=True))
FLOOR = "loli, nude"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Court]:
    async with court(tmp_path) as ready:
        await ready.change_policy(
            review_channel=ready.review_channel.id,
            blocked=(DRAGON, WYRM),
            strikes=StrikeTerms(limit=2, expire_days=7, timeout_minutes=30),
        )
        yield ready


def appeal_of(refusal: ResponseMessage) -> str:
    (appeal,) = [i for i in custom_ids(refusal) if i.startswith("wd:appeal:")]
    return appeal


async def appeals(desk: Court, refusal: ResponseMessage, why: str = "it is a plush toy") -> str:
    shown = await desk.member.click(refusal.message, custom_id=appeal_of(refusal))
    if shown.modal is None:
        return answer_to(shown).content
    return (await desk.fill_form(desk.member, shown, why=why)).content


async def test_a_refusal_is_ephemeral_and_returns_the_words(desk: Court) -> None:
    refused = await desk.ask(prompt="1girl, dragon, `sly`")
    assert refused.ephemeral
    assert "we read it together" in refused.content
    assert "1girl, dragon, `sly`" in refused.content.split("```")[1]
    assert [i.split(":")[1] for i in custom_ids(refused)] == ["revise", "appeal"]


async def test_a_negative_prompt_is_returned_and_shown_to_moderators(desk: Court) -> None:
    refused = await desk.ask(prompt="1girl, dragon", negative="hats, `blurry`")
    assert "hats, `blurry`" in refused.content
    await appeals(desk, refused)
    assert "To be kept out: hats, \\`blurry\\`" in (await desk.post_case()).content
    desk.use_model(replace(INFO, default_negative="lowres"))
    assert "lowres" not in (await desk.ask(prompt="1girl, dragon")).content


async def test_the_floor_cannot_be_appealed(desk: Court) -> None:
    """Moderators cannot let it pass, so there is no point in asking them."""
    refused = await desk.ask(prompt=FLOOR)
    assert refused.ephemeral
    assert [i.split(":")[1] for i in custom_ids(refused)] == ["revise"]


async def test_a_refusal_is_recorded_without_its_words(desk: Court) -> None:
    refused = await desk.ask(prompt="1girl, dragon")
    refusal_id = appeal_of(refused).split(":")[2]
    assert refusal_id in refused.content
    (made,) = await desk.services.decisions.decisions_about(GuildId(desk.guild.id), refusal_id)
    assert (made.kind, made.outcome, made.rules) == (
        DecisionKind.ADMIT, Outcome.REFUSE, (RuleId("server"),),
    )  # fmt: skip
    assert "dragon" not in repr(made)


async def test_every_rule_that_refuses_a_prompt_is_named_and_recorded(desk: Court) -> None:
    refuse = Effect(ruling=Ruling.REFUSE)
    await desk.change_policy(rules=Overrides(effects={RuleId("brands"): refuse}))
    refused = await desk.ask(prompt="1girl, dragon, nike shoes")
    assert "**Brands**" in refused.content
    assert "also refused for this: **Blocked words of this server** (“dragon”)." in refused.content
    refusal_id = custom_ids(refused)[-1].split(":")[2]
    (made,) = await desk.services.decisions.decisions_about(GuildId(desk.guild.id), refusal_id)
    assert made.rules == ("brands", "server")


async def test_an_upheld_appeal_is_drawn_and_posted_and_its_member_is_told(desk: Court) -> None:
    refused = await desk.ask(prompt="1girl, dragon")
    assert "moderators of this server will look" in await appeals(desk, refused)
    case = await desk.post_case()
    assert "it is a plush toy" in case.content
    assert "Blocked words" in case.content
    await desk.press_action(case, "uphold")
    (job,) = await desk.jobs_of()
    assert job.excused == {Finding(rule=RuleId("server"), words=("dragon",))}
    assert any("agree with you" in told for told in desk.texts_in_channel())
    claimed = await desk.services.queue.claim("worker", 60_000, desk.services.clock())
    assert claimed is not None
    await desk.keep_picture(claimed)
    await desk.run_all_rounds()
    assert await desk.state(job) is JobState.DELIVERED, "the term is still blocked"
    assert "Granted by" in desk.case_message().content
    assert (await desk.ask(prompt="1girl, dragon")).ephemeral, (
        "the appeal counts for one request only"
    )


async def test_policy_why_names_the_moderator_only_beside_the_appeal(desk: Court) -> None:
    refused = await desk.ask(prompt="1girl, dragon")
    await appeals(desk, refused)
    await desk.press_action(await desk.post_case(), "uphold")
    refusal_id = appeal_of(refused).split(":")[2]
    told = answer_to(await desk.boss.slash(desk.channel, "policy why", id=refusal_id)).content
    request, appeal = (line for line in told.splitlines() if line.startswith("- "))
    assert "The request: **refused**" in request
    assert f"By <@{desk.boss.id}>" not in request, "the bot refused it"
    assert f"The appeal: **granted, so it is drawn**. By <@{desk.boss.id}>" in appeal


async def test_an_upheld_appeal_does_not_excuse_terms_blocked_since(desk: Court) -> None:
    await appeals(desk, await desk.ask(prompt="1girl, dragon, crown"))
    message = await desk.post_case()
    assert "found in “dragon”" in message.content
    blocked = (await desk.services.guilds.policy(GuildId(desk.guild.id))).blocked
    await desk.change_policy(blocked=(*blocked, Term(text="crown")))
    pressed = await desk.boss.click(message, custom_id=button_of(message, "uphold"))
    assert "the appeal isn't about" in answer_to(pressed).content
    assert "crown" in answer_to(pressed).content
    assert len(await desk.open_cases()) == 1, "it stays open"
    assert not await desk.jobs_of()
    await desk.change_policy(blocked=blocked)
    await desk.press_action(message, "uphold")
    (job,) = await desk.jobs_of()
    await desk.change_policy(blocked=(*blocked, Term(text="crown")))
    claimed = await desk.services.queue.claim("worker", 60_000, desk.services.clock())
    assert claimed is not None
    await desk.keep_picture(claimed)
    await desk.run_all_rounds()
    assert await desk.state(job) is not JobState.DELIVERED, "blocked after the appeal was granted"


async def test_an_upheld_appeal_keeps_the_exemptions_of_the_members_roles(
    desk: Court,
) -> None:
    trusted = desk.guild.create_role("trusted")
    desk.member = desk.guild.add_member(desk.env.create_user("pal"), roles=[trusted])
    await desk.accept_licence(desk.member)
    effect = Effect(ruling=Ruling.REFUSE)
    await desk.change_policy(
        rules=Overrides(effects={RuleId("brands"): effect}),
        roles={RoleId(trusted.id): RoleTerms(exempt=frozenset({RuleId("brands")}))},
    )
    await appeals(desk, await desk.ask(prompt="1girl, dragon, nike shoes"))
    await desk.press_action(await desk.post_case(), "uphold")
    (job,) = await desk.jobs_of()
    assert {found.rule for found in job.excused} == {"brands", "server"}


async def test_the_member_is_told_of_a_dismissed_appeal_without_its_words(desk: Court) -> None:
    await appeals(desk, await desk.ask(prompt="1girl, dragon"))
    await desk.press_action(await desk.post_case(), "dismiss")
    assert not await desk.jobs_of()
    (told,) = desk.texts_in_channel()
    assert told.startswith(f"<@{desk.member.id}>")
    assert "dragon" not in told


async def test_a_refusal_can_be_appealed_only_once(desk: Court) -> None:
    refused = await desk.ask(prompt="1girl, dragon")
    await appeals(desk, refused)
    assert "you have appealed it already" in await appeals(desk, refused)
    assert len(await desk.open_cases()) == 1


async def test_an_appeal_works_after_a_restart(desk: Court) -> None:
    refused = await desk.ask(prompt="1girl, dragon")
    await desk.restart()
    assert "will look at it" in await appeals(desk, refused)


async def test_a_member_can_have_at_most_three_open_appeals(desk: Court) -> None:
    for number in range(3):
        await appeals(desk, await desk.ask(prompt=f"1girl, dragon, {number} hats"))
    one_more = await appeals(desk, await desk.ask(prompt="dragon, 1boy"), "for `art`")
    assert "3 appeals of yours" in one_more
    assert "for `art`" in one_more, "what they wrote is not lost"


async def test_a_prompt_that_is_now_allowed_needs_no_appeal(desk: Court) -> None:
    refused = await desk.ask(prompt="1girl, dragon")
    await desk.change_policy(blocked=())
    assert "nothing to appeal any more" in await appeals(desk, refused)


async def test_an_appeal_never_overrides_the_floor(desk: Court) -> None:
    await appeals(desk, await desk.ask(prompt="1girl, dragon"))
    (case,) = await desk.open_cases()
    await desk.services.reviews._db.write_one(
        "UPDATE cases SET ask = replace(ask, '1girl, dragon', :floor) WHERE id = :id",
        {"id": case.id, "floor": FLOOR},
    )
    answer = await desk.press_action(await desk.post_case(), "uphold")
    assert answer is None
    assert not await desk.jobs_of()
    assert len(await desk.open_cases()) == 1, "it stays open"


async def test_nothing_is_drawn_for_a_member_who_has_not_accepted_the_licence(desk: Court) -> None:
    await appeals(desk, await desk.ask(prompt="1girl, dragon"))
    await desk.services.consent._db.write_one(
        "DELETE FROM acceptances WHERE user_id = :user", {"user": desk.member.id}
    )
    message = await desk.post_case()
    pressed = await desk.boss.click(
        message, custom_id=f"wd:uphold:{(await desk.open_cases())[0].id}"
    )
    assert "has to accept the new one" in answer_to(pressed).content
    assert not await desk.jobs_of()


async def test_an_upheld_appeal_removes_only_its_own_strike(desk: Court) -> None:
    guild_id, user_id = GuildId(desk.guild.id), UserId(desk.member.id)
    await desk.change_policy(strikes=StrikeTerms(limit=9))
    await desk.ask(prompt="a wyrm")
    (before,) = await desk.services.members.strikes(guild_id, user_id, 0)
    await appeals(desk, await desk.ask(prompt="a wyrm, plush toy"))
    await desk.press_action(await desk.post_case(), "uphold")
    assert await desk.services.members.strikes(guild_id, user_id, 0) == [before]


async def test_nothing_is_drawn_for_a_member_banned_everywhere(desk: Court) -> None:
    """Only the operator can lift such a ban; the moderators of a server cannot."""
    await appeals(desk, await desk.ask(prompt="1girl, dragon"))
    ban = Exclusion(
        user_id=UserId(desk.member.id), guild_id=EVERYWHERE, until_ms=None, reason="",
        actor_id=None, at_ms=1,
    )  # fmt: skip
    await desk.services.members.exclude(ban)
    told = await desk.boss.click(
        await desk.post_case(), custom_id=f"wd:uphold:{(await desk.open_cases())[0].id}"
    )
    assert "operator" in answer_to(told).content
    assert not await desk.jobs_of()
    assert len(await desk.open_cases()) == 1, "it stays open"


async def test_the_member_is_told_of_each_strike_and_the_last_one_times_them_out(
    desk: Court,
) -> None:
    first = await desk.ask(prompt="a wyrm")
    assert "strike 1 of 2; at 2 you" in first.content
    assert "<t:" in first.content
    second = await desk.ask(prompt="a wyrm, again")
    assert "You have 2 strikes" in second.content
    kept_out = await desk.ask(prompt="1girl")
    assert "You can't ask me for pictures in this server until" in kept_out.content
    await desk.env.advance_time(30 * 60 + 1)
    assert not (await desk.ask(prompt="1girl")).ephemeral


@pytest.mark.parametrize("action", ["again", "vary"])
async def test_another_members_words_are_no_strike(desk: Court, action: str) -> None:
    """They passed once, and a member who presses the button below may never have read them."""
    _, message = await desk.post_picture("1girl, hydra")
    await desk.change_policy(blocked=(replace(WYRM, text="hydra"),))
    fan = desk.newcomer()
    await desk.accept_licence(fan)
    refused = answer_to(await fan.click(message, custom_id=button_of(message, action)))
    assert "hydra" in refused.content
    assert "strike" not in refused.content
    guild_id = GuildId(desk.guild.id)
    assert not await desk.services.members.strikes(guild_id, UserId(fan.id), 0)


async def test_a_term_blocked_while_a_member_read_the_licence_is_no_strike(desk: Court) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, hydra")
    await desk.change_policy(blocked=(replace(WYRM, text="hydra"),))
    accept = next(i for i in custom_ids(terms) if ":accept:" in i)
    assert "hydra" in answer_to(await who.click(terms.message, custom_id=accept)).content
    guild_id = GuildId(desk.guild.id)
    assert not await desk.services.members.strikes(guild_id, UserId(who.id), 0)


async def test_an_alert_is_logged_without_the_members_words(
    desk: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = language("de")
    monkeypatch.setattr("bot.client.language", lambda _: german)
    assert "Minderjährige" in (await desk.ask(prompt=FLOOR)).content
    entries = await desk.services.guilds.audit_log(GuildId(desk.guild.id), 9)
    (line,) = [entry for entry in entries if entry.action == "alert"]
    assert line.user_id == desk.member.id
    assert line.detail.startswith("refused: Minors in a sexual context; `/policy why id: ")
    assert "nude" not in line.detail


async def test_strikes_expire(desk: Court) -> None:
    await desk.ask(prompt="a wyrm")
    await desk.env.advance_time(7 * 86_400 + 1)
    assert "strike 1 of 2; at 2" in (await desk.ask(prompt="a wyrm")).content


async def test_a_rule_without_a_strike_counts_none(desk: Court) -> None:
    for _ in range(4):
        assert "strike" not in (await desk.ask(prompt="1girl, dragon")).content
    guild_id, user_id = GuildId(desk.guild.id), UserId(desk.member.id)
    assert not await desk.services.members.strikes(guild_id, user_id, 0)


async def test_a_member_with_an_exempt_role_can_ask_and_gets_the_post(desk: Court) -> None:
    """Delivery does not know the member's roles, but posts what they allowed."""
    role = desk.guild.create_role("artists")
    artist = desk.guild.add_member(desk.env.create_user("art"), roles=[role])
    await desk.accept_licence(artist)
    await desk.change_policy(
        roles={RoleId(role.id): RoleTerms(exempt=frozenset({RuleId("server")}))}
    )
    assert not (await desk.ask(artist, prompt="1girl, dragon")).ephemeral
    (job,) = await desk.jobs_of(artist)
    await desk.draw_jobs([job])
    await desk.run_all_rounds()
    assert await desk.state(job) is JobState.DELIVERED
    assert (await desk.ask(prompt="1girl, dragon")).ephemeral


async def test_the_cooldown_and_the_daily_limit_are_enforced(desk: Court) -> None:
    await desk.change_policy(cooldown_s=60, per_day_max=2)
    assert not (await desk.ask()).ephemeral
    assert "pause between requests" in (await desk.ask()).content
    await desk.env.advance_time(61)
    assert not (await desk.ask()).ephemeral
    await desk.env.advance_time(61)
    assert "2 pictures a day" in (await desk.ask()).content


async def test_a_role_can_have_higher_limits(desk: Court) -> None:
    role = desk.guild.create_role("friends")
    friend = desk.guild.add_member(desk.env.create_user("pal"), roles=[role])
    await desk.accept_licence(friend)
    terms = RoleTerms(cooldown_s=0, per_day_max=9, waiting_max=3)
    await desk.change_policy(cooldown_s=60, per_day_max=1, roles={RoleId(role.id): terms})
    for _ in range(3):
        assert not (await desk.ask(friend)).ephemeral
    assert "which is the limit" in (await desk.ask(friend)).content


async def test_a_pause_and_the_list_of_channels_are_enforced(desk: Court) -> None:
    other = desk.guild.create_text_channel("other")
    await desk.env.settle()
    await desk.change_policy(only_channels=frozenset({other.id}))
    assert "another one" in (await desk.ask()).content
    assert not answer_to(await desk.member.slash(other, "waifu", prompt="1girl")).ephemeral
    await desk.change_policy(paused=True)
    assert "paused" in answer_to(await desk.member.slash(other, "waifu", prompt="1girl")).content


async def test_an_appeal_does_not_bypass_the_licence(desk: Court) -> None:
    who = desk.newcomer()
    refused = await desk.ask(who, prompt="1girl, dragon")
    pressed = await who.click(refused.message, custom_id=appeal_of(refused))
    assert INFO.licence_name in answer_to(pressed).content
    assert not await desk.open_cases()


async def test_a_servers_terms_are_compiled_off_the_event_loop(
    desk: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a start: ten thousand terms take up to a second, and others would wait."""
    where: list[threading.Thread] = []

    class Watched(Screen):
        def __init__(self, *args: Any, **options: Any) -> None:
            where.append(threading.current_thread())
            super().__init__(*args, **options)

    monkeypatch.setattr(layers, "Screen", Watched)
    guild_id = GuildId(desk.guild.id)
    desk.services.guilds._drop_cached(guild_id)
    await desk.ask(desk.boss)
    desk.services.guilds._drop_cached(guild_id)
    await desk.boss.slash(desk.channel, "policy panel")
    assert len(where) == 2
    assert threading.main_thread() not in where
