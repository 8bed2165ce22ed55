"""Hands a picture to Discord, smaller and smaller until Discord takes it. Not a cog.

The limit of a server is read at run time and can still be wrong, so a 413 is an answer like any
other. It must not know where the picture goes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import discord

from cogs.posting.faults import is_too_large
from models.provenance import encode_smaller

log = logging.getLogger(__name__)

T = TypeVar("T")

#: How much smaller the next try is after Discord called an upload too large.
_SHRINK = 0.75


async def upload(png: bytes, limit_bytes: int, send: Callable[[bytes, str], Awaitable[T]]) -> T:
    """`send(data, extension)` with the PNG, or with the best encoding that Discord takes.

    `ValueError` if the picture cannot be made small enough; what else `send` raises passes.
    """
    while True:
        data, extension = await fitted(png, limit_bytes)
        try:
            return await send(data, extension)
        except discord.HTTPException as problem:
            if not is_too_large(problem):
                raise
            limit_bytes = int(len(data) * _SHRINK)
            log.warning("%s bytes were too large, trying %s", len(data), limit_bytes)


async def fitted(png: bytes, limit_bytes: int) -> tuple[bytes, str]:
    """The picture in at most `limit_bytes`, and its file extension."""
    if len(png) <= limit_bytes:
        return png, "png"
    return await asyncio.to_thread(encode_smaller, png, limit_bytes)
