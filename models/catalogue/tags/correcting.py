"""Puts corrections into a prompt: each likely typo becomes the tag that it was meant to be. Pure.

`analysing` finds the corrections; the cogs call this when a member accepts them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from models.catalogue.tags.completing import in_style_of

_BLANKS = re.compile(r"[\s_]+")
#: What surrounds a whole word. A dash or an apostrophe between letters is part of a longer word.
_WORD_BEGINS, _WORD_ENDS = r"(?<![^\W_])(?<![^\W_][-'’])", r"(?![-'’]?[^\W_])"  # noqa: RUF001  the sign


def corrected(prompt: str, corrections: Mapping[str, str]) -> str:
    """The prompt with every written phrase replaced by its tag.

    Only whole words count, and the longest phrase wins. What was put in is not read again.
    """
    if not corrections:
        return prompt
    tags = {_spaced(written): tag for written, tag in corrections.items()}
    longest_first = sorted(tags, key=len, reverse=True)
    phrases = "|".join(_BLANKS.pattern.join(map(re.escape, one.split())) for one in longest_first)
    return re.sub(
        f"{_WORD_BEGINS}(?:{phrases}){_WORD_ENDS}",
        lambda found: in_style_of(found[0], tags[_spaced(found[0])]),
        prompt,
    )


def _spaced(text: str) -> str:
    return _BLANKS.sub(" ", text)
