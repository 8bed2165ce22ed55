"""`python -m models export FOLDER OUT`: a diffusers folder as one original Stable Diffusion file.

Also writes its inference yaml, its card and its licence; never the file without them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from models.catalogue.adoption import read_config
from models.catalogue.card import Prediction
from models.catalogue.hub import locate
from models.catalogue.registry import card_of, faults
from models.checkpoint.companions import companion_paths, folder_texts, write_companions
from models.checkpoint.files import read_part, staging, write
from models.checkpoint.inference_yaml import (
    Layout,
    complete_unet,
    complete_vae,
    describe,
    require_expressible,
)
from models.checkpoint.names import (
    POSITION_IDS,
    ZERO_SNR,
    TextKind,
    to_original,
)
from models.checkpoint.skeleton import PARTS, require_fit, skeleton
from models.contract import EngineError

#: The text encoders that the original code and its descendants build, as (width, layers).
_KNOWN_TEXT_SIZES = {TextKind.CLIP: (768, 12), TextKind.OPENCLIP: (1024, 23)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", help="a diffusers folder, or a hub id")
    parser.add_argument("out", type=Path, help="the file to write, .safetensors or .ckpt")
    parser.add_argument("--half", action="store_true", help="write float16, half the size")
    parser.add_argument("--force", action="store_true", help="replace existing files")


def run(args: argparse.Namespace) -> int:
    """Export and print what was written; a fault is raised as EngineError."""
    print("\n".join(export(args.folder, args.out, half=args.half, force=args.force)))
    return 0


def export(model: str, out: Path, *, half: bool = False, force: bool = False) -> list[str]:
    """Write the checkpoint with yaml, card and licence; return lines for people."""
    if out.suffix not in (".safetensors", ".ckpt"):
        raise EngineError(f"{out} must end in .safetensors or .ckpt.")
    targets = [*companion_paths(out), out]
    if not force and (existing := [path for path in targets if path.exists()]):
        raise EngineError(f"{existing[0]} exists already; choose another name, or add --force.")
    folder, name = locate(model)
    card = card_of(folder, name)
    if problems := faults(card, folder):
        raise EngineError(problems[0])
    texts = folder_texts(folder, card)
    layout = layout_of(folder)
    tensors = original_tensors(folder, layout)
    if half:
        tensors = {key: _to_half(key, tensor) for key, tensor in tensors.items()}
    with staging(out) as stage:
        write(stage / out.name, tensors, texts)
        tree = yaml.safe_dump(describe(layout), sort_keys=False)
        (stage / targets[0].name).write_text(tree, "utf-8")
        write_companions(stage / out.name, texts)
        # The weights come last: once they exist, the rest is beside them.
        for path in targets:
            (stage / path.name).replace(path)
    notes = _notes(layout, card.defaults.clip_skip, read_config(folder, "text_encoder/config.json"))
    return [
        f"checkpoint  {out}, {out.stat().st_size:,} bytes, {len(tensors)} tensors",
        f"yaml        {targets[0]}",
        f"prediction  {layout.schedule['prediction_type']}",
        f"licence     {card.licence.name}, {targets[2]}",
        *(f"note        {note}" for note in notes),
    ]


def layout_of(folder: Path) -> Layout:
    """The layout of a diffusers folder. EngineError says why it has no original form."""
    index = read_config(folder, "model_index.json")
    if index.get("_class_name") != "StableDiffusionPipeline":
        raise EngineError(
            f"{folder} is a {index.get('_class_name')}, not a StableDiffusionPipeline."
        )
    vae = (index.get("vae") or [None, None])[1]
    if vae != "AutoencoderKL":
        raise EngineError(
            f"{folder}: its autoencoder is an {vae}, and the original layout knows only the "
            "AutoencoderKL; no program could draw with such a file, so it is not written."
        )
    text = read_config(folder, "text_encoder/config.json")
    kinds = {"quick_gelu": TextKind.CLIP, "gelu": TextKind.OPENCLIP}
    activation = text.get("hidden_act", "quick_gelu")
    if activation not in kinds:
        raise EngineError(
            f"{folder}/text_encoder: {activation} is not an activation of CLIP or OpenCLIP."
        )
    layout = Layout(
        unet=complete_unet(read_config(folder, "unet/config.json")),
        vae=complete_vae(read_config(folder, "vae/config.json")),
        schedule=_schedule_of(folder),
        text=kinds[activation],
        skips_last_layer=kinds[activation] is TextKind.OPENCLIP,
    )
    require_expressible(layout, folder)
    return layout


def original_tensors(folder: Path, layout: Layout) -> dict[str, Tensor]:
    """Every tensor of the folder under its original name, in its precision on disk."""
    text = read_config(folder, "text_encoder/config.json")
    result: dict[str, Tensor] = {}
    for part in PARTS:
        plan = skeleton(part, layout, text)
        weights = read_part(folder, part)
        require_fit(weights, plan.shapes, f"{folder / part} does not fit its config")
        result |= to_original(weights, plan.places)
    if layout.text is TextKind.CLIP:
        result[POSITION_IDS] = torch.arange(int(text["max_position_embeddings"]))[None]
    if read_config(folder, "scheduler/scheduler_config.json").get("rescale_betas_zero_snr"):
        result[ZERO_SNR] = torch.zeros(1)
    return result


def _schedule_of(folder: Path) -> dict[str, Any]:
    config = read_config(folder, "scheduler/scheduler_config.json")
    if config.get("beta_schedule") != "scaled_linear" or config.get("trained_betas"):
        raise EngineError(
            f"{folder}/scheduler: beta_schedule {config.get('beta_schedule')!r} is not Stable "
            "Diffusion's scaled_linear, the only one in the original layout."
        )
    return {
        "beta_start": float(config.get("beta_start", 1e-4)),
        "beta_end": float(config.get("beta_end", 0.02)),
        "num_train_timesteps": int(config.get("num_train_timesteps", 1000)),
        "prediction_type": config.get("prediction_type", Prediction.EPSILON),
    }


def _to_half(key: str, tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    half = tensor.half()
    if not half.isfinite().all():
        raise EngineError(f"{key} does not fit into float16; leave out --half.")
    return half


def _notes(layout: Layout, clip_skip: int, text: dict[str, Any]) -> list[str]:
    """What a person must know before using the file elsewhere."""
    notes: list[str] = []
    width, layers = _KNOWN_TEXT_SIZES[layout.text]
    if (text["hidden_size"], text["num_hidden_layers"]) != (width, layers):
        notes.append(
            f"other programs build a text encoder of {layers} layers, {width} wide, and cannot "
            "load this one; `python -m models import` can"
        )
    if clip_skip > 1 and layout.text is TextKind.CLIP:
        notes.append(f"set clip skip {clip_skip} in AUTOMATIC1111; the file cannot store it")
    return notes
