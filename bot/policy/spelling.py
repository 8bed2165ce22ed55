"""Terms as files write them: `nak{ed,edness}` is two.

Called by `rulebook`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product


def expanded(term: str) -> Iterator[str]:
    """`nak{ed,edness}` as its words; a term without braces as it is."""
    if "{" not in term:
        return iter((term,))
    parts = [part.split(",") for part in term.replace("}", "{").split("{")]
    # Odd parts stood in braces; a comma elsewhere is a comma.
    fixed = [part if at % 2 else [",".join(part)] for at, part in enumerate(parts)]
    return ("".join(chosen) for chosen in product(*fixed))
