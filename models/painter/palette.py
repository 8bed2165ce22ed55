"""The painter's colours, as data: `blue` for hair, eyes, cloth and background.

Called by the parts and by the sampler. Must not know where a colour goes.
"""

from __future__ import annotations

#: Hair: the lit colour and its shadow.
HAIR: dict[str, tuple[str, str]] = {
    "black": ("#3a3545", "#1d1a26"),
    "brown": ("#8a5738", "#5a3222"),
    "blonde": ("#f7d977", "#d49c42"),
    "red": ("#d93a44", "#8f1c33"),
    "orange": ("#f6923c", "#c25a1e"),
    "pink": ("#fba6c8", "#db6a9f"),
    "purple": ("#9460d0", "#5c3499"),
    "blue": ("#4472e0", "#2744a0"),
    "light blue": ("#a3def7", "#62acd8"),
    "green": ("#55b566", "#2a7a45"),
    "aqua": ("#45cfc4", "#1c918f"),
    "white": ("#f6f6fc", "#c3c6de"),
    "grey": ("#a9abb9", "#727588"),
}

#: Eyes: the deep colour at the top of the iris and the light at its bottom.
EYES: dict[str, tuple[str, str]] = {
    "blue": ("#1d46ae", "#6cbcff"),
    "green": ("#17713a", "#83ec8c"),
    "red": ("#98101f", "#ff7468"),
    "purple": ("#53219a", "#cda0ff"),
    "brown": ("#4e2814", "#c58250"),
    "yellow": ("#b37a08", "#ffe969"),
    "pink": ("#c02e80", "#ffb8dc"),
    "aqua": ("#0a7f88", "#7cf6f0"),
    "orange": ("#b8480c", "#ffae55"),
    "grey": ("#50566a", "#c2c9d8"),
}

#: Cloth, bows, hats and frames.
CLOTH: dict[str, str] = {
    "white": "#f7f7fa",
    "black": "#33313f",
    "red": "#d63d49",
    "blue": "#416fd2",
    "green": "#4a9d5f",
    "yellow": "#f4d054",
    "pink": "#f79fc4",
    "purple": "#8b5bc4",
    "orange": "#f08d42",
    "brown": "#8d5e40",
    "grey": "#9da0ae",
    "aqua": "#56c8c6",
}

#: Backgrounds: lighter than cloth, so that the figure stands out.
BACKGROUND: dict[str, str] = {
    "white": "#fdfdff",
    "black": "#26242f",
    "red": "#e4666d",
    "blue": "#8fbdf3",
    "green": "#aadfa9",
    "yellow": "#fdeca2",
    "pink": "#fdc8dc",
    "purple": "#ccb4f0",
    "orange": "#fabb7c",
    "brown": "#b8977c",
    "grey": "#c2c5cf",
    "aqua": "#9fe8e4",
}

#: Skin: the lit colour and its shadow.
SKIN: dict[str, tuple[str, str]] = {
    "fair": ("#ffeade", "#f6c4b2"),
    "tan": ("#f0c096", "#d2936a"),
    "dark": ("#ad7450", "#825037"),
}
