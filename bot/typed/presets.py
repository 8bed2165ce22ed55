"""Saved options for requests, each under a name: members' presets and servers' styles. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.typed.options import Typed

#: Presets per member, styles per server: as many as Discord offers as choices.
PRESETS_MAX, STYLES_MAX = 25, 25


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPreset:
    """A member's options under a name; the preset's prompt is added to the request's."""

    name: str
    typed: Typed
    #: Whether it applies to every request of its member.
    in_use: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A server's words under a name: for the prompt, and for the negative prompt."""

    name: str
    words: str
    negative: str
