"""Strips a picture's file of the texts embedded in it, so that it may leave. Pure."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator

from models.provenance import xmp_packet


def without_texts(png: bytes, card_id: str) -> bytes:
    """The PNG without its texts (prompt, settings, job), still marked as AI-made.

    Raises ValueError if it is no PNG or damaged.
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
    start = len(_SIGNATURE)
    kind = b""
    while start < len(png):
        length, kind = (
            struct.unpack_from(">I4s", png, start) if start + 8 <= len(png) else (len(png), b"")
        )
        end = start + length + 12
        if end > len(png):
            raise ValueError("the file ends inside a chunk")
        yield kind, png[start:end]
        start = end
    if kind != b"IEND":
        raise ValueError("the file has no end")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
