"""From what a member typed to an ask: odd input is accepted or refused with a clear answer."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest

from bot.domain import Ask, JobId, RefusalReason, Refused, RequestKind
from bot.policy.asks import (
    ask_again,
    asked_of,
    bounds,
    lengths,
    make_ask,
    number_faults,
    typed_of,
)
from bot.typed.options import Typed
from models.contract import Aspect, Limits, Sampler
from tests.stages.factories import USER, make_place
from tests.stages.fake_engine import INFO


def ask(prompt: str = "1girl", **options: object) -> Ask | Refused:
    return make_ask(
        info=INFO,
        user_id=USER,
        place=make_place(),
        typed=Typed(prompt=prompt, **options),  # type: ignore[arg-type]  each test names its own
        fresh_seed=99,
    )


def taken(prompt: str = "1girl", **options: object) -> Ask:
    made = ask(prompt, **options)
    assert isinstance(made, Ask), made
    return made


def no(prompt: str = "1girl", **options: object) -> str:
    made = ask(prompt, **options)
    assert isinstance(made, Refused), made
    assert made.reason is RefusalReason.INPUT
    return made.text


def test_unset_options_take_the_models_defaults() -> None:
    assert taken().count == 1
    draw = taken().draw
    assert (draw.seed, draw.steps) == (99, INFO.default_steps)
    assert (draw.guidance, draw.negative) == (INFO.default_guidance, INFO.default_negative)
    assert (draw.width_px, draw.height_px) == INFO.sizes_px[Aspect.SQUARE]


def test_options_that_are_set_are_kept() -> None:
    made = taken(
        negative=" lowres ", aspect=Aspect.PORTRAIT, count=4, seed=0, steps=1, guidance=7.5
    )
    assert (made.draw.negative, made.count, made.draw.seed, made.draw.steps) == ("lowres", 4, 0, 1)
    assert made.draw.guidance == 7.5
    assert (made.draw.width_px, made.draw.height_px) == INFO.sizes_px[Aspect.PORTRAIT]
    assert taken(negative="").draw.negative == "", "an empty negative is not an unset one"
    assert [taken(clip_skip=n).draw.clip_skip for n in (0, 1, 12)] == [None, 1, 12]


@pytest.mark.parametrize(
    "prompt",
    ["", "   ", "\n\t", "\u200b\u200b", "\u202e", "...", ",,, --", "\u3164", "\u2800", "\0"],
)
def test_a_prompt_without_words_is_refused(prompt: str) -> None:
    assert "prompt:" in no(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "🌸🌸🌸",
        "👩‍👩‍👧",
        "فتاة ذات شعر أزرق",
        "ילדה",
        "初音ミク",
        "@everyone <@1> <@&2> <#3>",
        "1girl",
    ],
)
def test_an_odd_prompt_with_words_is_kept_unchanged(prompt: str) -> None:
    assert taken(prompt).draw.prompt == prompt


def test_invisible_characters_are_dropped_and_lines_are_joined() -> None:
    assert taken("blue\u200b hair\u202e,\n\n  smile\x07").draw.prompt == "blue hair, smile"


def test_a_refusal_of_a_long_prompt_names_its_length_and_the_limit() -> None:
    limit = INFO.limits.prompt_chars_max
    assert taken("x" * limit).draw.prompt == "x" * limit
    said = no("x" * 10_000)
    assert "10,000" in said
    assert f"{limit:,}" in said
    assert "negative:" in no(negative="x" * (limit + 1))


@pytest.mark.parametrize(
    ("option", "value", "low", "high"),
    [
        ("count", 0, "1", "4"),
        ("count", 5, "1", "4"),
        ("steps", 0, "1", "50"),
        ("steps", 51, "1", "50"),
        ("seed", -1, "0", "4,294,967,295"),
        ("seed", 2**32, "0", "4,294,967,295"),
        ("seed", -(2**53), "0", "4,294,967,295"),
        ("steps", 10**4000, "1", "50"),
        ("clip_skip", 13, "0", "12"),
        ("clip_skip", -1, "0", "12"),
        ("guidance", 0.99, "1", "20"),
        ("guidance", 1e300, "1", "20"),
        ("guidance", math.nan, "1", "20"),
        ("guidance", -math.inf, "1", "20"),
    ],
)
def test_an_option_out_of_range_is_refused_with_its_limits(
    option: str, value: float, low: str, high: str
) -> None:
    said = no(**{option: value})
    assert f"`{option}:`" in said
    assert low in said
    assert high in said
    assert len(said) < 300
    kept = number_faults(INFO, Typed(prompt="", **{option: value}))
    assert kept == (() if option == "seed" else (said,))


def test_all_faults_of_an_ask_are_reported_at_once() -> None:
    said = no("x" * 10_000, negative="y" * 10_000, count=9, seed=-1, steps=0, guidance=99)
    assert "6 things" in said
    for option in ("prompt", "negative", "count", "seed", "steps", "guidance"):
        assert f"`{option}:`" in said
    assert "things" not in no(count=9), "one fault is one sentence"


def test_the_limits_sent_to_discord_are_the_limits_checked() -> None:
    for option, (least, most) in bounds(INFO).items():
        for value in (least, most):
            taken(**{option: value})
        for value in (least - 1, most + 1):
            assert f"`{option}:`" in no(**{option: value})
    most_chars = lengths(INFO)["negative"][1]
    taken(negative="x" * most_chars)
    assert "`negative:`" in no(negative="x" * (most_chars + 1))
    least, pasted = lengths(INFO)["prompt"]
    assert (least, pasted) == (1, 2 * INFO.limits.prompt_chars_max + 1000)
    assert lengths(replace(INFO, limits=Limits(prompt_chars_max=9_000)))["prompt"][1] == 6000


def test_the_chosen_sampler_is_used_and_kept_when_asked_again() -> None:
    assert taken().draw.sampler is INFO.default_sampler
    made = taken(sampler=Sampler.HEUN, clip_skip=2, negative="hat", aspect=Aspect.PORTRAIT)
    assert made.draw.sampler is Sampler.HEUN
    typed = typed_of(made.draw, INFO, private=False)
    again = make_ask(info=INFO, user_id=USER, place=make_place(), typed=typed, fresh_seed=1)
    assert isinstance(again, Ask)
    assert again.draw == made.draw


def test_privacy_and_style_are_kept_and_guidance_is_rounded() -> None:
    assert not taken().private
    assert taken(private=True).private
    assert taken(style="ink").draw.style == "ink"
    assert taken(guidance=3.14159).draw.guidance == 3.142


def test_an_ask_records_the_model_it_is_for() -> None:
    made = taken()
    assert asked_of(made, INFO) == replace(made, draw=replace(made.draw, model="fake-1"))


def test_asking_again_repeats_the_whole_draw() -> None:
    made = taken(
        seed=5, steps=9, guidance=3.25, sampler=Sampler.HEUN, clip_skip=2, negative="hat",
        aspect=Aspect.PORTRAIT, style="ink",
    ).draw  # fmt: skip
    drawn = replace(made, completion="red eyes", source="0000000009", strength=Fraction(1, 2))
    place = make_place(adult=True)
    again = ask_again(
        info=INFO,
        user_id=USER,
        place=place,
        draw=drawn,
        kind=RequestKind.AGAIN,
        parent_job_id=JobId("0000000001"),
        private=True,
        count=3,
    )
    assert again == Ask(
        user_id=USER,
        place=place,
        draw=drawn,
        count=3,
        private=True,
        kind=RequestKind.AGAIN,
        parent_job_id=JobId("0000000001"),
    )


def test_asking_again_refuses_what_the_model_cannot_draw() -> None:
    drawn = replace(taken().draw, steps=500)
    refused = ask_again(
        info=INFO, user_id=USER, place=make_place(), draw=drawn, kind=RequestKind.AGAIN,
        parent_job_id=JobId("0000000001"), private=False,
    )  # fmt: skip
    assert isinstance(refused, Refused)
    assert "`steps:`" in refused.text


def test_asking_again_keeps_completion_switched_off() -> None:
    filling = replace(INFO, completes=True)
    alone = replace(taken().draw, completion=None)
    assert typed_of(alone, filling, private=False).complete is False
    assert typed_of(replace(alone, completion=""), filling, private=False).complete is None
    assert typed_of(alone, INFO, private=False).complete is None
