"""One noun has one meaning in the project, and shapes are written one way."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
#: The wings whose nouns readers see side by side.
WINGS = ("bot", "cogs", "models")
#: A shape in square brackets: a list that begins with an axis, or with an ellipsis.
SQUARE = re.compile(r"\[(?:[BCHKLNSTW]|\.\.\.)(?:,[^\]\n]*)?\]")


def files() -> Iterable[tuple[str, str]]:
    """Every file of the project except its tests: its path and its text."""
    for wing in WINGS:
        for path in sorted((HOUSE / wing).rglob("*.py")):
            yield str(path.relative_to(HOUSE)), path.read_text(encoding="utf-8")


def shared_names(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Public classes defined in several files, by name."""
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for path, text in sources:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(path)
    return {name: paths for name, paths in homes.items() if len(paths) > 1}


def square_shapes(sources: Iterable[tuple[str, str]]) -> list[str]:
    """`path:line` of every docstring and comment with a shape in square brackets."""
    return [
        f"{path}:{token.start[0]}"
        for path, text in sources
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT or token.string.startswith('"""')
        if SQUARE.search(token.string)
    ]


def test_no_two_public_classes_share_a_name() -> None:
    assert shared_names(files()) == {}


def test_a_class_that_is_defined_twice_is_found() -> None:
    planted = [("a.py", "class Recipe: ..."), ("b.py", "class Recipe: ..."), ("c.py", "")]
    assert shared_names(planted) == {"Recipe": ["a.py", "b.py"]}


def test_shapes_are_written_in_round_brackets() -> None:
    assert square_shapes(files()) == []


@pytest.mark.parametrize(
    "text", ['"""Pictures [B,3,H,W] in -1..1."""', "#: int64 [N].", '"""One.\n\nOf [..., C].\n"""']
)
def test_a_shape_in_square_brackets_is_found(text: str) -> None:
    assert square_shapes([("a.py", text)]) == ["a.py:1"]


def test_square_brackets_are_allowed_in_code() -> None:
    assert square_shapes([("a.py", "x = y[B, C]\nz: list[N]\n")]) == []
