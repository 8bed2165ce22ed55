"""How far apart two places of a text are, in words: what `near` counts in a rule.

Called by `sides`. Pure. It must not know rules.
"""

from __future__ import annotations

import re

#: How many words a comma counts for.
_COMMA = 3
_COMMAS = re.compile("[,;\u3001\u3002\uff0c]|\\.(?!\\S)")


def word_distance(between: str) -> int:
    """The distance across the text between two places: its words, and what its commas count for.

    Letters in a row that each stand alone are one word.
    """
    count, spelled = 0, False
    for token in between.split():
        was_spelled, spelled = spelled, len(token) == 1 and token.isalpha()
        says = any(map(str.isalnum, token)) or _COMMAS.search(token) is not None
        count += says and not (spelled and was_spelled)
    return count + _COMMA * len(_COMMAS.findall(between))
