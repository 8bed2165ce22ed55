"""Unknown words are read as the terms that they were meant to be."""

from __future__ import annotations

import pytest

from bot.policy.reading import Reading
from bot.policy.respelling import Respelling
from bot.policy.spoken import Spoken

RESPELLING = Respelling({"lilac", "hut", "plum", "mountain", "12345", "орлик"})


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("iiiac", "lilac"),
        ("llvac", None),
        ("piuin", None),
        ("pivm", "plum"),
        ("plvm", "plum"),
        ("plum", None),  # a term itself is not misspelled
        ("hvt", None),  # too short
        ("mountian", "mountain"),
        ("muontain", "mountain"),
        ("omuntain", None),  # the first letter must be right
        ("mountani", "mountain"),
        ("plmu", None),
        ("horse", None),
        ("plüm", None),
        ("13245", None),  # neither digits nor letters of other scripts are swapped
        ("олрик", None),
    ],
)
def test_a_misspelled_word_is_read_as_its_term(word: str, meant: str | None) -> None:
    assert RESPELLING.intended(word) == meant


def test_a_respelled_word_keeps_its_position() -> None:
    line = Spoken(Reading("a pivm, and more", start=10))
    (reading,) = RESPELLING.readings(line, {"pivm"})
    assert reading.text == "a plum, and more"
    assert reading.span_in_text(2, 6) == (12, 16)
    assert [*RESPELLING.readings(line, {"more"})] == []


SLIPPED = Respelling({"lilacs", "plum"}, grave={"lilacs", "mountain"}, ordinary={"lucas", "licks"})


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("liacs", "lilacs"),
        ("lolacs", "lilacs"),
        ("ilacs", None),  # the first letter must be right
        ("lilacks", None),  # an extra letter is not a slip
        ("lilbcs", None),  # only a vowel may be wrong
        ("lilocs", "lilacs"),
        ("lias", None),
        ("liccs", None),
        ("licas", None),  # as near to an ordinary word
        ("plm", None),  # too short
        ("montain", "mountain"),
    ],
)
def test_a_slip_in_a_grave_term_is_corrected(word: str, meant: str | None) -> None:
    assert SLIPPED.intended(word) == meant


@pytest.mark.parametrize(("typed", "meant"), [("liacs", "lilacs"), ("lilocs", "lilacs")])
def test_a_corrected_slip_keeps_its_position(typed: str, meant: str) -> None:
    line = Spoken(Reading(f"a {typed}, and more", start=10))
    (reading,) = SLIPPED.readings(line, {typed})
    assert reading.text == f"a {meant}, and more"
    assert reading.span_in_text(2, 2 + len(meant)) == (12, 12 + len(typed))
    assert reading.span_in_text(2 + len(meant), len(reading.text)) == (
        12 + len(typed),
        10 + len(line.text),
    )
