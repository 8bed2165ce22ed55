"""Parses values as people write them elsewhere: shapes, numbers, samplers' many names. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from bot.words import limits
from models.contract import Aspect, Sampler

#: A shape more elongated than this ratio no longer counts as square.
_SQUARE_UP_TO = 1.15
_SHAPE = re.compile(r"(\d{1,5}(?:\.\d{1,4})?)\s*[:x/×]\s*(\d{1,5}(?:\.\d{1,4})?)", re.IGNORECASE)  # noqa: RUF001  the sign
#: Names for a random seed.
_ANY_SEED = frozenset({"-1", "random"})
#: Schedules after a sampler's name; ours are part of the sampler.
_SCHEDULES = (
    "karras",
    "exponential",
    "polyexponential",
    "sgm uniform",
    "simple",
    "uniform",
    "automatic",
)
_SAMPLER_NAMES: Mapping[str, Sampler] = MappingProxyType(
    {s.label.lower(): s for s in Sampler}
    | {s.value.replace("_", " "): s for s in Sampler}
    | {
        "euler ancestral": Sampler.EULER_A,
        "dpm++ 2m v2": Sampler.DPMPP_2M,
        "dpm solver++": Sampler.DPMPP_2M,
    }
)


class Unreadable(ValueError):  # noqa: N818  never leaves this room
    """The text is not such a value; the message says how to write one."""


def parse_aspect(text: str) -> Aspect:
    """The framing nearest to `16:9`, `512x768` or `portrait`."""
    if (name := text.lower()) in set(Aspect):
        return Aspect(name)
    match = _SHAPE.fullmatch(text)
    if match is None or not (float(match[1]) and float(match[2])):
        raise Unreadable(limits.SHAPE())
    ratio = float(match[1]) / float(match[2])
    if ratio > _SQUARE_UP_TO:
        return Aspect.LANDSCAPE
    return Aspect.PORTRAIT if ratio < 1 / _SQUARE_UP_TO else Aspect.SQUARE


def parse_whole(text: str) -> int:
    """A whole number of plausible length."""
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        raise Unreadable(limits.WHOLE_NUMBER())
    return int(text)


def parse_seed(text: str) -> int | None:
    """A seed; None for a random seed."""
    return None if text.lower() in _ANY_SEED else parse_whole(text)


def parse_number(text: str) -> float:
    """A number, with or without a decimal point."""
    if not re.fullmatch(r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})", text):
        raise Unreadable(limits.NUMBER())
    return float(text)


def parse_sampler(text: str) -> tuple[Sampler | None, str]:
    """The sampler with this name (None if unknown), and the schedule named after it."""
    name = " ".join(text.lower().replace("_", " ").removeprefix("k_").split())
    name = name.removeprefix("k ").removeprefix("sample ")
    schedule = next((s for s in _SCHEDULES if name.endswith(f" {s}")), "")
    return _SAMPLER_NAMES.get(name.removesuffix(schedule).rstrip()), schedule.title()


def parse_switch(text: str) -> bool:
    """`on` or `off`."""
    if (word := text.lower()) not in {"on", "off"}:
        raise Unreadable(limits.ON_OR_OFF())
    return word == "on"


#: The parser of each option's value.
PARSERS: Mapping[str, Callable[[str], Aspect | int | float | str | None]] = MappingProxyType(
    {
        "aspect": parse_aspect,
        "count": parse_whole,
        "seed": parse_seed,
        "steps": parse_whole,
        "guidance": parse_number,
        "clip_skip": parse_whole,
        "style": str,
        "preset": str,
        "complete": parse_switch,
        "source": str,
        "strength": parse_number,
    }
)
