"""Marks are kept for ever, so the way they are computed must never change."""

from __future__ import annotations

import pytest

from bot.domain import UserId
from bot.store.nameless import choice_mark, keyed_hash, member_mark

KEY = bytes(range(16))


@pytest.mark.parametrize(
    ("mark", "known"),
    [
        (keyed_hash(KEY, "text"), "d0e3b53e8c60c13e8845620bde0dd26c"),
        (member_mark(KEY, UserId(7)), "73141cfefb929f538fbdc69b51c9ec7d"),
        (choice_mark(KEY, "duel a b", UserId(7)), "d5dfc3c4e996a162ad109016cfc0810b"),
    ],
)
def test_marks_are_computed_as_they_always_were(mark: bytes, known: str) -> None:
    assert mark.hex() == known


def test_another_key_makes_other_marks() -> None:
    assert keyed_hash(KEY[::-1], "text") != keyed_hash(KEY, "text")
