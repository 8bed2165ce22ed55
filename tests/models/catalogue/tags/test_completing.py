"""The word that is typed is completed in place, as its member writes."""

from __future__ import annotations

import pytest

from models.catalogue.tags.book import KnownTag, TagBook
from models.catalogue.tags.completing import completions, uncounted
from models.catalogue.tags.glossary import NOTHING, Glossary
from tests.stages.words import embedded_words


def prompts(typed: str, most: int = 25) -> list[str]:
    return [one.prompt for one in completions(typed, embedded_words(), most)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("blue h", "blue hair"),
        ("1girl, blue_h", "1girl, blue_hair"),
        ("a girl with blue h", "a girl with blue hair"),
        ("(blue h", "(blue hair"),
        ("1girl,blue h", "1girl,blue hair"),
        ("BLUE H", "blue hair"),
        ("1girl, bunny e", "1girl, rabbit ears"),
        ("猫耳", "cat ears"),
        ("megan", "glasses"),
        ("1girl, brwn hair", "1girl, brown hair"),
        ("1girl, blue hair ⟨1.8k⟩, smil", "1girl, blue hair, smile"),
    ],
)
def test_the_word_that_is_typed_is_completed(typed: str, first: str) -> None:
    assert prompts(typed)[0] == first


def test_the_most_used_come_first_and_a_word_may_begin_within_a_tag() -> None:
    assert prompts("blue ", 3) == ["blue eyes", "blue hair", "blue background"]
    assert "red hair" in prompts("hair")


def test_nothing_fits_what_nobody_knows() -> None:
    assert prompts("1girl, xyzzy") == []
    assert completions("blu", NOTHING, 25) == []


def test_behind_a_comma_comes_what_is_not_said_yet() -> None:
    found = prompts("1girl, long hair, ")
    assert len(found) == 25
    assert all(prompt.startswith("1girl, long hair, ") for prompt in found)
    assert not any(prompt.endswith((" 1boy", " short hair", " masterpiece")) for prompt in found)
    assert prompts("")[0] == "1girl"


def test_a_tag_that_is_said_is_not_offered_again() -> None:
    assert "blue hair, blue hair" not in prompts("blue hair, blue h")


def test_how_well_a_tag_is_known_is_shown_and_taken_away_again() -> None:
    (one, *_) = completions("1girl, blue ha", embedded_words(), 5)
    assert one.note == "⟨1.8k⟩"
    for more in (", smile", " , smile"):
        assert uncounted(f"{one.prompt} {one.note}{more}") == "1girl, blue hair, smile"
    (other, *_) = completions("猫耳", embedded_words(), 5)
    assert other.note == "⟨猫耳 · 1.1k⟩"


def test_brackets_of_a_name_are_no_weights() -> None:
    words = Glossary(TagBook(tags={"saber (fate)": KnownTag(count=9), "^_^": KnownTag(count=1)}))
    assert [one.prompt for one in completions("sab", words, 5)] == [r"saber \(fate\)"]
    assert [one.prompt for one in completions("^_", words, 5)] == ["^_^"]
