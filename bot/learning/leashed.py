"""The bot's end of the leash: starts, pauses, resumes and ends a command, and reads its output.

`schooling.py` runs trainings with it. The other end is `leash.py`. It must not know what it runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence

from bot.learning.leash import FINISH, PAUSE, RESUME

log = logging.getLogger(__name__)

#: Lines of output are cut to this length.
_LINE_CHARS = 300


class LeashedCommand:
    """One running command. `paused` and `last_line` may be read at any time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._listener = asyncio.create_task(self._listen(), name="a training's output")
        self.paused = False
        #: The last line that it wrote.
        self.last_line = ""

    @classmethod
    async def start(cls, command: Sequence[str]) -> LeashedCommand:
        """Start a command of low priority that dies with this process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.learning.leash", *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        return cls(process)

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while the command runs."""
        return self._process.returncode

    def pause(self) -> None:
        """Pause the command, with every process that it started."""
        self._send(PAUSE)
        self.paused = True

    def resume(self) -> None:
        """Let the command go on."""
        self._send(RESUME)
        self.paused = False

    def _send(self, command: bytes) -> None:
        assert self._process.stdin is not None, "started with a pipe"
        if not self._process.stdin.is_closing():
            self._process.stdin.write(command)

    async def end(self, *, grace_s: float = 0) -> int:
        """End the command if it still runs; return its exit code.

        It gets `grace_s` to save its state, then it is killed. It has ended when this returns, even
        if the caller was cancelled meanwhile.
        """
        ending = asyncio.create_task(self._end_with_grace(grace_s), name="the end of a training")
        try:
            return await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise

    async def _end_with_grace(self, grace_s: float) -> int:
        if grace_s:
            self._send(FINISH)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        code = await self._process.wait()
        await self._listener
        return code

    async def wait(self) -> int:
        """Wait for the command's end; return its exit code."""
        code = await self._process.wait()
        await self._listener
        return code

    async def _listen(self) -> None:
        assert self._process.stdout is not None, "started with a pipe"
        rest = b""
        while chunk := await self._process.stdout.read(4096):
            *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
            rest = rest[-_LINE_CHARS:]
            for line in lines:
                if text := line.decode("utf-8", "replace").strip():
                    self.last_line = text[:_LINE_CHARS]
                    log.debug("training: %s", self.last_line)
