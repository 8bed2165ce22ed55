"""`BotControl`: how the page starts and stops the bot, however it runs.

Provided by the composition root as `Sandbox.bot_control`; used by `page_api.py`.
"""

from __future__ import annotations

from typing import Protocol


class BotControl(Protocol):
    """Starts and stops the bot; provided by the composition root."""

    @property
    def running(self) -> bool:
        """Whether the bot's process is alive."""
        ...

    async def start(self) -> None:
        """Start it."""
        ...

    async def stop(self) -> None:
        """Let it finish its work and stop."""
        ...

    async def restart(self) -> None:
        """Stop and start."""
        ...

    async def kill(self) -> None:
        """End it at once."""
        ...
