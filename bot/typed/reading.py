"""Reads a member's input: options, and other bots' syntax in their prompt.

A typed option wins over one in the text. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.typed.flags import take_flags
from bot.typed.heard import Heard
from bot.typed.options import Typed
from bot.typed.pasted import parted, take_networks, take_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The input as understood."""

    #: Its prompt holds only the words to draw.
    typed: Typed
    #: Parts not meant for this bot, as they were written.
    left_out: tuple[str, ...] = ()
    #: What there is instead of them, each as a sentence.
    remarks: tuple[str, ...] = ()
    #: What cannot be read, each as a sentence.
    faults: tuple[str, ...] = ()


def understood(typed: Typed) -> Understood:
    """The options, and what the prompt says besides its words."""
    heard = Heard()
    words, unwanted = parted(take_settings(typed.prompt, heard))
    words = _words(words, heard)
    if unwanted is not None:
        heard.values["negative"] = (_words(unwanted, heard), "Negative prompt")
    merged = _alone(heard.under(replace(typed, prompt=words)), heard)
    return Understood(
        typed=merged,
        left_out=tuple(dict.fromkeys(heard.left_out)),
        remarks=tuple(dict.fromkeys(heard.remarks)),
        faults=tuple(heard.faults),
    )


def _alone(typed: Typed, heard: Heard) -> Typed:
    """A strength is how far to go from a picture, and nothing without one."""
    if typed.strength is None or typed.source is not None:
        return typed
    heard.left_out.append(f"--strength {typed.strength:g}")
    return replace(typed, strength=None)


def _words(text: str, heard: Heard) -> str:
    return take_flags(take_networks(text, heard), heard)
