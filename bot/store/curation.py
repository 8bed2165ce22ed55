"""The voted pictures and their manifest, for the learning loop; nothing in it names a person.

`python -m bot export DIR` calls `export_voted`. A picture leaves with its numbers; its prompt only
if its user shares prompts, and never inside the file, for the files' texts are taken out. The
licence of every model that drew one of them goes along. What the votes mean for training is not
known here.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.domain import Picture, Rating, StorageError
from bot.store.db import Database, Row
from bot.store.gallery import Gallery
from bot.store.job_rows import draw_of
from bot.store.papers import Papers
from bot.store.picture_rows import picture_of
from models.catalogue.adoption import BUNDLED_LICENCE
from models.contract import Draw
from models.provenance import xmp_packet

_MANIFEST = "manifest.jsonl"
_MANIFEST_HASH = "manifest.jsonl.sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the manifest. `prompt` and `negative` are None unless their user shares them."""

    file: str
    sha256: str
    card_id: str
    #: The file of the licence that the picture was drawn under.
    licence: str
    seed: int
    steps: int
    guidance: float
    sampler: str
    #: None where the card's was used.
    clip_skip: int | None
    width_px: int
    height_px: int
    rating: Rating
    up: int
    down: int
    prompt: str | None
    negative: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was written, and where."""

    directory: Path
    pictures: int
    with_prompt: int
    #: Voted pictures whose files, or how they were drawn, could not be read.
    missing: int
    #: Voted pictures whose words are forbidden by now.
    forbidden: int
    manifest_sha256: str

    def __str__(self) -> str:
        lost = ""
        if self.missing:
            lost = f", {self.missing} left out (file missing or damaged, or of another version)"
        if self.forbidden:
            lost += f", {self.forbidden} left out (forbidden by today's rules)"
        voted = "1 voted picture" if self.pictures == 1 else f"{self.pictures} voted pictures"
        return (
            f"{voted}, {self.with_prompt} with their prompt{lost}, in "
            f"{self.directory}\n{_MANIFEST} sha256 {self.manifest_sha256}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voted:
    """A picture that somebody but its requester voted on."""

    picture: Picture
    row: Row


async def export_voted(
    db: Database,
    gallery: Gallery,
    papers: Papers,
    directory: Path,
    may_leave: Callable[[str, str], bool],
) -> ExportReport:
    """Write every voted picture, the manifest and the licences into `directory`, all or nothing.

    `may_leave` says of a prompt and a negative whether what they made may be in it. An earlier
    export there is replaced. `StorageError` if the directory holds anything else, or if
    the disk does not take it.
    """
    voted = [_Voted(picture=picture_of(row), row=row) for row in await _select(db)]
    return await asyncio.to_thread(_write, voted, gallery, papers, directory, may_leave)


async def _select(db: Database) -> list[Row]:
    """Pictures with a vote of somebody else, the oldest first, and what the manifest says.

    None that a moderator removed or has not looked at yet.
    """
    return await db.fetch_all(
        "WITH counted AS ("
        " SELECT job_id, sum(up) AS up, sum(down) AS down FROM ("
        "  SELECT job_id, value = 1 AS up, value = -1 AS down FROM votes"
        "   WHERE axis = 'taste' AND NOT self_vote"
        "  UNION ALL SELECT job_id, up, down FROM nameless_tallies WHERE axis = 'taste')"
        " GROUP BY job_id)"
        " SELECT pictures.*, counted.up, counted.down, jobs.draw,"
        " ifnull(share_prompts, 0) AS share_prompts"
        " FROM counted JOIN pictures USING (job_id) JOIN jobs ON jobs.id = pictures.job_id"
        " LEFT JOIN sharing ON sharing.user_id = pictures.user_id"
        " WHERE pictures.deleted_ms IS NULL AND jobs.state <> 'held' AND up + down > 0"
        " ORDER BY jobs.seq"
    )


def _write(
    voted: Sequence[_Voted],
    gallery: Gallery,
    papers: Papers,
    directory: Path,
    may_leave: Callable[[str, str], bool],
) -> ExportReport:
    """Build the export beside its place, then move it there."""
    _may_replace(directory)
    building = directory.with_name(f".{directory.name}.{os.getpid()}.part")
    try:
        report = _build(voted, gallery, building, directory, may_leave)
        _add_licences({item.picture.card_id for item in voted}, papers, building)
        _swap(building, directory)
    except OSError as problem:
        raise StorageError(f"{directory} cannot be written: {problem.strerror}.") from problem
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return report


def _may_replace(directory: Path) -> None:
    if not directory.exists():
        return
    if not directory.is_dir():
        raise StorageError(f"{directory} is a file: name a directory.")
    if any(directory.iterdir()) and not (directory / _MANIFEST).is_file():
        raise StorageError(
            f"{directory} holds something else than an earlier export: name a new directory."
        )


def _build(
    voted: Sequence[_Voted],
    gallery: Gallery,
    building: Path,
    directory: Path,
    may_leave: Callable[[str, str], bool],
) -> ExportReport:
    (building / "pictures").mkdir(parents=True)
    entries: list[Entry] = []
    forbidden = 0
    for item in voted:
        try:
            draw = _draw_of(item)
            if not may_leave(draw.prompt, draw.negative):
                forbidden += 1
                continue
            data = without_texts(gallery.path(item.picture).read_bytes(), item.picture.card_id)
            entry = _entry(item, draw, hashlib.sha256(data).hexdigest())
        except (OSError, ValueError):
            continue
        (building / entry.file).write_bytes(data)
        entries.append(entry)
    manifest = "".join(json.dumps(asdict(e), ensure_ascii=False) + "\n" for e in entries).encode()
    manifest_sha256 = hashlib.sha256(manifest).hexdigest()
    (building / _MANIFEST).write_bytes(manifest)
    (building / _MANIFEST_HASH).write_text(f"{manifest_sha256}  {_MANIFEST}\n")
    return ExportReport(
        directory=directory,
        pictures=len(entries),
        with_prompt=sum(entry.prompt is not None for entry in entries),
        missing=len(voted) - len(entries) - forbidden,
        forbidden=forbidden,
        manifest_sha256=manifest_sha256,
    )


def _add_licences(card_ids: Iterable[str], papers: Papers, building: Path) -> None:
    """The licence of each model; that of Waifu Diffusion where the bot served it before it noted.

    It is the one that is asked for of a model that brings none.
    """
    (building / "licences").mkdir()
    for card_id in card_ids:
        text = papers.text(card_id) or BUNDLED_LICENCE.read_text("utf-8")
        (building / _licence_of(card_id)).write_text(text, encoding="utf-8")


def _licence_of(card_id: str) -> str:
    return f"licences/{card_id}.txt"


def _draw_of(item: _Voted) -> Draw:
    """How a picture was drawn. ValueError if another version wrote that."""
    faults: list[str] = []
    draw = draw_of(item.row["draw"], faults)
    if faults:
        raise ValueError(", ".join(faults))
    return draw


def _entry(item: _Voted, draw: Draw, sha256: str) -> Entry:
    """A picture's line."""
    picture, row = item.picture, item.row
    shared = bool(row["share_prompts"])
    return Entry(
        file=f"pictures/{sha256}.png",
        sha256=sha256,
        card_id=picture.card_id,
        licence=_licence_of(picture.card_id),
        seed=draw.seed,
        steps=draw.steps,
        guidance=draw.guidance,
        sampler=draw.sampler,
        clip_skip=draw.clip_skip,
        width_px=picture.width_px,
        height_px=picture.height_px,
        rating=picture.rating,
        up=row["up"],
        down=row["down"],
        prompt=draw.prompt if shared else None,
        negative=draw.negative if shared else None,
    )


def _swap(building: Path, directory: Path) -> None:
    """Put the new export in place of an earlier one; nobody ever reads half of either."""
    before = directory.with_name(f".{directory.name}.{os.getpid()}.old")
    if directory.exists():
        directory.rename(before)
    try:
        building.rename(directory)
    except OSError:
        if before.exists():
            before.rename(directory)
        raise
    shutil.rmtree(before, ignore_errors=True)


def without_texts(png: bytes, card_id: str) -> bytes:
    """The PNG without what was written into it (prompt, settings, job), still marked as AI-made.

    ValueError if it is no PNG or damaged.
    """
    out = [_SIGNATURE]
    for kind, chunk in _chunks(png):
        if kind not in _TEXT_CHUNKS:
            out.append(chunk)
        if kind == b"IHDR":
            out.append(_chunk(b"iTXt", _XMP_HEAD + xmp_packet("", card_id).encode()))
    return b"".join(out)


_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt", b"eXIf"}
#: Keyword, not compressed (two bytes), no language, no translated keyword (PNG 11.3.4.5).
_XMP_HEAD = b"XML:com.adobe.xmp\0\0\0\0\0"


def _chunks(png: bytes) -> Generator[tuple[bytes, bytes]]:
    """Each chunk's type and whole bytes (PNG 5.3: length, type, data, CRC)."""
    if not png.startswith(_SIGNATURE):
        raise ValueError("no PNG")
    at = len(_SIGNATURE)
    kind = b""
    while at < len(png):
        length, kind = (
            struct.unpack_from(">I4s", png, at) if at + 8 <= len(png) else (len(png), b"")
        )
        end = at + length + 12
        if end > len(png):
            raise ValueError("the file ends inside a chunk")
        yield kind, png[at:end]
        at = end
    if kind != b"IEND":
        raise ValueError("the file has no end")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
