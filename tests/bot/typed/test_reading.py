"""Habits from elsewhere are understood: Midjourney's flags, AUTOMATIC1111's pasted settings."""

from __future__ import annotations

import pytest

from bot.typed.options import Typed
from bot.typed.reading import ParsedInput, parse_input
from bot.typed.writing import full_text
from models.contract import Aspect, Sampler


def read(prompt: str, **options: object) -> ParsedInput:
    return parse_input(Typed(prompt=prompt, **options))  # type: ignore[arg-type]  each test names its own


A1111 = (
    "masterpiece, best quality, 1girl, (blue hair:1.2), \\(series\\), smile\n"
    "Negative prompt: lowres, bad anatomy, (worst quality:1.4)\n"
    "Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 3141592653, Size: 512x768, "
    "Model hash: 89d59c3dde, Model: anything-v3, Denoising strength: 0.5, Clip skip: 2, "
    'ENSD: 31337, Hires upscale: 2, Lora hashes: "film: 12ab, moxin: 34cd", Version: v1.6.0'
)
CIVITAI = (
    "1girl, solo, <lora:flat2:-1>, garden Negative prompt: EasyNegative Steps: 25, CFG scale: 7, "
    "Sampler: Euler a, Seed: 42, Size: 768x512, Clip skip: 1, "
    'Civitai resources: [{"type":"checkpoint","modelVersionId":1}]'
)


def test_automatic1111s_settings_are_read_whole() -> None:
    got = read(A1111)
    assert got.typed == Typed(
        prompt="masterpiece, best quality, 1girl, (blue hair:1.2), \\(series\\), smile",
        negative="lowres, bad anatomy, (worst quality:1.4)",
        steps=28, sampler=Sampler.DPMPP_2M, guidance=7.5, seed=3141592653, clip_skip=2,
        aspect=Aspect.PORTRAIT,
    )  # fmt: skip
    assert got.left_out == (
        "Karras schedule", "Model hash", "Model", "Denoising strength", "ENSD", "Hires upscale",
        "Lora hashes", "Version",
    )  # fmt: skip
    assert not got.faults


def test_settings_pasted_as_one_line_read_the_same() -> None:
    assert read(A1111.replace("\n", " ")) == read(A1111)


def test_civitais_text_is_read_and_its_networks_are_left_out() -> None:
    got = read(CIVITAI)
    assert got.typed == Typed(
        prompt="1girl, solo, garden", negative="EasyNegative", steps=25, guidance=7,
        sampler=Sampler.EULER_A, seed=42, aspect=Aspect.LANDSCAPE, clip_skip=1,
    )  # fmt: skip
    assert got.left_out == ("Civitai resources", "lora flat2")


@pytest.mark.parametrize(
    ("text", "prompt", "negative"),
    [
        ("Steps: 20, Sampler: Euler a", "", None),
        ("1girl\nSteps: 20, Sampler: Euler a", "1girl", None),
        ("1girl Negative prompt:  Steps: 20, Sampler: Euler a", "1girl", ""),
        ("1girl, negative prompt: hat", "1girl,", "hat"),
        ("steps: 9, 1girl, steps: 20, sampler: Euler a", "steps: 9, 1girl", None),
        ("1girl Steps: 20, Sampler: Euler a, blue hair", "1girl, blue hair", None),
        (
            "1girl\nSteps: 20, Sampler: Euler a\nTemplate: {1|2}girl, hat\nNegative Template: text",
            "1girl",
            None,
        ),
    ],
)
def test_settings_are_read_wherever_they_stand(
    text: str, prompt: str, negative: str | None
) -> None:
    got = read(text)
    assert (got.typed.prompt, got.typed.negative) == (prompt, negative)
    assert got.typed.steps == (20 if "20" in text else None)
    assert not got.faults


@pytest.mark.parametrize(
    "text",
    [
        "1girl, steps: 20 of them, stairs",
        "a sign that says steps: 3",
        "1girl, :3, ratio 16:9",
        "1girl, --, -_-, o--o, x-ray, re:zero",
        "a girl — smiling — in a garden",
        "a girl —smiling there",  # a long dash begins a flag only if the flag is known
        "1girl, (hat:1.2), [blue:red:0.5], <3",
    ],
)
def test_ordinary_words_are_not_read_as_settings(text: str) -> None:
    assert read(text) == ParsedInput(typed=Typed(prompt=text))


def test_midjourneys_flags_are_read() -> None:
    got = read("1girl, blue hair --ar 16:9 --seed 7 --no glasses, hat --steps 20 --cfg 6.5 --n 4")
    assert got.typed == Typed(
        prompt="1girl, blue hair", without="glasses, hat", aspect=Aspect.LANDSCAPE, seed=7,
        steps=20, guidance=6.5, count=4,
    )  # fmt: skip
    assert not got.left_out
    assert not got.faults


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--ar 2:3", Typed(prompt="1girl", aspect=Aspect.PORTRAIT)),
        ("--aspect 1:1", Typed(prompt="1girl", aspect=Aspect.SQUARE)),
        ("--ar=3:2,", Typed(prompt="1girl", aspect=Aspect.LANDSCAPE)),
        ("--ar portrait", Typed(prompt="1girl", aspect=Aspect.PORTRAIT)),
        ("--w 512 --h 768", Typed(prompt="1girl", aspect=Aspect.PORTRAIT)),
        ("—ar 16:9 –seed 3", Typed(prompt="1girl", aspect=Aspect.LANDSCAPE, seed=3)),  # noqa: RUF001  a phone's dashes
        ("--complete Off", Typed(prompt="1girl", complete=False)),
        ("--source abc --strength .4", Typed(prompt="1girl", source="abc", strength=0.4)),
        ("--SEED 3", Typed(prompt="1girl", seed=3)),
        ("--seed 3 --seed 4", Typed(prompt="1girl", seed=4)),
        ("--seed random", Typed(prompt="1girl")),
        ("--sampler k_euler_ancestral", Typed(prompt="1girl", sampler=Sampler.EULER_A)),
        ("--no hat --no glasses", Typed(prompt="1girl", without="hat, glasses")),
        ("--no", Typed(prompt="1girl")),
    ],
)  # fmt: skip
def test_variants_of_flags_are_read(flags: str, said: Typed) -> None:
    assert read(f"1girl {flags}") == ParsedInput(typed=said)


def test_flags_before_and_between_words_lose_no_words() -> None:
    assert read("--ar 16:9 1girl, hat --seed 7, smile --v 6 outdoors").typed.prompt == (
        "1girl, hat, smile, outdoors"
    )


def test_flags_for_another_bot_are_named() -> None:
    got = read("1girl --v 6.1 --style raw --tile --stylize 250 --foo bar --w 512 --sampler unipc")
    assert got.typed == Typed(prompt="1girl, bar"), "words after an unknown flag stay words"
    assert got.left_out == (
        "--v 6.1", "--style raw", "--tile", "--stylize 250", "--foo", "--sampler unipc", "--w 512",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--ar 0:9", "`--ar 0:9`"),
        ("--ar 16", "like `16:9`"),
        ("--ar", "`--ar`"),
        ("--seed x", "`--seed x`"),
        ("--steps 2.5", "whole number"),
        ("--cfg lots", "number like"),
        ("--complete maybe", "`on` or `off`"),
        ("--seed 99999999999999999999999", "whole number"),
        ("Steps: 20, Seed: abc", "`Seed: abc`"),
        ("--seed `x`", "`--seed 'x'`"),
    ],
)
def test_an_unreadable_setting_is_reported_and_the_rest_is_kept(flags: str, message: str) -> None:
    got = read(f"1girl {flags}")
    (fault,) = got.faults
    assert message in fault
    assert got.typed.prompt == "1girl"


def test_all_faults_of_a_text_are_reported() -> None:
    assert len(read("1girl --ar 0:9 --seed x --cfg y").faults) == 3


def test_an_option_wins_over_the_text_and_says_what_lost() -> None:
    got = read(
        "1girl --seed 7 --steps 20 --no hat Negative prompt: lowres", seed=1, negative="text"
    )
    assert (got.typed.seed, got.typed.steps, got.typed.negative) == (1, 20, "text")
    assert got.typed.without == "hat", "an addition contradicts nothing"
    assert got.left_out == ("--seed 7", "Negative prompt")
    assert not read("1girl --seed 7", seed=7).left_out


@pytest.mark.parametrize(
    "unit", ["--", "--a ", "Steps: 1, ", "<lora:", "a:b,", ", ", '"', "\\", " "]
)
def test_hostile_texts_are_read_to_the_end(unit: str) -> None:
    """A pattern that backtracks in them would never finish."""
    text = (unit * 6000)[:6000]
    for given in (text, f"Steps: 2, Seed: 1, {text}", f'Steps: 2, Seed: 1, A: "{text}'):
        assert read(given)


@pytest.mark.parametrize("style", ["moody", "cute", "raw", "4a"])
def test_a_servers_style_reads_back_whatever_its_name(style: str) -> None:
    typed = Typed(prompt="1girl", style=style, count=2, without="hat")
    assert parse_input(Typed(prompt=full_text(typed))) == ParsedInput(typed=typed)
