"""Which harmless prompts a server's own term would stop."""

from __future__ import annotations

import pytest

from bot import rulebooks
from bot.domain import Ruling
from bot.policy.decide import weigh
from bot.policy.effect import Audience
from bot.policy.harmless import COMMON, PROMPTS, prompts_stopped_by
from bot.policy.layers import effective
from bot.policy.screening import Term
from tests.stages.factories import make_place
from tests.stages.law import make_guild

BOOK = rulebooks.load()


def stopped(*terms: str) -> dict[str, int]:
    found = prompts_stopped_by(BOOK, [Term(text=term) for term in terms])
    return {term: len(prompts) for term, prompts in found.items()}


@pytest.mark.parametrize("preset", BOOK.presets)
def test_the_prompts_are_harmless_under_every_preset(preset: str) -> None:
    policy = effective(BOOK, make_guild(preset=preset), make_place())
    for prompt in PROMPTS:
        effect = weigh(policy, prompt, "").effect
        assert (effect.ruling, effect.audience) == (Ruling.ALLOW, Audience.EVERYBODY), prompt
    assert len(set(PROMPTS)) == len(PROMPTS) > 100


def test_common_words_are_reported_with_the_prompts_they_stop() -> None:
    found = stopped("a", "girl", "the", "dragon", "nike", "x")
    assert list(found) == sorted(found, key=lambda term: -found[term])
    assert set(found) == {"a", "girl", "the"}
    assert min(found.values()) >= COMMON
    for prompts in prompts_stopped_by(BOOK, [Term(text="girl")]).values():
        assert all("girl" in prompt for prompt in prompts)


def test_a_word_in_few_prompts_is_not_common() -> None:
    few = [p for p in PROMPTS if "dragon" in p]
    assert 0 < len(few) < COMMON
    assert not stopped("dragon")
    assert stopped("cat")["cat"] >= COMMON
    assert not prompts_stopped_by(BOOK, [])
