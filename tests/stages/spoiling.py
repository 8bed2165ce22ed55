"""A tree of plain values with one field spoiled, for the tests of what is read from outside."""

from __future__ import annotations

from typing import Any

#: Stands for a field that is taken out.
GONE = object()


def spoil(tree: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set the field at a dotted path, or take it out, in the tree itself; returns the tree."""
    *names, last = path.split(".")
    place = tree
    for name in names:
        place = place.setdefault(name, {})
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return tree
