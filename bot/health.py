"""A sign of life for containers: a file that the running bot touches and `bot health` looks at."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

_FILE = "alive"
_BEAT_S = 10.0
#: Three beats may be missed (a slow disk) before the bot counts as dead.
_FRESH_S = 45.0


async def beat(data_dir: Path) -> None:
    """Touch the file for ever; a blocked event loop stops beating, which is the point."""
    while True:
        await asyncio.to_thread((data_dir / _FILE).touch)
        await asyncio.sleep(_BEAT_S)


def is_fresh(data_dir: Path) -> bool:
    """True if a bot beat in this directory less than 45 seconds ago."""
    try:
        return time.time() - (data_dir / _FILE).stat().st_mtime < _FRESH_S
    except OSError:
        return False
