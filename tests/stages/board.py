"""A Discord of paper for the tests of stores: messages on a board, and who reacts to them.

Messages look as the local Discord's do, as far as `tests/stages/seen.py` reads them, and carry the
*name* by which the bot finds its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from bot.sandbox.wire.wire import Payload
from bot.sandbox.world.lounge import BOT_ID

_FIRST_MESSAGE = 900_000_000_000_000_001


class Board:
    """One channel."""

    def __init__(self) -> None:
        self._numbers = count(_FIRST_MESSAGE)
        self._messages: dict[int, Payload] = {}
        #: Who reacts, by message and emoji.
        self._reactions: dict[int, dict[str, set[int]]] = {}

    def post(self, name: str, content: str, shown: Sequence[str], *, show: bool) -> int:
        """Post a message of the bot's with these pictures; `show` answers somebody's command."""
        number = next(self._numbers)
        self._messages[number] = {
            "id": str(number),
            "name": name,
            "content": content,
            "attachments": _files(shown),
            "components": [],
            "flags": 0,
            "interaction_metadata": {"id": name} if show else None,
        }
        self._reactions[number] = defaultdict(set)
        return number

    def edit(self, number: int, shown: Sequence[str]) -> None:
        """Let a message show only these pictures."""
        self._messages[number]["attachments"] = _files(shown)

    def delete(self, number: int) -> None:
        """Delete a message, if it exists."""
        self._messages.pop(number, None)
        self._reactions.pop(number, None)

    def named(self, name: str) -> list[int]:
        """Messages that carry this name, the newest first."""
        return [n for n in reversed(self._messages) if self._messages[n]["name"] == name]

    def shown(self, number: int) -> list[str]:
        """The pictures that a message shows."""
        return [
            file["filename"].partition(".")[0] for file in self._messages[number]["attachments"]
        ]

    def react(self, number: int, who: int, emoji: str, *, added: bool = True) -> None:
        """Somebody reacts, or takes it back."""
        people = self._reactions[number][emoji]
        (people.add if added else people.discard)(who)

    def open_vote(self, number: int) -> None:
        """The bot's own two reactions."""
        for emoji in ("👍", "👎"):
            self.react(number, BOT_ID, emoji)

    def standing(self) -> list[tuple[int, int, str]]:
        """Every reaction of a person: message, who, emoji."""
        return [
            (number, who, emoji)
            for number, by_emoji in self._reactions.items()
            for emoji, people in by_emoji.items()
            for who in sorted(people - {BOT_ID})
        ]

    def reactions(self, number: int) -> Mapping[str, set[int]]:
        """Who reacts under a message."""
        return {emoji: set(people) for emoji, people in self._reactions[number].items() if people}

    def messages(self) -> list[Payload]:
        """All messages that exist, the oldest first."""
        return list(self._messages.values())


def _files(shown: Sequence[str]) -> list[dict[str, Any]]:
    return [{"filename": f"{job}.png"} for job in shown]
