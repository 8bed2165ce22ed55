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

_TYPE_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "a path on this machine",
}
#: A whole number in a text; msgspec would accept 8.0 and 1e1 too.
_WHOLE = re.compile(r"[+-]?[0-9]+")
#: The most characters of a value that a message shows.
_SHOWN_CHARS = 300
#: msgspec stores a description on each class at the first conversion to it, and lets other threads
#: read it half-made, which ends the process with a segmentation fault (measured with 0.22). A class
#: may decode others in its constructor, so the lock is re-entrant.
_CONVERT_LOCK = threading.RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one kind of source writes its data, and how strictly it is read."""

    #: The complaint about an unknown field.
    unknown_field: str = "is not a known field"
    #: Its word for a set of named values.
    object_word: str = "an object"
    #: Its word for None; empty if a field can only be left out.
    null_word: str = "null"
    #: Every field must be written, except those whose default is None.
    needs_every_field: bool = False
    #: Unknown fields are ignored.
    ignores_unknown: bool = False
    #: Every value is a text, parsed as its field's type.
    values_are_texts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One wrong value."""

    #: Its position in the tree; empty for the whole tree.
    path: str
    #: The rest of a sentence that begins with the path.
    complaint: str
    value: object = None
    #: The known fields, as paths, if the path names an unknown one.
    known: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The flaw as a sentence."""
        return f"{self.path or 'it'} {self.complaint}"


class MisfitError(ValueError):
    """The data does not fit the class; the message is the first flaw's sentence."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__(flaws[0].sentence)
        self.flaws = tuple(flaws)


def decode(kind: type[_T], tree: object, dialect: Dialect, path: str = "") -> _T:
    """Decode plain values into a frozen dataclass; `at` is the position of the tree.

    A field holds a plain value, a choice, a path, a tuple of these, a mapping by name, or another
    such dataclass. `Meta` gives bounds and patterns; its `description` replaces our words for what
    the field must be. A class checks what no type can express in `__post_init__`, raising
    ValueError with a message that begins with the field's name. NaN and infinities do not count as
    numbers. MisfitError names every flaw.
    """
    if all_flaws := list(flaws(kind, tree, dialect, path)):
        raise MisfitError(all_flaws)
    return _decode_known(kind, tree, dialect)


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
    with _CONVERT_LOCK:
        decoded = convert(tree, kind, str_keys=True)
    if unknown := list(_unknown_names(tree, json.decode(json_of(decoded)))):
        raise ValueError(f"{', '.join(unknown)}: unknown")
    return decoded


def _unknown_names(tree: Any, decoded: Any) -> Iterator[str]:
    """Names in the tree that the decoded value lacks."""
    if tree == decoded:
        return
    if isinstance(tree, dict):
        yield from (name for name in tree if name not in decoded)
        for name in tree.keys() & decoded.keys():
            yield from _unknown_names(tree[name], decoded[name])
    elif isinstance(tree, list):
        for value, one in zip(tree, decoded, strict=False):
            yield from _unknown_names(value, one)


def flaws(kind: Any, tree: object, dialect: Dialect, path: str = "") -> Iterator[Flaw]:
    """Everything that keeps the tree from being decoded: known fields first, then unknown ones."""
    if get_origin(kind) is dict or is_dataclass(kind):
        if not isinstance(tree, dict):
            yield _wrong_value(path, dialect.object_word, tree)
        elif is_dataclass(kind):
            yield from _dataclass_flaws(kind, tree, dialect, path)
        else:
            yield from _mapping_flaws(kind, tree, dialect, path)
    elif not _fits(kind, tree, dialect):
        yield _wrong_value(path, _expectation(kind, dialect), tree, _choices(kind))


def _dataclass_flaws(
    kind: Any, tree: Mapping[object, object], dialect: Dialect, path: str
) -> Iterator[Flaw]:
    known = _known_fields(kind)
    found_flaws = [
        flaw
        for name, info in known.items()
        for flaw in _field_flaws(name, info, tree, dialect, path)
    ]
    if not dialect.ignores_unknown:
        found_flaws += [
            _unknown_field(path, name, value, known, dialect)
            for name, value in tree.items()
            if name not in known
        ]
    yield from found_flaws
    if not found_flaws:
        try:
            _decode_known(kind, tree, dialect)
        except ValidationError as fault:
            name, _, complaint = str(fault.__cause__ or fault).partition(" ")
            yield Flaw(path=_join_path(path, name), complaint=complaint, value=tree)


def _field_flaws(
    name: str, info: _FieldInfo, tree: Mapping[object, object], dialect: Dialect, path: str
) -> Iterator[Flaw]:
    if name in tree:
        yield from flaws(info.kind, tree[name], dialect, _join_path(path, name))
    elif info.required or (dialect.needs_every_field and not info.optional):
        yield _missing(path, name)


def _mapping_flaws(
    kind: Any, tree: Mapping[object, object], dialect: Dialect, path: str
) -> Iterator[Flaw]:
    """The flaws of a mapping; a mapping by an enum has an entry for each member."""
    names, values = get_args(kind)
    members = [str(name) for name in names] if issubclass(names, StrEnum) else []
    yield from (_missing(path, name) for name in members if name not in tree)
    for name, value in tree.items():
        if _fits(names, name, dialect):
            yield from flaws(values, value, dialect, _join_path(path, name))
        else:
            yield _unknown_field(path, name, value, members, dialect)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FieldInfo:
    """The type of a class's field, and whether it must be given; an optional one never must."""

    kind: Any
    required: bool
    optional: bool


@cache
def _known_fields(kind: type) -> dict[str, _FieldInfo]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        f.name: _FieldInfo(
            kind=hints[f.name],
            required=f.default is MISSING and f.default_factory is MISSING,
            optional=f.default is None,
        )
        for f in fields(kind)
    }


def _fits(kind: Any, value: object, dialect: Dialect) -> bool:
    if kind is Any:
        return True
    if value is None and not dialect.null_word:
        return False
    needs_digits = dialect.values_are_texts and _without_bounds(kind) is int
    if needs_digits and isinstance(value, str) and not _WHOLE.fullmatch(value):
        return False
    try:
        # Among texts, "null" is a text like any other.
        decoded = _convert(kind if value is None else _without_none(kind), value, dialect)
    except (ValidationError, UnicodeEncodeError):  # The latter of half a surrogate pair.
        return False
    return not isinstance(decoded, float) or math.isfinite(decoded)


def _decode_known(kind: Any, tree: object, dialect: Dialect) -> Any:
    return _convert(kind, _without_unknown_fields(kind, tree), dialect)


def _without_unknown_fields(kind: Any, tree: Any) -> Any:
    """The tree without unknown fields; its keys may not even be text."""
    if not isinstance(tree, dict):
        return tree
    kind = _without_none(kind)
    if is_dataclass(kind):
        infos = _known_fields(kind)
        return {
            name: _without_unknown_fields(infos[name].kind, tree[name])
            for name in infos
            if name in tree
        }
    if get_origin(kind) is dict:
        return {
            name: _without_unknown_fields(get_args(kind)[1], value) for name, value in tree.items()
        }
    return tree


def _convert(kind: Any, value: object, dialect: Dialect) -> Any:
    with _CONVERT_LOCK:
        return convert(value, kind, strict=not dialect.values_are_texts, dec_hook=_decode_path)


def _decode_path(kind: type, value: object) -> object:
    """A path, which msgspec does not support; ValueError for the home of an unknown user."""
    assert kind is Path, kind
    if not isinstance(value, str):
        raise TypeError
    try:
        return Path(value).expanduser()
    except RuntimeError as fault:
        raise ValueError from fault


def _without_none(kind: Any) -> Any:
    """The type without None and without a NewType's name."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
    return getattr(kind, "__supertype__", kind)


def _without_bounds(kind: Any) -> Any:
    """The type without None and without bounds."""
    kind = _without_none(kind)
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _expectation(kind: Any, dialect: Dialect) -> str:
    """What a value must be, for a message."""
    meta = Meta()
    if get_origin(kind) is Annotated:
        kind, meta = get_args(kind)
    if meta.description:
        return meta.description
    if (inner := _without_none(kind)) is not kind:
        may_be_none = get_origin(kind) is not None and dialect.null_word
        return _expectation(inner, dialect) + (f" or {dialect.null_word}" if may_be_none else "")
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        listed = _choices(item)
        return (
            "a list out of " + ", ".join(listed)
            if listed
            else f"a list of {_plural(_without_bounds(item))}"
        )
    if choices := _choices(kind):
        return ("one of " if len(choices) > 1 else "") + ", ".join(choices)
    if meta.pattern:
        return "of the form " + meta.pattern.removeprefix(r"\A").removesuffix(r"\Z")
    return _TYPE_WORDS[kind] + _bounds(meta)


def _plural(kind: Any) -> str:
    return _TYPE_WORDS[kind].removeprefix("a ") + "s"


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
    words = " and ".join(f"{word} {bound}" for word, bound in sides.items() if bound is not None)
    return words and f" {words}"


def _wrong_value(path: str, expected: str, value: object, choices: Sequence[str] = ()) -> Flaw:
    nearest = get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    end = (
        f"; {nearest[0]} is nearest {_shortened_repr(value)}"
        if nearest
        else f", not {_shortened_repr(value)}"
    )
    return Flaw(path=path, complaint=f"must be {expected}{end}.", value=value)


def _missing(path: str, name: str) -> Flaw:
    return Flaw(path=_join_path(path, name), complaint="is missing.")


def _unknown_field(
    path: str, name: object, value: object, known: Iterable[str], dialect: Dialect
) -> Flaw:
    paths = tuple(_join_path(path, other) for other in known)
    return Flaw(
        path=_join_path(path, name), complaint=f"{dialect.unknown_field}.", value=value, known=paths
    )


def _shortened_repr(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # It has more digits than Python converts.
        return "a number without end"
    except RecursionError:
        return "something nested without end"
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "..."


def _join_path(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)
