"""The command line: `python -m bot [COMMAND]`; without a command it serves.

Each command lives in the module that does its work, as `add_arguments(parser)` and `run(settings,
args) -> int`; this file holds only the table. A module is imported when its command is called.
Every set-up fault is one clear line and exit code 2.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Protocol, cast

from bot.domain import BotError
from bot.log import set_up
from bot.settings import Settings, load
from models.commands import Command, command_parser, discard_output
from models.contract import EngineError

_ABOUT = "A Discord bot that draws with Waifu Diffusion."
COMMANDS: dict[str, Command] = {
    "serve": Command("bot.serving", "run the bot on Discord (the default)"),
    "sandbox": Command("bot.sandbox.command", "run a local Discord with the bot in it"),
    "doctor": Command("bot.doctor", "check the set-up and say what to do about each fault"),
    "curate": Command("bot.browsing.command", "look through the pictures in a browser"),
    "export": Command("bot.exporting", "write what a model may learn from, as a manifest"),
    "health": Command("bot.health", "exit 0 if a running bot is alive (for containers)"),
    "policy-report": Command(
        "bot.reporting.policy.command", "measure what the policy lets through and what it stops"
    ),
    "moderation-report": Command(
        "bot.reporting.moderation.command", "count what was decided in all servers"
    ),
}


class _Module(Protocol):
    """What every module in the table offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's options."""
        ...

    def run(self, settings: Settings, args: argparse.Namespace) -> int:
        """Run the command and return its exit code. BotError and EngineError become one line."""
        ...


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 2 for a set-up fault, told in one line."""
    argv = sys.argv[1:] if argv is None else argv
    name = command_parser("python -m bot", _ABOUT, COMMANDS, "serve").parse_args(argv[:1]).command
    faults: list[BaseException] = []
    try:
        return _call(name, argv[1:])
    except (BotError, EngineError) as fault:
        faults = [fault]
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return discard_output()
    except BaseExceptionGroup as group:
        ours, others = group.split((BotError, EngineError))
        if others is not None or ours is None:
            raise
        faults = _leaves(ours)
    for fault in faults:
        print(f"error: {fault}".replace("\n", "\n       "), file=sys.stderr)
    return 2


def _call(name: str, rest: list[str]) -> int:
    """Import the command's module, read its options and run it."""
    command = COMMANDS[name]
    module = cast("_Module", importlib.import_module(command.module))
    parser = argparse.ArgumentParser(prog=f"python -m bot {name}", description=command.help)
    module.add_arguments(parser)
    args = parser.parse_args(rest)
    settings = load()
    set_up(settings.log_level)
    code = module.run(settings, args)
    sys.stdout.flush()
    return code


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for item in group.exceptions:
        if isinstance(item, BaseExceptionGroup):
            leaves.extend(_leaves(cast("BaseExceptionGroup[BaseException]", item)))
        else:
            leaves.append(item)
    return leaves


if __name__ == "__main__":
    sys.exit(main())
