"""Files that a person has picked and not sent yet, for a command's option or a form.

`people.py` takes and resolves them; the bot reads their bytes from the CDN, as on Discord.
"""

from __future__ import annotations

from collections import OrderedDict

from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world.backend import LoungeBackend

#: How many are held; older ones are dropped.
_HELD = 32


class Uploads:
    """The latest picked files by attachment id, each with the user who picked it."""

    def __init__(self, backend: LoungeBackend) -> None:
        self._backend = backend
        self._held: OrderedDict[int, tuple[int, Payload]] = OrderedDict()

    def take(self, user_id: int, channel_id: int, filename: str, data: bytes) -> Payload:
        """Hold a file; return its attachment object."""
        file_id = self._backend.snowflake()
        kept = self._backend.cdn.store_attachment(file_id, channel_id, filename, data, None)
        self._held[file_id] = (user_id, kept)
        while len(self._held) > _HELD:
            oldest, _ = self._held.popitem(last=False)
            self._backend.let_go(oldest)
        return kept

    def named(self, file_id: int, user_id: int) -> Payload:
        """The attachment object of a picked file. Raises `NotPossible`."""
        owner, kept = self._held.get(file_id, (None, Payload()))
        if owner != user_id:
            raise NotPossible("That file is not here any more: pick it again.")
        return kept
