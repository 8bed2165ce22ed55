"""Each stage of reading alone: what it changes, what it leaves, and the positions it keeps."""

from __future__ import annotations

from functools import cache

import pytest

from bot.domain import RuleId, Ruling
from bot.policy.effect import Effect
from bot.policy.expressions import read
from bot.policy.folding import JOINT, Letters
from bot.policy.parting import Parting
from bot.policy.people import Names
from bot.policy.reading import (
    UnreadableError,
    negatively_weighted,
    readings,
    window_around,
    without_breaks,
)
from bot.policy.rulebook import decode_rulebook
from bot.policy.screening import Screen, Term, normalise
from bot.policy.splitting import words
from bot.policy.spoken import Spoken
from bot.policy.terms import outside, untouched
from bot.rulebooks import load, package_files


@cache
def letters() -> Letters:
    return Letters(load().lexicon.letters)


def said(text: str) -> set[str]:
    """Every reading of a text, without joints."""
    return {reading.text.replace(JOINT, "") for reading in readings(text)}


# Folding.


@pytest.mark.parametrize("unseen", ["\u0007", "\u009f", "\u180b", "\u200d", "\ud800"])
def test_invisible_characters_split_no_word(unseen: str) -> None:
    assert letters().fold(f"nu{unseen}de") == "nude"


@pytest.mark.parametrize("letter", ["\u1820", "\u0e32", "\u3042"])
def test_a_letter_of_a_script_with_its_own_marks_is_kept(letter: str) -> None:
    assert letters().fold(letter) == letter


@pytest.mark.parametrize(("letter", "plain"), [("\u048f", "p"), ("\u048b", "i"), ("\u047d", "w")])
def test_a_cyrillic_letter_with_a_hook_or_tail_reads_as_the_plain_one(
    letter: str, plain: str
) -> None:
    assert letters().fold(letter) == plain


# Breaks and the negative prompt.


def test_a_break_is_a_joint_and_the_texts_end_is_kept() -> None:
    for text in ("lo BREAK li  ", "  lo BREAK li", "lo BREAK  BREAK li "):
        joined = without_breaks(text)
        assert len(joined) == len(text), "positions in it are positions in the text"
        assert joined.replace(JOINT, "").strip() == "loli"
        assert joined.endswith("li" + " " * (len(text) - len(text.rstrip())))


def test_only_negative_weights_in_a_negative_prompt_are_wanted() -> None:
    wanted = negatively_weighted("(loli:-1), (smile:0), (hat:0.5), tree")
    assert "loli" in wanted
    assert not any(word in wanted for word in ("smile", "hat", "tree"))
    assert negatively_weighted("(loli:1), smile") == ""


@pytest.mark.parametrize("bracket", "([")
def test_a_text_with_too_many_brackets_is_unreadable(bracket: str) -> None:
    assert negatively_weighted(f"{bracket * 200} (x:-1)")
    with pytest.raises(UnreadableError):
        negatively_weighted(f"{bracket * 301} (x:-1)")


# Alternation, and digits for letters.


@pytest.mark.parametrize("head", ["", "a long and harmless head of many plain words here, "])
@pytest.mark.parametrize("alternation", ["lo[x|li]", "lo[li|x]", "[lo|x]li", "lo[x:li:0.5]"])
def test_an_option_is_read_with_the_letters_beside_it(head: str, alternation: str) -> None:
    assert any("loli" in text for text in said(head + alternation))


def test_up_to_four_signs_are_read_in_every_combination() -> None:
    either = {f"a{a}b{b}c{c}d{d}" for a in "il" for b in "il" for c in "il" for d in "il"}
    assert either <= said("a1b1c1d1")
    assert {"aibicidiei", "alblcldlel"} <= said("a1b1c1d1e1")


@pytest.mark.parametrize("head", ["", "a long and harmless head of many plain words here, "])
@pytest.mark.parametrize("written", ["l0li", "l 0 l i", "f/1.8, l 0 l i"])
def test_a_disguised_word_is_reported_as_it_was_written(head: str, written: str) -> None:
    (found,) = Screen(load()).findings(head + written)
    assert found.rule == "minors-sexualised"
    assert found.words == (written.removeprefix("f/1.8, "),)


def test_the_text_around_a_place_is_short_and_cuts_no_word() -> None:
    text = "some " + "verylongword" * 5 + " one two three four five six seven eight nine"
    for start in range(len(text)):
        first, last = window_around(text, start, start + 1)
        assert start - 32 <= first <= start < last <= start + 33
        assert first in (0, start) or not text[first - 1].isalnum()
        assert last in (start + 1, len(text)) or not text[last].isalnum()
        # At most a part of one word is left out.
        assert " " not in text[max(0, start - 32) : first].rstrip(" ")
        assert " " not in text[last : start + 33].lstrip(" ")


# Words run together.


def test_split_words_keep_their_positions() -> None:
    parting = Parting(["small", "yellow", "flower", "garden"])
    text = "x, smallyellowflower, y"
    (parted,) = parting.take_apart(Spoken(next(iter(readings(text)))), {"smallyellowflower"})
    for word in ("small", "yellow", "flower", "x", "y"):
        at = parted.text.rfind(word) if word == "y" else parted.text.find(word)
        start, end = parted.span_in_text(at, at + len(word))
        assert text[start:end] == word


def test_words_are_split_into_the_longest_parts() -> None:
    parting = Parting(["moon", "lightly", "moonligh", "tly"])
    assert parting.parts("moonlightly") == ("moonligh", "tly")


def test_only_long_words_have_little_words_as_parts() -> None:
    """`onthelake` has nine letters and stays, `onthebeach` has ten."""
    parting = Parting(["the", "lake", "beach"])
    assert parting.parts("onthelake") == ()
    assert parting.parts("onthebeach") == ("on", "the", "beach")


# Persons.


@cache
def names() -> Names:
    return Names(load().lexicon, letters().fold_all)


def people(text: str) -> list[str]:
    return [text[a:b] for a, b in names().find(text, words(text))]


def test_a_name_inside_a_longer_word_is_not_a_name() -> None:
    assert people("emma harrington") == ["emma harrington"]
    assert people("xemma harrington, emma") == []
    assert people("emmax harrington, emma") == []


def test_every_occurrence_of_a_given_name_is_checked() -> None:
    text = "emma, then emma harrington, then emma"
    assert people(text) == ["emma harrington"]
    assert people("emma harrington, emma, emma brown") == ["emma harrington", "emma brown"]


# A server's phrases, and the rules.


def test_only_floor_rules_find_words_in_an_allowed_phrase() -> None:
    screen = Screen(load(), allowed=("nude statue", "nude loli"))
    assert not screen.findings("a nude statue")
    assert {f.rule for f in screen.findings("nude, a nude statue")} == {"sexual"}
    assert "minors-sexualised" in {f.rule for f in screen.findings("nude loli")}


def test_near_words_beside_an_allowed_phrase_still_count() -> None:
    screen = Screen(load(), allowed=("spider lily",))
    assert {f.rule for f in screen.findings("spider lily, severed head")} == {"gore"}
    assert not screen.findings("spider lily, severed, a very big smile and a head")


def test_a_term_is_normalised_to_its_plain_form() -> None:
    assert normalise("\uff34wo   W\u00d6RDS", load()) == "two words"


def test_the_rulebook_has_the_effects_and_sources_of_its_files() -> None:
    """The floor strikes and alerts, and every concept names the source of its words."""
    book = decode_rulebook(package_files())
    assert book.rules[RuleId("minors-sexualised")].effect == Effect(
        ruling=Ruling.REFUSE, alert=True, strike=True
    )
    assert all(concept.source for concept in book.concepts.values())


def test_a_harmless_phrase_shields_only_what_it_holds_or_cuts() -> None:
    shields = {(6, 16)}
    held, cut_behind, cut_before, around_it, beside = (6, 9), (0, 9), (10, 20), (0, 30), (20, 24)
    spans = {held, cut_behind, cut_before, around_it, beside}
    assert untouched(spans, shields) == {around_it, beside}
    assert outside(spans, shields) == spans - {held}
    assert untouched(spans, ()) == spans


def test_a_condition_keeps_its_text() -> None:
    assert read("nude and not-a-word").text == "nude and not-a-word"


PHRASE = ["purple", "flying", "wizard", "castle", "dragon", "garden", "yellow", "winter", "summer"]


@pytest.mark.parametrize("size", [2, 5, 6, 8, 9])
@pytest.mark.parametrize("disguised", [(0,), (-1,), (0, -1)])
def test_one_disguised_word_hides_no_phrase_however_long(
    size: int, disguised: tuple[int, ...]
) -> None:
    term = PHRASE[:size]
    written = list(term)
    for at in disguised:
        written[at] = written[at][0] + written[at][1] * 3 + written[at][2:]
    screen = Screen(load(), blocked=[Term(text=" ".join(term))])
    assert screen.findings(f"1girl, {' '.join(written)}, smile")
    assert not screen.findings(f"1girl, {' '.join(written[1:])}, smile")


def test_one_disguised_word_hides_no_phrase_of_the_rulebook() -> None:
    screen = Screen(load())
    plain = screen.findings("the retarded kid of my class")
    assert plain
    for written in ("the retarded kid of my claaass", "thhhe retarded kid of my class"):
        assert {f.rule for f in screen.findings(written)} == {f.rule for f in plain}
