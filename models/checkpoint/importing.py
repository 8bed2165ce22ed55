"""`python -m models import FILE OUT_FOLDER`: an original checkpoint as a diffusers folder.

The file is read once, without running anything, converted, and served as safetensors from then on.
The yaml beside it is read here, because diffusers' own loader ignores its prediction type.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor

from models.catalogue.card import Card, Prediction
from models.checkpoint import companions
from models.checkpoint.files import read, replace_folder, staging, write_part
from models.checkpoint.inference_yaml import Layout, interpret, standard_layout
from models.checkpoint.names import TEXT, UNET, VAE, ZERO_SNR, TextKind, to_diffusers
from models.checkpoint.prediction import probe_prediction
from models.checkpoint.skeleton import PARTS, require_fit, skeleton
from models.checkpoint.vocabulary import write_tokenizer
from models.contract import EngineError

#: The width of an attention head in every CLIP; files do not state it.
_HEAD_WIDTH = 64
#: OpenCLIP's ViT-H, (width, layers); Stable Diffusion 2 leaves its last layer unused.
_OPENCLIP_H = (1024, 24)
#: Some exporters leave out the module `text_model` after this prefix.
_OLD_TEXT_PREFIX = "cond_stage_model.transformer."
#: Tensors that reveal a text encoder's (words, width), (positions, width), (inner, width).
_TEXT_SIZES = {
    TextKind.CLIP: (
        "embeddings.token_embedding.weight",
        "embeddings.position_embedding.weight",
        "encoder.layers.0.mlp.fc1.weight",
    ),
    TextKind.OPENCLIP: (
        "token_embedding.weight",
        "positional_embedding",
        "transformer.resblocks.0.mlp.c_fc.weight",
    ),
}
#: The schedule for files that give none, with Stable Diffusion's `steps_offset`.
_DEFAULT_SCHEDULE = {
    "_class_name": "DDIMScheduler",
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
_TEXT_LAYERS = {TextKind.CLIP: "encoder.layers.", TextKind.OPENCLIP: "transformer.resblocks."}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file as read: its tensors under original names, and the texts stored with it."""

    file: Path
    kind: TextKind
    tensors: dict[str, Tensor]
    texts: dict[str, str]

    @property
    def card(self) -> Card | None:
        """The card stored with it."""
        return companions.card_in(self.texts, self.file)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .safetensors or .ckpt in the original layout")
    parser.add_argument("out", type=Path, help="the diffusers folder to make")
    parser.add_argument("--config", type=Path, help="its inference yaml, if not FILE's stem .yaml")
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer folder, or a model with one")
    parser.add_argument(
        "--prediction", choices=[p.value for p in Prediction], help="overrides yaml and card"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing folder")


def run(args: argparse.Namespace) -> int:
    """Import and print what was made; a fault is raised as EngineError."""
    lines = import_checkpoint(
        args.file,
        args.out,
        config=args.config,
        tokenizer=args.tokenizer,
        prediction=Prediction(args.prediction) if args.prediction else None,
        force=args.force,
    )
    print("\n".join(lines))
    return 0


def import_checkpoint(
    file: Path,
    out: Path,
    *,
    config: Path | None = None,
    tokenizer: Path | None = None,
    prediction: Prediction | None = None,
    force: bool = False,
) -> list[str]:
    """Make the folder, whole or not at all; return lines for people. EngineError says why not."""
    if out.exists() and not force:
        raise EngineError(f"{out} exists already; choose another name, or add --force.")
    checkpoint = open_checkpoint(file)
    layout, source = _layout(checkpoint, config, prediction)
    text = _text_config(checkpoint, layout)
    if text["hidden_size"] != layout.unet["cross_attention_dim"]:
        raise EngineError(
            f"{file}: its text encoder is {text['hidden_size']} wide and {source} says "
            f"{layout.unet['cross_attention_dim']}."
        )
    with staging(out) as stage:
        for part in PARTS:
            plan = skeleton(part, layout, text)
            tensors = to_diffusers(checkpoint.tensors, plan.places)
            require_fit(tensors, plan.shapes, f"{file} does not fit {source}: {part}")
            _write_part(stage, part, plan.module, tensors)
        word_count, tokenizer_folder = text["vocab_size"], stage / "tokenizer"
        write_tokenizer(
            tokenizer_folder,
            word_count=word_count,
            kind=checkpoint.kind,
            source=tokenizer,
            texts=checkpoint.texts,
        )
        _write_configs(stage, checkpoint, layout)
        card = companions.finish_folder(stage, file, checkpoint.texts)
        replace_folder(stage, out)
    return [
        f"folder      {out}",
        f"card        {card.id}",
        f"shape       {checkpoint.kind}'s text encoder, {text['hidden_size']} wide; by {source}",
        f"prediction  {layout.schedule['prediction_type']}",
        f"licence     {card.licence.name}",
    ]


def open_checkpoint(file: Path) -> Checkpoint:
    """Read a checkpoint of Stable Diffusion 1 or 2. EngineError if it is another family's."""
    tensors, texts = read(file)
    tensors = {_with_text_model(key): tensor for key, tensor in tensors.items()}
    return Checkpoint(
        file, _text_kind(tensors, file), tensors, companions.checkpoint_texts(file, texts)
    )


def _with_text_model(key: str) -> str:
    """A tensor's original name, restoring `text_model` where a file lacks it."""
    rest = key.removeprefix(_OLD_TEXT_PREFIX)
    old = rest != key and rest.startswith(("embeddings.", "encoder.", "final_layer_norm."))
    return TEXT[TextKind.CLIP] + rest if old else key


def _text_kind(tensors: dict[str, Tensor], file: Path) -> TextKind:
    """The file's kind of text encoder. EngineError if it is another family's, or incomplete."""

    def holds(prefix: str) -> bool:
        return any(key.startswith(prefix) for key in tensors)

    if holds("conditioner.embedders."):
        raise EngineError(f"{file} is of Stable Diffusion XL; only 1 and 2 are supported.")
    kinds = [kind for kind, prefix in TEXT.items() if holds(prefix)]
    parts = {"UNet": holds(UNET), "autoencoder": holds(VAE), "text encoder": bool(kinds)}
    if missing := [part for part, present in parts.items() if not present]:
        raise EngineError(
            f"{file} is not a complete checkpoint of Stable Diffusion 1 or 2: it has no weights of "
            f"the {', '.join(missing)} under their original names."
        )
    return kinds[0]


def _layout(
    checkpoint: Checkpoint, config: Path | None, prediction: Prediction | None
) -> tuple[Layout, str]:
    """The layout from the yaml, else the family's standard one; and where it came from.

    The prediction type is the caller's, the yaml's, the card's, or what the UNet shows, in this
    order.
    """
    path = config or companions.companion_paths(checkpoint.file)[0]
    card = checkpoint.card
    if config is not None or path.exists():
        layout, source = interpret(_load_yaml(path), str(path)), path.name
        if card and prediction is None and card.prediction != layout.schedule["prediction_type"]:
            raise EngineError(
                f"{checkpoint.file}: its card says {card.prediction} and {source} "
                f"{layout.schedule['prediction_type']}; decide with --prediction."
            )
    else:
        is_clip = checkpoint.kind is TextKind.CLIP
        source = f"the standard of Stable Diffusion {1 if is_clip else 2} (there is no yaml)"
        prediction = prediction or (card.prediction if card else _probe_unet(checkpoint, source))
        layout = standard_layout(checkpoint.kind, prediction)
    if layout.text is not checkpoint.kind:
        raise EngineError(
            f"{checkpoint.file}: its text encoder is {checkpoint.kind}'s and {source} says "
            f"{layout.text}'s."
        )
    if layout.unet["in_channels"] != layout.vae["latent_channels"]:
        raise EngineError(
            f"{checkpoint.file} is for inpainting and cannot draw from a prompt alone."
        )
    if prediction is not None:
        layout = replace(layout, schedule=layout.schedule | {"prediction_type": prediction})
    return _corrected_layout(checkpoint, layout), source


def _corrected_layout(checkpoint: Checkpoint, layout: Layout) -> Layout:
    """The layout, corrected where the yaml cannot express something or is known to be wrong."""
    unet = layout.unet | companions.part_fields(checkpoint.texts, "unet")
    vae = layout.vae | companions.part_fields(checkpoint.texts, "vae")
    is_openclip_wide = unet["cross_attention_dim"] == _OPENCLIP_H[0]
    predicts_v = layout.schedule["prediction_type"] == Prediction.V
    if checkpoint.card is None and is_openclip_wide and predicts_v and unet["sample_size"] == 64:
        # Stability's v2-inference-v.yaml says 64 for a model that was trained at 768 px.
        unet |= {"sample_size": 96}
    return replace(layout, unet=unet, vae=vae)


class _Loader(yaml.SafeLoader):
    """Reads `1e-4` as a number; yaml 1.1 takes it for text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+\Z"),
    [*"-+0123456789"],
)


def _load_yaml(path: Path) -> object:
    try:
        return yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506  a safe one
    # Besides yaml's own errors: an invalid date, a number with thousands of digits, deep nesting.
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        reason = " ".join(str(fault).split())[:200]
        raise EngineError(f"{path} is not YAML ({reason}).") from fault


def _probe_unet(checkpoint: Checkpoint, source: str) -> Prediction:
    """The prediction type of a file without yaml and card, found by running the UNet."""
    layout = standard_layout(checkpoint.kind, Prediction.EPSILON)
    plan = skeleton("unet", layout, {})
    unet = to_diffusers(checkpoint.tensors, plan.places)
    require_fit(unet, plan.shapes, f"{checkpoint.file} is not {source} (name one with --config)")
    return probe_prediction(unet, layout)


def _text_config(checkpoint: Checkpoint, layout: Layout) -> dict[str, Any]:
    """The text encoder's config: sizes from its weights, the rest from the texts or the family."""
    is_clip, prefix = checkpoint.kind is TextKind.CLIP, TEXT[checkpoint.kind]
    size_keys = [prefix + name for name in _TEXT_SIZES[checkpoint.kind]]
    if missing := [key for key in size_keys if key not in checkpoint.tensors]:
        raise EngineError(f"{checkpoint.file}: {missing[0]} is missing.")
    (words, width), (positions, _), (inner, _) = (
        checkpoint.tensors[key].shape for key in size_keys
    )
    block = prefix + _TEXT_LAYERS[checkpoint.kind]
    layer_keys = [key.removeprefix(block) for key in checkpoint.tensors if key.startswith(block)]
    layers = len({key.split(".")[0] for key in layer_keys})
    if layout.skips_last_layer and (width, layers + 1) != _OPENCLIP_H:
        layers -= 1
    stored = companions.part_fields(checkpoint.texts, "text_encoder")
    heads = stored.get("num_attention_heads", width // _HEAD_WIDTH)
    if heads < 1 or width % heads:
        raise EngineError(f"{checkpoint.file}: nothing tells how many heads its text encoder has.")
    return {
        "architectures": ["CLIPTextModel"],
        "dtype": str(checkpoint.tensors[size_keys[0]].dtype).removeprefix("torch."),
        "vocab_size": words,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": stored.get("num_hidden_layers", layers),
        "num_attention_heads": heads,
        "max_position_embeddings": positions,
        "hidden_act": "quick_gelu" if is_clip else "gelu",
        "layer_norm_eps": stored.get("layer_norm_eps", 1e-5),
        "projection_dim": width,
        "bos_token_id": words - 2,
        "eos_token_id": words - 1,
        "pad_token_id": words - 1 if is_clip else 0,
    }


def _write_part(stage: Path, part: str, module: Any, tensors: dict[str, Tensor]) -> None:
    """Write one part's weights, and the config of the empty module."""
    (stage / part).mkdir()
    write_part(stage, part, tensors)
    if part == "text_encoder":
        module.config.save_pretrained(stage / part)
    else:
        module.save_config(stage / part)


def _write_configs(stage: Path, checkpoint: Checkpoint, layout: Layout) -> None:
    """Write scheduler_config.json and model_index.json."""
    schedule = companions.schedule(checkpoint.texts) or _DEFAULT_SCHEDULE
    schedule = schedule | layout.schedule
    if ZERO_SNR in checkpoint.tensors:
        # A schedule that begins at zero signal must begin at its last step (arXiv:2305.08891).
        schedule = {"timestep_spacing": "trailing"} | schedule | {"rescale_betas_zero_snr": True}
    index = {
        "_class_name": "StableDiffusionPipeline",
        "scheduler": ["diffusers", schedule["_class_name"]],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
    }
    (stage / "scheduler").mkdir()
    for path, data in ((companions.SCHEDULE, schedule), ("model_index.json", index)):
        (stage / path).write_text(json.dumps(data, indent=2) + "\n", "utf-8")
