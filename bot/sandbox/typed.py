"""What a typed command means: `/waifu 1girl count: 2`, read as the page reads it (`page/slash.js`).

For `once.py`. Pure: it knows what the bot registered, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.sandbox.wire.wire import NotPossible, Payload

#: The type of a command that is typed; others stand in the menu of a message.
_SLASH = 1
#: Types of options: subcommand and group, text, and what is made of the others' text.
_NESTED = (1, 2)
_TEXT, _WHOLE, _SWITCH, _NUMBER = 3, 4, 5, 10
_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse(command: str, registered: list[Payload], who: str) -> tuple[str, Payload]:
    """The command's full name, subcommand included, and its options' values.

    A value runs until the next known `option:`; text in front of the first belongs to the first
    required text option. Raises `NotPossible`, with what there is instead.
    """
    name, found, rest = _named(command, registered, who)
    options = {o["name"]: o for o in found.get("options", [])}
    if not options:
        return name, {}
    marks = re.compile(rf"(?:^|\s)({'|'.join(map(re.escape, options))}):\s*")
    bare, *parts = marks.split(rest)
    typed = dict(zip(parts[::2], parts[1::2], strict=True))
    if bare.strip():
        typed = {_first_needed(name, options, bare.strip()): bare} | typed
    return name, {option: _value(options[option], text.strip()) for option, text in typed.items()}


def _named(command: str, registered: list[Payload], who: str) -> tuple[str, Payload, str]:
    """The full name that a command begins with, what was registered of it, and what follows."""
    name, rest = _first_word(command.strip().removeprefix("/"))
    known = {c["name"]: c for c in registered if c.get("type", _SLASH) == _SLASH}
    if name not in known:
        offered = ", ".join(f"/{n}" for n in sorted(known))
        raise NotPossible(
            f"There is no command /{name} for you here. The bot offers a {who} {offered}."
        )
    found = known[name]
    while inner := {o["name"]: o for o in found.get("options", []) if o["type"] in _NESTED}:
        word, rest = _first_word(rest)
        if word not in inner:
            raise NotPossible(f"/{name} needs a subcommand: {', '.join(inner)}.")
        name, found = f"{name} {word}", inner[word]
    return name, found, rest


def _first_word(text: str) -> tuple[str, str]:
    word, *rest = text.split(maxsplit=1) or [""]
    return word, rest[0] if rest else ""


def _first_needed(name: str, options: Mapping[str, Payload], bare: str) -> str:
    """The option that text without a name belongs to."""
    for option in options.values():
        if option["type"] == _TEXT and option.get("required"):
            return option["name"]
    raise NotPossible(f"/{name}: {bare!r} belongs to no option. It has {', '.join(options)}.")


def _value(option: Payload, text: str) -> object:
    if choices := option.get("choices"):
        return _choice(option["name"], choices, text)
    if option["type"] == _SWITCH:
        if text.lower() not in _SWITCHES:
            raise NotPossible(f"{option['name']}: is true or false, not {text!r}.")
        return _SWITCHES[text.lower()]
    try:
        return {_WHOLE: int, _NUMBER: float}.get(option["type"], str)(text)
    except ValueError:
        raise NotPossible(f"{option['name']}: {text!r} is not a number.") from None


def _choice(name: str, choices: list[Payload], text: str) -> object:
    """A choice by its label or its value, in any case."""
    for choice in choices:
        if text.lower() in (str(choice["name"]).lower(), str(choice["value"]).lower()):
            return choice["value"]
    offered = ", ".join(str(choice["name"]) for choice in choices)
    raise NotPossible(f"{name}: {text!r} is not one of {offered}.")
