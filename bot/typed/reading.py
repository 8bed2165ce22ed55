"""Reads a member's input: options, and other bots' syntax in their prompt.

A typed option wins over one in the text. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.typed.flags import extract_flags
from bot.typed.notes import Notes
from bot.typed.options import Typed
from bot.typed.pasted import extract_networks, extract_settings, split_negative


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedInput:
    """A member's input, parsed."""

    #: Its prompt holds only the words to draw.
    typed: Typed
    #: Parts not meant for this bot, as they were written.
    left_out: tuple[str, ...] = ()
    #: What this bot offers instead of them, each as a sentence.
    remarks: tuple[str, ...] = ()
    #: What cannot be read, each as a sentence.
    faults: tuple[str, ...] = ()


def parse_input(typed: Typed) -> ParsedInput:
    """Merge the typed options with those in the prompt, and reduce the prompt to its words."""
    notes = Notes()
    words, unwanted = split_negative(extract_settings(typed.prompt, notes))
    words = _extract_words(words, notes)
    if unwanted is not None:
        notes.values["negative"] = (_extract_words(unwanted, notes), "Negative prompt")
    merged = _drop_lone_strength(notes.merge_into(replace(typed, prompt=words)), notes)
    return ParsedInput(
        typed=merged,
        left_out=tuple(dict.fromkeys(notes.left_out)),
        remarks=tuple(dict.fromkeys(notes.remarks)),
        faults=tuple(notes.faults),
    )


def _drop_lone_strength(typed: Typed, notes: Notes) -> Typed:
    """Drop a strength without a source: it says how far to depart from a picture."""
    if typed.strength is None or typed.source is not None:
        return typed
    notes.left_out.append(f"--strength {typed.strength:g}")
    return replace(typed, strength=None)


def _extract_words(text: str, notes: Notes) -> str:
    return extract_flags(extract_networks(text, notes), notes)
