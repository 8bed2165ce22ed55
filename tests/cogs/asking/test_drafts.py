"""Nothing typed is ever lost: a refusal returns all of it, and *Edit* opens it in a form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from simcord.actors import MemberActor
from simcord.results import InteractionResult, ResponseMessage

from bot.domain import StorageError, UserId
from bot.store.caps import Caps
from bot.store.drafts import DRAFT_MS
from cogs.components import post_view
from models.contract import Aspect, Sampler
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, custom_ids, form_values, front

TYPED = {
    "prompt": "1girl, blue hair --ar 0:9", "negative": "lowres", "aspect": "portrait", "count": 2,
    "seed": 7, "steps": 9, "guidance": 3.5, "sampler": "heun", "clip_skip": 2,
}  # fmt: skip


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


def edit_of(refusal: ResponseMessage) -> str:
    (edit,) = [i for i in custom_ids(refusal) if i.startswith("wd:revise:")]
    return edit


async def sends(who: MemberActor, shown: InteractionResult, **changes: str) -> InteractionResult:
    """Submit the form as it was filled in, except for these fields."""
    return await who.submit_modal(shown, form_values(shown) | changes)


async def opens(desk: Front, refusal: ResponseMessage, who: MemberActor) -> InteractionResult:
    return await who.click(refusal.message, custom_id=edit_of(refusal))


async def test_a_refusal_returns_everything_typed_and_edit_fills_the_form(desk: Front) -> None:
    refusal = await desk.ask(**TYPED)
    assert refusal.ephemeral
    assert "1girl, blue hair --ar 0:9 --ar portrait --seed 7" in refusal.content.split("```")[1]
    await desk.restart()
    shown = await opens(desk, refusal, desk.member)
    filled = form_values(shown)
    assert filled["prompt"] == TYPED["prompt"]
    assert (filled["negative"], filled["seed"], filled["aspect"]) == ("lowres", "7", ["portrait"])
    assert filled["more"] == "--n 2 --steps 9 --cfg 3.5 --sampler heun --clip_skip 2"
    await sends(desk.member, shown, prompt="1girl, blue hair")
    jobs = await desk.jobs_of()
    assert len(jobs) == 2
    draw = jobs[0].draw
    assert (draw.prompt, draw.negative, draw.seed, draw.steps) == (
        "1girl, blue hair",
        "lowres",
        7,
        9,
    )
    assert (draw.aspect, draw.sampler, draw.clip_skip) == (Aspect.PORTRAIT, Sampler.HEUN, 2)


async def test_a_refused_form_returns_its_words_too(desk: Front) -> None:
    shown = await opens(desk, await desk.ask(prompt="1girl --ar 0:9"), desk.member)
    again = answer_to(await sends(desk.member, shown, seed="x"))
    assert "`--ar 0:9`" in again.content
    assert "`--seed x`" in again.content
    assert (
        form_values(await opens(desk, again, desk.member))["prompt"] == "1girl --ar 0:9\n--seed x"
    )


async def test_a_form_can_be_opened_twice_and_sent_after_its_draft_is_gone(desk: Front) -> None:
    refusal = await desk.ask(prompt="1girl --ar 0:9")
    first, second = [await opens(desk, refusal, desk.member) for _ in range(2)]
    await desk.services.privacy.forget(UserId(desk.member.id))
    await desk.accept_licence(desk.member)
    for number, shown in enumerate((first, second)):
        await sends(desk.member, shown, prompt=f"1girl, {number} hats")
    assert [job.draw.prompt for job in await desk.jobs_of()] == ["1girl, 0 hats", "1girl, 1 hats"]


async def test_a_draft_belongs_to_its_member_and_expires(desk: Front) -> None:
    refusal = await desk.ask(prompt="1girl --ar 0:9")
    drafts, draft_id = desk.services.drafts, edit_of(refusal).rpartition(":")[2]
    now_ms, member = desk.services.clock(), UserId(desk.member.id)
    assert await drafts.get(draft_id, member, now_ms) is not None  # type: ignore[arg-type]  as the button names it
    assert await drafts.get(draft_id, UserId(5), now_ms) is None  # type: ignore[arg-type]
    assert await drafts.get(draft_id, member, now_ms + DRAFT_MS) is None  # type: ignore[arg-type]
    await desk.services.privacy.forget(member)
    gone = await opens(desk, refusal, desk.member)
    assert "three days" in answer_to(gone).content


async def test_a_long_prompt_is_returned_whole_in_a_file(desk: Front) -> None:
    prompt = ", ".join(f"tag{number}" for number in range(300))
    refusal = await desk.ask(prompt=prompt)
    assert "the limit is 1,000" in refusal.content
    (file,) = refusal.attachments
    assert (await file.read()).decode() == prompt
    assert form_values(await opens(desk, refusal, desk.member))["prompt"] == prompt


async def test_a_prompt_that_breaks_a_code_block_is_returned_in_a_file(desk: Front) -> None:
    prompt = "1girl, ```sly``` --ar 0:9"
    (file,) = (await desk.ask(prompt=prompt)).attachments
    assert (await file.read()).decode() == prompt


async def test_a_full_queue_returns_the_words_too(desk: Front) -> None:
    desk.bot.services = replace(desk.services, caps=Caps(per_user=0, per_guild=4))
    refusal = await desk.ask(prompt="1girl, patient")
    assert "1girl, patient" in refusal.content.split("```")[1]
    assert edit_of(refusal)


async def test_an_internal_error_returns_the_words(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    shown = await opens(desk, await desk.ask(prompt="1girl --ar 0:9"), desk.member)
    monkeypatch.setattr(desk.services.queue, "enqueue", broken)
    result = await sends(desk.member, shown, prompt="1girl, 300 words of mine")
    assert result.response is not None
    assert "incident" in result.response.content
    assert "300 words of mine" in answer_to(result).content


async def test_a_draft_that_cannot_be_stored_loses_no_words(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(desk.services.drafts, "keep", full)
    refusal = await desk.ask(prompt="1girl --ar 0:9")
    assert "1girl --ar 0:9" in refusal.content.split("```")[1]
    assert not custom_ids(refusal)


async def test_edit_opens_all_settings_of_a_picture_for_any_member(desk: Front) -> None:
    job, message = await desk.post_picture("1girl, hat", seed=12)
    await desk.restart()
    who = desk.newcomer()
    await desk.accept_licence(who)
    shown = await who.click(message, custom_id=f"wd:edit:{job.id}")
    filled = form_values(shown)
    assert (filled["prompt"], filled["negative"], filled["seed"]) == ("1girl, hat", "lowres", "12")
    assert (filled["aspect"], filled["more"]) == (
        ["square"], "--steps 4 --cfg 7 --sampler euler_a",
    )  # fmt: skip
    await sends(who, shown, prompt="1girl, crown", seed="")
    (made,) = await desk.jobs_of(who)
    assert (made.draw.prompt, made.draw.negative) == ("1girl, crown", "lowres")
    assert made.draw.steps == 4
    assert [i["label"] for row in post_view(job.id).to_components() for i in row["components"]] == [
        "Again", "Reroll", "Edit", "Settings", "Delete", "Vary subtle", "Vary strong", "Upscale",
        "Favourite", "Report",
    ]  # fmt: skip


async def test_a_submitted_form_is_screened(desk: Front) -> None:
    job, message = await desk.post_picture()
    shown = await desk.member.click(message, custom_id=f"wd:edit:{job.id}")
    refused = answer_to(await sends(desk.member, shown, prompt="loli, nude"))
    assert refused.ephemeral
    assert len(await desk.jobs_of()) == 1
    assert INFO.default_sampler is Sampler.EULER_A
