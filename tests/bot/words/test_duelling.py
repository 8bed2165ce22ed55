"""Texts about duels fit a message, and the answer to a choice reveals what was hidden."""

from __future__ import annotations

import pytest

from bot.ballot import Choice, DuelOrigin, DuelTally
from bot.domain import JobId, UserId
from bot.words import duelling
from tests.bot.words.test_wording import LIMIT, long

ASKED = (UserId(1 << 62), UserId(2))
JOBS = (JobId("0000000001"), JobId("0000000002"))


@pytest.mark.parametrize("unit", ["*", "@", "ש", "```", "<:heart_of_gold:1100000000000000040>"])
def test_texts_about_duels_fit_a_message(unit: str) -> None:
    prompt = long(unit, 1000)
    for text in (
        duelling.question(prompt, until_ms=9),
        duelling.ended(prompt, DuelTally(left=9), ASKED, DuelOrigin.PARTY),
    ):
        assert len(text) <= LIMIT


@pytest.mark.parametrize(
    ("tally", "words"),
    [
        (DuelTally(), "Nobody chose"),
        (DuelTally(skip=3), "Nobody chose"),
        (DuelTally(left=2, right=1), "Left won**, 2 to 1"),
        (DuelTally(left=1, right=4), "Right won**, 4 to 1"),
        (DuelTally(left=2, right=2, skip=1), "A draw**, 2 to 2"),
    ],
)
def test_the_closing_text_says_who_won(tally: DuelTally, words: str) -> None:
    said = duelling.ended("1girl", tally, ASKED, DuelOrigin.PARTY)
    assert words in said
    assert all(f"<@{who}>" in said for who in ASKED)


def test_the_closing_text_of_a_blind_test_names_no_members() -> None:
    said = duelling.ended("1girl", DuelTally(left=1), ASKED, DuelOrigin.TRIAL)
    assert "<@" not in said


@pytest.mark.parametrize("choice", Choice)
def test_the_answer_reveals_what_was_hidden(choice: Choice) -> None:
    said = duelling.answer(
        choice, DuelTally(left=3), asked=ASKED, job_ids=JOBS, self_vote=True, models=("a", "b")
    )
    for revealed in (*JOBS, f"<@{ASKED[0]}>", "drawn by `a`", "drawn by `b`", "left 3"):
        assert revealed in said
    assert "like anybody's" in said, "in a test of models, members who asked choose as well"


def test_the_answer_says_that_a_vote_for_ones_own_picture_does_not_count() -> None:
    said = duelling.answer(
        Choice.LEFT, DuelTally(left=3), asked=ASKED, job_ids=JOBS, self_vote=True
    )
    assert "doesn't count" in said
