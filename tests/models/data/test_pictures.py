"""Every kind of picture file is read as RGB on white or refused with a reason."""

from __future__ import annotations

import struct
import warnings
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageOps

from models.data.buckets import Bucket
from models.data.findings import Note, Skip
from models.data.pictures import UnusableError, inspect_picture, open_fitted, open_rgb

RED, WHITE, BLACK = (255, 0, 0), (255, 255, 255), (0, 0, 0)


def drawing(width_px: int = 48, height_px: int = 32) -> Image.Image:
    """No two rows or columns alike, so that rotation and cropping are visible."""
    picture = Image.new("RGB", (width_px, height_px))
    picture.putdata(
        [(5 * x, 7 * y, (x * y) % 256) for y in range(height_px) for x in range(width_px)]
    )
    return picture


def saved(folder: Path, picture: Image.Image, name: str, **options: Any) -> Path:
    path = folder / name
    picture.save(path, **options)
    return path


def reason_of(path: Path) -> Skip:
    with pytest.raises(UnusableError) as told:
        inspect_picture(path)
    with pytest.raises(UnusableError):
        open_rgb(path)
    return told.value.reason


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.webp", "a.jpg", "a.gif", "a.avif"])
def test_ordinary_formats_are_read_without_a_note(tmp_path: Path, name: str) -> None:
    lossless = {"lossless": True} if name == "a.webp" else {}
    path = saved(tmp_path, drawing(), name, **lossless)
    seen = inspect_picture(path)
    assert seen.size_px == (48, 32)
    assert not seen.notes
    picture = open_rgb(path)
    assert picture.mode == "RGB"
    if name in {"a.png", "a.bmp", "a.tiff", "a.webp"}:
        assert picture.tobytes() == drawing().tobytes()


def test_the_hash_is_of_the_files_bytes(tmp_path: Path) -> None:
    import hashlib

    path = saved(tmp_path, drawing(), "a.png")
    assert inspect_picture(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "a.jpg")
    assert inspect_picture(path).notes == (Note.CMYK,)
    red, green, blue = open_rgb(path).getpixel((8, 8))  # type: ignore[misc]
    assert (red > 250, green < 5, blue < 5) == (True, True, True)


def test_any_kind_of_transparency_is_flattened_onto_white(tmp_path: Path) -> None:
    rgba = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    rgba.paste((0, 0, 0, 128), (8, 0, 16, 16))
    palette = Image.new("P", (16, 16), 0)
    palette.putpalette([255, 0, 0, 0, 0, 0])
    palette.paste(1, (8, 0, 16, 16))
    grey = Image.new("LA", (16, 16), (0, 0))
    grey.paste((0, 255), (8, 0, 16, 16))
    colour_key = Image.new("RGB", (16, 16), RED)
    colour_key.paste(BLACK, (8, 0, 16, 16))
    files = {
        "rgba.png": (rgba, {}),
        "rgba.webp": (rgba, {"lossless": True, "exact": True}),
        "palette.png": (palette, {"transparency": 0}),
        "palette.gif": (palette, {"transparency": 0}),
        "palette-bytes.png": (palette, {"transparency": b"\x00\xff"}),
        "grey.png": (grey, {}),
        "key.png": (colour_key, {"transparency": RED}),
    }
    for name, (picture, options) in files.items():
        path = saved(tmp_path, picture, name, **options)
        assert inspect_picture(path).notes == (Note.FLATTENED,), name
        flat = open_rgb(path)
        assert flat.getpixel((2, 8)) == WHITE, name
        expected = (127, 127, 127) if name.startswith("rgba") else BLACK
        assert flat.getpixel((12, 8)) == expected, name


def test_a_fully_opaque_alpha_channel_gets_no_note(tmp_path: Path) -> None:
    path = saved(tmp_path, drawing().convert("RGBA"), "a.png")
    assert not inspect_picture(path).notes
    assert open_rgb(path).tobytes() == drawing().tobytes()


@pytest.mark.parametrize("name", ["a.png", "a.tiff"])
def test_sixteen_bit_pictures_keep_their_brightness(tmp_path: Path, name: str) -> None:
    picture = Image.new("I;16", (3, 1))
    for x, value in enumerate((0, 32896, 65535)):
        picture.putpixel((x, 0), value)
    path = saved(tmp_path, picture, name)
    assert inspect_picture(path).notes == (Note.SIXTEEN_BIT,)
    assert [open_rgb(path).getpixel((x, 0)) for x in range(3)] == [BLACK, (128,) * 3, WHITE]


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    assert reason_of(saved(tmp_path, Image.new("F", (4, 4), 0.5), "a.tiff")) is Skip.DAMAGED


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_rotated_by_its_exif_orientation(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, drawing(), "a.png", exif=exif)
    expected = ImageOps.exif_transpose(Image.open(path))
    assert open_rgb(path).tobytes() == expected.tobytes()
    assert inspect_picture(path).size_px == expected.size
    assert inspect_picture(path).notes == ((Note.TURNED,) if orientation > 1 else ())


def test_damaged_exif_does_not_lose_the_picture(tmp_path: Path) -> None:
    path = saved(tmp_path, drawing(), "a.jpg", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff\x12\x01")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert inspect_picture(path).size_px == (48, 32)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_the_first_frame_of_an_animation_is_used(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLACK, WHITE)]
    path = saved(tmp_path, frames[0], name, save_all=True, append_images=frames[1:])
    assert inspect_picture(path).notes == (Note.ANIMATED,)
    red, green, blue = open_rgb(path).getpixel((8, 8))  # type: ignore[misc]
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tiff", "a.bmp"])
def test_a_truncated_picture_is_refused_not_filled_with_grey(tmp_path: Path, name: str) -> None:
    noisy = Image.frombytes("RGB", (64, 64), Random(0).randbytes(64 * 64 * 3))
    path = saved(tmp_path, noisy, name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert reason_of(path) in {Skip.DAMAGED, Skip.NOT_A_PICTURE}


def test_a_png_with_a_flipped_bit_is_damaged(tmp_path: Path) -> None:
    path = saved(tmp_path, drawing(), "a.png")
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 20] ^= 1
    path.write_bytes(data)
    assert reason_of(path) is Skip.DAMAGED


@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>", b"%!PS-Adobe-3.0 EPSF-3.0\n", Random(0).randbytes(5000)]
)
def test_a_file_that_is_not_a_picture_is_refused_as_such(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert reason_of(path) is Skip.NOT_A_PICTURE


def png_claiming(width_px: int, height_px: int) -> bytes:
    """A PNG whose valid header claims a size that its data does not have."""
    file = BytesIO()
    Image.new("L", (1, 1)).save(file, "PNG")
    data = bytearray(file.getvalue())
    data[16:24] = struct.pack(">II", width_px, height_px)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


@pytest.mark.parametrize("size", [(8001, 8000), (10_000, 10_000), (60_000, 60_000)])
@pytest.mark.parametrize("mood", ["error", "ignore"])
def test_too_many_pixels_are_refused_before_they_are_decoded(
    tmp_path: Path, size: tuple[int, int], mood: Any
) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png_claiming(*size))
    with warnings.catch_warnings():
        warnings.simplefilter(mood)
        # Decoding would find that the data ends early, and call the file damaged.
        assert reason_of(path) is Skip.TOO_LARGE


def test_a_picture_at_the_pixel_limit_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path, drawing(50, 40), "a.png")
    assert inspect_picture(path, max_pixels=2000).size_px == (50, 40)
    with pytest.raises(UnusableError, match="50 x 40"):
        inspect_picture(path, max_pixels=1999)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match="No such file"):
        inspect_picture(tmp_path / "gone.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.tiff", "a.bmp", "a.avif"])
def test_no_damage_crashes_the_reader(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path, drawing().quantize() if name == "a.gif" else drawing(), name)
    whole = path.read_bytes()
    rng = Random(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(250):
            data = bytearray(whole)
            for _ in range(rng.choice((1, 1, 3, 10))):
                data[rng.randrange(min(len(data), rng.choice((60, 10_000))))] = rng.randrange(256)
            path.write_bytes(data[: rng.choice((len(data), rng.randrange(len(data))))])
            with suppress(UnusableError):
                assert inspect_picture(path, max_pixels=1_000_000).size_px >= (1, 1)


def test_a_fitted_picture_has_its_buckets_size_and_keeps_its_centre(tmp_path: Path) -> None:
    wide = Image.new("RGB", (300, 100), RED)
    wide.paste(WHITE, (100, 0, 200, 100))
    path = saved(tmp_path, wide, "a.png")
    fitted = open_fitted(path, Bucket(64, 64))
    assert fitted.size == (64, 64)
    assert fitted.getpixel((32, 32)) == fitted.getpixel((5, 5)) == WHITE


def test_a_flipped_picture_is_the_mirror_image(tmp_path: Path) -> None:
    path = saved(tmp_path, drawing(), "a.png")
    plain, flipped = (open_fitted(path, Bucket(32, 32), flip=flip) for flip in (False, True))
    assert plain.tobytes() != flipped.tobytes()
    assert ImageOps.mirror(plain).tobytes() == flipped.tobytes()
