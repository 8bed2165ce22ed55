"""A manifest's folder on disk: pictures without their texts, licences, and their description.

`bot/exporting.py` scans, selects and finishes. The folder is built beside its final path and then
renamed, so nobody reads half of one, and an earlier one stays until then. Must not know how
pictures are selected.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from bot.curating.bare import without_texts
from bot.curating.harvest import Entry, Scan
from bot.curating.likeness import Embed, likeness_of
from bot.curating.selecting import Selection, licence_file
from bot.domain import StorageError
from bot.store.gallery import Gallery
from bot.store.licence_texts import LicenceTexts
from models import manifest
from models.catalogue.adoption import BUNDLED_LICENCE
from models.manifest import Manifest


class ManifestFolder:
    """A folder under construction; `build_manifest_folder` creates one."""

    def __init__(self, path: Path, gallery: Gallery, licences: LicenceTexts) -> None:
        self._path = path
        self._gallery = gallery
        self._licences = licences
        (path / "pictures").mkdir(parents=True)

    def scan(self, entry: Entry, embed: Embed) -> Scan | None:
        """Copy a picture without its texts; None if its file is missing or damaged."""
        try:
            data = self._gallery.path(entry.picture).read_bytes()
            bare = without_texts(data, entry.picture.card_id)
            with Image.open(io.BytesIO(bare)) as picture:
                likeness = likeness_of(picture, embed)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
        sha256 = hashlib.sha256(bare).hexdigest()
        (self._path / "pictures" / f"{sha256}.png").write_bytes(bare)
        return Scan(sha256=sha256, likeness=likeness)

    def finish(self, selection: Selection, *, created_ms: int, parents: Iterable[str]) -> Manifest:
        """Keep the selection, add the licences, and write the manifest. Raises OSError."""
        selected = {self._path / picture.file_name for picture in selection.pictures}
        for path in (self._path / "pictures").iterdir():
            if path not in selected:
                path.unlink()
        (self._path / "licences").mkdir()
        for card_id in {picture.card_id for picture in selection.pictures}:
            # Pictures drawn before the bot recorded licences get Waifu Diffusion's, which is also
            # shown for a model without a licence.
            text = self._licences.text(card_id) or BUNDLED_LICENCE.read_text("utf-8")
            (self._path / licence_file(card_id)).write_text(text, encoding="utf-8")
        return manifest.write(
            self._path,
            selection.pictures,
            selection.judgements,
            created_ms=created_ms,
            left_out=selection.left_out,
            parents=parents,
        )


@contextmanager
def build_manifest_folder(
    directory: Path, gallery: Gallery, licences: LicenceTexts
) -> Generator[ManifestFolder]:
    """A folder beside `directory` that replaces it at the end of the block, or not at all.

    Replaces only an earlier manifest. Raises StorageError if the directory holds anything else, or
    if the disk fails.
    """
    _check_replaceable(directory)
    part = directory.with_name(f".{directory.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        yield ManifestFolder(part, gallery, licences)
        _replace_folder(part, directory)
    except OSError as problem:
        raise StorageError(f"{directory} cannot be written: {problem.strerror}.") from problem
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check_replaceable(directory: Path) -> None:
    if not directory.exists():
        return
    if not directory.is_dir():
        raise StorageError(f"{directory} is a file: name a directory.")
    if any(directory.iterdir()) and not (directory / manifest.FILE_NAME).is_file():
        raise StorageError(
            f"{directory} holds something other than an earlier manifest: name a new directory."
        )


def _replace_folder(part: Path, directory: Path) -> None:
    """Put the new folder in place of an earlier one, so that nobody reads half of either."""
    old = directory.with_name(f".{directory.name}.{os.getpid()}.old")
    if directory.exists():
        directory.rename(old)
    try:
        part.rename(directory)
    except OSError:
        if old.exists():
            old.rename(directory)
        raise
    shutil.rmtree(old, ignore_errors=True)
