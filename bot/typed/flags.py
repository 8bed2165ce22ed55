"""Midjourney's syntax for options in a prompt: `1girl --ar 16:9 --seed 7 --no glasses`.

A flag takes the next word, `--no` all words up to the next flag; other text between flags is
prompt. Flags without a meaning for this bot are dropped with their values. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from bot.typed.heard import Heard
from bot.typed.values import Unreadable, number

#: Phones turn two dashes into one long one; that counts only before a known flag.
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
_WITHOUT = frozenset({"no", "neg", "negative"})
_SIDES = MappingProxyType({"w": "w", "width": "w", "h": "h", "height": "h"})
#: Midjourney flags that take a word; others take one only if it is a number.
_WORDED = frozenset(
    {
        "c", "chaos", "cref", "cw", "exp", "iw", "niji", "oref", "ow", "p", "personalize",
        "profile", "q", "quality", "r", "repeat", "s", "sref", "stop", "stylize", "sv",
        "sw", "v", "version", "weird",
    }
)  # fmt: skip
#: Midjourney's own styles; a server's style with such a name is written `--style=cute`.
_FOREIGN_STYLES = frozenset({"raw", "cute", "expressive", "scenic", "original", "4a", "4b", "4c"})
_LABEL_CHARS = 40


def take_flags(text: str, heard: Heard) -> str:
    """Note every flag in the text; return the text without them."""
    flags = [match for match in _FLAG.finditer(text) if _counts(match)]
    if not flags:
        return text
    kept = [text[: flags[0].start()]]
    sides: dict[str, str] = {}
    ends = [flag.start() for flag in flags[1:]] + [len(text)]
    for flag, end in zip(flags, ends, strict=True):
        kept.append(_take(flag["name"].lower(), text[flag.end() : end], heard, sides))
    _take_sides(sides, heard)
    return _joined(kept)


def _counts(flag: re.Match[str]) -> bool:
    name = flag["name"].lower()
    known = name in _OPTIONS or name in _WITHOUT or name in _SIDES or name in _WORDED
    return flag["dash"] == "--" or known


def _take(name: str, after: str, heard: Heard, sides: dict[str, str]) -> str:
    """Note one flag; return the part of the following text that is prompt."""
    ours = after.startswith("=")
    after = after.lstrip(" \t\n=")
    if name in _WITHOUT:
        _take_unwanted(after.strip(" ,\n"), heard)
        return ""
    word, rest = [*after.split(maxsplit=1), "", ""][:2]
    value = word.rstrip(",")
    label = f"--{name} {value}".rstrip()[:_LABEL_CHARS]
    if name == "style" and value.lower() in _FOREIGN_STYLES and not ours:
        heard.left_out.append(label)
        return rest
    if (option := _OPTIONS.get(name)) is not None:
        heard.take(option, value, label)
        return rest
    if name in _SIDES:
        sides[_SIDES[name]] = value
        return rest
    if name in _WORDED or _is_number(value):
        heard.left_out.append(label)
        return rest
    heard.left_out.append(f"--{name}")
    return after


def _take_unwanted(words: str, heard: Heard) -> None:
    before, _ = heard.values.get("without", ("", ""))
    if said := ", ".join(filter(None, (before, words))):
        heard.values["without"] = (said, "--no")


def _take_sides(sides: Mapping[str, str], heard: Heard) -> None:
    """Width and height together give a shape; alone, neither means anything."""
    if len(sides) == 2:
        heard.take("aspect", f"{sides['w']}x{sides['h']}", f"--w {sides['w']} --h {sides['h']}")
        return
    heard.left_out += [f"--{side} {value}" for side, value in sides.items()]


def _is_number(text: str) -> bool:
    try:
        number(text)
    except Unreadable:
        return False
    return True


def _joined(parts: list[str]) -> str:
    """Join the parts as one list of tags; text on two sides of a flag stays separate."""
    stripped = (part.strip(" ,\n") for part in parts)
    return ", ".join(part for part in stripped if part)
