"""People are found by their names, and fictional characters are not people."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from bot.policy.folding import Letters
from bot.policy.people import Names, is_told_of
from bot.policy.screening import Screen
from bot.policy.splitting import words
from bot.rulebooks import load


@cache
def screen() -> Screen:
    return Screen(load())


def is_person(prompt: str) -> bool:
    return "real-person" in {finding.rule for finding in screen().findings(prompt)}


@pytest.mark.parametrize("concept", ["famous", "characters"])
def test_a_listed_name_is_a_persons_or_a_characters(concept: str) -> None:
    """Every tenth name, as listed and in lower case."""
    names = sorted(load().concepts[concept].spellings())[::10]
    wrong = [
        name
        for name in names
        for said in (name, name.lower())
        if is_person(f"{said}, smile") is not (concept == "famous")
    ]
    share = len(wrong) / len(names) / 2
    assert share <= (0.0 if concept == "famous" else 0.01), wrong


def test_no_character_hides_a_famous_person() -> None:
    """`Watson Amelia` is a character."""
    assert not is_person("Watson Amelia, smile")
    assert is_person("Emma Watson Amelia, smile")


@pytest.mark.parametrize(
    "prompt",
    [
        "Oliver Harrington in a garden", "jennifer hartmann, smile", "Jean-Pierre Dubois",
        "Мария Иванова", "singer Olivia", "Emma, a famous actress", "photo of Emma Quixlington",
        "Emma Brown", "portrait of Kevin De Bruynevink", "photo of Mary J. Blightwick",
        # A word such as *das* is a family name where nothing follows it.
        "Anita Das", "anita das, smile",
        # An initial or a patronymic stands between.
        "Oliver J. Harrington", "Natalia Sergeevna Ivanova", "Dmitri Pavlovich Ivanov",
    ],
)  # fmt: skip
def test_an_unlisted_name_is_found_by_its_shape(prompt: str) -> None:
    assert is_person(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "emma brown hair", "jade green eyes", "rose garden", "Emma, Oliver", "Emma. Harrington",
        "Emma Quixlingar", "photo of Emma Takanashi", "yui takanashi", "grace hill", "amy in rain",
        "hatsune miku", "miku hatsune", "alice (wonderland)", "a singer on stage", "1girl, anna",
        "elfa sem roupa, rio", "elfa sem medo na floresta",
    ],
)  # fmt: skip
def test_other_words_are_not_a_persons_name(prompt: str) -> None:
    assert not is_person(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "Mr Peterson, office", "my neighbour mrs. peterson", "Dr. Peterson's garden",
        "Ms. Okafor", "portrait of Ms. Chidinma Okafor", "Prof. Lindqvistson smiling",
        "J. R. Peterson by the lake", "J.R.Peterson, smile", "j. r. r. peterson", "J. R. Whitcombe",
    ],
)  # fmt: skip
def test_a_family_name_after_a_title_or_initials_is_a_persons(prompt: str) -> None:
    assert is_person(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "Mr Darcy in a garden", "mr. krabs", "miss fortune", "Dr. Stone, smile", "dr martens",
        "ms paint", "Miss Universe", "K.K. Slider", "Monkey D. Luffy", "miss Takanashi",
        # The artist of a picture is not the person in it.
        "a nymph by J. R. Peterson", "in the style of J. R. Peterson", "J. R. Peterson style",
        # No initials, or no family name after them.
        "fruits, e.g. peterson pears", "u.s. peterson", "l.a. peterson", "7 p.m. peterson",
        "J. Peterson", "bj.r. peterson", "c.c. geass", "f.f. tombstone", "mrpeterson",
        "mr of peterson", "mr peterbred. peterson",
    ],
)  # fmt: skip
def test_other_words_after_a_title_or_initials_are_not_names(prompt: str) -> None:
    assert not is_person(prompt)


def test_a_word_of_a_concept_is_not_a_family_name() -> None:
    """A picture of somebody is asked for, and `topless` is in no list of ordinary words."""
    assert "topless" not in load().lexicon.ordinary
    assert "real-person" not in {f.rule for f in screen().findings("rangiku matsumoto topless")}
    assert is_person("photo of Emma Quixlington, topless")


def test_a_character_who_shares_part_of_a_name_hides_nobody() -> None:
    assert "Stark" in set(load().concepts["characters"].spellings())
    assert not is_person("Stark, smile")
    assert is_person("Oliver Stark-Harrington, smile")
    assert is_person("Emma Stark, smile")
    assert is_person("Tony Stark, Emma Watson")


@pytest.mark.parametrize(
    "between", [", ", " BREAK ", ":0.01) ", "] "], ids=["comma", "break", "weight", "bracket"]
)
def test_a_characters_name_does_not_cross_a_separator(between: str) -> None:
    """`Leon Magnus` is a character, but in `Leon, Magnus Carlsen` the second is a person."""
    assert {"Leon Magnus"} <= set(load().concepts["characters"].spellings())
    begin = {":0.01) ": "(", "] ": "["}.get(between, "")
    assert is_person(f"{begin}Leon{between}Magnus Carlsen, smile")
    assert not is_person("Leon Magnus, smile")


@pytest.mark.parametrize("name", ["Leon Magnus Carlsen", "Leon Magnus-Carlsen"])
def test_a_name_that_continues_after_a_characters_is_a_persons(name: str) -> None:
    assert is_person(f"{name}, smile")
    assert is_person(f"portrait of {name}")
    assert not is_person("Leon Magnus the Brave, smile")


@pytest.mark.parametrize(
    "prompt", ["Anna Schmidt Watson Amelia, nude", "Priya Das, nude", "Kamala Das, naked"]
)
def test_no_character_or_little_word_after_a_name_hides_a_person(prompt: str) -> None:
    assert "real-person-sexual" in {finding.rule for finding in screen().findings(prompt)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ((10, 20), True),
        ((10, 15), True),
        ((15, 20), True),
        ((5, 15), True),
        ((5, 20), False),
        ((10, 21), False),
        ((5, 10), False),
        ((20, 25), False),
    ],
)
def test_a_name_that_contains_a_characters_name_is_not_the_characters(
    *, name: tuple[int, int], expected: bool
) -> None:
    assert is_told_of(name, (10, 20)) is expected


def test_a_given_name_before_a_characters_is_not_a_persons() -> None:
    """`Summer Roy` is no person where `Roy Mustang` is a character."""
    assert is_person("Summer Roy, smile")
    assert not is_person("Summer Roy Mustang, smile")


def test_a_comma_separates_a_title_from_a_later_family_name() -> None:
    assert is_person("mr oliver harrington naked")
    assert is_person("mr quixl harrington naked")
    assert not is_person("mr quixl, harrington smile")


def test_names_are_found_whole() -> None:
    names = Names(load().lexicon, list)
    text = "a photo of emma van der harrington today"
    assert [text[a:b] for a, b in names.find(text, text.split())] == ["emma van der harrington"]
    assert not list(names.find("emma x y z harrington", ["emma"]))


LEXICON = load().lexicon
LETTERS = Letters(LEXICON.letters)
NAMES = Names(LEXICON, LETTERS.each)
ALONE = sorted(NAMES.given - LEXICON.ordinary - LEXICON.tags)


@pytest.mark.parametrize(
    "text", ["{}", "a 1{}, x", "é {}", "({}:1.2)", "裸、{}。", "{}-{}", "an {}"]
)
def test_a_first_name_is_found_wherever_it_is_typed(text: str) -> None:
    """Text without a known name is not searched: that must not miss any name."""
    names = [name for name in ALONE if len(name) > 3][::100]
    typed = [LETTERS.folded(text.format(name, name)) for name in names]
    assert all(NAMES.first_names(each, words(each)) for each in typed)


def test_a_first_name_of_several_words_is_found() -> None:
    """Each kanji counts as a word."""
    names = Names(replace(LEXICON, given_names=frozenset({"太郎左衛門"})), LETTERS.each)
    assert names.first_names("太郎左衛門", words("太郎左衛門"))


@pytest.mark.parametrize("name", ["doshi", "meza", "peterson"])
def test_a_listed_family_name_counts_even_if_it_looks_japanese(name: str) -> None:
    assert name in LEXICON.surnames
    assert list(NAMES.last_names(name)) == [(0, len(name))]


def test_a_particle_cannot_end_a_name() -> None:
    assert "van" in LEXICON.surnames
    assert not list(NAMES.find("emma van", ["emma", "van"]))
