"""Marks between and around words are those of the language that is spoken."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain import Layer, Ruling
from bot.languages import language
from bot.policy.effect import Audience, Effect
from bot.words import effects, history, refusals, reviewing
from bot.words.speaking import set_apart, speaking
from tests.stages.policies import BOOK, LAWFUL

ROOT = Path(__file__).parents[3]
ENGLISH_QUOTES = ("“", "”")
QUOTED = {
    "de": "„dragon“", "es-ES": "«dragon»", "fr": "«\u00a0dragon\u00a0»", "ja": "「dragon」",
    "pt-BR": "“dragon”", "zh-CN": "“dragon”", "pl": "“dragon”",
}  # fmt: skip
TOLD = Effect(ruling=Ruling.REFUSE, audience=Audience.EVERYBODY, alert=True)


@pytest.mark.parametrize("locale", sorted(QUOTED))
def test_quoted_words_have_the_quotation_marks_of_the_language(locale: str) -> None:
    with speaking(language(locale)):
        told = [
            refusals.refused(BOOK.rules[LAWFUL], ["dragon"], Layer.SERVER),
            reviewing.found_by("Gore", ["dragon"], ""),
            history.heading("dragon", None, favourites=False),
        ]
    assert all(QUOTED[locale] in text for text in told), told


def quotes_outside_of_sentences(tree: ast.Module) -> Iterator[int]:
    """Lines where a text that is put together brings English quotation marks of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            texts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            if any(mark in str(text) for mark in ENGLISH_QUOTES for text in texts):
                yield node.lineno


def test_no_text_is_put_together_with_english_quotation_marks() -> None:
    left = [
        f"{path.relative_to(ROOT)}:{line}"
        for wing in ("bot", "cogs")
        for path in sorted((ROOT / wing).rglob("*.py"))
        for line in quotes_outside_of_sentences(ast.parse(path.read_text()))
    ]
    assert not left, left


def test_english_quotation_marks_around_a_word_are_found() -> None:
    planted = ast.parse("A = 'b'\nB = Message('“{x}”')\nC = f'see “{A}”'\n")
    assert list(quotes_outside_of_sentences(planted)) == [3]


@pytest.mark.parametrize(
    ("locale", "mark"), [("de", "; "), ("fr", "\u202f; "), ("ja", "、"), ("zh-CN", "\uff1b")]
)
def test_phrases_are_set_apart_by_the_mark_of_the_language(locale: str, mark: str) -> None:
    with speaking(language(locale)):
        assert set_apart(["a", "b"]) == f"a{mark}b"
        assert mark in effects.in_words(TOLD)
