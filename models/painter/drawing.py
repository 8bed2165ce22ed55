"""A portrait as one SVG, and the SVG as pixels: the parts, laid over each other in order.

Called by the command, the trainer and the tests. It must not know tags.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from random import Random

from PIL import Image

from models.painter import (
    accessories,
    background,
    clothes,
    face,
    hair,
    headwear,
    palette,
    styles,
    tones,
)
from models.painter.pen import group
from models.painter.portrait import Portrait

#: Width and height of each framing, in units; the figure is drawn at the same scale in all.
CANVAS: dict[str, tuple[int, int]] = {
    "square": (512, 512),
    "portrait": (512, 640),
    "landscape": (640, 512),
}


def face_middle(height: float, width: float) -> float:
    """The height of the face's middle, in short sides of a picture of this shape.

    A quarter of a tall picture's extra height is above the figure.
    """
    return 0.6 + 0.25 * (height / min(height, width) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slips:
    """Errors of a bad drawing: features moved by up to `misplaced` units, lines `broken` (0..1)."""

    misplaced: float = 0.0
    broken: float = 0.0
    #: The other eye's colour in the palette, if the eyes differ.
    odd_eye: str = ""


def _face(portrait: Portrait, paint: tones.Tones, rng: Random, shadow: str, slips: Slips) -> str:
    """The face with its features, each moved at random by up to `slips.misplaced` units."""

    def misplace(part: str) -> str:
        if not slips.misplaced:
            return part
        m = slips.misplaced
        return group(
            part,
            (
                f"translate({rng.uniform(-m, m):.1f} {rng.uniform(-m, m):.1f})"
                f" rotate({rng.uniform(-m, m) / 2:.1f} 0 270)"
            ),
        )

    return (
        face.head(portrait, paint)
        + face.cheeks(portrait, paint)
        + shadow
        + misplace(face.nose(paint))
        + misplace(face.mouth(portrait))
        + misplace(face.eyes(portrait, paint, rng, palette.EYES.get(slips.odd_eye)))
        + misplace(face.brows(portrait, paint))
    )


def _figure(portrait: Portrait, paint: tones.Tones, rng: Random, slips: Slips) -> str:
    """The figure from back to front."""
    over_face, shadow = hair.front(portrait, paint, rng)
    worn = accessories
    parts = [
        styles.tied_hair_behind(portrait, paint),
        headwear.part_behind_hair(portrait, paint),
        hair.back(portrait, paint, rng),
        clothes.neck_and_garment(portrait, paint),
        worn.neckwear(portrait, paint) if portrait.neck != "none" else "",
        _face(portrait, paint, rng, shadow, slips),
        styles.tied_hair_in_front(portrait, paint),
        worn.eyewear(portrait) if portrait.eyewear != "none" else "",
        over_face,
        face.brows(portrait, paint, over_hair=True),
        hair.sidelocks(portrait, paint, rng) if portrait.sidelocks else "",
        hair.ahoge(paint, rng) if portrait.ahoge else "",
        styles.high_ties(paint) if portrait.hair_style == "twintails" else "",
        worn.earrings() if portrait.earrings else "",
        headwear.part_over_hair(portrait, paint),
    ]
    return "".join(parts)


def draw(portrait: Portrait, seed: int, slips: Slips | None = None) -> str:
    """The portrait as SVG text; the same portrait and seed give the same text."""
    rng = Random(seed)
    paint = tones.choose_tones(portrait, rng)
    width, height = CANVAS[portrait.framing]
    scene = background.SCENES[portrait.scene](paint, rng, width, height)
    headroom = headwear.HEADROOM.get(
        portrait.head, 30 if portrait.hair_style == "single bun" else 0
    )
    scale = rng.uniform(0.95, 1.04) - headroom / 850
    x = width / 2 + rng.uniform(-10, 10)
    y = (height - 512) * 0.25 + 6 + headroom * 0.84 + rng.uniform(-6, 6)
    tilt = rng.uniform(-4, 4)
    figure = _figure(portrait, paint, rng, slips or Slips())
    transform = f"translate({x:.1f} {y:.1f}) scale({scale:.3f}) rotate({tilt:.1f} 0 420)"
    dashes = ""
    if slips and slips.broken:
        dashes = f' stroke-dasharray="{30 - 20 * slips.broken:.0f} {3 + 14 * slips.broken:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f"{scene}<g{dashes}>{group(figure, transform)}</g></svg>"
    )


def raster(svg: str, width_px: int) -> Image.Image:
    """The SVG as an RGB picture of that width; the height follows from its shape."""
    import resvg_py

    data = resvg_py.svg_to_bytes(svg_string=svg, width=width_px, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(data))).convert("RGB")
