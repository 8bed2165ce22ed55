"""What reading a dataset found: files that were skipped or kept with a change, and why.

Filled by `sources` and `pictures`, shown by the `dataset` command and by whoever trains. It knows
no picture formats and decides nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Skip(StrEnum):
    """Why a file is not used."""

    #: A picture that nothing describes.
    NO_CAPTION = "no caption"
    #: A caption file, or a line of a manifest, whose picture is not there.
    NO_PICTURE = "caption without a picture"
    #: A sidecar or a line of a manifest that cannot be understood.
    BAD_CAPTION = "unreadable caption"
    #: The picture lies beside a manifest that does not name it.
    UNLISTED = "not in the manifest"
    #: Named before: by the same manifest, an earlier line.
    REPEATED = "named twice"
    #: A manifest keeps it for testing: nothing may learn from it.
    HELD_OUT = "held out"
    #: The manifest names a file outside its folder.
    OUTSIDE = "outside the folder"
    #: No picture at all, a format that is not read, or a damaged header.
    NOT_A_PICTURE = "not a readable picture"
    #: The header is fine, the rest ends early or is damaged.
    DAMAGED = "truncated or damaged"
    #: More pixels than the limit; it was not decoded.
    TOO_LARGE = "too many pixels"
    #: The file system refused.
    UNREADABLE = "cannot be opened"


class Note(StrEnum):
    """What was done to a picture that is used, or is worth knowing of it."""

    #: The first frame stands for the animation.
    ANIMATED = "animated: first frame used"
    #: Transparency was laid on white.
    FLATTENED = "transparent: laid on white"
    #: Printer's colours became RGB.
    CMYK = "CMYK: made RGB"
    #: 16 bits a channel became 8.
    SIXTEEN_BIT = "16 bits: made 8"
    #: Turned as its EXIF orientation says.
    TURNED = "turned as EXIF says"
    #: The same bytes as an earlier picture; both are used.
    DUPLICATE = "same bytes as another"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFinding:
    """One thing that was found of one file; `detail` is empty or half a sentence."""

    path: Path
    reason: Skip | Note
    detail: str = ""


@dataclass(slots=True)
class Report:
    """Collects findings while a dataset is read; `used` is the number of usable pictures."""

    findings: list[FileFinding] = field(default_factory=list[FileFinding])
    used: int = 0

    def add(self, path: Path, reason: Skip | Note, detail: str = "") -> None:
        """Take down one finding."""
        self.findings.append(FileFinding(path=path, reason=reason, detail=detail))

    @property
    def skipped(self) -> list[FileFinding]:
        """The files that are not used, in the order they were found."""
        return [finding for finding in self.findings if isinstance(finding.reason, Skip)]

    def counts(self) -> dict[str, int]:
        """How often each reason was found, skips first, each kind by number."""
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
        # A file's name may be bytes that are no UTF-8; what stands for them is written as JSON's
        # own escape, which happens to be Python's.
        with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
            for finding in self.findings:
                row = {
                    "file": str(finding.path),
                    "used": isinstance(finding.reason, Note),
                    "reason": str(finding.reason),
                    "detail": finding.detail,
                }
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
