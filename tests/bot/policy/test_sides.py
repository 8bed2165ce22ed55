"""All readings of a text are made first, and then each is searched."""

from __future__ import annotations

import pytest

from bot.policy.matching import Hit, Innocent, Vocabulary
from bot.policy.reading import UnreadableError
from bot.policy.sides import TextSide, detector
from bot.policy.spoken import Spoken
from bot.policy.terms import Known, Sightings, TermIndex
from bot.rulebooks import load

DETECTOR = detector(load())
#: It has readings of every kind: options, digits as letters, another view, joined words.
TANGLED = "[sky|tree], m00n, PicSmile, moonlightwalk, dusk"
NOTHING = Innocent(words=frozenset(), halves=frozenset(), familiar=frozenset())


class Watched(TermIndex):
    """An index that records what it is asked to search, and spends the same effort on each."""

    def __init__(self, effort: int = 0) -> None:
        super().__init__([], NOTHING)
        self.looked_at: list[str] = []
        self._effort = effort

    def look(self, line: Spoken, found: Sightings, known: Known) -> None:
        self.looked_at.append(line.text)
        line.spend(self._effort)


def side(effort_max: int, *indices: TermIndex) -> TextSide:
    return TextSide(TANGLED, DETECTOR, indices, effort_max)


def test_every_reading_is_searched_once_and_adds_effort() -> None:
    seen, dearer = Watched(3), Watched(4)
    effort = side(10_000, seen).effort
    said = " ".join(seen.looked_at)
    assert all(word in said for word in ("sky", "tree", "moon,", "pic smile", "moonlight walk"))
    assert len(seen.looked_at) > 5
    assert len(set(seen.looked_at)) == len(seen.looked_at)
    assert side(10_000, dearer).effort == effort + len(seen.looked_at)


def test_a_reading_costs_extra_effort_and_another_view_more() -> None:
    def effort(text: str) -> tuple[int, int]:
        """The effort beyond the characters, and the number of readings."""
        seen = Watched()
        read = TextSide(text, DETECTOR, (seen,), 10_000).effort
        return read - sum(map(len, seen.looked_at)), len(seen.looked_at)

    line, one = effort("sky")
    assert line > 0
    assert effort("sky and a sea") == (line, one) == (line, 1)
    assert effort("m00n") == (2 * line, 2)
    cost, readings = effort("PicSmile")
    assert cost > readings * line


def test_hits_in_a_repeated_text_add_effort_again() -> None:
    def effort(text: str) -> int:
        moons = TermIndex([(("words", "moons"), ["moon"])], NOTHING)
        return TextSide(text, DETECTOR, (moons,), 10_000).effort

    def repeated(word: str) -> str:
        return f"{'calm waters, ' * 6}{word}, {'calm waters, ' * 12}{word}, {'calm waters, ' * 6}"

    assert effort(repeated("m00n")) - effort(repeated("m00d")) > effort("moon") - effort("mood")


def test_a_text_whose_readings_are_too_long_is_not_searched() -> None:
    length = side(10_000, Watched()).effort
    fits, too_long = Watched(), Watched()
    side(length, fits)
    with pytest.raises(UnreadableError):
        side(length - 1, too_long)
    assert fits.looked_at
    assert not too_long.looked_at


def test_a_search_stops_as_soon_as_it_exceeds_its_limit() -> None:
    length = side(10_000, Watched()).effort
    slow = Watched(50)
    with pytest.raises(UnreadableError):
        side(length + 120, slow)
    assert len(slow.looked_at) == 3


def test_a_joined_word_is_split_among_words_of_other_scripts() -> None:
    seen = Watched()
    TextSide("ゅゎゐゑ, moonlightwalk, 뷁뷁", DETECTOR, (seen,), 10_000)
    assert any("moonlight walk" in text for text in seen.looked_at)


def test_a_repeated_phrase_is_found_at_every_position(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its readings differ only in where they begin, and are searched once."""
    searched: list[str] = []
    find = Vocabulary.find

    def recorded(vocabulary: Vocabulary, line: Spoken) -> list[Hit]:
        searched.append(line.text)
        return find(vocabulary, line)

    monkeypatch.setattr(Vocabulary, "find", recorded)
    calm = "calm waters, " * 4
    text = f"{calm}m00n, {calm}{calm}m00n, {calm}"
    moons = TermIndex([(("words", "moons"), ["moon"])], NOTHING)
    places = [at for at in range(len(text)) if text.startswith("m00n", at)]
    read = TextSide(text, DETECTOR, (moons,), 10_000)
    assert read.found.words["moons"] == {(at, at + 4) for at in places}
    assert len(places) == 2
    assert any("moon" in line for line in searched)
    assert len(set(searched)) == len(searched)
