"""Finds the pictures to score, and the record of each.

Called by the command `score`; torch-free. It reads manifests and sidecars as the training does.
Must not know scores, and opens no pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from models.contract import EngineError
from models.data.findings import Report
from models.data.sources import (
    MANIFEST,
    CaptionError,
    check_new_file,
    manifest_lines,
    parse_record,
    pictures_below,
    read_text,
    sidecars_of,
)

#: A line of a manifest, or a whole sidecar.
Record = dict[str, object]


class FoundPicture(NamedTuple):
    """A picture file and its record: {} if there is none."""

    path: Path
    record: Record


def find_pictures(source: Path, report: Report) -> list[FoundPicture]:
    """The pictures in a folder tree, or those that a manifest names, sorted by path.

    A folder's `metadata.jsonl` or sidecars give the records. Hidden files are ignored. Lines that
    name no picture of the folder, or repeat one, are reported. Raises EngineError if the source or
    its manifest cannot be read.
    """
    if source.is_file():
        records = _manifest_records(source, report)
    elif source.is_dir():
        manifest = source / MANIFEST
        in_manifest = _manifest_records(manifest, report) if manifest.is_file() else {}
        records = {
            path: in_manifest.get(path) or _sidecar_record(path)
            for path in pictures_below(source, report)
        }
    else:
        raise EngineError(f"there is no folder or manifest {source}.")
    return [FoundPicture(path, records[path]) for path in sorted(records)]


def _manifest_records(manifest: Path, report: Report) -> dict[Path, Record]:
    """The records of a manifest, by picture."""
    records: dict[Path, Record] = {}
    try:
        for path, record, where in manifest_lines(manifest, report):
            if check_new_file(path, where, records, report):
                records[path] = dict(record)
    except CaptionError as fault:
        raise EngineError(f"{manifest} is no manifest: {fault}.") from fault
    return records


def _sidecar_record(picture: Path) -> Record:
    """The sidecar's record, Danbooru's JSON before plain text; {} if it has nothing readable."""
    sidecar = next((path for path in sidecars_of(picture) if path.is_file()), None)
    try:
        if sidecar is None:
            return {}
        text = read_text(sidecar)
        return dict(parse_record(text)) if sidecar.suffix == ".json" else {"text": text.strip()}
    except CaptionError:
        # Captions do not matter here; whoever reads the dataset reports bad ones.
        return {}
