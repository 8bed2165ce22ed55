"""The commands `draw` and `check`, and what they say when they fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sd_parsers
from PIL import Image

from models.__main__ import COMMANDS, main
from models.catalogue.card import UNKNOWN, Defaults
from models.catalogue.registry import card_of, seal
from models.contract import EngineError, Sampler
from models.engine.check import check
from tests.stages.tiny_models import build
from tests.stages.tiny_onnx import write_tagger

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tiny model with a card that asks for few steps."""
    folder = build(tmp_path_factory.mktemp("draw") / "tiny-waifu")
    card = card_of(folder)
    defaults = Defaults(steps=3, guidance=2.0, sampler=Sampler.EULER, negative="bad")
    seal(replace(card, defaults=defaults, scores=card.scores[:1]), folder)
    return str(folder)


def draw(model: str, out: Path, *options: str, prompt: str = "1girl, (smile:1.2)") -> int:
    return main(["draw", prompt, "-o", str(out), "--model", model, "--threads", "1", *options])


def test_a_picture_is_drawn_and_carries_its_settings(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out.png"
    assert draw(model, out, "--seed", "7") == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{out}  seed 7  ")
    assert said.err == ""
    info = sd_parsers.ParserManager().parse(out)
    assert info is not None
    assert info.samplers[0].parameters["seed"] == "7"
    assert info.samplers[0].prompts[0].value == "1girl, (smile:1.2)"
    assert info.samplers[0].negative_prompts[0].value == "bad"
    with Image.open(out) as picture:
        assert picture.size == (512, 512)


def test_the_same_seed_draws_the_same_file(model: str, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw(model, tmp_path / name, "--seed", "7")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_several_pictures_get_numbered_names_and_consecutive_seeds(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--count", "6", "--seed", str(2**32 - 2), "--aspect", "portrait")
    assert draw(model, tmp_path / "out.png", *options) == 0
    lines = capsys.readouterr().out.splitlines()
    seeds = {line.split()[0]: int(line.split()[2]) for line in lines}
    names = ["out.png", *(f"out-{n}.png" for n in range(2, 7))]
    expected = [2**32 - 2, 2**32 - 1, 0, 1, 2, 3]
    assert seeds == {str(tmp_path / name): seed for name, seed in zip(names, expected, strict=True)}
    with Image.open(tmp_path / "out-6.png") as picture:
        assert picture.size == (512, 768)


def test_options_change_the_picture(model: str, tmp_path: Path) -> None:
    every = [
        (),
        ("--sampler", "dpmpp_2m"),
        ("--sampler", "heun"),
        ("--steps", "2"),
        ("--guidance", "9"),
        ("--negative", ""),
        ("--clip-skip", "2"),
    ]
    for index, options in enumerate(every):
        assert draw(model, tmp_path / f"{index}.png", "--seed", "7", *options) == 0
    files = {Image.open(tmp_path / f"{index}.png").tobytes() for index in range(len(every))}
    assert len(files) == len(every)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--steps", "0"), "--steps must be 1 to 50"),
        (("--guidance", "99"), "--guidance must be 1.0 to 20.0"),
        (("--clip-skip", "0"), "--clip-skip must be 1 to "),
        (("--clip-skip", "99"), "--clip-skip must be 1 to "),
        (("--count", "0"), "--count must be at least 1"),
        (("--seed", "-1"), "--seed must be 0 to 4294967295"),
        (("-o", "out.jpg"), "must end in .png"),
        (("-o", "/dev/null/out.png"), "/dev/null: File exists"),
        (("--model", "/nowhere"), "no folder /nowhere"),
        (("--device", "abacus"), "use cuda, mps or cpu"),
        (("--threads", "0"), "--threads must be at least 1"),
    ],
)
def test_invalid_options_are_one_line_and_exit_2(
    model: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    complaint: str,
) -> None:
    assert draw(model, tmp_path / "out.png", *options) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    ("prompt", "options", "complaint"),
    [
        ("1girl", ("--steps", "999"), "--steps must be 1 to 50"),
        ("1girl", ("--guidance", "nan"), "--guidance must be 1.0 to 20.0"),
        ("1girl", ("--clip-skip", "9"), "--clip-skip must be 1 to "),
        (" ", (), "the prompt is empty: say what to draw"),
    ],
)
def test_options_the_card_rules_out_are_refused_without_torch(
    tmp_path: Path, prompt: str, options: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')\n")
    done = subprocess.run(
        [sys.executable, "-m", "models", "draw", prompt, "-o", "out.png", *options],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert complaint in done.stderr
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_an_unknown_sampler_is_refused_with_the_names_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        draw("embedded", tmp_path / "out.png", "--sampler", "foo")
    said = capsys.readouterr().err.splitlines()[-1]
    assert all(sampler.value in said for sampler in Sampler)
    assert "<Sampler" not in said


def test_check_says_what_the_model_is(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", model]) == 0
    said = capsys.readouterr().out
    for fact in ("tiny-waifu", "epsilon", "sha256", "square 512x512", "Open RAIL-M", "blank"):
        assert fact in said


def test_a_model_with_the_heun_sampler_passes_its_check(model: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "heun"))
    card = card_of(folder)
    seal(replace(card, defaults=replace(card.defaults, sampler=Sampler.HEUN)), folder)
    assert "epsilon, on cpu" in check(str(folder), "cpu")


def test_a_check_is_also_available_as_one_line(model: str) -> None:
    said = check(model, "cpu")
    assert said.startswith("tiny-waifu (tiny-waifu), ")
    assert "epsilon, on cpu, unet sha256 " in said
    assert "\n" not in said


@pytest.fixture(scope="module")
def bold(model: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same model, but its card does not say what it may draw."""
    folder = Path(shutil.copytree(model, tmp_path_factory.mktemp("bold") / "tiny-waifu"))
    seal(replace(card_of(folder), scores=UNKNOWN), folder)
    return str(folder)


def test_a_check_names_the_safety_scorers(model: str, bold: str, tmp_path: Path) -> None:
    assert check(bold, "cpu").endswith(
        ", pictures looked at by open_nsfw alone, which learned from photographs (docs/safety.md)"
    )
    tagger = str(write_tagger(tmp_path, {}))
    assert check(bold, "cpu", tagger).endswith(", pictures looked at by open_nsfw, wd_tagger")
    assert "looked at" not in check(model, "cpu", tagger)


def test_a_check_scores_its_test_picture(bold: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no such operator")

    monkeypatch.setattr("models.engine.safety.open_nsfw.OpenNsfw.__call__", fails)
    with pytest.raises(EngineError, match="draws, but open_nsfw could not be scored: no such"):
        check(bold, "cpu")


def test_checking_a_broken_model_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_lists_the_commands_without_loading_them() -> None:
    code = (
        "import sys, models.__main__ as cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    for name, command in COMMANDS.items():
        assert name in done.stdout
        assert command.help in done.stdout


@pytest.mark.parametrize("arguments", [[], ["paint-the-town"]])
def test_a_missing_or_unknown_command_shows_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: python -m models" in capsys.readouterr().err
