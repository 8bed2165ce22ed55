r"""The prompt language that members know from AUTOMATIC1111's web interface, as weighted pieces.

    (x)  x 1.1        ((x))  x 1.21       (x:1.3)  x 1.3        [x]  / 1.1
    \( \) \[ \] \\    the characters themselves
    BREAK             go on in a new chunk of 75 tokens

An unclosed bracket extends to the end, an unopened one is a plain character, and the two kinds may
overlap. Unlike there, the end of `(cat ears, :3)` is a face and not a weight, because nobody gives
threefold weight after a comma. Torch-free and pure: called by `conditioning`, and by the bot to
preview how a prompt is understood. Must not know tokenizers.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

#: The factor of a pair of round brackets, and the divisor of a pair of square ones.
EMPHASIS = 1.1
#: The greatest weight: far beyond use, and far below where embeddings overflow.
WEIGHT_MAX = 10.0
#: More deeply nested brackets change no weight; otherwise closing them would take quadratic time.
DEPTH_MAX = 40

# No pattern here backtracks (`++`), so each reads any text in one pass.
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
    """A run of text with one weight; `breaks` starts a new chunk before it."""

    text: str
    weight: float = 1.0
    breaks: bool = False


def parse(prompt: str) -> tuple[Piece, ...]:
    """The prompt's pieces in order, merging neighbours of equal weight.

    Never fails; () if empty.
    """
    weighted = _Weighted()
    for token in _TOKEN.finditer(without_special_tokens(prompt)):
        weighted.read_token(token)
    return _pieces(weighted.finish())


def without_special_tokens(prompt: str) -> str:
    """The prompt without literal `<|endoftext|>` and the like, which a tokenizer would obey."""
    # Replaced by a space: simply removing it would turn `<|end<|x|>oftext|>` into a new one.
    return _SPECIAL.sub(" ", prompt)


class _Weighted:
    """Texts with their current weights, and the positions of the open brackets."""

    def __init__(self) -> None:
        self._runs: list[tuple[str, float]] = []
        #: The position of each open bracket, and whether it changes the weight.
        self._open: dict[str, list[tuple[int, bool]]] = {"(": [], "[": []}
        #: The last run that is not blank, needed for a face at the end of a tag.
        self._last = -1

    def read_token(self, token: re.Match[str]) -> None:
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
        """The runs, closing every open bracket at the end."""
        for bracket, factor in (("(", EMPHASIS), ("[", 1 / EMPHASIS)):
            for opened in self._open[bracket]:
                self._multiply(opened, factor)
        return self._runs

    def _add(self, text: str) -> None:
        if not text.isspace():
            self._last = len(self._runs)
        self._runs.append((text, 1.0))

    def _ends_a_tag(self) -> bool:
        """Whether the innermost round bracket is empty so far, or ends with a comma."""
        start, _ = self._open["("][-1]
        return self._last < start or self._runs[self._last][0].rstrip().endswith(",")

    def _close(self, bracket: str, factor: float) -> None:
        self._multiply(self._open[bracket].pop(), factor)

    def _multiply(self, opened: tuple[int, bool], factor: float) -> None:
        start, changes_weight = opened
        if changes_weight:
            runs = self._runs[start:]
            self._runs[start:] = [(text, _clamped(weight * factor)) for text, weight in runs]


def _clamped(weight: float) -> float:
    return max(-WEIGHT_MAX, min(WEIGHT_MAX, weight))


def _pieces(runs: list[tuple[str, float]]) -> tuple[Piece, ...]:
    """Merge neighbours of equal weight, then split at every BREAK."""
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
    """The text split at every BREAK, without the blanks around it."""
    parts = _BREAK.split(text)
    last = len(parts) - 1
    parts = [part if index == last else part.rstrip() for index, part in enumerate(parts)]
    return [part if index == 0 else part.lstrip() for index, part in enumerate(parts)]
