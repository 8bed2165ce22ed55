"""Each stage of reading by itself: what it opens, what it leaves, and where things stand."""

from __future__ import annotations

from functools import cache

import pytest

from bot.domain import RuleId, Ruling
from bot.policy.effect import Effect
from bot.policy.expressions import read
from bot.policy.folding import JOINT, Letters
from bot.policy.parting import Parting
from bot.policy.people import Names
from bot.policy.reading import UnreadableError, around, readings, turned, without_breaks
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
    """Every way to read it, without what stands for nothing."""
    return {reading.text.replace(JOINT, "") for reading in readings(text)}


# Folding.


@pytest.mark.parametrize("unseen", ["\u0007", "\u009f", "\u180b", "\u200d", "\ud800"])
def test_what_nobody_sees_parts_no_word(unseen: str) -> None:
    assert letters().folded(f"nu{unseen}de") == "nude"


@pytest.mark.parametrize("letter", ["\u1820", "\u0e32", "\u3042"])
def test_a_letter_of_a_script_that_has_its_own_marks_stays(letter: str) -> None:
    assert letters().folded(letter) == letter


@pytest.mark.parametrize(("letter", "plain"), [("\u048f", "p"), ("\u048b", "i"), ("\u047d", "w")])
def test_a_cyrillic_letter_with_a_hook_or_a_tail_reads_as_without(letter: str, plain: str) -> None:
    assert letters().folded(letter) == plain


# Breaks and the negative prompt.


def test_a_break_is_a_joint_and_the_texts_end_stays_as_it_is() -> None:
    for text in ("lo BREAK li  ", "  lo BREAK li", "lo BREAK  BREAK li "):
        joined = without_breaks(text)
        assert len(joined) == len(text), "places in it are places in the text"
        assert joined.replace(JOINT, "").strip() == "loli"
        assert joined.endswith("li" + " " * (len(text) - len(text.rstrip())))


def test_of_a_negative_prompt_only_what_has_a_negative_weight_is_wanted() -> None:
    wanted = turned("(loli:-1), (smile:0), (hat:0.5), tree")
    assert "loli" in wanted
    assert not any(word in wanted for word in ("smile", "hat", "tree"))
    assert turned("(loli:1), smile") == ""


@pytest.mark.parametrize("bracket", "([")
def test_more_brackets_than_anybody_means_are_unreadable(bracket: str) -> None:
    assert turned(f"{bracket * 200} (x:-1)")
    with pytest.raises(UnreadableError):
        turned(f"{bracket * 301} (x:-1)")


# Alternation, and digits for letters.


@pytest.mark.parametrize("head", ["", "a long and harmless head of many plain words here, "])
@pytest.mark.parametrize("alternation", ["lo[x|li]", "lo[li|x]", "[lo|x]li", "lo[x:li:0.5]"])
def test_an_option_is_read_with_what_stands_beside_it_wherever_that_is(
    head: str, alternation: str
) -> None:
    assert any("loli" in text for text in said(head + alternation))


def test_four_signs_of_a_word_are_read_in_every_combination_and_more_all_alike() -> None:
    either = {f"a{a}b{b}c{c}d{d}" for a in "il" for b in "il" for c in "il" for d in "il"}
    assert either <= said("a1b1c1d1")
    assert {"aibicidiei", "alblcldlel"} <= said("a1b1c1d1e1")


@pytest.mark.parametrize("head", ["", "a long and harmless head of many plain words here, "])
@pytest.mark.parametrize("written", ["l0li", "l 0 l i", "f/1.8, l 0 l i"])
def test_a_disguised_word_is_told_as_it_was_written_wherever_it_stands(
    head: str, written: str
) -> None:
    (found,) = Screen(load()).findings(head + written)
    assert found.rule == "minors-sexualised"
    assert found.words == (written.removeprefix("f/1.8, "),)


def test_what_stands_around_a_place_is_short_and_cuts_no_word() -> None:
    text = "some " + "verylongword" * 5 + " one two three four five six seven eight nine"
    for start in range(len(text)):
        first, last = around(text, start, start + 1)
        assert start - 32 <= first <= start < last <= start + 33
        assert first in (0, start) or not text[first - 1].isalnum()
        assert last in (start + 1, len(text)) or not text[last].isalnum()
        # What is left out is at most a part of one word.
        assert " " not in text[max(0, start - 32) : first].rstrip(" ")
        assert " " not in text[last : start + 33].lstrip(" ")


# Words run together.


def test_words_that_were_run_together_are_told_where_they_stand() -> None:
    parting = Parting(["small", "yellow", "flower", "garden"])
    text = "x, smallyellowflower, y"
    (parted,) = parting.parted(Spoken(next(iter(readings(text)))), {"smallyellowflower"})
    for word in ("small", "yellow", "flower", "x", "y"):
        at = parted.text.rfind(word) if word == "y" else parted.text.find(word)
        start, end = parted.placed(at, at + len(word))
        assert text[start:end] == word


def test_words_are_taken_apart_into_the_longest_that_there_are() -> None:
    parting = Parting(["moon", "lightly", "moonligh", "tly"])
    assert parting.parts("moonlightly") == ("moonligh", "tly")


def test_little_words_are_parts_of_long_words_alone() -> None:
    """`onthelake` has nine letters and stays, `onthebeach` has ten."""
    parting = Parting(["the", "lake", "beach"])
    assert parting.parts("onthelake") == ()
    assert parting.parts("onthebeach") == ("on", "the", "beach")


# Persons.


@cache
def names() -> Names:
    return Names(load().lexicon, letters().each)


def people(text: str) -> list[str]:
    return [text[a:b] for a, b in names().find(text, words(text))]


def test_a_name_inside_of_a_longer_word_is_none() -> None:
    assert people("emma harrington") == ["emma harrington"]
    assert people("xemma harrington, emma") == []
    assert people("emmax harrington, emma") == []


def test_each_time_that_a_name_stands_there_counts() -> None:
    told = "emma, then emma harrington, then emma"
    assert people(told) == ["emma harrington"]
    assert people("emma harrington, emma, emma brown") == ["emma harrington", "emma brown"]


# A server's phrases, and the rules.


def test_in_an_allowed_phrase_only_floor_and_licence_find_anything() -> None:
    screen = Screen(load(), allowed=("nude statue", "nude loli"))
    assert not screen.findings("a nude statue")
    assert {f.rule for f in screen.findings("nude, a nude statue")} == {"sexual"}
    assert "minors-sexualised" in {f.rule for f in screen.findings("nude loli")}


def test_beside_an_allowed_phrase_words_count_that_stand_near_each_other() -> None:
    screen = Screen(load(), allowed=("spider lily",))
    assert {f.rule for f in screen.findings("spider lily, severed head")} == {"gore"}
    assert not screen.findings("spider lily, severed, a very big smile and a head")


def test_a_term_is_kept_in_its_plain_form() -> None:
    assert normalise("\uff34wo   W\u00d6RDS", load()) == "two words"


def test_what_stands_in_the_files_of_the_rulebook_is_in_the_rulebook() -> None:
    """The floor strikes and alerts, and every concept says where its words are from."""
    book = decode_rulebook(package_files())
    assert book.rules[RuleId("minors-sexualised")].effect == Effect(
        ruling=Ruling.REFUSE, alert=True, strike=True
    )
    assert all(concept.source for concept in book.concepts.values())


def test_a_harmless_phrase_takes_what_it_holds_or_cuts_and_no_more() -> None:
    shields = {(6, 16)}
    held, cut_behind, cut_before, around_it, beside = (6, 9), (0, 9), (10, 20), (0, 30), (20, 24)
    spans = {held, cut_behind, cut_before, around_it, beside}
    assert untouched(spans, shields) == {around_it, beside}
    assert outside(spans, shields) == spans - {held}
    assert untouched(spans, ()) == spans


def test_a_condition_keeps_how_it_was_written() -> None:
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
