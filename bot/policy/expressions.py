"""When a rule holds: an expression over concepts, parsed once and evaluated for every prompt."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

#: Where something stands in a text, from its first character to behind its last.
Span: TypeAlias = tuple[int, int]


class Side(Protocol):
    """One side of what was asked, as far as expressions look at it."""

    def spans(self, concept: str) -> Collection[Span]:
        """Where a concept's words stand."""
        ...

    def words_between(self, left: Span, right: Span) -> int:
        """How many words stand between two places."""
        ...

    def texts_at(self, spans: Collection[Span]) -> list[str]:
        """The texts at these places, as they were written."""
        ...

    @property
    def opposite(self) -> Side:
        """What is not wanted."""
        ...


#: The places that made a rule hold, each with its side; None: it does not hold.
Places: TypeAlias = list[tuple[Side, Span]]


class Condition(Protocol):
    """What can be asked of a side."""

    def test(self, seen: Side) -> Places | None:
        """The places that make it hold; None: it does not."""
        ...

    def narrowed(self, present: Collection[str], unwanted: Collection[str]) -> Condition | None:
        """What is left of it where no other concepts stand than these; None: it cannot hold.

        `unwanted`: those on the opposite side.
        """
        ...


class ExpressionError(ValueError):
    """An expression cannot be read; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A condition, ready to be asked."""

    text: str
    concepts: frozenset[str]
    #: Those of them that are looked for in what is not wanted.
    unwanted: frozenset[str]
    condition: Condition


_NONE: Mapping[str, When] = {}
_SIGN = re.compile(r"\s*+(?:(?P<word>[a-z0-9][a-z0-9-]*+)|(?P<bracket>[()]))")
_RESERVED = frozenset({"and", "or", "but", "not", "near", "unwanted"})


def read(text: str, combined: Mapping[str, When] = _NONE) -> When:
    """An expression as written in a rule; ExpressionError if it is none.

    `combined`: expressions that it may call by a name, as it does a concept.
    """
    reader = _Reader(text, combined)
    condition = reader.either()
    reader.expect_end()
    return When(
        text=text,
        concepts=frozenset(reader.concepts),
        unwanted=frozenset(reader.unwanted),
        condition=condition,
    )


class _Reader:
    """Goes through an expression from left to right."""

    def __init__(self, text: str, combined: Mapping[str, When]) -> None:
        self._text = text
        self._combined = combined
        self._signs = [*_signs(text), ""]
        self._at = 0
        self.concepts: set[str] = set()
        self.unwanted: set[str] = set()

    def either(self) -> Condition:
        """One or more conditions between `or`."""
        conditions = [self._both()]
        while self._take("or"):
            conditions.append(self._both())
        return conditions[0] if len(conditions) == 1 else _Any(conditions)

    def expect_end(self) -> None:
        if self._sign:
            raise self._fault("nothing or one of `and`, `or`, `but not`, `near`")

    @property
    def _sign(self) -> str:
        return self._signs[self._at]

    def _take(self, sign: str) -> bool:
        taken = self._sign == sign
        self._at += taken
        return taken

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise self._fault(f"`{sign}`")

    def _fault(self, wanted: str) -> ExpressionError:
        found = f"`{self._sign}`" if self._sign else "the end"
        return ExpressionError(f"`{self._text}` has {found} where {wanted} must stand")

    def _both(self) -> Condition:
        condition = self._one()
        while True:
            if self._take("and"):
                condition = _All(condition, self._one())
            elif self._take("but"):
                self._need("not")
                condition = _ButNot(condition, self._one())
            elif self._take("near"):
                condition = _Near(condition, self._distance(), self._one())
            else:
                return condition

    def _distance(self) -> int:
        if not self._sign.isdecimal():
            raise self._fault("a number of words")
        self._at += 1
        return int(self._signs[self._at - 1])

    def _one(self) -> Condition:
        if self._take("("):
            condition = self.either()
            self._need(")")
            return condition
        if self._take("unwanted"):
            concept = self._name()
            self.unwanted.add(concept)
            return _Unwanted(_Present(concept))
        if self._sign in self._combined:
            return self._combination()
        return _Present(self._name())

    def _combination(self) -> Condition:
        known = self._combined[self._sign]
        self._at += 1
        self.concepts |= known.concepts
        self.unwanted |= known.unwanted
        return known.condition

    def _name(self) -> str:
        if not self._sign or self._sign in _RESERVED or self._sign in "()":
            raise self._fault("a concept")
        self._at += 1
        self.concepts.add(self._signs[self._at - 1])
        return self._signs[self._at - 1]


def _signs(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        sign = _SIGN.match(text, at)
        if sign is None:
            raise ExpressionError(f"`{text}` cannot be read from `{text[at:].strip()}` on")
        yield sign["word"] or sign["bracket"]
        at = sign.end()


#: More pairs than these are not compared.
_PAIRS_MAX = 400


@dataclass(frozen=True, slots=True)
class _Present:
    """A concept stands there."""

    concept: str

    def test(self, seen: Side) -> Places | None:
        return [(seen, span) for span in seen.spans(self.concept)] or None

    def narrowed(self, present: Collection[str], unwanted: Collection[str]) -> Condition | None:
        del unwanted
        return self if self.concept in present else None


@dataclass(frozen=True, slots=True)
class _Any:
    parts: list[Condition]

    def test(self, seen: Side) -> Places | None:
        found = [places for part in self.parts if (places := part.test(seen))]
        return [place for places in found for place in places] or None

    def narrowed(self, present: Collection[str], unwanted: Collection[str]) -> Condition | None:
        left = [part for whole in self.parts if (part := whole.narrowed(present, unwanted))]
        return _Any(left) if len(left) > 1 else left[0] if left else None


@dataclass(frozen=True, slots=True)
class _All:
    left: Condition
    right: Condition

    def test(self, seen: Side) -> Places | None:
        first = self.left.test(seen)
        second = self.right.test(seen) if first else None
        return [*first, *second] if first and second else None

    def narrowed(self, present: Collection[str], unwanted: Collection[str]) -> Condition | None:
        left = self.left.narrowed(present, unwanted)
        right = self.right.narrowed(present, unwanted)
        return _All(left, right) if left and right else None


@dataclass(frozen=True, slots=True)
class _ButNot:
    left: Condition
    right: Condition

    def test(self, seen: Side) -> Places | None:
        return None if self.right.test(seen) else self.left.test(seen)

    def narrowed(self, present: Collection[str], unwanted: Collection[str]) -> Condition | None:
        left = self.left.narrowed(present, unwanted)
        right = self.right.narrowed(present, unwanted)
        return _ButNot(left, right) if left and right else left


@dataclass(frozen=True, slots=True)
class _Unwanted:
    inner: Condition

    def test(self, seen: Side) -> Places | None:
        return self.inner.test(seen.opposite)

    def narrowed(self, present: Collection[str], unwanted: Collection[str]) -> Condition | None:
        del present
        inner = self.inner.narrowed(unwanted, ())
        return _Unwanted(inner) if inner else None


@dataclass(frozen=True, slots=True)
class _Near:
    """Pairs on one side; where there are too many to compare, they count as near."""

    left: Condition
    distance: int
    right: Condition

    def test(self, seen: Side) -> Places | None:
        first = self.left.test(seen)
        second = self.right.test(seen) if first else None
        if not first or not second:
            return None
        if len(first) * len(second) > _PAIRS_MAX:
            return [*first, *second]
        for one, here in first:
            for other, there in second:
                if one is other and one.words_between(here, there) <= self.distance:
                    return [(one, here), (other, there)]
        return None

    def narrowed(self, present: Collection[str], unwanted: Collection[str]) -> Condition | None:
        left = self.left.narrowed(present, unwanted)
        right = self.right.narrowed(present, unwanted)
        return _Near(left, self.distance, right) if left and right else None
