"""A WD tagger in SmilingWolf's file layout: what is read from it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.contract import EngineError
from models.engine.safety.wd_tagger import LABELS, WEIGHTS, open_tagger
from tests.stages.tiny_onnx import BLUE, GREEN, NEVER, RATINGS, RED, SIDE_PX, TAGS, write_tagger


def flat(colour: str, size: tuple[int, int] = (64, 64)) -> Image.Image:
    return Image.new("RGB", size, colour)


def scores_of(tmp_path: Path, colour: str, **likely: Any) -> dict[str, float]:
    return open_tagger(str(write_tagger(tmp_path, likely)))(flat(colour))


def test_channels_are_in_the_networks_blue_green_red_order(tmp_path: Path) -> None:
    look = open_tagger(str(write_tagger(tmp_path, {"explicit": RED, "loli": BLUE})))
    red, blue = look(flat("red")), look(flat("blue"))
    assert [round(red[name]) for name in ("nudity", "childlike")] == [1, 0]
    assert [round(blue[name]) for name in ("nudity", "childlike")] == [0, 1]


@pytest.mark.parametrize("name", ["questionable", "explicit", "nude"])
def test_two_ratings_and_the_nude_tag_count_as_nudity(tmp_path: Path, name: str) -> None:
    assert scores_of(tmp_path, "red", **{name: RED})["nudity"] > 0.99


@pytest.mark.parametrize("name", ["general", "sensitive", "1girl", "hatsune_miku", "loli"])
def test_other_ratings_and_tags_do_not_count_as_nudity(tmp_path: Path, name: str) -> None:
    assert scores_of(tmp_path, "red", **{name: RED})["nudity"] < 0.01


def test_the_two_nudity_ratings_add_up_to_at_most_one(tmp_path: Path) -> None:
    even = (0.0, 0.0, 0.0, -0.5)
    values = scores_of(tmp_path, "grey", questionable=even, explicit=even)
    assert values["nudity"] == pytest.approx(2 * 0.3775, abs=1e-3)
    sure = (0.0, 0.0, 0.0, 9.0)
    assert scores_of(tmp_path, "grey", questionable=sure, explicit=sure)["nudity"] == 1.0


@pytest.mark.parametrize("colour", ["black", "grey", "white"])
def test_colourless_pictures_score_nothing(tmp_path: Path, colour: str) -> None:
    values = scores_of(tmp_path, colour, explicit=RED, nude=GREEN, loli=BLUE)
    assert max(values.values()) < 0.01


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 64), (640, 512)])
def test_a_picture_of_any_shape_can_be_scored(tmp_path: Path, size: tuple[int, int]) -> None:
    look = open_tagger(str(write_tagger(tmp_path, {"explicit": RED})))
    assert 0 <= look(flat("red", size))["nudity"] <= 1


def test_a_picture_is_padded_with_white_and_keeps_its_proportions(tmp_path: Path) -> None:
    """Half red and half white averages (127, 127, 255); a stretched picture would be all red."""
    half = (-0.1, 0.0, 0.0, 0.1 * 127.5)
    look = open_tagger(str(write_tagger(tmp_path, {"explicit": half})))
    assert look(flat("red", (32, 64)))["nudity"] == pytest.approx(0.5, abs=0.05)


def test_the_input_size_comes_from_the_file(tmp_path: Path) -> None:
    assert open_tagger(str(write_tagger(tmp_path, {}))).part_px == SIDE_PX
    larger = write_tagger(tmp_path, {}, shape=("batch", 64, 64, 3))
    assert open_tagger(str(larger)).part_px == 64


def test_outputs_that_are_not_probabilities_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no probabilities"):
        open_tagger(str(write_tagger(tmp_path, {"general": NEVER}, last="Identity")))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outputs": 7}, "gives 7 values and selected_tags.csv names 8"),
        (
            {"shape": ("batch", "side", "side", 3)},
            r"input is .*; a WD tagger's is \(B, side, side, 3\)",
        ),
        ({"shape": ("batch", 32, 48, 3)}, r"input is "),
        ({"names": TAGS[:3] + TAGS[4:]}, "lacks the ratings"),
        ({"names": (*RATINGS, "1girl", "loli")}, "none of Danbooru's tags"),
        ({"names": (*RATINGS, "1girl", "nude")}, "none of Danbooru's tags"),
    ],
)
def test_files_that_do_not_match_are_refused_on_opening(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(EngineError, match=f"WD_TAGGER: .*{told}"):
        open_tagger(str(write_tagger(tmp_path, {}, **changes)))


@pytest.mark.parametrize("name", [WEIGHTS, LABELS])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (write_tagger(tmp_path, {}) / name).unlink()
    with pytest.raises(EngineError, match=f"has no {name}"):
        open_tagger(str(tmp_path))


@pytest.mark.parametrize("name", [WEIGHTS, LABELS])
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    (write_tagger(tmp_path, {}) / name).write_bytes(b"\xff\xfe broken")
    with pytest.raises(EngineError, match=name):
        open_tagger(str(tmp_path))


@pytest.mark.parametrize("where", ["nowhere", "/nowhere/at/all", "a/b/c"])
def test_a_name_that_is_neither_folder_nor_hub_id_is_reported(where: str) -> None:
    with pytest.raises(EngineError, match="WD_TAGGER: there is no folder"):
        open_tagger(where)


def test_only_two_files_of_a_hub_model_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[str]]] = []

    def fetch(hub_id: str, *, allow_patterns: list[str]) -> str:
        asked.append((hub_id, allow_patterns))
        return str(write_tagger(tmp_path, {"explicit": RED}))

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert open_tagger("SmilingWolf/wd-vit-tagger-v3")(flat("red"))["nudity"] > 0.99
    assert asked == [("SmilingWolf/wd-vit-tagger-v3", [WEIGHTS, LABELS])]


def test_an_unreachable_hub_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(hub_id: str, **_: Any) -> str:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    with pytest.raises(EngineError, match="hub cannot be reached"):
        open_tagger("SmilingWolf/wd-vit-tagger-v3")
