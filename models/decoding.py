"""Decodes external data into frozen dataclasses: cards, recipes, yaml, settings, JSON columns.

msgspec decodes. This module adds the list of known fields and, for each wrong value, one sentence:
where it is, what it must be and what it is. Called by every reader of such data; torch-free and
pure. Must not know what the fields mean.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from enum import IntEnum, StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, ValidationError, convert, json

_T = TypeVar("_T")

#: A positive whole number.
Positive = Annotated[int, Meta(ge=1)]
#: A number that is not negative.
Amount = Annotated[float, Meta(ge=0)]
#: A share of a whole.
Fraction = Annotated[float, Meta(ge=0, le=1)]

_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "a path on this machine",
}
#: A whole number in a text; msgspec would accept 8.0 and 1e1 too.
_WHOLE = re.compile(r"[+-]?[0-9]+")
#: How much of a value is shown in a message.
_SHOWN = 300
#: msgspec notes on a class what it must look like when the class is first converted to, and lets
#: other threads read the half-made note, which ends the process with a segmentation fault (measured
#: with 0.22). A class may decode others while it is made, so the lock is re-entrant.
_CONVERTING = threading.RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one kind of source writes its data, and how strictly it is read."""

    #: The complaint about an unknown field.
    stranger: str = "is no field of it"
    #: Its word for a set of named values.
    table: str = "an object"
    #: Its word for nothing; empty if it can only leave the field out.
    nothing: str = "null"
    #: Every field must be written, except those whose default is None.
    in_full: bool = False
    #: Unknown fields are ignored.
    open: bool = False
    #: Every value is a text, parsed as its field's type.
    texts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One wrong value."""

    #: Its position in the tree; empty for the whole tree.
    path: str
    #: The rest of a sentence that begins with the path.
    told: str
    found: object = None
    #: The known fields, as paths, if the path names none of them.
    known: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The flaw as a sentence."""
        return f"{self.path or 'it'} {self.told}"


class MisfitError(ValueError):
    """The data does not fit the class; the message is the first flaw's sentence."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__(flaws[0].sentence)
        self.flaws = tuple(flaws)


def decode(kind: type[_T], tree: object, dialect: Dialect, at: str = "") -> _T:
    """Decode plain values into a frozen dataclass; `at` is the position of the tree.

    A field holds a plain value, a choice, a path, a tuple of these, a mapping by name, or another
    such dataclass. `Meta` gives bounds and patterns; its `description` replaces our words for what
    the field must be. A class checks what no type can express in `__post_init__`, raising
    ValueError with a message that begins with the field's name. NaN and infinities do not count as
    numbers. MisfitError names every flaw.
    """
    if found := list(flaws(kind, tree, dialect, at)):
        raise MisfitError(found)
    return _made(kind, tree, dialect)


def json_of(value: object) -> str:
    """A dataclass as JSON, with every field of its constructor; `read_json` reads it."""
    names = [field.name for field in fields(value) if field.init]  # type: ignore[arg-type]
    return json.encode({name: getattr(value, name) for name in names}).decode()


def read_json(kind: type[_T], text: str, **known: object) -> _T:
    """Read what `json_of` wrote, plus the names in `known`. ValueError if not all is understood.

    A missing field gets its default; an unknown name is a fault. Unlike `decode` it accepts
    mappings by number, sets and lists of dataclasses, and describes no flaws.
    """
    tree = {**json.decode(text, type=dict[str, object]), **known}
    with _CONVERTING:
        made = convert(tree, kind, str_keys=True)
    if strangers := list(_strangers(tree, json.decode(json_of(made)))):
        raise ValueError(f"{', '.join(strangers)}: no field of it")
    return made


def _strangers(tree: Any, read: Any) -> Iterator[str]:
    """Names in the tree that the decoded value lacks."""
    if tree == read:
        return
    if isinstance(tree, dict):
        yield from (name for name in tree if name not in read)
        for name in tree.keys() & read.keys():
            yield from _strangers(tree[name], read[name])
    elif isinstance(tree, list):
        for value, one in zip(tree, read, strict=False):
            yield from _strangers(value, one)


def flaws(kind: Any, tree: object, dialect: Dialect, at: str = "") -> Iterator[Flaw]:
    """Everything that keeps the tree from being decoded: known fields first, then unknown ones."""
    if get_origin(kind) is dict or is_dataclass(kind):
        if not isinstance(tree, dict):
            yield _misfit(at, dialect.table, tree)
        elif is_dataclass(kind):
            yield from _of_fields(kind, tree, dialect, at)
        else:
            yield from _of_entries(kind, tree, dialect, at)
    elif not _fits(kind, tree, dialect):
        yield _misfit(at, _wanted(kind, dialect), tree, _choices(kind))


def _of_fields(
    kind: Any, tree: Mapping[object, object], dialect: Dialect, at: str
) -> Iterator[Flaw]:
    known = _known(kind)
    found = [
        flaw for name, spot in known.items() for flaw in _of_field(name, spot, tree, dialect, at)
    ]
    if not dialect.open:
        found += [
            _stranger(at, name, value, known, dialect)
            for name, value in tree.items()
            if name not in known
        ]
    yield from found
    if not found:
        try:
            _made(kind, tree, dialect)
        except ValidationError as fault:
            name, _, told = str(fault.__cause__ or fault).partition(" ")
            yield Flaw(path=_join(at, name), told=told, found=tree)


def _of_field(
    name: str, spot: _Spot, tree: Mapping[object, object], dialect: Dialect, at: str
) -> Iterator[Flaw]:
    if name in tree:
        yield from flaws(spot.kind, tree[name], dialect, _join(at, name))
    elif spot.needed or (dialect.in_full and not spot.option):
        yield _missing(at, name)


def _of_entries(
    kind: Any, tree: Mapping[object, object], dialect: Dialect, at: str
) -> Iterator[Flaw]:
    """The flaws of a mapping; a mapping by an enum has an entry for each member."""
    names, values = get_args(kind)
    members = [str(name) for name in names] if issubclass(names, StrEnum) else []
    yield from (_missing(at, name) for name in members if name not in tree)
    for name, value in tree.items():
        if _fits(names, name, dialect):
            yield from flaws(values, value, dialect, _join(at, name))
        else:
            yield _stranger(at, name, value, members, dialect)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """What is known about a class's field; an option may always be left out."""

    kind: Any
    needed: bool
    option: bool


@cache
def _known(kind: type) -> dict[str, _Spot]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        f.name: _Spot(
            kind=hints[f.name],
            needed=f.default is MISSING and f.default_factory is MISSING,
            option=f.default is None,
        )
        for f in fields(kind)
    }


def _fits(kind: Any, value: object, dialect: Dialect) -> bool:
    if kind is Any:
        return True
    if value is None and not dialect.nothing:
        return False
    counts = dialect.texts and _plain(kind) is int
    if counts and isinstance(value, str) and not _WHOLE.fullmatch(value):
        return False
    try:
        # Among texts, "null" is a text like any other.
        made = _converted(kind if value is None else _something(kind), value, dialect)
    except (ValidationError, UnicodeEncodeError):  # The latter of half a surrogate pair.
        return False
    return not isinstance(made, float) or math.isfinite(made)


def _made(kind: Any, tree: object, dialect: Dialect) -> Any:
    return _converted(kind, _known_part(kind, tree), dialect)


def _known_part(kind: Any, tree: Any) -> Any:
    """The tree without unknown fields; its keys may not even be text."""
    if not isinstance(tree, dict):
        return tree
    kind = _something(kind)
    if is_dataclass(kind):
        spots = _known(kind)
        return {name: _known_part(spots[name].kind, tree[name]) for name in spots if name in tree}
    if get_origin(kind) is dict:
        return {name: _known_part(get_args(kind)[1], value) for name, value in tree.items()}
    return tree


def _converted(kind: Any, value: object, dialect: Dialect) -> Any:
    with _CONVERTING:
        return convert(value, kind, strict=not dialect.texts, dec_hook=_path)


def _path(kind: type, value: object) -> object:
    """A path, which msgspec does not support; ValueError for the home of an unknown user."""
    assert kind is Path, kind
    if not isinstance(value, str):
        raise TypeError
    try:
        return Path(value).expanduser()
    except RuntimeError as fault:
        raise ValueError from fault


def _something(kind: Any) -> Any:
    """The type without its None, and without a NewType's name."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
    return getattr(kind, "__supertype__", kind)


def _plain(kind: Any) -> Any:
    """The type without its bounds either."""
    kind = _something(kind)
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _wanted(kind: Any, dialect: Dialect) -> str:
    """What a value must be, in words."""
    meta = Meta()
    if get_origin(kind) is Annotated:
        kind, meta = get_args(kind)
    if meta.description:
        return meta.description
    if (inner := _something(kind)) is not kind:
        may_be_nothing = get_origin(kind) is not None and dialect.nothing
        return _wanted(inner, dialect) + (f" or {dialect.nothing}" if may_be_nothing else "")
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        listed = _choices(item)
        return (
            "a list out of " + ", ".join(listed) if listed else f"a list of {_plural(_plain(item))}"
        )
    if choices := _choices(kind):
        return ("one of " if len(choices) > 1 else "") + ", ".join(choices)
    if meta.pattern:
        return "of the form " + meta.pattern.removeprefix(r"\A").removesuffix(r"\Z")
    return _WORDS[kind] + _bounds(meta)


def _plural(kind: Any) -> str:
    return _WORDS[kind].removeprefix("a ") + "s"


def _choices(kind: Any) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return get_args(kind)
    if not isinstance(kind, type) or not issubclass(kind, StrEnum | IntEnum):
        return ()
    return tuple(str(member.value) for member in kind)


def _bounds(meta: Meta) -> str:
    if meta.ge is not None and meta.le is not None:
        return f" from {meta.ge} to {meta.le}"
    sides = {"above": meta.gt, "of at least": meta.ge, "below": meta.lt, "at most": meta.le}
    told = " and ".join(f"{word} {bound}" for word, bound in sides.items() if bound is not None)
    return told and f" {told}"


def _misfit(path: str, wanted: str, found: object, choices: Sequence[str] = ()) -> Flaw:
    near = get_close_matches(found, choices, n=1) if isinstance(found, str) else []
    end = f"; {near[0]} is nearest {_shown(found)}" if near else f", not {_shown(found)}"
    return Flaw(path=path, told=f"must be {wanted}{end}.", found=found)


def _missing(at: str, name: str) -> Flaw:
    return Flaw(path=_join(at, name), told="is missing.")


def _stranger(at: str, name: object, found: object, known: Iterable[str], dialect: Dialect) -> Flaw:
    paths = tuple(_join(at, other) for other in known)
    return Flaw(path=_join(at, name), told=f"{dialect.stranger}.", found=found, known=paths)


def _shown(found: object) -> str:
    try:
        text = repr(found)
    except ValueError:  # It has more digits than Python converts.
        return "a number without end"
    except RecursionError:
        return "something nested without end"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _join(at: str, name: object) -> str:
    return f"{at}.{name}" if at else str(name)
