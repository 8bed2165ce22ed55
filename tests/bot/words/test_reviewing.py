"""Texts about reviews: scores in words that moderators understand, and notices to members."""

from __future__ import annotations

import math

import pytest

from bot.languages import language
from bot.policy.thresholds import THRESHOLDS
from bot.words import reviewing
from bot.words.speaking import say, speaking


def just_under(threshold: float) -> float:
    return math.nextafter(threshold, 0)


@pytest.mark.parametrize(
    ("nudity", "expected"),
    [
        (0.0, "no nudity (0%)"),
        (just_under(THRESHOLDS.spoiler), "no nudity (30%)"),
        (THRESHOLDS.spoiler, "possible nudity (30%)"),
        (just_under(THRESHOLDS.hold), "possible nudity (50%)"),
        (THRESHOLDS.hold, "probable nudity (50%)"),
        (THRESHOLDS.withhold, "sees nudity (80%)"),
        (1.0, "sees nudity (100%)"),
    ],
)
def test_a_score_is_described_by_its_consequence(nudity: float, expected: str) -> None:
    assert expected in reviewing.scores_seen({"nudity": nudity, "blank": 0.0})


def test_an_insignificant_score_is_not_shown() -> None:
    assert not reviewing.scores_seen({})
    assert not reviewing.scores_seen({"blank": just_under(THRESHOLDS.blank), "childlike": 0.0})
    childlike = reviewing.scores_seen(
        {"nudity": 0.6, "childlike": THRESHOLDS.childlike, "blank": 0.0}
    )
    assert childlike == (
        "The picture check sees probable nudity (60%) and somebody who may look like a child (26%)."
    )
    assert reviewing.scores_seen({"blank": THRESHOLDS.blank}).endswith("sees an empty picture.")


@pytest.mark.parametrize(
    "words",
    [
        reviewing.TOLD_REMOVED, reviewing.TOLD_SPOILER, reviewing.TOLD_UPHELD,
        reviewing.TOLD_DISMISSED, reviewing.TOLD_HELD_TIME_OUT,
    ],
)  # fmt: skip
def test_a_notice_is_a_sentence_that_begins_with_a_name(words: str) -> None:
    notice = reviewing.addressed(7, words, 9_000)
    assert notice.startswith("<@7>: The moderators ")
    assert notice.endswith(". You can ask me again <t:9:R>.")


def test_a_rejected_appeal_gives_its_words_back() -> None:
    assert reviewing.not_taken("No.", "") == "No."
    assert reviewing.not_taken("No.", "for ``` art").startswith("No.\nYour reason, to copy:\n```\n")


def test_a_report_is_translated_but_the_reporters_words_are_not() -> None:
    written = reviewing.reason("gore", "It shows a real person: {0}")
    assert written == "It shows gore or is meant to shock: It shows a real person: {0}"
    with speaking(language("fr")):
        translated = reviewing.reason_shown(written)
        chosen = say("It shows gore or is meant to shock")
        assert translated == f"{chosen}\u00a0: It shows a real person: {{0}}"
        assert reviewing.reason_shown(reviewing.reason("gore", "")) == chosen
        assert reviewing.reason_shown("of an older version") == "of an older version"
