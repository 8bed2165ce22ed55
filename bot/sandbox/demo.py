"""`python -m bot sandbox`: the local Discord as parent, the real bot as its child process.

The child is an ordinary `python -m bot` with other addresses in its environment, so it runs the
same code as on Discord; the page can restart or kill it. `once.py` implements `--once`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

from bot.data_lock import lock_directory
from bot.domain import SettingsError
from bot.sandbox import once as one_run
from bot.sandbox.wire.openapi import DescriptionError
from bot.sandbox.wire.server import Sandbox
from bot.sandbox.world.state import LocalStateError
from bot.settings import Settings, environment_with, load

#: A bot that does not stop by itself within this time is killed.
_STOP_S = 15.0


class Child(Protocol):
    """A process, with the interface of `asyncio.subprocess.Process`."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        ...

    def send_signal(self, signal: signal.Signals, /) -> None:
        """Send a signal; no effect once it has ended."""
        ...

    def kill(self) -> None:
        """Send SIGKILL."""
        ...

    async def wait(self) -> int:
        """Wait until it ends; return its exit code."""
        ...


#: Registers the bot's commands without its model; False if only the running bot can do so.
RegisterCommands = Callable[[Settings], Awaitable[bool]]
#: Starts a module with an environment.
Spawn = Callable[[str, Mapping[str, str]], Awaitable[Child]]


async def spawn(module: str, environment: Mapping[str, str]) -> Child:
    """Start `python -m module`."""
    return await asyncio.create_subprocess_exec(sys.executable, "-m", module, env=environment)


class BotProcess:
    """The bot as a child process; implements the sandbox's `BotControl`.

    For test harnesses: `settings` adds variables to its environment, `module` replaces `bot`, and
    `spawn` starts it.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        data_dir: Path,
        settings: Mapping[str, str] | None = None,
        module: str = "bot",
        spawn: Spawn = spawn,
    ) -> None:
        self._module, self._spawn = module, spawn
        self._environment = environment_with(
            {
                "DISCORD_TOKEN": sandbox.token,
                "DISCORD_API_BASE": sandbox.rest_url,
                "DISCORD_GATEWAY_URL": sandbox.gateway_url,
                "DATA_DIR": str(data_dir),
                "DEV_GUILD_ID": "",
                **(settings or {}),
            }
        )
        self._process: Child | None = None

    @property
    def settings(self) -> Settings:
        """The settings that the child reads when it starts."""
        return load(self._environment)

    @property
    def running(self) -> bool:
        """Whether the child is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The child's process id, for harnesses that measure or stop it."""
        assert self._process is not None, "start() comes first"
        return self._process.pid

    async def start(self) -> None:
        """Start the bot unless it is running."""
        if not self.running:
            self._process = await self._spawn(self._module, self._environment)

    async def stop(self) -> None:
        """Ask the bot to drain and wait for it; kill it if it takes too long."""
        if self._process is None or not self.running:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Send SIGKILL: as in a crash, the bot cannot tidy up."""
        if self._process is not None and self.running:
            self._process.kill()
            await self._process.wait()

    async def restart(self) -> None:
        """Stop and start."""
        await self.stop()
        await self.start()

    async def wait(self) -> int:
        """Wait until the child ends; return its exit code."""
        assert self._process is not None, "start() comes first"
        return await self._process.wait()


async def run(
    *,
    port: int,
    state_dir: Path,
    data_dir: Path,
    openapi: Path | None,
) -> int:
    """Serve the page and the bot until Ctrl-C. Returns the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    async with open_sandbox(port, state_dir, openapi) as sandbox:
        bot = BotProcess(sandbox, data_dir)
        sandbox.bot_control = bot
        await bot.start()
        print(_WELCOME.format(page=sandbox.page_url), flush=True)  # noqa: T201  command line
        try:
            await stop.wait()
        finally:
            await bot.stop()
    return 0


_WELCOME = """
  A local Discord with the bot in it:  {page}

  Open it in a browser and, once the bot is online, type

    /waifu prompt: cat girl, pink hair, twintails, cherry blossoms count: 4

  Press the number of the one you like best; /help shows what else there is.
  Switch persona at the bottom left; trouble of every kind is under "Weather".
  Ctrl-C stops both; the next start finds everything as it was.
"""


@asynccontextmanager
async def open_sandbox(
    port: int, state_dir: Path | None, openapi: Path | None
) -> AsyncGenerator[Sandbox]:
    """The local Discord, with its state locked. Raises `SettingsError` if it cannot open."""
    async with AsyncExitStack() as stack:
        if state_dir is not None:
            # Two processes would overwrite each other's saves.
            lock_directory(
                stack,
                state_dir,
                f"another local Discord is running on {state_dir}: stop it, or choose another "
                "DATA_DIR (or --state-dir) and another port for this one.",
            )
        try:
            sandbox = Sandbox(port=port, state_dir=state_dir, openapi=openapi)
        except DescriptionError as problem:
            raise SettingsError(str(problem)) from None
        try:
            await stack.enter_async_context(sandbox)
        except LocalStateError as problem:
            raise SettingsError(str(problem)) from None
        except OSError as problem:
            raise SettingsError(
                f"port {port} on 127.0.0.1 cannot be used ({os.strerror(problem.errno or 0)}): "
                "stop what uses it, or choose another with --port or SANDBOX_PORT. A second demo "
                "beside the first needs a DATA_DIR of its own as well."
            ) from None
        yield sandbox


async def run_once(
    command: str, *, openapi: Path | None, out: Path, register_commands: RegisterCommands
) -> int:
    """Run one command through the whole flow in a fresh local Discord, printing each step.

    A model can take minutes to load, so the command is checked first if possible. Returns the exit
    code: that of `once.play`, or 2 if the bot cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="waifu-sandbox-") as scratch:
        async with open_sandbox(0, None, openapi) as sandbox:
            bot = BotProcess(sandbox, Path(scratch), {"LOG_LEVEL": "WARNING"})
            if await register_commands(bot.settings) and not one_run.can_send(sandbox, command):
                return 1
            await bot.start()
            try:
                async with asyncio.TaskGroup() as tasks:
                    play_task = tasks.create_task(one_run.play(sandbox, command, out))
                    exit_task = tasks.create_task(bot.wait())
                    await asyncio.wait({play_task, exit_task}, return_when=asyncio.FIRST_COMPLETED)
                    play_task.cancel()
                    exit_task.cancel()
            finally:
                await bot.stop()
            # A bot that cannot start has printed the reason; there is nothing to wait for.
            return 2 if play_task.cancelled() else play_task.result()
