"""What is kept under a name to be asked with: a member's presets, a server's styles. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.typed.options import Typed

#: Of one member, of one server; as many as Discord offers to choose from.
PRESETS_MAX, STYLES_MAX = 25, 25


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPreset:
    """Options under a name; its prompt is added to what is asked for."""

    name: str
    typed: Typed
    #: It goes with everything that its member asks for.
    in_use: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What it adds to a prompt, and to what the picture is to be without."""

    name: str
    words: str
    negative: str
