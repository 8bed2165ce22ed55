"""Which pictures are to be scored, and what is said of each.

Called by `models.aesthetics`; torch-free. It must not know scores, and it opens no pictures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, cast

from models.contract import EngineError
from models.dataset import MANIFEST, SUFFIXES

#: A line of a manifest, or the whole of a sidecar.
Record = dict[str, object]


class Found(NamedTuple):
    """A picture file and its record: {} if nothing is said of it."""

    path: Path
    record: Record


def found(source: Path) -> list[Found]:
    """The pictures of a folder with all below it, or those that a manifest names, sorted by path.

    A folder's `metadata.jsonl` or the sidecars beside the pictures give the records. Hidden files
    are left alone. EngineError if the place or its manifest is not to be read; named pictures that
    are missing are found out when they are opened.
    """
    if source.is_file():
        listed = _listed(source)
    elif source.is_dir():
        manifest = source / MANIFEST
        said = _listed(manifest) if manifest.is_file() else {}
        paths = [path for path in _below(source) if path.suffix.lower() in SUFFIXES]
        listed = {path: said.get(path) or _beside(path) for path in paths}
    else:
        raise EngineError(f"there is no folder or manifest {source}.")
    return [Found(path, listed[path]) for path in sorted(listed)]


def _below(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [f for f in files if not any(p.startswith(".") for p in f.relative_to(folder).parts)]


def _listed(manifest: Path) -> dict[Path, Record]:
    """The records of a manifest, by the picture each one names."""
    try:
        # Not splitlines: a caption may hold U+2028, which ends no line of JSONL.
        lines = manifest.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as fault:
        raise EngineError(f"{manifest} is no manifest: it is not UTF-8.") from fault
    told: dict[Path, Record] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = cast("Record", json.loads(line))
            told[manifest.parent / cast("str", record["file_name"])] = record
        except (ValueError, TypeError, KeyError) as fault:
            raise EngineError(f"{manifest}, line {number}: no JSON with a file_name.") from fault
    return told


def _beside(picture: Path) -> Record:
    """What the sidecar says, Danbooru's JSON before plain text; {} if it says nothing readable."""
    try:
        for path in (picture.with_suffix(".json"), picture.with_name(picture.name + ".json")):
            if path.is_file():
                told = json.loads(path.read_text("utf-8-sig"))
                return told if isinstance(told, dict) else {}
        for path in (picture.with_suffix(".txt"), picture.with_name(picture.name + ".txt")):
            if path.is_file():
                return {"text": path.read_text("utf-8-sig").strip()}
    except (ValueError, OSError):
        # The caption is not what is judged here; whoever reads the dataset reports it.
        return {}
    return {}
