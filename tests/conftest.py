"""Set-up for every test."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path

import psutil
import pytest

# The workers of pytest-xdist share the machine, so torch gets one thread in each. torch reads this
# when it loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")


#: Most long tests wait for processes and clocks, so a core has time for two workers.
_WORKERS_PER_CORE = 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """The number of workers for `-n auto`."""
    return _WORKERS_PER_CORE * len(os.sched_getaffinity(0))


#: The number of tests that a worker gets at once: few, so that all workers end together.
#: pytest-xdist's own first share is a sixteenth of all, and one worker would get every slow test.
_SHARE = 4


#: Linux's in-memory file system, and the bytes that must be free there and in memory.
_IN_MEMORY, _IN_MEMORY_BYTES = Path("/dev/shm"), 6 << 30  # noqa: S108  pytest makes its own folder


def pytest_configure(config: pytest.Config) -> None:
    """Place files in memory if possible, and hand out small shares to workers."""
    if "TMPDIR" not in os.environ and _has_room_in_memory():
        # Databases wait milliseconds for a disk at each commit, and no test cuts the power: a
        # killed process loses nothing in memory either.
        os.environ["TMPDIR"] = tempfile.tempdir = str(_IN_MEMORY)
    if getattr(config.option, "maxschedchunk", 0) is None:
        config.option.maxschedchunk = _SHARE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest tests first, one per share, so that none of them begins last."""
    slow = sorted((item for item in items if _seconds(item)), key=_seconds, reverse=True)
    quick = [item for item in items if not _seconds(item)]
    fill = _SHARE - 1
    shares = [(item, *quick[i * fill : (i + 1) * fill]) for i, item in enumerate(slow)]
    items[:] = [*chain.from_iterable(shares), *quick[len(slow) * fill :]]


def _has_room_in_memory() -> bool:
    if not os.access(_IN_MEMORY, os.W_OK):
        return False
    free = min(shutil.disk_usage(_IN_MEMORY).free, psutil.virtual_memory().available)
    return free >= _IN_MEMORY_BYTES


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Pause the garbage collector: each worker's would scan the collected tests dozens of times."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Skip the final garbage collection: the process ends anyway."""
    gc.freeze()


def _seconds(item: pytest.Item) -> int:
    """The seconds in the mark `slow(seconds)`; 0 without one."""
    mark = item.get_closest_marker("slow")
    return 0 if mark is None else mark.args[0]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Restore logging after a test.

    Commands configure it for the whole process, and the next test must not notice.
    """
    loggers = [logging.getLogger(name) for name in ("", "bot", "cogs", "models", "discord")]
    saved = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in saved:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tokenizer of the painter's words."""
    from models.pretraining import vocabulary

    folder = tmp_path_factory.mktemp("words")
    vocabulary.write(folder)
    return folder
