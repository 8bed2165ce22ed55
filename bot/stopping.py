"""How the process is asked to stop, and how it exits beside a thread that cannot be stopped.

The composition root listens from its first moment. Must not know what is being stopped.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import NoReturn


class Stop:
    """SIGTERM or Ctrl-C, as something to await."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._number = 0

    def listen(self) -> None:
        """Catch these signals, so that they no longer end the process by themselves."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: int) -> None:
        self._number = self._number or number
        self._event.set()

    async def wait(self) -> None:
        """Return once a signal has come."""
        await self._event.wait()

    @property
    def exit_code(self) -> int:
        """The exit code that a shell reports for a process ended by the signal."""
        return 128 + self._number


def exit_now(code: int) -> NoReturn:
    """Exit at once, beside a thread that still loads; everything else is closed by now."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
