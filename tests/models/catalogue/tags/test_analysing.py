"""Which words of a prompt a model knows, however they are written, and which it has never seen."""

from __future__ import annotations

import pytest

from models.catalogue.tags.analysing import analyse
from models.catalogue.tags.book import KnownTag, TagBook
from models.catalogue.tags.glossary import NOTHING, Glossary
from tests.stages.words import embedded_glossary, long_book


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("1girl, blue hair", {"1girl", "blue hair"}),
        ("Blue_Hair,glasses", {"blue hair", "glasses"}),
        ("a girl with long straight blue hair", {"1girl", "long hair", "blue hair"}),
        ("cat girl", {"cat ears", "1girl"}),
        ("(blue eyes:1.3), [smile], <lora:x:1>", {"blue eyes", "smile"}),
        ("(glasses:0), smile", {"smile"}),
        ("cat ear, bubbles", {"cat ears", "bubble"}),
        (":3, >_<", {":3"}),
        ("1girl BREAK smile", {"1girl", "smile"}),
        ("青い髪の女の子、猫耳", {"blue hair", "1girl", "cat ears"}),
    ],
)
def test_known_tags_are_found(prompt: str, said: set[str]) -> None:
    assert set(analyse(prompt, embedded_glossary()).tags) == said


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("1girl, sushi, city", ("sushi", "city")),
        ("a girl in a forest", ("forest",)),
        ("masterpiece, best quality, 4k", ()),
        ("blue sushi", ("sushi",)),
        ("smile!!, 'glasses'", ()),
        ("1girl 🍣", ("🍣",)),
        ("(sushi:-1), smile", ()),
        ("..., 12, ---", ()),
    ],
)
def test_unknown_words_are_named(prompt: str, unknown: tuple[str, ...]) -> None:
    assert analyse(prompt, embedded_glossary()).unknown == unknown


@pytest.mark.parametrize(
    ("prompt", "strange"),
    [
        ("sushi, city", True), ("🍣🍣", True), ("sushi with a city", True),
        ("sushi, smile", False), ("waifu", False), ("blue", False), ("猫耳", False), ("...", False),
    ],
)  # fmt: skip
def test_a_prompt_of_only_unknown_words_is_strange(prompt: str, *, strange: bool) -> None:
    assert analyse(prompt, embedded_glossary()).is_strange is strange


def test_synonyms_the_model_never_saw_are_reported_as_foreign() -> None:
    """The model reads `bunny ears`, which its captions contained, but not `猫耳`."""
    assert not analyse("bunny ears", embedded_glossary()).foreign
    found = analyse("猫耳, smile", embedded_glossary())
    assert found.foreign == {"猫耳": ("cat ears",)}
    assert not found.unknown


@pytest.mark.parametrize(
    ("prompt", "near"),
    [
        ("1girl, brwn hair", {"brwn hair": "brown hair"}),
        ("1girl, glases", {"glases": "glasses"}),
        ("a girl with twintials and freckels", {"twintials": "twintails", "freckels": "freckles"}),
        ("1girl, sushi", {}),
        ("1girl, ht", {}),
    ],
)
def test_a_typo_is_matched_to_the_nearest_tag(prompt: str, near: dict[str, str]) -> None:
    assert analyse(prompt, embedded_glossary()).corrections == near


def test_a_hundred_unknown_words_are_all_named() -> None:
    words = tuple(f"zq{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(100))
    found = analyse(", ".join(words), embedded_glossary())
    assert found.unknown == words
    assert found.is_strange


def test_without_a_tags_file_no_word_is_called_unknown() -> None:
    found = analyse("sushi, 🍣, brwn hair", NOTHING)
    assert not found.unknown
    assert not found.is_strange


def test_the_right_name_is_found_in_a_long_list() -> None:
    words = Glossary(long_book(3_000))
    name = next(text for text in words.book.tags if len(text) > 12 and " " in text)
    slip = name[:3] + name[4:]
    assert analyse(name, words).tags == (name,)
    assert words.nearest(slip) == [name]


def test_plurals_and_hyphens_do_not_make_new_words() -> None:
    words = Glossary(TagBook(tags={"cat ears": KnownTag(), "t-shirt": KnownTag()}))
    assert analyse("cat-ears, t-shirts", words).tags == ("cat ears", "t-shirt")
