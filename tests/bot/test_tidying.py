"""What has expired is deleted, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import ChannelId, JobState, RuleId, StorageError
from bot.drawing.signals import Signals
from bot.store.decisions import Decision, DecisionKind, Outcome
from bot.store.drafts import DRAFT_MS, Drafts
from bot.store.members import Members, Strike
from bot.tidying import Tidier
from bot.typed.options import Typed
from tests.stages.factories import CHANNEL, GUILD, USER
from tests.stages.moderators import decide
from tests.stages.stores import Stores, open_stores

DAY_MS = 86_400_000


@dataclass(slots=True)
class Clock:
    now_ms: int = 0

    def __call__(self) -> int:
        return self.now_ms


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


def tidier(stores: Stores, clock: Clock, signals: Signals | None = None) -> Tidier:
    return Tidier(
        reviews=stores.reviews, members=stores.members, decisions=stores.decisions,
        drafts=Drafts(stores.db), signals=signals or Signals(), clock=clock,
    )  # fmt: skip


async def test_a_held_picture_waits_two_weeks_and_its_member_is_told(stores: Stores) -> None:
    job, _ = await stores.hold(now_ms=1_000)
    clock, signals = Clock(14 * DAY_MS + 1_000), Signals()
    await tidier(stores, clock, signals).round()
    assert await stores.state(job) == JobState.HELD
    assert not signals.status._event.is_set()
    clock.now_ms += 1
    await tidier(stores, clock, signals).round()
    assert signals.status._event.is_set(), "the loop of the status messages is woken"
    ended = await stores.views.get(job.id)
    assert ended is not None
    assert ended.state == JobState.WITHHELD
    assert ended.error is not None
    assert ended.error.startswith("The moderators did not look at this picture within two weeks")


async def test_decided_cases_and_decisions_are_kept_for_a_limited_time(stores: Stores) -> None:
    _, case = await stores.hold()
    await decide(stores, case, Outcome.APPROVE)
    clock = Clock(90 * DAY_MS)
    await tidier(stores, clock).round()
    assert await stores.reviews.get(case.id) is not None
    clock.now_ms += DAY_MS
    await tidier(stores, clock).round()
    assert await stores.reviews.get(case.id) is None
    assert await stores.decisions.decisions_about(GUILD, case.id), (
        "the record of the decision stays"
    )
    clock.now_ms += 400 * DAY_MS
    await tidier(stores, clock).round()
    assert await stores.rows("decisions") == []


async def test_expired_strikes_and_exclusions_are_deleted(stores: Stores) -> None:
    strike = Strike(rule=RuleId("gore"), about="a", at_ms=5, expires_ms=50)
    await stores.members.record_strike(GUILD, USER, strike, limit=1, timeout_ms=60, reason="")
    clock = Clock(49)
    await tidier(stores, clock).round()
    assert len(await stores.rows("strikes")) == len(await stores.rows("exclusions")) == 1
    clock.now_ms = 65
    await tidier(stores, clock).round()
    assert await stores.rows("strikes") == await stores.rows("exclusions") == []


async def test_a_failing_disk_does_not_end_the_rounds(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sick(*_: object) -> None:
        raise StorageError("the disk is full")

    rounds: list[float] = []

    async def no_sleep(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(Members, "prune", sick)
    monkeypatch.setattr("bot.tidying.asyncio.sleep", no_sleep)
    with pytest.raises(asyncio.CancelledError):
        await tidier(stores, Clock()).run()
    assert rounds == [3600.0, 3600.0]


async def test_a_decision_of_today_stays(stores: Stores) -> None:
    await stores.decisions.record(
        Decision(
            kind=DecisionKind.ADMIT,
            outcome=Outcome.REFUSE,
            about="a",
            guild_id=GUILD,
            channel_id=ChannelId(CHANNEL),
            user_id=USER,
            at_ms=500 * DAY_MS,
        )
    )
    await tidier(stores, Clock(500 * DAY_MS)).round()
    assert len(await stores.rows("decisions")) == 1


async def test_a_draft_is_kept_three_days(stores: Stores) -> None:
    clock, drafts = Clock(1_000), Drafts(stores.db)
    draft_id = await drafts.keep(USER, Typed(prompt="1girl"), 1_000)
    clock.now_ms += DRAFT_MS - 1
    await tidier(stores, clock).round()
    assert await drafts.get(draft_id, USER, clock.now_ms) == Typed(prompt="1girl")
    clock.now_ms += 1
    assert await drafts.get(draft_id, USER, clock.now_ms) is None, "even before the tidying"
    await tidier(stores, clock).round()
    assert await stores.rows("drafts") == []
