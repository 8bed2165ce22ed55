"""The message about a faulty card: the whole sentence for each kind of fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.catalogue import card as cards
from models.catalogue.card import CardError
from models.catalogue.registry import EMBEDDED
from tests.stages.spoiling import GONE, spoil

SHA256 = "[0-9a-f]{64}"
SAMPLERS = "euler_a, dpmpp_2m, euler, ddim, heun"
FAULTS: list[tuple[str, Any, str]] = [
    ("schema", GONE, "schema is missing."),
    ("schema", "1", "schema must be a whole number of at least 1, not '1'."),
    ("schema", True, "schema must be a whole number of at least 1, not True."),
    ("name", GONE, "name is missing."),
    ("name", 7, "name must be a text, not 7."),
    ("name", None, "name must be a text, not None."),
    ("id", "Not One", "id must be of the form [a-z0-9][a-z0-9._-]{0,63}, not 'Not One'."),
    ("id", "line\n", r"id must be of the form [a-z0-9][a-z0-9._-]{0,63}, not 'line\n'."),
    ("parent", 7, "parent must be a text or null, not 7."),
    ("made_by", None, "made_by must be a text, not None."),
    ("prediction", "x0", "prediction must be one of epsilon, v_prediction, not 'x0'."),
    ("prediction", None, "prediction must be one of epsilon, v_prediction, not None."),
    ("sizes_px.round", {}, "sizes_px.round is not a field of a card."),
    ("sizes_px.square", GONE, "sizes_px.square is missing."),
    ("sizes_px.square.native", GONE, "sizes_px.square.native is missing."),
    ("sizes_px.square.x", 1, "sizes_px.square.x is not a field of a card."),
    (
        "sizes_px.square.native",
        [16],
        "sizes_px.square.native must be [width, height] in pixels, not [16].",
    ),
    (
        "sizes_px.portrait.finished",
        [0, 5],
        "sizes_px.portrait.finished must be [width, height] in pixels, not [0, 5].",
    ),
    ("defaults.steps", 0, "defaults.steps must be a whole number of at least 1, not 0."),
    ("defaults.steps", True, "defaults.steps must be a whole number of at least 1, not True."),
    ("defaults.steps", 2.0, "defaults.steps must be a whole number of at least 1, not 2.0."),
    ("defaults.steps", GONE, "defaults.steps is missing."),
    ("defaults.steps", 10**30, "defaults.steps is outside the card's own limits."),
    ("limits.steps_min", 17, "defaults.steps is outside the card's own limits."),
    ("limits.guidance_min", 3, "defaults.guidance is outside the card's own limits."),
    ("defaults.guidance", 99, "defaults.guidance is outside the card's own limits."),
    ("defaults.guidance", -1, "defaults.guidance must be a number of at least 0, not -1."),
    ("defaults.sampler", 3, f"defaults.sampler must be one of {SAMPLERS}, not 3."),
    ("defaults.sampler", [], f"defaults.sampler must be one of {SAMPLERS}, not []."),
    ("defaults.tiling", 3, "defaults.tiling is not a field of a card."),
    ("limits.count_max", GONE, "limits.count_max is missing."),
    ("limits.guidance_max", "8", "limits.guidance_max must be a number of at least 0, not '8'."),
    (
        "limits.guidance_max",
        float("nan"),
        "limits.guidance_max must be a number of at least 0, not nan.",
    ),
    (
        "limits.guidance_max",
        float("inf"),
        "limits.guidance_max must be a number of at least 0, not inf.",
    ),
    (
        "limits.guidance_max",
        10**310,
        f"limits.guidance_max must be a number of at least 0, not {str(10**310)[:300]}....",
    ),
    ("limits.guidance_max", True, "limits.guidance_max must be a number of at least 0, not True."),
    ("scores", "blank", "scores must be a list out of blank, nudity, childlike, not 'blank'."),
    ("scores", ["art"], "scores must be a list out of blank, nudity, childlike, not ['art']."),
    ("scores", ["nudity"], "scores must name blank: without it no picture may be shown."),
    (
        "scores",
        ["blank", "childlike"],
        "scores must name nudity beside childlike, which alone proves nothing.",
    ),
    ("licence.file", 3, "licence.file must be a text or null, not 3."),
    ("licence.file", GONE, "licence.file is missing."),
    ("licence.sha256", "ab", f"licence.sha256 must be of the form {SHA256}, not 'ab'."),
    ("licence.id", 3, "licence.id must be a text or null, not 3."),
    ("licence.rules", "brands", "licence.rules must be a list of texts or null, not 'brands'."),
    ("files", GONE, "files is missing."),
    ("files.unet/x", 3, f"files.unet/x must be of the form {SHA256}, not 3."),
    ("files.unet/x", "ab", f"files.unet/x must be of the form {SHA256}, not 'ab'."),
    ("colour", "red", "colour is not a field of a card."),
]


def spoiled(path: str, value: Any) -> dict[str, Any]:
    """The embedded model's card with one field set or removed."""
    return spoil(json.loads((EMBEDDED / cards.FILE_NAME).read_text()), path, value)


@pytest.mark.parametrize(("path", "value", "told"), FAULTS)
def test_an_error_names_the_file_the_field_and_the_valid_values(
    path: str, value: Any, told: str
) -> None:
    with pytest.raises(CardError) as caught:
        cards.parse(spoiled(path, value), "card.json")
    assert str(caught.value) == f"card.json: {told}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes: line 1 column 2"),
        ("", "is not JSON: Expecting value: line 1 column 1"),
        ("1" * 5000, "is not JSON: "),
        ("[" * 100_000, "is not JSON: "),
    ],
    ids=["half", "empty", "endless", "deep"],
)
def test_a_file_that_is_not_json_is_reported(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(text)
    with pytest.raises(CardError) as caught:
        cards.read(path)
    assert str(caught.value).startswith(f"{path} {told}")


def test_a_card_that_is_not_an_object_is_reported() -> None:
    with pytest.raises(CardError) as caught:
        cards.parse([], "card.json")
    assert str(caught.value) == "card.json: it must be an object, not []."


def test_a_section_that_is_not_an_object_is_reported() -> None:
    with pytest.raises(CardError) as caught:
        cards.parse(spoiled("limits", 3), "card.json")
    assert str(caught.value) == "card.json: limits must be an object, not 3."


def test_a_card_in_a_newer_format_is_reported() -> None:
    with pytest.raises(CardError) as caught:
        cards.parse(spoiled("schema", 2) | {"colour": "red"}, "card.json")
    told = "card.json has another format than 1: a newer program wrote it."
    assert str(caught.value) == told


def test_every_field_reads_back_as_it_was_written() -> None:
    tree = json.loads((EMBEDDED / cards.FILE_NAME).read_text())
    tree |= {"manifests": ["a" * 64], "verdict": None}
    assert json.loads(json.dumps(cards.as_json(cards.parse(tree, "card.json")))) == tree
    assert list(cards.as_json(cards.parse(tree, "card.json"))) == list(tree), "in the same order"
