from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import Job, JobId, JobState, RefusalReason, Refused, RequestId, UserId
from bot.store import queue as room
from bot.store.caps import Caps
from tests.stages.factories import (
    GUILD,
    OTHER,
    SINCE,
    USER,
    make_admitted,
    make_ask,
    make_message,
    make_place,
)
from tests.stages.sick_disk import make_writer_fail
from tests.stages.stores import AMPLE, LEASE_MS, WORKER, Stores, open_stores

FAR_MS = 10_000_000


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def ask(stores: Stores, user: int, count: int = 1, *, guild: int = GUILD) -> list[Job]:
    place = make_place(guild=guild)
    return await stores.enqueue(make_admitted(make_ask(user=user, count=count, place=place)))


async def test_one_ask_becomes_jobs_with_rising_seeds(stores: Stores) -> None:
    admitted = make_admitted(make_ask(count=3, seed=2**32 - 2))
    jobs = await stores.enqueue(admitted)
    assert [job.draw.seed for job in jobs] == [2**32 - 2, 2**32 - 1, 0]
    assert len({job.request_id for job in jobs}) == 1
    assert await stores.views.of_request(jobs[0].request_id) == jobs
    assert await stores.views.get(jobs[1].id) == jobs[1]


async def test_a_cap_admits_a_whole_ask_or_none_of_it(stores: Stores) -> None:
    caps = Caps(per_user=5, per_guild=7)

    async def wish(user: int, count: int) -> Refused | None:
        admitted = make_admitted(make_ask(user=user, count=count))
        result = await stores.queue.enqueue(admitted, caps, 1, since_id=SINCE)
        return result if isinstance(result, Refused) else None

    assert await wish(1, 4) is None
    refused = await wish(1, 2)
    assert refused is not None
    assert refused.reason is RefusalReason.CAP
    assert "You have 4 pictures in progress, and the limit is 5: there is room" in refused.text
    assert "for 1 more" in refused.text
    assert await wish(1, 1) is None
    refused = await wish(2, 3)
    assert refused is not None
    assert "This server has 5 pictures" in refused.text
    assert await wish(2, 2) is None
    assert (await stores.views.count_states(GUILD))[JobState.QUEUED] == 7


@pytest.mark.parametrize("caps", [Caps(per_user=2, per_guild=9), Caps(per_user=9, per_guild=2)])
async def test_an_ask_for_more_than_a_cap_is_not_told_to_wait(stores: Stores, caps: Caps) -> None:
    admitted = make_admitted(make_ask(count=4))
    refused = await stores.queue.enqueue(admitted, caps, 1, since_id=SINCE)
    assert isinstance(refused, Refused)
    assert "You asked for 4 pictures; the limit at once is 2. Ask for fewer" in refused.text
    assert "Try again" not in refused.text


async def test_concurrent_asks_respect_a_cap_together(stores: Stores) -> None:
    caps = Caps(per_user=5, per_guild=100)
    results = await asyncio.gather(
        *(
            stores.queue.enqueue(make_admitted(make_ask(count=2)), caps, 1, since_id=SINCE)
            for _ in range(20)
        )
    )
    assert sum(not isinstance(result, Refused) for result in results) == 2


async def test_an_ended_job_makes_room_under_the_cap(stores: Stores) -> None:
    caps = Caps(per_user=1, per_guild=1)
    job = (await stores.enqueue())[0]
    assert isinstance(await stores.queue.enqueue(make_admitted(), caps, 1, since_id=SINCE), Refused)
    await stores.queue.cancel_job(job.id, 2)
    assert not isinstance(
        await stores.queue.enqueue(make_admitted(), caps, 3, since_id=SINCE), Refused
    )


async def test_a_job_is_leased_to_one_claimer(stores: Stores) -> None:
    for user in range(10):
        await ask(stores, user)
    claims = await asyncio.gather(
        *(stores.queue.claim(f"w{i}", LEASE_MS, 5) for i in range(25)),
    )
    claimed = [job for job in claims if job]
    assert len(claimed) == len({job.id for job in claimed}) == 10
    assert {(job.state, job.attempts) for job in claimed} == {(JobState.RUNNING, 1)}


async def test_a_flood_delays_others_by_a_few_pictures(stores: Stores) -> None:
    await ask(stores, 1, 50)
    for _ in range(5):
        assert await stores.claim()
    for user in range(2, 7):
        await ask(stores, user)
    order = [job.user_id for job in [await stores.claim() for _ in range(6)] if job]
    assert sorted(order[:5]) == [2, 3, 4, 5, 6], "each waits for at most the other four"


async def test_claims_rotate_between_members_and_then_go_by_age(stores: Stores) -> None:
    jobs = {user: await ask(stores, user, 3) for user in (1, 2, 3)}
    claimed = [job for job in [await stores.claim() for _ in range(9)] if job]
    assert [job.user_id for job in claimed] == [1, 2, 3] * 3
    for user, asked in jobs.items():
        assert [j.id for j in claimed if j.user_id == user] == [j.id for j in asked]
    assert await stores.claim() is None


async def test_the_shown_order_and_standing_match_the_claims(stores: Stores) -> None:
    dice = random.Random(11)
    for round_ in range(6):
        for _ in range(dice.randrange(4, 12)):
            await ask(stores, dice.randrange(1, 7), dice.randrange(1, 5))
        for _ in range(dice.randrange(0, 9)):
            await stores.claim()
        waiting = await stores.rows("jobs")
        queued = [JobId(str(row["id"])) for row in waiting if row["state"] == "queued"]
        foreseen = {job_id: await stores.views.standing(job_id) for job_id in queued}
        line = [job.id for job in await stores.views.guild_jobs(GUILD) if job.state == "queued"]
        drawn: list[JobId] = []
        while job := await stores.queue.claim(f"sim{round_}", LEASE_MS, 5):
            drawn.append(job.id)
        assert line == drawn
        for place, job_id in enumerate(drawn):
            standing = foreseen[job_id]
            assert standing is not None
            assert (standing.ahead, standing.queued) == (place, len(drawn))
        assert await stores.views.standing(drawn[0]) is None
        # Half of them go back, so that the next round begins with turns taken.
        await stores.queue.requeue(f"sim{round_}", drawn[::2], 5)


async def test_turns_count_exactly_the_queued_jobs(stores: Stores) -> None:
    dice = random.Random(5)
    for _ in range(150):
        user = dice.randrange(1, 5)
        match dice.randrange(6):
            case 0 | 1:
                await ask(stores, user, dice.randrange(1, 4))
            case 2:
                await stores.claim()
            case 3:
                await stores.queue.cancel_user(UserId(user), None, 9)
            case 4:
                running = [r["id"] for r in await stores.rows("jobs") if r["state"] == "running"]
                ids = [JobId(str(job_id)) for job_id in running[:2]]
                await stores.queue.requeue(WORKER, ids, 9, count_attempt=dice.random() < 0.5)
            case _:
                await stores.queue.requeue_expired(WORKER, FAR_MS, 3, 0)
        rows = await stores.rows("jobs")
        queued = Counter(row["user_id"] for row in rows if row["state"] == "queued")
        turns = {row["user_id"]: row["queued"] for row in await stores.rows("turns")}
        assert {user: n for user, n in turns.items() if n} == queued


async def test_claims_use_indexes_only(stores: Stores) -> None:
    for sql in (room._NEXT, room._UPCOMING, room._CLAIM, room._ANY_EXPIRED):
        share = {"models": "[]", "excluded": True, "unnamed": "tiny-1"}
        values = {"now": 1, "owner": "w", "until": 2, **share}
        plan = await stores.db.fetch_all(f"EXPLAIN QUERY PLAN {sql}", values)
        steps = [str(row["detail"]) for row in plan]
        assert not [step for step in steps if step.startswith("SCAN jobs")], steps
        assert not [step for step in steps if "TEMP B-TREE" in step], steps


async def test_a_paused_job_is_passed_over_until_its_time(stores: Stores) -> None:
    first = (await ask(stores, USER))[0]
    await stores.claim(now_ms=100)
    await stores.queue.requeue(WORKER, [first.id], 100, pause_ms=50)
    other = (await ask(stores, OTHER))[0]
    claimed = await stores.claim(now_ms=149)
    assert claimed is not None
    assert claimed.id == other.id
    assert await stores.claim(now_ms=149) is None
    again = await stores.claim(now_ms=150)
    assert again is not None
    assert (again.id, again.attempts) == (first.id, 2)


async def test_a_drain_costs_neither_attempt_nor_turn(stores: Stores) -> None:
    mine = (await ask(stores, USER))[0]
    await ask(stores, OTHER, 2)
    claimed = await stores.claim()
    assert claimed is not None
    assert claimed.id == mine.id
    await stores.queue.requeue(WORKER, [mine.id], 5, count_attempt=False)
    again = await stores.claim()
    assert again is not None
    assert (again.id, again.attempts) == (mine.id, 1)


async def test_renewing_tells_which_leases_are_still_ours(stores: Stores) -> None:
    jobs = await ask(stores, USER, 4)
    for _ in range(3):
        await stores.claim(now_ms=0)
    await stores.queue.claim("other", LEASE_MS, 0)
    await stores.queue.cancel_job(jobs[1].id, 1)
    ids = [job.id for job in jobs]
    assert await stores.queue.renew(WORKER, ids, LEASE_MS, 50_000) == {ids[0], ids[2]}
    requeued, failed = await stores.queue.requeue_expired("other", LEASE_MS, 3, 0)
    assert (requeued, failed) == ([ids[3]], [])


async def test_an_expired_lease_is_retried_until_the_attempts_run_out(stores: Stores) -> None:
    job = (await ask(stores, USER))[0]
    for attempt in (1, 2):
        assert await stores.claim(now_ms=0)
        assert await stores.queue.requeue_expired(WORKER, LEASE_MS - 1, 3, 7) == ([], [])
        assert await stores.queue.requeue_expired(WORKER, LEASE_MS, 3, 7) == ([job.id], [])
        assert await stores.claim(now_ms=LEASE_MS + 6) is None, attempt
        assert await stores.claim(now_ms=LEASE_MS + 7)
        await stores.queue.requeue(WORKER, [job.id], 0, count_attempt=False)
    assert await stores.claim(now_ms=0)
    assert await stores.queue.requeue_expired(WORKER, LEASE_MS, 3, 7) == ([], [job.id])
    ended = await stores.views.get(job.id)
    assert ended is not None
    assert ended.state is JobState.FAILED
    assert ended.error


async def test_a_worker_that_lost_its_lease_cannot_end_the_job(stores: Stores) -> None:
    job = (await ask(stores, USER))[0]
    await stores.queue.claim("dead", LEASE_MS, 0)
    await stores.queue.requeue_expired("dead", LEASE_MS, 3, 0)
    await stores.claim(now_ms=LEASE_MS)
    await stores.queue.fail("dead", job.id, "late", 9)
    await stores.queue.withhold("dead", job.id, "late", 9)
    await stores.queue.requeue("dead", [job.id], 9)
    assert await stores.state(job) == "running"
    await stores.queue.withhold(WORKER, job.id, "Not here.", 9)
    ended = await stores.views.get(job.id)
    assert ended is not None
    assert (ended.state, ended.error) == (JobState.WITHHELD, "Not here.")


async def test_a_user_can_cancel_their_own_queued_and_running_jobs(stores: Stores) -> None:
    jobs = await ask(stores, USER, 3)
    await stores.claim()
    request_id = jobs[0].request_id
    assert await stores.queue.cancel_request(request_id, OTHER, 5) == []
    cancelled = await stores.queue.cancel_request(request_id, USER, 5)
    assert sorted(cancelled) == sorted(job.id for job in jobs)
    assert await stores.queue.cancel_request(request_id, USER, 6) == []
    assert await stores.claim() is None


async def test_cancelling_a_users_jobs_stays_within_the_named_server(stores: Stores) -> None:
    here, there = (await ask(stores, USER))[0], (await ask(stores, USER, guild=99))[0]
    assert await stores.queue.cancel_user(USER, GUILD, 5) == [here.id]
    assert await stores.state(there) == "queued"
    assert await stores.queue.cancel_user(USER, None, 5) == [there.id]


async def test_a_drawn_picture_can_no_longer_be_cancelled(stores: Stores) -> None:
    job, _ = await stores.draw()
    assert not await stores.queue.cancel_job(job.id, 9)
    assert await stores.state(job) == "rendered"


async def test_counts_and_lists_show_unfinished_jobs(stores: Stores) -> None:
    drawn, _ = await stores.draw()
    await ask(stores, USER, 2)
    await stores.claim()
    await ask(stores, OTHER, guild=99)
    mine = await stores.views.unfinished_jobs(USER, GUILD)
    assert [job.state for job in mine] == ["rendered", "running", "queued"]
    assert mine[0].id == drawn.id
    assert [job.state for job in await stores.views.guild_jobs(GUILD)] == [
        "rendered",
        "running",
        "queued",
    ]
    everywhere = await stores.views.count_states(None)
    assert everywhere == {"queued": 2, "running": 1, "held": 0, "rendered": 1}
    assert (await stores.views.count_states(GUILD))[JobState.QUEUED] == 1


async def test_status_messages_are_open_until_closed(stores: Stores) -> None:
    first, second = (await ask(stores, USER))[0], (await ask(stores, OTHER))[0]
    await stores.views.set_status_message(first.request_id, make_message(77))
    status = await stores.views.status(first.request_id)
    assert status is not None
    assert (status.message_id, status.user_id, status.channel_id) == (77, USER, first.channel_id)
    assert await stores.views.ended_requests() == set()
    await stores.queue.cancel_job(first.id, 5)
    assert await stores.views.ended_requests() == {first.request_id}
    await stores.views.close_status(first.request_id)
    open_ids = [s.request_id for s in await stores.views.open_statuses()]
    assert open_ids == [second.request_id]
    assert await stores.views.status(RequestId("nothing")) is None


async def test_concurrent_answers_are_recorded_together(stores: Stores) -> None:
    """Each by itself would keep the requests behind it waiting for the disk."""
    requests = [(await ask(stores, user))[0].request_id for user in range(30)]
    await stores.views.set_status_message(requests[0], make_message(1))
    writer = make_writer_fail(stores.db)
    known = await asyncio.gather(
        stores.views.set_status_message(requests[0], None),
        *(
            stores.views.set_status_message(request_id, make_message(100 + n))
            for n, request_id in enumerate(requests)
            if n
        ),
        stores.views.set_status_message(RequestId("forgotten"), make_message(99)),
    )
    assert known == [*([True] * 30), False]
    assert writer.statements.count("COMMIT") <= 2
    messages = [status.message_id for status in await stores.views.open_statuses()]
    assert messages == [None, *range(101, 130)]
    assert await stores.doomed.messages(9) == [make_message(99)]


async def test_answers_handed_in_before_the_close_are_recorded(
    stores: Stores,
) -> None:
    requests = [(await ask(stores, user))[0].request_id for user in range(3)]
    told = [
        asyncio.create_task(stores.views.set_status_message(request_id, make_message(100 + n)))
        for n, request_id in enumerate(requests)
    ]
    # One is being written, and the others wait behind it.
    await asyncio.sleep(0)
    await stores.views.close()
    await stores.db.close()
    assert await asyncio.gather(*told) == [True] * 3


async def test_concurrent_asks_of_two_hundred_people_are_all_queued(stores: Stores) -> None:
    results = await asyncio.gather(
        *(
            stores.queue.enqueue(
                make_admitted(make_ask(user=user, count=2)), AMPLE, 1, since_id=SINCE
            )
            for user in range(200)
        )
    )
    assert not [result for result in results if isinstance(result, Refused)]
    assert (await stores.views.count_states(None))[JobState.QUEUED] == 400


async def test_history_is_newest_first_and_paged(stores: Stores) -> None:
    jobs = [await stores.deliver(message=100 + i, seed=i) for i in range(4)]
    await ask(stores, USER)
    await stores.gallery.delete(jobs[1].id, 9)
    # All of these jobs have the same time; a page may end between them.
    assert len({job.created_ms for job in jobs}) == 1
    page = await stores.views.history(USER, GUILD, 2)
    assert [job.id for job in page] == [jobs[3].id, jobs[2].id]
    rest = await stores.views.history(USER, GUILD, 5, before=page[-1].id)
    assert [job.id for job in rest] == [jobs[0].id]
