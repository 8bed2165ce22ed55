"""An image tower's view of a picture: CLIP's own preprocessing, step by step.

Called by the towers and by the training's painting processes; torch-free. Must not know towers or
files other than `preprocessor_config.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from models.contract import EngineError

FILE_NAME = "preprocessor_config.json"
#: Of a very long picture, only a middle part of this many short sides is used.
_MAX_ASPECT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Resize the shortest side, cut the centre, normalise.

    The defaults are those of OpenAI's CLIP (Radford et al. 2021, arXiv 2103.00020).
    """

    shortest_px: int = 224
    crop_px: int = 224
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)

    def cut(self, picture: Image.Image) -> np.ndarray:
        """An RGB picture -> uint8 (crop_px, crop_px, 3).

        Bicubic; the long side is rounded down, and of an odd margin the smaller half is at the top
        and the left.
        """
        picture = _crop_middle(picture)
        width, height = picture.size
        short = min(width, height)
        to_width = int(self.shortest_px * width / short)
        to_height = int(self.shortest_px * height / short)
        small = picture.resize((to_width, to_height), Image.Resampling.BICUBIC)
        x, y = (to_width - self.crop_px) // 2, (to_height - self.crop_px) // 2
        return np.asarray(small.crop((x, y, x + self.crop_px, y + self.crop_px)))

    def normalise(self, cut: np.ndarray) -> np.ndarray:
        """uint8 (..., 3) -> float32 (..., 3): (x / 255 - mean) / std."""
        scale = 1 / (255 * np.asarray(self.std, dtype=np.float32))
        shift = np.asarray(self.mean, dtype=np.float32) / np.asarray(self.std, dtype=np.float32)
        return cut.astype(np.float32) * scale - shift


def _crop_middle(picture: Image.Image) -> Image.Image:
    """The middle of a very long picture; any other unchanged.

    Only the centre is used in the end, but first the short side is scaled to a fixed length: a line
    of 1 x 60,000 pixels would need gigabytes. Both ends lose the same number of whole short sides,
    so that the window equals that of the whole picture, to rounding.
    """
    width, height = picture.size
    short, long = sorted(picture.size)
    removed = max(0, (long - _MAX_ASPECT * short) // 2 // short * short)
    if not removed:
        return picture
    x, y = (removed, 0) if width > height else (0, removed)
    return picture.crop((x, y, width - x, height - y))


def read_window(folder: Path) -> Window:
    """The preprocessing in a tower's folder; CLIP's own by default.

    Raises EngineError if the file is damaged or asks for something that no CLIP does.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return Window()
    try:
        settings = json.loads(path.read_text("utf-8"))
        return Window(
            shortest_px=_side(settings.get("size", 224), "shortest_edge"),
            crop_px=_side(settings.get("crop_size", 224), "height"),
            mean=_triple(settings.get("image_mean", Window().mean)),
            std=_triple(settings.get("image_std", Window().std)),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise EngineError(f"{path} is not the preprocessing of a CLIP image tower.") from fault


def write_window(window: Window, folder: Path) -> None:
    """Write the preprocessing in the form that `CLIPImageProcessor` reads."""
    crop = {"height": window.crop_px, "width": window.crop_px}
    settings = {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": window.shortest_px},
        "crop_size": crop,
        "image_mean": list(window.mean),
        "image_std": list(window.std),
        "resample": int(Image.Resampling.BICUBIC),
    }
    (folder / FILE_NAME).write_text(json.dumps(settings, indent=2) + "\n", "utf-8")


def _side(setting: int | dict[str, int], name: str) -> int:
    """A size as written by old files (a number) and new ones (an object). ValueError if absurd."""
    side = setting[name] if isinstance(setting, dict) else setting
    if not isinstance(side, int) or not 16 <= side <= 4096:
        raise ValueError(f"{side!r} is no size in pixels")
    return side


def _triple(values: list[float] | tuple[float, ...]) -> tuple[float, float, float]:
    r, g, b = (float(x) for x in values)
    return r, g, b
