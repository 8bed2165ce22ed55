"""A run from its first step to its last: curves, states, sheets, and a clean end at a fault.

Whatever happens, the last good state stays, and the message says how to go on from it. Called by
the command; the learning itself is in `steps`.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from models.catalogue.card import Card
from models.catalogue.registry import model_info
from models.contract import EngineError
from models.engine.loader import Components
from models.finetuning.material import Fed, Material
from models.finetuning.recipe import Optimizer, Recipe
from models.finetuning.samples import sheet
from models.finetuning.steps import CompilingError, Stepper, Taken, fitting, settings_of
from models.finetuning.trainee import build
from models.training.curves import Log, Point
from models.training.state import KEPT, State, States, put_together, taken_apart
from models.training.watch import Interruption, Spikes, StoppedError

#: Keys of the recipe that a saved state depends on; all others may change on the way.
_BOUND = (
    "base", "method", "train_text_encoder", "clip_skip", "optimizer", "ema", "lora.rank",
    "lora.alpha",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a run is made of. `resume` is the command that goes on with it; `say` tells people."""

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
    """One run. `step` steps are done."""

    def __init__(self, setting: Setting) -> None:
        """Build everything and go on from the newest state if there is one.

        EngineError if that state is of another run, or its files would not fit on the disk, or the
        weights not into the device's memory.
        """
        self._setting = setting
        recipe, parts = setting.recipe, setting.parts
        trainee = build(recipe, parts, setting.card.defaults.clip_skip)
        with fitting():
            self._stepper = Stepper(
                recipe, trainee, parts.schedule, parts.card.prediction, setting.accelerator
            )
        self._states = States(setting.out / "states")
        if setting.accelerator.is_main_process:
            self._states.sweep()
        self._spikes = Spikes(recipe.spike)
        self.step = 0
        if latest := self._states.latest():
            self._go_on(self._states.load(latest), latest)
        require_room(setting.out, self._state_bytes, self._states.size_bytes())

    @property
    def steps(self) -> int:
        """How long the whole run is."""
        return self._setting.recipe.epochs * self._setting.material.steps_an_epoch

    @property
    def trained(self) -> dict[str, Tensor]:
        """The weights to hand over: the average, or the live ones where there is none."""
        average = self._stepper.average
        return dict(self._stepper.live) if average is None else average.shadow

    def run(self) -> None:
        """Take the steps that are left.

        EngineError at a fault and StoppedError after Ctrl-C; the message names the last good state.
        """
        setting = self._setting
        main = setting.accelerator.is_main_process
        log = Log(setting.out, self.step, tensorboard=setting.recipe.tensorboard) if main else None
        try:
            with self.way_back(), Interruption() as interruption:
                for fed in setting.material.steps(self.step, self.steps):
                    try:
                        self._one(fed, log)
                    except CompilingError as fault:
                        # Ctrl-C ends the compiler too.
                        if interruption.asked:
                            raise StoppedError("stopped while the UNet was compiled") from fault
                        raise
                    if self._anywhere(interruption.asked):
                        self._save(log)
                        raise StoppedError("stopped")
        finally:
            if log is not None:
                log.close()

    def _one(self, fed: Fed, log: Log | None) -> None:
        """One step, and what is due after it."""
        setting = self._setting
        began = time.perf_counter()
        taken = self._stepper.take(fed, setting.material, self.steps)
        self._spikes.see(fed.step + 1, taken.loss)
        self.step = fed.step + 1
        seconds = time.perf_counter() - began
        if log is not None:
            log.add(_point(fed, taken, seconds))
        setting.say(
            f"step {self.step}/{self.steps}  loss {taken.loss:.4f}  {len(fed) / seconds:.2f} img/s"
        )
        epoch_ends = self.step % setting.material.steps_an_epoch == 0
        if epoch_ends or self.step % setting.recipe.save_every == 0:
            self._save(log)
        if epoch_ends:
            self._draw(fed.epoch + 1)

    def _save(self, log: Log | None) -> None:
        """Write the state and the plot; the main process alone."""
        if log is not None:
            self._states.save(self._state())
            log.plot()
        self._setting.accelerator.wait_for_everyone()

    def _state(self) -> State:
        moments, rest = taken_apart(self._stepper.optimizer.state_dict())
        tensors: dict[str, dict[str, Tensor]] = {
            "weights": dict(self._stepper.live),
            "optimizer": moments,
        }
        if self._stepper.average is not None:
            tensors["average"] = self._stepper.average.shadow
        facts = {"recipe": self._setting.recipe.as_json, "optimizer": rest, **self._bound()}
        facts["losses"] = self._spikes.remembered
        return State(step=self.step, tensors=tensors, facts=facts)

    def _bound(self) -> dict[str, Any]:
        """What must be the same for a state to be of this run."""
        material = self._setting.material
        return {"material": material.fingerprint, "steps_an_epoch": material.steps_an_epoch}

    @torch.no_grad()
    def _go_on(self, state: State, place: Path) -> None:
        """Take over a saved state. EngineError if it is of another run."""
        for line in _differences(state.facts["recipe"], self._setting.recipe.as_json, place):
            self._setting.say(line)
        if any(state.facts[name] != value for name, value in self._bound().items()):
            raise EngineError(
                f"{place} was saved with other pictures, captions, buckets or pictures a step; "
                "put them back as they were, or begin in another `out`."
            )
        for name, weight in self._stepper.live.items():
            weight.copy_(state.tensors["weights"][name])
        moments = put_together(state.tensors["optimizer"], state.facts["optimizer"])
        with fitting():
            self._stepper.optimizer.load_state_dict(moments)
        for group in self._stepper.optimizer.param_groups:
            group.update(settings_of(self._setting.recipe))  # They may have changed on the way.
        if self._stepper.average is not None:
            self._stepper.average.load(state.tensors["average"])
        self._spikes = Spikes(self._setting.recipe.spike, state.facts["losses"])
        self.step = state.step
        self._setting.say(f"going on behind step {self.step}, from {place}")

    @contextmanager
    def way_back(self) -> Iterator[None]:
        """Add to whatever ends the run which state is good and how to go on from it."""
        try:
            yield
        except (EngineError, OSError) as fault:
            reason = str(fault).rstrip(".")
            kind = StoppedError if isinstance(fault, StoppedError) else EngineError
            raise kind(f"{reason}; {self._kept()}") from fault
        except KeyboardInterrupt as fault:
            raise StoppedError(f"stopped before it was done; {self._kept()}") from fault

    def _kept(self) -> str:
        latest = self._states.latest()
        kept = f"the last good state is {latest}" if latest else "no state was saved yet"
        return f"{kept}. Go on with: {self._setting.resume}"

    def _anywhere(self, asked: bool) -> bool:  # noqa: FBT001  one flag, of this or any process
        """Whether the end was asked for in any process; all must agree or they wait for ever."""
        accelerator = self._setting.accelerator
        if accelerator.num_processes == 1:
            return asked
        flag = torch.tensor(float(asked), device=accelerator.device)
        total: Any = accelerator.reduce(flag, "sum")
        return bool(total > 0)

    def _draw(self, epoch: int) -> None:
        """A sheet of samples by the weights that would be handed over now, if memory suffices."""
        setting = self._setting
        if setting.recipe.samples.prompts and setting.accelerator.is_main_process:
            try:
                self._sheet(f"epoch-{epoch:02}.png")
            except torch.OutOfMemoryError:
                setting.say(f"no samples of epoch {epoch}: the device's memory is full")
            setting.parts.vae.to("cpu")
        setting.accelerator.wait_for_everyone()

    def _sheet(self, name: str) -> None:
        setting = self._setting
        vae: nn.Module = setting.parts.vae.to(setting.accelerator.device)
        parts = replace(
            setting.parts,
            card=setting.card,
            info=model_info(setting.parts.card, setting.parts.folder),
            vae=vae,
            device=setting.accelerator.device,
        )
        folder = setting.out / "samples"
        folder.mkdir(exist_ok=True)
        with self._stepper.handed_over():
            sheet(parts, setting.recipe.samples).save(folder / name)

    @property
    def _state_bytes(self) -> int:
        weights = sum(weight.numel() for weight in self._stepper.live.values())
        small = self._setting.recipe.optimizer is Optimizer.ADAMW8BIT
        return weights * (4 + (2 if small else 8) + (4 if self._setting.recipe.ema else 0))


def require_room(out: Path, state_bytes: int, held_bytes: int) -> None:
    """EngineError if the states that are kept, and one in the making, would not fit on the disk."""
    out.mkdir(parents=True, exist_ok=True)
    needed = (KEPT + 1) * state_bytes - held_bytes
    free = shutil.disk_usage(out).free
    if needed > free:
        raise EngineError(
            f"the saved states need {needed / 1e9:.1f} GB more and the disk of {out} has "
            f"{free / 1e9:.1f} GB left; make room or name another `out`."
        )


def _point(fed: Fed, taken: Taken, seconds: float) -> Point:
    return Point(
        step=fed.step + 1,
        epoch=fed.epoch + 1,
        loss=taken.loss,
        lr=taken.lr,
        grad_norm=taken.grad_norm,
        images_per_s=round(len(fed) / seconds, 3),
    )


def _differences(saved: dict[str, Any], now: dict[str, Any], place: Path) -> list[str]:
    """A line for each key that has changed since; EngineError if one may not."""
    before, after = _flat(saved), _flat(now)
    lines: list[str] = []
    for key in sorted(before.keys() & after.keys()):
        if before[key] == after[key]:
            continue
        if key in _BOUND:
            raise EngineError(
                f"{place} was saved with {key} = {json.dumps(before[key])}, not "
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
