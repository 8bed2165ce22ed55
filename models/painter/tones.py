"""The colours of one picture: the palette's, varied a little at random, with shadows and lines.

Called once for a drawing; the parts read it. It must not know shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from models.painter import palette
from models.painter.pen import ink, jitter, mix
from models.painter.portrait import Portrait


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """One material: its colour, its shadow, its highlight, and the line around it."""

    base: str
    dark: str
    light: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tones:
    """All materials of one picture."""

    skin: Tone
    hair: Tone
    cloth: Tone
    trim: Tone
    neck: Tone
    iris: tuple[str, str]
    background: str


def cloth_tone(colour: str) -> Tone:
    """Shadow, light and line for any cloth colour."""
    return Tone(
        base=colour,
        dark=mix(colour, "#2b1d4a", 0.24),
        light=mix(colour, "#ffffff", 0.4),
        line=ink(colour),
    )


def _skin(name: str, rng: Random) -> Tone:
    base, dark = (jitter(c, 0.03, rng) for c in palette.SKIN[name])
    return Tone(
        base=base, dark=dark, light=mix(base, "#ffffff", 0.5), line=mix(dark, "#4a1626", 0.62)
    )


def _hair(name: str, rng: Random) -> Tone:
    base, dark = (jitter(c, 0.05, rng) for c in palette.HAIR[name])
    glossy = 0.35 if name == "black" else 0.62
    line = mix(mix(dark, "#000000", 0.3), "#2a1230", 0.55)
    if name == "white":
        line = "#6d6a8c"
    return Tone(base=base, dark=dark, light=mix(base, "#ffffff", glossy), line=line)


def choose_tones(portrait: Portrait, rng: Random) -> Tones:
    """The colours of this picture."""

    def cloth(name: str) -> Tone:
        return cloth_tone(jitter(palette.CLOTH[name], 0.05, rng))

    deep, bright = palette.EYES[portrait.eye_colour]
    return Tones(
        skin=_skin(portrait.skin, rng),
        hair=_hair(portrait.hair_colour, rng),
        cloth=cloth(portrait.clothes_colour),
        trim=cloth(portrait.head_colour),
        neck=cloth(portrait.neck_colour),
        iris=(jitter(deep, 0.05, rng), jitter(bright, 0.05, rng)),
        background=jitter(palette.BACKGROUND[portrait.background], 0.04, rng),
    )
