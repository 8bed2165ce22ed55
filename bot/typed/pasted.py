r"""Settings as AUTOMATIC1111's web interface writes them, pasted into a prompt.

    1girl, blue hair
    Negative prompt: lowres
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x768, Model hash: e6e99610c4

Discord joins the lines into one. This bot's files and Civitai's pages use the same format. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from bot.typed.heard import Heard

_NEGATIVE = re.compile(r"(?:^|(?<=[\s,]))negative prompt:", re.IGNORECASE)
_STEPS = re.compile(r"(?:^|(?<=[\s,.]))steps:\s*\d", re.IGNORECASE)
#: A name, and a value in quotes or up to the next comma.
_PAIR = re.compile(
    r"(?:^|[,\n])\s*(?P<name>[A-Za-z][A-Za-z0-9 ()/_.+-]{0,40}):"
    r"\s*(?P<value>\"(?:[^\"\\]|\\.)*+\"|[^,\n]*+)"
)
#: An extension appends the prompt again, from before its choices were made.
_TEMPLATE = re.compile(r"(?:^|(?<=[\s,]))(?:negative )?template:", re.IGNORECASE)
#: Programs' lists and tables are no words to draw.
_NO_WORDS = re.compile(r'[{}"\[\]]')
_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "steps": "steps",
        "sampler": "sampler",
        "cfg scale": "guidance",
        "guidance": "guidance",
        "seed": "seed",
        "size": "aspect",
        "clip skip": "clip_skip",
    }
)
#: Words that load another network besides the model, which this bot does not support.
_NETWORK = re.compile(
    r"<(?P<kind>lora|lyco|hypernet):(?P<name>[^:<>]{1,100})(?::[^<>]{0,60})?>", re.IGNORECASE
)


def take_settings(text: str, heard: Heard) -> str:
    """Note the settings, which begin at the last `Steps:`; return the rest of the text."""
    for begin in reversed([match.start() for match in _STEPS.finditer(text)]):
        tail = _without_template(text[begin:], heard)
        pairs = {match["name"].strip(): match["value"].strip() for match in _PAIR.finditer(tail)}
        if sum(name.lower() in _OPTIONS for name in pairs) > 1:
            for name, value in pairs.items():
                _take(name, value, heard)
            return _joined(text[:begin], _PAIR.sub("", tail))
    return text


def _without_template(tail: str, heard: Heard) -> str:
    found = _TEMPLATE.search(tail)
    if found is None:
        return tail
    heard.left_out.append("Template")
    return tail[: found.start()]


def _joined(before: str, behind: str) -> str:
    """Words typed after the settings are words to draw."""
    before, behind = before.rstrip(" ,\n"), behind.strip(" ,\n")
    if not behind or _NO_WORDS.search(behind):
        return before
    return f"{before}, {behind}"


def _take(name: str, value: str, heard: Heard) -> None:
    option = _OPTIONS.get(name.lower())
    if option is None:
        heard.left_out.append(name)
    else:
        heard.take(option, value, f"{name}: {value}"[:60])


def parted(text: str) -> tuple[str, str | None]:
    """The prompt and the negative prompt of a text; None if it has none."""
    found = _NEGATIVE.search(text)
    if found is None:
        return text, None
    return text[: found.start()].rstrip(), text[found.end() :].strip()


def take_networks(text: str, heard: Heard) -> str:
    """Note the networks that the text names; return the text without them."""
    names = [f"{match['kind'].lower()} {match['name']}" for match in _NETWORK.finditer(text)]
    if not names:
        return text
    heard.left_out += names
    # The commas around a removed part would leave an empty tag.
    return re.sub(r"(?:\s*,)+\s*(?=,|$)", "", _NETWORK.sub("", text)).strip(" ,\n")
