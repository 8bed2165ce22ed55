"""The files of the rulebook, read as text or as TOML of a given shape.

Called by `rulebook`. Pure: it receives bytes. A fault names the file and the place in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import TypeVar

from bot.domain import BotError
from models.decoding import Dialect, MisfitError, decode

_T = TypeVar("_T")
_TOML = Dialect(unknown_field="is not known here", object_word="a table", null_word="")


class RulebookError(BotError):
    """A file of the rulebook has a fault; the message names the file and the place."""


def in_folder(folder: str, files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """The files of a folder, by the name that they give what is in them."""
    begin, end = f"{folder}/", ".toml"
    paths = [path for path in sorted(files) if path.startswith(begin) and path.endswith(end)]
    return [(path.removeprefix(begin).removesuffix(end), path) for path in paths]


def text_of(path: str, files: Mapping[str, bytes]) -> str:
    """A file as text; RulebookError if it is missing or is none."""
    if path not in files:
        raise RulebookError(f"{path} is missing.")
    try:
        return files[path].decode()
    except UnicodeDecodeError as fault:
        raise RulebookError(f"{path} is not UTF-8 text ({fault.reason}).") from fault


def decoded(kind: type[_T], path: str, files: Mapping[str, bytes]) -> _T:
    """A file of TOML in this shape; RulebookError if it has another."""
    try:
        return decode(kind, tomllib.loads(text_of(path, files)), _TOML)
    except tomllib.TOMLDecodeError as fault:
        raise RulebookError(f"{path} is not valid TOML: {fault}.") from fault
    except MisfitError as fault:
        raise RulebookError(f"{path}: {fault}") from fault
