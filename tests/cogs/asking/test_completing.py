"""The seed fills in what a prompt leaves open, within the policy, and *Settings* shows it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import JobId, RequestKind, Ruling
from bot.policy import decide, filling
from bot.policy.asks import ask_again, make_ask
from bot.store.ask_rows import ask_json, ask_of
from bot.typed.options import Typed
from models.catalogue.registry import EMBEDDED
from models.catalogue.tags import files
from models.provenance import Provenance, a1111_parameters
from tests.stages.factories import USER, make_place
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, form_values, front
from tests.stages.law import make_guild
from tests.stages.law import save_policy as by_law
from tests.stages.words import embedded_glossary

FILLING = replace(INFO, tags_file=EMBEDDED / files.FILE_NAME, completes=True)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        ready.use_model(FILLING)
        await ready.bot.services.glossaries.of(FILLING)
        await ready.bot.services.policy_at(
            make_place(guild=ready.guild.id, channel=ready.channel.id), model=FILLING
        )
        yield ready


def groups(text: str) -> set[str]:
    return {embedded_glossary().group(tag) for tag in text.split(", ")}


async def test_each_pictures_prompt_is_completed_by_its_own_seed(desk: Front) -> None:
    await desk.ask(prompt="1girl", count=3, seed=5)
    first = [job.draw.completion for job in await desk.jobs_of()]
    assert len(set(first)) == 3
    for completion in first:
        assert completion is not None
        assert {"eye colour", "hair colour", "mouth"} <= groups(completion)
    await desk.ask(prompt="1girl", seed=6)
    assert (await desk.jobs_of())[-1].draw.completion == first[1]


async def test_the_model_reads_prompt_and_completion_and_the_prompt_is_unchanged(
    desk: Front,
) -> None:
    await desk.ask(prompt="1girl, blue hair,")
    (job,) = await desk.jobs_of()
    assert job.draw.prompt == "1girl, blue hair,"
    assert job.draw.words == f"1girl, blue hair, {job.draw.completion}"
    assert "hair colour" not in groups(job.draw.completion or "")


async def test_completion_can_be_off_by_option_or_by_model(desk: Front) -> None:
    await desk.ask(prompt="1girl", complete="off")
    desk.use_model(replace(FILLING, completes=False))
    await desk.ask(prompt="1girl")
    assert [job.draw.completion for job in await desk.jobs_of()] == [None, None]
    assert [job.draw.words for job in await desk.jobs_of()] == ["1girl", "1girl"]


async def test_editing_a_picture_keeps_completion_off(desk: Front) -> None:
    for prompt, options in (("1girl", {}), ("1girl, hat", {"complete": "off"})):
        await desk.ask(prompt=prompt, **options)
        job = (await desk.jobs_of())[-1]
        message = await _posted(desk, job.id)
        shown = await desk.member.click(message, custom_id=f"wd:edit:{job.id}")
        filled = form_values(shown)
        assert ("--complete off" in filled["more"]) is bool(options)
        await desk.member.submit_modal(shown, filled)
        assert (await desk.jobs_of())[-1].draw == job.draw


async def test_settings_show_what_was_filled_in(desk: Front) -> None:
    await desk.ask(prompt="1girl", seed=7)
    (job,) = await desk.jobs_of()
    await desk.draw_jobs([job])
    message = await _posted(desk, job.id)
    told = answer_to(await desk.member.click(message, custom_id=f"wd:settings:{job.id}")).content
    assert "I filled in what you left open: " in told
    for tag in (job.draw.completion or "").split(", "):
        assert tag.replace("-", "\\-").replace(":", "\\:") in told
    assert "complete: off`" in told
    assert "prompt: 1girl aspect" in told
    assert f"\n1girl, {job.draw.completion}\n" in told, "other programs get the whole prompt"


async def _posted(desk: Front, job_id: str) -> object:
    from cogs.components import post_view

    return await desk.env.bot.get_partial_messageable(desk.channel.id).send(
        job_id, view=post_view(job_id)
    )


def test_the_file_records_both_the_completed_and_the_typed_prompt() -> None:
    ask = make_ask(
        info=FILLING,
        user_id=USER,
        place=make_place(),
        typed=Typed(prompt="1girl, hat"),
        fresh_seed=1,
    )
    draw = replace(ask.draw, completion="blue eyes")
    given = Provenance(
        job_id="j", card_id="c", model_name="m", draw=draw, batch_width=1, licence_name="l"
    )
    text = a1111_parameters(given)
    assert text.startswith("1girl, hat, blue eyes\n")
    assert text.endswith('Asked: "1girl, hat"')
    assert "Asked" not in a1111_parameters(replace(given, draw=ask.draw))


async def test_again_keeps_the_completion_and_vary_changes_it(desk: Front) -> None:
    await desk.ask(prompt="1girl", seed=7)
    (job,) = await desk.jobs_of()
    await desk.draw_jobs([job])
    message = await _posted(desk, job.id)
    for action in ("again", "vary"):
        await desk.member.click(message, custom_id=f"wd:{action}:{job.id}")
    _, again, vary = await desk.jobs_of()
    assert again.draw == job.draw
    assert vary.draw.completion
    assert vary.draw.completion != job.draw.completion


async def test_only_a_subtle_variation_keeps_the_completion(desk: Front) -> None:
    await desk.ask(prompt="1girl", seed=7)
    (job,) = await desk.jobs_of()
    await desk.draw_jobs([job])
    message = await _posted(desk, job.id)
    for label in ("Vary subtle", "Vary strong"):
        await desk.member.click(message, label=label)
    _, subtle, strong = await desk.jobs_of()
    assert subtle.draw.source == strong.draw.source == job.id
    assert subtle.draw.completion == job.draw.completion
    assert strong.draw.completion not in ("", job.draw.completion)
    assert len({one.draw.seed for one in (job, subtle, strong)}) == 3


async def test_a_completion_that_the_place_refuses_is_replaced(desk: Front) -> None:
    policy = await desk.bot.services.policy_at(
        make_place(guild=desk.guild.id, channel=desk.channel.id), model=FILLING
    )
    asked = make_ask(
        info=FILLING, user_id=USER, place=policy.place, typed=Typed(prompt="1girl"), fresh_seed=1
    )
    draw = replace(asked.draw, source=JobId("0000000001"), strength=0.4)
    draw = replace(draw, completion="glasses, smile")
    ask = replace(asked, draw=draw, kind=RequestKind.VARY)
    words = embedded_glossary()
    assert filling.with_completions(ask, words, policy).completions == ("glasses, smile",)
    await by_law(desk.services.guilds, make_guild("glasses", guild_id=desk.guild.id))
    policy = await desk.bot.services.policy_at(policy.place, model=FILLING)
    (other,) = filling.with_completions(ask, words, policy).completions or ()
    assert other
    assert "glasses" not in other


@pytest.mark.parametrize("kind", [RequestKind.AGAIN, RequestKind.VARY])
def test_a_picture_made_before_completion_existed_gets_none(kind: RequestKind) -> None:
    ask = make_ask(
        info=INFO, user_id=USER, place=make_place(), typed=Typed(prompt="1girl"), fresh_seed=1
    )
    again = ask_again(
        info=FILLING, user_id=USER, place=make_place(), draw=ask.draw, kind=kind,
        parent_job_id="0000000001", private=False,
    )  # fmt: skip
    assert again.draw.completion is None


async def test_no_word_that_the_place_refuses_is_filled_in(desk: Front) -> None:
    blocked = ("eyes", "background", "1girl", "dress")
    await by_law(desk.services.guilds, make_guild(*blocked, guild_id=desk.guild.id))
    for seed in range(12):
        answer = await desk.ask(prompt="smile", seed=seed)
        assert not answer.ephemeral, "nobody is refused for words that the bot added"
    for job in await desk.jobs_of():
        assert not {"eyes", "background", "1girl", "dress"} & set(
            job.draw.words.replace(",", "").split()
        )
        assert "hair colour" in groups(job.draw.completion or "")


async def test_completions_are_screened_as_if_they_were_typed(desk: Front) -> None:
    """Whatever filled it in, policy reads everything that the model will read."""
    await by_law(desk.services.guilds, make_guild("glasses", guild_id=desk.guild.id))
    policy = await desk.bot.services.policy_at(
        make_place(guild=desk.guild.id, channel=desk.channel.id), model=FILLING
    )
    ask = make_ask(
        info=FILLING,
        user_id=USER,
        place=policy.place,
        typed=Typed(prompt="1girl", count=2),
        fresh_seed=1,
    )
    smuggled = replace(ask, completions=("smile", "glasses"))
    assert isinstance(decide.admit(smuggled, policy), decide.Refused)
    assert isinstance(
        decide.admit(replace(ask, completions=("smile", "")), policy), decide.Admitted
    )


def test_nothing_is_filled_in_if_every_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "ruling_on", lambda *_: Ruling.REFUSE)
    assert filling.surprise(embedded_glossary(), 1, None) == ""  # type: ignore[arg-type]


async def test_a_stored_ask_keeps_its_completions(desk: Front) -> None:
    ask = make_ask(
        info=FILLING,
        user_id=USER,
        place=make_place(),
        typed=Typed(prompt="1girl", count=2),
        fresh_seed=1,
    )
    filled = replace(ask, completions=("a", "b"))
    assert ask_of(ask_json(filled)) == filled
    assert [draw.completion for draw in filled.draws] == ["a", "b"]
    values = json.loads(ask_json(replace(ask, draw=replace(ask.draw, completion=None))))
    assert "completion" not in values["draw"]
    assert "completions" not in values


def test_both_models_of_a_trial_get_the_same_completion() -> None:
    ask = make_ask(
        info=FILLING,
        user_id=USER,
        place=make_place(),
        typed=Typed(prompt="1girl", count=3),
        fresh_seed=1,
    )
    admitted = decide.Admitted(
        ask=replace(ask, completions=("a", "b", "c")), rating="general", ruling=Ruling.ALLOW
    )
    assert [draw.completion for draw in decide.for_trial(admitted, 9).ask.draws] == ["a", "a"]
