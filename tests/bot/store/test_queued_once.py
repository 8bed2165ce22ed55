"""An ask that waited for the licence is queued once; jobs record why and when they changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio

from bot.domain import JobState, Layer, Refused, Request, RuleId, Ruling
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
    assert isinstance(await press(USER), Refused), "it no longer waits"
    assert len(await stores.rows("jobs")) == 1


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
