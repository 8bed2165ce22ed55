"""`/waifu` knows its model's words: it completes them, names unknown ones, and asks first."""

from __future__ import annotations

import logging
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.results import ResponseMessage

from bot.domain import RequestId, UserId
from bot.glossaries import CUT, Glossaries, Tails
from bot.settings import load
from bot.words import wording
from models.catalogue.registry import EMBEDDED
from models.catalogue.tags import files
from models.catalogue.tags.glossary import NOTHING
from tests.stages.factories import make_place
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, custom_ids, form_values, front

KNOWING = replace(INFO, tags_file=EMBEDDED / files.FILE_NAME)

#: A hundred words that no language has.
NONSENSE = ", ".join(f"{a}o{b}umi" for a in "bdfgklmnpr" for b in "bdfgklmnpr")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        ready.use_model(KNOWING)
        # Loads what the first answer would wait for.
        await ready.bot.services.glossaries.of(KNOWING)
        await ready.bot.services.policy_at(
            make_place(guild=ready.guild.id, channel=ready.channel.id), model=KNOWING
        )
        yield ready


async def typed(desk: Front, text: str) -> list[tuple[str, str]]:
    found = await desk.member.autocomplete(desk.channel, "waifu", "prompt", text)
    assert len(found) <= 25
    for choice in found:
        assert len(choice["name"]) <= 100
        assert len(choice["value"]) <= 100
    return [(choice["name"], choice["value"]) for choice in found]


def actions(answer: ResponseMessage) -> list[str]:
    """The actions of the buttons under it."""
    return [one.split(":")[1] for one in custom_ids(answer)]


async def test_a_word_is_completed_with_its_count(desk: Front) -> None:
    assert (await typed(desk, "1girl, blue ha"))[0] == (
        "1girl, blue hair ⟨1.8k⟩",
        "1girl, blue hair",
    )
    assert len(await typed(desk, "")) == 25
    assert await typed(desk, "🍣") == []


async def test_the_negative_prompt_is_completed_too(desk: Front) -> None:
    async def kept_out(text: str, **options: str) -> list[str]:
        found = await desk.member.autocomplete(desk.channel, "waifu", "negative", text, **options)
        return [choice["value"] for choice in found]

    assert (await kept_out("hat, blue ha"))[0] == "hat, blue hair"
    assert await kept_out("") == await kept_out("hat, ") == [], (
        "any word would fit, so none is offered"
    )
    channel = desk.env.bot.get_channel(desk.channel.id)
    assert isinstance(channel, discord.TextChannel)
    channel.nsfw = True
    assert await kept_out("lowres, blue ha", prompt="1girl, nude")
    assert await kept_out("adult, blue ha", prompt="1girl")
    assert await kept_out("adult, blue ha", prompt="1girl, nude") == [], "it would ask for a minor"
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "style add", name="bare", words="nude")
    await boss.slash(desk.channel, "style add", name="plain", words="hat", negative="adult")
    assert await kept_out("adult, blue ha", prompt="1girl", style="bare") == []
    assert await kept_out("cat, blue ha", prompt="1girl, nude", style="plain") == []
    assert await kept_out("cat, blue ha", prompt="1girl", style="plain")
    assert await kept_out("hat, blue ha", prompt="1girl", style="nobody's")
    await desk.ask(prompt="1girl", negative="blue hair ⟨1.8k⟩")
    assert [job.draw.negative for job in await desk.jobs_of()] == ["blue hair"]


async def test_a_model_without_a_tags_file_completes_and_questions_nothing(
    desk: Front,
) -> None:
    desk.use_model(INFO)
    assert await typed(desk, "blue ha") == []
    answer = await desk.ask(prompt="sushi, city")
    assert not answer.ephemeral
    assert "don't know" not in answer.content


async def test_words_that_the_place_refuses_are_not_offered(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy block", term="glasses")
    assert not [value for _, value in await typed(desk, "glas") if "glasses" in value]
    assert [value for _, value in await typed(desk, "blue ha") if value == "blue hair"]
    assert await typed(desk, "loli, nude, blue ha") == []


async def test_nothing_is_offered_if_policy_fails(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.policy import decide

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(decide, "weigh", broken)
    assert await typed(desk, "blue ha") == []


async def test_a_long_prompt_is_completed_at_its_end_and_loses_nothing(desk: Front) -> None:
    head = ", ".join(["1girl", "glasses", "smile", *["simple background"] * 9])
    name, value = (await typed(desk, f"{head}, blue ha"))[0]
    assert value.startswith(CUT)
    assert value.endswith("blue hair")
    assert name == f"{value} ⟨1.8k⟩"
    await desk.ask(prompt=value)
    await desk.ask(prompt=f"{name}, hat")
    assert [job.draw.prompt for job in await desk.jobs_of()] == [
        f"{head}, blue hair", f"{head}, blue hair, hat",
    ]  # fmt: skip
    again = await typed(desk, f"{name}, halo")
    await desk.ask(prompt=again[0][1])
    assert (await desk.jobs_of())[-1].draw.prompt == f"{head}, blue hair, halo"


async def test_forgetting_a_member_forgets_what_they_typed(desk: Front) -> None:
    head = ", ".join(["1girl", *["simple background"] * 9])
    _, value = (await typed(desk, f"{head}, blue ha"))[0]
    assert desk.services.tails.whole(UserId(desk.member.id), value)
    asked = answer_to(await desk.member.slash(desk.channel, "privacy forget"))
    await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
    assert desk.services.tails.whole(UserId(desk.member.id), value) is None


@pytest.mark.parametrize(
    ("lost", "said_lost"),
    [
        ({"prompt"}, ["end of your prompt"]),
        ({"negative"}, ["end of your negative prompt"]),
        ({"prompt", "negative"}, ["end of your prompt", "end of your negative prompt"]),
    ],
)
async def test_the_end_of_a_prompt_is_not_drawn_and_the_whole_request_comes_back(
    desk: Front, lost: set[str], said_lost: list[str]
) -> None:
    given = {"prompt": "simple background, blue hair", "negative": "lowres, hat"}
    typed = {name: (CUT if name in lost else "") + words for name, words in given.items()}
    options: dict[str, Any] = typed | {"seed": 7, "steps": 5}
    answer = await desk.ask(**options)
    assert answer.ephemeral
    for sentence in said_lost:
        assert f"I only have the {sentence}," in answer.content
    assert (
        "simple background, blue hair --seed 7 --steps 5\nNegative prompt: lowres, hat"
        in answer.content.split("```")[1]
    )
    assert not await desk.jobs_of()
    (edit,) = custom_ids(answer)
    shown = await desk.member.click(answer.message, custom_id=edit)
    filled = form_values(shown)
    assert {name: filled[name] for name in given} == given
    await desk.member.submit_modal(shown, filled | {"prompt": f"1girl, {given['prompt']}"})
    (job,) = await desk.jobs_of()
    assert (job.draw.prompt, job.draw.seed) == (f"1girl, {given['prompt']}", 7)


def test_a_tail_belongs_to_its_member_and_old_tails_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bot import glossaries

    monkeypatch.setattr(glossaries, "_TAILS", 3)
    monkeypatch.setattr(glossaries, "_MEMBERS", 2)
    tails = Tails()
    prompt = " ".join(f"word{n}" for n in range(40))
    tail = tails.cut(UserId(1), prompt, 90)
    assert len(tail) <= 90
    assert tails.whole(UserId(1), tail + "!") == prompt + "!"
    assert tails.whole(UserId(2), tail) is None
    for n in range(9):
        tails.cut(UserId(1), f"{prompt} {n}", 90)
        assert tails.whole(UserId(1), tail) == prompt, "a tail in use is kept"
        tails.cut(UserId(2), f"{prompt} {n}", 90)
    for n in range(3):
        tails.cut(UserId(1), f"{prompt} {n}", 90)
    assert tails.whole(UserId(1), tail) is None
    last = tails.cut(UserId(1), prompt, 90)
    tails.cut(UserId(3), prompt, 90)
    assert tails.whole(UserId(1), last) == prompt, "the member who typed longest ago makes room"
    tails.cut(UserId(4), prompt, 90)
    tails.cut(UserId(3), prompt, 90)
    assert tails.whole(UserId(1), last) is None
    assert tails.whole(UserId(1), "short") == tails.cut(UserId(1), "short", 90) == "short"


async def test_unknown_words_are_named_and_still_drawn(desk: Front) -> None:
    answer = await desk.ask(prompt="1girl, sushi, brwn hair")
    assert not answer.ephemeral
    assert (
        "-# I don't know *sushi*: this model draws heads and shoulders of one person."
        in answer.content
    )
    assert "-# *brwn hair*: did you mean *brown hair*?" in answer.content
    assert len(await desk.jobs_of()) == 1


async def test_unknown_words_are_named_under_the_picture_too(desk: Front) -> None:
    from cogs.posting.noting import unknown_words_note

    await desk.ask(prompt="1girl, sushi")
    (job,) = await desk.jobs_of()
    told = await unknown_words_note(desk.bot.services, job)
    assert "I don't know *sushi*" in told
    await desk.draw_jobs([job])
    picture = await desk.services.gallery.get(job.id)
    assert picture is not None
    assert told in wording.caption(job, picture, told)
    other = replace(job, draw=replace(job.draw, model="another"))
    assert await unknown_words_note(desk.bot.services, other) == ""


async def test_a_prompt_of_unknown_words_only_is_not_queued_until_confirmed(desk: Front) -> None:
    answer = await desk.ask(prompt="sushi, city", seed=5)
    assert answer.ephemeral
    assert "I don't know *sushi*, *city*" in answer.content
    assert "```" not in answer.content, "a few words need not be copied"
    assert "*1girl*" in answer.content
    assert not await desk.jobs_of()
    pressed = answer_to(await desk.member.click(answer.message, custom_id=custom_ids(answer)[0]))
    assert not pressed.ephemeral
    assert [(j.draw.prompt, j.draw.seed) for j in await desk.jobs_of()] == [("sushi, city", 5)]


async def test_a_suggested_correction_is_drawn_with_one_press(desk: Front) -> None:
    answer = await desk.ask(prompt="glases")
    assert actions(answer) == ["meant", "anyway", "revise"]
    assert answer.content.count("*glases*") == 1, "a slip is no unknown word as well"
    assert "I don't know" not in answer.content
    await desk.member.click(answer.message, custom_id=custom_ids(answer)[0])
    assert [job.draw.prompt for job in await desk.jobs_of()] == ["glasses"]


async def test_both_slips_are_corrected_though_one_is_within_the_other(desk: Front) -> None:
    answer = await desk.ask(prompt="smil, smilr")
    await desk.member.click(answer.message, custom_id=custom_ids(answer)[0])
    assert [job.draw.prompt for job in await desk.jobs_of()] == ["smile, smile"]


async def test_unknown_words_can_be_edited_instead(desk: Front) -> None:
    answer = await desk.ask(prompt="sushi, city --no hat", seed=5, count=2)
    shown = await desk.member.click(answer.message, custom_id=custom_ids(answer)[-1])
    filled = form_values(shown)
    assert (filled["prompt"], filled["seed"], filled["more"]) == (
        "sushi, city --no hat", "5", "--n 2",
    )  # fmt: skip
    await desk.member.submit_modal(shown, filled | {"prompt": "1girl, sushi"})
    assert [job.draw.prompt for job in await desk.jobs_of()] == ["1girl, sushi"] * 2


async def test_long_unknown_words_are_given_back(desk: Front) -> None:
    answer = await desk.ask(prompt=NONSENSE)
    assert actions(answer) == ["anyway", "revise"]
    assert NONSENSE in answer.content.split("```")[1]
    longer = ", ".join(f"{word}mi" for word in NONSENSE.split(", "))
    (file,) = (await desk.ask(prompt=longer)).attachments
    assert (await file.read()).decode() == longer


async def test_draw_anyway_works_once_after_a_restart(desk: Front) -> None:
    answer = await desk.ask(prompt="sushi")
    button = custom_ids(answer)[0]
    await desk.restart()
    desk.use_model(KNOWING)
    await desk.member.click(answer.message, custom_id=button)
    assert len(await desk.jobs_of()) == 1
    stored = desk.env.backend.messages[desk.channel.id][answer.id]
    assert not stored.components, "it is not pressed again"


async def test_a_second_press_of_draw_anyway_says_that_it_has_expired(desk: Front) -> None:
    answer = await desk.ask(prompt="sushi")
    await desk.services.consent.take_waiting_ask(
        RequestId(custom_ids(answer)[0].rpartition(":")[2]), UserId(desk.member.id)
    )
    pressed = answer_to(await desk.member.click(answer.message, custom_id=custom_ids(answer)[0]))
    assert pressed.content == "That request has expired. Run `/waifu` again."
    assert not await desk.jobs_of()


async def test_draw_anyway_is_judged_by_the_current_policy(desk: Front) -> None:
    answer = await desk.ask(prompt="sushi")
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy block", term="sushi")
    pressed = answer_to(await desk.member.click(answer.message, custom_id=custom_ids(answer)[0]))
    assert pressed.ephemeral
    assert not await desk.jobs_of()


@pytest.mark.parametrize("prompt", ["🍣🍣", "\u200d🍣", NONSENSE])
async def test_odd_prompts_get_a_clear_answer(desk: Front, prompt: str) -> None:
    answer = await desk.ask(prompt=prompt)
    assert answer.ephemeral
    assert "I don't know" in answer.content
    assert not await desk.jobs_of()


async def test_a_refusal_takes_precedence_over_unknown_words(desk: Front) -> None:
    answer = await desk.ask(prompt="zqxv loli nude")
    assert "I don't know" not in answer.content


async def test_a_broken_tags_file_is_reported_once_and_the_model_still_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tags.json"
    path.write_text("{")
    glossaries = Glossaries()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await glossaries.of(replace(INFO, tags_file=path)) is NOTHING
    (told,) = [record.getMessage() for record in caplog.records]
    assert str(path) in told
    assert "fake-1" in told


async def test_a_tags_file_of_500_mb_is_refused_without_being_read_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tags.csv"
    with path.open("wb") as file:
        file.truncate(500_000_000)
    settings = load({"TAGS_FILE": str(path)}, dotenv=None)
    tracemalloc.start()
    try:
        with caplog.at_level(logging.WARNING):
            assert await Glossaries(settings.tags_file).of(INFO) is NOTHING
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (told,) = [record.getMessage() for record in caplog.records]
    assert f"{path} is larger than 32 MB" in told
    assert peak_bytes < 80 << 20


async def test_a_spare_word_list_serves_models_that_have_none(tmp_path: Path) -> None:
    spare = tmp_path / "spare.csv"
    spare.write_text("zebra,0,5,\n")
    glossaries = Glossaries(spare)
    assert "zebra" in (await glossaries.of(INFO)).book.tags
    assert "zebra" not in (await glossaries.of(KNOWING)).book.tags
