"""Parses a typed command such as `/waifu 1girl count: 2`, like the page (`page/slash.js`).

For `once.py`. Pure: it knows only the registered commands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches

from bot.sandbox.wire.wire import NotPossible, Payload, finite_number

#: The type of slash commands; others are in a message's context menu.
_SLASH_COMMAND = 1
#: Option types: subcommand and group, text, and converters from text.
_NESTED = (1, 2)
_STRING, _INTEGER, _BOOLEAN, _NUMBER = 3, 4, 5, 10
#: Text that looks like an option's name before its value.
_OPTION_LIKE = re.compile(r"(?:^|\s)([a-z_]+):(?=\s)")
#: Our name for a command that other bots name differently.
_FOREIGN_NAMES = {"imagine": "waifu"}
_BOOLEAN_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse(command: str, registered: list[Payload], role: str) -> tuple[str, Payload]:
    """The command's full name, including subcommands, and its options' values.

    A value runs until the next known `option:`; text before the first belongs to the first required
    text option. Raises `NotPossible`, naming the alternatives.
    """
    name, registration, arguments = _find_command(command, registered, role)
    options = {o["name"]: o for o in registration.get("options", [])}
    if not options:
        if arguments:
            raise NotPossible(f"/{name} takes no options: leave {arguments!r} out.")
        return name, {}
    option_marks = re.compile(rf"(?:^|\s)({'|'.join(map(re.escape, options))}):\s*")
    unnamed_text, *parts = option_marks.split(arguments)
    _reject_misspelt_options(name, options, [unnamed_text, *parts[1::2]])
    texts = list(zip(parts[::2], parts[1::2], strict=True))
    if unnamed_text.strip():
        texts.insert(0, (_unnamed_option(name, options, unnamed_text.strip()), unnamed_text))
    if repeated := [option for option, count in Counter(o for o, _ in texts).items() if count > 1]:
        raise NotPossible(f"{repeated[0]}: appears twice.")
    values = {option: _parse_value(options[option], text.strip()) for option, text in texts}
    for option in options.values():
        if option.get("required") and option["name"] not in values:
            raise NotPossible(f"/{name} needs {option['name']}: {option.get('description', '')}")
    return name, values


def _reject_misspelt_options(name: str, options: Mapping[str, Payload], texts: list[str]) -> None:
    """Raise `NotPossible` for a misspelt option; a client would have offered the right one."""
    for word in _OPTION_LIKE.findall(" ".join(texts)):
        if nearest := get_close_matches(word, list(options), n=1, cutoff=0.8):
            raise NotPossible(f"{word}: is not an option of /{name}; the nearest is {nearest[0]}:")


def _find_command(command: str, registered: list[Payload], role: str) -> tuple[str, Payload, str]:
    """The command's full name, its registration, and the rest of the text."""
    name, rest = _first_word(command.strip().removeprefix("/"))
    commands = {c["name"]: c for c in registered if c.get("type", _SLASH_COMMAND) == _SLASH_COMMAND}
    if name not in commands:
        offered = ", ".join(f"/{n}" for n in sorted(commands))
        raise NotPossible(
            f"{_no_such_command(command, name, list(commands))} The bot offers a {role} {offered}."
        )
    registration = commands[name]
    while subcommands := {
        o["name"]: o for o in registration.get("options", []) if o["type"] in _NESTED
    }:
        word, rest = _first_word(rest)
        if word not in subcommands:
            raise NotPossible(f"/{name} needs a subcommand: {', '.join(subcommands)}.")
        name, registration = f"{name} {word}", subcommands[word]
    return name, registration, rest


def _no_such_command(command: str, name: str, known: list[str]) -> str:
    if not name or not command.strip().startswith("/"):
        return "A command begins with / and its name."
    sentence = f"There is no command /{name} for you here."
    nearest = get_close_matches(_FOREIGN_NAMES.get(name, name), known, n=1)
    return f"{sentence} The nearest is /{nearest[0]}." if nearest else sentence


def _first_word(text: str) -> tuple[str, str]:
    word, *rest = text.split(maxsplit=1) or [""]
    return word, rest[0] if rest else ""


def _unnamed_option(name: str, options: Mapping[str, Payload], unnamed_text: str) -> str:
    """The name of the option that unnamed text belongs to."""
    for option in options.values():
        if option["type"] == _STRING and option.get("required"):
            return option["name"]
    raise NotPossible(
        f"/{name}: {unnamed_text!r} belongs to no option. It has {', '.join(options)}."
    )


def _parse_value(option: Payload, text: str) -> object:
    if choices := option.get("choices"):
        return _parse_choice(option["name"], choices, text)
    if option["type"] == _BOOLEAN:
        if text.lower() not in _BOOLEAN_WORDS:
            raise NotPossible(f"{option['name']}: must be true or false, not {text!r}.")
        return _BOOLEAN_WORDS[text.lower()]
    try:
        value = {_INTEGER: int, _NUMBER: finite_number}.get(option["type"], str)(text)
    except ValueError:
        raise NotPossible(f"{option['name']}: {text!r} is not a number.") from None
    if not text:
        raise NotPossible(f"{option['name']}: has no value.")
    if isinstance(value, str):
        _check_length(option, value)
    else:
        _check_bounds(option, value)
    return value


def _check_length(option: Payload, text: str) -> None:
    """Raise `NotPossible` for a text that is longer than a client accepts."""
    longest = option.get("max_length")
    if longest is not None and len(text) > longest:
        raise NotPossible(
            f"{option['name']}: must have at most {longest} characters, not {len(text)}."
        )


def _check_bounds(option: Payload, value: float) -> None:
    """Raise `NotPossible` for a number outside the bounds that a client enforces."""
    minimum, maximum = option.get("min_value"), option.get("max_value")
    if minimum is not None and value < minimum:
        raise NotPossible(f"{option['name']}: must be at least {minimum}, not {value}.")
    if maximum is not None and value > maximum:
        raise NotPossible(f"{option['name']}: must be at most {maximum}, not {value}.")


def _parse_choice(name: str, choices: list[Payload], text: str) -> object:
    """A choice by its label or its value, in any case."""
    for choice in choices:
        if text.lower() in (str(choice["name"]).lower(), str(choice["value"]).lower()):
            return choice["value"]
    offered = ", ".join(str(choice["name"]) for choice in choices)
    raise NotPossible(f"{name}: {text!r} is not one of {offered}.")
