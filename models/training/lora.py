"""LoRA: small matrices beside a network's own; adds, extracts or merges them.

W + scale B A (Hu et al. 2021, arXiv:2106.09685, eq. 3); peft holds them. Called by the trainings.
Must not know what they are trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from models.contract import EngineError

#: The layers that get LoRA matrices: every attention of the UNet and of the text encoder.
UNET_TARGETS = ("to_q", "to_k", "to_v", "to_out.0")
TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj")


def add(
    network: nn.Module, targets: Sequence[str], rank: int, scale: float, dropout: float = 0.0
) -> None:
    """Add matrices beside the named layers; they are trainable and do not change the output yet.

    They are initialised from torch's own generator. Raises EngineError if peft is not installed.
    """
    try:
        from peft import LoraConfig
    except ImportError as fault:
        raise EngineError(
            'LoRA needs the package peft: pip install "waifu-diffusion-bot[train]".'
        ) from fault
    holder: Any = network
    holder.add_adapter(
        LoraConfig(
            r=rank,
            lora_alpha=scale * rank,  # type: ignore[arg-type]  a float will do
            lora_dropout=dropout,
            init_lora_weights="gaussian",
            target_modules=list(targets),
        )
    )


def merged(
    base: Mapping[str, Tensor], trained: Mapping[str, Tensor], scale: float
) -> dict[str, Tensor]:
    """A network's weights with the trained ones merged in, all float32.

    `trained` holds whole weights under their own names, or LoRA pairs: W + scale B A
    (Hu et al. 2021, eq. 3) for `x.lora_A.default.weight` (r, in) and `x.lora_B...` (out, r).
    """
    result = {name: value.float() for name, value in base.items()}
    for name, value in trained.items():
        layer, _, _ = name.partition(".lora_A.")
        if layer != name:
            up = trained[name.replace(".lora_A.", ".lora_B.")]
            weight = layer + ".weight"
            result[weight] = result[weight] + scale * (up.float() @ value.float())
        elif ".lora_B." not in name:
            result[name] = value.float()
    return result
