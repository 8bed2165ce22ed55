"""Fine-tuning end to end on a tiny base: what it makes, what it learns, and that modes agree."""

from __future__ import annotations

import hashlib
import json
import statistics
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from models.catalogue.registry import card_of, faults, seal
from models.checkpoint.files import read_part
from models.data.latents import encode
from models.engine.check import check
from models.engine.conditioning import Conditioner
from models.engine.loader import load
from models.finetuning import recipe as recipes
from models.finetuning.command import finetune
from models.finetuning.steps import Stepper
from models.finetuning.words import CachedWords, embed
from models.training.lora import merged
from tests.stages.tiny_finetuning import Place, place, tiny_base
from tests.stages.tiny_models import build

__all__ = ["place", "tiny_base"]

UNET = "unet/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"


def test_defaults_are_the_published_recipe(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('base = "b"\ndata = "d"\nout = "o"\n')
    recipe = recipes.read(path)
    assert (recipe.optimizer, recipe.beta1, recipe.beta2) == ("adamw", 0.9, 0.999)
    assert (recipe.eps, recipe.weight_decay, recipe.lr) == (1e-8, 1e-2, 5.0e-6)
    assert (recipe.epochs, recipe.lr_curve, recipe.warmup) == (4, "cosine", 0.05)
    assert (recipe.captions.caption_dropout, recipe.ema, recipe.ema_decay) == (0.1, True, 0.9999)
    assert (recipe.resolution_px, recipe.method, recipe.train_text_encoder) == (512, "full", False)


def test_a_run_produces_a_model_with_card_licence_curves_and_sheets(place: Place) -> None:
    place.train("new", samples={"prompts": ["1girl", "smile"], "count": 1, "steps": 1})
    model = place.out("new") / "model"
    assert check(str(model), device="cpu").startswith("new (new), ")
    card = card_of(model)
    assert (card.id, card.name, card.parent) == ("new", "new", "tiny-waifu")
    assert card.made_by == "python -m models finetune new.toml"
    assert card.licence.file == "LICENSE.md"
    assert "CreativeML" in (model / "LICENSE.md").read_text()
    assert card.files.keys() >= {UNET, TEXT, "vae/config.json", "model_index.json"}
    assert faults(card, model) == []
    assert len(place.curve("new")) == 2 * 4
    for name, least in (("curve.png", 900), ("samples/epoch-01.png", 200)):
        with Image.open(place.out("new") / name) as picture:
            assert picture.width > least
    assert (place.out("new") / "samples" / "epoch-02.png").exists()


def test_the_output_unet_is_the_average_and_the_rest_is_the_base(place: Place) -> None:
    place.train("new")
    model, state = place.out("new") / "model", place.state("new")
    assert not any("text_encoder" in name for name in state)
    for name, weight in load_file(model / UNET).items():
        assert torch.equal(weight, state[f"average unet.{name}"])
    assert not torch.equal(
        state["average unet.conv_in.weight"], state["weights unet.conv_in.weight"]
    )
    for same in (TEXT, "vae/diffusion_pytorch_model.safetensors", "tokenizer/vocab.json"):
        assert (model / same).read_bytes() == (place.base / same).read_bytes()


def test_weights_are_saved_in_half_precision_by_default(place: Place) -> None:
    place.train("new", saved_as=None, ema=False, epochs=1)
    assert {w.dtype for w in load_file(place.out("new") / "model" / UNET).values()} == {
        torch.float16
    }


def test_the_bases_licence_is_copied_to_the_model(place: Place, tmp_path: Path) -> None:
    base = build(tmp_path / "licensed")
    (base / "LICENSE").write_text("Draw kindly.")
    (base / "README.md").write_text("Made of my own pictures alone.")
    place.train("new", base=str(base), epochs=1)
    model = place.out("new") / "model"
    assert (model / "LICENSE").read_text() == "Draw kindly."
    told = (model / "README.md").read_text()
    assert "my own pictures" not in told  # True only of the base.
    card = card_of(model)
    assert f"`{card.parent}` trained further" in told
    assert card.licence.sha256 == hashlib.sha256(b"Draw kindly.").hexdigest()


def test_two_pictures_are_memorised(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    for index in range(120):
        colour, caption = (("#e03030", "red"), ("#3040e0", "blue"))[index % 2]
        Image.new("RGB", (16, 16), colour).save(folder / f"{index}.png")
        (folder / f"{index}.txt").write_text(caption)
    place.train("new", data=str(folder), epochs=4, batch=8, lr=2e-2, ema=False)
    losses = place.losses("new")
    assert statistics.fmean(losses[-20:]) < 0.35 * losses[0]


def test_accumulated_gradients_equal_those_of_the_large_batch(place: Place) -> None:
    place.train("large", batch=4, epochs=1)
    place.train("small", batch=1, accumulate=4, epochs=1)
    large, small = place.curve("large"), place.curve("small")
    assert len(large) == len(small) == 3
    for one, other in zip(large, small, strict=True):
        assert other == pytest.approx(one, rel=1e-4)
    weights = place.state("small")
    for name, weight in place.state("large").items():
        if name.startswith("weights"):
            torch.testing.assert_close(weights[name], weight, rtol=1e-4, atol=2e-5)


def test_gradient_checkpointing_keeps_fewer_activations_and_the_same_losses(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    loss = Stepper._loss

    def counted(self: Stepper, *given: Any) -> torch.Tensor:
        def keep(x: torch.Tensor) -> torch.Tensor:
            kept[-1] += x.nbytes
            return x

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
            return loss(self, *given)

    monkeypatch.setattr(Stepper, "_loss", counted)
    changes: dict[str, Any] = {"epochs": 1, "train_text_encoder": True}
    for run, lean in (("plain", False), ("lean", True)):
        kept.append(0)
        place.train(run, gradient_checkpointing=lean, **changes)
    assert place.losses("lean") == pytest.approx(place.losses("plain"), rel=1e-5)
    assert kept[1] < kept[0] / 2


def test_only_the_text_encoder_layers_that_are_read_are_trained(place: Place) -> None:
    place.train("new", train_text_encoder=True, clip_skip=2, epochs=1, ema=False)
    model = place.out("new") / "model"
    before, after = read_part(place.base, "text_encoder"), read_part(model, "text_encoder")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    # Under the standard names: with others, older readers leave the encoder's weights random.
    assert all(name.startswith("text_model.") for name in load_file(model / TEXT))
    assert any("layers.1." in name for name in changed)
    # A layer that is not read has no gradient, and several GPUs would wait for one.
    assert not any("layers.2." in name for name in (*changed, *place.state("new")))
    assert card_of(model).defaults.clip_skip == 2
    assert "draws" not in check(str(model), device="cpu")


def test_cached_embeddings_train_the_same_model_and_are_made_once(place: Place) -> None:
    place.train("plain", ema=False)
    place.train("kept", ema=False, cache_text=True)
    assert place.losses("kept") == pytest.approx(place.losses("plain"), rel=1e-3)
    folder = place.out("kept") / "latents"
    made = {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    captions = 3  # Short ones, long ones (of more chunks), and the empty one of caption dropout.
    latents = len(list((place.out("plain") / "latents").rglob("*.safetensors")))
    assert latents < len(made) <= latents + 2 * captions
    place.train("again", ema=False, cache_text=True, cache=str(folder))
    assert place.losses("again") == place.losses("kept")
    assert made == {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}


def test_a_bfloat16_run_reads_cached_embeddings(place: Place) -> None:
    place.train("plain", ema=False, epochs=1, precision="bf16")
    place.train("kept", ema=False, epochs=1, precision="bf16", cache_text=True)
    assert place.losses("kept") == pytest.approx(place.losses("plain"), rel=2e-2)


def test_cached_embeddings_do_not_depend_on_the_runs_precision(
    tiny_base: Path, tmp_path: Path
) -> None:
    encoder = load(str(tiny_base), device="cpu").text_encoder
    ids = torch.randint(0, 50, (2, 1, 77), generator=torch.Generator().manual_seed(0))
    plain = CachedWords(encoder, 1, tmp_path / "plain").embeddings(ids)
    with torch.autocast("cpu", torch.bfloat16):
        lowered = CachedWords(encoder, 1, tmp_path / "lowered").embeddings(ids)
        assert not torch.equal(embed(encoder, ids, 1).half(), plain)
    assert torch.equal(lowered, plain)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"train_text_encoder": True}, "a text encoder that is not trained"),
        ({"captions": {"order": "shuffle"}}, "captions that stay the same"),
        ({"captions": {"tag_dropout": 0.1}}, "captions that stay the same"),
    ],
)
def test_embeddings_that_would_change_cannot_be_cached(
    place: Place, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(recipes.RecipeError, match=why):
        place.train("new", cache_text=True, **changes)


def test_lora_saves_only_its_matrices_and_loads_in_diffusers(place: Place) -> None:
    from diffusers import StableDiffusionPipeline

    place.train(
        "new",
        method="lora",
        train_text_encoder=True,
        lr=1e-1,
        ema=False,
        lora={"rank": 2, "alpha": 4.0},
    )
    lora, model = place.out("new") / "lora", place.out("new") / "model"
    about = json.loads((lora / "lora.json").read_text())
    assert (about["base"]["id"], about["rank"], about["alpha"]) == ("tiny-waifu", 2, 4)
    assert about["files"].keys() == {"LICENSE.md", "pytorch_lora_weights.safetensors"}
    with safe_open(lora / "pytorch_lora_weights.safetensors", "pt") as file:
        names, adapters = file.keys(), json.loads(file.metadata()["lora_adapter_metadata"])
    assert all(".lora_A.weight" in name or ".lora_B.weight" in name for name in names)
    # What diffusers before 0.36 and transformers before 5.6 look for.
    assert {n for n in adapters if n.endswith("_pattern")} == {
        f"{part}.{kind}_pattern" for part in ("unet", "text_encoder") for kind in ("rank", "alpha")
    }
    words = [name for name in names if name.startswith("text_encoder.")]
    assert words
    assert all(name.startswith("text_encoder.text_model.") for name in words)

    pipeline: Any = StableDiffusionPipeline.from_pretrained(place.base, local_files_only=True)
    pipeline.load_lora_weights(lora)
    whole = load(str(model), device="cpu")
    plain = load(str(place.base), device="cpu")
    x, words = torch.ones(1, 4, 8, 8), torch.ones(1, 77, 16)

    def say(unet: Any) -> torch.Tensor:
        with torch.no_grad():
            return unet(x, 500, words).sample

    torch.testing.assert_close(say(whole.unet), say(pipeline.unet), rtol=1e-4, atol=1e-5)
    assert (say(whole.unet) - say(plain.unet)).abs().max() > 1e-2
    ids = torch.tensor([[*range(77)]])
    with torch.no_grad():
        theirs = pipeline.text_encoder(ids).last_hidden_state
        torch.testing.assert_close(
            whole.text_encoder(ids).last_hidden_state, theirs, rtol=1e-4, atol=1e-4
        )
    assert check(str(model), device="cpu")


def test_a_lora_need_not_be_merged(place: Place) -> None:
    place.train("new", method="lora", epochs=1, lora={"merge": False, "dropout": 0.1})
    assert sorted(p.name for p in place.out("new").iterdir()) == [
        "curve.csv", "curve.png", "latents", "lora", "states",
    ]  # fmt: skip


def test_merging_adds_the_scaled_product_of_the_matrices() -> None:
    base = {"x.weight": torch.eye(2), "y": torch.zeros(1)}
    down, up = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]])
    trained = {"x.lora_A.default.weight": down, "x.lora_B.default.weight": up, "y": torch.ones(1)}
    result = merged(base, trained, 0.5)
    assert result["x.weight"].tolist() == [[2.5, 3.0], [2.0, 5.0]]
    assert result["y"].tolist() == [1]
    assert base["x.weight"].tolist() == [[1, 0], [0, 1]]


def test_bfloat16_training_keeps_master_weights_in_float32(place: Place) -> None:
    place.train("half", precision="bf16", epochs=1)
    files = place.states("half")[-1].glob("*.safetensors")
    assert {path.stem for path in files} == {"weights", "average", "optimizer", "generators"}
    state = place.state("half").items()
    weights = [w for n, w in state if not n.startswith("generators") and not n.endswith(".step")]
    assert {weight.dtype for weight in weights} == {torch.float32}
    from tests.stages.tiny_finetuning import forget_devices

    forget_devices()
    place.train("full", epochs=1)
    assert place.losses("half") == pytest.approx(place.losses("full"), rel=0.05)
    assert place.losses("half") != place.losses("full")


def test_a_base_with_the_tiny_autoencoder_can_be_trained(place: Place, tmp_path: Path) -> None:
    base = build(tmp_path / "small", tiny_vae=True, prediction_type="v_prediction")
    place.train("new", base=str(base), epochs=1, min_snr=5.0, flip=0.5, noise_offset=0.05)
    assert "v_prediction" in check(str(place.out("new") / "model"), device="cpu")


@pytest.mark.parametrize("kind", ["AutoencoderKL", "AutoencoderTiny"])
def test_latents_are_the_scaled_encoding_that_drawing_decodes(tmp_path: Path, kind: str) -> None:
    tiny_vae = kind == "AutoencoderTiny"
    parts = load(str(build(tmp_path / "base", tiny_vae=tiny_vae)), device="cpu")
    vae = parts.vae
    pixels = torch.rand(2, 3, 16, 16) * 2 - 1
    latents = encode(vae, pixels)
    network: Any = vae
    with torch.no_grad():
        encoded = network.encode(pixels)
    plain = encoded.latents if tiny_vae else encoded.latent_dist.mean
    assert latents.shape == (2, 1 if tiny_vae else 2, 4, 8, 8)
    torch.testing.assert_close(latents[:, 0], plain * network.config.scaling_factor)
    torch.testing.assert_close(parts.family.unscale(vae, latents[:, 0]), plain)


@pytest.mark.parametrize("clip_skip", [1, 2])
def test_training_encodes_a_caption_as_drawing_encodes_a_prompt(
    tiny_base: Path, clip_skip: int
) -> None:
    from models.data.tokens import token_ids

    parts = load(str(tiny_base), device="cpu")
    text = "1girl, " + "long hair, " * 12
    with torch.no_grad():
        ids = token_ids([text, "smile"], parts.tokenizer)
        trained = embed(parts.text_encoder, ids, clip_skip)
        prompts = Conditioner(parts.tokenizer, parts.text_encoder, clip_skip)
        first, second = prompts.pair(text, "smile")
    assert ids.shape[1] > 1
    torch.testing.assert_close(
        trained, torch.stack([first.tokens, second.tokens]), rtol=1e-4, atol=1e-5
    )


def test_only_pictures_with_the_minimum_score_are_trained_on(place: Place) -> None:
    names = [f"{index}.png" for index in range(5)]
    rows = [
        {"file_name": n, "text": "1girl", "aesthetic": s}
        for n, s in zip(names, (7.0, 6.5, 5.0, 2.0, None), strict=True)
    ]
    (place.pictures / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    said = place.train("new", min_score=6.0, epochs=1)
    assert any(line.startswith("2 pictures in 1 buckets") for line in said), said
    assert any("3 pictures have no score or one below 6.0" in line for line in said), said


def test_a_new_model_needs_its_own_id_and_names_its_parent(place: Place, tmp_path: Path) -> None:
    base = build(tmp_path / "sealed")
    card = replace(card_of(base), id="parent-1", made_by="by hand")
    seal(card, base)
    with pytest.raises(recipes.RecipeError, match="give the new model another"):
        finetune(place.recipe("new", base=str(base), name="Parent 1"), resume=False, cpu=True)
    place.train("new", base=str(base), epochs=1)
    model = place.out("new") / "model"
    found = card_of(model)
    assert found.parent == "parent-1"
    assert found.files.keys() >= card_of(base).files.keys() >= {UNET, TEXT}
    assert faults(found, model) == []


def test_the_documentation_names_every_key_with_its_default(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "finetuning.md").read_text()
    block = text.split("```toml\n")[1].split("```")[0]
    path, short = tmp_path / "all.toml", tmp_path / "short.toml"
    path.write_text(block)
    documented = tomllib.loads(block)
    short.write_text("\n".join(f"{k} = {documented[k]!r}" for k in ("base", "data", "out")))
    assert recipes.read(path) == recipes.read(short)
    unsaid = {"min_score": documented, "leave_out": documented["captions"]}
    for table, kind in (
        (documented, recipes.Recipe),
        (documented["captions"], recipes.CaptionPolicy),
        (documented["lora"], recipes.Lora),
        (documented["samples"], recipes.Samples),
    ):
        keys = {f.name for f in fields(kind)} - {k for k, v in unsaid.items() if v is table}
        assert table.keys() == keys
    assert all(f"# {key} = " in block for key in unsaid)
