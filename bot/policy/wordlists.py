"""Tens of thousands of terms as `splitting` reads one: joined, read at once, and split again.

Called by `matching` and `listing`, which compile lists. Pure. It must not know what the words are
for. A bot does this at each start, and a server at each change of its terms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.policy.splitting import spoken, words

_NUMBER = re.compile("([0-9]++)")
#: ASCII with blanks for what is of no word; lines end where they did.
_BLANKED = bytes(n if n == 10 or (n < 128 and chr(n).isalnum()) else 32 for n in range(256))
_BLANKS = re.compile("  ++")
#: A character that is followed by the same one, within a line.
_FOLLOWED = re.compile(r"([^\d\n])(?=\1)")


def each_spoken(texts: Sequence[str]) -> list[str]:
    """The words of many folded texts with a space around each; "" for a text without words."""
    plain = iter(_spoken_ascii([text for text in texts if text.isascii()]))
    return [
        next(plain) if text.isascii() else spoken(found) if (found := words(text)) else ""
        for text in texts
    ]


def _spoken_ascii(texts: Sequence[str]) -> list[str]:
    """The same for ASCII texts, all at once: tens of thousands are compiled."""
    if not texts:
        return []
    numbers_apart = _NUMBER.sub(r" \1 ", "\n".join(text.replace("\n", " ") for text in texts))
    lines = numbers_apart.replace("\n", " \n ").encode().translate(_BLANKED).decode()
    narrow = _BLANKS.sub(" ", f" {lines} ")
    return [line if len(line) > 2 else "" for line in narrow.split("\n")]


def each_squeezed(lines: Sequence[str]) -> list[str]:
    """Many texts of `each_spoken` without spaces, and with one letter for every run of it."""
    letters = "\n".join(lines).replace(" ", "")
    return _FOLLOWED.sub("", letters).split("\n") if lines else []
