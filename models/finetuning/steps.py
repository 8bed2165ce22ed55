"""One step's gradients: forward passes, losses, clipping.

A row's randomness comes from the seed, the step and its position, so rows may be divided among
forward passes and GPUs in any way. Called by the run. Knows no files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch._dynamo.exc import TorchDynamoException

from models.catalogue.card import Prediction
from models.contract import EngineError
from models.engine.schedule import Schedule
from models.finetuning.material import Fed, Material
from models.finetuning.recipe import Optimizer, Recipe
from models.finetuning.trainee import Trainee
from models.training import chance
from models.training.average import Average
from models.training.learner import Learner, TooLargeError
from models.training.objective import Objective
from models.training.trainer import Gradients
from models.training.watch import CutOffError

#: Advice on saving device memory.
LIGHTER = (
    "Less is needed with a smaller batch (and accumulate in its place), "
    'gradient_checkpointing = true, optimizer = "adamw8bit", ema_on_cpu = true, or method = "lora".'
)


class Stepper:
    """The trainee on the accelerator's device, with its optimizer."""

    def __init__(
        self,
        recipe: Recipe,
        trainee: Trainee,
        schedule: Schedule,
        prediction: Prediction,
        accelerator: Accelerator,
    ) -> None:
        self._recipe, self._accelerator = recipe, accelerator
        # Checkpointed activations are recomputed after the copies are gone.
        low = accelerator.mixed_precision == "bf16" and not recipe.gradient_checkpointing
        trainee.quicken(accelerator.device, low=low, compiled=recipe.compile)
        self._network: Any = accelerator.prepare_model(trainee)
        self._objective = Objective(
            schedule, prediction, accelerator.device, snr_most=recipe.min_snr
        )
        self._live = trainee.learning()
        self.learner = _learner(recipe, self._live)

    def gradients(self, fed: Fed, material: Material) -> Gradients:
        """Compute the gradients of one step's rows.

        Raises CutOffError if the UNet cannot be compiled here, TooLargeError if that needs more
        memory than the device has.
        """
        rank = self._accelerator.process_index
        # For dropout, the only thing here that draws from torch's own generator.
        torch.manual_seed(chance.number(self._recipe.seed, "dropout", fed.step, rank))
        try:
            loss, norm = self._gradients(fed, material)
        except TorchDynamoException as fault:
            cause = getattr(fault, "inner_exception", fault)
            if isinstance(cause, torch.OutOfMemoryError):
                raise TooLargeError(LIGHTER) from fault
            why = str(cause).strip().partition("\n")[0]
            raise CutOffError(
                f"the UNet cannot be compiled ({why}): leave out compile.", "the UNet was compiled"
            ) from fault
        return Gradients(loss=loss, norm=norm, rows=len(fed), epoch=fed.epoch + 1)

    def _gradients(self, fed: Fed, material: Material) -> tuple[float, float]:
        """Compute the step's gradients; return the mean loss and the norm before clipping."""
        passes = list(self._passes(len(fed)))
        total = torch.zeros((), device=self._accelerator.device)
        for number, places in enumerate(passes):
            with self._alone(last=number == len(passes) - 1):
                loss = self._loss(fed, material, places)
                self._accelerator.backward(loss)
            total += loss.detach()
        mean: Any = self._accelerator.reduce(total, "mean")
        norm: Any = self._accelerator.clip_grad_norm_(
            self._live.values(), self._recipe.clip_norm or math.inf
        )
        return float(mean), float(norm)

    def _passes(self, rows: int) -> Iterator[list[int]]:
        """This process's rows by forward pass; all have equally many passes, some empty."""
        world, rank = self._accelerator.num_processes, self._accelerator.process_index
        size = self._recipe.batch * world
        for first in range(0, rows, size):
            yield list(range(first, min(first + size, rows)))[rank::world]

    def _alone(self, *, last: bool) -> AbstractContextManager[Any]:
        """GPUs exchange gradients in the last pass only."""
        return nullcontext() if last else self._accelerator.no_sync(self._network)

    def _loss(self, fed: Fed, material: Material, places: Sequence[int]) -> Tensor:
        """The rows' share of the step's mean loss, times the GPUs that it is averaged over.

        A process without rows computes a loss that counts nothing, because the others wait for it.
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


def _learner(recipe: Recipe, live: dict[str, nn.Parameter]) -> Learner:
    """The trained weights with their optimizer and, if the recipe wants one, their average."""
    optimizer = optimizer_of(recipe, list(live.values()))
    device = torch.device("cpu") if recipe.ema_on_cpu else None
    average = Average(live, recipe.ema_decay, device) if recipe.ema else None
    moment_bytes = 2 if recipe.optimizer is Optimizer.ADAMW8BIT else 8
    return Learner(live, {"optimizer": optimizer}, average, moment_bytes=moment_bytes)


def optimizer_of(recipe: Recipe, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's AdamW. Raises EngineError if bitsandbytes is required and missing."""
    fields: dict[str, Any] = {
        "lr": recipe.lr,
        "betas": (recipe.beta1, recipe.beta2),
        "eps": recipe.eps,
        "weight_decay": recipe.weight_decay,
    }
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
