"""Hats and caps. One function for each.

Called by `headwear`, whose tables name them. It must not know the face. The crown of the hair is at
y = 54, the temples at x = 136.
"""

from __future__ import annotations

from models.painter.pen import blade, bow_curve, ellipse, mix, on_side, path
from models.painter.tones import Tones, cloth_tone


def beret(tones: Tones, side: int) -> str:
    """A beret that leans to one side."""
    tone = tones.trim
    d = (
        "M-134 128C-172 70 -110 8 10 8C116 4 190 60 156 116"
        "C150 130 138 134 128 138C80 84 -70 84 -120 142Z"
    )
    out = path(d, tone.base, tone.line, 4.6) + path(
        "M16 10C14 -4 22 -12 30 -12", stroke=tone.line, width=11
    )
    out += path(blade(bow_curve((-96, 62), (20, 30), -18), 16), tone.light, opacity=0.8)
    out += path(
        (
            "M156 116C120 60 -40 50 -134 128C-132 138 -126 142 -120 142"
            "C-70 84 80 84 128 138C138 134 150 130 156 116Z"
        ),
        tone.dark,
        opacity=0.7,
    )
    return on_side(out, side)


def witch_hat(tones: Tones) -> str:
    """A pointed hat with a broad brim and a buckle."""
    del tones
    tone = cloth_tone("#4a3a78")
    cone = "M-112 100C-84 30 -40 -50 60 -108C62 -76 50 -60 58 -36C76 10 98 60 112 100Z"
    brim = "M-222 112C-160 70 160 70 222 112C176 150 90 128 0 128C-90 128 -176 150 -222 112Z"
    out = path(cone, tone.base, tone.line, 4.6) + path(
        blade(bow_curve((-66, 62), (20, -66), -14), 13), tone.light, opacity=0.6
    )
    out += path(brim, tone.base, tone.line, 4.6)
    out += path("M-110 96C-60 70 60 70 110 96L104 62C60 44 -60 44 -98 62Z", "#e0a53a", "#6d4713", 4)
    return out + path("M-22 52H22V84H-22Z", "#fff0b8", "#6d4713", 4.4)


def straw_hat(tones: Tones) -> str:
    """A straw hat with a red ribbon."""
    del tones
    tone = cloth_tone("#f3cf7e")
    brim = (
        "M-226 122C-190 84 -110 70 0 70C110 70 190 84 226 122"
        "C150 146 90 120 0 120C-90 120 -150 146 -226 122Z"
    )
    out = path("M-112 96C-110 14 -70 -24 0 -24C70 -24 110 14 112 96Z", tone.base, tone.line, 4.6)
    weave = "".join(
        path(
            f"M{-96 + i} {28 + i * 0.6}Q0 {-6 + i} {96 - i} {28 + i * 0.6}",
            stroke=tone.dark,
            width=3,
        )
        for i in (0, 12)
    )
    out += (
        weave
        + path(brim, tone.base, tone.line, 4.6)
        + path("M-180 110Q0 84 180 110", stroke=tone.dark, width=3.4)
    )
    return out + path(
        "M-113 96C-70 72 70 72 113 96L111 62C70 44 -70 44 -111 62Z", "#d83f4d", "#6b1524", 4
    )


def santa_hat(tones: Tones) -> str:
    """A red hat with a white rim and bobble."""
    del tones
    red, white = cloth_tone("#d83341"), cloth_tone("#fbfbfe")
    out = path(
        (
            "M-118 100C-110 10 -40 -50 40 -46C110 -40 170 10 186 96"
            "C160 80 140 60 112 54C120 70 122 90 120 104Z"
        ),
        red.base,
        red.line,
        4.6,
    )
    out += path(blade(bow_curve((-74, 50), (30, -22), -16), 13), red.light, opacity=0.6)
    out += ellipse((184, 106), (28, 28), white.base, white.line, 4.2)
    rim = (
        "M-134 132C-140 104 -116 90 -96 92C-60 64 60 64 98 92C118 90 142 106 134 132"
        "C120 150 104 144 94 136C60 112 -60 112 -94 136C-106 146 -124 148 -134 132Z"
    )
    return out + path(rim, white.base, white.line, 4.4)


def baseball_cap(tones: Tones) -> str:
    """A cap with its peak to the front."""
    tone = tones.trim
    out = path(
        "M-130 134C-134 40 -70 0 0 0C70 0 134 40 130 134C60 96 -60 96 -130 134Z",
        tone.base,
        tone.line,
        4.6,
    )
    out += path(
        "M0 2V100M-66 18C-84 46 -90 80 -90 112M66 18C84 46 90 80 90 112", stroke=tone.dark, width=4
    )
    out += ellipse((0, -1), (12, 7), tone.base, tone.line)
    peak = (
        "M-136 130C-80 84 80 84 136 130C150 150 140 166 126 168"
        "C80 132 -80 132 -126 168C-140 166 -150 150 -136 130Z"
    )
    out += path(
        "M0 34L8 50L26 52L13 64L16 82L0 73L-16 82L-13 64L-26 52L-8 50Z",
        "#ffffff" if tone.base < "#e8" else "#d83f4d",
        tone.line,
        3,
    )
    return (
        out
        + path(peak, mix(tone.base, tone.dark, 0.55), tone.line, 4.6)
        + path("M-96 118Q0 84 96 118", stroke=tone.light, width=5)
    )


def beanie(tones: Tones) -> str:
    """A knitted cap with a bobble."""
    tone = tones.trim
    out = path("M-132 130C-136 34 -70 -6 0 -6C70 -6 136 34 132 130Z", tone.base, tone.line, 4.6)
    out += path(
        "M-60 8C-76 40 -80 60 -80 84M0 -4V84M60 8C76 40 80 60 80 84", stroke=tone.dark, width=4
    )
    out += ellipse((0, -22), (34, 32), mix(tone.base, "#ffffff", 0.7), tone.line, 4.4)
    rim = (
        "M-142 104C-80 62 80 62 142 104C148 124 146 140 138 154"
        "C80 112 -80 112 -138 154C-146 140 -148 124 -142 104Z"
    )
    ribs = "".join(
        path(
            f"M{x} {82 + (x / 120) ** 2 * 20:.0f}L{x * 0.98:.0f} {122 + (x / 120) ** 2 * 18:.0f}",
            stroke=tone.dark,
            width=4,
        )
        for x in range(-112, 113, 28)
    )
    return out + path(rim, mix(tone.base, "#ffffff", 0.25), tone.line, 4.6) + ribs
