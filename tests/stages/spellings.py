"""Spellings that the prompt language reads as one word despite the brackets inside.

A seeded generator for tests of the screening. The model's own parser joins the parts of each
spelling: `(lo)(li)`, `nu[](de:1.0)`, `ra BREAK pe`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_Wrap = Callable[[str], str]
#: Brackets around a part of a word, balanced or not.
_WRAPS: tuple[_Wrap, ...] = (
    "({})".format, "[{}]".format, "(({}))".format, "[[{}]]".format, "([{}])".format,
    "[({})]".format, "({}:1.0)".format, "({}:1.1)".format, "({}: 1.2 )".format, "({}:.9)".format,
    "(({}:1.3):0.8)".format, "({}:+2)".format, "({}:1.)".format, "({}".format, "[{}".format,
    "(({})".format, "(({}:1.1)".format, "[[{}]".format, "{}".format,
)  # fmt: skip
#: Text between two parts of a word that leaves nothing for the tokenizer.
_JOINTS = ("", "", "()", "[]", "(())", "[()]", "(:1.0)", "(:1.1)", "[(:.5)]", "(", "[", "((")
#: Characters that stay in the text, and separators of the prompt.
_VISIBLE = ("\\(", "\\)", "\\[", "\\]", "\\\\", "\\(\\)", ")", "]", " BREAK ", "(BREAK)", "[BREAK]")


def spellings(word: str, dice: random.Random, count: int) -> Iterator[str]:
    """`count` spellings of the word, which has two letters or more."""
    for _ in range(count):
        yield dice.choice((_bracket_parts, _bracket_parts, _nest_brackets, _insert_visible))(
            word, dice
        )


def _parts(word: str, dice: random.Random) -> list[str]:
    cuts = sorted(dice.sample(range(1, len(word)), min(dice.randint(1, 3), len(word) - 1)))
    return [word[a:b] for a, b in zip([0, *cuts], [*cuts, len(word)], strict=True)]


def _bracket_parts(word: str, dice: random.Random) -> str:
    """Put every part into its own brackets, with empty brackets between."""
    spelled = ""
    for part in _parts(word, dice):
        joint = dice.choice(_JOINTS) if spelled else ""
        spelled += joint + dice.choice(_WRAPS)(part)
    return spelled


def _nest_brackets(word: str, dice: random.Random) -> str:
    """Put brackets around a part and everything before it: `((lo)li:1.2)`."""
    spelled = ""
    for part in _parts(word, dice):
        spelled = dice.choice(_WRAPS)(spelled + part)
    return spelled


def _insert_visible(word: str, dice: random.Random) -> str:
    """Insert a character that the parser leaves in the text, or at which it splits."""
    first, *rest = _parts(word, dice)
    return first + dice.choice(_VISIBLE) + "".join(rest)
