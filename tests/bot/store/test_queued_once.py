"""An ask that waited for the licence is queued once; jobs record why and when they changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from bot.domain import JobState, Layer, RefusalReason, Refused, Request, RequestId, RuleId, Ruling
from bot.store.caps import Caps
from bot.store.consent import Consent
from tests.stages.factories import GUILD, OTHER, USER, make_admitted, make_ask
from tests.stages.stores import AMPLE, SINCE, WORKER, Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def test_an_ask_that_waited_for_the_licence_is_queued_once(stores: Stores) -> None:
    """However often its button is pressed, and only for the member who asked."""
    ask = make_ask()
    waiting_id = await Consent(stores.db).add_waiting_ask(ask, 1)

    async def press(user: int) -> Request | Refused:
        admitted = make_admitted(make_ask(user=user))
        return await stores.queue.enqueue(admitted, AMPLE, 2, waiting_id, since_id=SINCE)

    assert isinstance(await press(OTHER), Refused), "it is not theirs"
    assert isinstance(await press(USER), Request)
    gone = await press(USER)
    assert isinstance(gone, Refused), "it no longer waits"
    assert gone.reason is RefusalReason.GONE
    assert "expired" in gone.text
    assert len(await stores.rows("jobs")) == 1


async def test_a_request_is_replaced_once(stores: Stores) -> None:
    """However often its button is pressed at once, and only for the member who asked."""
    old = await stores.enqueue(make_admitted(make_ask(count=2)))

    async def replace_it(user: int, caps: Caps = AMPLE) -> Request | Refused:
        admitted, request_id = make_admitted(make_ask(user=user)), old[0].request_id
        return await stores.queue.enqueue(admitted, caps, 2, since_id=SINCE, instead_of=request_id)

    async def states() -> Counter[str]:
        return Counter(str(row["state"]) for row in await stores.rows("jobs"))

    refused = await replace_it(OTHER)
    assert isinstance(refused, Refused), "it is not theirs"
    assert refused.reason is RefusalReason.GONE
    daily = Caps(per_user=9, per_guild=9, per_day=2)
    assert isinstance(await replace_it(USER, daily), Refused)
    assert await states() == {"queued": 2}, "a refused replacement leaves the request"
    outcomes = await asyncio.gather(*(replace_it(USER) for _ in range(4)))
    assert sum(isinstance(outcome, Request) for outcome in outcomes) == 1
    assert await states() == {"cancelled": 2, "queued": 1}
    ended = {row["ended_ms"] for row in await stores.rows("jobs") if row["state"] == "cancelled"}
    assert ended == {2}


async def test_a_replacement_takes_the_places_of_its_request_and_waits_for_no_pause(
    stores: Stores,
) -> None:
    (old, _) = await stores.enqueue(make_admitted(make_ask(count=2)))
    caps = Caps(per_user=3, per_guild=3, cooldown_ms=60_000)

    async def ask(count: int, instead_of: RequestId | None = None) -> bool:
        admitted = make_admitted(make_ask(count=count))
        return isinstance(
            await stores.queue.enqueue(
                admitted, replace(caps, cooldown_ms=60_000 if instead_of else 0), 1_500,
                since_id=SINCE, instead_of=instead_of,
            ),
            Request,
        )  # fmt: skip

    # The refused one gives the places back, and the one after it sees those that are left.
    assert await asyncio.gather(
        ask(4, old.request_id), ask(2), ask(2, old.request_id), ask(2), ask(1)
    ) == [False, False, True, False, True]


async def test_a_drawn_request_is_not_replaced(stores: Stores) -> None:
    job, _ = await stores.draw()
    outcome = await stores.queue.enqueue(
        make_admitted(), AMPLE, 2, since_id=SINCE, instead_of=job.request_id
    )
    assert isinstance(outcome, Refused)
    assert "nothing left to correct" in outcome.text


async def test_a_queued_jobs_decision_names_its_rules_and_its_model(stores: Stores) -> None:
    ask = make_ask()
    ask = replace(ask, draw=replace(ask.draw, model="tiny-2"))
    rules = RuleId("gore"), RuleId("shock")
    admitted = replace(make_admitted(ask, ruling=Ruling.HOLD), rules=rules, layer=Layer.CHANNEL)
    (job,) = await stores.enqueue(admitted)
    (decided,) = await stores.decisions.decisions_about(GUILD, job.id)
    assert (decided.rules, decided.layer, decided.card_id) == (rules, "channel", "tiny-2")
    assert decided.user_id == USER


async def test_a_withheld_jobs_decision_names_its_member(stores: Stores) -> None:
    (job,) = await stores.enqueue()
    assert await stores.claim()
    await stores.queue.withhold(WORKER, job.id, "No.", 5_000)
    _, withheld = await stores.decisions.decisions_about(GUILD, job.id)
    assert (withheld.user_id, withheld.at_ms) == (USER, 5_000)


async def test_cancelling_records_the_time(stores: Stores) -> None:
    first, second = (await stores.enqueue())[0], (await stores.enqueue())[0]
    assert await stores.queue.cancel_request(first.request_id, USER, 7_000) == [first.id]
    assert await stores.queue.cancel_job(second.id, 8_000)
    rows = {row["id"]: (row["state"], row["ended_ms"]) for row in await stores.rows("jobs")}
    assert rows == {first.id: (JobState.CANCELLED, 7_000), second.id: (JobState.CANCELLED, 8_000)}
