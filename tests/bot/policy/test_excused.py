"""What a moderator or a role excuses: for that job alone, and never below floor and licence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import (
    Admitted,
    Finding,
    Job,
    Picture,
    Rating,
    RefusalReason,
    Refused,
    RoleId,
    RuleId,
    Ruling,
)
from bot.policy.decide import admit, uphold
from bot.policy.effect import Effect
from bot.policy.layers import (
    EffectivePolicy,
    GuildPolicy,
    Overrides,
    RoleTerms,
    effective,
    with_excused,
)
from bot.policy.quotas import quota
from bot.policy.rulebook import SERVER
from bot.policy.screening import Term
from bot.policy.showing import Shown, may_show
from tests.stages.factories import GUILD, make_ask, make_job, make_place
from tests.stages.law import FixedScreen, make_guild
from tests.stages.policies import BOOK, GROWN, LAWFUL, NEVER, OPEN, policies

ASK = make_ask()
PLACE = ASK.place
ARTISTS = RoleId(31)
RULES = [NEVER, LAWFUL, GROWN, OPEN, SERVER]
DRAGON, WYVERN = (Finding(rule=SERVER, words=(word,)) for word in ("dragon", "wyvern"))
HOLD = Effect(ruling=Ruling.HOLD)


def picture_of(job: Job) -> Picture:
    return Picture(
        job_id=job.id, user_id=job.user_id, guild_id=job.guild_id, sha256="0" * 64, size_bytes=1,
        width_px=1, height_px=1, card_id="tiny-1", rating=Rating.GENERAL, created_ms=1,
        spoiler=False, removed=False,
    )  # fmt: skip


def policy(guild: GuildPolicy | None = None, *roles: RoleId, finds: RuleId) -> EffectivePolicy:
    """A policy in which one rule finds something in every prompt."""
    return finding({finds: ["dragon"]}, guild or make_guild("dragon"), *roles)


def finding(
    found: Mapping[RuleId, Sequence[str]], guild: GuildPolicy, *roles: RoleId
) -> EffectivePolicy:
    """A policy in which these words are found in every prompt."""
    here = effective(BOOK, guild, PLACE, frozenset(roles))
    return replace(here, screen=FixedScreen(found))


def test_an_upheld_ask_is_admitted_with_what_was_excused() -> None:
    here = policy(finds=SERVER)
    assert isinstance(admit(ASK, here), Refused)
    verdict = uphold(ASK, here, [DRAGON])
    assert isinstance(verdict, Admitted)
    assert verdict.excused == {DRAGON}


def test_an_appeal_covers_everything_the_server_refuses_and_no_more() -> None:
    guild = make_guild("dragon", "wyvern", Term(text="hydra", effect=HOLD))
    found = {SERVER: ["dragon", "wyvern", "hydra"]}
    refused = admit(ASK, finding(found, guild))
    assert isinstance(refused, Refused)
    assert refused.found == (Finding(rule=SERVER, words=("dragon", "wyvern")),)
    assert "hydra" not in refused.text, "a held word alone is no reason to refuse"


def test_an_upheld_appeal_excuses_only_what_was_appealed() -> None:
    guild = make_guild("dragon", "wyvern", Term(text="hydra", effect=HOLD))
    here = finding({SERVER: ["dragon", "wyvern", "hydra"]}, guild)
    both = uphold(ASK, here, [Finding(rule=SERVER, words=("dragon", "wyvern"))])
    assert isinstance(both, Admitted)
    assert both.ruling is Ruling.HOLD
    assert both.excused == {DRAGON, WYVERN}
    one = uphold(ASK, here, [DRAGON])
    assert isinstance(one, Refused)
    assert one.found == (WYVERN,), "blocked since the appeal, or never appealed"
    assert one.appealable
    assert isinstance(uphold(ASK, here, ()), Refused)


def test_an_upheld_appeal_of_one_rule_leaves_the_others_in_force() -> None:
    strict = make_guild("dragon", rules=Overrides(effects={OPEN: Effect(ruling=Ruling.REFUSE)}))
    here = finding({SERVER: ["dragon"], OPEN: ["bare"]}, strict)
    refused = admit(ASK, here)
    assert isinstance(refused, Refused)
    assert {one.rule for one in refused.found} == {SERVER, OPEN}
    assert isinstance(uphold(ASK, here, refused.found), Admitted)
    for only in refused.found:
        (left,) = [one for one in refused.found if one != only]
        verdict = uphold(ASK, here, [only])
        assert isinstance(verdict, Refused)
        assert verdict.found == (left,)


def test_an_appeal_works_where_a_channel_sets_the_effect_of_terms() -> None:
    guild = make_guild(
        Term(text="dragon", effect=HOLD), "wyvern",
        channels={PLACE.channel_id: Overrides(effects={SERVER: Effect(ruling=Ruling.REFUSE)})},
    )  # fmt: skip
    here = finding({SERVER: ["dragon", "wyvern"]}, guild)
    assert isinstance(uphold(ASK, here, [DRAGON]), Refused)
    assert isinstance(uphold(ASK, here, [DRAGON, WYVERN]), Admitted)


def test_no_appeal_lifts_floor_licence_or_age() -> None:
    for rule, reason in (
        (NEVER, RefusalReason.FLOOR), (LAWFUL, RefusalReason.FLOOR), (GROWN, RefusalReason.AGE),
    ):  # fmt: skip
        verdict = uphold(ASK, policy(finds=rule), [Finding(rule=rule)])
        assert isinstance(verdict, Refused), rule
        assert verdict.reason is reason
        assert not verdict.appealable


def test_an_upheld_ask_is_refused_where_the_bot_is_switched_off() -> None:
    off = make_guild("dragon", disabled=PLACE.channel_id)
    assert isinstance(uphold(ASK, policy(off, finds=SERVER), [DRAGON]), Refused)


def test_an_internal_error_while_upholding_is_a_refusal() -> None:
    broken = replace(policy(finds=SERVER), screen=None)  # type: ignore[arg-type]  that is the fault
    verdict = uphold(ASK, broken, [DRAGON])
    assert isinstance(verdict, Refused)
    assert verdict.reason is RefusalReason.FAULT


def test_an_excuse_shows_its_own_picture_and_no_other() -> None:
    here, job = policy(finds=SERVER), make_job()
    assert isinstance(may_show(job, picture_of(job), here), Refused)
    for let_pass in (DRAGON, Finding(rule=SERVER)):
        excused = replace(job, excused=frozenset({let_pass}))
        assert may_show(excused, picture_of(job), here) == Shown(spoiler=False)
    other = replace(job, excused=frozenset({WYVERN}))
    assert isinstance(may_show(other, picture_of(job), here), Refused)


def test_findings_excused_by_a_role_are_recorded() -> None:
    guild = make_guild("dragon", roles={ARTISTS: RoleTerms(exempt=frozenset({SERVER, OPEN}))})
    verdict = admit(ASK, policy(guild, ARTISTS, finds=SERVER))
    assert isinstance(verdict, Admitted)
    assert verdict.excused == {Finding(rule=SERVER)}, "a rule that found nothing is not recorded"


@given(guild=policies(), rules=st.frozensets(st.sampled_from(RULES)))
def test_excusing_loosens_only_the_named_rules_and_never_the_floor(
    guild: GuildPolicy, rules: frozenset[RuleId]
) -> None:
    place = make_place(guild=guild.guild_id)
    before = effective(BOOK, guild, place)
    after = with_excused(before, [Finding(rule=rule) for rule in rules])
    for rule, line in before.lines.items():
        if rule not in rules:
            assert after.lines[rule] == line
        elif BOOK.rules.get(rule) and BOOK.rules[rule].floor:
            assert BOOK.rules[rule].effect <= after.lines[rule].effect


def test_no_role_exceeds_the_operators_limit_per_member() -> None:
    guild = GuildPolicy(
        guild_id=GUILD,
        cooldown_s=60,
        per_day_max=5,
        roles={
            ARTISTS: RoleTerms(waiting_max=50, cooldown_s=10),
            RoleId(32): RoleTerms(waiting_max=2, per_day_max=9, cooldown_s=20),
        },
    )
    both = quota(guild, frozenset({ARTISTS, RoleId(32)}))
    assert (both.waiting_under(8), both.per_day_max, both.cooldown_s) == (8, 9, 10)
    one = quota(guild, frozenset({RoleId(32)}))
    assert (one.waiting_under(8), one.per_day_max, one.cooldown_s) == (2, 9, 20)
    nobody = quota(guild, frozenset({RoleId(99)}))
    assert (nobody.waiting_under(8), nobody.per_day_max, nobody.cooldown_s) == (8, 5, 60)
