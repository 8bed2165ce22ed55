"""Refusals: each says which rule and what to change, fits a message, and teaches no evasion."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot import rulebooks
from bot.domain import Layer
from bot.languages import language
from bot.policy.rulebook import UNREADABLE, Rule
from bot.words import limits, refusals, wording
from bot.words.speaking import speaking
from tests.stages.policies import BOOK, GROWN, LAWFUL, NEVER, OPEN

LAW = BOOK.rules[LAWFUL]
#: Words that would invite somebody to try again for what the floor forbids.
WAY_OUT = re.compile("age-restricted|another|other (channel|server|words)|elsewhere|try|spell")


@pytest.mark.parametrize(
    "rule", [r for r in rulebooks.load().rules.values() if r.floor], ids=lambda r: r.id
)
def test_a_floor_refusal_names_the_rule_and_no_way_around_it(rule: Rule) -> None:
    text = refusals.floor(rule)
    assert rule.title in text or rule.id == UNREADABLE
    assert rule.summary in text
    assert not WAY_OUT.search(text.replace(rule.summary, "").replace(rule.title, ""))


def test_an_unreadable_prompt_is_refused_with_what_to_change() -> None:
    rule = rulebooks.load().rules[UNREADABLE]
    expected = f"I can't read this prompt, so I don't draw it.\n{rule.summary}\n{rule.advice}"
    assert refusals.floor(rule) == expected
    assert "more simply" in expected


@pytest.mark.parametrize("rule", rulebooks.load().rules.values(), ids=lambda rule: rule.id)
def test_no_rules_text_names_a_place_where_it_is_allowed(rule: Rule) -> None:
    """That depends on the server: `refused` and `adults` say so where it applies."""
    assert "channel" not in rule.summary + rule.advice


def test_a_floor_refusal_does_not_say_what_was_found() -> None:
    assert refusals.floor(BOOK.rules[NEVER]) == (
        "I don't draw this in any server: **Title of never** (clause b of the model's licence).\n"
        "Summary of never.\nIf you meant something else, please describe it so that nobody can "
        "read it that way."
    )


def test_a_refusal_names_the_rule_the_words_and_what_to_change() -> None:
    assert refusals.refused(LAW, ("a*b", "c"), Layer.SERVER) == (
        "I don't draw this here: **Title of lawful** (clause e of the model's licence).\n"
        "Summary of lawful.\nFound in your prompt: “a\\*b”, “c”.\nAdvice of lawful."
    )
    assert refusals.refused(LAW, (), Layer.LICENCE) == (
        "I don't draw this with this model: **Title of lawful** (clause e of the model's licence)."
        "\nSummary of lawful.\nAdvice of lawful."
    )


@pytest.mark.parametrize(
    ("layer", "ending"),
    [
        (Layer.CHANNEL, "\nThis is a rule of this channel; another one may allow it."),
        (Layer.CATEGORY, "\nThis is a rule of this category; another channel may allow it."),
        (Layer.SERVER, ""),
        (Layer.PRESET, ""),
        (Layer.LICENCE, ""),
    ],
)
def test_another_channel_is_suggested_only_where_it_can_help(layer: Layer, ending: str) -> None:
    text = refusals.refused(BOOK.rules[OPEN], (), layer)
    assert text.endswith(f"Advice of open.{ending}")


def test_an_age_refusal_says_what_to_leave_out_and_where_to_ask() -> None:
    assert refusals.adults(BOOK.rules[GROWN], ("bare",)) == (
        "That's only allowed in age-restricted channels: **Title of grown**.\n"
        "Found in your prompt: “bare”.\nAdvice of grown. You can also ask me in an age-restricted "
        "channel. A moderator can mark a channel as age-restricted in its settings."
    )


def test_a_refusal_names_a_few_words_and_counts_the_rest() -> None:
    words = [f"word{n}" for n in range(5)]
    assert "“word0”, “word1”, “word2” and 2 more.\n" in refusals.refused(LAW, words, Layer.SERVER)
    assert "“word2”.\n" in refusals.refused(LAW, words[:3], Layer.SERVER)
    long = refusals.refused(LAW, ["x" * 500], Layer.SERVER)
    assert f"“{'x' * 59}…”" in long


def test_a_servers_terms_are_named_with_their_reasons() -> None:
    terms = [("a_b", "we *read* it"), ("c", ""), ("d", ""), ("e", "")]
    assert refusals.server_terms(terms, for_adults=False) == (
        "This server blocks “a\\_b”. Reason: we \\*read\\* it\nThis server blocks “c”.\n"
        "This server blocks “d”.\n… and 1 more\nPlease leave it out."
    )
    assert refusals.server_terms(terms[1:2], for_adults=True) == (
        "This server allows “c” in age-restricted channels only.\n"
        "Please leave it out, or ask me in an age-restricted channel."
    )


def test_a_refusal_lists_the_other_rules_it_breaks() -> None:
    assert not refusals.also([])
    also = refusals.also([("Brands", ("nike",)), ("Shock", ())])
    assert also == "It is also refused for this: **Brands** (“nike”), **Shock**."
    assert also in refusals.refused(LAW, ("x",), Layer.SERVER, also=also)
    assert refusals.server_terms([("c", "")], for_adults=False, also=also).endswith(f"out.\n{also}")


def test_terms_leave_room_for_the_heading() -> None:
    terms = [("*" * 300, "*" * 300), ("x" * 300, "y" * 300), ("z" * 80, "w" * 60), ("v", "")]
    for for_adults in (False, True):
        message = refusals.server_terms(terms, for_adults=for_adults)
        assert 1300 < len(message) <= 2000
        assert "more\nPlease leave it out" in message


TEXTS: list[Callable[[Rule, list[str]], str]] = [
    lambda rule, _: refusals.floor(rule),
    lambda rule, words: refusals.refused(rule, words, Layer.CHANNEL),
    refusals.adults,
    lambda _, words: refusals.server_terms([(w, w) for w in words], for_adults=True),
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("unit", ["*", "@everyone ", "```", "<@1>", "\u05e9", "👩‍👧"])
def test_every_refusal_fits_a_message_and_mentions_nobody(
    text: Callable[[Rule, list[str]], str], unit: str
) -> None:
    rule = replace(LAW, summary="s" * 5000)
    message = text(rule, [unit * 700] * 9)
    assert len(message) <= 2000
    assert "@everyone" not in message
    assert not re.search(r"(?<!\\)<@1>", message)


def test_a_pause_of_days_is_good_german() -> None:
    with speaking(language("de")):
        message = limits.cooldown(wording.duration(3 * 24 * 3_600_000))
    assert message.endswith("Bis zu deiner nächsten dauert es noch 3 Tage.")
