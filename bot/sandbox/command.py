"""`python -m bot sandbox`: a local Discord with the bot in it, or one command and its answer."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from bot.domain import SettingsError
from bot.log import set_up
from bot.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to serve, or what to run once."""
    parser.add_argument(
        "--port", type=_parse_port, help="port of the page on 127.0.0.1 (0: any free one)"
    )
    parser.add_argument(
        "--once",
        type=_parse_command,
        metavar="COMMAND",
        help="run one command, print each step, exit: 0 if it was answered and its pictures "
        "were posted, 1 if it cannot be sent or brought no picture, 2 if the bot cannot start",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out"), help="where --once saves pictures and files"
    )


def _parse_port(text: str) -> int:
    if not (text.isdecimal() and len(text) < 6 and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text} is not a port: use 0 to 65535")
    return int(text)


def _parse_command(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("name a command, such as '/waifu prompt: 1girl'")
    return text


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Run until Ctrl-C, or run the one command; return the exit code."""
    from bot.sandbox import demo

    if args.once is not None:
        if args.out.exists() and not args.out.is_dir():
            raise SettingsError(f"--out {args.out} is a file: name a folder, which need not exist.")
        from bot.serving import register_commands

        # Log lines would interrupt the printed steps.
        set_up("WARNING")
        return asyncio.run(
            demo.run_once(
                args.once,
                openapi=settings.discord_openapi,
                out=args.out,
                register_commands=register_commands,
            )
        )
    return asyncio.run(
        demo.run(
            port=settings.sandbox_port if args.port is None else args.port,
            state_dir=settings.data_dir / "sandbox" / "discord",
            data_dir=settings.data_dir / "sandbox" / "bot",
            openapi=settings.discord_openapi,
        )
    )
