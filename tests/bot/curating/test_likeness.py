"""Pictures that look the same are near, whatever a file format or rounding changed in them."""

from __future__ import annotations

import io
import random
from collections import Counter
from itertools import pairwise

from PIL import Image, ImageDraw

from bot.curating.likeness import Likeness, LookalikeIndex, _parts, likeness_of


def sketch(seed: int, size: int = 128) -> Image.Image:
    """Some ellipses; another seed gives another picture."""
    choose = random.Random(seed)
    picture = Image.new("RGB", (size, size), (210, 210, 230))
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = choose.randrange(size), choose.randrange(size)
        box = (x, y, x + choose.randrange(8, size), y + choose.randrange(8, size))
        pen.ellipse(box, fill=tuple(choose.randrange(256) for _ in range(3)))
    return picture


def trembling(picture: Image.Image) -> Image.Image:
    """Some values off by one, as another batch width rounds."""
    choose = random.Random(1)
    values = (min(255, value + choose.choice((0, 0, 1))) for value in picture.tobytes())
    return Image.frombytes("RGB", picture.size, bytes(values))


def recoded(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return Image.open(file)


def test_the_same_picture_is_near_in_any_encoding_or_size() -> None:
    for seed in range(10):
        picture = sketch(seed)
        likeness = likeness_of(picture)
        for other in (picture, trembling(picture), recoded(picture), picture.resize((96, 96))):
            assert likeness.is_near(likeness_of(other))


def test_other_pictures_are_not_near() -> None:
    found = [likeness_of(sketch(seed)) for seed in range(40)]
    assert not any(one.is_near(other) for one, other in pairwise(found))


def test_hash_and_embedding_must_agree() -> None:
    picture = sketch(1)
    darker = picture.point(lambda value: value * 0.75)
    assert (likeness_of(picture).bits ^ likeness_of(darker).bits).bit_count() <= 15
    assert not likeness_of(picture).is_near(likeness_of(darker)), "the colours differ"
    turned = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    def blind(_: Image.Image) -> tuple[float, ...]:
        return (0.5,)

    assert not likeness_of(picture, blind).is_near(likeness_of(turned, blind)), "the hash differs"


def test_the_parts_of_a_hash_cover_all_its_bits() -> None:
    parts = [dict(_parts(1 << place)) for place in range(256)]
    assert all(sum(value != 0 for value in each.values()) == 1 for each in parts)
    assert len({tuple(each.items()) for each in parts}) == 256


def test_flat_pictures_are_not_all_compared_with_each_other() -> None:
    """A plain background makes rows of equal bits, the same ones in every picture."""
    known = [likeness_of(sketch(seed)).bits & ~0xFFFF for seed in range(40)]
    shared = Counter(part for bits in known for part in _parts(bits))
    assert max(shared.values()) < 20


def test_a_crowd_finds_every_near_picture_and_no_other() -> None:
    """Every pair of hashes that may be near shares a part, or it would never be compared."""
    choose = random.Random(3)
    crowd: LookalikeIndex[int] = LookalikeIndex()
    known = [Likeness(bits=choose.getrandbits(256), embedding=(0.5,)) for _ in range(200)]
    for name, likeness in enumerate(known):
        crowd.add(likeness, name)
    for name, likeness in enumerate(known):
        for flips in (0, 15, 16):
            bits = likeness.bits
            for place in choose.sample(range(16), min(flips, 16)):
                bits ^= 1 << (place * 16 + choose.randrange(16))
            found = set(crowd.near(Likeness(bits=bits, embedding=(0.5,))))
            assert found == ({name} if flips <= 15 else set())
