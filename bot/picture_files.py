"""Files named by the SHA-256 of their bytes, written so that a name is never half a picture.

`bot/gallery.py` calls it from worker threads, and it blocks. It must not know what is in a file or
who it belongs to.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from bot.domain import DiskFullError, StorageError

_SUFFIX, _UNFINISHED = ".png", ".part"


class PictureFiles:
    """`root/ab/abcdef....png`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, sha256: str) -> Path:
        """Where the file of that hash lies, or would."""
        return self._root / sha256[:2] / f"{sha256}{_SUFFIX}"

    def write(self, sha256: str, data: bytes) -> None:
        """Put the bytes on disk, really, before the name. `StorageError` says what is wrong."""
        path = self.path(sha256)
        unfinished = path.with_suffix(_UNFINISHED)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            _sync_directory(path.parent)
        except OSError as problem:
            _remove(unfinished)
            raise _plain(problem, path) from problem

    def read(self, sha256: str) -> bytes:
        """The bytes. `StorageError` if they cannot be had."""
        path = self.path(sha256)
        try:
            return path.read_bytes()
        except OSError as problem:
            raise _plain(problem, path) from problem

    def remove(self, hashes: Iterable[str]) -> None:
        """Remove files; one that is not there is fine."""
        for sha256 in hashes:
            path = self.path(sha256)
            try:
                path.unlink(missing_ok=True)
            except OSError as problem:
                raise _plain(problem, path) from problem

    def remove_unknown(self, known: set[str]) -> int:
        """Remove unfinished files and those whose hash is not known. Returns how many."""
        strangers = [
            path
            for path in self._root.glob("??/*")
            if path.suffix == _UNFINISHED or (path.suffix == _SUFFIX and path.stem not in known)
        ]
        for path in strangers:
            _remove(path)
        return len(strangers)


def _sync_directory(directory: Path) -> None:
    """A rename is only on disk when its directory is."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    """Best effort: what stays is removed by the next sweep."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _plain(problem: OSError, path: Path) -> StorageError:
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
