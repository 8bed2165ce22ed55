"""Trained weights with their optimizers and average, saved together.

The trainer advances it step by step. Must not know what the weights are for, or any files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from models.contract import EngineError
from models.training.average import Average
from models.training.state import State, StateError, join_optimizer_state, split_optimizer_state

#: Maps a step (from 0) and a group's peak learning rate to its rate at that step.
RateOf = Callable[[int, float], float]

_WEIGHTS, _AVERAGE, _GENERATORS = "weights", "average", "generators"


class TooLargeError(EngineError):
    """The device's memory does not suffice."""

    def __init__(self, save_memory: str) -> None:
        """`save_memory` is a sentence of advice on saving memory."""
        super().__init__(f"the training does not fit into the device's memory. {save_memory}")


class Learner:
    """Weights by name, with everything that a training needs to resume exactly.

    torch's own generators are saved too, because dropout draws from them.
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        optimizers: Mapping[str, Optimizer],
        average: Average | None = None,
        *,
        moment_bytes: int = 8,
    ) -> None:
        """`weights` are what a state must hold: trained weights, and statistics beside them.

        The optimizers' current rates are their peaks. `moment_bytes` is what they store per weight,
        at most.
        """
        self.weights, self.average = dict(weights), average
        self._optimizers = dict(optimizers)
        self._moment_bytes = moment_bytes
        for group in self._groups():
            group["peak"] = group["lr"]

    @property
    def final_weights(self) -> dict[str, Tensor]:
        """The weights to hand over: the average, or the live ones if there is none."""
        return dict(self.weights) if self.average is None else self.average.shadow

    @property
    def state_bytes(self) -> int:
        """The approximate size of a saved state."""
        count = sum(weight.numel() for weight in self.weights.values())
        return count * (4 + self._moment_bytes + (0 if self.average is None else 4))

    @property
    def gpus(self) -> list[torch.device]:
        """The GPU that the weights are on, or none."""
        devices = {weight.device for weight in self.weights.values()}
        return [device for device in devices if device.type == "cuda"]

    def update(self, step: int, rate: RateOf) -> float:
        """Take step number `step` (from 0) along the current gradients.

        Return the highest rate used.
        """
        for group in self._groups():
            group["lr"] = rate(step, group["peak"])
        for optimizer in self._optimizers.values():
            optimizer.step()
        self.drop_gradients()
        if self.average is not None:
            self.average.update(step)
        return max(group["lr"] for group in self._groups())

    def drop_gradients(self) -> None:
        """Drop the current gradients."""
        for optimizer in self._optimizers.values():
            optimizer.zero_grad()

    def using_final_weights(self) -> AbstractContextManager[None]:
        """Give the networks, inside the block, the weights that would be handed over now."""
        return nullcontext() if self.average is None else self.average.temporarily_applied()

    def state(self, step: int, facts: Mapping[str, Any]) -> State:
        """The state after `step` steps, with the given plain values."""
        tensors = {_WEIGHTS: self.weights, _GENERATORS: self._generator_states()}
        rest: dict[str, Any] = {}
        for name, optimizer in self._optimizers.items():
            tensors[name], rest[name] = split_optimizer_state(optimizer.state_dict())
        if self.average is not None:
            tensors[_AVERAGE] = self.average.shadow
        return State(step=step, tensors=tensors, facts={**rest, **facts})

    @torch.no_grad()
    def load(self, state: State, folder: Path) -> None:
        """Restore the state that was read from `folder`. StateError if it is of other networks.

        The optimizers keep their current settings, which may have changed since.
        """
        if not self._fits(state):
            raise StateError(
                f"{folder} was made by another version of this training: move it away to begin "
                "anew, or go on with the version that made it."
            )
        for name, weight in self.weights.items():
            weight.copy_(state.tensors[_WEIGHTS][name])
        settings = [{k: v for k, v in group.items() if k != "params"} for group in self._groups()]
        for name, optimizer in self._optimizers.items():
            optimizer.load_state_dict(join_optimizer_state(state.tensors[name], state.facts[name]))
        for group, setting in zip(self._groups(), settings, strict=True):
            group.update(setting)
        if self.average is not None:
            self.average.load(state.tensors[_AVERAGE])
        self._restore_generators(state.tensors[_GENERATORS])

    def _fits(self, state: State) -> bool:
        expected = {_WEIGHTS, _GENERATORS, *self._optimizers, *([_AVERAGE] if self.average else [])}
        if expected != state.tensors.keys():
            return False
        saved = {name: value.shape for name, value in state.tensors[_WEIGHTS].items()}
        return saved == {name: value.shape for name, value in self.weights.items()}

    def _groups(self) -> Iterator[dict[str, Any]]:
        for optimizer in self._optimizers.values():
            yield from optimizer.param_groups

    def _generator_states(self) -> dict[str, Tensor]:
        saved = {"cpu": torch.get_rng_state()}
        for gpu in self.gpus:
            saved["cuda"] = torch.cuda.get_rng_state(gpu)
        return saved

    def _restore_generators(self, saved: Mapping[str, Tensor]) -> None:
        torch.set_rng_state(saved["cpu"])
        for gpu in self.gpus if "cuda" in saved else ():
            torch.cuda.set_rng_state(saved["cuda"], gpu)


@contextmanager
def explain_out_of_memory(save_memory: str) -> Iterator[None]:
    """Raise EngineError, with advice, if the device's memory does not suffice."""
    try:
        yield
    except torch.OutOfMemoryError as fault:
        raise TooLargeError(save_memory) from fault
