"""Steps that each pass the gate, and the line of models along which they add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.catalogue.verdict import Figure, Verdict, fingerprint
from models.contract import EngineError
from models.measuring.gate import examine
from models.measuring.gate.ancestry import Ancestor, ancestry_of, figures_since, wishes_along
from models.measuring.gate.examine import DrawnPictures
from models.measuring.gate.floors import Measure, failures, figure
from models.measuring.gate.wishes import LESS, MORE, NO_WISHES, Wishes, wishes_of_verdict
from tests.stages.cards import make_card

#: What each step changes, in the spread of a model's own pictures: too little for a gate to see.
STEP = 0.04
#: Grades of the first model's pictures; their spread is 1.
FIRST = np.array([-1.5, -1.0, -0.5, 0.5, 1.0, 1.5] * 4) / np.sqrt(7 / 6) + 5
GRADE = f"{Measure.DRIFT}: aesthetic grade"


def drawn(grades: Sequence[float]) -> DrawnPictures:
    """Pictures that carry these grades in their info."""
    pictures = [Image.new("RGB", (8, 8)) for _ in grades]
    for picture, value in zip(pictures, grades, strict=True):
        picture.info["grade"] = value
    return DrawnPictures(followed=[], held_out=pictures, trained=[])


def graded(pictures: Sequence[Image.Image]) -> list[float]:
    return [picture.info["grade"] for picture in pictures]


def drift(before: DrawnPictures, after: DrawnPictures, wishes: Wishes = NO_WISHES) -> Figure:
    (found,) = (f for f in examine.drift_figures(graded, wishes, before, after) if f.name == GRADE)
    return found


def test_steps_too_small_to_see_add_up_to_a_refused_drift() -> None:
    """To the gate each candidate equals its parent, but the second no longer equals the first."""
    line = [drawn(list(FIRST + STEP * generation)) for generation in range(6)]
    assert all(drift(parent, child).holds for parent, child in pairwise(line))
    assert [drift(line[0], model).holds for model in line] == [True, True, *[False] * 4]


def test_drift_that_any_steps_votes_asked_for_is_allowed() -> None:
    before, after = (drawn(list(FIRST + STEP * generation)) for generation in (0, 5))
    more, less = (Wishes(traits={"aesthetic grade": frozenset({w})}, mixes=frozenset())
                  for w in (MORE, LESS))  # fmt: skip
    assert drift(before, after, more).holds
    assert drift(before, after, more | less).holds
    assert not drift(before, after, less).holds


def verdict(*figures: Figure) -> Verdict:
    """A verdict of an earlier edition of the gate, on the files of `make_card`."""
    return Verdict(gate="4", figures=figures, files_sha256=fingerprint(make_card().files))


WARMER = replace(figure(Measure.DRIFT, 99, "warmth"), most=None)
PALER = replace(figure(Measure.DRIFT, 1, "colour"), least=None)
SMILES = figure(Measure.MIX, 60, "mouth", free=True)


def test_a_verdict_says_what_its_votes_asked_for() -> None:
    plain = figure(Measure.DRIFT, 50, "contrast"), figure(Measure.MIX, 3, "hair length")
    found = wishes_of_verdict(verdict(WARMER, PALER, SMILES, *plain))
    assert {name: set(ways) for name, ways in found.traits.items()} == {
        "warmth": {MORE},
        "colour": {LESS},
        "contrast": set(),
    }
    assert found.mixes == {"mouth"}
    assert wishes_of_verdict(None) == NO_WISHES


def model(name: str, parent: str | None, *figures: Figure) -> Ancestor:
    card = replace(make_card(name, parent=parent), verdict=verdict(*figures) if figures else None)
    return Ancestor(folder=Path(name), card=card)


LINE = [
    model("v1", None, PALER),
    model("v2", "v1", WARMER),
    model("v3", "v2", SMILES),
]
KNOWN = {one.card.id: one for one in LINE}


def test_the_line_goes_back_to_the_oldest_or_the_named_first_model() -> None:
    v1, v2, v3 = LINE
    assert ancestry_of(v3, KNOWN, None) == LINE
    assert ancestry_of(v3, KNOWN, "v2") == [v2, v3]
    assert ancestry_of(v3, {}, "v3") == [v3]
    assert ancestry_of(v1, KNOWN, "another") == [v1], "a line of its own"


def test_the_first_models_own_wishes_do_not_count_for_its_line() -> None:
    found = wishes_along(LINE)
    assert found.traits == {"warmth": frozenset({MORE})}
    assert found.mixes == {"mouth"}
    assert wishes_along(LINE[:1]) == NO_WISHES


def test_a_verdict_on_other_files_adds_no_wishes() -> None:
    """As on a card that was copied from another model's."""
    v1, v2, _ = LINE
    other = replace(v2, card=replace(v2.card, files={"unet/weights": "1" * 64}))
    assert wishes_along([v1, v2]) != NO_WISHES
    assert wishes_along([v1, other]) == NO_WISHES


def test_another_model_with_the_parents_name_is_not_the_parent() -> None:
    """Its card lists votes that the child never learned from, not even by its ancestors."""

    def taught(one: Ancestor, *votes: str) -> Ancestor:
        return replace(one, card=replace(one.card, manifests=votes))

    v1, v2, v3 = LINE
    v3 = taught(v3, "a" * 64, "b" * 64)
    true, false = (taught(v2, votes) for votes in ("a" * 64, "c" * 64))
    assert ancestry_of(v3, KNOWN | {"v2": true}, "v1") == [v1, true, v3]
    assert ancestry_of(v3, KNOWN | {"v2": false}, None) == [v3]
    with pytest.raises(EngineError, match="v3 was trained from v2, which is not here"):
        ancestry_of(v3, KNOWN | {"v2": false}, "v1")


@pytest.mark.parametrize("known", [{}, {"v2": LINE[1]}, {"v2": model("v2", "v3"), "v3": LINE[2]}])
def test_a_missing_model_of_the_line_is_named(known: dict[str, Ancestor]) -> None:
    """So is one in a line that leads back to itself."""
    told = r"was trained from v\d, which is not here.*back to v0.*a new line with v3"
    with pytest.raises(EngineError, match=told):
        ancestry_of(LINE[2], known, "v0")
    assert ancestry_of(LINE[2], known, None)[-1] == LINE[2], "as long as it is known"


def test_a_figure_compared_with_the_first_model_says_so() -> None:
    fell = figure(Measure.DIVERSITY, 0.8)
    (found,) = figures_since(LINE[0].card, [fell])
    assert failures([found]) == ["since v1: diversity is 0.8 of v1's; it must be at least 0.9."]
    assert wishes_of_verdict(verdict(*figures_since(LINE[0].card, [WARMER, SMILES]))) == NO_WISHES
