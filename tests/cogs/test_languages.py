"""The language of each text: the member's if private, the server's if public."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from gettext import NullTranslations
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands
from simcord import interactions

from bot.client import Translator
from bot.domain import GuildId
from bot.languages import language
from bot.words import limits, refusals, reviewing
from bot.words.helping import EXAMPLES_SHOWN
from bot.words.policy_log import CASES
from bot.words.reviewing import scores_seen
from bot.words.speaking import ENGLISH, Language, aside, say, speaking, spoken
from cogs import EXTENSIONS
from cogs.translating import in_public
from models.catalogue.registry import EMBEDDED, card_of
from models.contract import Aspect, Sampler, Scores
from tests.bot.words.test_catalogues import gathered
from tests.stages.court import Court, court
from tests.stages.factories import make_held
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, front
from tests.stages.governing import open_panel
from tests.stages.simulated import OWNER, scene


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Court]:
    async with court(tmp_path) as ready:
        yield ready


def set_locales(monkeypatch: pytest.MonkeyPatch, *, member: str, server: str) -> None:
    """Give the acting member and the server these locales."""
    plain = interactions.base_payload

    def localized(*args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        record, payload = plain(*args, **kwargs)
        return record, payload | {"locale": member, "guild_locale": server}

    monkeypatch.setattr(interactions, "base_payload", localized)


class Quoting(NullTranslations):
    """A language in which everything stands in brackets."""

    def gettext(self, message: str) -> str:
        """The text in brackets."""
        return f"[{message}]"


def fixed_choices(payload: Any) -> Iterator[dict[str, Any]]:
    """Every choice of the options of these commands."""
    if isinstance(payload, list):
        for inner in payload:
            yield from fixed_choices(inner)
    elif "value" in payload:
        yield payload
    else:
        yield from fixed_choices([*payload.get("options", []), *payload.get("choices", [])])


async def test_private_answers_use_the_members_language_and_public_the_servers(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_locales(monkeypatch, member="de", server="es-ES")
    alone = answer_to(await desk.member.slash(desk.channel, "queue"))
    assert "Die Warteschlange ist leer." in alone.content
    everybodys = await desk.ask()
    assert not everybodys.ephemeral
    assert "1 imagen" in everybodys.content
    terms = answer_to(await desk.newcomer().slash(desk.channel, "waifu", prompt="1girl"))
    assert "akzeptiere die Lizenz" in terms.content


async def test_the_footer_of_help_is_in_the_members_language(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.use_model(replace(INFO, card_id=card_of(EMBEDDED).id))
    set_locales(monkeypatch, member="de", server="en-US")
    (embed,) = answer_to(await desk.member.slash(desk.channel, "help")).embeds
    assert embed.title == "Anime-Bilder, für dich gezeichnet"
    with speaking(language("de")):
        assert embed.footer.text == EXAMPLES_SHOWN(model=INFO.name)
    assert embed.footer.text != EXAMPLES_SHOWN(model=INFO.name)


async def test_a_button_is_answered_in_the_pressing_members_language(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = await desk.ask()
    set_locales(monkeypatch, member="fr", server="en-US")
    pressed = answer_to(await desk.member.click(status, label="Cancel"))
    assert pressed.content == "1 image annulée."


async def test_a_form_is_answered_in_the_submitting_members_language(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, message = await desk.post_picture()
    shown = await desk.member.context_menu(desk.channel, "Draw like this", message)
    set_locales(monkeypatch, member="de", server="en-US")
    filled = {"prompt": "1girl", "negative": "", "aspect": ["any"], "seed": "", "more": "--ar 0:9"}
    text = answer_to(await desk.member.submit_modal(shown, filled)).content
    with speaking(language("de")):
        assert limits.UNREADABLE(what="`--ar 0:9`", form=limits.SHAPE()) in text


async def test_a_moderators_change_is_logged_in_english(
    bench: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_locales(monkeypatch, member="de", server="de")
    await bench.boss.slash(bench.channel, "policy block", term="dragon")
    (entry, *_) = await bench.services.guilds.audit_log(GuildId(bench.guild.id), 1)
    assert entry.detail.startswith("Blocked: dragon")


async def test_a_case_and_its_verdict_use_the_servers_language(
    bench: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild = bench.env.bot.get_guild(bench.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale.german
    await bench.hold_picture()
    message = await bench.post_case()
    (case,) = await bench.open_cases()
    set_locales(monkeypatch, member="fr", server="de")
    await bench.press_action(message, "timeout")
    await bench.run_rounds("Messenger", rounds=2)
    with speaking(language("de")):
        assert reviewing.CASE(id=case.id) in message.content
        (text,) = bench.texts_in_channel()
        assert reviewing.TOLD_HELD_TIME_OUT() in text


async def test_the_panel_uses_its_moderators_language(
    bench: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_locales(monkeypatch, member="de", server="en-US")
    view = await open_panel(bench, bench.boss)
    await view.open_page("blocked")
    with speaking(language("de")):
        assert say("The list is empty.") in view.text


async def test_concurrent_answers_each_use_their_own_language() -> None:
    async def asks(locale: str) -> str:
        with speaking(language(locale)):
            await asyncio.sleep(0)
            return spoken().code

    assert await asyncio.gather(*map(asks, ("de", "ja", "pl"))) == ["de", "ja", "en"]
    assert spoken() is ENGLISH


async def test_posts_are_in_the_servers_language(desk: Front) -> None:
    guild = desk.bot.get_guild(desk.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale.japanese
    with in_public(desk.bot, desk.guild.id):
        assert spoken().code == "ja"
    with in_public(desk.bot, 1):
        assert spoken() is ENGLISH


async def test_policy_why_uses_the_asking_moderators_language(
    bench: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = await bench.queue_jobs()
    assert await bench.services.queue.claim(OWNER, 60_000, bench.services.clock()) is not None
    scores = Scores(values={"nudity": 0.6})
    await bench.keep_picture(job, replace(make_held(job, refusals.SCORED), scores=scores))
    set_locales(monkeypatch, member="de", server="en-US")
    text = answer_to(await bench.boss.slash(bench.channel, "policy why", id=job.id)).content
    with speaking(language("de")):
        assert f"{refusals.SCORED()} {scores_seen(scores.values)}" in text


async def test_a_ban_notice_uses_the_servers_language(
    bench: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.queue_jobs(count=2)
    guild = bench.env.bot.get_guild(bench.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale.german
    set_locales(monkeypatch, member="fr", server="de")
    await bench.boss.slash(bench.channel, "moderate ban", member=bench.member, reason="rude")
    await bench.run_rounds("Messenger", rounds=2)
    (text,) = bench.texts_in_channel()
    assert text.startswith(f"<@{bench.member.id}>, die Moderation bittet dich um eine Pause")


async def test_discord_gets_translated_descriptions_but_no_translated_names(desk: Front) -> None:
    (waifu,) = [c for c in desk.bot.tree.get_commands() if c.name == "waifu"]
    assert isinstance(waifu, app_commands.Command)
    payload = await waifu.get_translated_payload(desk.bot.tree, Translator())
    assert payload["description_localizations"]["ja"] == "書いたとおりのアニメ画像を描きます"
    assert not payload.get("name_localizations")
    options = {option["name"]: option for option in payload["options"]}
    assert options["count"]["description_localizations"]["de"] == "Wie viele Bilder"
    assert not any(option.get("name_localizations") for option in payload["options"])
    assert "zh-TW" not in payload["description_localizations"]


async def test_discord_gets_every_choice_in_all_languages_with_an_english_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quoting = Language(code="de", sentences=Quoting())
    monkeypatch.setattr("bot.client.language", lambda _: quoting)
    async with scene(tmp_path, *EXTENSIONS, kind=Front) as desk:
        tree = desk.bot.tree
        # The operator's `/learn` is in English.
        translated = [c for c in tree.get_commands() if c.name != "learn"]
        payloads = [await c.get_translated_payload(tree, Translator()) for c in translated]
    choices = list(fixed_choices(payloads))
    for choice in choices:
        assert choice["name_localizations"]["de"] == f"[{choice['name']}]"
    values = {choice["value"] for choice in choices}
    assert values >= {*Aspect, *Sampler, "on", "off", "day"}
    labels = {sampler.label for sampler in Sampler}
    written = {texts[0] for texts in gathered()}
    assert {choice["name"] for choice in choices} - labels <= written, "nobody translates it"


async def test_cases_are_offered_in_the_moderators_language(
    bench: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.hold_picture()
    (case,) = await bench.open_cases()
    set_locales(monkeypatch, member="ja", server="en-US")
    (offered,) = await bench.boss.autocomplete(bench.channel, "moderate cases", "id", "")
    with speaking(language("ja")):
        assert offered["name"] == f"{case.id}{aside(CASES[case.kind]())}"
    assert "held" not in offered["name"]


async def test_missing_permissions_are_named_in_the_members_language(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.deny_to_bot("attach_files")
    boss = desk.moderator(manage_guild=True)
    set_locales(monkeypatch, member="de", server="en-US")
    refused = answer_to(await boss.slash(desk.channel, "waifu", prompt="1girl")).content
    assert "Dateien anhängen" in refused
    view = await open_panel(desk, boss)
    await view.open_page("staff")
    await view.choose("log", desk.channel)
    assert "Berechtigungen nicht schreiben: Dateien anhängen" in view.text
