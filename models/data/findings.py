"""What reading a dataset found: files skipped, or used with a change, and why.

Filled by `sources` and `examples`, shown by the `dataset` command and by whoever trains. Knows no
picture formats and decides nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Skip(StrEnum):
    """Why a file is not used."""

    #: A picture without a caption.
    NO_CAPTION = "no caption"
    #: A caption file, or a line of a manifest, without its picture.
    NO_PICTURE = "caption without a picture"
    #: A sidecar or a line of a manifest that cannot be parsed.
    BAD_CAPTION = "unreadable caption"
    #: The picture lies beside a manifest that does not list it.
    UNLISTED = "not in the manifest"
    #: An earlier line of the same manifest names it.
    REPEATED = "named twice"
    #: The manifest reserves it for testing: nothing may learn from it.
    HELD_OUT = "held out"
    #: The manifest names a file outside its folder.
    OUTSIDE = "outside the folder"
    #: Not a picture, an unsupported format, or a damaged header.
    NOT_A_PICTURE = "not a readable picture"
    #: The header is fine, the rest ends early or is damaged.
    DAMAGED = "truncated or damaged"
    #: More pixels than the limit; not decoded.
    TOO_LARGE = "too many pixels"
    #: The file system refused to open it.
    UNREADABLE = "cannot be opened"


class Note(StrEnum):
    """A change made to a picture that is used, or something worth knowing about it."""

    #: The first frame of the animation was used.
    ANIMATED = "animated: first frame used"
    #: Transparency was composited on white.
    FLATTENED = "transparent: laid on white"
    #: CMYK was converted to RGB.
    CMYK = "CMYK: made RGB"
    #: 16 bits per channel were reduced to 8.
    SIXTEEN_BIT = "16 bits: made 8"
    #: Rotated according to EXIF.
    TURNED = "turned as EXIF says"
    #: The same bytes as an earlier picture; both are used.
    DUPLICATE = "same bytes as another"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFinding:
    """One finding about one file; `detail` is empty or a phrase."""

    path: Path
    reason: Skip | Note
    detail: str = ""


@dataclass(slots=True)
class Report:
    """Collects findings while a dataset is read; `used` is the number of usable pictures."""

    findings: list[FileFinding] = field(default_factory=list[FileFinding])
    used: int = 0

    def add(self, path: Path, reason: Skip | Note, detail: str = "") -> None:
        """Add one finding."""
        self.findings.append(FileFinding(path=path, reason=reason, detail=detail))

    @property
    def skipped(self) -> list[FileFinding]:
        """The files that are not used, in the order they were found."""
        return [finding for finding in self.findings if isinstance(finding.reason, Skip)]

    def counts(self) -> dict[str, int]:
        """The count of each finding, skips first, each kind in descending order."""
        found = Counter(finding.reason for finding in self.findings)
        order = sorted(found, key=lambda reason: (isinstance(reason, Note), -found[reason], reason))
        return {str(reason): found[reason] for reason in order}

    def table(self) -> str:
        """The counts as lines of text, usable pictures first."""
        lines = [("usable pictures", self.used), *self.counts().items()]
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:<{width}}  {count:>7,}" for name, count in lines)

    def write_jsonl(self, path: Path) -> None:
        """One line for each finding: file, used, reason, detail."""
        # A file name may contain bytes that are not UTF-8; their stand-ins are written as JSON
        # escapes, which have the same form as Python's.
        with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
            for finding in self.findings:
                row = {
                    "file": str(finding.path),
                    "used": isinstance(finding.reason, Note),
                    "reason": str(finding.reason),
                    "detail": finding.detail,
                }
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
