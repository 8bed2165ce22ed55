"""Converting to the original layout and back changes nothing, and other programs read the file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from models.__main__ import main
from models.catalogue.card import Prediction
from models.catalogue.registry import card_of, faults
from models.checkpoint.exporting import export, layout_of
from models.checkpoint.files import read, read_part
from models.checkpoint.importing import import_checkpoint
from models.checkpoint.inference_yaml import describe, interpret, standard_layout
from models.checkpoint.names import TEXT, TextKind, to_original
from models.checkpoint.prediction import probe_prediction
from models.checkpoint.skeleton import PARTS, skeleton
from models.contract import EngineError
from models.engine.check import examine
from models.engine.loader import load
from models.engine.slots import SlotEngine
from tests.stages import tiny_models
from tests.stages.tiny_checkpoints import (
    LICENCE,
    are_equal,
    change_tensors,
    clip,
    edit,
    edit_yaml,
    exported,
    file,
    openclip,
    rewrite,
    weights,
)

__all__ = ["clip", "exported", "file", "openclip"]


@pytest.fixture(params=["clip", "openclip"])
def folder(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


def pixels(folder: Path) -> bytes:
    engine = SlotEngine(load(str(folder), device="cpu"), 1)
    engine.admit(tiny_models.request("a", width_px=512, height_px=512, steps=3))
    while not (done := engine.step().finished):
        pass
    engine.close()
    return done[0].rgb


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_export_then_import_is_identical(folder: Path, tmp_path: Path, suffix: str) -> None:
    out, back = tmp_path / f"x{suffix}", tmp_path / "back"
    export(str(folder), out)
    import_checkpoint(out, back)
    assert are_equal(weights(folder), weights(back))
    for config in ("unet", "vae", "text_encoder"):
        old, new = (json.loads((f / config / "config.json").read_text()) for f in (folder, back))
        names = old.keys() - {"_name_or_path", "projection_dim", "pad_token_id"}
        assert {n: old[n] for n in names} == {n: new[n] for n in names}
    assert pixels(folder) == pixels(back)


def test_diffusers_own_reader_finds_the_same_tensors(folder: Path, tmp_path: Path) -> None:
    export(str(folder), tmp_path / "x.safetensors")
    theirs: Any = diffusers.StableDiffusionPipeline.from_single_file(
        str(tmp_path / "x.safetensors"),
        original_config=str(tmp_path / "x.yaml"),
        config=str(folder),
        local_files_only=True,
    )
    ours: Any = diffusers.StableDiffusionPipeline.from_pretrained(folder)
    for part in PARTS:
        assert are_equal(getattr(theirs, part).state_dict(), getattr(ours, part).state_dict()), part
    for name in ("attention_head_dim", "down_block_types", "cross_attention_dim", "in_channels"):
        assert getattr(theirs.unet.config, name) == getattr(ours.unet.config, name)
    assert theirs.vae.config.scaling_factor == ours.vae.config.scaling_factor


#: Names and shapes from the files that CompVis and Stability published.
PUBLISHED: dict[TextKind, dict[str, list[int]]] = {
    TextKind.CLIP: {
        "model.diffusion_model.time_embed.0.weight": [1280, 320],
        "model.diffusion_model.input_blocks.0.0.weight": [320, 4, 3, 3],
        "model.diffusion_model.input_blocks.3.0.op.weight": [320, 320, 3, 3],
        "model.diffusion_model.input_blocks.1.1.proj_in.weight": [320, 320, 1, 1],
        "model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight": [320, 768],
        "model.diffusion_model.middle_block.1.transformer_blocks.0.norm3.bias": [1280],
        "model.diffusion_model.middle_block.2.emb_layers.1.bias": [1280],
        "model.diffusion_model.output_blocks.2.1.conv.weight": [1280, 1280, 3, 3],
        "model.diffusion_model.output_blocks.5.2.conv.weight": [1280, 1280, 3, 3],
        "model.diffusion_model.output_blocks.11.0.skip_connection.weight": [320, 640, 1, 1],
        "model.diffusion_model.out.2.bias": [4],
        "first_stage_model.encoder.down.1.block.0.nin_shortcut.weight": [256, 128, 1, 1],
        "first_stage_model.encoder.mid.attn_1.q.weight": [512, 512, 1, 1],
        "first_stage_model.decoder.up.0.block.2.conv2.weight": [128, 128, 3, 3],
        "first_stage_model.decoder.up.3.upsample.conv.bias": [512],
        "first_stage_model.post_quant_conv.weight": [4, 4, 1, 1],
        "cond_stage_model.transformer.text_model.encoder.layers.11.mlp.fc1.weight": [3072, 768],
        "cond_stage_model.transformer.text_model.final_layer_norm.bias": [768],
    },
    TextKind.OPENCLIP: {
        "model.diffusion_model.input_blocks.1.1.proj_in.weight": [320, 320],
        "model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight": [
            320,
            1024,
        ],
        "cond_stage_model.model.positional_embedding": [77, 1024],
        "cond_stage_model.model.token_embedding.weight": [49408, 1024],
        "cond_stage_model.model.transformer.resblocks.22.attn.in_proj_weight": [3072, 1024],
        "cond_stage_model.model.transformer.resblocks.22.attn.in_proj_bias": [3072],
        "cond_stage_model.model.transformer.resblocks.0.mlp.c_fc.weight": [4096, 1024],
        "cond_stage_model.model.transformer.resblocks.0.ln_1.weight": [1024],
        "cond_stage_model.model.ln_final.bias": [1024],
    },
}
#: Tensors of their UNet, autoencoder and text encoder (23 of OpenCLIP's 24 layers, no projection).
COUNTS = {TextKind.CLIP: (686, 248, 196), TextKind.OPENCLIP: (686, 248, 4 + 12 * 23)}


@pytest.mark.parametrize("kind", list(TextKind))
def test_names_and_shapes_match_the_published_files(kind: TextKind) -> None:
    layout = standard_layout(kind, Prediction.EPSILON)
    assert interpret(describe(layout), "the yaml") == layout
    wide = kind is TextKind.OPENCLIP
    text = {
        "vocab_size": 49408,
        "hidden_size": 1024 if wide else 768,
        "intermediate_size": 4096 if wide else 3072,
        "num_hidden_layers": 23 if wide else 12,
        "num_attention_heads": 16 if wide else 12,
        "max_position_embeddings": 77,
    }
    original: dict[str, torch.Tensor] = {}
    counts: list[int] = []
    for part in PARTS:
        plan = skeleton(part, layout, text)
        state = {k: torch.empty(shape, device="meta") for k, shape in plan.shapes.items()}
        tensors = to_original(state, plan.places)
        counts.append(len(tensors))
        original |= tensors
    assert tuple(counts) == COUNTS[kind]
    found = {key: list(original[key].shape) for key in PUBLISHED[kind]}
    assert found == PUBLISHED[kind]


def test_the_prefix_dropped_by_transformers_is_restored(exported: Path) -> None:
    with safe_open(exported / "waifu.safetensors", framework="pt") as held:
        keys = [key for key in held.keys() if key.startswith("cond_stage_model.")]  # noqa: SIM118
        positions = held.get_tensor(TEXT[TextKind.CLIP] + "embeddings.position_ids")
    assert all(key.startswith("cond_stage_model.transformer.text_model.") for key in keys)
    assert torch.equal(positions, torch.arange(77)[None])


def test_precision_is_kept_unless_half_is_requested(clip: Path, tmp_path: Path) -> None:
    export(str(clip), tmp_path / "full.safetensors")
    export(str(clip), tmp_path / "half.safetensors", half=True)
    full, half = (read(tmp_path / f"{name}.safetensors")[0] for name in ("full", "half"))
    for key, tensor in full.items():
        wanted = tensor.half() if tensor.is_floating_point() else tensor
        assert half[key].dtype == wanted.dtype
        assert torch.equal(half[key], wanted)
    import_checkpoint(tmp_path / "half.safetensors", tmp_path / "back")
    assert {tensor.dtype for tensor in weights(tmp_path / "back").values()} == {torch.float16}
    assert are_equal(read_part(tmp_path / "back", "vae"), {
        key: tensor.half() for key, tensor in read_part(clip, "vae").items()
    })  # fmt: skip


def test_a_weight_too_large_for_half_precision_is_refused(clip: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(clip, tmp_path / "large")
    (folder / "card.json").unlink()
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    save_file(tensors | {"conv_in.bias": tensors["conv_in.bias"] + 1e5}, path, {"format": "pt"})
    with pytest.raises(EngineError, match=r"input_blocks\.0\.0\.bias does not fit into float16"):
        export(str(folder), tmp_path / "x.ckpt", half=True)
    assert not list(tmp_path.glob("x*"))


@pytest.mark.parametrize("moved_alone", [False, True])
@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_licence_card_and_readme_survive_export_and_import(
    clip: Path, tmp_path: Path, suffix: str, *, moved_alone: bool
) -> None:
    out = tmp_path / f"x{suffix}"
    export(str(clip), out)
    assert (tmp_path / "x.licence.md").read_text() == LICENCE
    if moved_alone:
        for path in ("x.licence.md", "x.card.json"):
            (tmp_path / path).unlink()
    import_checkpoint(out, tmp_path / "back")
    before, after = card_of(clip), card_of(tmp_path / "back")
    assert (after.id, after.defaults, after.sizes_px) == (
        before.id,
        before.defaults,
        before.sizes_px,
    )
    assert after.licence.sha256 == before.licence.sha256
    assert (tmp_path / "back" / "LICENSE.md").read_text() == LICENCE
    assert (tmp_path / "back" / "README.md").read_text() == "# Tiny\n"
    assert "unet/config.json" in after.files
    assert not faults(after, tmp_path / "back")


def test_an_imported_folder_passes_the_check(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(file), str(tmp_path / "back")]) == 0
    assert "CLIP's text encoder, 32 wide; by waifu.yaml" in capsys.readouterr().out
    report = examine(str(tmp_path / "back"), "cpu")
    assert report.prediction == "epsilon"
    assert report.card_id == "tiny-one"


def test_a_foreign_file_gets_a_card_and_the_default_licence(
    file: Path, clip: Path, tmp_path: Path
) -> None:
    tensors, _ = read(file)
    bare = tmp_path / "Foreign Model.safetensors"
    save_file(tensors, bare)
    # Only the tensors' names are left, and they do not show how many heads there are.
    shutil.copy(file.with_suffix(".yaml"), bare.with_suffix(".yaml"))
    with pytest.raises(EngineError, match="how many heads"):
        import_checkpoint(bare, tmp_path / "back", tokenizer=clip)
    texts = {"text_encoder/config.json": json.dumps({"num_attention_heads": 2})}
    save_file(tensors, bare, texts)
    import_checkpoint(bare, tmp_path / "back", tokenizer=clip)
    card = card_of(tmp_path / "back")
    assert card.id == "foreign-model"
    assert "use restrictions" in (tmp_path / "back" / "LICENSE.md").read_text().lower()
    assert card.made_by == "imported from Foreign Model.safetensors"


def test_the_yaml_decides_the_prediction(file: Path, tmp_path: Path) -> None:
    change_tensors(file)
    tensors, texts = read(file)
    rewrite(file, tensors, {key: text for key, text in texts.items() if key != "card.json"})
    edit_yaml(file, "parameterization", value="v")
    import_checkpoint(file, tmp_path / "back")
    assert card_of(tmp_path / "back").prediction is Prediction.V
    assert load(str(tmp_path / "back"), device="cpu").card.prediction is Prediction.V


def test_the_user_decides_when_card_and_yaml_disagree(file: Path, tmp_path: Path) -> None:
    edit_yaml(file, "parameterization", value="v")
    with pytest.raises(EngineError, match=r"card says epsilon and waifu\.yaml v_prediction"):
        import_checkpoint(file, tmp_path / "back")
    import_checkpoint(file, tmp_path / "back", prediction=Prediction.EPSILON)
    assert card_of(tmp_path / "back").prediction is Prediction.EPSILON


def test_zero_terminal_snr_is_marked_with_the_ztsnr_key(clip: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(clip, tmp_path / "zero")
    (folder / "card.json").unlink()
    edit(folder / "scheduler" / "scheduler_config.json", rescale_betas_zero_snr=True)
    export(str(folder), tmp_path / "x.safetensors")
    assert "ztsnr" in read(tmp_path / "x.safetensors")[0]
    import_checkpoint(tmp_path / "x.safetensors", tmp_path / "back")
    assert load(str(tmp_path / "back"), device="cpu").schedule.train_sigmas[-1] > 4000


def test_the_unused_last_layer_of_openclip_is_left_out(openclip: Path, tmp_path: Path) -> None:
    export(str(openclip), tmp_path / "x.safetensors")
    tensors, texts = read(tmp_path / "x.safetensors")
    third = "cond_stage_model.model.transformer.resblocks.2."
    fourth = {
        key.replace("resblocks.2", "resblocks.3"): value + 1
        for key, value in tensors.items()
        if third in key
    }
    # As in Stability's file: the whole OpenCLIP model and no texts of its own.
    texts = {"text_encoder/config.json": '{"num_attention_heads": 2}'}
    save_file(tensors | fourth, tmp_path / "y.safetensors", texts)
    shutil.copy(tmp_path / "x.yaml", tmp_path / "y.yaml")
    import_checkpoint(tmp_path / "y.safetensors", tmp_path / "back", tokenizer=openclip)
    assert are_equal(weights(openclip), weights(tmp_path / "back"))


def test_a_file_without_a_yaml_is_read_as_its_familys_standard(file: Path, tmp_path: Path) -> None:
    file.with_suffix(".yaml").unlink()
    with pytest.raises(EngineError, match="its text encoder is 32 wide and the standard"):
        import_checkpoint(file, tmp_path / "back")


def fitted(unet: Any, target: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Any:
    """The UNet's weights, with the last layer as the least-squares fit at the last timestep."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(4, 4, 16, 16, generator=generator)
    clean = torch.randn(4, 4, 1, 1, generator=generator).expand(4, 4, 16, 16)
    seen: list[torch.Tensor] = []
    hook = unet.conv_out.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        unet(0.068 * clean + 0.998 * noise, 999, encoder_hidden_states=torch.zeros(4, 77, 32))
        hook.remove()
        rows = torch.nn.functional.unfold(seen[0], 3, padding=1).transpose(1, 2).flatten(0, 1)
        wanted = target(clean, noise).flatten(2).transpose(1, 2).flatten(0, 1)
        answer = torch.linalg.lstsq(rows, wanted).solution
        unet.conv_out.weight.copy_(answer.T.reshape(unet.conv_out.weight.shape))
        unet.conv_out.bias.zero_()
    return unet.state_dict()


@pytest.mark.parametrize("prediction", list(Prediction))
def test_the_prediction_type_is_found_by_running_the_unet(
    clip: Path, prediction: Prediction
) -> None:
    targets: dict[Prediction, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
        Prediction.EPSILON: lambda _, noise: noise,
        Prediction.V: lambda clean, noise: 0.068 * noise - 0.998 * clean,
    }
    unet = diffusers.UNet2DConditionModel.from_pretrained(clip / "unet")
    assert probe_prediction(fitted(unet, targets[prediction]), layout_of(clip)) is prediction
