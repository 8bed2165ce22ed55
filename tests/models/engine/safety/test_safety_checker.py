"""Diffusers' safety checker, if a model's folder contains one."""

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
def test_the_checkers_alarm_scores_one_and_no_alarm_scores_zero(
    folder: Path, size: tuple[int, int], *, alarmed: bool
) -> None:
    look = open_checker(add_checker(folder, alarmed=alarmed))
    picture = Image.new("RGB", size, "white")
    before = picture.tobytes()
    assert look(picture) == {"nudity": float(alarmed)}
    assert picture.tobytes() == before, (
        "the checker blacks out what it finds, but not in the caller's picture"
    )


def test_a_models_own_checker_joins_the_scorers(folder: Path) -> None:
    assert scorer_of(card_of(folder), folder).names == ("open_nsfw",)
    add_checker(folder, alarmed=True)
    assert scorer_of(card_of(folder), folder).names == ("open_nsfw", "safety_checker")


def test_a_config_without_weights_is_not_a_checker(folder: Path) -> None:
    """That is what the loader fetches from the hub."""
    add_checker(folder, alarmed=True)
    (folder / "safety_checker" / "model.safetensors").unlink()
    assert not has_checker(folder)


def test_weights_the_model_index_does_not_name_are_not_a_checker(folder: Path) -> None:
    add_checker(folder, alarmed=True)
    index = json.loads((folder / "model_index.json").read_text())
    for nothing in ([None, None], None):
        index["safety_checker"] = nothing
        (folder / "model_index.json").write_text(json.dumps(index))
        assert not has_checker(folder)


def test_broken_checker_weights_are_an_error_at_start(folder: Path) -> None:
    add_checker(folder, alarmed=True)
    (folder / "safety_checker" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(EngineError, match="safety_checker cannot be loaded"):
        scorer_of(card_of(folder), folder)


def test_missing_checker_weights_are_an_error_at_start(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    add_checker(folder, alarmed=True)
    path = folder / "safety_checker" / "model.safetensors"
    weights = {k: v for k, v in load_file(path).items() if k != "concept_embeds"}
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(EngineError, match="lacks weights, among them concept_embeds"):
        open_checker(folder)
