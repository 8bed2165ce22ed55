"""Reads picture files of any kind as 8-bit RGB on white, or says why it cannot.

Called by `examples` to inspect a file once, and by whoever trains to open it again. Must not know
captions or tensors. The files come from strangers: only raster formats are read, and a header that
promises too many pixels is refused before any pixel is decoded.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, ImageOps

from models.data.buckets import Bucket
from models.data.findings import Note, Skip

#: The file name suffixes considered, in any case.
SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
)
#: Larger pictures are refused: 64 million pixels need about 400 MB to decode and rotate, and
#: training would not see more detail.
MAX_PIXELS = 64_000_000
#: Pillow's decoders allowed for a stranger's file; none of them runs another program. MPO comes
#: with JPEG: it has no decoder of its own, and naming it would refuse every format after it.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
#: What Pillow's decoders raise on damaged files: its documentation only promises OSError.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError,
    AttributeError, AssertionError, RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
#: The transpositions for EXIF's orientations 2 to 8.
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ANIMATIONS = ("PNG", "WEBP", "GIF", "AVIF")


class UnusableError(Exception):
    """This picture cannot be used; `reason` says why, `detail` is a phrase or empty."""

    def __init__(self, reason: Skip, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else str(reason))
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The result of examining a file: the displayed size, its bytes' hash, what was changed."""

    size_px: tuple[int, int]
    sha256: str
    notes: tuple[Note, ...]


def inspect_picture(path: Path, *, max_pixels: int = MAX_PIXELS) -> Inspection:
    """Read and decode the whole file once. Raises UnusableError if it cannot be trained on."""
    data = _read_bytes(path)
    picture, notes = _decode(data, max_pixels)
    return Inspection(size_px=picture.size, sha256=hashlib.sha256(data).hexdigest(), notes=notes)


def open_rgb(path: Path, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The picture in RGB as displayed: rotated, on white, first frame. Raises UnusableError."""
    return _decode(_read_bytes(path), max_pixels)[0]


def open_fitted(path: Path, bucket: Bucket, *, flip: bool = False) -> Image.Image:
    """The picture at its bucket's size: scaled to cover it, cropped evenly, optionally mirrored."""
    fitted = ImageOps.fit(
        open_rgb(path), (bucket.width_px, bucket.height_px), Image.Resampling.LANCZOS
    )
    return ImageOps.mirror(fitted) if flip else fitted


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise UnusableError(Skip.UNREADABLE, fault.strerror or str(fault)) from fault


def _decode(data: bytes, max_pixels: int) -> tuple[Image.Image, tuple[Note, ...]]:
    try:
        picture = Image.open(BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise UnusableError(Skip.TOO_LARGE, "over 89 million") from fault
    except _DECODER_ERRORS as fault:
        raise UnusableError(Skip.NOT_A_PICTURE) from fault
    width, height = picture.size
    if width * height > max_pixels:
        raise UnusableError(Skip.TOO_LARGE, f"{width} x {height}")
    try:
        return _as_displayed(picture)
    except _DECODER_ERRORS as fault:
        raise UnusableError(Skip.DAMAGED, str(fault)) from fault


def _as_displayed(picture: Image.Image) -> tuple[Image.Image, tuple[Note, ...]]:
    """The first frame, rotated and in RGB, and the changes made. Raises what Pillow raises."""
    notes: list[Note] = []
    if picture.format in _ANIMATIONS and getattr(picture, "is_animated", False):
        notes.append(Note.ANIMATED)
    picture.load()
    transposition = _exif_transposition(picture)
    if transposition is not None:
        notes.append(Note.TURNED)
        picture = picture.transpose(transposition)
    rgb, note = _as_rgb(picture)
    return rgb, (*notes, *([note] if note else []))


def _exif_transposition(picture: Image.Image) -> Image.Transpose | None:
    """The transposition that EXIF asks for; None if there is none or EXIF is damaged."""
    try:
        return _TRANSPOSITIONS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except _DECODER_ERRORS:
        return None


def _as_rgb(picture: Image.Image) -> tuple[Image.Image, Note | None]:
    """8-bit RGB, and what was lost on the way. ValueError for pixels without a known white."""
    if picture.mode.startswith("I"):
        narrowed = picture.point(lambda value: value * (1 / 257)).convert("L")
        return narrowed.convert("RGB"), Note.SIXTEEN_BIT
    if picture.mode == "F":
        raise ValueError("floating-point pixels do not say what is white")
    if picture.has_transparency_data:
        return _on_white(picture.convert("RGBA"))
    return picture.convert("RGB"), Note.CMYK if picture.mode == "CMYK" else None


def _on_white(picture: Image.Image) -> tuple[Image.Image, Note | None]:
    """An RGBA picture composited on white; no note if it is fully opaque."""
    transparent = any(picture.getchannel("A").histogram()[:255])
    white = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(white, picture).convert("RGB")
    return flat, Note.FLATTENED if transparent else None
