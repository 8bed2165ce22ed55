"""What a member reads about what they typed: what was understood of it, and what was not.

Pure text, called by the cogs that take requests.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.words.wording import plain

#: How many things are named, and how much of each is shown.
_NAMED, _NAME_CHARS = 8, 40


def left_out(names: Sequence[str]) -> str:
    """What stood in the prompt and is not for this bot, in one line."""
    shown = [plain(name, _NAME_CHARS) for name in names[:_NAMED]]
    if len(names) > _NAMED:
        shown.append(f"and {len(names) - _NAMED} more")
    return f"I left out: {', '.join(shown)}."
