"""`python -m tests.stages.sick_bot`: the bot itself, on a disk that fails on command.

`ILLNESS` names a file with the disk's next error, by its name in `tests/stages/trouble.py`, and the
number of moments before it. On SIGUSR1 the bot reads the file. Each failure is a line in
`SUFFERED`. Started by `tests/stages/sickening.py`; knows nothing about what it proves.
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
from tests.stages.trouble import Trouble, fits, problem


def falling_ill(trouble: Trouble, illness: Path, suffered: Path) -> Callable[..., None]:
    """What SIGUSR1 does."""

    def fall_ill(*_: object) -> None:
        what, after = illness.read_text().split()
        passed, over = count(), [False]

        def comes(_: int, moment: str) -> BaseException | None:
            if over[0] or not fits(what, moment) or next(passed) < int(after):
                return None
            over[0] = True
            with suffered.open("a") as file:
                file.write(f"{what} at {moment}\n")
            return problem(what)

        trouble.begin(comes)

    return fall_ill


def sicken_databases(trouble: Trouble) -> None:
    """Let every database that is opened from now on meet the trouble."""
    plain = Database.open

    async def opened(*rest: Any, **options: Any) -> Database:
        db = await plain(*rest, **options)
        trouble.watch_statements(db)
        return db

    Database.open = opened  # type: ignore[method-assign]


if __name__ == "__main__":
    trouble = Trouble()
    signal.signal(
        signal.SIGUSR1,
        falling_ill(trouble, Path(os.environ["ILLNESS"]), Path(os.environ["SUFFERED"])),
    )
    sicken_databases(trouble)
    with trouble.watching_files(load().pictures_dir.absolute()):
        sys.exit(main([]))
