"""A term that is an everyday word of another language is ignored in a text of that language."""

from __future__ import annotations

import pytest

from bot.policy.homographs import Homographs, Tongue
from bot.policy.screening import Screen
from bot.rulebooks import load

HERE = Homographs(
    {
        "de": Tongue(words=("dick",), signs=("ist", "und", "der")),
        "en": Tongue(words=(), signs=("is", "and", "the")),
    }
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("der kater ist dick", {"dick"}),
        ("kater ist dick", set()),  # a single little word may be chance
        ("der kater ist dick and the dog is", set()),
        ("der kater ist dick the is", set()),  # as much one language as the other
        ("der kater ist schwarz", set()),
    ],
)
def test_several_little_words_identify_the_language(text: str, found: set[str]) -> None:
    assert HERE.find(text.split()) == found


SCREEN = Screen(load())


@pytest.mark.parametrize(
    "prompt",
    [
        "die Katze ist dick und schläft auf dem Ofen",
        "Kinder, dick eingepackt, mit dem Schlitten auf der Wiese",
        "se le escapa un pedo en el ascensor, comedia",
    ],
)
def test_an_everyday_word_is_harmless_in_its_own_language(prompt: str) -> None:
    assert not SCREEN.findings(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "1boy, dick", "the dick of a man", "der mann und sein d1ck ist groß",
        "dick, and the man is in der and ist of the",
    ],
)  # fmt: skip
def test_an_everyday_word_counts_elsewhere_and_in_disguise(prompt: str) -> None:
    assert "sexual" in {finding.rule for finding in SCREEN.findings(prompt)}


@pytest.mark.parametrize(
    ("prompt", "rule"),
    [
        ("child, dick, und, der", "minors-sexual"), ("ein kind mit dick", "minors-sexual"),
        ("el pedo con la niña", "minors-sexualised"),
        ("1girl, pedo, con, las", "minors-sexualised"),
        ("una niña pelada en el baño", "minors-sexual"),
        ("Dick Schneider, nude, der und das ist", "real-person-sexual"),
        ("Kike Hernandez desnudo en la playa", "real-person-sexual"),
    ],
)  # fmt: skip
def test_an_everyday_word_counts_beside_minors_and_real_people(prompt: str, rule: str) -> None:
    assert rule in {finding.rule for finding in SCREEN.findings(prompt)}


def test_an_everyday_word_still_counts_inside_a_longer_term() -> None:
    prompt = "die frau ist mit dem mann und er hat einen dick pic, dick pics"
    assert "sexual" in {finding.rule for finding in SCREEN.findings(prompt)}
