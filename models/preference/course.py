"""The settings of a training on judgements: its loss, length, rate, and distance from the parent.

Every field is defined here, with its meaning, default and bounds; docs/preference.md says which
measurement chose the defaults. Called by the command. Must not know tensors.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

#: A UNet of at most this many weights trains all of them. For a larger one the copy, the gradients
#: and their moments take more memory (20 bytes a weight) than a serving GPU has.
_SMALL_UNET_WEIGHTS = 100_000_000


class Loss(StrEnum):
    """The loss that a training minimises."""

    #: Diffusion-DPO on pairs of one prompt; its robust form if `noise` is above 0.
    DPO = "dpo"
    #: Diffusion-KTO on single pictures, liked and disliked.
    KTO = "kto"
    #: Plain training on liked pictures.
    SFT = "sft"
    #: Bounded reward fine-tuning along the reward model's gradient: the second stage.
    PULL = "pull"


class Reach(StrEnum):
    """Which weights of the UNet learn."""

    #: All of them.
    FULL = "full"
    #: Small matrices beside the attention's (Hu et al. 2021, arXiv:2106.09685).
    LORA = "lora"


#: The default steps of a pull, and of every other loss.
_PULL_STEPS, _OTHER_STEPS = 6, 200
_RATES = {Reach.FULL: 2e-5, Reach.LORA: 1e-3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One training on judgements."""

    loss: Loss = Loss.DPO
    #: None: all weights of a small UNet, LoRA in a large one.
    reach: Reach | None = None
    #: None: the loss's default. A pull works in few steps; more soon spoil what nobody voted on.
    steps: int | None = None
    #: Pairs per step; KTO and SFT take twice as many single pictures.
    pairs: int = 16
    #: The peak learning rate; it falls linearly to 0. None: the default of the reach.
    lr: float | None = None
    #: The weight of an implicit reward: a higher one stays nearer to the parent.
    beta: float = 1000.0
    #: The share of judgements assumed to be the wrong way round, 0 to less than 0.5.
    noise: float = 0.0
    #: The cost, added to the loss, of changed outputs on the parent's own pictures: it counters
    #: forgetting. A change as large as one unit of implicit reward costs 1.
    replay: float = 0.0
    #: The rank of LoRA's matrices; used if the reach is `lora`.
    rank: int = 16
    #: Gradients with a larger norm are scaled down to it.
    clip_norm: float = 1.0
    seed: int = 0

    @property
    def length(self) -> int:
        """The number of steps."""
        return self.steps or (_PULL_STEPS if self.loss is Loss.PULL else _OTHER_STEPS)

    def reach_of(self, unet: nn.Module) -> Reach:
        """Which weights of this UNet learn."""
        if self.reach is not None:
            return self.reach
        small = sum(p.numel() for p in unet.parameters()) <= _SMALL_UNET_WEIGHTS
        return Reach.FULL if small else Reach.LORA

    def rate_of(self, reach: Reach) -> float:
        """The peak learning rate for these weights."""
        return self.lr or _RATES[reach]

    @property
    def as_json(self) -> dict[str, Any]:
        """The course as plain values, for saved states."""
        return {name: getattr(value, "value", value) for name, value in asdict(self).items()}
