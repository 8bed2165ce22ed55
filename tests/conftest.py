"""What holds for every test."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, so that none begins when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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
