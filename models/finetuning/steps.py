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
from models.finetuning.material import Material, StepInput
from models.finetuning.recipe import Optimizer, Recipe
from models.finetuning.trainee import Trainee
from models.training import chance
from models.training.average import Average
from models.training.learner import Learner, TooLargeError
from models.training.objective import Objective
from models.training.trainer import Gradients
from models.training.watch import CutOffError

#: Advice on saving device memory.
MEMORY_ADVICE = (
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
        trainee.set_up_forward(accelerator.device, low=low, compiled=recipe.compile)
        self._network: Any = accelerator.prepare_model(trainee)
        self._objective = Objective(
            schedule, prediction, accelerator.device, snr_max=recipe.min_snr
        )
        self._live = trainee.trained_parameters()
        self.learner = _learner(recipe, self._live)

    def gradients(self, step_input: StepInput, material: Material) -> Gradients:
        """Compute the gradients of one step's rows.

        Raises CutOffError if the UNet cannot be compiled here, TooLargeError if compiling needs
        more memory than the device has.
        """
        rank = self._accelerator.process_index
        # For dropout, the only thing here that draws from torch's own generator.
        torch.manual_seed(chance.number(self._recipe.seed, "dropout", step_input.step, rank))
        try:
            loss, norm = self._gradients(step_input, material)
        except TorchDynamoException as fault:
            cause = getattr(fault, "inner_exception", fault)
            if isinstance(cause, torch.OutOfMemoryError):
                raise TooLargeError(MEMORY_ADVICE) from fault
            reason = str(cause).strip().partition("\n")[0]
            raise CutOffError(
                f"the UNet cannot be compiled ({reason}): leave out compile.",
                "the UNet was compiled",
            ) from fault
        return Gradients(loss=loss, norm=norm, rows=len(step_input), epoch=step_input.epoch + 1)

    def _gradients(self, step_input: StepInput, material: Material) -> tuple[float, float]:
        """Compute the step's gradients; return the mean loss and the norm before clipping."""
        passes = list(self._passes(len(step_input)))
        total = torch.zeros((), device=self._accelerator.device)
        for index, positions in enumerate(passes):
            with self._gradient_exchange(last=index == len(passes) - 1):
                loss = self._loss(step_input, material, positions)
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

    def _gradient_exchange(self, *, last: bool) -> AbstractContextManager[Any]:
        """The context of a pass: GPUs exchange gradients only in the last one."""
        return nullcontext() if last else self._accelerator.no_sync(self._network)

    def _loss(self, step_input: StepInput, material: Material, positions: Sequence[int]) -> Tensor:
        """The rows' share of the step's mean loss, times the GPUs that it is averaged over.

        A process without rows computes a loss of weight 0, because the others wait for it.
        """
        weight = 1.0 if positions else 0.0
        rows = list(positions) or [0]
        device = self._accelerator.device
        x0 = torch.stack([material.latents(step_input, position) for position in rows]).to(device)
        draws = [self._noise(step_input.step, position, x0[0].shape) for position in rows]
        noise = torch.stack([noise for noise, _ in draws]).to(device)
        times = torch.tensor([time for _, time in draws], device=device)
        task = self._objective.make_task(x0, noise, times)
        output = self._network(task.unet_input, task.times, step_input.ids[rows].to(device))
        each = self._objective.losses(output, task)
        return each.sum() * (weight * self._accelerator.num_processes / len(step_input))

    def _noise(self, step: int, position: int, shape: torch.Size) -> tuple[Tensor, int]:
        """The noise (C, h, w) of a row and its timestep."""
        generator = chance.generator(self._recipe.seed, "noise", step, position)
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
    settings: dict[str, Any] = {
        "lr": recipe.lr,
        "betas": (recipe.beta1, recipe.beta2),
        "eps": recipe.eps,
        "weight_decay": recipe.weight_decay,
    }
    if recipe.optimizer is Optimizer.ADAMW:
        cuda = parameters[0].device.type == "cuda"
        return torch.optim.AdamW(parameters, fused=cuda, **settings)
    try:
        from bitsandbytes.optim import AdamW8bit  # type: ignore[import-not-found]
    except ImportError as fault:
        raise EngineError(
            'optimizer = "adamw8bit" needs the package bitsandbytes: pip install bitsandbytes, '
            'or set optimizer = "adamw".'
        ) from fault
    return AdamW8bit(parameters, **settings)
