"""Marks between and around words are those of the language that is spoken."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain import Layer, Ruling
from bot.languages import language
from bot.policy.effect import Audience, Effect
from bot.policy.layers import GuildPolicy, ground_of
from bot.words import documents, effects, history, panel, policy_log, privacy, refusals, reviewing
from bot.words.differences import differences
from bot.words.speaking import set_apart, speaking
from tests.stages.factories import GUILD, make_job
from tests.stages.law import make_policy
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


def labels() -> list[str]:
    """Texts that are put together of a label and what it says."""
    policy = make_policy()
    before, after = GuildPolicy(guild_id=GUILD), GuildPolicy(guild_id=GUILD, paused=True)
    return [
        *panel.grouped(policy).splitlines(),
        *panel.rule_lines(policy).splitlines(),
        *differences(before, after, ground_of(BOOK)),
        policy_log.log_line(
            actor_id=1, action="purge", detail="3", at_ms=0, user_id=2, limit=2000
        ).splitlines()[0],
        privacy.stored({"jobs": 3}, shares=False).splitlines()[1],
        documents.unusable([("log", "why")]).splitlines()[1],
        reviewing.addressed(1, "words"),
        history.alt_text([make_job(prompt="girl")]),
    ]


@pytest.mark.parametrize(
    ("locale", "colon", "wrong"),
    [("de", ":", r"\s:"), ("fr", "\u00a0:", r"[^\u00a0]:(\s|$)"), ("zh-CN", "\uff1a", r":(\s|$)")],
)
def test_the_colon_behind_a_label_is_that_of_the_language(
    locale: str, colon: str, wrong: str
) -> None:
    with speaking(language(locale)):
        told = labels()
    assert len(told) > 10
    assert not [text for text in told if colon not in text or re.search(wrong, text)]


def test_what_is_said_aside_has_the_brackets_of_the_language() -> None:
    with speaking(language("ja")):
        told = refusals.also([("Gore", ["dragon"])])
    assert "\uff08「dragon」\uff09" in told


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
