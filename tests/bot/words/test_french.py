"""French sets a space that does not break before : ; ! ? and within its quotation marks."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.domain import JobState
from bot.languages import language
from bot.words import wording
from bot.words.speaking import speaking
from tests.bot.words.test_catalogues import catalogue
from tests.stages.factories import make_job

#: What is typed, clicked or filled in: code, mentions and times, emoji, links, placeholders.
MARKUP = re.compile(r"`[^`]*`|<[^<>\s]*>|:\w+:|https?://\S+|\{\w*\}")
#: A narrow one before ; ! ? and an ordinary one before a colon and within the quotation marks.
WIDE, NARROW = "\u00a0", "\u202f"
WRONG = re.compile(
    rf"(?<!{WIDE}):(?=\s|$)|(?<!{NARROW})[;!](?=\s|$)|(?<![{NARROW}?!])\?|(?<!{WIDE})»|«(?!{WIDE})"
)


def wrong_in(text: str) -> list[str]:
    """The marks that are not set as French sets them, each with what stands around it."""
    # What is filled in ends in no mark that counts, so a sign stands for it.
    bare = MARKUP.sub("x", text)
    return [bare[max(0, found.start() - 15) : found.end() + 5] for found in WRONG.finditer(bare)]


def test_every_french_sentence_has_its_spaces() -> None:
    wrong = [wrong_in(said) for texts in catalogue("fr").values() for said in texts]
    assert not any(wrong), [found for found in wrong if found]


def test_no_space_of_french_is_within_markup() -> None:
    found = [
        part
        for texts in catalogue("fr").values()
        for said in texts
        for part in MARKUP.findall(said)
        if WIDE in part or NARROW in part
    ]
    assert not found, found


def test_markup_is_the_same_in_french() -> None:
    """What is typed or clicked comes out as it is in English, so no space got into it."""
    marked = [
        (english, said)
        for texts, translated in catalogue("fr").items()
        for english, said in zip(texts, translated, strict=False)
        if set(re.findall(r"`/[^`]*`|<[^<>\s]*>", english.rpartition("\x04")[2]))
        != set(re.findall(r"`/[^`]*`|<[^<>\s]*>", said))
    ]
    assert not marked, marked


@pytest.mark.parametrize("text", ["Quoi ?", "Quoi?", "Si :", "Si: non", "« a »", "Oui !", "a ; b"])
def test_a_wrong_space_is_found(text: str) -> None:
    assert wrong_in(text)


@pytest.mark.parametrize("text", ["`complete: off`", "<t:5:R>", ":smile:", "https://a.b/?c=d"])
def test_markup_is_no_text_of_french(text: str) -> None:
    assert not wrong_in(text)


def test_a_reason_on_one_line_keeps_its_spaces() -> None:
    reason = "Cette image a échoué\u00a0: essaie encore\u202f!\nVraiment."
    job = replace(make_job(prompt="girl", state=JobState.FAILED), error=reason)
    with speaking(language("fr")):
        told = wording.ended([job])
    assert "échoué\u00a0: essaie encore\u202f! Vraiment." in told
