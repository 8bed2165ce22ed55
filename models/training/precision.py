"""The precision of training: bfloat16 copies of float32 weights where that is faster.

Called by the stages of the pre-training and by the fine-tuning. Must not know what is trained.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

#: Up to this many tokens, plain products beat fused attention on a CPU; beyond, they would fill its
#: memory.
_FEW_TOKENS = 1024


@cache
def prefers_bfloat16(device: torch.device) -> bool:
    """Whether to compute in bfloat16: on a GPU, and on a CPU with instructions for it.

    Other CPUs emulate bfloat16 in float32, slowly.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # Older versions do not say.
    return device.type == "cuda" or any(
        capabilities.get(name) for name in ("avx512_bf16", "amx_bf16")
    )


def autocast(device: torch.device) -> torch.autocast:
    """bf16 arithmetic where it is faster, else plain float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=prefers_bfloat16(device))


class LowPrecision:
    """A module's forward pass with bfloat16 copies of its float32 weights, where that is faster.

    Unlike autocast this keeps the norms in bfloat16 too, which take most of the time in a narrow
    network; gradients arrive at the float32 weights.
    """

    def __init__(
        self,
        module: nn.Module,
        device: torch.device,
        *,
        low: bool | None = None,
        compiled: bool = False,
    ) -> None:
        """`low` overrides the device's default; `compiled` compiles passes at their first use.

        Another input size may compile again, once or twice: compilation assumes the first one.
        """
        self.module, self.device = module, device
        self.low = prefers_bfloat16(device) if low is None else low
        if compiled:
            # Both are harmless: one is about diffusers' code, the other about the copies, which are
            # not leaves.
            for text in (
                "Dynamo detected a call to a `functools.lru_cache`",
                "The .grad attribute",
            ):
                warnings.filterwarnings("ignore", text)
        self._forward = torch.compile(self._run) if compiled else self._run

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The module's output; floating inputs are lowered with the weights."""
        if not self.low:
            return self._forward(None, inputs)
        weights = {name: p.bfloat16() for name, p in self.module.named_parameters()}
        low = [x.bfloat16() if x.is_floating_point() else x for x in inputs]
        # Fused attention's backward pass takes a fifth of a small network's step on a CPU.
        use_plain_attention = self.device.type == "cpu" and inputs[0][0, 0].numel() <= _FEW_TOKENS
        attention = sdpa_kernel(SDPBackend.MATH) if use_plain_attention else nullcontext()
        with attention, torch.autocast(self.device.type, enabled=False):
            return self._forward(weights, low)

    def _run(self, weights: Mapping[str, Tensor] | None, inputs: Sequence[Tensor]) -> Tensor:
        if weights is None:
            return self.module(*inputs)
        return torch.func.functional_call(self.module, dict(weights), tuple(inputs))


def scaled(pixels: Tensor) -> Tensor:
    """uint8 (B, H, W, 3) -> float32 (B, 3, H, W) in -1..1."""
    return (pixels.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(
        memory_format=torch.channels_last
    )
