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
from models.checkpoint import papers
from models.checkpoint.files import put_folder, read, staging, write_part
from models.checkpoint.inference_yaml import Layout, interpret, standard
from models.checkpoint.names import TEXT, UNET, VAE, ZERO_SNR, TextKind, to_diffusers
from models.checkpoint.prediction import predicted
from models.checkpoint.skeleton import PARTS, require_fit, skeleton
from models.checkpoint.vocabulary import provide
from models.contract import EngineError

#: The width of an attention head in every CLIP; files do not state it.
_HEAD_WIDTH = 64
#: OpenCLIP's ViT-H, (width, layers); Stable Diffusion 2 leaves its last layer unused.
_OPENCLIP_H = (1024, 24)
#: Some exporters leave out the module `text_model` after this prefix.
_OLD_TEXT = "cond_stage_model.transformer."
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
        return papers.card_among(self.texts, self.file)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .safetensors or .ckpt in the original layout")
    parser.add_argument("out", type=Path, help="the diffusers folder to make")
    parser.add_argument("--config", type=Path, help="its inference yaml, if not FILE's stem .yaml")
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer folder, or a model with one")
    parser.add_argument(
        "--prediction", choices=[p.value for p in Prediction], help="overrides yaml and card"
    )
    parser.add_argument("--force", action="store_true", help="replace what is there")


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
        raise EngineError(f"{out} is there already; choose another name, or add --force.")
    held = opened(file)
    layout, source = _layout(held, config, prediction)
    text = _text_config(held, layout)
    if text["hidden_size"] != layout.unet["cross_attention_dim"]:
        raise EngineError(
            f"{file}: its text encoder is {text['hidden_size']} wide and {source} says "
            f"{layout.unet['cross_attention_dim']}."
        )
    with staging(out) as stage:
        for part in PARTS:
            plan = skeleton(part, layout, text)
            tensors = to_diffusers(held.tensors, plan.places)
            require_fit(tensors, plan.shapes, f"{file} does not fit {source}: {part}")
            _write_part(stage, part, plan.module, tensors)
        words, tokens = text["vocab_size"], stage / "tokenizer"
        provide(tokens, words=words, kind=held.kind, source=tokenizer, texts=held.texts)
        _write_configs(stage, held, layout)
        card = papers.settle(stage, file, held.texts)
        put_folder(stage, out)
    return [
        f"folder      {out}",
        f"card        {card.id}",
        f"shape       {held.kind}'s text encoder, {text['hidden_size']} wide; by {source}",
        f"prediction  {layout.schedule['prediction_type']}",
        f"licence     {card.licence.name}",
    ]


def opened(file: Path) -> Checkpoint:
    """Read a checkpoint of Stable Diffusion 1 or 2. EngineError if it is another family's."""
    tensors, texts = read(file)
    tensors = {_today(key): tensor for key, tensor in tensors.items()}
    return Checkpoint(file, _kind(tensors, file), tensors, papers.collect(file, texts))


def _today(key: str) -> str:
    """A tensor's original name, restoring `text_model` where a file lacks it."""
    rest = key.removeprefix(_OLD_TEXT)
    old = rest != key and rest.startswith(("embeddings.", "encoder.", "final_layer_norm."))
    return TEXT[TextKind.CLIP] + rest if old else key


def _kind(tensors: dict[str, Tensor], file: Path) -> TextKind:
    """The file's kind of text encoder. EngineError if it is another family's, or incomplete."""

    def holds(prefix: str) -> bool:
        return any(key.startswith(prefix) for key in tensors)

    if holds("conditioner.embedders."):
        raise EngineError(f"{file} is of Stable Diffusion XL; only 1 and 2 can be drawn with.")
    kinds = [kind for kind, prefix in TEXT.items() if holds(prefix)]
    parts = {"UNet": holds(UNET), "autoencoder": holds(VAE), "text encoder": bool(kinds)}
    if lacking := [part for part, there in parts.items() if not there]:
        raise EngineError(
            f"{file} is no whole checkpoint of Stable Diffusion 1 or 2: it has no weights of the "
            f"{', '.join(lacking)} under their original names."
        )
    return kinds[0]


def _layout(
    held: Checkpoint, config: Path | None, prediction: Prediction | None
) -> tuple[Layout, str]:
    """The layout from the yaml, else the family's standard one; and where it came from.

    The prediction type is the caller's, the yaml's, the card's, or what the UNet shows, in this
    order.
    """
    path = config or papers.beside(held.file)[0]
    card = held.card
    if config is not None or path.exists():
        layout, source = interpret(_load_yaml(path), str(path)), path.name
        if card and prediction is None and card.prediction != layout.schedule["prediction_type"]:
            raise EngineError(
                f"{held.file}: its card says {card.prediction} and {source} "
                f"{layout.schedule['prediction_type']}; decide with --prediction."
            )
    else:
        first = held.kind is TextKind.CLIP
        source = f"the standard of Stable Diffusion {1 if first else 2}, there being no yaml"
        prediction = prediction or (card.prediction if card else _asked(held, source))
        layout = standard(held.kind, prediction)
    if layout.text is not held.kind:
        raise EngineError(
            f"{held.file}: its text encoder is {held.kind}'s and {source} says {layout.text}'s."
        )
    if layout.unet["in_channels"] != layout.vae["latent_channels"]:
        raise EngineError(f"{held.file} is for inpainting and cannot draw from words alone.")
    if prediction is not None:
        layout = replace(layout, schedule=layout.schedule | {"prediction_type": prediction})
    return _refined(held, layout), source


def _refined(held: Checkpoint, layout: Layout) -> Layout:
    """The layout, corrected where the yaml has no word for something or is known to be wrong."""
    unet = layout.unet | papers.part_fields(held.texts, "unet")
    vae = layout.vae | papers.part_fields(held.texts, "vae")
    wide = unet["cross_attention_dim"] == _OPENCLIP_H[0]
    predicts_v = layout.schedule["prediction_type"] == Prediction.V
    if held.card is None and wide and predicts_v and unet["sample_size"] == 64:
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
        raise EngineError(f"{path} is not yaml ({reason}).") from fault


def _asked(held: Checkpoint, source: str) -> Prediction:
    """The prediction type of a file without yaml and card, found by running the UNet."""
    layout = standard(held.kind, Prediction.EPSILON)
    plan = skeleton("unet", layout, {})
    unet = to_diffusers(held.tensors, plan.places)
    require_fit(unet, plan.shapes, f"{held.file} is not {source} (name one with --config)")
    return predicted(unet, layout)


def _text_config(held: Checkpoint, layout: Layout) -> dict[str, Any]:
    """The text encoder's config: sizes from its weights, the rest from the texts or the family."""
    clip, prefix = held.kind is TextKind.CLIP, TEXT[held.kind]
    wanted = [prefix + name for name in _TEXT_SIZES[held.kind]]
    if lacking := [key for key in wanted if key not in held.tensors]:
        raise EngineError(f"{held.file}: {lacking[0]} is missing.")
    (words, width), (positions, _), (inner, _) = (held.tensors[key].shape for key in wanted)
    block = prefix + _TEXT_LAYERS[held.kind]
    inside = [key.removeprefix(block) for key in held.tensors if key.startswith(block)]
    layers = len({key.split(".")[0] for key in inside})
    if layout.without_last and (width, layers + 1) != _OPENCLIP_H:
        layers -= 1
    known = papers.part_fields(held.texts, "text_encoder")
    heads = known.get("num_attention_heads", width // _HEAD_WIDTH)
    if heads < 1 or width % heads:
        raise EngineError(f"{held.file}: nothing says how many heads its text encoder has.")
    return {
        "architectures": ["CLIPTextModel"],
        "dtype": str(held.tensors[wanted[0]].dtype).removeprefix("torch."),
        "vocab_size": words,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": known.get("num_hidden_layers", layers),
        "num_attention_heads": heads,
        "max_position_embeddings": positions,
        "hidden_act": "quick_gelu" if clip else "gelu",
        "layer_norm_eps": known.get("layer_norm_eps", 1e-5),
        "projection_dim": width,
        "bos_token_id": words - 2,
        "eos_token_id": words - 1,
        "pad_token_id": words - 1 if clip else 0,
    }


def _write_part(stage: Path, part: str, module: Any, tensors: dict[str, Tensor]) -> None:
    """Write one part's weights, and the config of the empty module."""
    (stage / part).mkdir()
    write_part(stage, part, tensors)
    if part == "text_encoder":
        module.config.save_pretrained(stage / part)
    else:
        module.save_config(stage / part)


def _write_configs(stage: Path, held: Checkpoint, layout: Layout) -> None:
    """Write scheduler_config.json and model_index.json."""
    schedule = papers.schedule(held.texts) or _DEFAULT_SCHEDULE
    schedule = schedule | layout.schedule
    if ZERO_SNR in held.tensors:
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
    for path, data in ((papers.SCHEDULE, schedule), ("model_index.json", index)):
        (stage / path).write_text(json.dumps(data, indent=2) + "\n", "utf-8")
