"""What holds for every test."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

# Workers of pytest-xdist share the machine: one thread each for torch, which reads this on loading.
os.environ.setdefault("OMP_NUM_THREADS", "1")


#: Most long tests wait for processes and clocks, so a core has time for two workers.
_WORKERS_A_CORE = 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many workers `-n auto` means."""
    return _WORKERS_A_CORE * len(os.sched_getaffinity(0))


#: So few tests are handed to a worker at once that none is left with many when the rest are idle;
#: pytest-xdist's own first share is a sixteenth of all, and one worker would get every slow test.
_SHARE = 4


def pytest_configure(config: pytest.Config) -> None:
    """Small shares, where tests run in several workers and nobody asked for others."""
    if getattr(config.option, "maxschedchunk", 0) is None:
        config.option.maxschedchunk = _SHARE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest first, so that none begins when the others are done; no two in one share."""
    slow = sorted((item for item in items if _seconds(item)), key=_seconds, reverse=True)
    quick = [item for item in items if not _seconds(item)]
    fill = _SHARE - 1
    shares = [(item, *quick[i * fill : (i + 1) * fill]) for i, item in enumerate(slow)]
    items[:] = [*chain.from_iterable(shares), *quick[len(slow) * fill :]]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Pytest has looked for garbage; what is left goes with the process, unlooked at."""
    gc.freeze()


def _seconds(item: pytest.Item) -> int:
    """What the mark `slow(seconds)` says; 0 without one."""
    mark = item.get_closest_marker("slow")
    return 0 if mark is None else mark.args[0]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Commands set up logging for their whole process; the next test must not notice."""
    loggers = [logging.getLogger(name) for name in ("", "bot", "cogs", "models", "discord")]
    kept = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in kept:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tokenizer of the painter's words."""
    from models.pretraining import vocabulary

    folder = tmp_path_factory.mktemp("words")
    vocabulary.write(folder)
    return folder
