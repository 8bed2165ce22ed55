"""Temporary files are kept in memory only where memory has room for them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from tests import conftest

ENOUGH = 6 << 30


@pytest.mark.parametrize(
    ("disk_bytes", "memory_bytes", "where"),
    [
        (ENOUGH, ENOUGH, "shm"),
        (ENOUGH - 1, ENOUGH, None),
        (ENOUGH, ENOUGH - 1, None),
        (None, ENOUGH, None),
    ],
)
def test_temporary_files_go_into_memory_only_if_it_has_room(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    disk_bytes: int | None,
    memory_bytes: int,
    where: str | None,
) -> None:
    shm = tmp_path / "shm"
    if disk_bytes is not None:
        shm.mkdir()
    monkeypatch.setattr(conftest, "_IN_MEMORY", shm)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=disk_bytes))
    memory = SimpleNamespace(available=memory_bytes)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(tempfile, "tempdir", None)
    # Set before it is deleted, so that monkeypatch undoes what the configuration sets.
    monkeypatch.setenv("TMPDIR", "")
    monkeypatch.delenv("TMPDIR")
    config = SimpleNamespace(option=SimpleNamespace(maxschedchunk=1))
    conftest.pytest_configure(cast("pytest.Config", config))
    assert os.environ.get("TMPDIR") == tempfile.tempdir == (where and str(shm))
