"""A member's presets apply to their requests, and nobody else can use them without the code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from simcord.actors import MemberActor
from simcord.backend.errors import OptionError

from bot.typed.names import NameFault, name_of
from bot.typed.presets import PRESETS_MAX
from models.contract import Aspect, Sampler
from tests.stages.factories import make_place
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, front


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        # Loads what the first answer would wait for.
        place = make_place(guild=ready.guild.id, channel=ready.channel.id)
        await ready.bot.services.policy_at(place, model=INFO)
        yield ready


async def preset(desk: Front, command: str, who: MemberActor | None = None, **given: Any) -> str:
    answer = answer_to(await (who or desk.member).slash(desk.channel, f"preset {command}", **given))
    assert answer.ephemeral
    return answer.content


async def test_an_active_preset_applies_to_every_request_and_typed_options_win(desk: Front) -> None:
    told = await preset(desk, "save", name="Soft Light", words="pastel colors --ar 2:3",
                        negative="lowres", steps=9, sampler="heun")  # fmt: skip
    assert "`/preset use name: soft-light`" in told
    await desk.ask(prompt="1girl, before")
    assert "What you type yourself wins" in await preset(desk, "use", name="soft-light")
    await desk.restart()
    await desk.ask(prompt="1girl, hat", steps=5)
    await preset(desk, "use")
    await desk.ask(prompt="1girl, after")
    before, during, after = [job.draw for job in await desk.jobs_of()]
    assert (before.prompt, after.prompt) == ("1girl, before", "1girl, after")
    assert (during.prompt, during.negative) == ("1girl, hat, pastel colors", "lowres")
    assert (during.steps, during.sampler, during.aspect) == (5, Sampler.HEUN, Aspect.PORTRAIT)


async def test_a_named_preset_applies_to_one_request_only(desk: Front) -> None:
    await preset(desk, "save", name="always", words="pastel colors", steps=9)
    await preset(desk, "save", name="once", words="night sky", sampler="heun")
    await preset(desk, "use", name="always")
    await desk.ask(prompt="1girl, hat", preset="Once")
    await desk.ask(prompt="1girl, crown --preset once")
    await desk.ask(prompt="1girl, scarf")
    named, flagged, after = [job.draw for job in await desk.jobs_of()]
    assert named.prompt == "1girl, hat, night sky", "instead of the one in use"
    assert named.sampler is Sampler.HEUN
    assert named.steps != 9
    assert flagged.prompt == "1girl, crown, night sky"
    assert (after.prompt, after.steps) == ("1girl, scarf, pastel colors", 9)


async def test_an_unknown_preset_or_another_members_is_refused(desk: Front) -> None:
    who = desk.newcomer()
    await preset(desk, "save", who, name="theirs", words="pastel colors")
    for name, told in (("theirs", "no preset `theirs`"), ("a/b", "letters, digits")):
        refused = await desk.ask(prompt="1girl, hat", preset=name)
        assert refused.ephemeral
        assert told in refused.content
        assert f"--preset {name}" in refused.content, "returned with the rest"
    assert not await desk.jobs_of()


async def test_a_preset_cannot_refer_to_another_preset(desk: Front) -> None:
    await preset(desk, "save", name="one", words="hat --preset two")
    await preset(desk, "use", name="one")
    await desk.ask(prompt="1girl")
    assert [job.draw.prompt for job in await desk.jobs_of()] == ["1girl, hat"]


async def test_editing_a_picture_does_not_add_the_presets_words_again(desk: Front) -> None:
    await preset(desk, "save", name="soft", words="pastel  colors, hat")
    await preset(desk, "use", name="soft")
    job, message = await desk.post_picture("1girl, PASTEL colors, hat")
    shown = await desk.member.click(message, custom_id=f"wd:edit:{job.id}")
    values = {"prompt": job.draw.prompt, "negative": "", "aspect": ["any"], "seed": "", "more": ""}
    await desk.member.submit_modal(shown, values)
    await desk.ask(prompt="1girl, pastel colors, hats")
    same, more = [made.draw.prompt for made in (await desk.jobs_of())[1:]]
    assert same == job.draw.prompt
    assert more == "1girl, pastel colors, hats, pastel colors, hat"


async def test_policy_screens_the_prompt_and_the_preset_as_one_text(desk: Front) -> None:
    """Each half alone is fine."""
    await preset(desk, "save", name="half", words="nude")
    await preset(desk, "use", name="half")
    refused = await desk.ask(prompt="loli")
    assert refused.ephemeral
    assert not await desk.jobs_of()
    assert "loli" in refused.content.split("```")[1]
    assert "nude" not in refused.content.split("```")[1], "what they typed, and nothing else"


async def test_a_preset_is_shared_only_by_its_code(desk: Front) -> None:
    await preset(desk, "save", name="mine", words="pastel")
    who = desk.newcomer()
    assert "no preset `mine`" in await preset(desk, "use", who, name="mine")
    told = await preset(desk, "share", name="mine")
    code = told.split("name: ")[1].split("`")[0]
    assert code in await preset(desk, "share", name="mine"), "the code stays the same"
    assert "Saved as `mine`" in await preset(desk, "use", who, name=code)
    assert "Deleted" in await preset(desk, "delete", name="mine")
    assert "no preset" in await preset(desk, "use", name=code)
    assert "pastel" in await preset(desk, "list", who), "a copy stays"
    assert "no presets yet" in await preset(desk, "list")


async def test_a_copied_preset_does_not_replace_one_of_the_same_name(desk: Front) -> None:
    await preset(desk, "save", name="mine", words="pastel")
    code = (await preset(desk, "share", name="mine")).split("name: ")[1].split("`")[0]
    assert "Saved as `mine`" in await preset(desk, "use", name=code), "it is the same"
    who = desk.newcomer()
    await preset(desk, "save", who, name="mine", words="crown")
    assert "a different preset called `mine`" in await preset(desk, "use", who, name=code)
    listed = await preset(desk, "list", who)
    assert "crown" in listed
    assert "in use" not in listed


@pytest.mark.parametrize("given", [{"words": "loli, nude"}, {"words": "nude", "negative": "adult"},
                                   {"words": "nude --no adult"}])  # fmt: skip
async def test_a_preset_with_refused_words_cannot_be_copied(
    desk: Front, given: dict[str, str]
) -> None:
    await preset(desk, "save", name="bad", **given)
    code = (await preset(desk, "share", name="bad")).split("name: ")[1].split("`")[0]
    who = desk.newcomer()
    assert "words that I don't draw here" in await preset(desk, "use", who, name=code)
    assert "no presets yet" in await preset(desk, "list", who)


async def test_a_preset_name_is_one_short_word(desk: Front) -> None:
    with pytest.raises(OptionError):
        await preset(desk, "save", name="x" * 200, words="pastel")
    with pytest.raises(NameFault, match="200 characters; the limit is 32"):
        name_of("x" * 200)
    for odd in ("`x`", "<@1>", "\u202e", "", "a/b", "--seed", "-"):
        with pytest.raises(NameFault):
            name_of(odd)
    assert name_of(" Soft  LIGHT ") == "soft-light"
    assert name_of("柔らかい") == "柔らかい"
    assert "letters, digits" in await preset(desk, "save", name="@everyone", words="pastel")


@pytest.mark.parametrize(
    ("typed", "told"), [("soft-light", "`soft-light`"), ("a` **b", "`a' **b`"), ("`", "`'`")]
)
async def test_an_unknown_preset_name_is_shown_as_typed(desk: Front, typed: str, told: str) -> None:
    assert f"You have no preset {told}. " in await preset(desk, "delete", name=typed)


async def test_a_preset_that_cannot_be_saved_is_refused_with_the_reason(desk: Front) -> None:
    assert "something to save" in await preset(desk, "save", name="empty", words="--seed 7")
    assert "`--ar 0:9`" in await preset(desk, "save", name="bad", words="hat --ar 0:9")
    assert "left out:" in await preset(desk, "save", name="ok", words="hat --v 6")
    for number in range(PRESETS_MAX - 1):
        await preset(desk, "save", name=f"p{number}", words="hat")
    assert "the limit" in await preset(desk, "save", name="more", words="hat")
    assert "Saved" in await preset(desk, "save", name="ok", words="crown"), "it replaces itself"


async def test_a_preset_with_a_number_out_of_the_models_range_is_not_saved(desk: Front) -> None:
    told = await preset(desk, "save", name="bad", words="hat --steps 900 --n 9 --clip_skip 99")
    assert "3 things to fix" in told
    assert "`steps:` can be 1 to 50" in told
    told = await preset(desk, "save", name="bad", words="hat --cfg 99")
    assert told.startswith("`guidance:` can be 1 to 20 with this model, not 99.")
    assert "hat --cfg 99" in told, "the member need not type it again"
    with pytest.raises(OptionError, match="≤ 50"):
        await preset(desk, "save", name="bad", words="hat", steps=900)
    assert "no presets yet" in await preset(desk, "list")


async def test_preset_names_are_offered_only_to_their_member(desk: Front) -> None:
    await preset(desk, "save", name="mine", words="pastel")
    choices = await desk.member.autocomplete(desk.channel, "preset use", "name", "m")
    assert [c["value"] for c in choices] == ["mine"]
    named = await desk.member.autocomplete(desk.channel, "waifu", "preset", "m")
    assert [c["value"] for c in named] == ["mine"]
    who = desk.newcomer()
    assert not await who.autocomplete(desk.channel, "waifu", "preset", "m")
    assert not await who.autocomplete(desk.channel, "preset use", "name", "m")
