"""What a table of commands is made of: its lines, the answer when none of them was named, its end.

Read by the two command lines, `python -m models` and `python -m bot`. Torch-free.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import NamedTuple


class Command(NamedTuple):
    """One line of a table: the module that holds `add_arguments` and `run`, and a short help."""

    module: str
    help: str


def overview(
    prog: str, about: str, commands: Mapping[str, Command], default: str | None = None
) -> argparse.ArgumentParser:
    """The parser of a command's name alone (`args.command`); its help is the list of commands.

    Without a `default` a command must be named.
    """
    width = max(map(len, commands))
    lines = [f"  {name:<{width}}  {command.help}" for name, command in commands.items()]
    named = "COMMAND" if default is None else "[COMMAND]"
    parser = argparse.ArgumentParser(
        prog=prog,
        usage=f"{prog} {named} [options]",
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


def hang_up() -> int:
    """Let the rest of the output go nowhere: its reader has left, as `head` does.

    Returns the exit code that a shell gives to SIGPIPE.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return 141
