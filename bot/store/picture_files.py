"""Files named by the SHA-256 of their bytes; a file under its name is always complete.

`bot/store/gallery.py` calls it from worker threads, because it blocks. It touches only files with
names that it could have given. Must not know what a file contains or whose it is.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from bot.domain import DiskFullError, StorageError

_SUFFIX, _UNFINISHED = ".png", ".part"
_FILE_NAME = re.compile(r"[0-9a-f]{64}\.(png|part)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """How many unknown files were moved to quarantine, and how many could not be moved."""

    moved: int
    stuck: int


class PictureFiles:
    """`root/ab/abcdef....png`, and files in quarantine, in the same layout."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.quarantine = root.parent / "quarantine"

    def path(self, sha256: str) -> Path:
        """The path for the file with that hash."""
        return self._root / sha256[:2] / f"{sha256}{_SUFFIX}"

    def write(self, sha256: str, data: bytes) -> None:
        """Write a file, synced before its name appears. `StorageError` says what failed."""
        path = self.path(sha256)
        unfinished = path.with_suffix(_UNFINISHED)
        try:
            make_directory(path.parent)
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            _sync_directory(path.parent)
        except OSError as problem:
            _remove(unfinished)
            raise _storage_error(problem, path) from problem

    def read(self, sha256: str) -> bytes:
        """The bytes with this hash. Raises `StorageError` if they cannot be read."""
        path = self.path(sha256)
        try:
            data = path.read_bytes()
        except OSError as problem:
            raise _storage_error(problem, path) from problem
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StorageError(f"the picture file {path} is damaged: restore it from a copy.")
        return data

    def remove(self, hashes: Iterable[str]) -> None:
        """Remove files, including unfinished and quarantined ones; ignore missing ones."""
        for sha256 in hashes:
            path = self.path(sha256)
            quarantined = self.quarantine / path.relative_to(self._root)
            for file in (path, quarantined):
                for name in (file, file.with_suffix(_UNFINISHED)):
                    try:
                        name.unlink(missing_ok=True)
                    except OSError as problem:
                        raise _storage_error(problem, name) from problem

    def quarantine_unknown(self, known: set[str]) -> Quarantined:
        """Move unknown and unfinished files to quarantine; delete nothing."""
        unknown = [
            path
            for path in _picture_files_below(self._root)
            if path.suffix == _UNFINISHED or path.stem not in known
        ]
        moved = sum(self._move(path, self._root, self.quarantine) for path in unknown)
        return Quarantined(moved=moved, stuck=len(unknown) - moved)

    def restore_known(self, known: set[str]) -> int:
        """Move known files back from quarantine; return how many."""
        returning = [
            path for path in _picture_files_below(self.quarantine) if _is_known(path, known)
        ]
        return sum(self._move(path, self.quarantine, self._root) for path in returning)

    def count_quarantined(self, known: set[str]) -> tuple[int, int]:
        """How many files are in quarantine, and how many of them are known."""
        files = list(_picture_files_below(self.quarantine))
        return len(files), sum(_is_known(path, known) for path in files)

    def _move(self, path: Path, source: Path, target: Path) -> bool:
        """Move a file; False if the disk refuses, and the file then stays where it is."""
        moved = target / path.relative_to(source)
        try:
            make_directory(moved.parent)
            path.replace(moved)
            _sync_directory(moved.parent)
        except OSError:
            return False
        return True


def _picture_files_below(root: Path) -> Iterator[Path]:
    """Every file below `root` with one of our names, in the right folder."""
    try:
        for path in root.glob("??/*"):
            if _FILE_NAME.fullmatch(path.name) and path.name.startswith(path.parent.name):
                yield path
    except OSError as problem:
        raise _storage_error(problem, root) from problem


def _is_known(path: Path, known: set[str]) -> bool:
    return path.suffix == _SUFFIX and path.stem in known


def make_directory(directory: Path) -> None:
    """Make a directory with its parents, syncing each into the one above it."""
    missing = list(takewhile(lambda path: not path.exists(), (directory, *directory.parents)))
    directory.mkdir(parents=True, exist_ok=True)
    for path in missing:
        _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    """Sync a directory, so that a rename in it survives a crash."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    """Remove a file if possible; otherwise the next sweep deals with it."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _storage_error(problem: OSError, path: Path) -> StorageError:
    match problem.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return DiskFullError(f"the disk that holds {path.parent} is full: free some room.")
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return StorageError(
                f"{path.parent} cannot be written: make it writable for the bot's user."
            )
        case errno.ENOENT:
            return StorageError(f"the picture file {path} is missing: restore it from a copy.")
        case _:
            return StorageError(f"{path} cannot be read or written: {problem.strerror}.")
