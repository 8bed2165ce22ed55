"""Every flaw in external data is one sentence, and decoding never crashes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, get_args, get_type_hints

import pytest

from bot.domain import Ask
from bot.settings import Settings
from models.catalogue.card import Card
from models.checkpoint.arguments import Diffusion, Unet
from models.contract import Draw
from models.decoding import (
    Amount,
    Dialect,
    Fraction,
    Meta,
    MisfitError,
    Positive,
    _expectation,
    decode,
)
from models.finetuning.recipe import Recipe

JSON, TOML = Dialect(), Dialect(object_word="a table", null_word="")
TEXTS = Dialect(values_are_texts=True, null_word="")


OwnerId = NewType("OwnerId", int)


class Colour(StrEnum):
    #: Of the sky.
    BLUE = "blue"
    #: Of grass.
    GREEN = "green"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brush:
    width: Positive = 3
    soft: Fraction = 0.5

    def __post_init__(self) -> None:
        if self.width == 13:
            raise ValueError("width brings bad luck.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Easel:
    name: str
    brush: Brush = field(default_factory=Brush)
    colours: dict[Colour, Positive] = field(
        default_factory=lambda: {Colour.BLUE: 1, Colour.GREEN: 2}
    )
    jars: dict[str, Brush] = field(default_factory=dict[str, Brush])
    chosen: tuple[Colour, ...] = ()
    words: tuple[str, ...] = ()
    weight: Amount = 1.0
    tilt: Annotated[float, Meta(gt=-1, lt=1)] = 0.0
    light: Literal["day", "lamp"] = "day"
    code: Annotated[str, Meta(pattern=r"\A[a-z]+\Z")] = "a"
    owner: str | None = None
    shelf: Annotated[int, Meta(ge=0, le=9)] | None = None
    folder: Path | None = None
    owner_id: OwnerId | None = None
    folded: bool = False


PATH = "a path on this machine or null"
#: A field's value, and the message about it.
FLAWS: list[tuple[str, Any, str]] = [
    ("name", 7, "name must be a text, not 7."),
    ("brush", [], "brush must be an object, not []."),
    ("brush", {"width": 0}, "brush.width must be a whole number of at least 1, not 0."),
    ("brush", {"width": 13}, "brush.width brings bad luck."),
    ("brush", {"soft": 2}, "brush.soft must be a number from 0 to 1, not 2."),
    ("brush", {"hair": 2}, "brush.hair is not a known field."),
    ("colours", {"blue": 1}, "colours.green is missing."),
    ("colours", {"blue": 1, "green": 1, "red": 1}, "colours.red is not a known field."),
    ("colours", {"blue": 1, "green": 1, 3: 1}, "colours.3 is not a known field."),
    ("jars", {"left": {"soft": "x"}}, "jars.left.soft must be a number from 0 to 1, not 'x'."),
    ("jars", 3, "jars must be an object, not 3."),
    ("chosen", ["red"], "chosen must be a list out of blue, green, not ['red']."),
    ("words", "blue", "words must be a list of texts, not 'blue'."),
    ("weight", math.nan, "weight must be a number of at least 0, not nan."),
    ("weight", math.inf, "weight must be a number of at least 0, not inf."),
    ("weight", True, "weight must be a number of at least 0, not True."),
    ("weight", "1", "weight must be a number of at least 0, not '1'."),
    ("tilt", -1, "tilt must be a number above -1 and below 1, not -1."),
    ("light", "dya", "light must be one of day, lamp; day is nearest 'dya'."),
    ("light", "moon", "light must be one of day, lamp, not 'moon'."),
    ("code", "a\n", r"code must be of the form [a-z]+, not 'a\n'."),
    ("owner", 3, "owner must be a text or null, not 3."),
    ("shelf", 10, "shelf must be a whole number from 0 to 9 or null, not 10."),
    ("shelf", 1.0, "shelf must be a whole number from 0 to 9 or null, not 1.0."),
    ("folder", 3, f"folder must be {PATH}, not 3."),
    ("folder", "~nobody-of-that-name", f"folder must be {PATH}, not '~nobody-of-that-name'."),
    ("owner_id", "x", "owner_id must be a whole number or null, not 'x'."),
    ("folded", 1, "folded must be true or false, not 1."),
    ("folded", None, "folded must be true or false, not None."),
    ("tripod", 1, "tripod is not a known field."),
]  # fmt: skip


def messages(tree: object, dialect: Dialect = JSON, kind: type = Easel) -> list[str]:
    """The messages about the tree's flaws."""
    with pytest.raises(MisfitError) as caught:
        decode(kind, tree, dialect)
    sentences = [flaw.sentence for flaw in caught.value.flaws]
    assert str(caught.value) == sentences[0]
    return sentences


@pytest.mark.parametrize(("name", "value", "sentence"), FLAWS)
def test_a_flaw_names_its_path_the_valid_values_and_the_given_one(
    name: str, value: Any, sentence: str
) -> None:
    assert messages({"name": "x"} | {name: value}) == [sentence]


def test_every_flaw_is_reported_with_known_fields_first() -> None:
    tree = {"tripod": 1, "brush": {"hair": 1, "width": "x"}, "folded": 1}
    assert [sentence.split()[0] for sentence in messages(tree)] == [
        "name", "brush.width", "brush.hair", "folded", "tripod",
    ]  # fmt: skip


@pytest.mark.parametrize("tree", [[], None, "x", 3])
def test_a_value_that_is_not_an_object_is_reported_in_its_dialect(tree: object) -> None:
    assert messages(tree) == [f"it must be an object, not {tree!r}."]
    assert messages(tree, TOML) == [f"it must be a table, not {tree!r}."]


def test_a_valid_tree_becomes_its_object() -> None:
    tree = {
        "name": "x",
        "brush": {"width": 4, "soft": 1},
        "colours": {"green": 1, "blue": 2},
        "jars": {"left": {}},
        "chosen": ["green"],
        "words": ["a", "b"],
        "owner": None,
        "folder": "~/x",
    }
    easel = decode(Easel, tree, JSON)
    assert easel == Easel(
        name="x",
        brush=Brush(width=4, soft=1.0),
        colours={Colour.GREEN: 1, Colour.BLUE: 2},
        jars={"left": Brush()},
        chosen=(Colour.GREEN,),
        words=("a", "b"),
        folder=Path.home() / "x",
    )
    assert type(easel.brush.soft) is float
    assert type(easel.chosen[0]) is Colour


def test_none_is_a_flaw_in_a_source_without_null() -> None:
    assert messages({"name": "x", "owner": None}, TOML) == ["owner must be a text, not None."]
    assert decode(Easel, {"name": "x", "owner": None}, JSON).owner is None


def test_in_full_only_optional_fields_may_be_left_out() -> None:
    missing = messages({}, Dialect(needs_every_field=True))
    options = {"owner", "shelf", "folder", "owner_id"}
    names = [f.name for f in dataclasses.fields(Easel) if f.name not in options]
    assert missing == [f"{name} is missing." for name in names]
    assert messages({}) == ["name is missing."]


def test_an_open_source_may_have_extra_fields_but_no_wrong_ones() -> None:
    lenient = Dialect(ignores_unknown=True)
    tree = {"name": "x", "tripod": 1, "brush": {"hair": 1}}
    assert decode(Easel, tree, lenient) == Easel(name="x")
    assert messages(tree | {"folded": 3}, lenient) == ["folded must be true or false, not 3."]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("shelf", "4", 4), ("folded", "true", True), ("weight", "0.5", 0.5), ("owner", "null", "null"),
     ("name", "12", "12"), ("light", "lamp", "lamp"), ("folder", "x", Path("x"))],
)  # fmt: skip
def test_texts_are_converted_to_their_fields_type(name: str, text: str, value: object) -> None:
    assert getattr(decode(Easel, {"name": "x"} | {name: text}, TEXTS), name) == value


@pytest.mark.parametrize("text", ["null", "³", "", "many", "4.5", "1_0", "9" * 5000])
def test_a_text_that_is_not_a_number_is_a_flaw(text: str) -> None:
    (sentence,) = messages({"name": "x", "shelf": text}, TEXTS)
    assert sentence.startswith("shelf must be a whole number from 0 to 9, not '")
    assert len(sentence) < 400


STRANGE: list[object] = [
    "\ud800", 10**400, -(10**400), 16**5000, [[]], {"\ud800": 1}, {1: {}}, b"x", object(), {},
    math.nan, -math.inf, "x" * 10_000, 2**64, [None], [math.nan],
]  # fmt: skip


@pytest.mark.parametrize("value", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize("dialect", [JSON, TEXTS], ids=["json", "texts"])
def test_no_value_is_too_strange_to_be_reported(value: object, dialect: Dialect) -> None:
    tree = {f.name: value for f in dataclasses.fields(Easel)} | {"folded": object()}
    sentences = messages(tree, dialect)
    assert sentences[-1].startswith("folded must be true or false, not <object")
    assert all(len(sentence) < 400 for sentence in sentences)


def test_a_long_value_is_cut() -> None:
    (sentence,) = messages({"name": "x", "folded": "y" * 10_000})
    assert sentence.endswith("yyy....")
    assert len(sentence) < 400


def test_a_tree_can_be_decoded_below_any_path() -> None:
    with pytest.raises(MisfitError) as caught:
        decode(Brush, {"hair": 1, "width": 0}, JSON, "easel.brush")
    assert [flaw.path for flaw in caught.value.flaws] == ["easel.brush.width", "easel.brush.hair"]
    assert caught.value.flaws[1].known == ("easel.brush.width", "easel.brush.soft")


def kinds(kind: Any) -> Iterator[Any]:
    """Every kind of value in a field of the class, including its parts' fields."""
    for hint in get_type_hints(kind, include_extras=True).values():
        parts = [hint, *get_args(hint)]
        nested = [part for part in parts if dataclasses.is_dataclass(part)]
        yield from (found for part in nested for found in kinds(part))
        if not nested and getattr(hint, "__origin__", None) is not dict:
            yield hint


@pytest.mark.parametrize("kind", [Ask, Card, Recipe, Settings, Draw, Diffusion, Unet])
def test_every_decoded_type_has_a_description(kind: type) -> None:
    said = [_expectation(hint, JSON) for hint in kinds(kind)]
    assert all(said)
    assert len(said) >= 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    a: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    anything: dict[str, Any]
    inner: Inner = Inner()


def test_an_open_source_may_have_keys_that_are_not_text() -> None:
    tree = {"\ud800": 3, 1: 4, None: 5, "anything": {}, "inner": {"a": 2, True: 3, "\ud800": 1}}
    assert decode(Outer, tree, Dialect(ignores_unknown=True)) == Outer(
        anything={}, inner=Inner(a=2)
    )


def test_a_field_of_any_type_accepts_none_and_nan() -> None:
    (key, value), *rest = decode(
        Outer, {"anything": {"x": None, "y": math.nan}}, Dialect(null_word="")
    ).anything.items()
    assert (key, value) == ("x", None)
    assert math.isnan(rest[0][1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    share: float


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity"])
def test_a_text_that_is_not_finite_is_a_flaw(text: str) -> None:
    with pytest.raises(MisfitError, match=f"share must be a number, not '{text}'"):
        decode(Measured, {"share": text}, TEXTS)
