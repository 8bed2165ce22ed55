r"""The prompt language that members know from AUTOMATIC1111's web interface, as weighted pieces.

    (x)  x 1.1        ((x))  x 1.21       (x:1.3)  x 1.3        [x]  / 1.1
    \( \) \[ \] \\    the characters themselves
    BREAK             go on in a new chunk of 75 tokens

A bracket that is never closed counts to the end, one that was never opened is a character, and the
two kinds may overlap. In `(cat ears, :3)` the end is a face and no weight, unlike there: nobody
weighs anything threefold behind a comma. Torch-free and pure: called by `conditioning`,
and by the bot for previews of what was understood. It must not know tokenizers.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

#: What one pair of round brackets multiplies by, and one pair of square brackets divides by.
EMPHASIS = 1.1
#: Weights end here: far beyond use, and far from where embeddings overflow.
WEIGHT_MAX = 10.0
#: Brackets inside so many others change no weight any more, or closing them all would take time
#: with the square of the length.
DEPTH_MAX = 40

# No pattern here gives back what it took (`++`), so that each reads any text in one pass.
_TOKEN = re.compile(
    r"""
    \\(?P<literal>[()\[\]\\])
    | :\s*+(?P<weight>[+-]?(?:\d++(?:\.\d*+)?|\.\d++))\s*+\)
    | (?P<bracket>[()\[\]])
    | (?P<text>[^()\[\]\\:]++|.)
    """,
    re.VERBOSE | re.DOTALL,
)
#: The one tag that looks like a weight. `(best quality, cute,:1.2)` is a weight.
_FACE = ":3"
_BREAK = re.compile(r"\bBREAK\b")
_SPECIAL = re.compile(r"<\|[A-Za-z_]*+\|>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of text under one weight; `breaks` asks for a new chunk before it."""

    text: str
    weight: float = 1.0
    breaks: bool = False


def parse(prompt: str) -> tuple[Piece, ...]:
    """The prompt's pieces in order, neighbours of equal weight joined. Never fails; () if empty."""
    weighted = _Weighted()
    for token in _TOKEN.finditer(without_special_tokens(prompt)):
        weighted.take(token)
    return _joined(weighted.finish())


def without_special_tokens(prompt: str) -> str:
    """The prompt without literal `<|endoftext|>` and its like, which a tokenizer would obey."""
    # A space takes their place: taken out whole, `<|end<|x|>oftext|>` would leave a new one.
    return _SPECIAL.sub(" ", prompt)


class _Weighted:
    """Texts with their weights so far, and where the brackets that are still open began."""

    def __init__(self) -> None:
        self._runs: list[tuple[str, float]] = []
        #: Where each open bracket began, and whether it changes the weight.
        self._open: dict[str, list[tuple[int, bool]]] = {"(": [], "[": []}
        #: The last run that is not blank, for a face at the end of a tag.
        self._last = -1

    def take(self, token: re.Match[str]) -> None:
        """Read one token of the language."""
        if (bracket := token["bracket"]) in ("(", "["):
            depth = sum(len(opened) for opened in self._open.values())
            self._open[bracket].append((len(self._runs), depth < DEPTH_MAX))
        elif token[0] == _FACE + ")" and self._open["("] and self._ends_a_tag():
            self._add(_FACE)
            self._close("(", EMPHASIS)
        elif token["weight"] and self._open["("]:
            self._close("(", float(token["weight"]))
        elif bracket == ")" and self._open["("]:
            self._close("(", EMPHASIS)
        elif bracket == "]" and self._open["["]:
            self._close("[", 1 / EMPHASIS)
        else:
            self._add(token["literal"] or token[0])

    def finish(self) -> list[tuple[str, float]]:
        """The runs, every bracket that is still open closed at the end."""
        for bracket, factor in (("(", EMPHASIS), ("[", 1 / EMPHASIS)):
            for opened in self._open[bracket]:
                self._multiply(opened, factor)
        return self._runs

    def _add(self, text: str) -> None:
        if not text.isspace():
            self._last = len(self._runs)
        self._runs.append((text, 1.0))

    def _ends_a_tag(self) -> bool:
        """Whether the innermost round bracket holds nothing so far, or ends with a comma."""
        start, _ = self._open["("][-1]
        return self._last < start or self._runs[self._last][0].rstrip().endswith(",")

    def _close(self, bracket: str, factor: float) -> None:
        self._multiply(self._open[bracket].pop(), factor)

    def _multiply(self, opened: tuple[int, bool], factor: float) -> None:
        start, counts = opened
        if counts:
            runs = self._runs[start:]
            self._runs[start:] = [(text, _clamped(weight * factor)) for text, weight in runs]


def _clamped(weight: float) -> float:
    return max(-WEIGHT_MAX, min(WEIGHT_MAX, weight))


def _joined(runs: list[tuple[str, float]]) -> tuple[Piece, ...]:
    """Join neighbours of one weight, then cut at every BREAK."""
    pieces: list[Piece] = []
    breaks = False
    for weight, group in itertools.groupby(runs, key=lambda run: run[1]):
        for index, part in enumerate(_parts("".join(text for text, _ in group))):
            breaks = breaks or index > 0
            if part:
                pieces.append(Piece(text=part, weight=weight, breaks=breaks))
                breaks = False
    return tuple(pieces)


def _parts(text: str) -> list[str]:
    """The text cut at every BREAK, without the space around the cuts."""
    parts = _BREAK.split(text)
    last = len(parts) - 1
    parts = [part if index == last else part.rstrip() for index, part in enumerate(parts)]
    return [part if index == 0 else part.lstrip() for index, part in enumerate(parts)]
