"""The messages of cases: owed until they show the newest revision, and posted once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from bot.domain import ChannelId, GuildId, MessageId, RequestId, UserId
from bot.store import case_posts as room
from bot.store.case_posts import CasePosting
from bot.store.case_rows import Case
from bot.store.decisions import Outcome
from bot.store.reviews import Filing
from tests.stages.factories import GUILD, OTHER, SINCE, USER, make_message
from tests.stages.moderators import MODERATOR, decide, deliver_and_report, make_judgement, report
from tests.stages.stores import Stores, open_stores

REVIEW, ANOTHER = ChannelId(66), ChannelId(67)
THERE = GuildId(GUILD + 1)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        await choose(opened, REVIEW)
        yield opened


async def choose(stores: Stores, channel: ChannelId | None, guild: GuildId = GUILD) -> None:
    """Make this the server's review channel."""
    current = await stores.guilds.current(guild)
    changed = replace(current.policy, review_channel=channel)
    await stores.guilds.save(changed, current.number, MODERATOR, 1, summary="")


async def owed(stores: Stores) -> list[Case]:
    return await stores.case_posts.owed_cases(9)


async def posted(stores: Stores, case: Case, message: int = 500) -> Case:
    """The case with its message."""
    assert await stores.case_posts.begin_posting(case, 5_000)
    assert await stores.case_posts.record_message(case, make_message(message, channel=REVIEW))
    found = await stores.reviews.get(case.id)
    assert found is not None
    return found


async def test_a_case_is_owed_to_the_review_channel_until_it_is_posted(stores: Stores) -> None:
    _, case = await stores.hold()
    (due,) = await owed(stores)
    assert (due.id, due.review_channel_id, due.message) == (case.id, REVIEW, None)
    there = await posted(stores, due)
    assert there.message == make_message(500, channel=REVIEW)
    assert await owed(stores) == []


async def test_without_a_review_channel_cases_wait_for_one(stores: Stores) -> None:
    await choose(stores, None)
    _, case = await stores.hold()
    assert await owed(stores) == []
    await choose(stores, ANOTHER)
    assert [(due.id, due.review_channel_id) for due in await owed(stores)] == [(case.id, ANOTHER)]


async def test_owed_cases_can_leave_out_channels_and_cases(stores: Stores) -> None:
    _, first = await stores.hold()
    _, second = await stores.hold()
    assert await stores.case_posts.owed_cases(9, closed=[REVIEW]) == []
    assert [due.id for due in await stores.case_posts.owed_cases(9, skip_ids=[first.id])] == [
        second.id
    ]
    assert [due.id for due in await stores.case_posts.owed_cases(1)] == [first.id]


async def test_a_closed_channel_hides_no_other_servers_cases(stores: Stores) -> None:
    await choose(stores, ANOTHER, THERE)
    _, here = await stores.hold()
    job = await stores.deliver(message=1, guild=THERE)
    assert await report(stores, job) is Filing.OPENED
    (there,) = await stores.reviews.open_cases(THERE, 9)
    assert [due.id for due in await owed(stores)] == [here.id, there.id]
    assert [due.id for due in await stores.case_posts.owed_cases(1, closed=[REVIEW])] == [there.id]
    assert [due.id for due in await stores.case_posts.owed_cases(1, closed=[ANOTHER])] == [here.id]


async def test_a_second_posting_attempt_knows_of_the_first(stores: Stores) -> None:
    await stores.hold()
    (due,) = await owed(stores)
    first = CasePosting(channel_id=REVIEW, since_id=SINCE, is_first=True)
    assert await stores.case_posts.begin_posting(due, 5_000) == first
    assert await stores.case_posts.begin_posting(due, 5_001) == replace(first, is_first=False)


async def test_a_posting_is_finished_in_the_channel_where_it_began(stores: Stores) -> None:
    await stores.hold()
    (due,) = await owed(stores)
    assert await stores.case_posts.begin_posting(due, 5_000)
    await choose(stores, ANOTHER)
    (due,) = await owed(stores)
    assert due.review_channel_id == REVIEW
    again = await stores.case_posts.begin_posting(due, 5_001)
    assert again is not None
    assert again.channel_id == REVIEW


async def test_a_long_decided_case_goes_even_if_its_message_cannot_be_edited(
    stores: Stores,
) -> None:
    _, case = await stores.hold()
    await posted(stores, case, 500)
    await decide(stores, case, Outcome.APPROVE)
    assert await owed(stores)
    assert await stores.reviews.prune(10_000) == 1
    assert [doomed.message_id for doomed in await stores.doomed.messages(9)] == [500]


async def test_a_dropped_case_takes_its_message_with_it(stores: Stores) -> None:
    _, case = await stores.hold()
    await posted(stores, case, 500)
    await decide(stores, case, Outcome.APPROVE)
    (due,) = await owed(stores)
    await stores.case_posts.record_edit(due)
    assert not await stores.doomed.messages(9)
    await stores.reviews.prune(10_000)
    assert [doomed.message_id for doomed in await stores.doomed.messages(9)] == [500]


async def test_an_abandoned_posting_goes_to_the_current_review_channel(stores: Stores) -> None:
    await stores.hold()
    (due,) = await owed(stores)
    assert await stores.case_posts.begin_posting(due, 5_000)
    await choose(stores, ANOTHER)
    await stores.case_posts.abandon(due)
    (due,) = await owed(stores)
    begun = await stores.case_posts.begin_posting(due, 5_001)
    assert begun == CasePosting(channel_id=ANOTHER, since_id=SINCE, is_first=True)


async def test_a_second_message_for_one_case_is_doomed(stores: Stores) -> None:
    await stores.hold()
    (due,) = await owed(stores)
    await posted(stores, due)
    assert not await stores.case_posts.record_message(due, make_message(501, channel=REVIEW))
    assert await stores.case_posts.record_message(due, make_message(500, channel=REVIEW)), (
        "a repetition"
    )
    assert [gone.message_id for gone in await stores.doomed.messages(9)] == [501]
    assert await stores.case_posts.begin_posting(due, 5_001) is None


async def test_every_change_to_a_case_is_owed_to_its_message(stores: Stores) -> None:
    job, case = await deliver_and_report(stores)
    there = await posted(stores, case)
    await report(stores, job, by=77, reason="So mean.")
    (joined,) = await owed(stores)
    assert (joined.message, len(joined.reports)) == (there.message, 2)
    assert joined.nonce != there.nonce
    await stores.case_posts.record_edit(there)
    assert await owed(stores) == [replace(joined)], "an edit to an older revision settles nothing"
    await stores.case_posts.record_edit(joined)
    assert await owed(stores) == []
    await decide(stores, joined, Outcome.REMOVE)
    (due,) = await owed(stores)
    assert (due.decision, due.has_picture) == (Outcome.REMOVE, False)
    await stores.case_posts.record_edit(due)
    assert await owed(stores) == []


async def test_a_case_decided_before_posting_is_never_posted(stores: Stores) -> None:
    _, case = await stores.hold()
    await decide(stores, case, Outcome.APPROVE)
    assert await owed(stores) == []
    assert await stores.case_posts.begin_posting(case, 5_000) is None


async def test_a_case_decided_while_being_posted_is_looked_for_once_more(stores: Stores) -> None:
    _, case = await stores.hold()
    (due,) = await owed(stores)
    assert await stores.case_posts.begin_posting(due, 5_000)
    await decide(stores, case, Outcome.APPROVE)
    (due,) = await owed(stores)
    again = await stores.case_posts.begin_posting(due, 5_001)
    assert again is not None
    assert not again.is_first
    assert due.decision is Outcome.APPROVE
    await stores.case_posts.abandon(due)
    assert await owed(stores) == []


async def test_a_purge_also_removes_the_picture_from_decided_cases(
    stores: Stores,
) -> None:
    _, case = await stores.hold()
    await posted(stores, case)
    await decide(stores, case, Outcome.APPROVE)
    (due,) = await owed(stores)
    assert due.has_picture
    await stores.case_posts.record_edit(due)
    await stores.members.purge(GUILD, USER, MODERATOR, "Gone.", 9_500)
    (due,) = await owed(stores)
    assert (due.decision, due.has_picture) == (Outcome.APPROVE, False)


async def test_a_case_message_deleted_by_a_moderator_is_owed_again(stores: Stores) -> None:
    _, case = await stores.hold()
    there = await posted(stores, case)
    await stores.gallery.record_deleted_messages([MessageId(500)], 6_000)
    (due,) = await owed(stores)
    assert (due.id, due.message) == (case.id, None)
    assert due.nonce != there.nonce, "otherwise Discord takes the new message for the old one"
    begun = await stores.case_posts.begin_posting(due, 6_001)
    assert begun is not None
    assert begun.is_first
    assert await stores.case_posts.record_message(due, make_message(502, channel=REVIEW))


async def test_a_lost_message_of_a_decided_case_is_not_replaced(stores: Stores) -> None:
    _, case = await stores.hold()
    await posted(stores, case)
    await decide(stores, case, Outcome.APPROVE)
    await stores.case_posts.record_deleted_message(MessageId(500))
    assert await owed(stores) == []


async def test_cases_survive_the_loss_of_their_review_channel(stores: Stores) -> None:
    _, case = await stores.hold()
    await posted(stores, case)
    _, other = await stores.hold()
    (due,) = await owed(stores)
    assert await stores.case_posts.begin_posting(due, 5_000)
    await stores.case_posts.record_deleted_channel(GUILD, REVIEW)
    await choose(stores, ANOTHER)
    assert {(due.id, due.review_channel_id) for due in await owed(stores)} == {
        (case.id, ANOTHER), (other.id, ANOTHER),
    }  # fmt: skip


async def test_a_forgotten_members_messages_leave_the_review_channel(stores: Stores) -> None:
    _, there = await stores.hold()
    await posted(stores, there)
    _, under_way = await stores.hold()
    (due,) = await owed(stores)
    posting = await stores.case_posts.begin_posting(due, 5_000)
    assert posting is not None
    await stores.privacy.forget(USER)
    assert [gone.message_id for gone in await stores.doomed.messages(9)] == [500]
    (hunt,) = [hunt for hunt in await stores.doomed.hunts(9) if hunt.channel_id == REVIEW]
    assert hunt.name == under_way.id
    # If the answer comes after all, the message goes. If it does not come, it is hunted again.
    assert not await stores.case_posts.record_message(due, make_message(503, channel=REVIEW))
    assert 503 in [gone.message_id for gone in await stores.doomed.messages(9)]
    await stores.doomed.end_hunt(hunt, [])
    assert hunt not in await stores.doomed.hunts(9)
    await stores.case_posts.record_lost_answer(due, posting)
    assert hunt in await stores.doomed.hunts(9)


async def test_a_message_is_owed_an_edit_when_its_reporter_is_forgotten(stores: Stores) -> None:
    _, case = await deliver_and_report(stores)
    there = await posted(stores, case)
    await stores.privacy.forget(UserId(OTHER))
    (due,) = await owed(stores)
    assert due.message == there.message
    assert [one.reporter_id for one in due.reports] == [None]
    await stores.case_posts.record_edit(due)
    assert await owed(stores) == []


async def test_a_message_posted_while_its_reporter_is_forgotten_is_owed_an_edit(
    stores: Stores,
) -> None:
    await deliver_and_report(stores)
    (named,) = await owed(stores)
    await stores.privacy.forget(UserId(OTHER))
    await posted(stores, named)
    (due,) = await owed(stores)
    assert [one.reporter_id for one in due.reports] == [None]


async def test_a_message_is_owed_an_edit_when_its_moderator_is_forgotten(stores: Stores) -> None:
    _, case = await stores.hold()
    _, never_posted = await stores.hold()
    there = await posted(stores, case)
    for one in (there, never_posted):
        await decide(stores, one, Outcome.APPROVE)
    (decided,) = await owed(stores)
    await stores.case_posts.record_edit(decided)
    await stores.privacy.forget(MODERATOR)
    (due,) = await owed(stores)
    assert (due.message, due.actor_id) == (there.message, None)


async def test_a_decision_posted_while_its_moderator_is_forgotten_is_owed_an_edit(
    stores: Stores,
) -> None:
    _, case = await stores.hold()
    assert await stores.case_posts.begin_posting(case, 5_000)
    await decide(stores, case, Outcome.APPROVE)
    (named,) = await owed(stores)
    await stores.privacy.forget(MODERATOR)
    await posted(stores, named)
    (due,) = await owed(stores)
    assert due.actor_id is None


async def test_a_case_whose_answer_was_lost_stays_owed(stores: Stores) -> None:
    _, case = await stores.hold()
    (due,) = await owed(stores)
    posting = await stores.case_posts.begin_posting(due, 5_000)
    assert posting is not None
    await stores.case_posts.record_lost_answer(due, posting)
    assert await stores.doomed.hunts(9) == []
    assert [due.id for due in await owed(stores)] == [case.id]


async def test_owed_cases_are_found_through_an_index(stores: Stores) -> None:
    plan = await stores.db.fetch_all(
        f"EXPLAIN QUERY PLAN {room._OWED}", {"closed": "[]", "nor": "[]", "limit": 8}
    )
    steps = [str(row["detail"]) for row in plan]
    assert any("cases USING INDEX cases_owed" in step for step in steps), steps
    scans = [step for step in steps if step.startswith(("SCAN policies", "SCAN reports"))]
    assert not scans, steps


async def test_a_report_names_its_reporter_and_queues_nothing(stores: Stores) -> None:
    _, case = await deliver_and_report(stores)
    assert [one.reporter_id for one in case.reports] == [UserId(OTHER)]
    assert await stores.reviews.decide(case.id, make_judgement(Outcome.DISMISS)) is not None
    assert RequestId(case.id) not in [row["id"] for row in await stores.rows("requests")]
