"""A tree of plain values with one field spoiled, for tests of external data."""

from __future__ import annotations

from typing import Any

#: Stands for a removed field.
GONE = object()


def spoil(tree: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set or remove the field at a dotted path, in place; return the tree."""
    *names, last = path.split(".")
    node = tree
    for name in names:
        node = node.setdefault(name, {})
    if value is GONE:
        del node[last]
    else:
        node[last] = value
    return tree
