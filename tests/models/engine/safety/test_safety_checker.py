"""Diffusers' safety checker, where a model's folder brings one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from models.catalogue.registry import card_of
from models.contract import EngineError
from models.engine.safety import scorer_of
from models.engine.safety.safety_checker import has_checker, open_checker
from tests.stages.tiny_checker import add_checker
from tests.stages.tiny_models import build


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("checked") / "plain")


@pytest.fixture
def folder(plain: Path, tmp_path: Path) -> Path:
    return shutil.copytree(plain, tmp_path / "tiny")


@pytest.mark.parametrize("size", [(64, 64), (1, 300), (300, 1)])
@pytest.mark.parametrize("alarmed", [True, False])
def test_its_yes_is_one_and_its_no_is_nought(
    folder: Path, size: tuple[int, int], *, alarmed: bool
) -> None:
    look = open_checker(add_checker(folder, alarmed=alarmed))
    picture = Image.new("RGB", size, "white")
    before = picture.tobytes()
    assert look(picture) == {"nudity": float(alarmed)}
    assert picture.tobytes() == before, "it blacks out what it finds, but nothing of ours"


def test_a_model_that_brings_one_is_asked_by_it_too(folder: Path) -> None:
    assert scorer_of(card_of(folder), folder).names == ("open_nsfw",)
    add_checker(folder, alarmed=True)
    assert scorer_of(card_of(folder), folder).names == ("open_nsfw", "safety_checker")


def test_a_config_without_weights_is_none(folder: Path) -> None:
    """That is what the loader fetches from the hub."""
    add_checker(folder, alarmed=True)
    (folder / "safety_checker" / "model.safetensors").unlink()
    assert not has_checker(folder)


def test_weights_that_the_model_does_not_name_are_none(folder: Path) -> None:
    add_checker(folder, alarmed=True)
    index = json.loads((folder / "model_index.json").read_text())
    for nothing in ([None, None], None):
        index["safety_checker"] = nothing
        (folder / "model_index.json").write_text(json.dumps(index))
        assert not has_checker(folder)


def test_broken_weights_stop_the_start(folder: Path) -> None:
    add_checker(folder, alarmed=True)
    (folder / "safety_checker" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(EngineError, match="safety_checker cannot be loaded"):
        scorer_of(card_of(folder), folder)


def test_weights_that_are_missing_stop_the_start(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    add_checker(folder, alarmed=True)
    path = folder / "safety_checker" / "model.safetensors"
    weights = {k: v for k, v in load_file(path).items() if k != "concept_embeds"}
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(EngineError, match="lacks weights, among them concept_embeds"):
        open_checker(folder)
