"""A word that English has once is translated for each place where it stands."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest

from bot.domain import ChannelId, RoleId, Ruling
from bot.languages import language
from bot.policy.arrangements import StrikeTerms
from bot.policy.effect import Effect
from bot.policy.layers import GuildPolicy, ground_of
from bot.words import differences, effects, panel, trying
from bot.words.gathering import from_python
from bot.words.speaking import Message, say, speaking
from tests.stages.factories import GUILD
from tests.stages.policies import BOOK

PLAIN = GuildPolicy(guild_id=GUILD)


def lines_of_unset(locale: str) -> str:
    """What is said where a role, a channel and strikes were set and are not any more."""
    before = replace(
        PLAIN,
        moderator_role=RoleId(7),
        review_channel=ChannelId(8),
        strikes=StrikeTerms(limit=3),
    )
    after = replace(PLAIN, strikes=StrikeTerms(limit=0))
    with speaking(language(locale)):
        return "\n".join(differences.differences(before, after, ground_of(BOOK)))


@pytest.mark.parametrize(
    ("locale", "role", "channel", "strikes", "pause"),
    [
        ("de", "keine", "keiner", "keine", "keine"),
        ("es-ES", "ninguno", "ninguno", "ninguna", "ninguna"),
        ("pt-BR", "nenhum", "nenhum", "nenhuma", "nenhuma"),
    ],
)
def test_none_goes_with_what_there_is_none_of(
    locale: str, role: str, channel: str, strikes: str, pause: str
) -> None:
    told = lines_of_unset(locale)
    assert f"<@&7> → {role}\n" in told
    assert f"<#8> → {channel}\n" in told
    assert f"3 → {strikes}" in told
    with speaking(language(locale)):
        assert panel.members_page(PLAIN).count(f": {pause}.") == 1


def test_a_refused_request_is_not_named_like_a_rule_that_refuses() -> None:
    with speaking(language("fr")):
        line = trying.decision_line(
            kind="admit", outcome="refuse", rules="", layer="", why="", actor_id=None, at_ms=0
        )
        assert "La demande" in line
        assert "**refusée**" in line
        assert effects.in_words(Effect(ruling=Ruling.REFUSE)) == "refusé"


def test_a_sentence_with_a_context_is_gathered_with_it() -> None:
    source = b'A = Message("none", context="role")\nB = Message("none")\n'
    assert [(how, text) for _, how, text, _ in from_python(BytesIO(source), (), (), {})] == [
        ("pgettext", ("role", "none")),
        (None, "none"),
    ]


def test_a_message_with_a_context_is_its_own_text_in_english() -> None:
    message = Message("none", context="role")
    assert (message, message(), say(message)) == ("none", "none", "none")
    with speaking(language("de")):
        assert say(message) == "keine"
