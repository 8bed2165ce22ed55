"""A folder of painted pictures: `NNNNNNN.png`, `NNNNNNN.txt`, `metadata.jsonl` and `LICENSE.md`.

Called by the command. Image-folder loaders read it as it stands: every line of the manifest names
its picture in `file_name` and its caption in `text`. One process writes, and each line after its
picture, so that the manifest lists exactly what exists, however a run ends. Must not know how
pictures are made.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from models.catalogue.registry import EMBEDDED
from models.contract import EngineError

MANIFEST, LICENCE = "metadata.jsonl", "LICENSE.md"
#: File types that a loader would take for the folder's pictures.
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})


class PaintedPicture(NamedTuple):
    """One picture: its file name, its bytes, and its line of the manifest."""

    name: str
    png: bytes
    line: Mapping[str, object]


class Album:
    """An open folder; `listed` holds the names of the existing pictures."""

    def __init__(self, out: Path, listed: set[str]) -> None:
        self.out = out
        self.listed = listed

    @classmethod
    def open(cls, out: Path, settings: Mapping[str, object], names: Iterable[str]) -> Self:
        """Make the folder, or continue one whose pictures were made with the same settings.

        `names` are those of the coming run. Raises EngineError if the folder cannot hold them.
        """
        try:
            out.mkdir(parents=True, exist_ok=True)
            # Written before the first picture, to tell the folder from somebody else's.
            is_ours = (out / MANIFEST).exists()
            lines = _complete_lines(out, _read_lines(out / MANIFEST)) if is_ours else []
            _require_same_settings(out, settings, lines)
            _require_no_unlisted(
                out, {str(line["file_name"]) for line in lines}, names, is_ours=is_ours
            )
            _rewrite_manifest(out, lines)
            # The drawings have the licence of the model that learned from them.
            shutil.copyfile(EMBEDDED / LICENCE, out / LICENCE)
        except FileExistsError as fault:
            raise EngineError(f"{out} is a file: name a folder with --out.") from fault
        except OSError as fault:
            raise EngineError(f"cannot write in {out}: {fault.strerror}.") from fault
        return cls(out, {str(line["file_name"]) for line in lines})

    def add(self, picture: PaintedPicture) -> None:
        """Write picture, caption and line, all three or none. EngineError if writing fails."""
        path, caption = self.out / picture.name, (self.out / picture.name).with_suffix(".txt")
        partial = path.with_suffix(".png.part")
        end = (self.out / MANIFEST).stat().st_size
        try:
            partial.write_bytes(picture.png)
            caption.write_text(f"{picture.line['text']}\n", encoding="utf-8")
            partial.replace(path)
            with (self.out / MANIFEST).open("a", encoding="utf-8") as file:
                file.write(json.dumps(picture.line) + "\n")
        except BaseException as fault:  # a full disk and Ctrl-C alike
            for file in (partial, caption, path):
                file.unlink(missing_ok=True)
            os.truncate(self.out / MANIFEST, end)
            if not isinstance(fault, OSError):
                raise
            raise EngineError(
                f"cannot write {path}: {fault.strerror}. The folder's {len(self.listed)} pictures"
                " are whole and listed; the same command paints the rest."
            ) from fault
        self.listed.add(picture.name)


def _read_lines(manifest: Path) -> list[dict[str, object]]:
    """The manifest's lines, without a last one that a crash cut off."""
    whole, _, _ = manifest.read_text(encoding="utf-8").rpartition("\n")
    lines: list[dict[str, object]] = []
    for number, text in enumerate(whole.splitlines(), 1):
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict) or not {"file_name", "text"} <= line.keys():
            raise EngineError(
                f"{manifest}, line {number} was not written by this command: name another folder."
            )
        lines.append(line)
    return lines


def _complete_lines(out: Path, lines: list[dict[str, object]]) -> list[dict[str, object]]:
    """The lines whose picture and caption still exist."""
    return [
        line
        for line in lines
        if (path := out / str(line["file_name"])).is_file() and path.with_suffix(".txt").is_file()
    ]


def _require_same_settings(
    out: Path, settings: Mapping[str, object], lines: list[dict[str, object]]
) -> None:
    """Raise EngineError if the folder's pictures were made with other settings."""
    for line in lines:
        other = {name: line.get(name) for name in settings}
        if other != settings:
            was = ", ".join(f"{name} {value}" for name, value in other.items())
            now = ", ".join(f"{name} {value}" for name, value in settings.items())
            raise EngineError(
                f"{out} holds pictures of another run ({was}; now {now}):"
                " name another folder, or the same settings to go on."
            )


def _require_no_unlisted(
    out: Path, listed: set[str], names: Iterable[str], *, is_ours: bool
) -> None:
    """Raise EngineError for unlisted pictures, except one of ours that a crash left over."""
    known = listed | set(names) if is_ours else listed
    unlisted = sorted(
        path.name
        for path in out.iterdir()
        if path.suffix.lower() in _PICTURES and path.name not in known
    )
    if unlisted:
        raise EngineError(
            f"{out} holds pictures that its {MANIFEST} does not list, such as {unlisted[0]}:"
            " name another folder, or move them away."
        )


def _rewrite_manifest(out: Path, lines: list[dict[str, object]]) -> None:
    """Replace the manifest atomically with these lines."""
    partial = out / f"{MANIFEST}.part"
    partial.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    partial.replace(out / MANIFEST)
