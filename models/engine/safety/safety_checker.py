"""Diffusers' safety checker, if a model's folder includes its weights.

Called by `scorer`. It only answers yes or no, without a likelihood, so the score is 1 or 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from models.catalogue.adoption import read_config
from models.contract import EngineError

if TYPE_CHECKING:
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPImageProcessor

FOLDER = "safety_checker"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


class SafetyChecker:
    """Implements `viewing.Viewer`: whether a whole picture is too close to an unsafe concept."""

    name = "safety_checker"
    #: Its thresholds were set on whole pictures.
    part_px = None

    def __init__(
        self, checker: StableDiffusionSafetyChecker, processor: CLIPImageProcessor
    ) -> None:
        self._checker, self._processor = checker, processor

    @torch.inference_mode()
    def __call__(self, view: Image.Image) -> dict[str, float]:
        """`nudity`: 1 if it would black the picture out, 0 if not."""
        pixels = self._processor(view, return_tensors="pt").pixel_values
        # It blacks out the images passed beside the pixels, so it gets a dummy.
        _, flags = self._checker(clip_input=pixels, images=np.zeros((1, 1)))
        return {"nudity": float(flags[0])}


def has_checker(folder: Path) -> bool:
    """Whether the model's folder names a safety checker and has its weights.

    A model from the hub has only the config: the loader downloads only what drawing needs.
    """
    indexed = read_config(folder, "model_index.json").get(FOLDER)
    has_weights = any((folder / FOLDER / name).is_file() for name in _WEIGHTS)
    return bool(indexed and indexed[0]) and has_weights


def open_checker(folder: Path) -> SafetyChecker:
    """The checker in a model's folder. EngineError if it cannot be loaded."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPImageProcessor

    kind: Any = StableDiffusionSafetyChecker
    try:
        checker, report = kind.from_pretrained(
            str(folder / FOLDER), local_files_only=True, output_loading_info=True
        )
        processor = CLIPImageProcessor.from_pretrained(
            str(folder / "feature_extractor"), local_files_only=True
        )
    except Exception as fault:  # translated, not swallowed: the libraries raise a dozen kinds
        reason = (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]
        raise EngineError(f"{folder / FOLDER} cannot be loaded ({reason}).") from fault
    if missing := [*report["missing_keys"], *report["mismatched_keys"]]:
        raise EngineError(f"{folder / FOLDER} lacks weights, among them {missing[0]}.")
    return SafetyChecker(checker.eval(), processor)
