"""What is saved under a name to be used in requests: members' presets, servers' styles. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.typed.options import Typed

#: Per member and per server: as many as Discord offers as choices.
PRESETS_MAX, STYLES_MAX = 25, 25


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPreset:
    """Options under a name; its prompt is added to the request's."""

    name: str
    typed: Typed
    #: Applied to everything that its member asks for.
    in_use: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Words for the prompt, and words for the negative prompt."""

    name: str
    words: str
    negative: str
