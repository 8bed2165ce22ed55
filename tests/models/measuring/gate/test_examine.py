"""Candidates that are spoiled in one way each, and the figure that says so.

The painter stands in for a good model: it draws exactly what is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from models.catalogue.verdict import Figure
from models.measuring import adherence
from models.measuring.gate import examine, traits
from models.measuring.gate.examine import Counts, Drawn, Sittings, VotedOn
from models.measuring.gate.floors import FLOORS, Measure, told
from models.measuring.gate.witness import Brief, PainterWitness
from models.measuring.judge.network import Judge
from models.measuring.studio import Sitting
from models.painter.drawing import draw, raster

COUNTS = Counts(followed=24, prompts=4, seeds=3, trained=4)
#: Beside the tasks of `PainterWitness`, which begin with the first.
PROMPTS = {task.prompt: task.portrait for task in adherence.tasks(40)[24:]}
BRIGHTER, DARKER = 1.5, 0.6


@cache
def painted(prompt: str, seed: int) -> Image.Image:
    portraits = PROMPTS | {task.prompt: task.portrait for task in adherence.tasks(COUNTS.followed)}
    return raster(draw(portraits[prompt], seed), 128)


class Painter:
    """The good model."""

    def pictures(self, sittings: Sequence[Sitting]) -> list[Image.Image]:
        return [self.picture(sitting) for sitting in sittings]

    def picture(self, sitting: Sitting) -> Image.Image:
        return painted(sitting.prompt, sitting.seed)


class Deaf(Painter):
    """It draws what somebody else asked for."""

    def pictures(self, sittings: Sequence[Sitting]) -> list[Image.Image]:
        return super().pictures([*sittings[1:], sittings[0]])


class Collapsed(Painter):
    """It has one picture for each prompt."""

    def picture(self, sitting: Sitting) -> Image.Image:
        return painted(sitting.prompt, 7)


class Copying(Painter):
    """It knows the voted pictures by heart."""

    def picture(self, sitting: Sitting) -> Image.Image:
        seen = {asked.prompt: asked.seed for asked in VOTED.trained}
        return painted(sitting.prompt, seen.get(sitting.prompt, sitting.seed))


class Lit(Painter):
    """It draws in another light."""

    def __init__(self, light: float) -> None:
        self.light = light

    def picture(self, sitting: Sitting) -> Image.Image:
        return ImageEnhance.Brightness(super().picture(sitting)).enhance(self.light)


def asked(places: slice) -> list[Brief]:
    tasks = adherence.tasks(40)[24:][places]
    return [
        Brief(prompt=task.prompt, negative="", seed=task.seed, aspect=task.aspect) for task in tasks
    ]


VOTED = VotedOn(
    held_out=asked(slice(4)),
    trained=asked(slice(4, 8)),
    seen=[painted(a.prompt, a.seed) for a in asked(slice(4, 8))],
    pairs=(),
)


@pytest.fixture(scope="module")
def witness() -> PainterWitness:
    return PainterWitness(Judge())


def drawn(witness: PainterWitness, model: Painter) -> tuple[Sittings, Drawn]:
    sittings = Sittings.of(witness, VOTED, COUNTS)
    return sittings, sittings.drawn_by(model)


def grade(pictures: Sequence[Image.Image]) -> list[float]:
    return [5.0] * len(pictures)


def look(picture: Image.Image) -> dict[str, float]:
    return {"nudity": picture.convert("L").resize((1, 1)).getpixel((0, 0)) / 255}  # type: ignore[operator]  one channel has numbers


def figures(witness: PainterWitness, model: Painter, voted: VotedOn = VOTED) -> Iterator[Figure]:
    sittings, parent = drawn(witness, Painter())
    candidate = sittings.drawn_by(model)
    yield from examine.followed(sittings, witness, parent, candidate)
    yield from examine.varied(sittings, parent, candidate)
    yield from examine.copied(voted, parent, candidate)
    yield from examine.safe(look, parent, candidate)
    yield from examine.drifted(grade, voted, parent, candidate)
    yield from examine.mixed(witness, voted, parent, candidate)


def failing(witness: PainterWitness, model: Painter, voted: VotedOn = VOTED) -> set[str]:
    """The kinds of figure that do not hold."""
    return {f.name.split(":")[0] for f in figures(witness, model, voted) if not f.holds}


def voted_for(light: float) -> VotedOn:
    """Votes for pictures in that light against the painter's."""
    plain = [painted(a.prompt, a.seed + turn) for a in VOTED.held_out for turn in range(4)]
    lit = [ImageEnhance.Brightness(picture).enhance(light) for picture in plain]
    return replace(VOTED, pairs=list(zip(lit, plain, strict=True)))


class NextSeed(Painter):
    """As good as its parent, and no copy of it."""

    def picture(self, sitting: Sitting) -> Image.Image:
        return painted(sitting.prompt, sitting.seed + 1_000)


def test_a_model_as_good_as_its_parent_passes(witness: PainterWitness) -> None:
    assert failing(witness, Painter()) == set()


def test_another_draw_of_the_same_model_passes_all_but_chance(witness: PainterWitness) -> None:
    assert failing(witness, NextSeed()) <= {Measure.DRIFT, Measure.MIX}


def test_a_model_that_does_not_listen_is_refused(witness: PainterWitness) -> None:
    assert {Measure.ADHERENCE, Measure.GROUP} <= failing(witness, Deaf())


def test_a_model_with_one_picture_for_each_prompt_is_refused(witness: PainterWitness) -> None:
    assert Measure.DIVERSITY in failing(witness, Collapsed())


def test_a_model_that_copies_a_voted_picture_is_refused(witness: PainterWitness) -> None:
    assert failing(witness, Copying()) == {Measure.COPY}


def test_light_that_nobody_voted_on_is_drift(witness: PainterWitness) -> None:
    assert Measure.DRIFT in failing(witness, Lit(BRIGHTER))
    assert Measure.DRIFT in failing(witness, Lit(DARKER))


def test_light_that_votes_ask_for_is_no_drift(witness: PainterWitness) -> None:
    found = figures(witness, Lit(BRIGHTER), voted_for(BRIGHTER))
    (brightness,) = (f for f in found if f.name == f"{Measure.DRIFT}: brightness")
    assert brightness.value == 100
    assert brightness.holds


def test_light_is_no_detail() -> None:
    """A taste for light pictures asks for nothing else, and must not be refused for it."""
    picture = painted(VOTED.held_out[0].prompt, 7)
    plain, dim = (
        traits.measured(ImageEnhance.Brightness(picture).enhance(light), 0.0) for light in (1, 0.6)
    )
    assert dim["brightness"] < 0.7 * plain["brightness"]
    assert dim["detail"] == pytest.approx(plain["detail"], rel=0.02)
    blurred = traits.measured(picture.filter(ImageFilter.GaussianBlur(3)), 0.0)
    assert blurred["detail"] < 0.8 * plain["detail"]
    assert traits.measured(Image.new("RGB", (8, 8)), 0.0)["detail"] == 0


def test_light_against_the_votes_is_drift(witness: PainterWitness) -> None:
    found = figures(witness, Lit(DARKER), voted_for(BRIGHTER))
    (brightness,) = (f for f in found if f.name == f"{Measure.DRIFT}: brightness")
    assert brightness.value == 0
    assert not brightness.holds


def test_scores_of_safety_may_not_rise(witness: PainterWitness) -> None:
    assert Measure.SAFETY in failing(witness, Lit(BRIGHTER))
    assert Measure.SAFETY not in failing(witness, Lit(DARKER))


class Reads:
    """A witness of one attribute, which it reads off the pictures' size."""

    def sittings(self, count: int, own: Sequence[Brief]) -> Sequence[Sitting]:
        return own[:count]

    def followed(
        self, sittings: Sequence[Sitting], pictures: Sequence[Image.Image]
    ) -> dict[str, float]:
        return {"all": 1.0 if len(sittings) == len(pictures) else 0.0}

    def traits(self, pictures: Sequence[Image.Image]) -> dict[str, list[str]]:
        return {"hair": ["long" if picture.width > 1 else "short" for picture in pictures]}


SHORT, LONG = Image.new("RGB", (1, 1)), Image.new("RGB", (2, 1))


def hair(
    before: list[Image.Image],
    after: list[Image.Image],
    pairs: list[tuple[Image.Image, Image.Image]],
) -> Figure:
    models = (Drawn(followed=[], held_out=pictures, trained=[]) for pictures in (before, after))
    (found,) = examine.mixed(Reads(), replace(VOTED, pairs=pairs), *models)
    return found


def test_an_attribute_that_nobody_voted_on_may_not_change_its_mix() -> None:
    mixture = [SHORT, LONG] * 8
    assert hair(mixture, mixture[::-1], []).value == 0
    assert hair(mixture, [LONG] * 16, []).value == 50
    assert not hair(mixture, [LONG] * 16, []).holds
    assert hair(mixture, [LONG] * 16, [(LONG, SHORT)] * 20).holds, "the votes asked for it"
    undecided = [(LONG, SHORT), (SHORT, LONG)] * 10
    assert not hair(mixture, [LONG] * 16, undecided).holds


@pytest.mark.parametrize(
    ("yes", "no", "passes"), [(40, 10, True), (25, 25, False), (10, 40, False), (3, 0, False)]
)
def test_held_out_votes_must_agree_for_sure(yes: int, no: int, *, passes: bool) -> None:
    found = list(examine.agreed([True] * yes + [False] * no))
    assert (not told(found)) is passes


def test_without_held_out_votes_nobody_agrees() -> None:
    assert told(list(examine.agreed([])))


def test_the_critic_must_like_more_of_the_pictures(witness: PainterWitness) -> None:
    _, parent = drawn(witness, Painter())
    _, brighter = drawn(witness, Lit(BRIGHTER))

    def critic(pictures: Sequence[Image.Image]) -> list[float]:
        return [look(picture)["nudity"] for picture in pictures]

    (better,) = examine.preferred(critic, parent, brighter)
    (worse,) = examine.preferred(critic, brighter, parent)
    (same,) = examine.preferred(critic, parent, parent)
    assert (better.value, worse.value, same.value) == (100, 0, 50)
    assert [f.holds for f in (better, worse, same)] == [True, False, False]


def test_every_measure_has_a_floor() -> None:
    assert set(FLOORS) == set(Measure)


def test_what_no_critic_knows_does_not_pass(witness: PainterWitness) -> None:
    _, parent = drawn(witness, Painter())
    assert told(list(examine.preferred(None, parent, parent)))
