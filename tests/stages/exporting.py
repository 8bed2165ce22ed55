"""Pictures with votes and their export, for tests of its content and of its folder."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from bot import rulebooks
from bot.exporting import ExportWish, write_manifest
from bot.policy.layers import ground_of
from bot.store.licence_texts import LicenceTexts
from models.manifest import Manifest
from tests.stages.factories import GUILD, USER, make_reaction
from tests.stages.stores import Stores

THIRD = 700_000_000_000_000_003


async def deliver_with_vote(
    stores: Stores, message: int, *, user: int = USER, prompt: str = "1girl", guild: int = GUILD
) -> str:
    """Deliver a picture that THIRD likes; the pictures of two messages look different."""
    job = await stores.deliver(
        message=message, user=user, prompt=prompt, seed=message * 50, guild=guild
    )
    await stores.votes.record(make_reaction(message, THIRD))
    return job.id


async def export(stores: Stores, directory: Path, **wish: Any) -> Manifest:
    return await write_manifest(
        stores.db,
        stores.gallery,
        licence_texts(directory),
        ground_of(rulebooks.load()),
        ExportWish(directory=directory, **wish),
    )


def licence_texts(directory: Path) -> LicenceTexts:
    """The folder with the licences of served models."""
    return LicenceTexts(directory.parent / "data" / "licences")


def metadata_lines(directory: Path) -> list[dict[str, Any]]:
    text = (directory / "metadata.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def all_bytes_in(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").tobytes()
