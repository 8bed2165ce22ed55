"""Files that a person has picked but not sent, for a command's option or a form.

`people.py` adds and resolves them; the bot reads their bytes from the CDN, as on Discord.
"""

from __future__ import annotations

from collections import OrderedDict

from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world.backend import LoungeBackend

#: How many to hold; older ones are dropped.
_MAX_HELD = 32


class Uploads:
    """The latest picked files by attachment id, each with the user who picked it."""

    def __init__(self, backend: LoungeBackend) -> None:
        self._backend = backend
        self._held: OrderedDict[int, tuple[int, Payload]] = OrderedDict()

    def hold(self, user_id: int, channel_id: int, filename: str, data: bytes) -> Payload:
        """Hold a file; return its attachment object."""
        file_id = self._backend.snowflake()
        attachment = self._backend.cdn.store_attachment(file_id, channel_id, filename, data, None)
        self._held[file_id] = (user_id, attachment)
        while len(self._held) > _MAX_HELD:
            oldest, _ = self._held.popitem(last=False)
            self._backend.drop_file(oldest)
        return attachment

    def find(self, file_id: int, user_id: int) -> Payload:
        """The attachment object of a picked file. Raises `NotPossible`."""
        owner, attachment = self._held.get(file_id, (None, Payload()))
        if owner != user_id:
            raise NotPossible("That file is not here any more: pick it again.")
        return attachment
