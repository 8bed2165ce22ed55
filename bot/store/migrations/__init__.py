"""The numbered steps of the schema, one SQL file each; `bot/store/db.py` applies them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered step of the schema."""

    number: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """The steps in this folder, numbered from 1 without a gap.

    A released step is never edited, because databases already have it; a test pins its hash.
    """
    found = [
        Migration(number=int(path.name[:4]), name=path.stem[5:], sql=path.read_text("utf-8"))
        for path in sorted(_HERE.glob("*.sql"))
        if re.fullmatch(r"\d{4}_\w+\.sql", path.name)
    ]
    assert [step.number for step in found] == list(range(1, len(found) + 1)), "a gap or a double"
    return found
