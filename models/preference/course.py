"""What a training on judgements is told: which loss, how long, how fast, how far from the parent.

Every field has a meaning, a default and bounds, and they all stand here; docs/preference.md says
which measurement chose the defaults. Called by the command. It must not know tensors.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

#: A UNet of at most so many weights learns with all of them. Beyond, its copy, its gradients and
#: their moments take more memory (20 bytes a weight) than a card for serving has.
_SMALL = 100_000_000


class Loss(StrEnum):
    """What a training lowers."""

    #: Diffusion-DPO on pairs of one prompt; the robust one where `noise` is above 0.
    DPO = "dpo"
    #: Diffusion-KTO on single pictures, liked and disliked.
    KTO = "kto"
    #: The plain training on the pictures that are liked.
    SFT = "sft"
    #: Bounded reward fine-tuning on the reward model's gradient: the second stage.
    PULL = "pull"


class Reach(StrEnum):
    """Which weights of the UNet learn."""

    #: All of them.
    FULL = "full"
    #: Small matrices beside the attention's (Hu et al. 2021, arXiv:2106.09685).
    LORA = "lora"


#: Steps of a pull, and of every other loss.
_PULLED, _USUAL = 6, 200
_RATES = {Reach.FULL: 2e-5, Reach.LORA: 1e-3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One training on judgements."""

    loss: Loss = Loss.DPO
    #: None: all weights of a small UNet, LoRA in a large one.
    reach: Reach | None = None
    #: None: what suits the loss. A pull is quick, and soon at the cost of what nobody voted on.
    steps: int | None = None
    #: Pairs of one step; single pictures of KTO and SFT are twice as many.
    pairs: int = 16
    #: The learning rate at its highest; it falls in a line to nothing. None: what suits the reach.
    lr: float | None = None
    #: How much an implicit reward weighs: higher stays nearer to the parent.
    beta: float = 1000.0
    #: The share of judgements that are taken to be the wrong way round, 0 to less than 0.5.
    noise: float = 0.0
    #: How much a change of what is said of the parent's own pictures costs beside the loss, against
    #: forgetting; an implicit reward's worth of it costs 1.
    replay: float = 0.0
    #: The rank of LoRA's matrices; it counts where `reach` is `lora`.
    rank: int = 16
    #: Gradients of a larger norm are scaled down to it.
    clip_norm: float = 1.0
    seed: int = 0

    @property
    def length(self) -> int:
        """How many steps it has."""
        return self.steps or (_PULLED if self.loss is Loss.PULL else _USUAL)

    def reach_of(self, unet: nn.Module) -> Reach:
        """Which weights of this UNet learn."""
        if self.reach is not None:
            return self.reach
        small = sum(p.numel() for p in unet.parameters()) <= _SMALL
        return Reach.FULL if small else Reach.LORA

    def rate_of(self, reach: Reach) -> float:
        """The learning rate at its highest for these weights."""
        return self.lr or _RATES[reach]

    @property
    def as_json(self) -> dict[str, Any]:
        """The course as plain values, for the saved states."""
        return {name: getattr(value, "value", value) for name, value in asdict(self).items()}
