"""Inflected forms of known words are neither split nor respelled."""

from __future__ import annotations

import pytest

from bot.policy.inflection import Inflection, never_a_form
from bot.policy.parting import Parting
from bot.policy.respelling import Respelling
from bot.policy.screening import Screen
from bot.rulebooks import load

INFLECTION = Inflection({"document", "draped", "separable", "veil", "naked", "cat"}, {"naked"})


@pytest.mark.parametrize(
    "word", ["documentan", "undraped", "inseparably", "documentation", "veiled", "veils", "unveil"]
)
def test_a_form_is_recognised_by_its_stem(word: str) -> None:
    assert INFLECTION.is_form(word)


@pytest.mark.parametrize(
    "word",
    [
        "nakedly", "unnaked",  # forms of a term's own word still count
        "cats", "uncat",  # the stem is too short
        "documentnude", "nudedocument",  # neither a known ending nor a known beginning
        "veilnaked",
    ],
)  # fmt: skip
def test_a_word_that_only_looks_like_a_form_is_not_one(word: str) -> None:
    assert not INFLECTION.is_form(word)


def test_a_form_is_neither_split_nor_respelled() -> None:
    words = {"cum", "plan", "cumplir", "lilac"}
    assert Parting(words).parts("cumplan") == ("cum", "plan")
    assert Parting(words, is_form=Inflection(words, {"cum"}).is_form).parts("cumplan") == ()
    assert Respelling({"eventre"}).intended("eventer") == "eventre"
    assert Respelling({"eventre"}, Inflection({"evente"}, ()).is_form).intended("eventer") is None
    assert not never_a_form("anything")


def test_a_long_word_is_found_in_a_compound() -> None:
    parting = Parting({"hakenkreuz", "zeugnis", "kot"}, {"hakenkreuz", "zeugnis", "kot"})
    assert parting.parts("hakenkreuzfahne") == ("hakenkreuz", "fahne")
    assert parting.parts("abiturzeugnis") == ("abitur", "zeugnis")
    assert parting.parts("hakenkreuze") == parting.parts("zeugnisheft") == ()
    assert parting.parts("kotelett") == parting.parts("hakenkreuz") == ()
    is_form = Inflection({"hakenkreuzfahnen"}, ()).is_form
    words = {"hakenkreuz"}
    assert Parting(words, words, is_form=is_form).parts("hakenkreuzfahne") == ()


def test_a_word_is_not_split_into_short_words_of_two_languages() -> None:
    known = {"boy", "kot", "tieren", "desnuda", "girl", "foder", "ion", "buceta", "tar"}
    foreign, english = {"kot", "tieren", "desnuda", "foder", "buceta"}, {"boy", "girl", "tar"}
    parting = Parting(known, foreign, english)
    assert parting.parts("boykottieren") == ()
    assert parting.parts("girldesnuda") == ("girl", "desnuda")
    assert parting.parts("tarfoder") == ()
    assert parting.parts("kottieren") == ("kot", "tieren")
    assert Parting(known).parts("boykottieren") == ("boy", "kot", "tieren")


def test_chance_and_inflection_never_hide_a_grave_term() -> None:
    known = {"fkk", "child", "dicks", "teen", "dickstee", "ados", "deepnude", "nackigen", "hart"}
    grave, is_form = known - {"hart", "ados"}, Inflection({"dickste"}, ()).is_form
    parting = Parting(known, {"fkk", "ados", "nackigen"}, {"child", "deepnude"}, is_form, grave)
    assert parting.parts("fkkchild") == ("fkk", "child")
    assert parting.parts("dicksteen") == ("dicks", "teen")
    assert parting.parts("adosdeepnude") == ("ados", "deepnude")
    is_known = Inflection({"hartnack"}, ()).is_form
    hard = Parting(known, {"nackigen"}, {"child"}, is_known, grave)
    assert hard.parts("hartnackigen") == ("hart", "nackigen")
    assert Parting(known, {"nackigen"}, {"child"}, is_known).parts("hartnackigen") == ()
    assert parting.parts("nackhart") == ()
    assert Respelling({"child"}, Inflection({"chid"}, ()).is_form).intended("chidl") is None
    assert Respelling({"child"}, lambda _: True, {"child"}).intended("chidl") == "child"


SCREEN = Screen(load())


@pytest.mark.parametrize(
    "prompt",
    ["nude girl, chidl", "nude girl, toddier", "dikcs, shtoa", "1girl, denudechild, smile",
     "1girl, dicksteen, smile", "1girl, fkkchild", "1girl, aulalolidom",
     "nude girl, filletet", "nude girl, filette", "nude girl, padopic", "nude girl, knabenpic"],
)  # fmt: skip
def test_no_disguised_floor_term_passes_for_a_form(prompt: str) -> None:
    assert SCREEN.findings(prompt) - SCREEN.findings("nude girl, dikcs")


@pytest.mark.parametrize(
    "prompt",
    [
        "pantanal ao amanhecer", "femmes voilées dans le désert", "párpados cerrados",
        "two inseparable friends, inseparably close", "an undraped statue", "violable rule",
        "pissenlit dans le vent", "Föderation der Planeten", "separatisten",
        "bananal ensolarado", "analisadas", "bromeando", "hartnäckigen", "documentée",
        "ein Windstoß, descampados", "ultraviolado", "Orgues de Moluques", "Hidaka, Suita",
    ],
)  # fmt: skip
def test_ordinary_words_contain_no_term_by_chance(prompt: str) -> None:
    assert not SCREEN.findings(prompt)
