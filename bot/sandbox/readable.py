"""A message's text for readers outside Discord: names in place of ids.

For `once.py`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

_ESCAPED = re.compile(r"\\([^\w\s])")
_MENTIONED = re.compile(r"<(@|#)!?(\d+)>|</([^:<>]+):\d+>|<t:(\d+)(?::\w)?>")
_CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)


def readable(text: str, names: Mapping[int, str]) -> str:
    """The text with people, channels, commands and times by name; `names` maps their ids."""

    def named(found: re.Match[str]) -> str:
        sign, id_, command, at_s = found.groups()
        if command:
            return f"/{command}"
        if at_s:
            return f"{datetime.fromtimestamp(int(at_s), UTC):%Y-%m-%d %H:%M} UTC"
        return sign + names.get(int(id_), id_)

    # Code is left unchanged.
    parts = _CODE.split(text)
    parts[::2] = [_ESCAPED.sub(r"\1", _MENTIONED.sub(named, part)) for part in parts[::2]]
    return "".join(parts)
