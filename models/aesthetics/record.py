"""Scores kept on disk, one line per picture, so that a stopped run can continue.

Called by the command `score`; torch-free. A score belongs to a file's content and to one tower with
one head: moved files keep their scores, and another head starts afresh. Notes from reading the
picture are stored with the score, because an already scored picture is not read again. Must not
know how scores are computed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from models.contract import EngineError
from models.data.findings import Note

FILE_NAME = "scores.jsonl"
_NOTES = {note.value: note for note in Note}


class ScoreRecord:
    """The file of scores, open for one head. It only ever grows."""

    def __init__(self, path: Path, head_id: str) -> None:
        """Read the existing file, removing a last line cut short by a kill.

        Raises EngineError if any other line is not a score: then the file belongs to something
        else.
        """
        self.path, self.head_id = path, head_id
        self.scores: dict[str, float] = {}
        self.notes: dict[str, tuple[Note, ...]] = {}
        whole_bytes = self._read()
        self._file = path.open("ab")
        self._file.truncate(whole_bytes)

    def _read(self) -> int:
        """Read the whole lines; return their length in bytes."""
        if not self.path.exists():
            return 0
        data = self.path.read_bytes()
        whole_bytes = data.rfind(b"\n") + 1
        for number, line in enumerate(data[:whole_bytes].splitlines(), 1):
            try:
                entry = json.loads(line)
                if entry["head"] == self.head_id:
                    self.scores[entry["sha256"]] = float(entry["score"])
                    notes = [_NOTES[name] for name in entry.get("notes", ()) if name in _NOTES]
                    self.notes[entry["sha256"]] = tuple(notes)
            except (ValueError, TypeError, KeyError) as fault:
                raise EngineError(
                    f"{self.path}, line {number}, is not a score; move the file away."
                ) from fault
        return whole_bytes

    def add(
        self, scores: dict[str, float], notes: Mapping[str, tuple[Note, ...]] | None = None
    ) -> None:
        """Record a batch's scores by each file's sha256; they survive a kill."""
        notes = notes or {}
        for sha256, score in scores.items():
            line: dict[str, object] = {"sha256": sha256, "head": self.head_id, "score": score}
            if notes_of_picture := notes.get(sha256):
                line["notes"] = notes_of_picture
            self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        # Notes first: a thread that sees a score looks for its notes next.
        self.notes.update(notes)
        self.scores |= scores

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._file.close()
