"""Fields of a decoded yaml, taken by name and type; every complaint names file and field.

Called by `inference_yaml`. It must not know what the fields mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.contract import EngineError

_REQUIRED = object()


class Fields:
    """One mapping of the tree, remembering which of its fields were asked for."""

    def __init__(self, tree: object, source: str, path: str = "") -> None:
        self._source, self._path = source, path
        if not isinstance(tree, dict):
            raise EngineError(f"{source}: {path or 'it'} must be a mapping: see v1-inference.yaml.")
        self._tree: dict[Any, Any] = tree
        self._asked: set[str] = set()

    def child(self, name: str, default: object = _REQUIRED) -> Fields:
        """The mapping under a name."""
        return Fields(self._get(name, default), self._source, f"{self._path}{name}.")

    def text(self, name: str, default: str) -> str:
        """The text under a name."""
        value = self._get(name, default)
        if not isinstance(value, str):
            raise self.fault(name, "a text")
        return value

    def integer(self, name: str, default: object = _REQUIRED) -> int:
        """The whole number under a name."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fault(name, "a whole number")
        return value

    def number(self, name: str, default: float) -> float:
        """The number under a name; yaml 1.1 reads `1e-4` as a text, which is taken for one."""
        value = self._get(name, default)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise self.fault(name, "a number") from None

    def flag(self, name: str, *, default: bool) -> bool:
        """The truth value under a name."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise self.fault(name, "true or false")
        return value

    def integers(self, name: str, default: object = _REQUIRED) -> list[int]:
        """The list of whole numbers under a name."""
        value = self._get(name, default)
        if not isinstance(value, list) or not all(type(item) is int for item in value):
            raise self.fault(name, "a list of whole numbers")
        if not value and default is _REQUIRED:
            raise self.fault(name, "a list of at least one number")
        return value

    def require_only(self, fixed: Mapping[str, object], idle: Sequence[str]) -> None:
        """Refuse fields of `fixed` with another value; `idle` ones may say what they like."""
        for name, value in fixed.items():
            if self._get(name, value) != value:
                raise self.fault(name, f"{value!r} as in Stable Diffusion 1 and 2")
        self._asked.update(idle)

    def end(self) -> None:
        """Refuse fields that nobody asked for: they would make it another network."""
        for name in self._tree:
            if name not in self._asked:
                raise EngineError(
                    f"{self._source}: {self._path}{name} is not of Stable Diffusion 1 or 2."
                )

    def fault(self, name: str, wanted: str) -> EngineError:
        """The complaint that a field is not what is wanted."""
        found = self._tree.get(name, "not there")
        return EngineError(
            f"{self._source}: {self._path}{name} must be {wanted}, and is {found!r}."
        )

    def _get(self, name: str, default: object) -> Any:
        self._asked.add(name)
        value = self._tree.get(name, default)
        if value is _REQUIRED:
            raise EngineError(f"{self._source}: {self._path}{name} is missing.")
        return value
