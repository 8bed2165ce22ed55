"""Put a mutant into a running process: its code replaces the function's.

This happens in a fork, so nothing has to be undone. Every holder of the function - a class, a
decorator, another module - runs the new code, and so does a later load of the file: discord.py
executes a cog's file again for each bot. Cached results of the old code are dropped.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from tests.mutants.changes import Mutant


class UnfitError(Exception):
    """The change cannot be made in a running process."""


class LiveFunctions:
    """The functions and the caches of a process, found once before it is forked."""

    def __init__(self, files: list[Path], kept: frozenset[str]) -> None:
        paths = {str(path.resolve()): path for path in files}
        self._functions: dict[tuple[Path, str], list[FunctionType]] = {}
        self._loaded: set[Path] = set()
        self._dropped_caches: list[Any] = []
        self._kept_caches: list[Any] = []
        for thing in gc.get_objects():
            if type(thing) is FunctionType:  # some objects warn when asked for their class
                path = paths.get(thing.__code__.co_filename)
                if path is not None:
                    key = path, thing.__code__.co_qualname
                    self._functions.setdefault(key, []).append(thing)
                    self._loaded.add(path)
            elif type(thing).__name__ == "_lru_cache_wrapper" and _is_ours(thing):
                name = f"{thing.__wrapped__.__module__}.{thing.__wrapped__.__qualname__}"
                (self._kept_caches if name in kept else self._dropped_caches).append(thing)

    def clear_caches(self, *, everything: bool = False) -> None:
        """Empty the caches; also the kept ones, if `everything`."""
        for cache in [*self._dropped_caches, *(self._kept_caches if everything else ())]:
            cache.cache_clear()

    def graft(self, mutant: Mutant) -> None:
        """Have the function run the mutant's code. UnfitError if it cannot."""
        compiled = compile(mutant.source(), str(mutant.path.resolve()), "exec", dont_inherit=True)
        _load_instead(compiled)
        if mutant.path not in self._loaded:
            return
        functions = self._functions.get((mutant.path, mutant.function), [])
        codes = [c for c in _function_codes(compiled) if c.co_qualname == mutant.function]
        lines = sorted({f.__code__.co_firstlineno for f in functions})
        if len(codes) != len(lines):
            raise UnfitError("the process has no such function")
        for function in functions:
            new = codes[lines.index(function.__code__.co_firstlineno)]
            if new.co_freevars != function.__code__.co_freevars:
                raise UnfitError("it closes over something else")
            function.__code__ = new


def _load_instead(code: CodeType) -> None:
    """Make every later load of the code's file return this code."""
    original = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        return code if self.path == code.co_filename else original(self, fullname)

    SourceFileLoader.get_code = get_code


def _is_ours(cache: Any) -> bool:
    module = getattr(cache.__wrapped__, "__module__", "") or ""
    return module.partition(".")[0] in {"bot", "cogs", "models"}


def _function_codes(code: CodeType) -> Iterator[CodeType]:
    """The functions of a module and of its classes, in their order."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _function_codes(constant)
