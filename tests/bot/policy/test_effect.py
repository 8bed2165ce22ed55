"""Effects form a lattice: the laws by which rules and layers may be joined in any order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Ruling
from bot.policy.effect import NOTHING, Audience, Effect, join

EFFECTS = st.builds(
    Effect,
    ruling=st.sampled_from(Ruling),
    audience=st.sampled_from(Audience),
    alert=st.booleans(),
    strike=st.booleans(),
)
STRICTEST = Effect(ruling=Ruling.REFUSE, audience=Audience.ADULTS, alert=True, strike=True)


@given(EFFECTS, EFFECTS, EFFECTS)
def test_joining_is_commutative_associative_and_idempotent(a: Effect, b: Effect, c: Effect) -> None:
    assert a | b == b | a
    assert (a | b) | c == a | (b | c)
    assert a | a == a


@given(EFFECTS)
def test_nothing_is_neutral_and_the_strictest_absorbs(a: Effect) -> None:
    assert a | NOTHING == a
    assert a | STRICTEST == STRICTEST


@given(EFFECTS, EFFECTS, EFFECTS)
def test_joining_is_monotone(a: Effect, b: Effect, c: Effect) -> None:
    assert a <= a | b
    if a <= b:
        assert a | c <= b | c


@given(EFFECTS, EFFECTS)
def test_the_parts_of_an_effect_are_joined_independently(a: Effect, b: Effect) -> None:
    both = a | b
    assert both.ruling is max(a.ruling, b.ruling)
    assert both.audience is max(a.audience, b.audience)
    assert both.alert == (a.alert or b.alert)
    assert both.strike == (a.strike or b.strike)


@given(st.lists(EFFECTS))
def test_a_join_is_the_least_upper_bound(effects: list[Effect]) -> None:
    least = join(effects)
    assert all(effect <= least for effect in effects)
    assert least == join(reversed(effects))


def test_effects_that_differ_in_kind_cannot_be_compared() -> None:
    spoiler, adults = Effect(ruling=Ruling.SPOILER), Effect(audience=Audience.ADULTS)
    assert not spoiler <= adults
    assert not adults <= spoiler
