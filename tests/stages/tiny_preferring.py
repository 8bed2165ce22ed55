"""A tiny base, pictures of it whose voters like brightness, and trainings of a few steps."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from models.__main__ import main
from models.catalogue.registry import card_of, seal
from models.manifest import JudgementLine, Manifest, PictureLine, Split
from models.preference.run import PreferenceTraining
from tests.stages.manifests import add_picture, make_judgement_line, write_manifest
from tests.stages.tiny_models import build

PROMPTS, EACH, SIDE_PX = 10, 4, 16
#: The prompts from this number on are held out.
HELD_OUT = 8


@dataclass(slots=True)
class Bench:
    """A folder with a base, a manifest and runs; the name of a run is also its candidate's."""

    root: Path
    base: Path
    manifest: Manifest

    def out(self, run: str) -> Path:
        return self.root / "runs" / run

    def prefer(self, run: str, *options: str, manifest: Path | None = None) -> int:
        """Run the command; return its exit code."""
        required = ["--base", str(self.base), "--out", str(self.out(run)), "--device", "cpu"]
        small = ["--steps", "4", "--pairs", "3", "--threads", "1"]
        folder = str(manifest or self.manifest.folder)
        return main(["prefer", folder, *required, *small, *options])

    def unet_weights(self, run: str) -> dict[str, Tensor]:
        return load_file(self.out(run) / "model" / "unet" / "diffusion_pytorch_model.safetensors")

    def curve(self, run: str) -> list[dict[str, float]]:
        """The curve without its timings."""
        with (self.out(run) / "curve.csv").open() as file:
            rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
        return [{k: v for k, v in row.items() if k != "images_per_s"} for row in rows]


def picture(folder: Path, prompt: int, position: int) -> PictureLine:
    """Write a grainy picture of a prompt; a higher position is brighter."""
    grain = np.random.default_rng((prompt, position)).integers(0, 60, (SIDE_PX, SIDE_PX, 3))
    buffer = io.BytesIO()
    Image.fromarray((grain + 45 * position).astype(np.uint8)).save(buffer, "PNG")
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    line = replace(
        add_picture(folder, prompt),
        file_name=f"pictures/{sha256}.png",
        sha256=sha256,
        text=f"1girl, {prompt}",
        prompt_key=f"{prompt:016x}",
        card_id="tiny-waifu",
        width_px=SIDE_PX,
        height_px=SIDE_PX,
        split=Split.HELD_OUT if prompt >= HELD_OUT else Split.TRAIN,
    )
    (folder / line.file_name).write_bytes(buffer.getvalue())
    return line


def pictures(folder: Path, prompts: int = PROMPTS) -> list[PictureLine]:
    return [
        picture(folder, prompt, position) for prompt in range(prompts) for position in range(EACH)
    ]


def votes(lines: list[PictureLine], **changes: Any) -> list[JudgementLine]:
    """The votes of two voters who like the brighter half of each prompt's pictures."""
    return [
        make_judgement_line(line, voter=voter, value=1 if i % EACH >= EACH // 2 else -1, **changes)
        for voter in (1, 2)
        for i, line in enumerate(lines)
    ]


def manifest_of(folder: Path, **changes: Any) -> Manifest:
    lines = pictures(folder)
    return write_manifest(folder, lines, votes(lines, **changes))


@pytest.fixture(scope="session")
def voted_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = build(tmp_path_factory.mktemp("prefer") / "tiny-waifu")
    card = card_of(folder)
    assert card.id == "tiny-waifu"
    # Few steps, because the quality of sheets and fresh pictures does not matter.
    seal(replace(card, defaults=replace(card.defaults, steps=3)), folder)
    return folder


@pytest.fixture
def bench(tmp_path: Path, voted_base: Path) -> Bench:
    return Bench(tmp_path, voted_base, manifest_of(tmp_path / "manifest"))


def call_at_step(monkeypatch: pytest.MonkeyPatch, step: int, action: Callable[[], None]) -> None:
    """Call the action in the middle of the given step (from 0)."""
    gradients = PreferenceTraining.gradients

    def wrapped(self: PreferenceTraining, number: int) -> Any:
        if number == step:
            action()
        return gradients(self, number)

    monkeypatch.setattr(PreferenceTraining, "gradients", wrapped)
