"""Cases: opened once, decided once, and everything that follows in the same transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import (
    Finding,
    GuildId,
    JobId,
    JobState,
    RuleId,
    UserId,
)
from bot.store import consequences
from bot.store.case_rows import CaseId, CaseKind, MemberReport
from bot.store.consent import Consent
from bot.store.consequences import POSSIBLE_OUTCOMES, Judgement
from bot.store.decisions import DecisionKind, Outcome
from bot.store.gallery import PostDebt
from bot.store.reviews import Filing
from bot.store.sends import SendAttempt
from tests.stages.factories import (
    GUILD,
    OTHER,
    SINCE,
    USER,
    make_admitted,
    make_ask,
    make_post,
    make_reaction,
    make_send,
)
from tests.stages.moderators import (
    MODERATOR,
    SECOND,
    TEXT,
    appeal,
    decide,
    deliver_and_report,
    export_again,
    hold_and_appeal,
    make_judgement,
    report,
)
from tests.stages.stores import Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def test_a_second_report_joins_the_first(stores: Stores) -> None:
    job, case = await deliver_and_report(stores)
    assert case.reports == (MemberReport(reporter_id=OTHER, reason="It is mean.", at_ms=7_000),)
    assert await report(stores, job, by=77, reason="So mean.") is Filing.JOINED
    assert await report(stores, job, by=77, reason="Really.") is Filing.AGAIN
    (joined,) = await stores.reviews.open_cases(GUILD, 9)
    assert joined.id == case.id
    assert [r.reason for r in joined.reports] == ["It is mean.", "So mean."]
    assert joined.revision == case.revision + 1


async def test_a_picture_that_moderators_judged_cannot_be_reported_again(stores: Stores) -> None:
    job, case = await deliver_and_report(stores)
    await decide(stores, case, Outcome.DISMISS)
    assert await report(stores, job, by=78) is Filing.DECIDED
    assert await stores.reviews.open_cases(GUILD, 9) == []
    assert await stores.state(job) == JobState.DELIVERED


async def test_a_picture_that_nobody_can_see_cannot_be_reported(stores: Stores) -> None:
    held, _ = await stores.hold()
    assert await report(stores, held) is Filing.GONE
    drawn, _ = await stores.draw()
    assert await report(stores, drawn) is Filing.GONE
    posted = await stores.deliver(message=1, user=OTHER)
    await stores.gallery.delete(posted.id, 5_000)
    assert await report(stores, posted) is Filing.GONE
    assert await stores.reviews.file_report(JobId("none"), OTHER, "", 1, since_id=1) is Filing.GONE


async def test_a_removal_takes_the_picture_from_every_message_and_every_export(
    stores: Stores, tmp_path: Path
) -> None:
    job, case = await deliver_and_report(stores)
    await stores.gallery.add_post(make_post(job.id, message=2))
    await stores.sends.begin(make_send(job.id, name="85"))
    await stores.votes.record(make_reaction(1, 77))
    voted = await export_again(stores, tmp_path / "before")
    assert len(voted.pictures) == 1, "otherwise this proves nothing"
    await decide(stores, case, Outcome.REMOVE)
    assert [gone.message_id for gone in await stores.doomed.messages(9)] == [1, 2]
    assert [hunt.name for hunt in await stores.doomed.hunts(9)] == ["85"]
    assert not (await export_again(stores, tmp_path / "after")).pictures
    assert await stores.views.history(USER, GUILD, 9) == []
    assert await stores.gallery.get(job.id) is None
    # It was delivered once, and that stays true.
    assert await stores.state(job) == JobState.DELIVERED


async def test_a_post_on_its_way_does_not_outlive_the_removal(stores: Stores) -> None:
    job, case = await stores.hold()
    await decide(stores, case, Outcome.APPROVE)
    assert await stores.outbox.begin_posting(job.owed_post_id, 9_100)
    removed = await stores.members.purge(GUILD, USER, MODERATOR, TEXT, 9_200)
    assert removed == [job.id]
    assert not await stores.outbox.record_delivery(job.owed_post_id, make_post(job.id), 9_300)
    assert len(await stores.doomed.messages(9)) == 1


async def test_a_posted_picture_goes_behind_a_spoiler_wherever_it_is(stores: Stores) -> None:
    job, case = await deliver_and_report(stores)
    await stores.gallery.add_post(make_post(job.id, message=2))
    await stores.deliver(message=3, user=OTHER)
    await stores.sends.begin(make_send(job.id, name="85"))
    await decide(stores, case, Outcome.SPOILER)
    assert await stores.state(job) == JobState.DELIVERED
    assert [
        post.message_id for post in await stores.gallery.posts_with_debt(PostDebt.AMENDMENT, 9)
    ] == [1, 2]
    assert (
        await stores.gallery.posts_with_debt(PostDebt.AMENDMENT, 9, closed=[job.channel_id]) == []
    )
    await stores.gallery.clear_debt(
        PostDebt.AMENDMENT,
        (await stores.gallery.posts_with_debt(PostDebt.AMENDMENT, 9))[0].message_id,
    )
    assert [
        post.message_id for post in await stores.gallery.posts_with_debt(PostDebt.AMENDMENT, 9)
    ] == [2]
    # A show that was on its way goes, and none begins without the spoiler.
    assert [hunt.name for hunt in await stores.doomed.hunts(9)] == ["85"]
    assert await stores.sends.begin(make_send(job.id, name="86")) is SendAttempt.GONE
    behind = make_send(job.id, name="87", spoilered=[job.id])
    assert await stores.sends.begin(behind) is SendAttempt.FIRST


async def test_an_appeal_takes_over_the_refused_ask(stores: Stores) -> None:
    waiting = await Consent(stores.db).add_waiting_ask(make_ask("blood"), 5)
    assert await appeal(stores, waiting) is Filing.OPENED
    assert await stores.rows("waiting_asks") == []
    assert await appeal(stores, waiting) is Filing.GONE
    (case,) = await stores.reviews.open_cases(GUILD, 9)
    assert (case.id, case.ask) == (waiting, make_ask("blood"))
    assert case.findings == (Finding(rule=RuleId("gore"), words=("guts",)),)
    assert await stores.reviews.get(case.id) == case


async def test_members_appeal_only_for_themselves_and_within_a_limit(stores: Stores) -> None:
    waiting = await Consent(stores.db).add_waiting_ask(make_ask(), 5)
    assert await appeal(stores, waiting, by=OTHER) is Filing.GONE
    assert [await hold_and_appeal(stores, most=2) for _ in range(3)] == [
        Filing.OPENED, Filing.OPENED, Filing.TOO_MANY,
    ]  # fmt: skip
    assert len(await stores.rows("waiting_asks")) == 2, "an ask that was not taken keeps waiting"
    for case in await stores.reviews.open_cases(GUILD, 9):
        await decide(stores, case, Outcome.DISMISS)
    assert await hold_and_appeal(stores, most=2) is Filing.OPENED


async def test_an_upheld_appeal_is_queued_with_its_decision(stores: Stores) -> None:
    assert await hold_and_appeal(stores, "blood") is Filing.OPENED
    (case,) = await stores.reviews.open_cases(GUILD, 9)
    assert case.ask is not None
    upheld = Judgement(
        outcome=Outcome.UPHOLD,
        actor_id=MODERATOR,
        at_ms=9_000,
        admitted=make_admitted(case.ask),
        since_id=SINCE + 9,
    )
    first = await stores.reviews.decide(case.id, upheld)
    again = await stores.reviews.decide(case.id, upheld)
    assert first is not None
    assert again is not None
    assert first.consequences.request is not None
    assert (first.first, again.first, again.consequences.request) == (True, False, None)
    (row,) = await stores.rows("requests")
    assert (row["id"], row["since_id"]) == (first.consequences.request.id, SINCE + 9)
    claimed = await stores.claim()
    assert claimed is not None
    assert claimed.draw.prompt == "blood"


async def test_a_dismissed_appeal_draws_nothing(stores: Stores) -> None:
    await hold_and_appeal(stores)
    (case,) = await stores.reviews.open_cases(GUILD, 9)
    assert (await decide(stores, case, Outcome.DISMISS)).consequences.request is None
    assert await stores.rows("jobs") == []


async def test_an_appeal_with_another_versions_ask_can_be_dismissed(stores: Stores) -> None:
    await hold_and_appeal(stores)
    await stores.db.write_one("UPDATE cases SET ask = '{}'")
    (case,) = await stores.reviews.open_cases(GUILD, 9)
    assert case.ask is None
    assert (await decide(stores, case, Outcome.DISMISS)).first


@pytest.mark.parametrize("rounds", [8])
async def test_of_two_concurrent_moderators_only_one_decides(stores: Stores, rounds: int) -> None:
    for _ in range(rounds):
        job, case = await stores.hold()
        results = await asyncio.gather(
            stores.reviews.decide(case.id, make_judgement(Outcome.APPROVE, MODERATOR)),
            stores.reviews.decide(case.id, make_judgement(Outcome.REMOVE, SECOND)),
        )
        assert all(results)
        (won,) = [result for result in results if result and result.first]
        (lost,) = [result for result in results if result and not result.first]
        assert lost.case.decision == won.case.decision
        assert lost.case.actor_id == won.case.actor_id
        approved = won.case.decision is Outcome.APPROVE
        assert await stores.state(job) == ("rendered" if approved else "withheld")
        lines = [line for line in await stores.guilds.audit_log(GUILD, 99) if job.id in line.detail]
        assert len(lines) == 1, "one decision, one line"


async def test_a_second_decision_changes_nothing_and_returns_the_first(stores: Stores) -> None:
    job, case = await stores.hold()
    await decide(stores, case, Outcome.APPROVE)
    late = await stores.reviews.decide(case.id, make_judgement(Outcome.REMOVE_AND_TIME_OUT, SECOND))
    assert late is not None
    assert not late.first
    assert (late.case.decision, late.case.actor_id) == (Outcome.APPROVE, MODERATOR)
    assert await stores.state(job) == JobState.RENDERED
    assert await stores.members.exclusion(GUILD, USER, 9_001) is None


async def test_a_decision_and_its_consequences_are_one_transaction(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    job, case = await stores.hold()
    monkeypatch.setattr(consequences, "insert_decisions", broken)
    for outcome in POSSIBLE_OUTCOMES[CaseKind.HELD]:
        with pytest.raises(ZeroDivisionError):
            await decide(stores, case, outcome)
        assert await stores.state(job) == JobState.HELD
        assert [open_.id for open_ in await stores.reviews.open_cases(GUILD, 9)] == [case.id]
        assert await stores.rows("exclusions") == await stores.rows("doomed_files") == []


async def test_a_case_accepts_only_the_outcomes_of_its_kind(stores: Stores) -> None:
    _, case = await stores.hold()
    for outcome in set(Outcome) - POSSIBLE_OUTCOMES[CaseKind.HELD]:
        with pytest.raises(AssertionError):
            await decide(stores, case, outcome)
    assert [open_.id for open_ in await stores.reviews.open_cases(GUILD, 9)] == [case.id]


async def test_a_decision_appears_in_the_audit_log_and_the_decisions(stores: Stores) -> None:
    job, case = await stores.hold(prompt="xylophone")
    await decide(stores, case, Outcome.REMOVE)
    (line,) = await stores.guilds.audit_log(GUILD, 9)
    assert (line.actor_id, line.action, line.user_id) == (MODERATOR, "remove", USER)
    assert line.detail == f"held {job.id}"
    found = await stores.decisions.decisions_about(GUILD, job.id)
    assert [(d.kind, d.outcome) for d in found] == [
        (DecisionKind.ADMIT, Outcome.ALLOW),
        (DecisionKind.RELEASE, Outcome.HOLD),
        (DecisionKind.MODERATION, Outcome.REMOVE),
    ]
    assert "xylophone" not in str(await stores.rows("decisions") + await stores.rows("audit_log"))


async def test_a_case_that_is_gone_cannot_be_decided(stores: Stores) -> None:
    assert await stores.reviews.decide(CaseId("none"), make_judgement(Outcome.REMOVE)) is None


async def test_servers_do_not_see_each_others_cases(stores: Stores) -> None:
    await stores.hold()
    assert await stores.reviews.open_cases(GuildId(5), 9) == []


async def test_a_forgotten_members_case_is_deleted(stores: Stores) -> None:
    _, case = await stores.hold()
    await stores.privacy.forget(USER)
    assert await stores.reviews.get(case.id) is None
    assert await stores.reviews.decide(case.id, make_judgement(Outcome.APPROVE)) is None
    assert await stores.rows("jobs") == []


async def test_forgetting_during_a_decision_leaves_nothing_half_done(stores: Stores) -> None:
    for outcome in sorted(POSSIBLE_OUTCOMES[CaseKind.HELD]):
        # A different picture each time, or the removal of one would hold for the next.
        _, case = await stores.hold(prompt=f"1girl, {outcome}")
        await asyncio.gather(
            stores.reviews.decide(case.id, make_judgement(outcome)), stores.privacy.forget(USER)
        )
        for table in ("jobs", "pictures", "cases", "owed_posts", "exclusions"):
            assert await stores.rows(table) == [], (outcome, table)
        assert str(USER) not in str(await stores.rows("audit_log"))


async def test_a_forgotten_members_appeal_is_deleted(stores: Stores) -> None:
    await hold_and_appeal(stores, "xylophone")
    await stores.privacy.forget(USER)
    assert await stores.rows("cases") == []


async def test_a_forgotten_reporters_report_stays_without_the_name(stores: Stores) -> None:
    _, case = await deliver_and_report(stores)
    await stores.privacy.forget(UserId(OTHER))
    left = await stores.reviews.get(case.id)
    assert left is not None
    assert left.reports == (MemberReport(reporter_id=None, reason="It is mean.", at_ms=7_000),)


async def test_a_forgotten_moderators_decision_stays_without_the_name(stores: Stores) -> None:
    _, case = await stores.hold()
    await decide(stores, case, Outcome.APPROVE)
    await stores.privacy.forget(MODERATOR)
    left = await stores.reviews.get(case.id)
    assert left is not None
    assert (left.decision, left.actor_id) == (Outcome.APPROVE, None)
