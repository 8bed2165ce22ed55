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

from bot.typed.notes import Notes

_NEGATIVE = re.compile(r"(?:^|(?<=[\s,]))negative prompt:", re.IGNORECASE)
_STEPS = re.compile(r"(?:^|(?<=[\s,.]))steps:\s*\d", re.IGNORECASE)
#: A name, and a value in quotes or up to the next comma.
_PAIR = re.compile(
    r"(?:^|[,\n])\s*(?P<name>[A-Za-z][A-Za-z0-9 ()/_.+-]{0,40}):"
    r"\s*(?P<value>\"(?:[^\"\\]|\\.)*+\"|[^,\n]*+)"
)
#: An extension appends the prompt as it was before the extension filled in its choices.
_TEMPLATE = re.compile(r"(?:^|(?<=[\s,]))(?:negative )?template:", re.IGNORECASE)
#: Signs of programs' lists and tables, which are no words to draw.
_NO_PROMPT = re.compile(r'[{}"\[\]]')
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
#: Words that load another network beside the model, which this bot does not support.
_NETWORK = re.compile(
    r"<(?P<kind>lora|lyco|hypernet):(?P<name>[^:<>]{1,100})(?::[^<>]{0,60})?>", re.IGNORECASE
)


def extract_settings(text: str, notes: Notes) -> str:
    """Note the settings, which begin at the last `Steps:`; return the rest of the text."""
    for start in reversed([match.start() for match in _STEPS.finditer(text)]):
        tail = _cut_template(text[start:], notes)
        pairs = {match["name"].strip(): match["value"].strip() for match in _PAIR.finditer(tail)}
        if sum(name.lower() in _OPTIONS for name in pairs) > 1:
            for name, value in pairs.items():
                _note_setting(name, value, notes)
            return _join(text[:start], _PAIR.sub("", tail))
    return text


def _cut_template(tail: str, notes: Notes) -> str:
    match = _TEMPLATE.search(tail)
    if match is None:
        return tail
    notes.left_out.append("Template")
    return tail[: match.start()]


def _join(before: str, after: str) -> str:
    """Join the words before and after the settings; both are words to draw."""
    before, after = before.rstrip(" ,\n"), after.strip(" ,\n")
    if not after or _NO_PROMPT.search(after):
        return before
    return f"{before}, {after}"


def _note_setting(name: str, value: str, notes: Notes) -> None:
    option = _OPTIONS.get(name.lower())
    if option is None:
        notes.left_out.append(name)
    else:
        notes.read_option(option, value, f"{name}: {value}"[:60])


def split_negative(text: str) -> tuple[str, str | None]:
    """Split a text into prompt and negative prompt; None if it has no negative prompt."""
    match = _NEGATIVE.search(text)
    if match is None:
        return text, None
    return text[: match.start()].rstrip(), text[match.end() :].strip()


def extract_networks(text: str, notes: Notes) -> str:
    """Note the networks that the text names; return the text without them."""
    names = [f"{match['kind'].lower()} {match['name']}" for match in _NETWORK.finditer(text)]
    if not names:
        return text
    notes.left_out += names
    # The commas around a removed part would leave an empty tag.
    return re.sub(r"(?:\s*,)+\s*(?=,|$)", "", _NETWORK.sub("", text)).strip(" ,\n")
