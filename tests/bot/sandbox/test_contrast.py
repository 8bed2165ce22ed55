"""The page's style sheets keep text readable: WCAG 2.2 AA, a contrast of 4.5 to 1.

Computed from the sheets. A rule without its own background may stand on any of the page's; a
browser's check, which knows the real backgrounds, is in `test_access.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest

from bot.sandbox.wire.page_api import PAGE

Color = tuple[float, float, float]

AA = 4.5
#: The backgrounds of text: the page's surfaces, and the sheets that lie over them.
BACKGROUNDS = (
    *(f"var(--{name})" for name in ("rail", "side", "chat", "raised", "field")),
    "#191820", "#191821", "#1a1922", "#1f1e27", "#26252f", "#2a2935", "#302f3e", "#16151d",
)  # fmt: skip
#: Chosen or hovered rows are slightly lighter; faint text is never in one.
HIGHLIGHT = "var(--active)"
FAINT = "var(--faint)"
#: Text that need not be readable: WCAG excludes disabled controls, and echoes repeat other text.
EXEMPT = {"#send:disabled", "#composer", "#composer::selection"}
#: May be dimmed: disabled controls, what touch screens always show, and animations.
DIMMED = {".button:disabled", ".select:disabled", ".reaction.more"}

_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COLOR = re.compile(r"rgb\((\d+) (\d+) (\d+) / ([\d.]+)%\)")


def all_styles() -> str:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(PAGE.glob("*.css")))
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def rules() -> Iterator[tuple[str, dict[str, str]]]:
    for selector, body in _RULE.findall(all_styles()):
        pairs = (line.partition(":")[::2] for line in body.split(";") if ":" in line)
        yield " ".join(selector.split()), {key.strip(): value.strip() for key, value in pairs}


TOKENS = {
    key: value
    for selector, body in rules()
    if selector == ":root"
    for key, value in body.items()
    if key.startswith("--")
}


def color_of(text: str, below: Color) -> Color | None:
    """The colour over `below`; None if the text is no colour of its own."""
    while (token := re.fullmatch(r"var\((--[\w-]+)(?:, [^)]+)?\)", text)) and token[1] in TOKENS:
        text = TOKENS[token[1]]
    if re.fullmatch(r"#[0-9a-f]{3}", text):
        text = "#" + "".join(2 * digit for digit in text[1:])
    if re.fullmatch(r"#[0-9a-f]{6}", text):
        return tuple(int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))  # type: ignore[return-value]
    if match := _COLOR.fullmatch(text):
        alpha = float(match[4]) / 100
        parts = (int(part) / 255 for part in match.groups()[:3])
        return tuple(p * alpha + b * (1 - alpha) for p, b in zip(parts, below, strict=True))  # type: ignore[return-value]
    return None


def luminance(color: Color) -> float:
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color)
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(left: Color, right: Color) -> float:
    dark, light = sorted((luminance(left), luminance(right)))
    return (light + 0.05) / (dark + 0.05)


def possible_backgrounds(text: str, own_background: str | None) -> list[Color]:
    """The possible backgrounds of a text of this colour."""
    black = (0.0, 0.0, 0.0)
    page = [color for background in BACKGROUNDS if (color := color_of(background, black))]
    overlays = (
        [own_background] if own_background else [None] if text == FAINT else [None, HIGHLIGHT]
    )
    layers = product(page, overlays)
    return [below if top is None else color_of(top, below) or below for below, top in layers]


def test_contrast_matches_known_pairs() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    grey = color_of("#767676", (0, 0, 0))
    assert grey is not None
    assert contrast(grey, (1, 1, 1)) == pytest.approx(4.54, abs=0.01), "the standard's own example"


def test_every_text_of_the_style_sheets_is_readable() -> None:
    checked, failures = 0, []
    for selector, body in rules():
        text, own_background = (
            body.get("color"),
            body.get("background") or body.get("background-color"),
        )
        if text is None or selector in EXEMPT or text in ("inherit", "transparent"):
            continue
        if own_background in ("none", "transparent"):
            own_background = None
        for background in possible_backgrounds(text, own_background):
            color = color_of(text, background)
            if color is None:
                assert "var(--ink" in text, f"{selector}: {text} is not understood"
                continue
            checked += 1
            if contrast(color, background) < AA:
                ratio = f"{contrast(color, background):.2f}"
                failures.append(f"{selector}: {text} on {own_background or 'the page'} {ratio}")
    assert checked > 500
    assert not failures, "\n".join(sorted(set(failures)))


def test_no_readable_text_is_dimmed() -> None:
    dimmed = {
        selector
        for selector, body in rules()
        if 0 < float(body.get("opacity", "0")) < 1 and not re.search(r"%|from|to$", selector)
    }
    assert dimmed <= DIMMED, dimmed - DIMMED
