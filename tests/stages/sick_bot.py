"""`python -m tests.stages.sick_bot`: the real bot, on a disk that fails on command.

The file `ILLNESS` holds the disk's next error, by its name in `tests/stages/trouble.py`, and the
number of moments before it. On SIGUSR1 the bot reads the file. It appends each failure as a line to
the file `SUFFERED`. `tests/stages/sickening.py` starts this module, which knows nothing about the
promises.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from bot.__main__ import main
from bot.settings import load
from bot.store.db import Database
from tests.stages.trouble import FaultInjector, disk_error, is_possible_at


def make_fault_handler(
    injector: FaultInjector, order_file: Path, fault_log: Path
) -> Callable[..., None]:
    """Return the handler of SIGUSR1."""

    def begin_fault(*_: object) -> None:
        error, after = order_file.read_text().split()
        moments, has_failed = count(), [False]

        def error_at(_: int, moment: str) -> BaseException | None:
            if has_failed[0] or not is_possible_at(error, moment) or next(moments) < int(after):
                return None
            has_failed[0] = True
            with fault_log.open("a") as file:
                file.write(f"{error} at {moment}\n")
            return disk_error(error)

        injector.reset(error_at)

    return begin_fault


def watch_databases(injector: FaultInjector) -> None:
    """Inject faults into every database that is opened from now on."""
    plain = Database.open

    async def open_watched(*rest: Any, **options: Any) -> Database:
        db = await plain(*rest, **options)
        injector.watch_statements(db)
        return db

    Database.open = open_watched  # type: ignore[method-assign]


if __name__ == "__main__":
    injector = FaultInjector()
    signal.signal(
        signal.SIGUSR1,
        make_fault_handler(injector, Path(os.environ["ILLNESS"]), Path(os.environ["SUFFERED"])),
    )
    watch_databases(injector)
    with injector.watching_files(load().pictures_dir.absolute()):
        sys.exit(main([]))
