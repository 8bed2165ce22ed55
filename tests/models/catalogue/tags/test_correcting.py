"""A correction replaces whole words of a prompt, each once, and leaves everything else as it is."""

from __future__ import annotations

import random

import pytest

from models.catalogue.tags.analysing import analyse
from models.catalogue.tags.correcting import corrected
from tests.stages.words import embedded_glossary


@pytest.mark.parametrize(
    ("prompt", "corrections", "meant"),
    [
        ("smil, smilr", {"smil": "smile", "smilr": "smile"}, "smile, smile"),
        (
            "wite hair, hite hair",
            {"wite hair": "white hair", "hite hair": "white hair"},
            "white hair, white hair",
        ),
        ("brwn hair, brwn", {"brwn": "brown", "brwn hair": "brown hair"}, "brown hair, brown"),
        ("brwn_hair, hat", {"brwn hair": "brown hair"}, "brown_hair, hat"),
        ("(smil:1.2), [smil]", {"smil": "smile"}, "(smile:1.2), [smile]"),
        ("a smil_face", {"smil": "smile"}, "a smile_face"),
        ("'smil'! smil-like, smil's", {"smil": "smile"}, "'smile'! smil-like, smil's"),
        ("sabre art", {"sabre": "saber (fate)"}, r"saber \(fate\) art"),
        ("a, b", {"a": "b", "b": "c"}, "b, c"),
        ("1girl, hat", {}, "1girl, hat"),
    ],
)
def test_whole_words_are_replaced_once_and_the_longest_phrase_wins(
    prompt: str, corrections: dict[str, str], meant: str
) -> None:
    assert corrected(prompt, corrections) == meant
    backwards = dict(reversed(corrections.items()))
    assert corrected(prompt, backwards) == meant, "their order says nothing"


def word_by_word(phrases: list[list[str]], corrections: dict[str, str]) -> str:
    """The same by going through the words from left to right."""
    done: list[str] = []
    for words in phrases:
        start, out = 0, list[str]()
        while start < len(words):
            for end in range(len(words), start, -1):
                if (written := " ".join(words[start:end])) in corrections:
                    out.append(corrections[written])
                    start = end
                    break
            else:
                out.append(words[start])
                start += 1
        done.append(" ".join(out))
    return ", ".join(done)


@pytest.mark.parametrize("number", range(200))
def test_words_within_one_another_never_touch_each_other(number: int) -> None:
    dice = random.Random(number)

    def phrase() -> list[str]:
        return [
            "".join(dice.choices("ab", k=dice.randint(1, 4))) for _ in range(dice.randint(1, 3))
        ]

    phrases = [phrase() for _ in range(dice.randint(1, 8))]
    some = [" ".join(words[: dice.randint(1, 2)]) for words in phrases] + [" ".join(phrase())]
    corrections = {written: "".join(dice.choices("ab ", k=5)) for written in some}
    prompt = ", ".join(map(" ".join, phrases))
    assert corrected(prompt, corrections) == word_by_word(phrases, corrections)


@pytest.mark.parametrize(
    ("prompt", "meant"),
    [
        ("smil, smilr", "smile, smile"),
        ("wite hair, hite hair", "white hair, white hair"),
        ("1girl, brwn_hair, (glases:1.3)", "1girl, brown_hair, (glasses:1.3)"),
    ],
)
def test_what_the_analysis_finds_is_put_right(prompt: str, meant: str) -> None:
    found = analyse(prompt, embedded_glossary())
    assert corrected(prompt, found.corrections) == meant
