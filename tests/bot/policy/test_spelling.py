"""How terms are written out, and in which other spellings they are looked for."""

from __future__ import annotations

import pytest

from bot.policy.spelling import all_spellings, expand_braces, fill_slots, other_spellings


def test_braces_are_expanded() -> None:
    assert [*expand_braces("a{b,c}d{e,}")] == ["abde", "abd", "acde", "acd"]
    assert [*expand_braces("a, b")] == ["a, b"]


def test_a_slot_is_a_choice_of_its_words() -> None:
    terms = fill_slots(
        ["only <hat> and <shoes>", "<hat>{s,}"], {"hat": ["cap"], "shoes": ["a", "b"]}
    )
    assert terms == ("only {cap} and {a,b}", "{cap}{s,}")
    assert [*expand_braces(terms[0])] == ["only cap and a", "only cap and b"]
    with pytest.raises(KeyError, match="coat"):
        fill_slots(["<coat>"], {"hat": ["cap"]})


@pytest.mark.parametrize(
    ("term", "language", "others"),
    [
        ("Tür", "de", {"Tuer"}),
        ("Tür", "tr", set()),
        ("Tor", "de", set()),
        ("shounen", "en", {"shonen", "syounen", "syonen"}),
        ("juudou", "ja", {"zyuudou", "zyuudo"}),
        ("shop", "en", set()),
        ("house", "en", set()),
    ],
)
def test_a_term_gets_its_languages_other_spellings(
    term: str, language: str, others: set[str]
) -> None:
    assert {*other_spellings(term, language)} == others


def test_all_terms_are_written_in_full() -> None:
    assert [*all_spellings({"de": ["Tü{r,ren}"], "en": ["door"]})] == [
        "Tür", "Tuer", "Türen", "Tueren", "door",
    ]  # fmt: skip
