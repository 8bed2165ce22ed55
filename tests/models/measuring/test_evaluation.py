"""The evaluation: which prompts it asks for, how it counts, and what it calls alike."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.__main__ import main
from models.aesthetics.scorer import open_aesthetic
from models.contract import EngineError
from models.measuring import adherence, diversity, sheets, steering, variety
from models.measuring import command as evaluate
from models.measuring.adherence import GROUPS
from models.measuring.command import grade_rows, steering_rows
from models.measuring.judge import network
from models.measuring.judge.heads import HEADS, UNSEEN, is_visible, labels
from models.measuring.judge.network import Judge
from models.painter import flaws
from models.painter.captions import SYNONYMS, prompt
from models.painter.drawing import draw, raster
from models.painter.portrait import sample
from models.painter.sets import FIRST_SEED, Purpose
from models.pretraining.architecture import FULL
from models.pretraining.painting import plan
from models.report import Row, table, unmeasured
from tests.stages.one_line import one_line


def test_evaluation_uses_its_own_seeds() -> None:
    assert min(adherence.FIRST_SEED - first for first in FIRST_SEED.values()) > 100_000_000


def test_a_task_asks_for_its_portrait_in_its_framing() -> None:
    for task in adherence.tasks(12):
        assert task.prompt == prompt(task.portrait)
        assert task.aspect == task.portrait.framing
    assert {task.aspect for task in adherence.tasks(12, square=True)} == {"square"}


@pytest.mark.parametrize("head", [head for heads, _ in GROUPS.values() for head in heads])
def test_a_prompt_states_everything_its_picture_is_judged_by(head: str) -> None:
    """No model can be blamed for what a prompt leaves open."""
    column = list(HEADS).index(head)
    for task in adherence.tasks(60):
        said: dict[str, str] = {}
        for value in HEADS[head]:
            true = value == "True" if HEADS[head] == ("False", "True") else value
            portrait = replace(task.portrait, **{head: true})
            if labels(portrait)[column] != UNSEEN:
                assert said.setdefault(prompt(portrait), value) == value


def test_a_sentence_task_names_the_portrait_and_the_tags_of_its_tag_task() -> None:
    for said, tagged in zip(adherence.tasks(60, sentences=True), adherence.tasks(60), strict=True):
        assert said.portrait == tagged.portrait
        assert said.prompt != tagged.prompt
        for tag in tagged.prompt.split(", "):
            words = ("boy", "girl") if tag in ("1boy", "1girl") else (tag, *SYNONYMS.get(tag, ()))
            assert any(word in said.prompt for word in words), tag


def test_every_group_is_made_of_heads_that_are_judged() -> None:
    assert {head for heads, _ in GROUPS.values() for head in heads} <= set(HEADS)


def test_hidden_attributes_do_not_count() -> None:
    portraits = [sample(Random(i)) for i in range(200)]
    true = adherence.truth(portraits)
    said = np.where(true == UNSEEN, 0, true)
    assert set(adherence.accuracy_by_head(said, true).values()) == {1.0}
    closed = next(p for p in portraits if p.eye_state == "closed eyes")
    assert not is_visible(closed, "eye_colour")
    assert labels(closed)[list(HEADS).index("eye_colour")] == UNSEEN


def test_half_wrong_is_half_right() -> None:
    true = adherence.truth([sample(Random(i)) for i in range(10)])
    said = np.where(true == UNSEEN, 0, true)
    column = list(HEADS).index("hair_colour")
    said[:5, column] = (said[:5, column] + 1) % len(HEADS["hair_colour"])
    reached = adherence.accuracy_by_head(said, true)
    assert reached["hair_colour"] == 0.5
    assert adherence.accuracy_by_group(reached)["hair colour"] == 0.5


def test_a_rare_value_that_is_never_drawn_is_named() -> None:
    portraits = [sample(Random(i)) for i in range(300)]
    true = adherence.truth(portraits)
    brows = list(HEADS).index("brows")
    said = true.copy()
    said[true[:, brows] == HEADS["brows"].index("angry"), brows] = HEADS["brows"].index("plain")
    assert adherence.accuracy_by_head(said, true)["brows"] > 0.8
    assert adherence.weakest_value(said, true, "brows") == ("angry", 0.0)
    assert adherence.weakest_value(true, true, "brows")[1] == 1.0
    assert adherence.weakest_value(true[:3], true[:3], "brows") == ("", 1.0)


def test_a_saved_judge_is_loaded_in_half_precision_and_judges_every_head(tmp_path: Path) -> None:
    net = network.Network(16)
    network.save(net, tmp_path / "judge.safetensors", 16)
    judge = Judge(tmp_path / "judge.safetensors")
    assert not judge.network.training
    loaded = judge.network.state_dict()
    for name, weight in net.state_dict().items():
        assert torch.equal(loaded[name], weight.half().to(weight.dtype)), name
    picture = raster(draw(sample(Random(1)), 1), 512)
    (said,) = adherence.classify(judge, [picture])
    assert len(said) == len(HEADS)
    assert all(0 <= c < len(values) for c, values in zip(said, HEADS.values(), strict=True))


def test_a_judge_of_another_painter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        other.setitem(HEADS, "boy", ("no", "yes"))
        network.save(network.Network(16), tmp_path / "judge.safetensors", 16)
    with pytest.raises(EngineError, match="another painter"):
        Judge(tmp_path / "judge.safetensors")
    other_make = torch.nn.Sequential(torch.nn.Linear(2, 2))
    network.save(other_make, tmp_path / "judge.safetensors", 16)
    with pytest.raises(EngineError, match="incompatible judge"):
        Judge(tmp_path / "judge.safetensors")
    with pytest.raises(EngineError, match="cannot be read"):
        Judge(tmp_path / "missing.safetensors")


def test_weighted_tasks_differ_only_in_the_weight() -> None:
    light, even, heavy = steering.weighted_tasks(5)
    for weight, tasks in zip(steering.WEIGHTS, (light, even, heavy), strict=True):
        for i, task in enumerate(tasks):
            assert task.seed == even[i].seed
            assert f"({steering.second_colour(i)} hair:{weight:g})" in task.prompt
            assert task.prompt.replace(f":{weight:g})", ":1)") == even[i].prompt


def test_only_the_negative_differs_if_dark_hair_is_unwanted() -> None:
    free, without = steering.negative_tasks(3)
    for one, other in zip(free, without, strict=True):
        assert (one.prompt, one.seed, one.negative) == (other.prompt, other.seed, "")
        assert "black hair" in other.negative
        assert not any(colour in one.prompt for colour in steering.DARK_COLOURS)


def test_the_share_of_a_colour_is_counted_picture_by_picture() -> None:
    said = np.zeros((4, len(HEADS)), dtype=np.int64)
    colours = HEADS["hair_colour"]
    said[:, list(HEADS).index("hair_colour")] = [colours.index(c) for c in ("red", "blue") * 2]
    assert steering.colour_share(said, [("red",), ("red",), ("blue", "red"), ("green",)]) == 0.5


class Painters:
    """Stands for a model.

    The painter draws the colour with the greatest weight, or one not excluded.
    """

    def __init__(self, *, heeds: bool) -> None:
        self._heeds = heeds

    def pictures(self, tasks: Sequence[adherence.Task]) -> list[Image.Image]:
        return [self._drawn(task) for task in tasks]

    def _drawn(self, task: adherence.Task) -> Image.Image:
        colours = re.findall(r"(\w+) hair", task.prompt)
        heavy = ":1.5" in task.prompt and self._heeds
        colour = colours[1 if heavy else 0] if colours else "black"
        if task.negative and self._heeds:
            colour = "blonde"
        portrait = replace(task.portrait, hair_colour=colour, framing="square", head="none")
        return raster(draw(portrait, task.seed), 512)


def row(name: str, value: float, unit: str, goal: str = "", *, holds: bool | None = None) -> Row:
    return Row(area="model", name=name, value=value, unit=unit, goal=goal, holds=holds)


@pytest.mark.parametrize("heeds", [True, False])
def test_steering_holds_only_for_a_model_that_heeds_weights_and_negatives(
    tmp_path: Path, *, heeds: bool
) -> None:
    studio: Any = Painters(heeds=heeds)
    args = argparse.Namespace(steered=4, out=tmp_path)
    rows = {row.name: row for row in steering_rows(studio, Judge(), args, row)}
    assert rows["what weights move"].holds is heeds
    assert rows["the same with it in the negative prompt"].holds is heeds
    assert rows["(second hair colour:1.5)"].value == (100 if heeds else 0)
    assert (tmp_path / "weights.jpg").exists()


def test_spoiled_pictures_have_a_lower_mean_grade_than_their_originals() -> None:
    clean = [raster(draw(sample(Random(i)), i), 256) for i in range(4)]
    bad = flaws.Flaws(washed=0.9, noise=0.7)
    spoiled = [flaws.spoil(picture, bad, Random(i)) for i, picture in enumerate(clean)]
    of_model, of_painter = grade_rows(open_aesthetic(), spoiled, clean, row)
    assert (of_model.name, of_model.unit) == ("mean aesthetic grade", "of 1 to 10")
    assert of_painter.value > of_model.value + 3


def test_the_closest_pair_is_found_among_many_pictures() -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.random(300, dtype=np.float32) for _ in range(6)]
    pictures[4] = pictures[1] + np.float32(0.01)
    assert diversity.closest_distance(pictures) == pytest.approx(0.01, abs=1e-3)


def test_a_copy_of_a_training_picture_is_near_it() -> None:
    trained = diversity.painted_thumbnails(range(8))
    unseen = diversity.painted_thumbnails(range(100, 104))
    assert diversity.nearest_distances(trained[:1], trained)[0] < 1e-3
    assert diversity.nearest_distances(unseen, trained).min() > 0.05


def test_a_sheet_shows_the_model_above_the_painter() -> None:
    red = Image.new("RGB", (64, 64), "red")
    portraits = [sample(Random(i)) for i in range(3)]
    sheet = sheets.side_by_side([red] * 3, portraits, across=2, tile_px=32)
    assert sheet.size == (64, 128)
    assert [sheet.getpixel((8, y)) == (255, 0, 0) for y in (8, 40, 72, 104)] == [
        True,
        False,
        True,
        False,
    ]
    assert sheets.grid([red] * 3, across=2, tile_px=32).size == (64, 64)


def test_a_table_says_what_holds_and_what_could_not_be_measured() -> None:
    rows = [
        Row(area="a", name="one", value=1.0, unit="s", goal="<= 2", holds=True, command="c"),
        unmeasured("a", "two", "no GPU here", command="c"),
    ]
    lines = table(rows).splitlines()
    assert lines[2].split()[-1] == "yes"
    assert "no GPU here" in lines[3]
    assert lines[3].split()[-1] == "NO"


def test_the_command_measures_the_embedded_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "_PROMPTS", 1)
    monkeypatch.setattr(evaluate, "_SEEDS", 2)
    monkeypatch.setattr(variety, "expected_shares", partial(variety.expected_shares, count=500))
    few = {
        "count": 8,
        "sentences": 2,
        "steered": 2,
        "open": 2,
        "training": 4,
        "steps": 6,
        "threads": 1,
    }
    options = [word for name, n in few.items() for word in (f"--{name}", str(n))]
    wrote = ["--device", "cpu", "--out", str(tmp_path / "out"), "--json", str(tmp_path / "r.json")]
    assert main(["evaluate", "embedded", *options, *wrote]) in (0, 1)
    rows = {row["name"]: row for row in json.loads((tmp_path / "r.json").read_text())}
    printed = capsys.readouterr().out
    assert all(name in printed for name in rows)
    for group in GROUPS:
        assert {group, f"judge: {group}", f"in a sentence: {group}"} <= set(rows)
    # A random model has a seventh of its hair colours right, and grades near 5.
    assert rows["hair colour"]["value"] > 60
    assert rows["background"]["value"] > 60
    assert (
        6
        < rows["mean aesthetic grade"]["value"]
        < rows["mean aesthetic grade of painter pictures"]["value"]
    )
    assert rows["two seeds, most alike"]["holds"]
    assert 0 < rows["time for a picture"]["value"] < 60
    assert "--count 8" in rows["hair colour"]["command"]
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "left-open.jpg", "model-and-painter.jpg", "seeds.jpg", "weights.jpg",
    }  # fmt: skip


def test_the_commonest_value_of_an_open_attribute_is_named() -> None:
    said = adherence.truth(
        replace(sample(Random(i)), scene="sunset" if i < 3 else "ocean") for i in range(4)
    )
    assert variety.commonest_value(said, "scene") == ("sunset", 0.75)
    tasks = variety.tasks(8)
    assert len({task.seed for task in tasks}) == 8
    assert not any("eyes" in task.prompt or "background" in task.prompt for task in tasks)


def test_open_attributes_are_compared_with_captions_that_omit_them() -> None:
    expected = variety.expected_shares("scene", 500)
    # A plain background is often not named; a starry sky nearly always is.
    assert expected.argmax() == HEADS["scene"].index("simple")
    assert 0.6 < expected.max() < 0.9
    portraits = [sample(Random(i)) for i in range(60)]
    sunsets = adherence.truth(replace(p, scene="sunset") for p in portraits[:30])
    as_painted = adherence.truth(replace(p, eyewear="none", eye_state="open") for p in portraits)
    assert variety.distance_from_expected(as_painted, "eye_colour") < 0.3
    assert variety.distance_from_expected(sunsets, "scene") > 0.9


def test_copies_are_searched_among_the_training_pictures() -> None:
    framings = {
        seed: shard.framing for shard in plan(FULL, Path(), Purpose.TRAIN) for seed in shard.seeds
    }
    seeds = diversity.training_seeds(2_000)
    assert len(set(seeds)) == 2_000
    assert {framings[seed] for seed in seeds} == {"square"}


@pytest.mark.parametrize(
    ("option", "value"),
    [("count", "0"), ("threads", "0"), ("steps", "0"), ("steps", "-1"), ("guidance", "-3")],
)
def test_an_invalid_number_is_refused_by_option_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    assert main(["evaluate", f"--{option}", value, "--out", str(tmp_path)]) == 2
    assert f"--{option}" in one_line(capsys.readouterr().err)
