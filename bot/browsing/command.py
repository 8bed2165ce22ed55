"""`python -m bot curate`: browse the pictures, and decide which ones a model learns from.

It may run beside the bot: it reads through a view, and writes a curator's changes through the bot's
stores, whose transactions wait for each other. It serves only this machine, and is read-only unless
started with `--write`.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import socket
import sys
from secrets import token_urlsafe

from bot.domain import DatabaseError, SettingsError
from bot.settings import Settings
from bot.store.db import Database, open_read_only, run_to_end
from bot.store.gallery import Gallery
from bot.store.migrations import migrations

_HOST = "127.0.0.1"
_MISSING = (
    "`python -m bot curate` needs Datasette, which is not installed: "
    "pip install -c constraints.txt -e '.[curate]'"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to serve, and whether changes are allowed."""
    parser.add_argument(
        "--port", type=_port, default=4801, help="port of the page on 127.0.0.1 (0: any free one)"
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="let whoever opens the printed address approve, reject and describe pictures",
    )


def _port(text: str) -> int:
    if not (text.isdecimal() and len(text) < 6 and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to 65535")
    return int(text)


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Serve until Ctrl-C. Raises SettingsError without a database or without Datasette."""
    if importlib.util.find_spec("datasette") is None:
        raise SettingsError(_MISSING)
    if not settings.database_path.is_file():
        raise SettingsError(
            f"there is no database at {settings.database_path}, so there are no pictures to see: "
            f"is DATA_DIR={settings.data_dir} the bot's? (The demo's is data/sandbox/bot.)"
        )
    with _open_listener(args.port) as listener:
        asyncio.run(_serve(settings, listener, writes=args.write))
    return 0


def _open_listener(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        # Listen early: a browser that opens the printed address at once then waits for the server.
        listener.listen()
    except OSError as problem:
        listener.close()
        raise SettingsError(
            f"port {port} of {_HOST} cannot be used ({problem.strerror}): choose another with "
            "--port, or --port 0 for any free one."
        ) from None
    return listener


async def _serve(settings: Settings, listener: socket.socket, *, writes: bool) -> None:
    import uvicorn

    from bot.browsing.sheet import SHEET, TOKEN, Sheet, open_sheet

    await _require_current_schema(settings)
    port = listener.getsockname()[1]
    token = token_urlsafe(24) if writes else None
    db = await Database.open(settings.database_path)
    try:
        hosts = frozenset({f"{_HOST}:{port}", f"localhost:{port}"})
        sheet = Sheet(db, Gallery(db, settings.pictures_dir), hosts=hosts, token=token)
        async with open_sheet(settings.database_path, sheet) as app:
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
            path = f"{TOKEN}?token={token}" if token else SHEET
            hint = "works once, and opens the sheet" if token else "read-only"
            sys.stdout.write(f"http://{_HOST}:{port}{path}  ({hint}; Ctrl-C ends it)\n")
            sys.stdout.flush()
            await server.serve(sockets=[listener])
    finally:
        # Ctrl-C cancels; an open connection would keep the process alive.
        await run_to_end(db.close())


async def _require_current_schema(settings: Settings) -> None:
    """Raise DatabaseError for an older file.

    Only the bot's start migrates it, never a program beside the bot.
    """
    async with open_read_only(settings.database_path) as file:
        if file.version < len(migrations()):
            raise DatabaseError(
                f"{settings.database_path} is from an older version of this bot: start the bot "
                "once with this one, then look again."
            )
