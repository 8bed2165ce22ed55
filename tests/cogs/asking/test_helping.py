"""`/help`, the context menu of a message, and an answer to mentions guide newcomers."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.domain import Ask, UserId
from bot.policy.asks import make_ask
from bot.typed.options import Typed
from bot.words import helping
from models.catalogue.examples import examples_drawn_by
from models.catalogue.registry import EMBEDDED, card_of
from tests.stages.factories import USER, make_place
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, custom_ids, front


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        # Loads what the first answer would wait for.
        await ready.bot.services.policy_at(
            make_place(guild=ready.guild.id, channel=ready.channel.id), model=INFO
        )
        yield ready


async def test_help_describes_the_model_and_its_examples_draw_after_a_restart(desk: Front) -> None:
    answer = answer_to(await desk.member.slash(desk.channel, "help"))
    assert answer.ephemeral
    (embed,) = answer.embeds
    whole = " ".join(field.value or "" for field in embed.fields)
    assert len(embed) <= 6000
    assert all(len(field.value or "") <= 1024 for field in embed.fields)
    for told in (INFO.name, "/licence", "/privacy", "up to 50 steps", "/imagine"):
        assert told in whole
    for button in ("Reroll", "Vary subtle", "Edit", "Upscale", "Favourite", "Delete", "Report"):
        assert f"*{button}*" in whole
    assert f"The model's licence: {INFO.licence_name}. " in whole
    assert "policy panel" not in whole, "a member cannot open it"
    examples = custom_ids(answer)
    assert len(examples) == 3
    await desk.restart()
    for example in examples:
        await desk.member.click(answer.message, custom_id=example)
    assert [job.draw.prompt for job in await desk.jobs_of()] == list(helping.EXAMPLES)


async def test_help_points_moderators_to_the_policy_panel(desk: Front) -> None:
    await desk.bot._sync_commands()
    boss = desk.moderator(manage_guild=True)
    (embed,) = answer_to(await boss.slash(desk.channel, "help")).embeds
    rules = str(embed.fields[-1].value)
    assert "</licence:" in rules
    assert "</policy panel:" in rules


async def test_help_shows_example_pictures_only_of_the_model_in_use(desk: Front) -> None:
    other = answer_to(await desk.member.slash(desk.channel, "help"))
    assert not other.attachments, "another model's picture would promise what this one cannot do"
    desk.use_model(replace(INFO, card_id=card_of(EMBEDDED).id))
    answer = answer_to(await desk.member.slash(desk.channel, "help"))
    (sheet,) = answer.attachments
    assert (answer.embeds[0].image.url or "").endswith(sheet.filename)
    assert INFO.name in str(answer.embeds[0].footer.text)


async def test_an_example_that_the_place_refuses_is_not_offered(desk: Front) -> None:
    desk.use_model(replace(INFO, card_id=card_of(EMBEDDED).id))
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy block", term="glasses")
    answer = answer_to(await desk.member.slash(desk.channel, "help"))
    assert [one[-1] for one in custom_ids(answer)] == ["1", "2"]
    assert not answer.attachments, "the sheet shows the refused example"


def test_the_example_sheet_was_drawn_by_the_shipped_model() -> None:
    data = examples_drawn_by(card_of(EMBEDDED).id)
    assert data is not None, "the model has changed: python -m tests.screenshot draws it again"
    assert len(data) < 100_000
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.width == len(helping.EXAMPLES) * picture.height
    assert examples_drawn_by("another-card") is None


@pytest.mark.parametrize("prompt", helping.EXAMPLES)
def test_an_example_is_a_plain_prompt(prompt: str) -> None:
    ask = make_ask(
        info=INFO, user_id=USER, place=make_place(), typed=Typed(prompt=prompt), fresh_seed=1
    )
    assert isinstance(ask, Ask)
    assert len(prompt) <= 80, "a button's label shows all of it"


async def test_the_context_menu_of_a_picture_shows_and_reuses_its_settings(desk: Front) -> None:
    _, message = await desk.post_picture("1girl, hat", seed=12)
    told = answer_to(await desk.member.context_menu(desk.channel, "Settings", message)).content
    assert "seed: 12" in told
    who = desk.newcomer()
    await desk.accept_licence(who)
    shown = await who.context_menu(desk.channel, "Draw like this", message)
    assert shown.modal is not None
    fields = {row["component"]["custom_id"]: row["component"] for row in shown.modal["components"]}
    assert fields["prompt"]["value"] == "1girl, hat"
    assert not fields["seed"].get("value"), "the new picture gets its own seed"
    values = {"prompt": "1girl, crown", "negative": "", "aspect": ["any"], "seed": "", "more": ""}
    await who.submit_modal(shown, values)
    assert [job.draw.prompt for job in await desk.jobs_of(who)] == ["1girl, crown"]


async def test_the_context_menu_says_if_a_message_has_no_picture(desk: Front) -> None:
    mine = await desk.member.send(desk.channel, "just words")
    for name in ("Settings", "Draw like this"):
        assert (
            "no picture"
            in answer_to(await desk.member.context_menu(desk.channel, name, mine)).content
        )
    job, message = await desk.post_picture()
    await desk.services.privacy.forget(UserId(desk.member.id))
    assert (
        "no picture"
        in answer_to(await desk.newcomer().context_menu(desk.channel, "Settings", message)).content
    )
    assert await desk.services.views.get(job.id) is None


async def test_a_mention_is_answered_with_a_hint_once_a_minute(desk: Front) -> None:
    me = desk.bot.user
    assert me is not None
    for _ in range(2):
        await desk.member.send(desk.channel, f"<@{me.id}> draw me a cat")
    (hint,) = [m for m in desk.channel.history() if m.author.id == me.id]
    assert hint.content == f"{helping.HINT} {helping.FROM_ELSEWHERE}"
    assert not hint.mentions
    await desk.env.advance_time(61)
    await desk.member.send(desk.channel, f"<@{me.id}> please")
    assert sum(m.author.id == me.id for m in desk.channel.history()) == 2
    assert not await desk.jobs_of()


async def test_other_messages_replies_and_disabled_channels_get_no_hint(desk: Front) -> None:
    me = desk.bot.user
    assert me is not None
    await desk.member.send(desk.channel, "draw me a cat, @everyone")
    _, message = await desk.post_picture()
    shown = len(desk.message_ids())
    await desk.member.send(desk.channel, f"nice <@{me.id}>", reply_to=message)
    assert len(desk.message_ids()) == shown + 1, "a reply answers the picture"
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy channel", channel=desk.channel, enabled=False)
    await desk.member.send(desk.channel, f"<@{me.id}> hello")
    assert len(desk.message_ids()) == shown + 2, "the bot is switched off here"


async def test_the_bot_does_not_request_the_message_content_intent(desk: Front) -> None:
    assert not desk.bot.intents.message_content
