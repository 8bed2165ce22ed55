"""Candidates spoiled in one way each, and the figure that reveals it.

The painter stands in for a good model: it draws exactly what is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from models.catalogue.verdict import Figure
from models.measuring import adherence
from models.measuring.gate import examine, traits
from models.measuring.gate.examine import (
    Counts,
    DrawnPictures,
    GateRequests,
    Instruments,
    Pictures,
    VotedMaterial,
)
from models.measuring.gate.floors import FLOORS, Measure, failures
from models.measuring.gate.witness import Brief, PainterWitness
from models.measuring.judge.network import Judge
from models.measuring.studio import PictureRequest
from models.painter.drawing import draw, raster

COUNTS = Counts(followed=24, prompts=4, seeds=3, trained=4)
#: Includes the tasks of `PainterWitness`, which begin with the first.
PROMPTS = {task.prompt: task.portrait for task in adherence.tasks(40)[24:]}
BRIGHTER, DARKER = 1.5, 0.6


@cache
def painted(prompt: str, seed: int) -> Image.Image:
    portraits = PROMPTS | {task.prompt: task.portrait for task in adherence.tasks(COUNTS.followed)}
    return raster(draw(portraits[prompt], seed), 128)


class Painter:
    """The good model."""

    def pictures(self, requests: Sequence[PictureRequest]) -> list[Image.Image]:
        return [self.picture(request) for request in requests]

    def picture(self, request: PictureRequest) -> Image.Image:
        return painted(request.prompt, request.seed)


class Deaf(Painter):
    """Draws what somebody else asked for."""

    def pictures(self, requests: Sequence[PictureRequest]) -> list[Image.Image]:
        return super().pictures([*requests[1:], requests[0]])


class Collapsed(Painter):
    """Has one picture for each prompt."""

    def picture(self, request: PictureRequest) -> Image.Image:
        return painted(request.prompt, 7)


class Copying(Painter):
    """Knows the voted pictures by heart."""

    def picture(self, request: PictureRequest) -> Image.Image:
        seen = {asked.prompt: asked.seed for asked in VOTED.trained}
        return painted(request.prompt, seen.get(request.prompt, request.seed))


class Lit(Painter):
    """Draws in another light."""

    def __init__(self, light: float) -> None:
        self.light = light

    def picture(self, request: PictureRequest) -> Image.Image:
        return ImageEnhance.Brightness(super().picture(request)).enhance(self.light)


def asked(places: slice) -> list[Brief]:
    tasks = adherence.tasks(40)[24:][places]
    return [
        Brief(prompt=task.prompt, negative="", seed=task.seed, aspect=task.aspect) for task in tasks
    ]


VOTED = VotedMaterial(
    held_out=asked(slice(4)),
    trained=asked(slice(4, 8)),
    trained_pictures=[painted(a.prompt, a.seed) for a in asked(slice(4, 8))],
    pairs=(),
)


@pytest.fixture(scope="module")
def witness() -> PainterWitness:
    return PainterWitness(Judge())


def drawn(witness: PainterWitness, model: Painter) -> tuple[GateRequests, DrawnPictures]:
    requests = GateRequests.of(witness, VOTED, COUNTS)
    return requests, requests.draw_with(model)


def grade(pictures: Sequence[Image.Image]) -> list[float]:
    return [5.0] * len(pictures)


def look(picture: Image.Image) -> dict[str, float]:
    return {"nudity": picture.convert("L").resize((1, 1)).getpixel((0, 0)) / 255}  # type: ignore[operator]  one channel has numbers


def figures(
    witness: PainterWitness, model: Painter, voted: VotedMaterial = VOTED
) -> Iterator[Figure]:
    requests, parent = drawn(witness, Painter())
    candidate = requests.draw_with(model)
    instruments = Instruments(witness=witness, grade=grade, safety_scores=look)
    wishes = examine.wishes_of(instruments, voted)
    yield from examine.copy_figures(voted, parent, candidate)
    yield from examine.compare_pictures(instruments, requests, wishes, parent, candidate)


def failing(witness: PainterWitness, model: Painter, voted: VotedMaterial = VOTED) -> set[str]:
    """The kinds of figures that do not hold."""
    return {f.name.split(":")[0] for f in figures(witness, model, voted) if not f.holds}


def voted_for(light: float) -> VotedMaterial:
    """Votes for pictures in that light over the painter's."""
    plain = [painted(a.prompt, a.seed + turn) for a in VOTED.held_out for turn in range(4)]
    lit = [ImageEnhance.Brightness(picture).enhance(light) for picture in plain]
    return replace(VOTED, pairs=list(zip(lit, plain, strict=True)))


class NextSeed(Painter):
    """As good as its parent, but no copy of it."""

    def picture(self, request: PictureRequest) -> Image.Image:
        return painted(request.prompt, request.seed + 1_000)


@pytest.mark.parametrize(("prompts", "seeds"), [(4, 3), (3, 4), (1, 12)])
def test_fewer_prompts_are_drawn_with_more_seeds(
    witness: PainterWitness, prompts: int, seeds: int
) -> None:
    """There are twelve twins either way: with few, a good model had other hair in a third."""
    few = replace(VOTED, held_out=VOTED.held_out[:prompts])
    requests = GateRequests.of(witness, few, COUNTS)
    asked = {(request.prompt, request.seed) for request in requests.held_out}
    assert (requests.seeds, len(requests.held_out), len(asked)) == (seeds, 12, 12)


def test_a_model_as_good_as_its_parent_passes(witness: PainterWitness) -> None:
    assert failing(witness, Painter()) == set()


def test_other_seeds_of_the_same_model_fail_only_drift_or_mix(witness: PainterWitness) -> None:
    assert failing(witness, NextSeed()) <= {Measure.DRIFT, Measure.MIX}


def test_a_model_that_ignores_prompts_is_refused(witness: PainterWitness) -> None:
    assert {Measure.ADHERENCE, Measure.GROUP} <= failing(witness, Deaf())


def test_a_model_with_one_picture_for_each_prompt_is_refused(witness: PainterWitness) -> None:
    assert Measure.DIVERSITY in failing(witness, Collapsed())


def test_a_model_that_copies_a_voted_picture_is_refused(witness: PainterWitness) -> None:
    assert failing(witness, Copying()) == {Measure.COPY}


def test_a_brightness_change_nobody_voted_for_is_drift(witness: PainterWitness) -> None:
    assert Measure.DRIFT in failing(witness, Lit(BRIGHTER))
    assert Measure.DRIFT in failing(witness, Lit(DARKER))


def test_a_brightness_change_votes_asked_for_is_not_drift(witness: PainterWitness) -> None:
    found = figures(witness, Lit(BRIGHTER), voted_for(BRIGHTER))
    (brightness,) = (f for f in found if f.name == f"{Measure.DRIFT}: brightness")
    assert brightness.value == 100
    assert brightness.holds


def test_brightness_does_not_change_the_measured_detail() -> None:
    """A taste for bright pictures asks for nothing else and must not be refused for it."""
    picture = painted(VOTED.held_out[0].prompt, 7)
    plain, dim = (
        traits.measure_traits(ImageEnhance.Brightness(picture).enhance(light), 0.0)
        for light in (1, 0.6)
    )
    assert dim["brightness"] < 0.7 * plain["brightness"]
    assert dim["detail"] == pytest.approx(plain["detail"], rel=0.02)
    blurred = traits.measure_traits(picture.filter(ImageFilter.GaussianBlur(3)), 0.0)
    assert blurred["detail"] < 0.8 * plain["detail"]
    assert traits.measure_traits(Image.new("RGB", (8, 8)), 0.0)["detail"] == 0


def test_a_brightness_change_against_the_votes_is_drift(witness: PainterWitness) -> None:
    found = figures(witness, Lit(DARKER), voted_for(BRIGHTER))
    (brightness,) = (f for f in found if f.name == f"{Measure.DRIFT}: brightness")
    assert brightness.value == 0
    assert not brightness.holds


def test_safety_scores_may_not_rise(witness: PainterWitness) -> None:
    assert Measure.SAFETY in failing(witness, Lit(BRIGHTER))
    assert Measure.SAFETY not in failing(witness, Lit(DARKER))


class Reads:
    """A witness of one attribute, which it reads from the pictures' size."""

    def requests(self, count: int, members: Sequence[Brief]) -> Sequence[PictureRequest]:
        return members[:count]

    def shares_followed(
        self, requests: Sequence[PictureRequest], pictures: Sequence[Image.Image]
    ) -> dict[str, float]:
        return {"all": 1.0 if len(requests) == len(pictures) else 0.0}

    def traits(self, pictures: Sequence[Image.Image]) -> dict[str, list[str]]:
        return {"hair": ["long" if picture.width > 1 else "short" for picture in pictures]}


SHORT, LONG = Image.new("RGB", (1, 1)), Image.new("RGB", (2, 1))


def hair(
    before: list[Image.Image],
    after: list[Image.Image],
    pairs: list[tuple[Image.Image, Image.Image]],
) -> Figure:
    models = (
        DrawnPictures(followed=[], held_out=pictures, trained=[]) for pictures in (before, after)
    )
    instruments = Instruments(witness=Reads(), grade=grade, safety_scores=look)
    wishes = examine.wishes_of(instruments, replace(VOTED, pairs=pairs))
    (found,) = examine.mix_figures(Reads(), wishes, *models)
    return found


def test_an_attributes_mix_may_change_only_if_votes_asked_for_it() -> None:
    mixture = [SHORT, LONG] * 8
    assert hair(mixture, mixture[::-1], []).value == 0
    assert hair(mixture, [LONG] * 16, []).value == 50
    assert not hair(mixture, [LONG] * 16, []).holds
    assert hair(mixture, [LONG] * 16, [(LONG, SHORT)] * 20).holds, "the votes asked for it"
    undecided = [(LONG, SHORT), (SHORT, LONG)] * 10
    assert not hair(mixture, [LONG] * 16, undecided).holds


@pytest.mark.parametrize(("yes", "no", "share"), [(40, 10, 80), (0, 3, 0), (0, 0, 0)])
def test_likelihood_agreement_is_reported_but_has_no_floor(yes: int, no: int, share: float) -> None:
    (found,) = examine.agreement_figures([True] * yes + [False] * no)
    assert found.value == share
    assert found.interval is not None
    assert found.interval[0] < found.interval[1]
    assert found.holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Glow:
    """Likes brightness, times one factor for the votes and one for each shuffle."""

    leanings: tuple[float, ...] = (1, *[0.1, -0.1] * 20)
    taste_by_chance: float = 0.001

    def gains(self, before: Pictures, after: Pictures) -> NDArray[np.float64]:
        lit = [[look(picture)["nudity"] for picture in side] for side in (before, after)]
        return np.outer(np.subtract(lit[1], lit[0]), self.leanings)


def test_the_critic_must_prefer_the_candidates_pictures(witness: PainterWitness) -> None:
    _, parent = drawn(witness, Painter())
    _, brighter = drawn(witness, Lit(BRIGHTER))
    better = list(examine.preference_figures(Glow(), parent, brighter))
    worse = list(examine.preference_figures(Glow(), brighter, parent))
    same = list(examine.preference_figures(Glow(), parent, parent))
    assert [f.value for f in better] == [0.1, 100, pytest.approx(100 / 41, abs=1e-4)]
    assert [f.holds for f in better] == [True, True, True]
    assert [f.holds for f in worse] == [True, False, False]
    assert [f.value for f in same[1:]] == [50, 100], "a twin is not liked more"


def test_a_gain_that_shuffled_votes_also_show_does_not_pass(witness: PainterWitness) -> None:
    _, parent = drawn(witness, Painter())
    _, brighter = drawn(witness, Lit(BRIGHTER))
    often = Glow(leanings=(1, *[2] * 3, *[-1] * 36))
    *_, found = examine.preference_figures(often, parent, brighter)
    assert (found.value, found.holds) == (10, False)


def test_votes_with_no_taste_in_common_do_not_pass(witness: PainterWitness) -> None:
    _, parent = drawn(witness, Painter())
    _, brighter = drawn(witness, Lit(BRIGHTER))
    taught, *others = examine.preference_figures(Glow(taste_by_chance=0.11), parent, brighter)
    assert not taught.holds
    assert all(figure.holds for figure in others)


def test_every_measure_has_a_floor() -> None:
    assert set(FLOORS) == set(Measure)


def test_a_candidate_without_a_critic_does_not_pass(witness: PainterWitness) -> None:
    _, parent = drawn(witness, Painter())
    assert len(failures(list(examine.preference_figures(None, parent, parent)))) == 3
