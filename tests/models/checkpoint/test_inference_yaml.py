"""The message about a faulty inference yaml: the whole sentence for each kind of fault."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.catalogue.card import Prediction
from models.checkpoint import importing
from models.checkpoint.inference_yaml import describe, interpret, standard_layout
from models.checkpoint.names import TextKind
from models.contract import EngineError
from tests.stages.spoiling import GONE, spoil

PARAMS = "model.params"
UNET, VAE = f"{PARAMS}.unet_config.params", f"{PARAMS}.first_stage_config.params"
TEXT = f"{PARAMS}.cond_stage_config"
OTHER_UNET = "of Stable Diffusion 1 or 2 (openaimodel.UNetModel)"
LAYERS = "last, or penultimate for OpenCLIP"
MULTIPLES = "a list of whole numbers that begins with 1"
FAULTS: list[tuple[str, Any, str]] = [
    (PARAMS, GONE, "is missing."),
    (f"{PARAMS}.parameterization", "x0", "must be eps or v, not 'x0'."),
    (f"{PARAMS}.parameterization", 3, "must be eps or v, not 3."),
    (f"{PARAMS}.beta_schedule", "cosine", "must be linear, not 'cosine'."),
    (f"{PARAMS}.image_size", "64", "must be a whole number, not '64'."),
    (f"{PARAMS}.timesteps", True, "must be a whole number, not True."),
    (f"{PARAMS}.linear_start", "low", "must be a number, not 'low'."),
    (f"{PARAMS}.linear_end", None, "must be a number, not None."),
    (f"{PARAMS}.scale_factor", [1], "must be a number, not [1]."),
    (f"{PARAMS}.unet_config.target", "x.Other", f"must be {OTHER_UNET}, not 'x.Other'."),
    (f"{PARAMS}.unet_config.target", GONE, "is missing."),
    (f"{PARAMS}.unet_config.params", GONE, "is missing."),
    (f"{UNET}.model_channels", GONE, "is missing."),
    (f"{UNET}.model_channels", 3.0, "must be a whole number, not 3.0."),
    (
        f"{UNET}.channel_mult",
        [2, 4],
        f"must be {MULTIPLES}, not [2, 4].",
    ),
    (f"{UNET}.channel_mult", [], f"must be {MULTIPLES}, not []."),
    (
        f"{UNET}.channel_mult",
        [1, "2"],
        f"must be {MULTIPLES}, not [1, '2'].",
    ),
    (
        f"{UNET}.channel_mult",
        [1, True],
        f"must be {MULTIPLES}, not [1, True].",
    ),
    (f"{UNET}.attention_resolutions", 4, "must be a list of at least one whole number, not 4."),
    (
        f"{UNET}.num_heads",
        GONE,
        "must be given, or num_head_channels.",
    ),
    (f"{UNET}.use_linear_in_transformer", 1, "must be true or false, not 1."),
    (f"{UNET}.adm_in_channels", 2, "must be None as in Stable Diffusion 1 and 2, not 2."),
    (f"{UNET}.dims", 3, "must be 2 as in Stable Diffusion 1 and 2, not 3."),
    (f"{UNET}.spiral", 1, "is not of Stable Diffusion 1 or 2."),
    (f"{PARAMS}.first_stage_config.target", "x.VQ", "must be an AutoencoderKL, not 'x.VQ'."),
    (f"{VAE}.embed_dim", 8, "must be z_channels (4), not 8."),
    (f"{VAE}.ddconfig", GONE, "is missing."),
    (f"{VAE}.ddconfig.attn_resolutions", [8], "must be [], not [8]."),
    (
        f"{VAE}.ddconfig.ch_mult",
        [2],
        f"must be {MULTIPLES}, not [2].",
    ),
    (f"{VAE}.ddconfig.ch", None, "must be a whole number, not None."),
    (
        f"{TEXT}.target",
        "x.T5",
        "must be FrozenCLIPEmbedder or FrozenOpenCLIPEmbedder, not 'x.T5'.",
    ),
    (f"{TEXT}.params.layer", "first", f"must be {LAYERS}, not 'first'."),
    (f"{TEXT}.params.layer", "penultimate", f"must be {LAYERS}, not 'penultimate'."),
]


def spoiled(path: str, value: Any) -> dict[str, Any]:
    """The yaml of Stable Diffusion 1 with one field set or removed."""
    return spoil(
        deepcopy(describe(standard_layout(TextKind.CLIP, Prediction.EPSILON))), path, value
    )


@pytest.mark.parametrize(("path", "value", "told"), FAULTS)
def test_an_error_names_the_file_the_field_and_the_valid_values(
    path: str, value: Any, told: str
) -> None:
    with pytest.raises(EngineError) as caught:
        interpret(spoiled(path, value), "x.yaml")
    assert str(caught.value) == f"x.yaml: {path} {told}"


@pytest.mark.parametrize("name", ["monitor", "first_stage_config.params.colour"])
def test_fields_unrelated_to_the_network_are_allowed(name: str) -> None:
    assert interpret(spoiled(f"{PARAMS}.{name}", 3), "x.yaml") == interpret(
        describe(standard_layout(TextKind.CLIP, Prediction.EPSILON)), "x.yaml"
    )


def test_a_null_is_accepted_where_the_original_code_has_none() -> None:
    tree = spoiled(f"{UNET}.num_classes", None)
    tree["model"]["params"]["unet_config"]["params"]["adm_in_channels"] = None
    assert interpret(tree, "x.yaml") == interpret(
        describe(standard_layout(TextKind.CLIP, Prediction.EPSILON)), "x.yaml"
    )


def test_missing_fields_take_the_original_codes_defaults() -> None:
    tree = spoiled(f"{PARAMS}.scale_factor", GONE)
    params = tree["model"]["params"]
    for name in ("linear_start", "linear_end", "timesteps", "image_size"):
        del params[name]
    del params["unet_config"]["params"]["transformer_depth"]
    layout = interpret(tree, "x.yaml")
    assert layout.vae["scaling_factor"] == 1.0
    assert layout.unet["transformer_layers_per_block"] == 1
    assert layout.unet["sample_size"] == 64
    assert layout.schedule == {
        "beta_start": 1e-4,
        "beta_end": 2e-2,
        "num_train_timesteps": 1000,
        "prediction_type": Prediction.EPSILON,
    }


@pytest.mark.parametrize("tree", [[], "text", None])
def test_a_yaml_that_is_not_a_mapping_is_reported(tree: object) -> None:
    with pytest.raises(EngineError) as caught:
        interpret(tree, "x.yaml")
    assert (
        str(caught.value) == f"x.yaml: it must be a mapping as in v1-inference.yaml, not {tree!r}."
    )


def test_a_section_that_is_not_a_mapping_is_reported() -> None:
    with pytest.raises(EngineError) as caught:
        interpret(spoiled(f"{PARAMS}.unet_config", 3), "x.yaml")
    told = "x.yaml: model.params.unet_config must be a mapping as in v1-inference.yaml, not 3."
    assert str(caught.value) == told


def test_a_number_that_yaml_reads_as_text_becomes_a_number(tmp_path: Path) -> None:
    tree = spoiled(f"{PARAMS}.linear_start", 5)
    path = tmp_path / "x.yaml"
    text = yaml.safe_dump(tree).replace("linear_start: 5", "linear_start: 1e-4")
    assert "linear_start: 1e-4" in text
    path.write_text(text)
    assert interpret(importing._load_yaml(path), "x.yaml").schedule["beta_start"] == 1e-4


@pytest.mark.parametrize("text", ["1e-4", "+2E3", "1.e-4", "-1.5e2"])
def test_every_spelling_of_a_number_is_read_as_a_number(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"a: {text}")
    assert importing._load_yaml(path) == {"a": float(text)}
    path.write_text(f"a: x{text}")
    assert importing._load_yaml(path) == {"a": f"x{text}"}


@pytest.mark.parametrize(
    "text",
    ["a: [b", "a: " + "1" * 5000, "a: 2024-99-99", "[" * 5000, "a: !!python/name:os.system"],
    ids=["half", "endless", "impossible date", "deep", "code"],
)
def test_a_file_that_is_not_yaml_is_reported(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(EngineError) as caught:
        importing._load_yaml(path)
    assert str(caught.value).startswith(f"{path} is not YAML (")
