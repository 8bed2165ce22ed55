"""What is counted has a form of its own for one, and units are said in the language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from bot.domain import JobState
from bot.languages import language
from bot.policy.arrangements import StrikeTerms
from bot.policy.layers import GuildPolicy, RoleTerms
from bot.words import differences, exploring, panel, standing, wording
from bot.words.speaking import and_more, speaking
from models.catalogue.tags.book import KnownTag
from tests.stages.factories import GUILD


def of_role(*, waiting_max: int | None = None, per_day_max: int | None = None) -> str:
    terms = RoleTerms(waiting_max=waiting_max, per_day_max=per_day_max)
    return differences.role_terms_in_words(terms, ())


def members(**terms: int) -> str:
    strikes = StrikeTerms(**{"limit": 3, "expire_days": 30, "timeout_minutes": 60, **terms})
    return panel.members_page(GuildPolicy(guild_id=GUILD, strikes=strikes))


def tag(count: int) -> str:
    return exploring.one("smile", KnownTag(count=count))


def elsewhere(count: int) -> str:
    return wording.busy(Counter({JobState.QUEUED: 1}), 1 + count)


@pytest.mark.parametrize(
    ("said", "one", "many"),
    [
        (lambda n: of_role(waiting_max=n), "1 wartendes Bild", "2 wartende Bilder"),
        (lambda n: of_role(per_day_max=n), "1 Bild in", "2 Bilder in"),
        (tag, "1 Bildbeschreibung des", "2 Bildbeschreibungen des"),
        (lambda n: standing.struck_out(n, 0, cancelled=False), "1 Verwarnung,", "2 Verwarnungen,"),
        (lambda n: members(limit=n), "**1** Verwarnung k", "**2** Verwarnungen k"),
        (lambda n: members(expire_days=n), "**1** Tag.", "**2** Tagen."),
        (wording.more, "1 weiteres", "2 weitere"),
        (lambda n: and_more("a, b", n), "a, b und 1 weiteres", "a, b und 2 weitere"),
        (elsewhere, "1 weiteres", "2 weitere"),
    ],
)
def test_one_thing_is_not_said_like_many(said: Callable[[int], str], one: str, many: str) -> None:
    with speaking(language("de")):
        assert one in said(1)
        assert many in said(2)


def test_nothing_more_is_not_said() -> None:
    assert and_more("a, b", 0) == "a, b"


@pytest.mark.parametrize(
    ("locale", "pause", "time"),
    [
        ("ja", "**60秒**", "**90分**"),
        ("zh-CN", "**60 秒**", "**90 分钟**"),
        ("fr", "**60 s**", "**90 min**"),
    ],
)
def test_units_of_the_members_page_are_said_in_the_language(
    locale: str, pause: str, time: str
) -> None:
    policy = GuildPolicy(
        guild_id=GUILD, cooldown_s=60, strikes=StrikeTerms(limit=3, timeout_minutes=90)
    )
    with speaking(language(locale)):
        told = panel.members_page(policy)
    assert pause in told
    assert time in told
