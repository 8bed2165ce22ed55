"""`/learn` as the bot's owner sees it, and as nobody else does."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import discord
import pytest
from PIL import Image

from bot.ballot import DuelId
from bot.store.lineage import LineageAction
from bot.store.trials import Trial, TrialOutcome
from cogs.learning.learn import _figure_line
from models.catalogue import card as cards
from models.catalogue.card import Score
from models.catalogue.verdict import Figure
from models.measuring.gate.floors import Measure, figure
from tests.stages.cards import make_card, put_card
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, front
from tests.stages.trying_out import make_trial

NEXT, BAD = "fake-1-v2", "fake-1-v3"


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Front]:
    put_card(tmp_path / "models", make_card(NEXT))
    put_card(tmp_path / "models", make_card(BAD), value=0.1)
    async with front(tmp_path, "cogs.learning.learn") as ready:
        ready.member = ready.moderator(administrator=True)
        owner_id = ready.member.id

        async def is_owner(_self: object, user: discord.abc.User) -> bool:
            return user.id == owner_id

        monkeypatch.setattr(type(ready.bot), "is_owner", is_owner)
        await ready.services.learning.lineage.begin(
            INFO.card_id, model_setting="embedded", licence_sha256=INFO.licence_sha256, now_ms=1
        )
        yield ready


async def learn(desk: Front, command: str, **options: object) -> str:
    answer = answer_to(await desk.member.slash(desk.channel, f"learn {command}", **options))
    assert answer.ephemeral, "the answer is ephemeral"
    return answer.content


async def test_only_the_owner_can_use_learn(desk: Front) -> None:
    power = desk.moderator(administrator=True)
    for command, options in (
        ("status", {}), ("start", {}), ("stop", {}), ("rollback", {}), ("history", {}),
        ("promote", {"card": NEXT}), ("sheet", {"card": NEXT}), ("trial start", {"card": NEXT}),
        ("trial stop", {}),
    ):  # fmt: skip
        answer = answer_to(await power.slash(desk.channel, f"learn {command}", **options))
        assert "Only the owner of this bot" in answer.content, command
        assert answer.ephemeral
    assert {type(error).__name__ for error in desk.env.errors} == {"CheckFailure"}
    desk.env._errors.clear()
    assert len(await desk.services.learning.lineage.history()) == 1


async def test_learn_is_hidden_from_members(desk: Front) -> None:
    (group,) = [c for c in desk.bot.tree.get_commands() if c.name == "learn"]
    assert isinstance(group, discord.app_commands.Group)
    assert group.default_permissions == discord.Permissions(administrator=True)


async def test_only_the_owner_is_offered_cards(desk: Front) -> None:
    for command in ("learn sheet", "learn promote", "learn trial start"):
        offered = await desk.member.autocomplete(desk.channel, command, "card", "V3")
        assert [choice["name"] for choice in offered] == [BAD]
        power = desk.moderator(administrator=True)
        assert not await power.autocomplete(desk.channel, command, "card", "")


async def test_a_sheet_with_nudity_needs_an_age_restricted_channel_and_a_spoiler(
    desk: Front, tmp_path: Path
) -> None:
    card = replace(make_card("adult-1"), scores=(Score.BLANK, Score.NUDITY))
    put_card(tmp_path / "models", card)
    Image.new("RGB", (8, 8)).save(tmp_path / "models" / "adult-1" / "gate.jpg")
    answer = answer_to(await desk.member.slash(desk.channel, "learn sheet", card="adult-1"))
    assert not answer.attachments
    assert answer.content.startswith("This model can draw nudity")
    assert "ok   held-out votes" in answer.content
    channel = desk.env.bot.get_channel(desk.channel.id)
    assert isinstance(channel, discord.TextChannel)
    channel.nsfw = True
    answer = answer_to(await desk.member.slash(desk.channel, "learn sheet", card="adult-1"))
    (file,) = answer.attachments
    assert file.is_spoiler()


async def test_a_card_that_passed_can_be_promoted_and_rolled_back(desk: Front) -> None:
    assert f"**In use** `{INFO.card_id}`" in await learn(desk, "status")
    assert (await learn(desk, "promote", card=NEXT)).startswith(f"`{NEXT}` is now in use.")
    assert (await learn(desk, "rollback")).startswith(f"`{INFO.card_id}` is in use again")
    assert "nothing to go back to" in await learn(desk, "rollback")
    deeds = [reign.action for reign in await desk.services.learning.lineage.history()]
    assert deeds == [LineageAction.BEGIN, LineageAction.PROMOTE, LineageAction.ROLLBACK]


@pytest.mark.parametrize("command", ["promote", "trial start"])
async def test_a_card_that_the_gate_refused_is_neither_promoted_nor_tried(
    desk: Front, command: str
) -> None:
    assert "hasn't passed the gate" in await learn(desk, command, card=BAD)
    assert "no card" in await learn(desk, command, card="../../etc")
    assert len(await desk.services.learning.lineage.history()) == 1
    assert await desk.services.learning.trials.running_trial() is None


async def test_the_sheet_shows_every_figure_and_whether_it_holds(
    desk: Front, tmp_path: Path
) -> None:
    assert "FAIL held-out votes" in await learn(desk, "sheet", card=BAD)
    Image.new("RGB", (8, 8)).save(tmp_path / "models" / NEXT / "gate.jpg")
    answer = answer_to(await desk.member.slash(desk.channel, "learn sheet", card=NEXT))
    assert "ok   held-out votes" in answer.content
    assert [a.filename for a in answer.attachments] == [f"{NEXT}.jpg"]


async def test_the_sheet_shows_the_failed_figure_however_many_there_are(
    desk: Front, tmp_path: Path
) -> None:
    """The judge has 31 attributes, and the mix of each is a figure; of 57 figures about 30 fit."""
    file = tmp_path / "models" / BAD / cards.FILE_NAME
    card = cards.read(file)
    assert card.verdict is not None
    mix = [Figure(name=f"mix: {n}", value=9, unit="%", most=25) for n in range(56)]
    figures = (*mix, Figure(name="mix: mouth", value=30, unit="%", most=25))
    cards.write(replace(card, verdict=replace(card.verdict, figures=figures)), file)
    told = await learn(desk, "sheet", card=BAD)
    assert "FAIL mix: mouth" in told
    assert "more\n```" in told, "whole lines, and the number of those left out"


def test_no_line_of_the_table_is_wrapped() -> None:
    """Discord shows about 60 characters of a code block in a line."""
    about: dict[Measure, str] = dict.fromkeys((Measure.GROUP, Measure.MIX), "head-wear and ears")
    lines = [_figure_line(figure(kind, -12.34567, about.get(kind, ""))) for kind in Measure]
    assert max(map(len, lines)) <= 58
    assert len({line[5:38] for line in lines}) == len(lines), (
        "shortened lines can still be told apart"
    )


async def test_a_card_with_stricter_licence_rules_cannot_be_tried(
    desk: Front, tmp_path: Path
) -> None:
    """A request that a trial draws twice is admitted once, by the rules of the model in use."""
    file = tmp_path / "models" / NEXT / cards.FILE_NAME
    card = cards.read(file)
    cards.write(replace(card, licence=replace(card.licence, rules=("real-people",))), file)
    assert "has different rules" in await learn(desk, "trial start", card=NEXT)
    assert await desk.services.learning.trials.running_trial() is None


async def test_a_trial_begins_once_and_can_be_stopped(desk: Front) -> None:
    told = await learn(desk, "trial start", card=NEXT, share=50)
    assert "each redraw 50% of this server's requests" in told
    assert "A trial is already running" in await learn(desk, "trial start", card=NEXT)
    assert "no pair is decided yet" in await learn(desk, "status")
    assert "is stopped" in await learn(desk, "trial stop")
    assert await learn(desk, "trial stop") == "No trial is running."
    assert f"`{NEXT}` won 0 of 0 pairs" in (told := await learn(desk, "status"))
    assert "stayed undecided" in told


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (TrialOutcome.CANDIDATE, "proved better. To use it: `/learn promote`"),
        (TrialOutcome.PARENT, "didn't prove better"),
    ],
)
async def test_the_status_shows_the_progress_and_the_outcome_of_a_trial(
    desk: Front, outcome: TrialOutcome, words: str
) -> None:
    trials = desk.services.learning.trials
    trial = replace(make_trial(), candidate=NEXT, parent=INFO.card_id)
    assert isinstance(await trials.begin(trial), Trial)
    for number, win in enumerate((True, True, False)):
        await trials.record_step(
            trial.id, DuelId(f"d{number:09}"), win=win, e_value=1.4, now_ms=number
        )
    told = await learn(desk, "status")
    assert f"`{NEXT}` against `{INFO.card_id}`: the new one won 2 of 3 pairs" in told
    await trials.end(trial.id, outcome, by_id=None, now_ms=9)
    assert words in await learn(desk, "status")


async def test_the_history_is_a_picture(desk: Front) -> None:
    await learn(desk, "promote", card=NEXT)
    answer = answer_to(await desk.member.slash(desk.channel, "learn history"))
    (file,) = answer.attachments
    assert file.filename == "history.png"
    assert file.description == f"Models used here, oldest first: {INFO.card_id}, {NEXT}"
    with Image.open(io.BytesIO(await file.read())) as picture:
        assert picture.width > 500


async def test_training_does_not_start_with_too_few_votes(desk: Front) -> None:
    assert "So far there are 0 votes and choices" in await learn(desk, "start")
    assert await learn(desk, "stop") == "No training is running."
