"""A safety checker of diffusers' own class with random weights, in a model's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

SIDE_PX = 32


def add_checker(folder: Path, *, alarmed: bool) -> Path:
    """Put a checker into a model's folder: one that finds every picture unsafe, or none."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor

    torch.manual_seed(0)
    width = {"hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2}
    depth = {"num_hidden_layers": 1, "projection_dim": 8}
    config: Any = CLIPConfig(
        text_config={**width, **depth},
        vision_config={**width, **depth, "image_size": SIDE_PX, "patch_size": 16},
        projection_dim=8,
    )
    checker: Any = StableDiffusionSafetyChecker(config)
    # Cosines lie between -1 and 1.
    checker.concept_embeds_weights.fill_(-2.0 if alarmed else 2.0)
    checker.special_care_embeds_weights.fill_(2.0)
    checker.save_pretrained(folder / "safety_checker")
    CLIPImageProcessor(
        size={"shortest_edge": SIDE_PX}, crop_size={"height": SIDE_PX, "width": SIDE_PX}
    ).save_pretrained(folder / "feature_extractor")
    index = json.loads((folder / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder
