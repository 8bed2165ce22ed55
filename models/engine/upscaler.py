"""The small upscaler: enlarges a picture four times, with sharp lines.

The engine runs it after the autoencoder if a model folder has one (`upscaler/`); the pre-training
makes it. A sub-pixel convolution network (Shi et al. 2016, arXiv 1609.05158) over a bilinear
enlargement, followed by warp sharpening. Must not know prompts.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from models.contract import EngineError
from models.engine.codec import lanczos
from models.engine.enlarging import Magnifier
from models.engine.warping import DEPTH_MAX_PX, warped

#: The upscaler's folder inside a model's.
FOLDER = "upscaler"
CONFIG, WEIGHTS = "config.json", "model.safetensors"
#: The factor on a picture's sides.
SCALE = 4


class Upscaler(nn.Module):
    """Pictures (B, 3, H, W) in -1..1 -> (B, 3, 4H, 4W) in about the same range."""

    def __init__(self, width: int = 48, blocks: int = 6, warp_px: float = 0.0) -> None:
        """`warp_px` is how deeply edges are warped (`warping.warped`), 0 for not at all."""
        super().__init__()
        self.width, self.warp_px = width, warp_px
        self.enter = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1),
                nn.ReLU(),
                nn.Conv2d(width, width, 3, padding=1),
            )
            for _ in range(blocks)
        )
        self.leave = nn.Conv2d(width, 3 * SCALE**2, 3, padding=1)
        with torch.no_grad():
            self.leave.weight.zero_()
            for bias in (self.leave.bias, self.enter.bias):
                assert bias is not None
                bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge; the network has learned what to add to the bilinear picture."""
        h = self.enter(x)
        for block in self.body:
            h = functional.relu(h + block(h))
        smooth = functional.interpolate(x, scale_factor=SCALE, mode="bilinear")
        large = smooth + functional.pixel_shuffle(self.leave(h), SCALE)
        return warped(large, self.warp_px) if self.warp_px else large


class Enlarger:
    """A trained upscaler with the interface that the codec calls."""

    def __init__(self, net: Upscaler) -> None:
        self._net = net

    @torch.inference_mode()
    def __call__(self, pixels: Tensor, width_px: int, height_px: int) -> Image.Image:
        """An RGB picture of the given size from pixels (3, h, w), float32 in 0..1."""
        weight = self._net.enter.weight
        x = (pixels * 2 - 1)[None].to(weight.device, weight.dtype)
        large = self._net(x.contiguous(memory_format=torch.channels_last))[0].float()
        return lanczos((large / 2 + 0.5).clamp(0, 1), width_px, height_px)


def magnifier_of(net: Upscaler, device: torch.device) -> Magnifier:
    """A trained upscaler as the magnifier of finished pictures."""
    return Magnifier(lambda x: net(x * 2 - 1) / 2 + 0.5, scale=SCALE, device=device)


def save(net: Upscaler, folder: Path) -> None:
    """Write `config.json` and the weights in half precision."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "width": net.width,
        "blocks": len(net.body),
        "scale": SCALE,
        "warp_px": net.warp_px,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    weights = {k: v.half().contiguous().cpu() for k, v in net.state_dict().items()}
    save_file(weights, folder / WEIGHTS)


def load(folder: Path) -> Upscaler:
    """The upscaler of a model folder, in float32 on the CPU. EngineError if it cannot be read."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if config["scale"] != SCALE:
            raise EngineError(f"{folder / CONFIG}: only a scale of {SCALE} is drawn.")
        # Folders older than warping do not name it.
        warp_px = float(config.get("warp_px", 0))
        if not 0 <= warp_px <= DEPTH_MAX_PX:
            raise EngineError(f"{folder / CONFIG}: a warp lies in 0..{DEPTH_MAX_PX:g}.")
        net = Upscaler(int(config["width"]), int(config["blocks"]), warp_px)
        weights = load_file(folder / WEIGHTS)
        net.load_state_dict({k: v.float() for k, v in weights.items()})
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as fault:
        reason = (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]
        raise EngineError(
            f"{folder} cannot be loaded ({reason}); fetch the model again."
        ) from fault
    net.eval().requires_grad_(requires_grad=False)
    return net
