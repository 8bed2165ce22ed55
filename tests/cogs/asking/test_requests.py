"""`/waifu` as members see it: options, consent, policy, caps, and the buttons that ask again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import discord
import pytest
from discord import app_commands

from bot.domain import (
    JobState,
    RefusalReason,
    Refused,
    RequestKind,
    RuleId,
    StorageError,
    UserId,
)
from bot.policy.effect import Effect
from bot.policy.layers import Overrides
from bot.policy.screening import Screen
from bot.store.caps import Caps
from models.contract import Sampler
from tests.stages.factories import SINCE, make_admitted, make_ask
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, custom_ids, front
from tests.stages.law import make_guild, save_policy

NEW_LICENCE = replace(INFO, card_id="fake-2", name="Fake 2", licence_sha256="f" * 64)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


async def test_every_option_reaches_the_queue(desk: Front) -> None:
    options = {
        "negative": "lowres", "aspect": "portrait", "count": 3, "seed": 2**32 - 1, "steps": 9,
        "guidance": 3.5, "clip_skip": 2, "sampler": "heun",
    }  # fmt: skip
    answer = await desk.ask(prompt="1girl, hat", **options)
    assert not answer.ephemeral
    assert "Next in the queue" in answer.content
    jobs = await desk.jobs_of()
    assert [job.draw.seed for job in jobs] == [2**32 - 1, 0, 1], "seeds wrap around"
    for job in jobs:
        draw = job.draw
        assert (draw.prompt, draw.negative, draw.aspect) == ("1girl, hat", "lowres", "portrait")
        assert (draw.steps, draw.guidance, draw.clip_skip, draw.sampler) == (9, 3.5, 2, "heun")
        assert (draw.width_px, draw.height_px) == INFO.sizes_px[draw.aspect]
    status = await desk.services.views.status(jobs[0].request_id)
    assert status is not None
    assert status.message_id == answer.id


async def test_discord_is_given_the_models_bounds(desk: Front) -> None:
    """Discord refuses values beyond them. They come from the model, not from the source."""
    desk.use_model(replace(INFO, limits=replace(INFO.limits, steps_max=33, count_max=2)))
    await desk.bot.remove_cog("Waifu")
    await desk.bot.load_extension("cogs.asking.waifu")
    command = desk.bot.tree.get_command("waifu")
    assert isinstance(command, app_commands.Command)
    told = {p["name"]: p for p in command.to_dict(desk.bot.tree)["options"]}
    assert (told["steps"]["min_value"], told["steps"]["max_value"]) == (1, 33)
    assert (told["count"]["min_value"], told["count"]["max_value"]) == (1, 2)
    assert (told["seed"]["max_value"], told["guidance"]["max_value"]) == (2**32 - 1, 20.0)
    assert told["prompt"]["min_length"] == 1
    assert told["negative"]["max_length"] == INFO.limits.prompt_chars_max
    assert [c["name"] for c in told["sampler"]["choices"]] == [s.label for s in Sampler]


async def test_a_mention_in_a_prompt_pings_nobody(desk: Front) -> None:
    answer = await desk.ask(prompt=f"@everyone <@{desk.member.id}> hi")
    assert not answer.message.mentions
    assert not answer.message.mention_everyone


async def test_accepting_the_licence_runs_the_waiting_request(desk: Front) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, patient", count=2)
    assert terms.ephemeral
    assert [a.filename for a in terms.attachments] == ["LICENCE.txt"]
    assert INFO.licence_name in terms.content
    assert not await desk.jobs_of(who)
    pressed = await who.click(terms.message, custom_id=custom_ids(terms)[0])
    assert not answer_to(pressed).ephemeral, "the acknowledgement is for everybody"
    assert [job.draw.prompt for job in await desk.jobs_of(who)] == ["1girl, patient"] * 2
    row = await desk.services.queue._db.fetch_one("SELECT * FROM acceptances WHERE user_id = :u",
                                                 {"u": who.id})  # fmt: skip
    assert row is not None
    assert (row["licence_sha256"], row["card_id"]) == (INFO.licence_sha256, INFO.card_id)


async def test_a_new_licence_must_be_accepted_again(desk: Front) -> None:
    assert not (await desk.ask()).ephemeral
    desk.use_model(NEW_LICENCE)
    assert (await desk.ask()).ephemeral


async def test_a_request_is_drawn_by_the_model_that_served_when_it_was_queued(desk: Front) -> None:
    """A request that waited for the licence goes to the model that serves on acceptance."""
    who = desk.newcomer()
    await desk.ask()
    terms = await desk.ask(who)
    desk.use_model(replace(INFO, card_id="fake-2"))
    await desk.ask()
    await who.click(terms.message, custom_id=custom_ids(terms)[0])
    assert [job.draw.model for job in await desk.jobs_of()] == ["fake-1", "fake-2"]
    assert [job.draw.model for job in await desk.jobs_of(who)] == ["fake-2"]


async def test_a_member_cannot_accept_a_licence_they_have_not_seen(desk: Front) -> None:
    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, slow reader")
    desk.use_model(NEW_LICENCE)
    await who.click(terms.message, custom_id=custom_ids(terms)[0])
    assert not await desk.jobs_of(who)
    assert not await desk.services.consent.has_accepted(UserId(who.id), NEW_LICENCE.licence_sha256)
    stored = desk.env.backend.messages[desk.channel.id][terms.id]
    fresh = [i["custom_id"] for row in stored.components for i in row["components"]]
    assert "Fake 2" in stored.content
    await who.click(terms.message, custom_id=fresh[0])
    assert [job.draw.prompt for job in await desk.jobs_of(who)] == ["1girl, slow reader"]


async def test_a_request_that_policy_refuses_is_not_kept_for_later(desk: Front) -> None:
    who = desk.newcomer()
    answer = await desk.ask(who, prompt="loli, nude")
    assert answer.ephemeral
    assert not answer.attachments
    assert not await desk.services.queue._db.fetch_all("SELECT * FROM waiting_asks")


async def test_a_request_accepted_late_is_judged_by_the_current_policy(desk: Front) -> None:
    who, boss = desk.newcomer(), desk.moderator(manage_guild=True)
    terms = await desk.ask(who, prompt="1girl, dragon")
    await boss.slash(desk.channel, "policy block", term="dragon")
    pressed = await who.click(terms.message, custom_id=custom_ids(terms)[0])
    assert "dragon" in answer_to(pressed).content
    assert answer_to(pressed).ephemeral
    assert not await desk.jobs_of(who)


async def test_a_fault_after_accepting_is_reported_with_an_incident(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    who = desk.newcomer()
    terms = await desk.ask(who)
    monkeypatch.setattr(desk.services.queue, "enqueue", broken)
    pressed = await who.click(terms.message, custom_id=custom_ids(terms)[0])
    assert "incident" in answer_to(pressed).content


async def test_a_request_not_queued_after_accepting_can_be_accepted_again(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise StorageError("as if the process had died here")

    who = desk.newcomer()
    terms = await desk.ask(who, prompt="1girl, patient")
    accept = custom_ids(terms)[0]
    with monkeypatch.context() as patched:
        patched.setattr(desk.services.queue, "enqueue", dies)
        await who.click(terms.message, custom_id=accept)
    assert not await desk.jobs_of(who)
    await who.click(terms.message, custom_id=accept)
    assert [job.draw.prompt for job in await desk.jobs_of(who)] == ["1girl, patient"]


async def test_pressing_accept_twice_at_once_queues_the_request_once(desk: Front) -> None:
    who = UserId(desk.newcomer().id)
    ask = make_ask(user=who)
    waiting_id = await desk.services.consent.add_waiting_ask(ask, 1)
    results = await asyncio.gather(
        *(
            desk.services.queue.enqueue(
                make_admitted(ask), desk.services.caps, 1, waiting_id, since_id=SINCE
            )
            for _ in range(3)
        )
    )
    reasons = [result.reason for result in results if isinstance(result, Refused)]
    assert reasons == [RefusalReason.GONE] * 2
    assert await desk.services.consent.get_waiting_ask(waiting_id, who) is None


async def test_a_database_error_after_queueing_is_not_reported_as_a_failure(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> bool:
        raise StorageError("the disk is full")

    who = desk.newcomer()
    terms = await desk.ask(who)
    monkeypatch.setattr(desk.services.views, "set_status_message", full)
    monkeypatch.setattr(desk.services.consent, "take_waiting_ask", full)
    pressed = await who.click(terms.message, custom_id=custom_ids(terms)[0])
    assert "Next in the queue" in answer_to(pressed).content
    assert len(await desk.jobs_of(who)) == 1


async def test_a_refusal_by_a_cap_names_the_numbers(desk: Front) -> None:
    desk.bot.services = replace(desk.services, caps=Caps(per_user=3, per_guild=4))
    assert not (await desk.ask(count=2)).ephemeral
    mine = await desk.ask(count=2)
    assert mine.ephemeral
    assert "You have 2 pictures in progress, and the limit is 3" in mine.content
    who = desk.newcomer()
    await desk.services.consent.accept(UserId(who.id), INFO.licence_sha256, INFO.card_id, 1)
    ours = await desk.ask(who, count=3)
    assert "This server has 2 pictures in progress, and the limit is 4" in ours.content


@pytest.mark.parametrize(
    ("lacking", "named"),
    [("attach_files", "Attach Files"), ("read_message_history", "Read Message History")],
)
async def test_a_missing_channel_permission_is_reported_before_queueing(
    desk: Front, lacking: str, named: str
) -> None:
    me = desk.guild.me
    assert me is not None
    deaf = desk.guild.create_text_channel(
        "deaf", overwrites={me: discord.PermissionOverwrite(**{lacking: False})}
    )
    answer = answer_to(await desk.member.slash(deaf, "waifu", prompt="1girl"))
    assert named in answer.content
    assert not await desk.jobs_of()


async def test_again_and_reroll_keep_the_clip_skip_that_settings_show(desk: Front) -> None:
    job, message = await desk.post_picture()
    await desk.services.queue._db.write_one(
        "UPDATE jobs SET draw = json_set(draw, '$.clip_skip', 2) WHERE id = :id", {"id": job.id}
    )
    told = answer_to(await desk.member.click(message, label="Settings")).content
    assert "clip_skip: 2" in told
    assert "Clip skip: 2" in told
    for label in ("Again", "Reroll"):
        await desk.member.click(message, label=label)
    assert [made.draw.clip_skip for made in await desk.jobs_of()] == [2, 2, 2]


async def test_again_keeps_the_seed_and_vary_changes_it_for_any_member(desk: Front) -> None:
    job, message = await desk.post_picture()
    await desk.restart()
    who = desk.newcomer()
    await desk.services.consent.accept(UserId(who.id), INFO.licence_sha256, INFO.card_id, 1)
    for action in ("again", "vary"):
        await who.click(message, custom_id=f"wd:{action}:{job.id}")
    again, vary = await desk.jobs_of(who)
    assert (again.draw.seed, again.draw.prompt) == (job.draw.seed, job.draw.prompt)
    assert vary.draw.prompt == job.draw.prompt
    assert vary.draw.seed != job.draw.seed
    made = await desk.services.queue._db.fetch_all(
        "SELECT kind FROM requests WHERE parent_job_id = :job ORDER BY created_ms", {"job": job.id}
    )
    assert [row["kind"] for row in made] == [RequestKind.AGAIN, RequestKind.VARY]
    assert {again.user_id, vary.user_id} == {who.id}


async def test_a_button_cannot_bypass_the_policy(desk: Front) -> None:
    job, message = await desk.post_picture("1girl, dragon")
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy channel", channel=desk.channel, enabled=False)
    pressed = await desk.member.click(message, custom_id=f"wd:vary:{job.id}")
    assert "turned off in this channel" in answer_to(pressed).content
    assert len(await desk.jobs_of()) == 1


async def test_nothing_is_queued_if_policy_fails(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If policy raises, nothing that a member does queues a job."""

    def broken(*_: object) -> None:
        raise RuntimeError

    job, message = await desk.post_picture()
    monkeypatch.setattr(Screen, "findings", broken)
    assert (await desk.ask()).ephemeral
    for action in ("again", "vary"):
        await desk.member.click(message, custom_id=f"wd:{action}:{job.id}")
    assert len(await desk.jobs_of()) == 1


async def test_a_server_cannot_lower_the_rules_of_the_models_licence(desk: Front) -> None:
    allowed = Overrides(effects={RuleId("suggestive"): Effect()})
    await save_policy(desk.services.guilds, make_guild(guild_id=desk.guild.id, rules=allowed))
    assert not (await desk.ask(prompt="1girl, lingerie")).ephemeral
    desk.use_model(replace(INFO, licence_id="openrail-m", licence_rules=("suggestive",)))
    refused = await desk.ask(prompt="1girl, lingerie")
    assert refused.ephemeral
    assert "I don't draw this with this model: **Suggestive content**" in refused.content
    assert "“lingerie”" in refused.content


async def test_only_the_requester_and_moderators_can_cancel(desk: Front) -> None:
    answer = await desk.ask(count=2)
    (cancel,) = custom_ids(answer)
    stranger = await desk.newcomer().click(answer.message, custom_id=cancel)
    assert answer_to(stranger).ephemeral
    assert {job.state for job in await desk.jobs_of()} == {JobState.QUEUED}
    boss = desk.moderator(manage_messages=True)
    assert "2 pictures" in answer_to(await boss.click(answer.message, custom_id=cancel)).content
    assert {job.state for job in await desk.jobs_of()} == {JobState.CANCELLED}
    late = await desk.member.click(answer.message, custom_id=cancel)
    assert "nothing to cancel" in answer_to(late).content


@pytest.mark.parametrize(
    "stale",
    ["wd:unknown:0123456789", "wd:vary:", "wd:vary:NOT-AN-ID", "wd:again:zzzzzzzzzz", "wd:x"],
)
async def test_a_stale_button_gets_a_friendly_answer(desk: Front, stale: str) -> None:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="old", custom_id=stale))
    view.stop()
    channel = desk.env.bot.get_partial_messageable(desk.channel.id, guild_id=desk.guild.id)
    message = await channel.send("from another time", view=view)
    answer = answer_to(await desk.member.click(message, custom_id=stale))
    assert answer.ephemeral
    assert answer.content
    assert "incident" not in answer.content
