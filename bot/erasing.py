"""Carries out requests to be forgotten and cleans up after them, retrying as often as needed.

Started by the composition root. Pressing the button records the request and erases at once; this
module finishes what a crash, a full disk or a database reader delayed. No Discord.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from bot.domain import BotError, UserId
from bot.drawing.signals import Signals
from bot.store.privacy import Privacy

log = logging.getLogger(__name__)

#: The pause after an incomplete attempt; it doubles up to the second value.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 600.0
#: How long the loop sleeps when nothing is due and nothing wakes it.
_POLL_S = 3600.0


class Eraser:
    """Erases members who asked for it; the rows of pending requests and scrubs are the truth."""

    def __init__(
        self, privacy: Privacy, signals: Signals, forget_in_memory: Callable[[UserId], None]
    ) -> None:
        self._privacy = privacy
        self._signals = signals
        self._forget_in_memory = forget_in_memory

    async def run(self) -> None:
        """Erase and clean until cancelled."""
        pause_s = _FIRST_PAUSE_S
        while True:
            if await self.round():
                pause_s = _FIRST_PAUSE_S
                await self._signals.erase.wait(_POLL_S)
            else:
                await self._signals.erase.wait(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def round(self) -> bool:
        """Do what is due; return False if something is left for later."""
        try:
            for user_id in await self._privacy.pending_erasures():
                forgotten = await self._privacy.forget(user_id)
                self._forget_in_memory(user_id)
                self._signals.notify_cancelled(forgotten.job_ids)
                self._signals.notify_removed()
                log.info("forgot a member who had asked before a restart or a fault")
            cleaned = await self._privacy.clean()
        except BotError as problem:
            log.error("erasing is not finished: %s", problem)  # noqa: TRY400  the sentence says it all
            return False
        if not cleaned:
            log.warning(
                "what was erased may still be read from the database's files: another program has "
                "the database open. Close it, and I finish by myself."
            )
        return cleaned
