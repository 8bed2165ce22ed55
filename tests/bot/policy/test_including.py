"""A concept includes what it names, and what that includes in turn."""

from __future__ import annotations

from dataclasses import dataclass

from bot.policy.including import closure


@dataclass(frozen=True)
class Named:
    includes: tuple[str, ...] = ()


CONCEPTS = {
    "animals": Named(("cats", "dogs")),
    "cats": Named(("lions",)),
    "dogs": Named(("animals",)),
    "lions": Named(("nothing known",)),
    "trees": Named(),
}


def test_inclusion_is_transitive_even_in_a_cycle() -> None:
    assert closure("animals", CONCEPTS) == {"animals", "cats", "dogs", "lions"}
    assert closure("dogs", CONCEPTS) == closure("animals", CONCEPTS)
    assert closure("trees", CONCEPTS) == {"trees"}


def test_an_unknown_concept_includes_nothing() -> None:
    assert closure("nothing known", CONCEPTS) == frozenset()
