"""Pictures without an image library: sizes from file headers, and drawn custom emoji.

Pure functions over bytes, used by `cdn.py`.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache

#: JPEG frame markers, which carry the size; 0xC4, 0xC8 and 0xCC mean other things.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, JPEG, WebP or GIF file; None for anything else."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            return struct.unpack(">II", data[16:24])
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return struct.unpack("<HH", data[6:10])
        if data[:2] == b"\xff\xd8":
            return _jpeg_size(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position < len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        standalone = marker == 0x01 or 0xD0 <= marker <= 0xD8
        position += (
            2 if standalone else 2 + struct.unpack(">H", data[position + 2 : position + 4])[0]
        )
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", data[21:25])
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        return width, int.from_bytes(data[27:30], "little") + 1
    return None


def png(width: int, height: int, rows: bytes) -> bytes:
    """A PNG file from RGBA `rows`, each preceded by its filter byte 0."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


@cache
def heart(color: tuple[int, int, int], size_px: int = 64) -> bytes:
    """A heart of one colour as a PNG file: the curve (x^2 + y^2 - 1)^3 = x^2 y^3, softened."""
    rows = bytearray()
    for row in range(size_px):
        rows.append(0)
        y = 1.25 - 2.5 * (row + 0.5) / size_px
        for column in range(size_px):
            x = -1.25 + 2.5 * (column + 0.5) / size_px
            depth = x * x * y**3 - (x * x + y * y - 1) ** 3
            rows += bytes((*color, max(0, min(255, round(128 + depth * 1500)))))
    return png(size_px, size_px, bytes(rows))
