"""A command on a leash, as the bot's loop holds it: started, paused, resumed, ended, listened to.

`schooling.py` runs its trainings with it. The other end is `leash.py`. It must not know what is
run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence

from bot.learning.leash import FINISH, PAUSE, RESUME

log = logging.getLogger(__name__)

#: The longest line that is kept of what it says.
_LINE_CHARS = 300


class Leashed:
    """One running command. `paused` and `said` are read at any time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._listening = asyncio.create_task(self._listen(), name="what a training says")
        self.paused = False
        #: The last line that it wrote.
        self.said = ""

    @classmethod
    async def start(cls, command: Sequence[str]) -> Leashed:
        """Start a command of low priority that dies with this process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.learning.leash", *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        return cls(process)

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.returncode

    def pause(self) -> None:
        """Have it stand still, with everything that it started."""
        self._tell(PAUSE)
        self.paused = True

    def resume(self) -> None:
        """Let it go on."""
        self._tell(RESUME)
        self.paused = False

    def _tell(self, word: bytes) -> None:
        assert self._process.stdin is not None, "it was asked for"
        if not self._process.stdin.is_closing():
            self._process.stdin.write(word)

    async def end(self, *, grace_s: float = 0) -> int:
        """End it if it runs still: let it save its state for a while, then kill it; its code.

        It is over afterwards, even for a caller who was cancelled in the meantime.
        """
        ending = asyncio.create_task(self._end(grace_s), name="the end of a training")
        try:
            return await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise

    async def _end(self, grace_s: float) -> int:
        if grace_s:
            self._tell(FINISH)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        code = await self._process.wait()
        await self._listening
        return code

    async def wait(self) -> int:
        """Wait for its end; its exit code."""
        code = await self._process.wait()
        await self._listening
        return code

    async def _listen(self) -> None:
        assert self._process.stdout is not None, "it was asked for"
        rest = b""
        while chunk := await self._process.stdout.read(4096):
            *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
            rest = rest[-_LINE_CHARS:]
            for line in lines:
                if text := line.decode("utf-8", "replace").strip():
                    self.said = text[:_LINE_CHARS]
                    log.debug("training: %s", self.said)
