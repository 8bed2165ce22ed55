"""`python -m bot.sandbox`: the local Discord alone, for a bot that is started separately."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from bot.domain import BotError
from bot.sandbox.demo import open_sandbox


async def _serve(port: int, state_dir: Path | None, openapi: Path | None) -> None:
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    async with open_sandbox(port, state_dir, openapi) as sandbox:
        print(f"the local Discord is at {sandbox.page_url}", flush=True)  # noqa: T201  command line
        await stop.wait()


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=4800, help="0 takes any free one")
    parser.add_argument("--state-dir", type=Path, help="keep everything here between runs")
    parser.add_argument("--openapi", type=Path, help="Discord's description, to check the bot with")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_serve(arguments.port, arguments.state_dir, arguments.openapi))
    except BotError as fault:
        sys.stderr.write(f"error: {fault}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
