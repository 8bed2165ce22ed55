"""A manifest folder in the form that the export writes, with small pictures and a few votes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from models import manifest
from models.manifest import JudgementLine, Kind, Manifest, PictureLine, Split


def add_picture(folder: Path, seed: int = 1, **changes: Any) -> PictureLine:
    """Write a picture of one colour into the folder with its licence; return its line."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (seed % 256, 40, 200)).save(buffer, "PNG")
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    values: dict[str, Any] = {
        "file_name": f"pictures/{sha256}.png",
        "sha256": sha256,
        "text": "1girl, solo",
        "negative": "",
        "prompt_key": "5" * 16,
        "card_id": "tiny-1",
        "licence": "licences/tiny-1.txt",
        "seed": seed,
        "steps": 4,
        "guidance": 7.0,
        "sampler": "dpmpp_2m",
        "clip_skip": None,
        "width_px": 8,
        "height_px": 8,
        "rating": "general",
        "split": Split.TRAIN,
        "up": 1.0,
        "down": 0.0,
    }
    line = PictureLine(**(values | changes))
    for place in (line.file_name, line.licence):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / line.file_name).write_bytes(buffer.getvalue())
    (folder / line.licence).write_text("Do as you like.\n")
    return line


def make_judgement_line(*pictures: PictureLine, voter: int = 1, **changes: Any) -> JudgementLine:
    """A voter's judgement: an upvote of one picture, the first of two, or a ranking of more."""
    kind, value = {1: (Kind.VOTE, 1), 2: (Kind.DUEL, 0)}.get(
        len(pictures), (Kind.RANKING, tuple(range(len(pictures))))
    )
    values: dict[str, Any] = {
        "kind": kind,
        "axis": "taste" if kind is Kind.VOTE else "duel",
        "voter": f"v{voter:016x}",
        "weight": 1.0,
        "files": tuple(picture.file_name for picture in pictures),
        "value": value,
        "split": pictures[0].split,
    }
    return JudgementLine(**(values | changes))


def write_manifest(
    folder: Path, pictures: Iterable[PictureLine], judgements: Iterable[JudgementLine] = ()
) -> Manifest:
    """Write the folder's manifest."""
    return manifest.write(folder, pictures, judgements, created_ms=1_700_000_000_000)
