"""The rulebook shipped with the package: its files, read once.

Called by the entry points, the tests and the tools; the policy rooms receive the result. Must not
know what is in the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from bot.policy.rulebook import Rulebook, decode_rulebook

_SUFFIXES = (".toml", ".txt")


@lru_cache(maxsize=1)
def load() -> Rulebook:
    """The rulebook of this version. Raises RulebookError, with file and place, if it is wrong."""
    return decode_rulebook(package_files())


def package_files() -> dict[str, bytes]:
    """The rulebook's files by path, such as `rules/sexual.toml`."""
    return dict(_files(files("bot.policy"), ""))


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(_SUFFIXES):
            yield f"{path}{entry.name}", entry.read_bytes()
