"""What a process holds: memory, tasks, open files, threads, and the contents of its objects.

`hurried.py` gauges its own process, `soaking.py` compares two gauges.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
import gc
import json
import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: The packages of this project.
_OURS = ("bot.", "cogs.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """The figures of an idle process at one moment."""

    #: Resident memory, with nothing free held back.
    rss_bytes: int
    #: Blocks of memory that Python has allocated.
    blocks: int
    tasks: int
    files: int
    threads: int
    #: By name, the size of each kind of container, and the number of objects of each class.
    sizes: dict[str, int]


def gauge() -> Gauge:
    """Gauge this process, on the thread of its loop."""
    # Objects frozen out of the garbage collector are counted too.
    gc.unfreeze()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    sizes = _sizes()
    return Gauge(
        rss_bytes=_rss_bytes(),
        blocks=sys.getallocatedblocks(),
        tasks=len(asyncio.all_tasks()),
        files=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
        sizes=dict(sizes),
    )


def write_gauge(measured: Gauge, path: Path) -> None:
    """Write the gauge as JSON; a reader finds the whole file or none."""
    unfinished = path.with_suffix(".half")
    unfinished.write_text(json.dumps(asdict(measured)))
    unfinished.replace(path)


def read_gauge(path: Path) -> Gauge:
    """Read what `write_gauge` wrote."""
    return Gauge(**json.loads(path.read_text()))


def _rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _sizes() -> Counter[str]:
    sizes: Counter[str] = Counter()
    for thing in gc.get_objects():
        kind = type(thing)
        if isinstance(thing, functools._lru_cache_wrapper):
            if thing.cache_info().maxsize is None and _is_ours(thing.__module__):
                sizes[f"{thing.__module__}.{thing.__qualname__}"] += thing.cache_info().currsize
        elif _is_ours(kind.__module__):
            name = f"{kind.__module__}.{kind.__qualname__}"
            sizes[name] += 1
            sizes.update(_container_sizes(name, _attributes(thing)))
    for name, module in list(sys.modules.items()):
        if _is_ours(name):
            sizes.update(_container_sizes(name, vars(module).items()))
    return sizes


def _container_sizes(name: str, attributes: Iterable[tuple[str, Any]]) -> dict[str, int]:
    return {
        f"{name}.{attribute}": len(value)
        for attribute, value in list(attributes)
        if _is_unbounded(value)
    }


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.startswith(_OURS)


def _is_unbounded(value: object) -> bool:
    if isinstance(value, deque):
        return value.maxlen is None
    return isinstance(value, dict | list | set)


def _attributes(thing: object) -> Iterator[tuple[str, Any]]:
    yield from list(getattr(thing, "__dict__", {}).items())
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(thing, name):
                yield name, getattr(thing, name)
