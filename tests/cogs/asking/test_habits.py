"""Prompts in other bots' syntax are drawn as meant, and ignored parts are reported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cogs.components import post_view
from models.contract import Aspect, Sampler
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, front

PASTED = (
    "1girl, blue hair Negative prompt: lowres Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, "
    "Size: 512x768, Hires upscale: 2, Model hash: e6e99610c4"
)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


async def test_midjourney_flags_are_understood_and_shown_in_settings(desk: Front) -> None:
    answer = await desk.ask(prompt="1girl --ar 16:9 --seed 7 --no glasses --steps 20")
    assert not answer.ephemeral, "all of it was understood, so there is nothing to say"
    (job,) = await desk.jobs_of()
    assert (job.draw.prompt, job.draw.seed, job.draw.steps) == ("1girl", 7, 20)
    assert job.draw.negative == f"{INFO.default_negative}, glasses".lstrip(", ")
    assert job.draw.aspect is Aspect.LANDSCAPE
    await desk.draw_jobs([job])
    message = await desk.channel_of(job).send("a picture", view=post_view(job.id))
    told = answer_to(await desk.member.click(message, label="Settings")).content
    for option in ("aspect: landscape", "seed: 7", "steps: 20", "glasses"):
        assert option in told


async def test_pasted_settings_are_used_and_ignored_ones_are_listed(desk: Front) -> None:
    result = await desk.member.slash(desk.channel, "waifu", prompt=PASTED)
    assert result.response is not None
    assert "Next in the queue" in result.response.content
    (aside,) = result.followups
    assert aside.ephemeral
    assert aside.content == "I left out: Hires upscale, Model hash."
    (job,) = await desk.jobs_of()
    assert (job.draw.prompt, job.draw.negative) == ("1girl, blue hair", "lowres")
    assert (job.draw.seed, job.draw.sampler) == (1, Sampler.EULER_A)
    assert job.draw.aspect is Aspect.PORTRAIT


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("1girl --sampler unipc", "--sampler unipc"),
        ("1girl Steps: 20, Sampler: UniPC, Seed: 1", "Sampler: UniPC"),
    ],
)
async def test_an_unknown_sampler_is_answered_with_the_available_ones(
    desk: Front, prompt: str, named: str
) -> None:
    result = await desk.member.slash(desk.channel, "waifu", prompt=prompt)
    (aside,) = result.followups
    assert aside.content.replace("\\", "") == (
        f"I left out: {named}. I know these samplers: "
        "Euler a (`euler_a`), DPM++ 2M (`dpmpp_2m`), Euler (`euler`), DDIM (`ddim`), Heun (`heun`)."
    )
    for sampler in Sampler:
        await desk.ask(prompt=f"1girl --sampler {sampler}")
        assert (await desk.jobs_of())[-1].draw.sampler is sampler, (
            "each name that the bot lists is accepted"
        )


async def test_unreadable_and_out_of_range_values_are_reported_together(desk: Front) -> None:
    answer = await desk.ask(prompt="1girl --ar 0:9 --seed x --steps 9999")
    assert answer.ephemeral
    for told in ("3 things", "`--ar 0:9`", "`--seed x`", "`steps:` can be 1 to"):
        assert told in answer.content
    assert not await desk.jobs_of()


async def test_an_invisible_prompt_is_not_returned(desk: Front) -> None:
    answer = await desk.ask(prompt="\u200b\u200d\u2060")
    assert "needs some words" in answer.content
    assert "```" not in answer.content
    assert "Your words" not in answer.content


@pytest.mark.parametrize("prompt", ["loli, nude --no hat", "1girl --no clothes"])
async def test_the_words_before_and_after_a_no_flag_are_screened(desk: Front, prompt: str) -> None:
    answer = await desk.ask(prompt=prompt)
    assert answer.ephemeral
    assert not await desk.jobs_of()
