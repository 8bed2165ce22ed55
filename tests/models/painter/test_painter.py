"""The painter: what it draws, where, in which colours, and how badly it draws on purpose."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import asdict, fields, replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from models.measuring.judge.heads import HEADS, UNSEEN, labels
from models.painter import flaws as flaw
from models.painter import headwear, palette, portrait
from models.painter import tags as tags_of
from models.painter.drawing import CANVAS, draw, raster
from models.painter.flaws import Flaws
from models.painter.pen import mix, rgb
from models.painter.portrait import Portrait, sample
from models.painter.tags import tags, vocabulary

#: The first 200 pictures that the embedded model was trained on.
PAINTED = "89b5d8fd8d389b3bb86184c7be1b6a78002a5046b568ce3a6b195f3655de3399"
SEED = 3
#: A plain girl with short hair, on whom every attribute can be seen.
PLAIN = Portrait(
    boy=False, skin="fair", hair_colour="brown", hair_length="short", hair_style="down",
    wavy=False, spiky=False, bangs="parted bangs", sidelocks=False, ahoge=False,
    eye_colour="blue", eye_state="open", eye_shape="plain", mouth="smile", fang=False,
    brows="plain", blush=False, freckles=False, mole=False, bandaid=False, tears=False,
    eyewear="none", head="none", head_colour="purple", earrings=False, neck="none",
    neck_colour="green", clothes="t-shirt", clothes_colour="red", scene="simple",
    background="aqua", framing="square", side=1,
)  # fmt: skip
#: Where in the drawing a change may be visible: left, top, right, bottom in its units.
HAIR, EYES, MOUTH = (-175, 40, 175, 390), (-115, 200, 115, 315), (-45, 300, 45, 385)
CHEEKS, BROWS, BODY = (-115, 280, 115, 350), (-115, 175, 115, 235), (-270, 375, 270, 640)
PLACES: list[tuple[dict[str, object], tuple[int, int, int, int]]] = [
    ({"hair_colour": "blue"}, HAIR),
    ({"bangs": "blunt bangs"}, HAIR),
    ({"spiky": True}, (-190, -10, 190, 390)),
    ({"hair_length": "medium"}, (-190, 60, 190, 480)),
    ({"hair_length": "long", "wavy": True}, (-240, 60, 240, 640)),
    ({"hair_style": "twintails"}, (-270, 50, 270, 490)),
    ({"hair_style": "twin braids"}, (-200, 60, 200, 640)),
    ({"sidelocks": True}, (-160, 140, 160, 460)),
    ({"ahoge": True}, (-75, -20, 75, 80)),
    ({"eye_colour": "red"}, EYES),
    ({"eye_state": "closed eyes"}, EYES),
    ({"eye_state": "one eye closed"}, (0, 200, 115, 315)),
    ({"eye_state": "half-closed eyes"}, EYES),
    ({"eye_shape": "tareme"}, EYES),
    ({"mouth": "frown"}, MOUTH),
    ({"mouth": "open smile"}, MOUTH),
    ({"brows": "angry"}, BROWS),
    ({"blush": True}, CHEEKS),
    ({"freckles": True}, CHEEKS),
    ({"mole": True}, (60, 295, 100, 330)),
    ({"bandaid": True}, (-115, 285, -40, 345)),
    ({"tears": True}, (-115, 270, 115, 355)),
    ({"eyewear": "glasses"}, (-135, 205, 135, 325)),
    ({"eyewear": "sunglasses"}, (-135, 205, 135, 325)),
    ({"eyewear": "eyepatch"}, (-150, 180, 150, 325)),
    ({"head": "hairband"}, (-145, 65, 145, 190)),
    ({"head": "hair bow"}, (-180, 0, 0, 170)),
    ({"head": "headphones"}, (-175, 40, 175, 310)),
    ({"earrings": True}, (-150, 310, 150, 405)),
    ({"neck": "choker"}, (-45, 370, 45, 455)),
    ({"neck": "scarf"}, (-120, 360, 130, 640)),
    ({"clothes": "serafuku"}, BODY),
    ({"clothes": "kimono"}, BODY),
    ({"clothes_colour": "blue"}, BODY),
    ({"skin": "dark"}, (-140, 60, 140, 640)),
]


def pixels(p: Portrait, width_px: int = 160) -> np.ndarray:
    """The picture as signed integers, so that differences do not wrap."""
    return np.asarray(raster(draw(p, SEED), width_px)).astype(int)


def places(svg: str, width_px: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Pixels of a picture as points (N, 2) of the drawing, in which the face has its axis at 0."""
    found = re.search(
        r"translate\(([\d.]+) ([\d.]+)\) scale\(([\d.]+)\) rotate\(([-\d.]+) 0 420\)", svg
    )
    assert found
    x, y, scale, turn = map(float, found.groups())
    unit = 512 / width_px
    px, py = ((columns + 0.5) * unit - x) / scale, ((rows + 0.5) * unit - y) / scale - 420
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.stack([px * cos + py * sin, py * cos - px * sin + 420], axis=1)


def texts(p: Portrait) -> set[str]:
    return {tag.text for tag in tags(p)}


def mean_colour(p: Portrait, box: tuple[int, int, int, int]) -> np.ndarray:
    """The mean colour inside a box of the drawing."""
    picture = pixels(p)
    rows, columns = np.indices(picture.shape[:2])
    at = places(draw(p, SEED), 160, rows.ravel(), columns.ravel())
    left, top, right, bottom = box
    inside = (at >= (left, top)).all(1) & (at <= (right, bottom)).all(1)
    return picture.reshape(-1, 3)[inside].mean(0)


def nearest(colour: np.ndarray, known: dict[str, str]) -> str:
    """The name of the nearest colour."""
    return min(known, key=lambda name: float(((colour - rgb(known[name])) ** 2).sum()))


@pytest.mark.parametrize(("change", "box"), PLACES, ids=str)
def test_an_attribute_changes_its_place_and_nothing_else(
    change: dict[str, object], box: tuple[int, int, int, int]
) -> None:
    changed = replace(PLAIN, **change)
    moved = abs(pixels(changed) - pixels(PLAIN)).max(2) > 24
    assert moved.sum() >= (4 if "mole" in change else 20)
    at = places(draw(PLAIN, SEED), 160, *np.nonzero(moved))
    left, top, right, bottom = box
    # A pixel of 160 is 3.2 units wide.
    assert (at >= (left - 4, top - 4)).all()
    assert (at <= (right + 4, bottom + 4)).all()


@pytest.mark.parametrize("bangs", portrait.BANGS_GIRL)
@pytest.mark.parametrize("hair", ["black", "brown", "blonde", "white"])
def test_brows_are_visible_through_any_hair(bangs: str, hair: str) -> None:
    faces = [
        pixels(replace(PLAIN, bangs=bangs, hair_colour=hair, brows=brows))
        for brows in portrait.BROWS
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (abs(faces[one] - faces[other]).max(2) > 40).sum() >= 15


#: What covers what: the covered attribute, its tag, and what covers it.
COVERS: list[tuple[dict[str, object], str, dict[str, object]]] = [
    *(({"ahoge": True}, "ahoge", {"head": head}) for head in portrait.HIDES_CROWN),
    *(
        ({"hair_style": style}, tags_of.STYLE[style][0], {"head": head})
        for style, heads in portrait.HIDDEN_STYLE.items()
        for head in heads
    ),
    ({"eye_colour": "red"}, "red eyes", {"eyewear": "sunglasses"}),
    ({"eye_shape": "tareme"}, "tareme", {"eyewear": "sunglasses"}),
    ({"bandaid": True}, "bandaid on face", {"bangs": "hair over one eye"}),
    ({"clothes": "collared shirt"}, "collared shirt", {"neck": "scarf"}),
    ({"clothes": "china dress"}, "china dress", {"neck": "scarf"}),
    ({"mole": True}, "mole under eye", {"tears": True}),
    ({"scene": "gradient"}, "gradient background", {"background": "white"}),
]


@pytest.mark.parametrize(("change", "tag", "cover"), COVERS, ids=str)
def test_a_covered_attribute_is_not_visible_tagged_or_judged(
    change: dict[str, object],
    tag: str,
    cover: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The room that a bun needs moves everything, whether or not the bun is visible.
    monkeypatch.setattr(headwear, "HEADROOM", dict.fromkeys(portrait.HEAD, 30))
    bare, covered = replace(PLAIN, **change), replace(PLAIN, **change, **cover)
    assert tag in texts(bare)
    assert tag not in texts(covered)
    (name,) = change
    assert labels(covered)[list(HEADS).index(name)] == UNSEEN
    assert labels(bare)[list(HEADS).index(name)] != UNSEEN
    seen = abs(pixels(covered) - pixels(replace(PLAIN, **cover))).max(2) > 40
    in_the_open = abs(pixels(bare) - pixels(PLAIN)).max(2) > 40
    assert seen.sum() < in_the_open.sum() / 2


def test_overalls_are_tagged_without_a_colour_that_hair_hides() -> None:
    def worn(style: str, colour: str) -> Portrait:
        hair = {"hair_style": style, "hair_length": "long"}
        return replace(PLAIN, clothes="overalls", clothes_colour=colour, **hair)

    def differ(style: str) -> int:
        pair = (pixels(worn(style, colour)) for colour in ("blue", "orange"))
        return int((abs(next(pair) - next(pair)).max(2) > 40).sum())

    column = list(HEADS).index("clothes_colour")
    hidden, open_ = worn("low twintails", "blue"), worn("ponytail", "blue")
    assert "overalls" in texts(hidden)
    assert "blue overalls" in texts(open_)
    assert (labels(hidden)[column] == UNSEEN, labels(open_)[column] == UNSEEN) == (True, False)
    assert differ("low twintails") < differ("ponytail") / 2


def test_details_are_tagged_only_where_the_picture_has_room() -> None:
    maid = replace(PLAIN, clothes="maid")
    assert "apron" not in texts(maid)
    assert "apron" in texts(replace(maid, framing="portrait"))
    sweater = replace(PLAIN, clothes="turtleneck", neck="scarf")
    assert {"red sweater", "green scarf"} <= texts(sweater)
    assert "turtleneck" not in texts(sweater)


def test_a_face_that_frowns_or_cries_is_not_called_expressionless() -> None:
    calm = replace(PLAIN, mouth="closed mouth")
    assert "expressionless" in texts(calm)
    for change in ({"brows": "angry"}, {"tears": True}):
        assert "expressionless" not in texts(replace(calm, **change))


@pytest.mark.parametrize("change", [{"background": "red"}, {"scene": "polka dot"}], ids=str)
def test_a_background_changes_only_behind_the_figure(change: dict[str, object]) -> None:
    moved = abs(pixels(replace(PLAIN, **change)) - pixels(PLAIN)).max(2) > 12
    assert moved[:30].mean() > 0.1
    at = places(draw(PLAIN, SEED), 160, *np.nonzero(moved))
    assert not ((abs(at[:, 0]) < 90) & (at[:, 1] > 80) & (at[:, 1] < 330)).any()


def test_tall_headwear_gets_room_above() -> None:
    def top_of(p: Portrait) -> float:
        found = re.search(r"translate\([\d.]+ ([\d.]+)\)", draw(p, SEED))
        assert found
        return float(found[1])

    for head, room in headwear.HEADROOM.items():
        lower = top_of(replace(PLAIN, head=head)) - top_of(PLAIN)
        assert lower == pytest.approx(room * 0.84, abs=0.11)


@pytest.mark.parametrize("name", palette.HAIR)
def test_hair_has_the_colour_of_its_name(name: str) -> None:
    known = {n: base for n, (base, _) in palette.HAIR.items()}
    assert nearest(mean_colour(replace(PLAIN, hair_colour=name), (-40, 75, 40, 100)), known) == name


@pytest.mark.parametrize("name", palette.EYES)
def test_eyes_have_the_colour_of_their_name(name: str) -> None:
    # The light crescent at the bottom of the iris.
    known = {n: mix(deep, bright, 0.85) for n, (deep, bright) in palette.EYES.items()}
    colour = mean_colour(replace(PLAIN, eye_colour=name), (48, 276, 66, 288))
    assert nearest(colour, known) == name


@pytest.mark.parametrize("name", palette.CLOTH)
def test_clothes_have_the_colour_of_their_name(name: str) -> None:
    colour = mean_colour(replace(PLAIN, clothes_colour=name), (-60, 460, 60, 490))
    assert nearest(colour, palette.CLOTH) == name


@pytest.mark.parametrize("name", palette.BACKGROUND)
def test_a_plain_background_has_the_colour_of_its_name(name: str) -> None:
    corner = pixels(replace(PLAIN, background=name))[:12, :12].reshape(-1, 3).mean(0)
    assert nearest(corner, palette.BACKGROUND) == name


@pytest.mark.parametrize("framing", CANVAS)
def test_every_framing_has_its_size(framing: str) -> None:
    width, height = CANVAS[framing]
    picture = raster(draw(replace(PLAIN, framing=framing), SEED), width // 4)
    assert picture.size == (width // 4, height // 4)
    assert picture.mode == "RGB"
    assert set(CANVAS) == set(portrait.FRAMING)


def test_the_same_seed_paints_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib; from random import Random;"
        "from models.painter.drawing import draw, raster;"
        "from models.painter.portrait import sample;"
        "print(hashlib.sha256(b''.join(raster(draw(sample(Random(s)), s), 96).tobytes()"
        " for s in range(6))).hexdigest())"
    )
    here = b"".join(raster(draw(sample(Random(s)), s), 96).tobytes() for s in range(6))
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_seeds_differ() -> None:
    assert len({draw(sample(Random(s)), s) for s in range(50)}) == 50
    assert draw(PLAIN, 1) != draw(PLAIN, 2)


def test_the_pictures_the_embedded_model_learned_from_can_be_drawn_again() -> None:
    # A change of the drawing shows here; the model has to be trained again with it.
    text = "".join(draw(sample(Random(s)), s) for s in range(200))
    assert hashlib.sha256(text.encode()).hexdigest() == PAINTED


def test_the_vocabulary_holds_every_tag_and_no_unused_one() -> None:
    drawn = {tag.text for s in range(6000) for tag in tags(sample(Random(s)))}
    known = vocabulary()
    assert len(known) == len(set(known)) >= 120
    assert drawn <= set(known)
    # Rare colours of rare clothes may be missing from so few portraits; whole items may not.
    idle = {text.split(" ", 1)[-1] for text in set(known) - drawn}
    assert idle <= {text.split(" ", 1)[-1] for text in drawn}


def test_hidden_eye_attributes_are_not_tagged() -> None:
    shut = replace(PLAIN, eye_state="closed eyes", eye_shape="tsurime")
    assert "closed eyes" in texts(shut)
    assert not {"blue eyes", "tsurime"} & texts(shut)
    dark = replace(PLAIN, eyewear="sunglasses", eye_state="one eye closed", eye_shape="tsurime")
    assert "sunglasses" in texts(dark)
    assert not {"blue eyes", "tsurime", "one eye closed"} & texts(dark)
    one = replace(PLAIN, eye_state="one eye closed")
    assert {"one eye closed", "blue eyes"} <= texts(one)


def test_a_hidden_eye_colour_leaves_no_visible_pixel() -> None:
    for hidden in ({"eyewear": "sunglasses"}, {"eye_state": "closed eyes"}):
        p = replace(PLAIN, **hidden)
        assert abs(pixels(p) - pixels(replace(p, eye_colour="red"))).max() == 0


@pytest.mark.parametrize("change", [c for c, _ in PLACES], ids=str)
def test_a_visible_attribute_is_tagged(change: dict[str, object]) -> None:
    assert texts(replace(PLAIN, **change)) != texts(PLAIN)


def test_a_background_colour_is_tagged_only_where_it_is_drawn() -> None:
    for scene, (_, plain) in portrait.SCENE.items():
        p = replace(PLAIN, scene=scene)
        same = pixels(p, 64) == pixels(replace(p, background="red"), 64)
        assert ("aqua background" in texts(p)) == plain == (not same.all())


def test_colours_are_tagged_only_where_they_are_drawn() -> None:
    for attribute, values in (("head", portrait.HEAD), ("clothes", portrait.CLOTHES)):
        for value, (_, _, coloured) in values.items():
            p = replace(PLAIN, **{attribute: value})
            other = replace(p, **{f"{attribute}_colour": "black"})
            same = pixels(p, 64) == pixels(other, 64)
            assert coloured == (not same.all()), value
            if not coloured:
                assert texts(p) == texts(other)


def test_covered_eyes_never_wink_and_fangs_need_an_open_smile() -> None:
    for p in (sample(Random(s)) for s in range(4000)):
        covered = p.eyewear == "eyepatch" or p.bangs == "hair over one eye"
        assert not (covered and p.eye_state == "one eye closed")
        assert not (p.eyewear == "eyepatch" and p.bangs == "hair over one eye")
        assert p.mouth == "open smile" or not p.fang


def test_the_grade_falls_from_ten_to_one_as_flaws_grow() -> None:
    assert Flaws().grade == 10.0
    for field in fields(Flaws):
        grades = [Flaws(**{field.name: degree / 10}).grade for degree in range(11)]
        assert all(a > b for a, b in pairwise(grades))
    assert Flaws(blur=0.5, noise=0.5).grade == Flaws(crop=1.0).grade
    assert Flaws(**dict.fromkeys(asdict(Flaws()), 1.0)).grade == 1.0


def test_random_flaws_cover_all_grades() -> None:
    rng = Random(0)
    grades = [flaw.sample(rng).grade for _ in range(2000)]
    assert all(1.0 <= grade <= 10.0 for grade in grades)
    assert 0.2 < sum(grade == 10.0 for grade in grades) / 2000 < 0.3
    assert {int(grade) for grade in grades} == set(range(1, 11))


def flawed(**degrees: float) -> np.ndarray:
    flaws = Flaws(**degrees)
    clean = raster(draw(PLAIN, SEED, flaws.slips()), 96)
    return np.asarray(flaw.spoil(clean, flaws, Random(1))).astype(int)


@pytest.mark.parametrize("name", asdict(Flaws()))
def test_a_larger_flaw_changes_the_picture_more_and_keeps_its_size(name: str) -> None:
    clean, little, much = flawed(), flawed(**{name: 0.3}), flawed(**{name: 1.0})
    assert clean.shape == little.shape == much.shape == (96, 96, 3)
    assert 0 < abs(little - clean).mean() < abs(much - clean).mean()


def test_a_picture_without_flaws_is_left_unchanged() -> None:
    assert (flawed() == np.asarray(raster(draw(PLAIN, SEED), 96))).all()
