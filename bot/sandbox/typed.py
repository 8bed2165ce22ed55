"""Parses a typed command such as `/waifu 1girl count: 2`, like the page (`page/slash.js`).

For `once.py`. Pure: it knows only the registered commands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches

from bot.sandbox.wire.wire import NotPossible, Payload, finite

#: The type of slash commands; others are in a message's context menu.
_SLASH = 1
#: Option types: subcommand and group, text, and converters from text.
_NESTED = (1, 2)
_TEXT, _WHOLE, _SWITCH, _NUMBER = 3, 4, 5, 10
#: What looks like an option's name before its value.
_MARK = re.compile(r"(?:^|\s)([a-z_]+):(?=\s)")
#: Names of commands in other bots.
_ELSEWHERE = {"imagine": "waifu"}
_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse(command: str, registered: list[Payload], who: str) -> tuple[str, Payload]:
    """The command's full name, including subcommands, and its options' values.

    A value runs until the next known `option:`; text before the first belongs to the first required
    text option. Raises `NotPossible`, naming the alternatives.
    """
    name, found, rest = _named(command, registered, who)
    options = {o["name"]: o for o in found.get("options", [])}
    if not options:
        if rest:
            raise NotPossible(f"/{name} takes no options: leave {rest!r} out.")
        return name, {}
    marks = re.compile(rf"(?:^|\s)({'|'.join(map(re.escape, options))}):\s*")
    bare, *parts = marks.split(rest)
    _refuse_slips(name, options, [bare, *parts[1::2]])
    given = list(zip(parts[::2], parts[1::2], strict=True))
    if bare.strip():
        given.insert(0, (_first_needed(name, options, bare.strip()), bare))
    if twice := [option for option, count in Counter(o for o, _ in given).items() if count > 1]:
        raise NotPossible(f"{twice[0]}: is given twice.")
    values = {option: _value(options[option], text.strip()) for option, text in given}
    for option in options.values():
        if option.get("required") and option["name"] not in values:
            raise NotPossible(f"/{name} needs {option['name']}: {option.get('description', '')}")
    return name, values


def _refuse_slips(name: str, options: Mapping[str, Payload], texts: list[str]) -> None:
    """Raise `NotPossible` for what looks like an option and is none; a client would offer it."""
    for word in _MARK.findall(" ".join(texts)):
        if near := get_close_matches(word, list(options), n=1, cutoff=0.8):
            raise NotPossible(f"{word}: is no option of /{name}; the nearest is {near[0]}:")


def _named(command: str, registered: list[Payload], who: str) -> tuple[str, Payload, str]:
    """The command's full name, its registration, and the rest of the text."""
    name, rest = _first_word(command.strip().removeprefix("/"))
    known = {c["name"]: c for c in registered if c.get("type", _SLASH) == _SLASH}
    if name not in known:
        offered = ", ".join(f"/{n}" for n in sorted(known))
        raise NotPossible(
            f"{_no_command(command, name, list(known))} The bot offers a {who} {offered}."
        )
    found = known[name]
    while inner := {o["name"]: o for o in found.get("options", []) if o["type"] in _NESTED}:
        word, rest = _first_word(rest)
        if word not in inner:
            raise NotPossible(f"/{name} needs a subcommand: {', '.join(inner)}.")
        name, found = f"{name} {word}", inner[word]
    return name, found, rest


def _no_command(command: str, name: str, known: list[str]) -> str:
    if not name or not command.strip().startswith("/"):
        return "A command begins with / and its name."
    told = f"There is no command /{name} for you here."
    near = get_close_matches(_ELSEWHERE.get(name, name), known, n=1)
    return f"{told} The nearest is /{near[0]}." if near else told


def _first_word(text: str) -> tuple[str, str]:
    word, *rest = text.split(maxsplit=1) or [""]
    return word, rest[0] if rest else ""


def _first_needed(name: str, options: Mapping[str, Payload], bare: str) -> str:
    """The option that unnamed text belongs to."""
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
        value = {_WHOLE: int, _NUMBER: finite}.get(option["type"], str)(text)
    except ValueError:
        raise NotPossible(f"{option['name']}: {text!r} is not a number.") from None
    if not text:
        raise NotPossible(f"{option['name']}: has no value.")
    if not isinstance(value, str):
        _bound(option, value)
    return value


def _bound(option: Payload, value: float) -> None:
    """Raise `NotPossible` for a number outside the bounds that a client enforces."""
    least, most = option.get("min_value"), option.get("max_value")
    if least is not None and value < least:
        raise NotPossible(f"{option['name']}: {least} is the least, not {value}.")
    if most is not None and value > most:
        raise NotPossible(f"{option['name']}: {most} is the most, not {value}.")


def _choice(name: str, choices: list[Payload], text: str) -> object:
    """A choice by its label or its value, in any case."""
    for choice in choices:
        if text.lower() in (str(choice["name"]).lower(), str(choice["value"]).lower()):
            return choice["value"]
    offered = ", ".join(str(choice["name"]) for choice in choices)
    raise NotPossible(f"{name}: {text!r} is not one of {offered}.")
