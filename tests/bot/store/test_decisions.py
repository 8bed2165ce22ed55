"""Decisions are found by the id of a picture or a refusal, and counted without names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import ChannelId, GuildId, RuleId, Ruling
from bot.store import decisions as room
from bot.store.decisions import Decision, DecisionKind, Outcome
from tests.stages.factories import CHANNEL, GUILD, USER, make_admitted, make_ask
from tests.stages.sick_disk import make_writer_fail
from tests.stages.stores import WORKER, Stores, open_stores

DAY_MS = 86_400_000
REFUSAL = Decision(
    kind=DecisionKind.ADMIT,
    outcome=Outcome.REFUSE,
    about="0000refuse",
    rules=(RuleId("gore"), RuleId("shock")),
    layer="channel",
    card_id="tiny-1",
    guild_id=GUILD,
    channel_id=ChannelId(CHANNEL),
    user_id=USER,
    at_ms=DAY_MS + 5,
)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def test_a_refusal_is_found_by_its_id_in_its_server(stores: Stores) -> None:
    await stores.decisions.record(REFUSAL)
    assert await stores.decisions.decisions_about(GUILD, REFUSAL.about) == [REFUSAL]
    assert await stores.decisions.decisions_about(GuildId(5), REFUSAL.about) == []
    assert await stores.decisions.decisions_about(GUILD, "another") == []


async def test_concurrent_decisions_are_all_recorded_in_one_transaction(stores: Stores) -> None:
    many = [replace(REFUSAL, about=f"number {n}") for n in range(100)]
    writer = make_writer_fail(stores.db)
    await asyncio.gather(*(stores.decisions.record(one) for one in many))
    await stores.decisions.close()
    assert [row["about"] for row in await stores.rows("decisions")] == [one.about for one in many]
    assert writer.statements.count("COMMIT") == 1


async def test_queueing_keeping_and_withholding_record_their_decisions(stores: Stores) -> None:
    for ruling in (Ruling.ALLOW, Ruling.SPOILER, Ruling.HOLD):
        (job,) = await stores.enqueue(make_admitted(make_ask(), ruling=ruling))
        (admitted,) = await stores.decisions.decisions_about(GUILD, job.id)
        assert (admitted.kind, admitted.about) == (DecisionKind.ADMIT, job.request_id)
        assert admitted.outcome == ruling.name.lower()
        assert await stores.claim()
        await stores.queue.withhold(WORKER, job.id, "No.", 5_000)
        _, kept_back = await stores.decisions.decisions_about(GUILD, job.id)
        assert (kept_back.kind, kept_back.outcome, kept_back.about) == (
            DecisionKind.RELEASE, Outcome.WITHHOLD, job.id,
        )  # fmt: skip
    drawn, _ = await stores.draw()
    _, released = await stores.decisions.decisions_about(GUILD, drawn.id)
    assert (released.outcome, released.card_id) == (Outcome.ALLOW, "tiny-1")


async def test_another_workers_job_gets_no_decision(stores: Stores) -> None:
    (job,) = await stores.enqueue()
    assert await stores.claim()
    await stores.queue.withhold("another", job.id, "No.", 5_000)
    assert len(await stores.decisions.decisions_about(GUILD, job.id)) == 1
    assert await stores.state(job) == "running"


async def test_decisions_record_no_word_of_a_prompt(stores: Stores) -> None:
    await stores.draw(prompt="xylophone")
    assert await stores.rows("decisions")
    assert "xylophone" not in str(await stores.rows("decisions"))


async def test_decisions_are_counted_by_day_and_rule(stores: Stores) -> None:
    await stores.decisions.record(REFUSAL)
    await stores.decisions.record(replace(REFUSAL, guild_id=GuildId(5), at_ms=DAY_MS * 2 - 1))
    await stores.decisions.record(replace(REFUSAL, at_ms=DAY_MS * 2))
    await stores.decisions.record(
        replace(REFUSAL, outcome=Outcome.ALLOW, rules=(), at_ms=DAY_MS * 2)
    )
    counted = await stores.decisions.counts(0, DAY_MS * 3)
    assert [(c.day_ms // DAY_MS, c.outcome, c.rule, c.count) for c in counted] == [
        (1, "refuse", "gore", 2),
        (1, "refuse", "shock", 2),
        (2, "allow", None, 1),
        (2, "refuse", "gore", 1),
        (2, "refuse", "shock", 1),
    ]
    assert await stores.decisions.counts(DAY_MS * 2 + 1, DAY_MS * 3) == []
    assert len(await stores.decisions.counts(0, DAY_MS * 2)) == 2


async def test_old_decisions_are_pruned_oldest_first(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PRUNE_MAX", 2)
    for at_ms in (4, 1, 3, 2):
        await stores.decisions.record(replace(REFUSAL, at_ms=at_ms))
    assert await stores.decisions.prune(4) == 2
    assert {row["at_ms"] for row in await stores.rows("decisions")} == {3, 4}
    assert await stores.decisions.prune(4) == 1
    assert await stores.decisions.prune(4) == 0


async def test_decisions_outlive_the_name_of_a_forgotten_member(stores: Stores) -> None:
    await stores.decisions.record(REFUSAL)
    await stores.privacy.forget(USER)
    assert await stores.decisions.decisions_about(GUILD, REFUSAL.about) == []
    (row,) = await stores.rows("decisions")
    assert (row["user_id"], row["about"], row["outcome"]) == (None, "", "refuse")


async def test_decision_queries_use_an_index(stores: Stores) -> None:
    for sql, index in (
        (room._ABOUT, "decisions_about"),
        ("SELECT id FROM decisions WHERE at_ms < :id ORDER BY at_ms LIMIT 9", "decisions_at"),
    ):
        plan = await stores.db.fetch_all(f"EXPLAIN QUERY PLAN {sql}", {"id": "a", "guild": 1})
        steps = [str(row["detail"]) for row in plan]
        assert any(index in step for step in steps), steps
        assert not [step for step in steps if step.startswith(("SCAN decisions", "SCAN cases"))]
