"""One step of learning: forward passes, gradients, clipping, optimizer, average.

Everything random about a row comes from the seed, the step and the row's place in it, so rows may
be shared out over forward passes and GPUs as one likes. Called by the run. It knows no files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException

from models.catalogue.card import Prediction
from models.contract import EngineError
from models.engine.schedule import Schedule
from models.finetuning.material import Fed, Material
from models.finetuning.recipe import Optimizer, Recipe
from models.finetuning.trainee import Trainee
from models.training import chance
from models.training.average import Average
from models.training.objective import Objective, learning_rate
from models.training.watch import DivergedError

_NO_MEMORY = (
    "the training does not fit into the device's memory. Less is needed with a smaller batch (and "
    'accumulate in its place), gradient_checkpointing = true, optimizer = "adamw8bit", '
    'ema_on_cpu = true, or method = "lora".'
)


class CompilingError(EngineError):
    """The UNet cannot be compiled here; the weights have not been touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one step was like."""

    loss: float
    lr: float
    grad_norm: float


class Stepper:
    """The trainee with its optimizer and average on the accelerator's device."""

    def __init__(
        self,
        recipe: Recipe,
        trainee: Trainee,
        schedule: Schedule,
        prediction: Prediction,
        accelerator: Accelerator,
    ) -> None:
        self._recipe, self._accelerator = recipe, accelerator
        # Checkpointed activations are calculated again when the copies are gone.
        low = accelerator.mixed_precision == "bf16" and not recipe.gradient_checkpointing
        trainee.quicken(accelerator.device, low=low, compiled=recipe.compile)
        self._network: Any = accelerator.prepare_model(trainee)
        self._objective = Objective(
            schedule, prediction, accelerator.device, snr_most=recipe.min_snr
        )
        self.live = trainee.learning()
        self.optimizer = optimizer_of(recipe, list(self.live.values()))
        cpu = torch.device("cpu") if recipe.ema_on_cpu else None
        self.average = Average(self.live, recipe.ema_decay, cpu) if recipe.ema else None

    def take(self, fed: Fed, material: Material, steps: int) -> Taken:
        """Learn from one step's rows; `steps` is the length of the run, for the learning rate.

        DivergedError and CompilingError before any weight has changed; EngineError if the device's
        memory does not suffice, at worst when the first step wants its moments.
        """
        try:
            with fitting():
                return self._taken(fed, material, steps)
        except TorchDynamoException as fault:
            cause = getattr(fault, "inner_exception", fault)
            if isinstance(cause, torch.OutOfMemoryError):
                raise EngineError(_NO_MEMORY) from fault
            why = str(cause).strip().partition("\n")[0]
            raise CompilingError(
                f"the UNet cannot be compiled ({why}): leave out compile."
            ) from fault

    def _taken(self, fed: Fed, material: Material, steps: int) -> Taken:
        recipe = self._recipe
        rank = self._accelerator.process_index
        # Dropout, the only thing here that draws from torch's own generator.
        torch.manual_seed(chance.number(recipe.seed, "dropout", fed.step, rank))
        loss, norm = self._gradients(fed, material)
        rate = learning_rate(fed.step, steps, recipe.lr, recipe.warmup, recipe.lr_curve)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self.optimizer.zero_grad()
            raise DivergedError(f"step {fed.step + 1}: loss {loss}, gradient norm {norm}")
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average is not None:
            self.average.update(fed.step)
        return Taken(loss=loss, lr=rate, grad_norm=norm)

    def handed_over(self) -> AbstractContextManager[None]:
        """While it lasts, the trainee has the weights that would be handed over now."""
        return nullcontext() if self.average is None else self.average.in_use()

    def _gradients(self, fed: Fed, material: Material) -> tuple[float, float]:
        """Put the step's gradients into the weights; the mean loss and the norm before clipping."""
        passes = list(self._passes(len(fed)))
        total = torch.zeros((), device=self._accelerator.device)
        for number, places in enumerate(passes):
            with self._alone(last=number == len(passes) - 1):
                loss = self._loss(fed, material, places)
                self._accelerator.backward(loss)
            total += loss.detach()
        mean: Any = self._accelerator.reduce(total, "mean")
        norm: Any = self._accelerator.clip_grad_norm_(
            self.live.values(), self._recipe.clip_norm or math.inf
        )
        return float(mean), float(norm)

    def _passes(self, rows: int) -> Iterator[list[int]]:
        """This process's rows by forward pass; all have equally many passes, some may be empty."""
        world, rank = self._accelerator.num_processes, self._accelerator.process_index
        size = self._recipe.batch * world
        for first in range(0, rows, size):
            yield list(range(first, min(first + size, rows)))[rank::world]

    def _alone(self, *, last: bool) -> AbstractContextManager[Any]:
        """GPUs exchange gradients in the last pass only."""
        return nullcontext() if last else self._accelerator.no_sync(self._network)

    def _loss(self, fed: Fed, material: Material, places: Sequence[int]) -> Tensor:
        """The rows' share of the step's mean loss, times the GPUs, over which it is averaged.

        A process without rows calculates one that counts nothing: the others wait for it.
        """
        counts = 1.0 if places else 0.0
        rows = list(places) or [0]
        device = self._accelerator.device
        x0 = torch.stack([material.latents(fed, place) for place in rows]).to(device)
        drawn = [self._noise(fed.step, place, x0[0].shape) for place in rows]
        noise = torch.stack([noise for noise, _ in drawn]).to(device)
        times = torch.tensor([time for _, time in drawn], device=device)
        posed = self._objective.pose(x0, noise, times)
        output = self._network(posed.shown, posed.times, fed.ids[rows].to(device))
        each = self._objective.losses(output, posed)
        return each.sum() * (counts * self._accelerator.num_processes / len(fed))

    def _noise(self, step: int, place: int, shape: torch.Size) -> tuple[Tensor, int]:
        """The noise (C, h, w) of a row and its timestep."""
        generator = chance.generator(self._recipe.seed, "noise", step, place)
        time = int(torch.randint(self._objective.count, (), generator=generator))
        noise = torch.randn(shape, generator=generator)
        if self._recipe.noise_offset:
            noise = noise + self._recipe.noise_offset * torch.randn(
                (shape[0], 1, 1), generator=generator
            )
        return noise, time


@contextmanager
def fitting() -> Iterator[None]:
    """EngineError, with what would help, where the device's memory does not suffice."""
    try:
        yield
    except torch.OutOfMemoryError as fault:
        raise EngineError(_NO_MEMORY) from fault


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """What the recipe tells the optimizer, beside the rate, which the step sets."""
    return {
        "betas": (recipe.beta1, recipe.beta2),
        "eps": recipe.eps,
        "weight_decay": recipe.weight_decay,
    }


def optimizer_of(recipe: Recipe, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """AdamW as the recipe has it. EngineError if bitsandbytes is asked for and not there."""
    fields = {"lr": recipe.lr, **settings_of(recipe)}
    if recipe.optimizer is Optimizer.ADAMW:
        cuda = parameters[0].device.type == "cuda"
        return torch.optim.AdamW(parameters, fused=cuda, **fields)
    try:
        from bitsandbytes.optim import AdamW8bit  # type: ignore[import-not-found]
    except ImportError as fault:
        raise EngineError(
            'optimizer = "adamw8bit" needs the package bitsandbytes: pip install bitsandbytes, '
            'or set optimizer = "adamw".'
        ) from fault
    return AdamW8bit(parameters, **fields)
