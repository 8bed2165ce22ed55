"""The word being typed is completed in place, in the member's own way of writing."""

from __future__ import annotations

import pytest

from models.catalogue.tags.book import KnownTag, TagBook
from models.catalogue.tags.completing import completions, without_counts
from models.catalogue.tags.glossary import NOTHING, Glossary
from tests.stages.words import embedded_glossary


def prompts(typed: str, most: int = 25) -> list[str]:
    return [one.prompt for one in completions(typed, embedded_glossary(), most)]


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
def test_the_word_being_typed_is_completed(typed: str, first: str) -> None:
    assert prompts(typed)[0] == first


def test_common_tags_come_first_and_words_inside_a_tag_match() -> None:
    assert prompts("blue ", 3) == ["blue eyes", "blue hair", "blue background"]
    assert "red hair" in prompts("hair")


def test_an_unknown_word_gets_no_completions() -> None:
    assert prompts("1girl, xyzzy") == []
    assert completions("blu", NOTHING, 25) == []


def test_after_a_comma_tags_that_still_fit_are_offered() -> None:
    found = prompts("1girl, long hair, ")
    assert len(found) == 25
    assert all(prompt.startswith("1girl, long hair, ") for prompt in found)
    assert not any(prompt.endswith((" 1boy", " short hair", " masterpiece")) for prompt in found)
    assert prompts("")[0] == "1girl"


def test_a_tag_already_in_the_prompt_is_not_offered_again() -> None:
    assert "blue hair, blue hair" not in prompts("blue hair, blue h")


def test_a_tags_count_is_shown_and_stripped_from_the_prompt() -> None:
    (one, *_) = completions("1girl, blue ha", embedded_glossary(), 5)
    assert one.note == "⟨1.8k⟩"
    for more in (", smile", " , smile"):
        assert without_counts(f"{one.prompt} {one.note}{more}") == "1girl, blue hair, smile"
    (other, *_) = completions("猫耳", embedded_glossary(), 5)
    assert other.note == "⟨猫耳 · 1.1k⟩"


def test_brackets_in_a_tag_name_are_escaped() -> None:
    words = Glossary(TagBook(tags={"saber (fate)": KnownTag(count=9), "^_^": KnownTag(count=1)}))
    assert [one.prompt for one in completions("sab", words, 5)] == [r"saber \(fate\)"]
    assert [one.prompt for one in completions("^_", words, 5)] == ["^_^"]
