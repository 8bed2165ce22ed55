"""A table of commands: its lines, the help when no command was named, and a broken pipe.

Used by both command lines, `python -m models` and `python -m bot`. Torch-free.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import NamedTuple


class Command(NamedTuple):
    """One line of a table: the module with `add_arguments` and `run`, and a short help."""

    module: str
    help: str


def command_parser(
    prog: str, about: str, commands: Mapping[str, Command], default: str | None = None
) -> argparse.ArgumentParser:
    """A parser for a command's name only (`args.command`); its help lists the commands.

    Without a `default`, a command must be named.
    """
    width = max(map(len, commands))
    lines = [f"  {name:<{width}}  {command.help}" for name, command in commands.items()]
    placeholder = "COMMAND" if default is None else "[COMMAND]"
    parser = argparse.ArgumentParser(
        prog=prog,
        usage=f"{prog} {placeholder} [options]",
        description="\n".join([about, "", "commands:", *lines]),
        epilog=f"{prog} COMMAND --help explains one of them.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs=None if default is None else "?",
        default=default,
        choices=list(commands),
        help=argparse.SUPPRESS,
    )
    return parser


def discard_output() -> int:
    """Discard the remaining output: its reader has left, as `head` does.

    Returns the exit code that a shell gives for SIGPIPE.
    """
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
    return 141
