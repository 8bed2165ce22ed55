"""Names that members give to presets and styles. Pure."""

from __future__ import annotations

import re

from bot.words import limits

#: Letters and digits of any script, and the two characters that join words. No leading dash: a name
#: after a flag would look like another flag.
_NAME = re.compile(r"\w[\w-]*")
NAME_CHARS_MAX = 32


class NameFault(ValueError):  # noqa: N818  a value of what a member typed
    """The text is no valid name; the message is a sentence for whoever typed it."""


def name_of(text: str) -> str:
    """The name as stored: lower case, one word. Raises `NameFault`."""
    name = "-".join(text.lower().split())
    if len(name) > NAME_CHARS_MAX:
        raise NameFault(limits.NAME_TOO_LONG(count=len(name), most=NAME_CHARS_MAX))
    if not _NAME.fullmatch(name):
        raise NameFault(limits.NO_NAME())
    return name
