"""What a moderator or a role lets pass: for that job alone, and never below floor and licence."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Admitted, Job, Picture, Rating, RefusalReason, Refused, RoleId, RuleId
from bot.policy.decide import admit, uphold
from bot.policy.layers import EffectivePolicy, GuildPolicy, RoleTerms, effective, excusing
from bot.policy.quotas import quota
from bot.policy.rulebook import SERVER
from bot.policy.showing import Shown, may_show
from tests.stages.factories import GUILD, make_ask, make_job, make_place
from tests.stages.law import Finds, make_guild
from tests.stages.policies import BOOK, GROWN, LAWFUL, NEVER, OPEN, policies

ASK = make_ask()
PLACE = ASK.place
ARTISTS = RoleId(31)
RULES = [NEVER, LAWFUL, GROWN, OPEN, SERVER]


def picture_of(job: Job) -> Picture:
    return Picture(
        job_id=job.id, user_id=job.user_id, guild_id=job.guild_id, sha256="0" * 64, size_bytes=1,
        width_px=1, height_px=1, card_id="tiny-1", rating=Rating.GENERAL, created_ms=1,
        spoiler=False, removed=False,
    )  # fmt: skip


def policy(guild: GuildPolicy | None = None, *roles: RoleId, finds: RuleId) -> EffectivePolicy:
    """What holds where one rule finds something in every prompt."""
    found = effective(BOOK, guild or make_guild("dragon"), PLACE, frozenset(roles))
    return replace(found, screen=Finds({finds: ["dragon"]}))


def test_an_upheld_ask_is_let_in_and_names_what_was_let_pass() -> None:
    here = policy(finds=SERVER)
    assert isinstance(admit(ASK, here), Refused)
    verdict = uphold(ASK, here)
    assert isinstance(verdict, Admitted)
    assert verdict.excused == {SERVER}


def test_no_appeal_gets_below_floor_licence_or_age() -> None:
    for rule, reason in (
        (NEVER, RefusalReason.FLOOR), (LAWFUL, RefusalReason.FLOOR), (GROWN, RefusalReason.AGE),
    ):  # fmt: skip
        verdict = uphold(ASK, policy(finds=rule))
        assert isinstance(verdict, Refused), rule
        assert verdict.reason is reason
        assert not verdict.appealable


def test_an_upheld_ask_is_not_drawn_where_the_bot_is_switched_off() -> None:
    off = make_guild("dragon", off=PLACE.channel_id)
    assert isinstance(uphold(ASK, policy(off, finds=SERVER)), Refused)


def test_a_fault_while_upholding_is_a_no() -> None:
    broken = replace(policy(finds=SERVER), screen=None)  # type: ignore[arg-type]  that is the fault
    verdict = uphold(ASK, broken)
    assert isinstance(verdict, Refused)
    assert verdict.reason is RefusalReason.FAULT


def test_what_was_let_pass_is_shown_and_the_same_words_of_others_are_not() -> None:
    here, job = policy(finds=SERVER), make_job()
    assert isinstance(may_show(job, picture_of(job), here), Refused)
    excused = replace(job, excused=frozenset({SERVER}))
    assert may_show(excused, picture_of(job), here) == Shown(spoiler=False)


def test_an_exempt_role_is_noted_with_what_it_let_pass() -> None:
    guild = make_guild("dragon", roles={ARTISTS: RoleTerms(exempt=frozenset({SERVER, OPEN}))})
    verdict = admit(ASK, policy(guild, ARTISTS, finds=SERVER))
    assert isinstance(verdict, Admitted)
    assert verdict.excused == {SERVER}, "what found nothing is not noted"


@given(guild=policies(), rules=st.frozensets(st.sampled_from(RULES)))
def test_excusing_loosens_nothing_but_what_it_names_and_nothing_of_the_floor(
    guild: GuildPolicy, rules: frozenset[RuleId]
) -> None:
    place = make_place(guild=guild.guild_id)
    before = effective(BOOK, guild, place)
    after = excusing(before, rules)
    for rule, line in before.lines.items():
        if rule not in rules:
            assert after.lines[rule] == line
        elif BOOK.rules.get(rule) and BOOK.rules[rule].floor:
            assert BOOK.rules[rule].effect <= after.lines[rule].effect


def test_no_role_gets_beyond_what_the_operator_lets_one_member_have() -> None:
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
