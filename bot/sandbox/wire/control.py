"""`BotControl`: how the page starts and stops the bot, whatever runs it.

Provided by the composition root as `Sandbox.bot_control`, used by `page_api.py`.
"""

from __future__ import annotations

from typing import Protocol


class BotControl(Protocol):
    """How the page starts and stops the bot; the composition root provides it."""

    @property
    def running(self) -> bool:
        """True while the bot's process lives."""
        ...

    async def start(self) -> None:
        """Start it."""
        ...

    async def stop(self) -> None:
        """Let it finish and stop."""
        ...

    async def restart(self) -> None:
        """Stop and start."""
        ...

    async def kill(self) -> None:
        """End it at once."""
        ...
