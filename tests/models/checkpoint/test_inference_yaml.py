"""What a faulty inference yaml is told: the whole sentence for each kind of fault."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.catalogue.card import Prediction
from models.checkpoint import importing
from models.checkpoint.inference_yaml import describe, interpret, standard
from models.checkpoint.names import TextKind
from models.contract import EngineError

#: Stands for "take the field out".
GONE = object()
PARAMS = "model.params"
UNET, VAE = f"{PARAMS}.unet_config.params", f"{PARAMS}.first_stage_config.params"
TEXT = f"{PARAMS}.cond_stage_config"
OTHER_UNET = "of Stable Diffusion 1 or 2 (openaimodel.UNetModel)"
LAYERS = "last, or penultimate for OpenCLIP"
FAULTS: list[tuple[str, Any, str]] = [
    (PARAMS, GONE, "is missing."),
    (f"{PARAMS}.parameterization", "x0", "must be eps or v, and is 'x0'."),
    (f"{PARAMS}.parameterization", 3, "must be a text, and is 3."),
    (f"{PARAMS}.beta_schedule", "cosine", "must be linear, and is 'cosine'."),
    (f"{PARAMS}.image_size", "64", "must be a whole number, and is '64'."),
    (f"{PARAMS}.timesteps", True, "must be a whole number, and is True."),
    (f"{PARAMS}.linear_start", "low", "must be a number, and is 'low'."),
    (f"{PARAMS}.linear_end", None, "must be a number, and is None."),
    (f"{PARAMS}.scale_factor", [1], "must be a number, and is [1]."),
    (f"{PARAMS}.unet_config.target", "x.Other", f"must be {OTHER_UNET}, and is 'x.Other'."),
    (f"{PARAMS}.unet_config.target", GONE, f"must be {OTHER_UNET}, and is 'not there'."),
    (f"{PARAMS}.unet_config.params", GONE, "is missing."),
    (f"{UNET}.model_channels", GONE, "is missing."),
    (f"{UNET}.model_channels", 3.0, "must be a whole number, and is 3.0."),
    (f"{UNET}.channel_mult", [2, 4], "must be a list that begins with 1, and is [2, 4]."),
    (f"{UNET}.channel_mult", [], "must be a list of at least one number, and is []."),
    (f"{UNET}.channel_mult", [1, "2"], "must be a list of whole numbers, and is [1, '2']."),
    (f"{UNET}.channel_mult", [1, True], "must be a list of whole numbers, and is [1, True]."),
    (f"{UNET}.attention_resolutions", 4, "must be a list of whole numbers, and is 4."),
    (
        f"{UNET}.num_heads",
        GONE,
        "must be given, or num_head_channels, and is 'not there'.",
    ),
    (f"{UNET}.use_linear_in_transformer", 1, "must be true or false, and is 1."),
    (f"{UNET}.adm_in_channels", 2, "must be None as in Stable Diffusion 1 and 2, and is 2."),
    (f"{UNET}.dims", 3, "must be 2 as in Stable Diffusion 1 and 2, and is 3."),
    (f"{UNET}.spiral", 1, "is not of Stable Diffusion 1 or 2."),
    (f"{PARAMS}.first_stage_config.target", "x.VQ", "must be an AutoencoderKL, and is 'x.VQ'."),
    (f"{VAE}.embed_dim", 8, "must be z_channels (4), and is 8."),
    (f"{VAE}.ddconfig", GONE, "is missing."),
    (f"{VAE}.ddconfig.attn_resolutions", [8], "must be [], and is [8]."),
    (f"{VAE}.ddconfig.ch_mult", [2], "must be a list that begins with 1, and is [2]."),
    (f"{VAE}.ddconfig.ch", None, "must be a whole number, and is None."),
    (
        f"{TEXT}.target",
        "x.T5",
        "must be FrozenCLIPEmbedder or FrozenOpenCLIPEmbedder, and is 'x.T5'.",
    ),
    (f"{TEXT}.params.layer", "first", f"must be {LAYERS}, and is 'first'."),
    (f"{TEXT}.params.layer", "penultimate", f"must be {LAYERS}, and is 'penultimate'."),
]


def spoiled(path: str, value: Any) -> dict[str, Any]:
    """The yaml of Stable Diffusion 1 with one field set, or taken out."""
    tree = deepcopy(describe(standard(TextKind.CLIP, Prediction.EPSILON)))
    *names, last = path.split(".")
    place = tree
    for name in names:
        place = place.setdefault(name, {})
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return tree


@pytest.mark.parametrize(("path", "value", "told"), FAULTS)
def test_a_fault_is_told_with_its_file_its_field_and_what_would_be_right(
    path: str, value: Any, told: str
) -> None:
    with pytest.raises(EngineError) as caught:
        interpret(spoiled(path, value), "x.yaml")
    assert str(caught.value) == f"x.yaml: {path} {told}"


@pytest.mark.parametrize("name", ["monitor", "first_stage_config.params.colour"])
def test_what_says_nothing_of_the_network_may_be_there(name: str) -> None:
    assert interpret(spoiled(f"{PARAMS}.{name}", 3), "x.yaml") == interpret(
        describe(standard(TextKind.CLIP, Prediction.EPSILON)), "x.yaml"
    )


def test_what_is_left_out_is_as_in_the_original_code() -> None:
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
def test_a_yaml_that_is_no_mapping_is_told_so(tree: object) -> None:
    with pytest.raises(EngineError) as caught:
        interpret(tree, "x.yaml")
    assert str(caught.value) == "x.yaml: it must be a mapping: see v1-inference.yaml."


def test_a_part_that_is_no_mapping_is_told_so() -> None:
    with pytest.raises(EngineError) as caught:
        interpret(spoiled(f"{PARAMS}.unet_config", 3), "x.yaml")
    told = "x.yaml: model.params.unet_config. must be a mapping: see v1-inference.yaml."
    assert str(caught.value) == told


def test_a_number_that_yaml_takes_for_a_text_is_a_number(tmp_path: Path) -> None:
    tree = spoiled(f"{PARAMS}.linear_start", 5)
    path = tmp_path / "x.yaml"
    text = yaml.safe_dump(tree).replace("linear_start: 5", "linear_start: 1e-4")
    assert "linear_start: 1e-4" in text
    path.write_text(text)
    assert interpret(importing._load_yaml(path), "x.yaml").schedule["beta_start"] == 1e-4
