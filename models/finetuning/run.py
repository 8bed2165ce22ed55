"""A fine-tuning for the trainer: its gradients, its rate, its states, its sheets.

Called by the command. `steps` implements a step; the trainer decides when a run stops and resumes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from models.catalogue.card import Card
from models.catalogue.registry import model_info
from models.contract import EngineError
from models.engine.loader import Components
from models.finetuning.material import Material, StepInput
from models.finetuning.recipe import Recipe
from models.finetuning.steps import MEMORY_ADVICE, Stepper
from models.finetuning.trainee import build
from models.training.learner import Learner, explain_out_of_memory
from models.training.objective import learning_rate
from models.training.samples import sheet
from models.training.trainer import Advice, Gradients, Trainer

#: Keys of the recipe that a saved state depends on; all others may change between starts.
_FIXED_KEYS = (
    "base", "method", "train_text_encoder", "clip_skip", "optimizer", "ema", "lora.rank",
    "lora.alpha",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The parts of a run. `resume` is the command that continues it; `say` informs people."""

    recipe: Recipe
    parts: Components
    card: Card
    material: Material
    accelerator: Accelerator
    resume: str
    say: Callable[[str], None]

    @property
    def out(self) -> Path:
        """The run's folder."""
        return Path(self.recipe.out)


class FineTuning:
    """One run of a recipe."""

    def __init__(self, setting: Setting) -> None:
        """Build everything.

        Raises EngineError if the weights do not fit into the device's memory.
        """
        self._setting = setting
        recipe, parts = setting.recipe, setting.parts
        trainee = build(recipe, parts, setting.card.defaults.clip_skip)
        with explain_out_of_memory(MEMORY_ADVICE):
            self._stepper = Stepper(
                recipe, trainee, parts.schedule, parts.card.prediction, setting.accelerator
            )
        self._inputs: Iterator[StepInput] | None = None

    @property
    def learner(self) -> Learner:
        """The trained weights with their optimizer."""
        return self._stepper.learner

    @property
    def steps(self) -> int:
        """The length of the whole run."""
        return self._setting.recipe.epochs * self._setting.material.steps_per_epoch

    @property
    def advice(self) -> Advice:
        """Advice for people when the run cannot go on."""
        return Advice(
            resume=f"Go on with: {self._setting.resume}",
            save_memory=MEMORY_ADVICE,
            other_folder="another `out`",
        )

    def gradients(self, step: int) -> Gradients:
        """The gradients of the step's pictures; call it for consecutive steps."""
        material = self._setting.material
        if self._inputs is None:
            self._inputs = material.steps(step, self.steps)
        step_input = next(self._inputs)
        assert step_input.step == step
        return self._stepper.gradients(step_input, material)

    def rate(self, step: int, peak: float) -> float:
        """The recipe's learning rate at that step."""
        recipe = self._setting.recipe
        return learning_rate(step, self.steps, peak, recipe.warmup, recipe.lr_curve)

    def is_save_due(self, step: int) -> bool:
        """Whether to save: every `save_every` steps, and after every epoch."""
        return step % self._setting.recipe.save_every == 0 or self._is_epoch_end(step)

    def facts(self) -> dict[str, Any]:
        """The recipe, and what else must be equal for a state to belong to this run."""
        return {"recipe": self._setting.recipe.as_json, **self._identity()}

    def require_match(self, facts: dict[str, Any], folder: Path) -> None:
        """Report changed keys of the recipe. Raises EngineError if a state is of another run."""
        for line in _differences(facts["recipe"], self._setting.recipe.as_json, folder):
            self._setting.say(line)
        if any(facts[name] != value for name, value in self._identity().items()):
            raise EngineError(
                f"{folder} was saved with other pictures, captions, buckets or pictures a step; "
                "put them back as they were, or begin in another `out`."
            )

    def after_step(self, step: int) -> None:
        """Draw a sheet of samples after every epoch."""
        if self._is_epoch_end(step):
            self._draw_samples(step // self._setting.material.steps_per_epoch)

    def _is_epoch_end(self, step: int) -> bool:
        return step % self._setting.material.steps_per_epoch == 0

    def _identity(self) -> dict[str, Any]:
        material = self._setting.material
        return {"material": material.fingerprint, "steps_an_epoch": material.steps_per_epoch}

    def _draw_samples(self, epoch: int) -> None:
        """Draw a sheet with the weights that would be handed over now, if memory suffices."""
        setting = self._setting
        if setting.recipe.samples.prompts and setting.accelerator.is_main_process:
            try:
                self._save_sheet(f"epoch-{epoch:02}.png")
            except torch.OutOfMemoryError:
                setting.say(f"no samples of epoch {epoch}: the device's memory is full")
            setting.parts.vae.to("cpu")
        setting.accelerator.wait_for_everyone()

    def _save_sheet(self, name: str) -> None:
        setting = self._setting
        vae: nn.Module = setting.parts.vae.to(setting.accelerator.device)
        parts = replace(
            setting.parts,
            card=setting.card,
            info=model_info(setting.parts.card, setting.parts.folder),
            vae=vae,
            device=setting.accelerator.device,
        )
        samples = setting.recipe.samples
        sheets = setting.out / "samples"
        sheets.mkdir(exist_ok=True)
        with self.learner.using_final_weights():
            picture = sheet(
                parts, samples.prompts, count=samples.count, seed=samples.seed, steps=samples.steps
            )
            picture.save(sheets / name)


class Processes:
    """The processes of `accelerate launch` as a trainer's crew."""

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator = accelerator

    @property
    def is_main(self) -> bool:
        """Whether this process writes."""
        return self._accelerator.is_main_process

    def wait(self) -> None:
        """Wait until all processes have come here."""
        self._accelerator.wait_for_everyone()

    def any_requested(self, requested: bool) -> bool:  # noqa: FBT001  as its protocol has it
        """Whether a stop was requested in any process."""
        if self._accelerator.num_processes == 1:
            return requested
        flag = torch.tensor(float(requested), device=self._accelerator.device)
        total: Any = self._accelerator.reduce(flag, "sum")
        return bool(total > 0)


def trainer_of(setting: Setting, training: FineTuning) -> Trainer:
    """The run's trainer, resumed from the newest state if there is one. Raises its EngineError."""
    return Trainer(
        training,
        setting.out,
        say=setting.say,
        crew=Processes(setting.accelerator),
        spike=setting.recipe.spike,
        tensorboard=setting.recipe.tensorboard,
    )


def _differences(saved: dict[str, Any], now: dict[str, Any], folder: Path) -> list[str]:
    """A line for each changed key; raises EngineError if one may not change."""
    before, after = _flat(saved), _flat(now)
    lines: list[str] = []
    for key in sorted(before.keys() & after.keys()):
        if before[key] == after[key]:
            continue
        if key in _FIXED_KEYS:
            raise EngineError(
                f"{folder} was saved with {key} = {json.dumps(before[key])}, not "
                f"{json.dumps(after[key])}; put it back, or begin in another `out`."
            )
        lines.append(f"{key} is now {json.dumps(after[key])}, was {json.dumps(before[key])}")
    return lines


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        nested = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return flat
