"""Files named by the SHA-256 of their bytes; a file under its name is always complete.

`bot/store/gallery.py` calls it from worker threads, and it blocks. It never touches a file whose
name it would not have given. Must not know what is in a file or whose it is.
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
_OURS = re.compile(r"[0-9a-f]{64}\.(png|part)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """How many unknown files are in quarantine, and how many could not be moved there."""

    moved: int
    stuck: int


class PictureFiles:
    """`root/ab/abcdef....png`, and the files set aside in the same layout in `quarantine`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.quarantine = root.parent / "quarantine"

    def path(self, sha256: str) -> Path:
        """The path for the file with that hash."""
        return self._root / sha256[:2] / f"{sha256}{_SUFFIX}"

    def write(self, sha256: str, data: bytes) -> None:
        """Sync the bytes to disk before the name appears. `StorageError` says what is wrong."""
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
            raise _plain(problem, path) from problem

    def read(self, sha256: str) -> bytes:
        """The bytes behind the hash. Raises `StorageError` if they cannot be read."""
        path = self.path(sha256)
        try:
            data = path.read_bytes()
        except OSError as problem:
            raise _plain(problem, path) from problem
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StorageError(f"the picture file {path} is damaged: restore it from a copy.")
        return data

    def remove(self, hashes: Iterable[str]) -> None:
        """Remove files, including half-written and quarantined ones; missing ones are fine."""
        for sha256 in hashes:
            path = self.path(sha256)
            aside = self.quarantine / path.relative_to(self._root)
            for file in (path, aside):
                for each in (file, file.with_suffix(_UNFINISHED)):
                    try:
                        each.unlink(missing_ok=True)
                    except OSError as problem:
                        raise _plain(problem, each) from problem

    def set_aside(self, known: set[str]) -> SetAside:
        """Move unknown and unfinished files to quarantine. Deletes nothing."""
        strangers = [
            path
            for path in _ours_below(self._root)
            if path.suffix == _UNFINISHED or path.stem not in known
        ]
        moved = sum(self._move(path, self._root, self.quarantine) for path in strangers)
        return SetAside(moved=moved, stuck=len(strangers) - moved)

    def bring_back(self, known: set[str]) -> int:
        """Move known files back from quarantine; return how many."""
        returning = [path for path in _ours_below(self.quarantine) if _is_one_of(path, known)]
        return sum(self._move(path, self.quarantine, self._root) for path in returning)

    def aside(self, known: set[str]) -> tuple[int, int]:
        """How many files are in quarantine, and how many of them are known."""
        there = list(_ours_below(self.quarantine))
        return len(there), sum(_is_one_of(path, known) for path in there)

    def _move(self, path: Path, source: Path, target: Path) -> bool:
        """Move a file; False if the disk refuses, and then it stays where it is."""
        there = target / path.relative_to(source)
        try:
            make_directory(there.parent)
            path.replace(there)
            _sync_directory(there.parent)
        except OSError:
            return False
        return True


def _ours_below(root: Path) -> Iterator[Path]:
    """Every file below that has one of our names in the right place."""
    try:
        for path in root.glob("??/*"):
            if _OURS.fullmatch(path.name) and path.name.startswith(path.parent.name):
                yield path
    except OSError as problem:
        raise _plain(problem, root) from problem


def _is_one_of(path: Path, known: set[str]) -> bool:
    return path.suffix == _SUFFIX and path.stem in known


def make_directory(directory: Path) -> None:
    """Make a directory with its parents, syncing each into the one above it."""
    missing = list(takewhile(lambda each: not each.exists(), (directory, *directory.parents)))
    directory.mkdir(parents=True, exist_ok=True)
    for made in missing:
        _sync_directory(made.parent)


def _sync_directory(directory: Path) -> None:
    """Sync a directory: only then does a rename survive a crash."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    """Remove a file if possible; the next sweep removes what stays."""
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
