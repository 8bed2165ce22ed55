"""`/policy` and its quick commands, as moderators and everybody else see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simcord.actors import MemberActor

from bot.ballot import VoteEmoji
from bot.domain import ChannelId, GuildId, Job, Refused, RoleId, RuleId, Ruling, UserId
from bot.policy.document import PLACES_MAX, TERMS_MAX
from bot.policy.effect import Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms
from bot.policy.screening import Term
from bot.store.decisions import Decision, DecisionKind, Outcome
from bot.words import panel as words
from bot.words.emoji import is_one_emoji
from bot.words.reviewing import NOT_ALLOWED
from tests.stages.factories import make_admitted, make_ask, make_place
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to
from tests.stages.governing import PanelView, current_policy, front_with_panel, open_panel
from tests.stages.simulated import CAPS

NAMES = (
    "panel", "test", "why", "log", "undo", "pause", "export", "import", "block", "unblock",
    "channel", "emoji",
)  # fmt: skip


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front_with_panel(tmp_path) as ready:
        yield ready


@pytest.fixture
async def boss(desk: Front) -> MemberActor:
    return desk.moderator(manage_guild=True)


async def run(desk: Front, who: MemberActor, name: str, **options: object) -> str:
    answer = answer_to(await who.slash(desk.channel, f"policy {name}", **options))
    assert answer.ephemeral
    return answer.content


async def log(desk: Front) -> list[str]:
    entries = await desk.services.guilds.audit_log(GuildId(desk.guild.id), 50)
    return [entry.action for entry in reversed(entries)]


async def keep(desk: Front, **document: Any) -> None:
    policy = GuildPolicy(guild_id=GuildId(desk.guild.id), **document)
    number = (await current_policy(desk)).number
    await desk.services.guilds.save(policy, number, UserId(1), 1, summary="before")


async def test_discord_hides_the_policy_commands_from_members(
    desk: Front, boss: MemberActor
) -> None:
    assert not [c for c in desk.member.available_commands(desk.channel) if c.startswith("policy")]
    offered = {c for c in boss.available_commands(desk.channel) if c.startswith("policy")}
    assert offered == {f"policy {name}" for name in NAMES}


NEEDED: dict[str, dict[str, object]] = {
    "why": {"id": "0000000001"},
    "pause": {"on": True},
    "import": {"file": ("policy.toml", b"version = 1\npaused = true\n")},
    "block": {"term": "dragon"},
    "unblock": {"term": "dragon"},
    "channel": {"enabled": False},
    "emoji": {"up": "👍", "down": "👎"},
    "test": {"prompt": "dragon"},
}


@pytest.mark.parametrize("name", NAMES)
async def test_an_integration_setting_does_not_bypass_our_permission_check(
    desk: Front, name: str
) -> None:
    """Every command refuses once, without an incident."""
    await keep(desk, blocked=(Term(text="secret dragon"),))
    commands = await desk.env.bot.tree.fetch_commands()  # type: ignore[attr-defined]  it is a Bot
    policy = next(c for c in commands if c.name == "policy")
    desk.guild.set_command_permissions(policy, {desk.member: True})
    options = NEEDED.get(name, {}) | ({"channel": desk.channel} if name == "channel" else {})
    result = await desk.member.slash(desk.channel, f"policy {name}", **options)
    assert result.response is not None
    assert result.response.content == NOT_ALLOWED
    assert result.response.ephemeral
    assert not result.response.components
    assert not result.followups
    assert (await current_policy(desk)).number == 1
    choices = await desk.member.autocomplete(desk.channel, "policy unblock", "term", "")
    assert not choices, "not even the blocked terms are revealed"
    # The simulation records the failed check, and nothing else.
    assert {type(e).__name__ for e in desk.env.errors} == {"CheckFailure"}
    desk.env._errors.clear()


async def test_blocking_and_unblocking_works_in_any_spelling_and_is_logged(
    desk: Front, boss: MemberActor
) -> None:
    told = await run(desk, boss, "block", term="Spoiler Dragon", reason="we read it together")
    assert "Saved" in told
    assert "Spoiler Dragon" in told
    assert "is blocked already" in await run(desk, boss, "block", term="spoiler_dragon")
    refused = await desk.ask(prompt="a spoiler-dragon")
    assert "we read it together" in refused.content
    offered = await boss.autocomplete(desk.channel, "policy unblock", "term", "spoil")
    assert [choice["value"] for choice in offered] == ["Spoiler Dragon"]
    assert "Saved" in await run(desk, boss, "unblock", term="spoiler dragon")
    assert "isn't blocked" in await run(desk, boss, "unblock", term="spoiler dragon")
    assert not (await desk.ask(prompt="a spoiler-dragon")).ephemeral
    assert await log(desk) == ["policy", "policy"]


@pytest.mark.parametrize(
    ("term", "reason", "told"),
    [("!!", "", "nothing of it can be found"), ("x" * 81, "", "80"), ("ok", "x" * 201, "200")],
)
async def test_an_invalid_term_is_refused_with_an_explanation(
    desk: Front, boss: MemberActor, term: str, reason: str, told: str
) -> None:
    assert told in await run(desk, boss, "block", term=term, reason=reason)
    assert not await log(desk)


async def test_a_full_list_refuses_another_term_until_one_is_removed(
    desk: Front, boss: MemberActor
) -> None:
    await keep(desk, blocked=tuple(Term(text=f"dragon {n}") for n in range(TERMS_MAX)))
    assert f"{TERMS_MAX:,}" in await run(desk, boss, "block", term="one more")
    assert "Saved" in await run(desk, boss, "unblock", term="dragon 7")
    assert "Saved" in await run(desk, boss, "block", term="one more")
    blocked = (await current_policy(desk)).policy.blocked
    assert len(blocked) == TERMS_MAX
    assert Term(text="dragon 7") not in blocked


async def test_a_term_that_only_an_older_version_allowed_does_not_block_changes(
    desk: Front, boss: MemberActor
) -> None:
    await keep(desk, blocked=(Term(text="a\u200db"),))
    assert "Saved" in await run(desk, boss, "pause", on=True)
    policy = (await current_policy(desk)).policy
    assert policy.paused
    assert policy.blocked == (Term(text="a\u200db"),)
    assert "invisible character" in await run(desk, boss, "block", term="c\u200dd")


async def test_a_channel_can_be_switched_off_and_on(desk: Front, boss: MemberActor) -> None:
    await run(desk, boss, "channel", channel=desk.channel, enabled=False)
    assert "turned off in this channel" in (await desk.ask()).content
    assert "Nothing changed" in await run(
        desk, boss, "channel", channel=desk.channel, enabled=False
    )
    await run(desk, boss, "channel", channel=desk.channel, enabled=True)
    assert not (await desk.ask()).ephemeral
    assert await log(desk) == ["policy", "policy"]


async def test_a_pause_takes_effect_and_can_be_undone(desk: Front, boss: MemberActor) -> None:
    await run(desk, boss, "pause", on=True)
    assert "paused" in (await desk.ask()).content
    undone = await run(desk, boss, "undo")
    assert f"**Undone**: the change by <@{boss.id}>" in undone
    assert "Paused: yes → no" in undone
    assert not (await desk.ask()).ephemeral
    assert await log(desk) == ["policy", "undo"]


async def test_there_is_nothing_to_undo_at_first(desk: Front, boss: MemberActor) -> None:
    assert words.UNDONE_FIRST in await run(desk, boss, "undo")
    assert not await log(desk)


async def test_a_slower_moderator_overwrites_nothing(
    desk: Front, boss: MemberActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the other change comes between reading the policy and writing it."""
    guilds = desk.services.guilds
    save = guilds.save

    async def slow(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(guilds, "save", save)
        await keep(desk, preset="family")
        return await save(*args, **kwargs)

    monkeypatch.setattr(guilds, "save", slow)
    assert words.STALE in await run(desk, boss, "pause", on=True)
    policy = (await current_policy(desk)).policy
    assert (policy.preset, policy.paused) == ("family", False)


async def test_vote_emoji_must_be_standard_or_from_the_server(
    desk: Front, boss: MemberActor
) -> None:
    star = desk.guild.create_emoji("star")
    await desk.env.settle()
    for up in ("<:other:123456789012345678>", "yes", "👍👍", ""):
        assert "emoji" in await run(desk, boss, "emoji", up=up or "-", down="👎")
    assert "two different" in await run(desk, boss, "emoji", up="👍", down="👍🏽")
    assert not await log(desk)
    await run(desk, boss, "emoji", up=f"<:star:{star.id}>", down="❌")
    chosen = await desk.services.guilds.vote_emoji(GuildId(desk.guild.id))
    assert chosen == VoteEmoji(up=f"star:{star.id}", down="❌")
    assert await log(desk) == ["emoji"]


async def test_policy_log_opens_the_log_page(desk: Front, boss: MemberActor) -> None:
    await run(desk, boss, "pause", on=True)
    result = await boss.slash(desk.channel, "policy log")
    assert result.response is not None
    assert result.response.ephemeral
    view = PanelView(desk=desk, who=boss, message=result.response, result=result)
    assert f"<@{boss.id}> changed the policy" in view.text
    await view.press("open:home")
    assert "paused" in view.text


# ---- /policy test and /policy why ---------------------------------------------------------------


async def test_policy_test_says_what_would_happen_and_why(desk: Front, boss: MemberActor) -> None:
    await keep(desk, blocked=(Term(text="dragon", reason="we read it together"),))
    told = await run(desk, boss, "test", prompt="1girl, dragon")
    assert "It would be refused" in told
    assert "“dragon”" in told
    assert "we read it together" in told
    assert "It would be drawn and shown" in await run(desk, boss, "test", prompt="1girl, smile")
    assert not await desk.jobs_of(boss)


async def test_policy_test_reports_a_hold_or_a_spoiler(desk: Front, boss: MemberActor) -> None:
    for ruling, told in ((Ruling.HOLD, "held until"), (Ruling.SPOILER, "behind a spoiler")):
        await keep(desk, blocked=(Term(text="dragon", effect=Effect(ruling=ruling)),))
        assert told in await run(desk, boss, "test", prompt="1girl, dragon")


async def test_policy_test_can_name_another_channel_and_a_role(
    desk: Front, boss: MemberActor
) -> None:
    other = desk.guild.create_text_channel("other")
    role = desk.guild.create_role("artists")
    await desk.env.settle()
    await keep(desk, channels={ChannelId(other.id): Overrides(enabled=False)})
    here = await run(desk, boss, "test", prompt="1girl", role=role)
    assert f"<@&{role.id}>" in here
    assert "drawn and shown" in here
    there = await run(desk, boss, "test", prompt="1girl", channel=other)
    assert f"<#{other.id}>" in there
    assert "turned off in this channel" in there


async def test_policy_test_considers_the_exemptions_of_a_role(
    desk: Front, boss: MemberActor
) -> None:
    role = desk.guild.create_role("artists")
    await desk.env.settle()
    rule = RuleId("suggestive")
    await keep(
        desk,
        rules=Overrides(effects={rule: Effect(ruling=Ruling.REFUSE)}),
        roles={RoleId(role.id): RoleTerms(exempt=frozenset({rule}))},
    )
    assert "It would be refused" in await run(desk, boss, "test", prompt="lingerie")
    assert "drawn and shown" in await run(desk, boss, "test", prompt="lingerie", role=role)


async def test_a_change_beyond_the_policys_limits_is_refused(
    desk: Front, boss: MemberActor
) -> None:
    off = Overrides(enabled=False)
    await keep(desk, channels={ChannelId(n): off for n in range(1, PLACES_MAX + 1)})
    told = await run(desk, boss, "channel", channel=desk.channel, enabled=False)
    assert "a policy can't say this" in told
    assert f"{PLACES_MAX}" in told
    assert (await current_policy(desk)).number == 1


async def test_words_found_by_a_fixed_rule_are_never_revealed(
    desk: Front, boss: MemberActor
) -> None:
    told = await run(desk, boss, "test", prompt="loli")
    assert "It would be refused" in told
    assert "found in" not in told


async def elsewhere(desk: Front) -> list[Job]:
    """A picture of another server."""
    ask = make_ask("1girl", user=desk.member.id, place=make_place(guild=5))
    request = await desk.services.queue.enqueue(
        make_admitted(ask), CAPS, desk.services.clock(), since_id=desk.snowflake()
    )
    assert not isinstance(request, Refused)
    await desk.draw_jobs(request.jobs)
    return list(request.jobs)


async def test_policy_test_accepts_a_picture_id_of_this_server(
    desk: Front, boss: MemberActor
) -> None:
    job, _ = await desk.post_picture("1girl, dragon")
    assert "It would be shown" in await run(desk, boss, "test", picture=job.id)
    await keep(desk, blocked=(Term(text="dragon"),))
    assert "It would not be shown" in await run(desk, boss, "test", picture=job.id.upper())
    (foreign,) = await elsewhere(desk)
    for unknown in ("0000000000", "no such thing", "💙", foreign.id):
        assert "find that picture in this server" in await run(desk, boss, "test", picture=unknown)
    assert words.NOTHING_TO_TRY in await run(desk, boss, "test")


async def test_policy_why_explains_each_decision_but_none_of_another_server(
    desk: Front, boss: MemberActor
) -> None:
    def decision(guild_id: int, outcome: Outcome, at_ms: int) -> Decision:
        return Decision(
            kind=DecisionKind.ADMIT,
            outcome=outcome,
            about="0000000001",
            rules=(next(iter(desk.services.rulebook.rules)),),
            layer="floor",
            card_id="tiny-1",
            guild_id=GuildId(guild_id),
            channel_id=ChannelId(desk.channel.id),
            user_id=UserId(desk.member.id),
            at_ms=at_ms,
        )

    await desk.services.decisions.record(decision(desk.guild.id, Outcome.REFUSE, 1_000))
    await desk.services.decisions.record(decision(5, Outcome.ALLOW, 2_000))
    told = await run(desk, boss, "why", id="0000000001 ")
    assert "**refused**" in told
    assert next(iter(desk.services.rulebook.rules.values())).title in told
    assert "(in every server)" in told
    assert "let through" not in told
    assert (
        f"a request of <@{desk.member.id}> in <#{desk.channel.id}>, with the model tiny-1" in told
    )
    assert "can't find that decision" in await run(desk, boss, "why", id="nothing")


@pytest.mark.parametrize(
    "text",
    ["👍", "👍🏽", "❤️", "❤", "⭐", "👩‍👩‍👧", "🏳️‍🌈", "🇯🇵", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "‼️", "ℹ️", "🏽"],  # noqa: RUF001  an emoji
)
def test_these_are_one_emoji(text: str) -> None:
    assert is_one_emoji(text)


@pytest.mark.parametrize(
    "text", ["", "a", "1", "^", "👍👍", "👍x", "🇯", "🇯🇵🇯🇵", "…", "あ", ":star:", "20⃣"]
)
def test_these_are_not_one_emoji(text: str) -> None:
    assert not is_one_emoji(text)


async def test_the_panel_and_policy_test_apply_the_models_licence(
    desk: Front, boss: MemberActor
) -> None:
    assert "It would be drawn" in await run(desk, boss, "test", prompt="lingerie")
    desk.use_model(replace(INFO, licence_id="openrail-m", licence_rules=("suggestive",)))
    tried = await run(desk, boss, "test", prompt="lingerie")
    assert "It would be refused" in tried
    assert "the model's licence" in tried
    view = await open_panel(desk, boss)
    await view.open_page("rules")
    assert "**Suggestive content**: refused · *the model's licence*" in view.text
    await view.choose("open:rule:s", "suggestive")
    await view.choose("ruling:s", "allow")
    assert "not set → allowed (⚠️ it stays refused: the model's licence" in view.text


@pytest.mark.parametrize("ruling", [Ruling.HOLD, Ruling.SPOILER])
async def test_policy_why_names_the_rules_that_held_or_spoilered_a_picture(
    desk: Front, boss: MemberActor, ruling: Ruling
) -> None:
    await keep(
        desk,
        rules=Overrides(effects={RuleId("suggestive"): Effect(ruling=ruling)}),
        blocked=(
            Term(text="dragon", effect=Effect(ruling=ruling)),
            Term(text="hat", effect=Effect()),
        ),
    )
    await desk.ask(prompt="lingerie, dragon")
    (job,) = await desk.jobs_of()
    told = await run(desk, boss, "why", id=job.id)
    assert "Suggestive content" in told
    assert "Blocked words of this server" in told
    assert "(this server)" in told
