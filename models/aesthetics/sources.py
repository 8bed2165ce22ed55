"""Which pictures are to be scored, and what is said of each.

Called by the command `score`; torch-free. Manifests and sidecars are read as the training
reads them. It must not know scores, and it opens no pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from models.contract import EngineError
from models.data.findings import Report
from models.data.sources import (
    MANIFEST,
    CaptionError,
    is_new,
    lines_of,
    pictures_below,
    record_of,
    sidecars_of,
    text_of,
)

#: A line of a manifest, or the whole of a sidecar.
Record = dict[str, object]


class Found(NamedTuple):
    """A picture file and its record: {} if nothing is said of it."""

    path: Path
    record: Record


def found(source: Path, report: Report) -> list[Found]:
    """The pictures of a folder with all below it, or those that a manifest names, sorted by path.

    A folder's `metadata.jsonl` or the sidecars beside the pictures give the records. Hidden files
    are left alone. Lines that name no picture of the folder, or one again, are reported.
    EngineError if the place or its manifest is not to be read.
    """
    if source.is_file():
        listed = _listed(source, report)
    elif source.is_dir():
        manifest = source / MANIFEST
        said = _listed(manifest, report) if manifest.is_file() else {}
        listed = {path: said.get(path) or _beside(path) for path in pictures_below(source, report)}
    else:
        raise EngineError(f"there is no folder or manifest {source}.")
    return [Found(path, listed[path]) for path in sorted(listed)]


def _listed(manifest: Path, report: Report) -> dict[Path, Record]:
    """The records of a manifest, by the picture each one names."""
    told: dict[Path, Record] = {}
    try:
        for path, record, where in lines_of(manifest, report):
            if is_new(path, where, told, report):
                told[path] = dict(record)
    except CaptionError as fault:
        raise EngineError(f"{manifest} is no manifest: {fault}.") from fault
    return told


def _beside(picture: Path) -> Record:
    """What the sidecar says, Danbooru's JSON before plain text; {} if it says nothing readable."""
    sidecar = next((path for path in sidecars_of(picture) if path.is_file()), None)
    try:
        if sidecar is None:
            return {}
        text = text_of(sidecar)
        return dict(record_of(text)) if sidecar.suffix == ".json" else {"text": text.strip()}
    except CaptionError:
        # The caption is not what is judged here; whoever reads the dataset reports it.
        return {}
