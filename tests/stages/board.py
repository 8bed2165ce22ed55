"""A fake Discord for the tests of the stores: messages on a board, and who reacts to them.

In every field that `tests/stages/seen.py` reads, a message has the form of the local Discord's. It
also carries the *name* by which the bot finds its own messages.
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

    def post(
        self, name: str, content: str, pictures: Sequence[str], *, answers_command: bool
    ) -> int:
        """Post the bot's message with these pictures; return its id."""
        number = next(self._numbers)
        self._messages[number] = {
            "id": str(number),
            "name": name,
            "content": content,
            "attachments": _attachments(pictures),
            "components": [],
            "flags": 0,
            "interaction_metadata": {"id": name} if answers_command else None,
        }
        self._reactions[number] = defaultdict(set)
        return number

    def edit(self, number: int, pictures: Sequence[str]) -> None:
        """Replace the pictures of a message."""
        self._messages[number]["attachments"] = _attachments(pictures)

    def delete(self, number: int) -> None:
        """Delete a message, if it exists."""
        self._messages.pop(number, None)
        self._reactions.pop(number, None)

    def messages_named(self, name: str) -> list[int]:
        """The messages that carry this name, the newest first."""
        return [n for n in reversed(self._messages) if self._messages[n]["name"] == name]

    def pictures_in(self, number: int) -> list[str]:
        """The pictures that a message shows."""
        return [
            file["filename"].partition(".")[0] for file in self._messages[number]["attachments"]
        ]

    def react(self, number: int, who: int, emoji: str, *, added: bool = True) -> None:
        """Add a person's reaction, or remove it."""
        people = self._reactions[number][emoji]
        (people.add if added else people.discard)(who)

    def open_vote(self, number: int) -> None:
        """Add the bot's own two reactions."""
        for emoji in ("👍", "👎"):
            self.react(number, BOT_ID, emoji)

    def reactions_of_people(self) -> list[tuple[int, int, str]]:
        """Every reaction by a person: message, user, emoji."""
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


def _attachments(pictures: Sequence[str]) -> list[dict[str, Any]]:
    return [{"filename": f"{job}.png"} for job in pictures]
