"""Makes a message's text readable outside Discord: shows names in place of ids.

For `once.py`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

_ESCAPE = re.compile(r"\\([^\w\s])")
_MENTION = re.compile(r"<(@|#)!?(\d+)>|</([^:<>]+):\d+>|<t:(\d+)(?::\w)?>")
_CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)


def readable(text: str, names: Mapping[int, str]) -> str:
    """The text with people, channels, commands and times by name; `names` maps their ids."""

    def name_mention(match: re.Match[str]) -> str:
        sign, id_, command, time_s = match.groups()
        if command:
            return f"/{command}"
        if time_s:
            return f"{datetime.fromtimestamp(int(time_s), UTC):%Y-%m-%d %H:%M} UTC"
        return sign + names.get(int(id_), id_)

    # Code is left unchanged.
    parts = _CODE.split(text)
    parts[::2] = [_ESCAPE.sub(r"\1", _MENTION.sub(name_mention, part)) for part in parts[::2]]
    return "".join(parts)
