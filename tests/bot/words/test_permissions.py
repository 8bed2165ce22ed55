"""Permissions have the names that Discord's client shows a member."""

from __future__ import annotations

import re

import discord
import pytest

from bot.languages import FOLDERS, language
from bot.words import permissions, pictures
from bot.words.speaking import speaking
from cogs.governing import desk, outlook
from cogs.voting import exhibiting

SENDING = "send_messages_in_threads"
#: Those that the cogs look for before they ask moderators for them.
NEEDED = {*desk._NEEDED, *outlook._NEEDED, *exhibiting._NEEDED, SENDING}


def test_every_permission_that_is_asked_for_has_a_name() -> None:
    assert set(permissions._NAMES) >= NEEDED
    assert set(permissions._NAMES) <= set(discord.Permissions.VALID_FLAGS)


def test_english_names_are_those_of_discord() -> None:
    told = permissions.in_words(["read_message_history", SENDING])
    assert told == "Read Message History, Send Messages in Threads"


@pytest.mark.parametrize("locale", sorted(FOLDERS))
@pytest.mark.parametrize("name", sorted(permissions._NAMES))
def test_names_are_translated(name: str, locale: str) -> None:
    english = permissions.in_words([name])
    with speaking(language(locale)):
        assert permissions.in_words([name]) != english


@pytest.mark.parametrize("locale", sorted(FOLDERS))
def test_one_permission_has_one_name_in_a_language(locale: str) -> None:
    """A sentence that names some itself names them as the list does."""
    with speaking(language(locale)):
        sentence = re.sub("[„“”«»「」\u00a0]", "", pictures.NO_PERMISSION())
        named = [permissions.in_words([n]) for n in ("view_channel", "send_messages")]
    assert all(name in sentence for name in named), (named, sentence)
