"""A tiny base, a few pictures and a recipe, so that a whole fine-tuning takes a second."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accelerate.state import AcceleratorState, GradientState, PartialState
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from models.__main__ import main
from models.finetuning.command import finetune
from models.finetuning.steps import Stepper
from models.training.watch import StoppedError
from tests.stages.tiny_models import build

#: Width and height of the pictures: three ratios, so three buckets.
SIZES_PX = ((20, 20), (20, 20), (20, 20), (16, 24), (24, 16))


@dataclass(slots=True)
class Place:
    """A folder with a base, pictures and recipes; the name of a run is also its model's."""

    root: Path
    base: Path

    @property
    def pictures(self) -> Path:
        return self.root / "pictures"

    def recipe(self, run: str, **changes: Any) -> Path:
        """Write a recipe; a dict becomes a table, and None omits a key."""
        values: dict[str, Any] = {
            "base": str(self.base),
            "data": str(self.pictures),
            "out": str(self.out(run)),
            "epochs": 2,
            "batch": 2,
            "resolution_px": 16,
            "lr": 1e-3,
            "saved_as": "fp32",
            "samples": {"prompts": []},
        }
        path = self.root / f"{run}.toml"
        path.write_text(toml({k: v for k, v in (values | changes).items() if v is not None}))
        return path

    def train(
        self, run: str, *, resume: bool = False, cpu: bool = True, **changes: Any
    ) -> list[str]:
        """Train a recipe to its end; return the progress lines."""
        progress: list[str] = []
        finetune(self.recipe(run, **changes), resume=resume, cpu=cpu, say=progress.append)
        return progress

    def command(self, run: str, *options: str, **changes: Any) -> int:
        """Train through the command line; return the exit code."""
        return main(["finetune", str(self.recipe(run, **changes)), "--cpu", *options])

    def out(self, run: str) -> Path:
        return self.root / "runs" / run

    def states(self, run: str) -> list[Path]:
        return sorted((self.out(run) / "states").iterdir())

    def state(self, run: str) -> dict[str, Tensor]:
        """Every tensor of the newest state."""
        files = self.states(run)[-1].glob("*.safetensors")
        return {f"{p.stem} {k}": v for p in files for k, v in load_file(p).items()}

    def facts(self, run: str) -> dict[str, Any]:
        return json.loads((self.states(run)[-1] / "state.json").read_text())

    def curve(self, run: str) -> list[dict[str, float]]:
        """The curve without its timings."""
        with (self.out(run) / "curve.csv").open() as file:
            rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
        for row in rows:
            row.pop("images_per_s")
        return rows

    def losses(self, run: str) -> list[float]:
        return [row["loss"] for row in self.curve(run)]


def toml(values: dict[str, Any]) -> str:
    plain = [f"{k} = {json.dumps(v)}" for k, v in values.items() if not isinstance(v, dict)]
    tables = [f"[{k}]\n{toml(v)}" for k, v in values.items() if isinstance(v, dict)]
    return "\n".join([*plain, *tables])


def write_pictures(folder: Path, sizes: tuple[tuple[int, int], ...] = SIZES_PX) -> Path:
    """Pictures of noise with captions of different length."""
    folder.mkdir(parents=True)
    drawn = np.random.default_rng(0)
    for index, (width, height) in enumerate(sizes):
        pixels = drawn.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
        tags = ", ".join(["1girl", "blue_hair", *["smile"] * (16 * (index % 2))])
        (folder / f"{index}.txt").write_text(tags)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("finetune") / "tiny-waifu")


@pytest.fixture
def place(tmp_path: Path, tiny_base: Path) -> Iterator[Place]:
    write_pictures(tmp_path / "pictures")
    yield Place(tmp_path, tiny_base)
    forget_devices()


def forget_devices() -> None:
    """Reset Accelerate's cached device state, because another precision needs a fresh one."""
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()


def call_at_step(monkeypatch: pytest.MonkeyPatch, step: int, action: Callable[[], None]) -> None:
    """Call the action in the middle of the given step (from 0)."""
    gradients = Stepper.gradients

    def wrapped(self: Stepper, fed: Any, *rest: Any) -> Any:
        if fed.step == step:
            action()
        return gradients(self, fed, *rest)

    monkeypatch.setattr(Stepper, "gradients", wrapped)


def interrupt() -> None:
    # To this thread, because two signals in a row to the process may arrive as one.
    signal.raise_signal(signal.SIGINT)


def run_and_interrupt(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: int, **changes: Any
) -> None:
    """Start a run called `new` and end it with Ctrl-C after the given step (from 0)."""
    with monkeypatch.context() as patch:
        call_at_step(patch, step, interrupt)
        with pytest.raises(StoppedError):
            place.train("new", **changes)
