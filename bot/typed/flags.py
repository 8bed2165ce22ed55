"""Midjourney's syntax for options in a prompt: `1girl --ar 16:9 --seed 7 --no glasses`.

A flag takes the next word, `--no` all words up to the next flag; other text between flags is
prompt. Flags without a meaning for this bot are dropped with their values. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from bot.typed.notes import Notes
from bot.typed.values import Unreadable, parse_number

#: Phones turn two dashes into one long dash, which counts only before a known flag.
_FLAG = re.compile(
    r"(?<!\S)(?P<dash>--|[\u2013\u2014])(?P<name>[A-Za-z][A-Za-z_-]{0,20})(?=[\s,=]|$)"
)
_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "ar": "aspect", "aspect": "aspect",
        "seed": "seed", "sameseed": "seed",
        "steps": "steps",
        "cfg": "guidance", "cfg_scale": "guidance", "scale": "guidance", "guidance": "guidance",
        "guidance_scale": "guidance",
        "sampler": "sampler",
        "n": "count", "count": "count",
        "style": "style",
        "preset": "preset",
        "complete": "complete",
        "source": "source",
        "strength": "strength",
        "clip_skip": "clip_skip", "clip-skip": "clip_skip", "clipskip": "clip_skip",
    }
)  # fmt: skip
_NEGATIVE_FLAGS = frozenset({"no", "neg", "negative"})
_SIDES = MappingProxyType({"w": "w", "width": "w", "h": "h", "height": "h"})
#: Midjourney flags that take a word; others take one only if it is a number.
_TAKING_A_WORD = frozenset(
    {
        "c", "chaos", "cref", "cw", "exp", "iw", "niji", "oref", "ow", "p", "personalize",
        "profile", "q", "quality", "r", "repeat", "s", "sref", "stop", "stylize", "sv",
        "sw", "v", "version", "weird",
    }
)  # fmt: skip
#: Midjourney's own styles; write `--style=cute` for a server's style with such a name.
_FOREIGN_STYLES = frozenset({"raw", "cute", "expressive", "scenic", "original", "4a", "4b", "4c"})
_LABEL_CHARS = 40


def extract_flags(text: str, notes: Notes) -> str:
    """Note every flag in the text; return the text without the flags."""
    flags = [match for match in _FLAG.finditer(text) if _is_flag(match)]
    if not flags:
        return text
    kept = [text[: flags[0].start()]]
    sides: dict[str, str] = {}
    ends = [flag.start() for flag in flags[1:]] + [len(text)]
    for flag, end in zip(flags, ends, strict=True):
        kept.append(_note_flag(flag["name"].lower(), text[flag.end() : end], notes, sides))
    _note_sides(sides, notes)
    return _join(kept)


def _is_flag(flag: re.Match[str]) -> bool:
    name = flag["name"].lower()
    is_known = (
        name in _OPTIONS or name in _NEGATIVE_FLAGS or name in _SIDES or name in _TAKING_A_WORD
    )
    return flag["dash"] == "--" or is_known


def _note_flag(name: str, following: str, notes: Notes, sides: dict[str, str]) -> str:
    """Note one flag; return the part of the following text that is prompt."""
    is_ours = following.startswith("=")
    following = following.lstrip(" \t\n=")
    if name in _NEGATIVE_FLAGS:
        _note_unwanted(following.strip(" ,\n"), notes)
        return ""
    word, rest = [*following.split(maxsplit=1), "", ""][:2]
    value = word.rstrip(",")
    label = f"--{name} {value}".rstrip()[:_LABEL_CHARS]
    if name == "style" and value.lower() in _FOREIGN_STYLES and not is_ours:
        notes.left_out.append(label)
        return rest
    if (option := _OPTIONS.get(name)) is not None:
        notes.read_option(option, value, label)
        return rest
    if name in _SIDES:
        sides[_SIDES[name]] = value
        return rest
    if name in _TAKING_A_WORD or _is_number(value):
        notes.left_out.append(label)
        return rest
    notes.left_out.append(f"--{name}")
    return following


def _note_unwanted(words: str, notes: Notes) -> None:
    before, _ = notes.values.get("without", ("", ""))
    if unwanted := ", ".join(filter(None, (before, words))):
        notes.values["without"] = (unwanted, "--no")


def _note_sides(sides: Mapping[str, str], notes: Notes) -> None:
    """Note width and height, which together give a shape; one alone means nothing."""
    if len(sides) == 2:
        notes.read_option(
            "aspect", f"{sides['w']}x{sides['h']}", f"--w {sides['w']} --h {sides['h']}"
        )
        return
    notes.left_out += [f"--{side} {value}" for side, value in sides.items()]


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except Unreadable:
        return False
    return True


def _join(parts: list[str]) -> str:
    """Join the parts to one list of tags; text before and after a flag stays separate."""
    stripped = (part.strip(" ,\n") for part in parts)
    return ", ".join(part for part in stripped if part)
