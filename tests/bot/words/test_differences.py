"""Differences between two policies: none is left out, and each shows before and after."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from bot.domain import ChannelId, RoleId, Ruling
from bot.policy.arrangements import GalleryTerms, StrikeTerms
from bot.policy.effect import NOTHING, Audience, Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms, ground_of
from bot.policy.screening import Term
from bot.words.differences import differences
from tests.stages.factories import GUILD
from tests.stages.policies import BOOK, CHANNEL, GROWN, LAWFUL, OPEN, policies

PLAIN = GuildPolicy(guild_id=GUILD)
GROUND = ground_of(BOOK)
IN_WORDS = (
    "held until a moderator approves, in age-restricted channels only; moderators are told; "
    "counts as a strike"
)
SPOILER = Effect(ruling=Ruling.SPOILER)
ROLE = RoleId(6)


@settings(max_examples=100, deadline=None)
@given(policies(), policies())
def test_there_is_a_line_if_and_only_if_something_changes(
    before: GuildPolicy, after: GuildPolicy
) -> None:
    lines = differences(before, after, GROUND)
    assert bool(lines) is (before != after)
    assert not differences(before, before, GROUND)
    assert len(set(lines)) == len(lines)
    assert bool(differences(after, before, GROUND)) is (before != after)


HELD = Effect(ruling=Ruling.HOLD, audience=Audience.ADULTS, alert=True, strike=True)


@pytest.mark.parametrize(
    ("change", "there", "back"),
    [
        ({"preset": "family"}, "Preset: standard → family", "Preset: family → standard"),
        ({"paused": True}, "Paused: no → yes", "Paused: yes → no"),
        (
            {"only_channels": frozenset({ChannelId(9), ChannelId(8)})},
            "Channels I draw in: all channels → <#8>, <#9>",
            "Channels I draw in: <#8>, <#9> → all channels",
        ),
        (
            {"moderator_role": ROLE},
            "Moderators' role: none → <@&6>",
            "Moderators' role: <@&6> → none",
        ),
        (
            {"review_channel": ChannelId(5)},
            "Review channel: none → <#5>",
            "Review channel: <#5> → none",
        ),
        ({"log_channel": ChannelId(5)}, "Log channel: none → <#5>", "Log channel: <#5> → none"),
        (
            {"gallery": GalleryTerms(channel=ChannelId(5))},
            "Gallery channel: none → <#5>",
            "Gallery channel: <#5> → none",
        ),
        (
            {"gallery": GalleryTerms(votes=7)},
            "Votes for the gallery: 3 → 7",
            "Votes for the gallery: 7 → 3",
        ),
        (
            {"strikes": StrikeTerms(limit=0)},
            "Strikes until a time-out: 3 → none",
            "Strikes until a time-out: none → 3",
        ),
        (
            {"strikes": StrikeTerms(expire_days=1)},
            "Days until a strike expires: 30 → 1",
            "Days until a strike expires: 1 → 30",
        ),
        (
            {"strikes": StrikeTerms(timeout_minutes=5)},
            "Minutes of a time-out: 60 → 5",
            "Minutes of a time-out: 5 → 60",
        ),
        (
            {"cooldown_s": 9},
            "Seconds between two requests: 0 → 9",
            "Seconds between two requests: 9 → 0",
        ),
        (
            {"per_day_max": 0},
            "Pictures in 24 hours: no limit → 0",
            "Pictures in 24 hours: 0 → no limit",
        ),
        (
            {"rules": Overrides(effects={OPEN: SPOILER})},
            "This server, Title of open: not set → shown behind a spoiler",
            "This server, Title of open: shown behind a spoiler → not set",
        ),
        (
            {"rules": Overrides(enabled=False)},
            "This server: not set → switched off",
            "This server: switched off → not set",
        ),
        (
            {"channels": {CHANNEL: Overrides(enabled=True)}},
            "<#13>: not set → switched on",
            "<#13>: switched on → not set",
        ),
        (
            {"channels": {CHANNEL: Overrides()}},
            "<#13>: listed, with nothing set",
            "<#13>: no longer listed",
        ),
        (
            {"categories": {ChannelId(2): Overrides(effects={GROWN: HELD})}},
            f"Category <#2>, Title of grown: not set → {IN_WORDS}",
            f"Category <#2>, Title of grown: {IN_WORDS} → not set",
        ),
        (
            {"roles": {ROLE: RoleTerms(exempt=frozenset({OPEN, GROWN}), waiting_max=0)}},
            (
                "<@&6>: nothing special → exempt from Title of grown, Title of open; "
                "0 pictures waiting at once"
            ),
            None,
        ),
        (
            {"roles": {ROLE: RoleTerms(per_day_max=4, cooldown_s=0)}},
            "<@&6>: nothing special → 4 pictures in 24 hours; 0 s between two requests",
            "<@&6>: 4 pictures in 24 hours; 0 s between two requests → nothing special",
        ),
        (
            {"roles": {ROLE: RoleTerms()}},
            "<@&6>: nothing special → listed, with nothing special",
            "<@&6>: listed, with nothing special → nothing special",
        ),
        (
            {"blocked": (Term(text="a*b", reason="we"),)},
            "Blocked: a\\*b, refused (we)",
            "No longer blocked: a\\*b, was refused (we)",
        ),
        ({"allowed": ("a_b",)}, "Allowed: a\\_b", "No longer allowed: a\\_b"),
    ],
)
def test_a_change_is_one_line_with_before_and_after(
    change: dict[str, object], there: str, back: str | None
) -> None:
    changed = replace(PLAIN, **change)
    assert differences(PLAIN, changed, GROUND) == (there,)
    if back is not None:
        assert differences(changed, PLAIN, GROUND) == (back,)


def test_a_changed_term_is_one_line_too() -> None:
    before = replace(PLAIN, blocked=(Term(text="x"), Term(text="y")))
    after = replace(PLAIN, blocked=(Term(text="x", effect=SPOILER, reason="new"), Term(text="y")))
    assert differences(before, after, GROUND) == ("x: refused → shown behind a spoiler (new)",)
    turned = replace(PLAIN, blocked=before.blocked[::-1])
    assert differences(before, turned, GROUND) == ("Blocked words: in another order",)
    one, other = (replace(PLAIN, allowed=names) for names in (("a", "b"), ("b", "a")))
    assert differences(one, other, GROUND) == ("Allowed phrases: in another order",)


LICENCE = "the model's licence asks for that"


@pytest.mark.parametrize(
    ("change", "ending"),
    [
        ({"rules": Overrides(effects={LAWFUL: NOTHING})}, f"stays refused: {LICENCE})"),
        ({"channels": {CHANNEL: Overrides(effects={LAWFUL: SPOILER})}}, f"refused: {LICENCE})"),
        ({"rules": Overrides(effects={LAWFUL: Effect(ruling=Ruling.REFUSE)})}, "→ refused"),
        (
            {"rules": Overrides(effects={GROWN: NOTHING})},
            "it stays allowed, in age-restricted channels only: that is the same in every server)",
        ),
        (
            {"roles": {ROLE: RoleTerms(exempt=frozenset({LAWFUL, OPEN}))}},
            f"(⚠️ nobody is exempt from Title of lawful: {LICENCE})",
        ),
    ],
)
def test_a_setting_without_effect_says_what_still_holds(
    change: dict[str, object], ending: str
) -> None:
    (line,) = differences(PLAIN, replace(PLAIN, **change), GROUND)
    assert line.endswith(ending)
    (back,) = differences(replace(PLAIN, **change), PLAIN, GROUND)
    assert "⚠️" not in back


def test_the_licence_warning_depends_on_the_model() -> None:
    loose = replace(PLAIN, rules=Overrides(effects={LAWFUL: NOTHING, OPEN: NOTHING}))
    free = differences(PLAIN, loose, ground_of(BOOK, frozenset({OPEN})))
    assert [LICENCE in line for line in free] == [False, True]


def test_a_removed_rule_is_named_by_its_id() -> None:
    old = replace(PLAIN, rules=Overrides(effects={"bygone": SPOILER}))  # type: ignore[dict-item]
    assert differences(old, PLAIN, GROUND)[0].startswith("This server, bygone:")
