"""In which numbers a training computes: float32 on a CPU, bfloat16 copies of it on a GPU.

Called by the stages. It must not know what is trained.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def autocast(device: torch.device) -> torch.autocast:
    """bf16 arithmetic on a GPU, plain float32 on a CPU."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


class Lowered:
    """A module's forward pass with float32 weights on a CPU, with bfloat16 copies of them on a GPU.

    Unlike autocast this keeps the norms in bfloat16 too, which is most of the time of a narrow
    network; gradients arrive at the float32 weights.
    """

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        self.module, self.low = module, device.type == "cuda"

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The output of the module; floating inputs are lowered with the weights."""
        if not self.low:
            return self.module(*inputs)
        weights = {name: p.bfloat16() for name, p in self.module.named_parameters()}
        low = [x.bfloat16() if x.is_floating_point() else x for x in inputs]
        return torch.func.functional_call(self.module, weights, tuple(low))


def scaled(pixels: Tensor) -> Tensor:
    """uint8 [B,H,W,3] -> float32 [B,3,H,W] in -1..1."""
    return (pixels.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(
        memory_format=torch.channels_last
    )
