"""How the process is asked to end, and how it ends where a thread of it cannot be asked.

The composition root listens from its first moment on. It must not know what is stopped.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import NoReturn


class Stop:
    """SIGTERM or Ctrl-C, as something to wait for."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._number = 0

    def listen(self) -> None:
        """From now on these signals end nothing by themselves."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._came, number)

    def _came(self, number: int) -> None:
        self._number = self._number or number
        self._event.set()

    async def wait(self) -> None:
        """Return when one has come."""
        await self._event.wait()

    @property
    def exit_code(self) -> int:
        """What a shell says of a process that the signal ended."""
        return 128 + self._number


def leave(code: int) -> NoReturn:
    """End the process beside a thread that still loads; everything else is closed by now."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
