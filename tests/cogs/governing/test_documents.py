"""The policy as a file: exports can be imported, and nothing is applied unseen."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from bot.domain import ChannelId, GuildId, RoleId, RuleId, Ruling, UserId
from bot.policy.document import TERMS_MAX
from bot.policy.effect import Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms
from bot.policy.screening import Term
from bot.policy.toml_text import BYTES_MAX
from bot.words import documents as words
from tests.stages.front import Front, answer_to
from tests.stages.governing import PanelView, current_policy, front_with_panel, open_panel

RULE = RuleId("suggestive")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front_with_panel(tmp_path) as ready:
        yield ready


@pytest.fixture
async def boss(desk: Front) -> MemberActor:
    return desk.moderator(manage_guild=True)


async def keep(desk: Front, **document: Any) -> None:
    policy = GuildPolicy(guild_id=GuildId(desk.guild.id), **document)
    number = (await current_policy(desk)).number
    await desk.services.guilds.save(policy, number, UserId(1), 1, summary="Sora was here")


async def exported(desk: Front, boss: MemberActor) -> bytes:
    answer = answer_to(await boss.slash(desk.channel, "policy export"))
    assert answer.ephemeral
    (file,) = answer.attachments
    return await file.read()


async def imported(desk: Front, boss: MemberActor, data: bytes) -> InteractionResult:
    return await boss.slash(desk.channel, "policy import", file=("my policy.toml", data))


async def offered(desk: Front, boss: MemberActor, data: bytes) -> PanelView:
    result = await imported(desk, boss, data)
    assert result.response is not None
    assert result.response.ephemeral
    return PanelView(desk=desk, who=boss, message=result.response, result=result)


async def test_an_exported_policy_is_imported_unchanged(desk: Front, boss: MemberActor) -> None:
    held = Effect(ruling=Ruling.HOLD, alert=True)
    await keep(
        desk,
        preset="family",
        rules=Overrides(effects={RULE: held}),
        channels={ChannelId(desk.channel.id): Overrides(enabled=False)},
        roles={RoleId(77): RoleTerms(exempt=frozenset({RULE}), per_day_max=5)},
        blocked=(Term(text='a "quoted" = dragon', reason="why\\not"),),
        allowed=("naked mole rat",),
    )
    before = await current_policy(desk)
    data = await exported(desk, boss)
    assert f"# #{desk.channel.name}" in data.decode(), "names stand beside the ids"
    view = await offered(desk, boss, data)
    assert words.NO_DIFFERENCE in view.text
    await keep(desk)
    view = await offered(desk, boss, data)
    assert "Preset: standard → family" in view.text
    await view.press("apply")
    assert "Saved" in view.text
    assert (await current_policy(desk)).policy == before.policy


async def test_an_import_changes_nothing_unless_it_is_applied(
    desk: Front, boss: MemberActor
) -> None:
    view = await offered(desk, boss, b"version = 1\npaused = true\n")
    assert "Paused: no → yes" in view.text
    assert (await current_policy(desk)).number == 0
    await view.press("discard")
    assert words.DISCARDED in view.text
    assert not view.message.attachments
    assert (await current_policy(desk)).number == 0


async def test_an_import_warns_of_blocked_common_words_and_of_licence_rules(
    desk: Front, boss: MemberActor
) -> None:
    view = await offered(
        desk, boss, b'version = 1\n[server.rules]\ndeception = "allow"\n[blocked]\ngirl = {}\n'
    )
    assert "not set → allowed (⚠️ it stays refused: the model's licence asks for that)" in view.text
    assert "“girl” stops" in view.text
    await view.press("apply")
    assert [term.text for term in (await current_policy(desk)).policy.blocked] == ["girl"]


async def test_an_import_lists_ids_of_unknown_channels_and_roles(
    desk: Front, boss: MemberActor
) -> None:
    here = desk.channel.id
    data = f"version = 1\n[channels.777]\nenabled = false\n[channels.{here}]\nenabled = true\n"
    view = await offered(desk, boss, f"{data}[roles.888]\nper_day_max = 3\n".encode())
    assert "no channel or role with these ids:\n`777`\n`888`" in view.text
    await view.press("apply")
    view = await offered(desk, boss, f"{data}[roles.888]\nper_day_max = 4\n".encode())
    assert "no channel or role" not in view.text, "the ids were already in the policy"


async def test_a_file_that_sets_a_promise_is_refused(desk: Front, boss: MemberActor) -> None:
    answer = answer_to(await imported(desk, boss, b'version = 1\n[server.rules]\nlaw = "allow"\n'))
    assert "server\\.rules\\: law is a promise that no prompt can show" in answer.content
    assert (await current_policy(desk)).number == 0


async def test_an_import_can_be_applied_after_a_restart(desk: Front, boss: MemberActor) -> None:
    view = await offered(desk, boss, b"version = 1\npaused = true\n")
    await desk.restart()
    await view.press("apply")
    assert (await current_policy(desk)).policy.paused


async def test_if_the_policy_changed_meanwhile_the_difference_is_shown_again(
    desk: Front, boss: MemberActor
) -> None:
    view = await offered(desk, boss, b'version = 1\npaused = true\npreset = "family"\n')
    await keep(desk, preset="family")
    await view.press("apply")
    assert words.CHANGED_MEANWHILE in view.text
    assert "Paused: no → yes" in view.text
    assert "Preset" not in view.text
    assert not (await current_policy(desk)).policy.paused
    await view.press("apply")
    policy = (await current_policy(desk)).policy
    assert (policy.paused, policy.preset) == (True, "family")


async def test_a_difference_too_long_for_a_message_is_also_attached_as_a_file(
    desk: Front, boss: MemberActor
) -> None:
    lines = "\n".join(f'"dragon {n}" = {{ reason = "why" }}' for n in range(3000))
    view = await offered(desk, boss, f"version = 1\n[blocked]\n{lines}\n".encode())
    assert "more" in view.text
    files = {file.filename: await file.read() for file in view.message.attachments}
    assert len(files["changes.txt"].decode().splitlines()) == 3000
    assert len(tomllib.loads(files["policy.toml"].decode())["blocked"]) == 3000
    await view.press("apply")
    assert len((await current_policy(desk)).policy.blocked) == 3000


HOSTILE = {
    "not text": b"\xff\xfe\x00",
    "not TOML": b"preset = [",
    "empty": b"",
    "another version": b"version = 99\n",
    "an unknown key": b"version = 1\nunknown = 1\n",
    "an unknown preset": b'version = 1\npreset = "lawless"\n',
    "a fixed rule": b'version = 1\n[server.rules]\nminors-sexual = "allow"\n',
    "an exemption from a fixed rule": b'version = 1\n[roles.5]\nexempt = ["minors-sexual"]\n',
    "an unknown rule": b'version = 1\n[server.rules]\nsugestive = "allow"\n',
    "an unknown effect": b'version = 1\n[server.rules]\nsuggestive = "maybe"\n',
    "a wrong type": b'version = 1\npaused = "no"\n',
    "too many terms": b"version = 1\n[blocked]\n"
    + b"\n".join(b"t%d = {}" % n for n in range(TERMS_MAX + 1)),
    "a long term": b"version = 1\n[blocked]\n" + b"x" * 81 + b" = {}\n",
    "deep nesting": b"version = 1\na = " + b"[" * 5000 + b"]" * 5000,
    "many dots": b"version = 1\n" + b"a." * 5000 + b"b = 1\n",
    "a large number": b"version = 1\ncooldown_s = " + b"9" * 5000 + b"\n",
    "a negative number": b"version = 1\ncooldown_s = -1\n",
    "a name instead of an id": b"version = 1\n[channels.general]\nenabled = true\n",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_an_invalid_file_changes_nothing_and_gets_an_answer(
    desk: Front, boss: MemberActor, name: str
) -> None:
    await keep(desk, preset="family")
    answer = answer_to(await imported(desk, boss, HOSTILE[name]))
    assert answer.ephemeral
    assert "I have changed nothing" in answer.content
    assert not answer.components
    assert (await current_policy(desk)).policy.preset == "family"
    assert (await current_policy(desk)).number == 1


async def test_a_file_over_the_size_limit_is_refused_unread(
    desk: Front, boss: MemberActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **_options: object) -> bytes:
        pytest.fail("the file was downloaded")

    monkeypatch.setattr(discord.Attachment, "read", never)
    answer = answer_to(await imported(desk, boss, b"#" * (BYTES_MAX + 1)))
    assert "2.1 MB; the limit is 2.1 MB. I have changed nothing" in answer.content
    assert (await current_policy(desk)).number == 0


async def test_a_file_cannot_make_everybody_a_moderator(desk: Front, boss: MemberActor) -> None:
    data = f"version = 1\nmoderator_role = {desk.guild.id}\n".encode()
    assert words.EVERYBODY_DECIDES in answer_to(await imported(desk, boss, data)).content
    assert (await current_policy(desk)).number == 0


async def test_the_panel_can_export_the_policy_too(desk: Front, boss: MemberActor) -> None:
    view = await open_panel(desk, boss)
    result = await boss.click(view.message, custom_id=view.id_of("export"))
    answer = answer_to(result)
    assert answer.ephemeral
    (file,) = answer.attachments
    assert tomllib.loads((await file.read()).decode())["preset"] == "standard"


async def test_a_member_who_lost_the_permission_cannot_apply_an_import(
    desk: Front, boss: MemberActor
) -> None:
    view = await offered(desk, boss, b"version = 1\npaused = true\n")
    desk.env.backend.guilds[desk.guild.id].members[boss.id].role_ids.clear()
    await view.press("apply")
    assert "Manage Server" in view.text
    assert not view.message.attachments
    assert (await current_policy(desk)).number == 0


@pytest.mark.parametrize("key", ["review_channel", "log_channel"])
async def test_a_file_cannot_name_a_channel_of_another_server(
    desk: Front, boss: MemberActor, key: str
) -> None:
    """The bot may be there too, but its members asked for neither our log nor our pictures."""
    other = desk.env.create_guild("elsewhere").create_text_channel("general")
    await desk.env.settle()
    told = answer_to(await imported(desk, boss, f"version = 1\n{key} = {other.id}\n".encode()))
    assert "I have changed nothing" in told.content
    assert f"`{key}`: I can't write in a deleted channel (`{other.id}`)" in told.content
    assert not told.attachments
    assert (await current_policy(desk)).number == 0
