"""The local Discord and an unmodified discord.py client: commands, files, buttons, menus, forms."""

from __future__ import annotations

import asyncio
import io
import math
import os
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import discord
import pytest

from bot.sandbox import once
from bot.sandbox.wire.images import heart, picture_size
from bot.sandbox.wire.server import Sandbox
from bot.sandbox.wire.wire import NotPossible
from bot.sandbox.world.people import _localise
from models.catalogue.registry import EMBEDDED
from models.catalogue.tags import files
from tests.stages.stage import stage
from tests.stages.tiny_bot import TinyBot, lounge, until

OPENAPI = Path(os.environ["DISCORD_OPENAPI"]) if os.environ.get("DISCORD_OPENAPI") else None
Lounge = tuple[Sandbox, TinyBot]


@pytest.fixture
async def here() -> AsyncGenerator[Lounge]:
    async with lounge(openapi=OPENAPI) as pair:
        yield pair
        assert pair[0].violations() == [], "the test's own traffic must be clean"


async def test_commands_are_synced_and_offered(here: Lounge) -> None:
    sandbox, bot = here
    fetched = {command.name for command in await bot.tree.fetch_commands()}
    assert fetched == {
        "draw", "ping", "secret", "silent", "manage", "lewd", "form", "colors", "Quote"
    }  # fmt: skip
    member = {c["name"] for c in sandbox.state(sandbox.persona("member"))["commands"]}
    moderator = {c["name"] for c in sandbox.state(sandbox.persona("moderator"))["commands"]}
    assert moderator - member == {"manage"}


async def test_the_language_of_a_client_reaches_the_bot_and_the_page(
    here: Lounge, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox, bot = here
    seen: list[tuple[str, str]] = []

    async def on_interaction(interaction: discord.Interaction) -> None:
        seen.append((str(interaction.locale), str(interaction.guild_locale)))

    monkeypatch.setattr(bot, "on_interaction", on_interaction, raising=False)
    haru = sandbox.persona("haru")
    sandbox.people.set_locale(haru, "de")
    await sandbox.slash("haru", "art", "ping", {}).answer()
    assert seen == [("de", "de")]
    assert sandbox.state(haru)["locale"] == "de"
    assert sandbox.state(sandbox.persona("momo"))["locale"] == "en-US"
    with pytest.raises(NotPossible, match="no language"):
        sandbox.people.set_locale(haru, "tlh")


def test_a_client_shows_descriptions_and_choices_in_its_language() -> None:
    choice = {"name": "day", "value": "day", "name_localizations": {"de": "Tag"}}
    option = {
        "name": "period", "description": "When", "description_localizations": {"de": "Wann"},
        "name_localizations": {"de": "zeit"}, "choices": [choice],
    }  # fmt: skip
    shown = _localise("de", {"name": "top", "description": "Best", "options": [option]})
    assert shown["description"] == "Best"
    assert [shown["options"][0][key] for key in ("name", "description")] == ["period", "Wann"]
    assert shown["options"][0]["choices"][0]["name"] == "Tag"


def test_a_menu_shows_a_commands_translated_name_and_calls_the_registered_one() -> None:
    menu = {"name": "Settings", "type": 3, "name_localizations": {"de": "Einstellungen"}}
    shown = {locale: _localise(locale, menu) for locale in ("de", "fr")}
    assert {locale: one["label"] for locale, one in shown.items()} == {
        "de": "Einstellungen", "fr": "Settings",
    }  # fmt: skip
    assert {one["name"] for one in shown.values()} == {"Settings"}
    assert "label" not in _localise("de", menu | {"type": 1})


async def test_a_message_names_the_subcommand_that_was_used(here: Lounge) -> None:
    sandbox, _ = here
    ticket = sandbox.slash("haru", "art", "colors find", {"name": "red"})
    message = (await ticket.answer()).message
    assert message is not None
    assert message["interaction_metadata"]["name"] == "colors find"


async def test_deferred_command_posts_files_that_the_cdn_serves(here: Lounge) -> None:
    sandbox, bot = here
    ticket = sandbox.slash("haru", "art", "draw", {"prompt": "hearts", "count": 2})
    answer = await ticket.answer()
    assert answer.kind == "deferred"
    assert answer.message is not None
    assert answer.message["flags"] & 128, "the bot is thinking"
    await until(lambda: sandbox.messages("art")[-1]["attachments"])
    message = sandbox.messages("art")[-1]
    assert message["id"] == answer.message["id"]
    assert message["content"] == "hearts (round)"
    assert [a["width"] for a in message["attachments"]] == [64, 64]
    read = await bot.channel("art").fetch_message(int(message["id"]))
    assert await read.attachments[0].read() == heart((255, 0, 0))
    assert (read.attachments[0].height, read.attachments[0].content_type) == (64, "image/png")
    async with (
        aiohttp.ClientSession() as session,
        session.get(message["attachments"][1]["url"]) as response,
    ):
        assert await response.read() == heart((255, 0, 0))
        assert response.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({}, "needs the option prompt"),
        ({"prompt": "x", "count": 9}, "≤ 4"),
        ({"prompt": "x", "count": "many"}, "takes a number"),
        ({"prompt": "x", "weight": "nan"}, "takes a number"),
        ({"prompt": "x", "weight": math.inf}, "takes a number"),
        ({"prompt": "x", "shape": "square"}, "only allows"),
        ({"prompt": "x" * 1001}, "at most 1000"),
        ({"prompt": "x", "colour": "red"}, "no option called colour"),
    ],
)
async def test_a_command_that_no_client_would_send_is_refused(
    here: Lounge, options: dict[str, object], refusal: str
) -> None:
    with pytest.raises(NotPossible, match=refusal):
        here[0].slash("haru", "art", "draw", options)


async def test_commands_obey_permissions_age_limits_and_channels(here: Lounge) -> None:
    sandbox, _ = here
    with pytest.raises(NotPossible, match="no command /manage"):
        sandbox.slash("member", "general", "manage", {"who": str(sandbox.persona("momo"))})
    with pytest.raises(NotPossible, match="no command /lewd"):
        sandbox.slash("member", "general", "lewd")
    assert (await sandbox.slash("member", "after-dark", "lewd").answer()).kind == "message"
    with pytest.raises(NotPossible, match="no such channel"):
        sandbox.slash("member", "mods-only", "ping")


async def test_an_option_that_names_a_user_arrives_resolved(here: Lounge) -> None:
    sandbox, _ = here
    who = {"who": str(sandbox.persona("newcomer"))}
    answer = await sandbox.slash("moderator", "general", "manage", who).answer()
    assert answer.message is not None
    assert answer.message["content"] == "managed Momo"


async def test_only_its_persona_sees_an_ephemeral_message(here: Lounge) -> None:
    sandbox, _ = here
    await sandbox.slash("haru", "general", "secret").answer()
    await until(lambda: len(sandbox.messages("general", "haru")) == 2)
    assert [m["content"] for m in sandbox.messages("general", "haru")] == ["hush", "psst"]
    assert all(m["flags"] & 64 for m in sandbox.messages("general", "haru"))
    assert sandbox.messages("general", "rin") == []


async def test_a_button_a_menu_and_their_limits(here: Lounge) -> None:
    sandbox, _ = here
    await sandbox.slash("haru", "art", "draw", {"prompt": "x"}).answer()
    await until(lambda: sandbox.messages("art")[-1]["components"])
    message = sandbox.messages("art")[-1]["id"]
    pressed = await sandbox.click("rin", message, "tiny:again").answer()
    assert pressed.message is not None
    assert pressed.message["content"] == "again!"
    chosen = await sandbox.click("rin", message, "tiny:pick", ["red", "blue"]).answer()
    assert chosen.kind == "update"
    assert sandbox.messages("art")[0]["content"] == "picked red blue"
    with pytest.raises(NotPossible, match="not on offer"):
        sandbox.click("rin", message, "tiny:pick", ["mauve"])
    with pytest.raises(NotPossible, match="no longer there"):
        sandbox.click("rin", message, "tiny:gone")


async def test_a_form_opened_by_a_button_comes_back_filled_in_once(here: Lounge) -> None:
    sandbox, _ = here
    await sandbox.slash("haru", "art", "draw", {"prompt": "x"}).answer()
    await until(lambda: sandbox.messages("art")[-1]["components"])
    opened = sandbox.click("haru", sandbox.messages("art")[-1]["id"], "tiny:form")
    answer = await opened.answer()
    assert answer.modal is not None
    assert answer.modal["title"] == "A form"
    with pytest.raises(NotPossible, match="characters"):
        sandbox.submit("haru", opened, {"name": "x" * 21})
    with pytest.raises(NotPossible, match="filled in"):
        sandbox.submit("haru", opened, {})
    with pytest.raises(NotPossible, match="no longer open"):
        sandbox.submit("rin", opened, {"name": "Rin"})
    done = await sandbox.submit("haru", opened, {"name": "Haru"}).answer()
    assert done.message is not None
    assert done.message["content"] == "hello Haru"
    with pytest.raises(NotPossible, match="already"):
        sandbox.submit("haru", opened, {"name": "Haru"})


async def test_autocomplete_and_subcommands(here: Lounge) -> None:
    sandbox, _ = here
    typed = sandbox.autocomplete("haru", "general", "colors find", {"name": "r"}, "name")
    assert [c["value"] for c in (await typed.answer()).choices] == ["red", "rose"]
    found = await sandbox.slash("haru", "general", "colors find", {"name": "teal"}).answer()
    assert found.message is not None
    assert found.message["content"] == "found teal"
    with pytest.raises(NotPossible, match="needs a subcommand"):
        sandbox.slash("haru", "general", "colors")


async def test_a_message_menu_command_gets_its_message(here: Lounge) -> None:
    sandbox, _ = here
    output = sandbox.send_message("momo", "general", "to be quoted")
    answer = await sandbox.context("haru", "general", "Quote", int(output["id"])).answer()
    assert answer.message is not None
    assert answer.message["content"] == "> to be quoted"


async def test_an_interaction_fails_after_three_seconds_without_an_answer(here: Lounge) -> None:
    sandbox, _ = here
    started_s = asyncio.get_running_loop().time()
    with pytest.raises(NotPossible, match="did not respond"):
        await sandbox.slash("haru", "general", "silent").answer()
    assert 2.9 < asyncio.get_running_loop().time() - started_s < 3.5


async def test_a_late_answer_is_an_unknown_interaction(here: Lounge) -> None:
    sandbox, bot = here
    failed: list[BaseException] = []
    bot.tree.on_error = lambda _interaction, error: _append_error(failed, error)  # type: ignore[method-assign]
    sandbox.set_latency(3200)
    ticket = sandbox.slash("haru", "general", "ping")
    with pytest.raises(NotPossible):
        await ticket.answer()
    await until(lambda: failed)
    cause = failed[0].__cause__
    assert isinstance(cause, discord.NotFound)
    assert cause.code == 10062
    sandbox.clear_weather()


async def _append_error(failed: list[BaseException], error: BaseException) -> None:
    failed.append(error)


async def test_planted_bad_bodies_are_reported_as_violations() -> None:
    if OPENAPI is None:
        pytest.skip("DISCORD_OPENAPI names no description of Discord's API")
    async with lounge(openapi=OPENAPI) as (sandbox, bot):
        route = discord.http.Route("POST", "/channels/{c}/messages", c=sandbox.channel("art"))
        for body in ({"content": 5}, {"content": "x", "colour": "red"}, {"content": "x" * 2001}):
            with pytest.raises(discord.HTTPException):
                await bot.http.request(route, json=body)
        refusal = sorted(" ".join(v["errors"]) for v in sandbox.violations())
        assert len(refusal) == 4, refusal
        assert refusal[0] == "colour: no such key"
        assert refusal[1] == "content: 2001 characters, 2000 are allowed"
        assert refusal[2] == 'content: 5 is not of types "null", "string"'
        assert "does not implement" in refusal[3]


async def test_a_file_without_an_attachment_is_a_violation() -> None:
    async with lounge() as (sandbox, bot):
        route = discord.http.Route("POST", "/channels/{c}/messages", c=sandbox.channel("art"))
        file = discord.File(io.BytesIO(heart((0, 0, 0))), "x.png")
        form = [
            {"name": "payload_json", "value": '{"content": "x"}'},
            {"name": "files[0]", "value": file.fp, "filename": "x.png"},
        ]
        await bot.http.request(route, form=form, files=[file])
        assert sandbox.violations()[0]["errors"] == ["files[0] belongs to no attachment"]


def test_picture_sizes_are_read_from_headers() -> None:
    from PIL import Image

    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        for lossless in (False, True):
            out = io.BytesIO()
            options = {"lossless": lossless} if kind == "WEBP" else {}
            Image.new("RGB", (37, 91), "pink").save(out, kind, **options)
            assert picture_size(out.getvalue()) == (37, 91), kind
    out = io.BytesIO()
    Image.new("RGBA", (37, 91)).save(out, "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    assert picture_size(out.getvalue()) == (37, 91), "extended WebP"
    assert picture_size(b"\xff\xd8\xff") is None
    assert picture_size(b"hello") is None


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("/ping", "pong"),
        ("/colors  find name: teal", "found teal"),
        ("/secret", "hush"),
        # The answer is deferred, and all of it comes later.
        ("/draw prompt: one\ntwo shape: tall", "one\n               two (tall)"),
    ],
)
async def test_a_rehearsed_command_prints_its_whole_answer(
    here: Lounge, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, answer: str
) -> None:
    assert await once.play(here[0], command, tmp_path) == 0
    output = capsys.readouterr().out
    assert re.search(rf"answered  after \d+ ms: {re.escape(answer)}\n", output)
    assert file_names(tmp_path) == (["heart0.png"] if "draw" in command else [])


def file_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("/manage who: 1", "There is no command /manage for you here. The bot offers"),
        ("/", "A command begins with / and its name."),
        ("/colors", "/colors needs a subcommand: find."),
        ("/colors lose name: teal", "/colors needs a subcommand: find."),
        ("/draw prompt: x count: many", "count: 'many' is not a number."),
    ],
)
async def test_a_rehearsed_command_that_cannot_be_sent_says_why(
    here: Lounge, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, refusal: str
) -> None:
    assert await once.play(here[0], command, tmp_path) == 1
    assert f"stopped  {refusal}" in capsys.readouterr().out


async def test_a_rehearsal_whose_files_cannot_be_written_says_so(
    here: Lounge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert await once.play(here[0], "/draw prompt: x", tmp_path / "file") == 1
    assert "stopped  [Errno" in capsys.readouterr().out


async def test_a_rehearsal_succeeds_only_with_pictures_or_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    async with stage(tmp_path) as here:
        assert await once.play(here.sandbox, "/waifu prompt: nude loli", out) == 1
        assert not out.exists()
        assert await once.play(here.sandbox, "/queue", out) == 0
        assert re.search(r"\*\*Yours.*\n.*\n +\*\*This server", capsys.readouterr().out)
        assert await once.play(here.sandbox, "/waifu prompt: 1girl count: 2", out) == 0
        assert [name[-4:] for name in file_names(out)] == [".png", ".png"]
        assert await once.play(here.sandbox, "/waifu 1girl", out) == 0
        assert await once.play(here.sandbox, "/votes top", out) == 0
    assert "**The best pictures" in capsys.readouterr().out


async def test_a_rehearsal_ends_with_how_to_draw_unknown_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "_PICTURE_S", 30.0)
    async with stage(tmp_path, {"TAGS_FILE": str(EMBEDDED / files.FILE_NAME)}) as here:
        assert await once.play(here.sandbox, "/waifu prompt: sushi", tmp_path / "out") == 1
    output = capsys.readouterr().out
    assert "answered  I don't know *sushi*" in output
    assert "not drawn  use a word that the model knows" in output
    assert "press Draw anyway" in output
    assert "stopped" not in output


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        ("/waifu prompt: 1girl count: 4", "the limit at once is 2"),
        ("/waifu prompt: poison", "The picture came out as noise."),
    ],
    ids=["refused after the licence", "failed while it was drawn"],
)
async def test_a_rehearsal_does_not_wait_for_pictures_that_will_not_come(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    refusal: str,
) -> None:
    monkeypatch.setattr(once, "_PICTURE_S", 30.0)
    async with stage(tmp_path, {"CAP_USER": "2", "MAX_ATTEMPTS": "1"}) as here:
        assert await once.play(here.sandbox, command, tmp_path / "out") == 1
    output = capsys.readouterr().out
    assert refusal in output.partition("stopped  ")[2], "the bot's own words"
