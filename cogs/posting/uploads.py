"""Uploads pictures to Discord, shrinking them until Discord accepts them. Not a cog.

A server's limit is read at run time and can still be wrong, so a 413 is handled like any other
answer. Must not know where the pictures go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

import discord

from bot.words import wording
from cogs.posting.faults import is_too_large
from models.provenance import encode_smaller

log = logging.getLogger(__name__)

T = TypeVar("T")

#: The factor for the next attempt after Discord called an upload too large.
_SHRINK = 0.75
#: Discord's limit for one request, shared by all files and the message's words.
_REQUEST_BYTES_MAX = 24 * 2**20


class FittedPicture(NamedTuple):
    """A picture as uploaded, and its file extension."""

    data: bytes
    extension: str


def with_compression_note(text: str, fitting: Sequence[FittedPicture]) -> str:
    """The text above pictures, with a note if one is not the original file."""
    all_original = all(one.extension == "png" for one in fitting)
    return text if all_original else wording.compressed(text)


async def upload(
    pngs: Sequence[bytes], limit_bytes: int, send: Callable[[list[FittedPicture]], Awaitable[T]]
) -> T:
    """Call `send` with the PNGs, or with the best encodings that Discord accepts.

    `limit_bytes` applies to each. Raises `ValueError` if one cannot be made small enough; other
    errors of `send` propagate.
    """
    limit_bytes = min(limit_bytes, _REQUEST_BYTES_MAX // len(pngs))
    while True:
        fitting = [await fit_picture(png, limit_bytes) for png in pngs]
        try:
            return await send(fitting)
        except discord.HTTPException as problem:
            if not is_too_large(problem):
                raise
            largest = max(len(one.data) for one in fitting)
            limit_bytes = int(largest * _SHRINK)
            log.warning("%s bytes were too large, trying %s", largest, limit_bytes)


async def fit_picture(png: bytes, limit_bytes: int) -> FittedPicture:
    """The picture in at most `limit_bytes`. Raises `ValueError` if that is impossible."""
    if len(png) <= limit_bytes:
        return FittedPicture(png, "png")
    return FittedPicture(*await asyncio.to_thread(encode_smaller, png, limit_bytes))
