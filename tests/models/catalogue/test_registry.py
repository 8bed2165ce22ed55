"""Cards are checked field by field, plain folders are adopted, and the pointer moves at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from models.catalogue import card as cards
from models.catalogue.card import CardError, Prediction, Score
from models.catalogue.registry import EMBEDDED, Registry, card_of, faults, model_info, seal
from models.contract import Aspect
from tests.stages.tiny_models import build

LICENCE = "Be kind.\n"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("plain") / "tiny-waifu")


@pytest.fixture
def folder(plain: Path, tmp_path: Path) -> Path:
    """A copy of the plain folder with a licence and a sealed card."""
    copy = tmp_path / "models" / "tiny-waifu"
    shutil.copytree(plain, copy)
    (copy / "LICENSE.md").write_text(LICENCE)
    seal(card_of(copy), copy)
    return copy


def edited(folder: Path, *path: str, value: Any = None) -> Path:
    """The folder after one field of its card was set; None removes the field."""
    file = folder / cards.FILE_NAME
    data = json.loads(file.read_text())
    place = data
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    file.write_text(json.dumps(data))
    return folder


def test_a_card_survives_writing_and_reading(folder: Path) -> None:
    card = replace(card_of(folder), parent="older", made_by="a test", name="Ünïcode")
    cards.write(card, folder / cards.FILE_NAME)
    assert card_of(folder) == card
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("id",), "Not An Id", "id must be of the form"),
        (("name",), 7, "name must be a text, not 7"),
        (("name",), None, "name is missing"),
        (("prediction",), "sample", "one of epsilon, v_prediction"),
        (("sizes_px", "square", "native"), [16], r"sizes_px\.square\.native must be \[width"),
        (("sizes_px", "portrait", "finished"), [0, 5], r"portrait\.finished must be"),
        (("sizes_px", "landscape"), None, r"sizes_px\.landscape is missing"),
        (("sizes_px", "round"), {}, r"sizes_px\.round is not a field"),
        (("defaults", "steps"), 0, r"defaults\.steps must be a whole number of at least 1"),
        (("defaults", "steps"), True, r"defaults\.steps must be a whole number"),
        (("defaults", "steps"), 900, "outside the card's own limits"),
        (("defaults", "guidance"), 99, "outside the card's own limits"),
        (("defaults", "sampler"), "plms", "one of euler_a"),
        (("limits", "guidance_max"), "many", r"limits\.guidance_max must be a number"),
        (("scores",), ["beauty"], "a list out of blank, nudity"),
        (("licence", "sha256"), "abc", r"licence\.sha256 must be of the form"),
        (("files",), [], "files must be an object"),
        (("schema",), 2, "a newer program wrote it"),
        (("colour",), "red", "colour is not a field of a card"),
    ],
)
def test_an_error_in_a_card_names_its_field(
    folder: Path, path: tuple[str, ...], value: Any, complaint: str
) -> None:
    with pytest.raises(CardError, match=complaint) as caught:
        card_of(edited(folder, *path, value=value))
    assert str(folder / cards.FILE_NAME) in str(caught.value)


def test_a_card_that_is_not_json_is_a_clear_error(folder: Path) -> None:
    (folder / cards.FILE_NAME).write_text("{")
    with pytest.raises(CardError, match=r"card\.json is not JSON"):
        card_of(folder)


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="is not a folder"):
        card_of(tmp_path / "nothing")


def test_a_plain_folder_is_adopted_from_its_configs(plain: Path) -> None:
    card = card_of(plain)
    assert (card.id, card.name) == ("tiny-waifu", "tiny-waifu")
    assert card.prediction is Prediction.EPSILON
    assert card.sizes_px[Aspect.SQUARE].native == (16, 16)
    assert card.sizes_px[Aspect.SQUARE].finished == (512, 512)
    assert card.sizes_px[Aspect.PORTRAIT].native == (16, 24)
    assert card.sizes_px[Aspect.LANDSCAPE].finished == (768, 512)
    assert card.scores == (Score.BLANK, Score.NUDITY)
    assert not card.files


def test_stable_diffusion_keeps_its_sizes(plain: Path, tmp_path: Path) -> None:
    shutil.copytree(plain, tmp_path / "sd")
    for part, changes in {
        "unet": {"sample_size": 64, "block_out_channels": [320, 640, 1280, 1280]},
        "vae": {"block_out_channels": [128, 256, 512, 512]},
    }.items():
        path = tmp_path / "sd" / part / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    card = card_of(tmp_path / "sd", "hakurei/waifu-diffusion")
    assert (card.id, card.name) == ("hakurei-waifu-diffusion", "hakurei/waifu-diffusion")
    assert [card.sizes_px[aspect].finished for aspect in Aspect] == [
        (512, 512),
        (512, 768),
        (768, 512),
    ]


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("unet/config.json", None, "cannot be read"),
        ("unet/config.json", "{", "is not JSON"),
        ("unet/config.json", "[]", "must hold a JSON object"),
        ("unet/config.json", "{}", "sample_size"),
        ("unet/config.json", '{"sample_size": 8}', "unet/config.json has no block_out_channels"),
        ("vae/config.json", "{}", "vae/config.json has no block_out_channels"),
        ("model_index.json", None, "not a complete diffusers folder"),
        ("model_index.json", "{}", "is a pipeline without a name; only a StableDiffusionPipeline"),
        ("scheduler/scheduler_config.json", '{"prediction_type": "sample"}', "not supported"),
    ],
)
def test_a_plain_folder_with_a_broken_config_is_a_clear_error(
    plain: Path, tmp_path: Path, file: str, content: str | None, complaint: str
) -> None:
    folder = shutil.copytree(plain, tmp_path / "broken")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(CardError, match=complaint):
        card_of(folder)


def test_a_folder_without_a_licence_falls_under_openrail_m(plain: Path) -> None:
    info = model_info(card_of(plain), plain)
    assert "Open RAIL-M" in info.licence_name
    assert "in our own words" in info.licence_text
    assert "minors" in info.licence_text.lower()
    assert (info.licence_id, info.licence_rules) == ("openrail-m", ())


def test_a_licence_in_the_folder_takes_precedence(folder: Path) -> None:
    info = model_info(card_of(folder), folder)
    assert info.licence_text == LICENCE
    assert info.licence_id is None, "nobody has read its terms"


def test_a_card_says_what_its_licence_asks_for(folder: Path) -> None:
    edited(folder, "licence", "id", value="faipl-1.0-sd")
    edited(folder, "licence", "rules", value=["brands"])
    info = model_info(card_of(folder), folder)
    assert (info.licence_id, info.licence_rules) == ("faipl-1.0-sd", ("brands",))


def test_a_changed_licence_is_noticed(folder: Path) -> None:
    (folder / "LICENSE.md").write_text("Anything goes.")
    with pytest.raises(CardError, match=r"LICENSE\.md is not the licence"):
        model_info(card_of(folder), folder)


def test_a_missing_licence_is_noticed(folder: Path) -> None:
    (folder / "LICENSE.md").unlink()
    with pytest.raises(CardError, match=r"LICENSE\.md.*cannot be read"):
        model_info(card_of(folder), folder)


def test_changed_and_missing_files_are_named(folder: Path) -> None:
    card = card_of(folder)
    assert faults(card, folder) == []
    (folder / "unet" / "config.json").write_text("{}")
    (folder / "vae" / "config.json").unlink()
    found = faults(card, folder)
    assert len(found) == 2
    assert "unet/config.json is not the file" in found[0]
    assert "vae/config.json cannot be read" in found[1]


def test_the_native_size_is_the_one_nearest_in_aspect_ratio(folder: Path) -> None:
    card = card_of(folder)
    assert card.native_px(512, 768) == (16, 24)
    assert card.native_px(1000, 990) == (16, 16)
    assert card.native_px(10, 999) == (16, 24)


def test_the_embedded_models_card_and_files_are_valid() -> None:
    card = card_of(EMBEDDED)
    assert faults(card, EMBEDDED) == []
    info = model_info(card, EMBEDDED)
    assert all(min(size) >= 512 for size in info.sizes_px.values())
    assert info.clip_skip_max == 2, "the layers of its text encoder"
    assert "minors" in info.licence_text
    assert info.licence_id == "openrail-m"


def test_the_embedded_text_encoder_uses_the_standard_weight_names() -> None:
    with safe_open(EMBEDDED / "text_encoder" / "model.safetensors", "pt") as file:
        assert all(name.startswith("text_model.") for name in file.keys())  # noqa: SIM118  no dict


def test_a_catalogue_lists_only_folders_with_a_card(folder: Path) -> None:
    registry = Registry(folder.parent)
    (folder.parent / "half-written" / "unet").mkdir(parents=True)
    assert registry.ids() == ["tiny-waifu"]
    assert registry.has("tiny-waifu")
    assert not registry.has("half-written")
    assert registry.card("tiny-waifu") == card_of(folder)
    assert registry.info("tiny-waifu").licence_text == LICENCE


def test_a_name_outside_the_catalogue_is_not_found(folder: Path) -> None:
    assert not Registry(folder.parent / "inner").has("../tiny-waifu")
    with pytest.raises(CardError):
        Registry(folder.parent / "inner").card("../tiny-waifu")


def test_a_folder_holding_another_models_card_is_refused(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "other")
    with pytest.raises(CardError, match="the card of tiny-waifu, not of other"):
        Registry(folder.parent).card("other")


def test_the_registry_does_not_import_torch() -> None:
    rooms = "models.catalogue.registry, models.provenance, models.prompt, models.contract"
    code = f"import sys, {rooms}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
