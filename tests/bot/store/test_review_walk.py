"""In any order of events, every held picture has its case and a removed one is nowhere."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import ChannelId, JobId, MessageId, Rating, UserId
from bot.store.case_rows import CaseKind
from bot.store.consequences import POSSIBLE_OUTCOMES
from tests.stages.factories import GUILD, OTHER, SINCE, USER, make_message, make_post
from tests.stages.moderators import MODERATOR, make_judgement
from tests.stages.stores import Stores, open_stores

REVIEW = ChannelId(66)
PEOPLE = (UserId(USER), UserId(OTHER))


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


class Walk:
    """Members, moderators and loops, each doing something at random."""

    def __init__(self, stores: Stores, seed: int) -> None:
        self._stores = stores
        self._dice = random.Random(seed)
        self._messages = count(1_000)

    async def step(self) -> None:
        deeds = [
            self._hold, self._post, self._report, self._decide, self._decide, self._delete,
            self._purge, self._expire, self._send_case, self._lose_message, self._forget,
        ]  # fmt: skip
        await self._dice.choices(deeds, [5, 5, 4, 4, 4, 1, 1, 1, 6, 2, 1])[0]()

    async def _hold(self) -> None:
        # Each has its own prompt: a picture that was removed once is not kept again.
        prompt = f"1girl, {next(self._messages)}"
        await self._stores.hold(user=self._dice.choice(PEOPLE), prompt=prompt)

    async def _post(self) -> None:
        for owed in await self._stores.outbox.owed_posts(9):
            post = make_post(*(job.id for job in owed.jobs.values()), message=next(self._messages))
            await self._stores.outbox.record_delivery(owed.id, post, 9)

    async def _report(self) -> None:
        if job_id := await self._some("pictures", "job_id"):
            await self._stores.reviews.file_report(
                JobId(str(job_id)), self._dice.choice(PEOPLE), "mean", 9, since_id=SINCE
            )

    async def _decide(self) -> None:
        cases = await self._stores.reviews.open_cases(GUILD, 99)
        if cases:
            case = self._dice.choice(cases)
            outcome = self._dice.choice(sorted(POSSIBLE_OUTCOMES[case.kind]))
            assert await self._stores.reviews.decide(case.id, make_judgement(outcome))

    async def _delete(self) -> None:
        if job_id := await self._some("pictures", "job_id"):
            await self._stores.gallery.delete(JobId(str(job_id)), 9)

    async def _purge(self) -> None:
        await self._stores.members.purge(GUILD, self._dice.choice(PEOPLE), MODERATOR, "Gone.", 9)

    async def _expire(self) -> None:
        await self._stores.reviews.expire(self._dice.choice((0, 5, 10_000)), "Nobody.", 9)

    async def _send_case(self) -> None:
        for case in await self._stores.case_posts.owed_cases(3):
            if case.message is not None:
                await self._stores.case_posts.record_edit(case)
            elif await self._stores.case_posts.begin_posting(case, 9) and self._dice.random() < 0.8:
                message = make_message(next(self._messages), channel=REVIEW)
                await self._stores.case_posts.record_message(case, message)

    async def _lose_message(self) -> None:
        if message_id := await self._some("cases", "message_id"):
            await self._stores.gallery.record_deleted_messages([MessageId(int(str(message_id)))], 9)

    async def _forget(self) -> None:
        await self._stores.privacy.forget(self._dice.choice(PEOPLE))

    async def _some(self, table: str, column: str) -> object:
        rows = [row[column] for row in await self._stores.rows(table) if row[column] is not None]
        return self._dice.choice(rows) if rows else None


async def check(stores: Stores) -> None:
    """The promises, read from the rows."""
    cases = await stores.rows("cases")
    jobs = {str(job["id"]): job for job in await stores.rows("jobs")}
    held = {id_ for id_, job in jobs.items() if job["state"] == "held"}
    waiting = [c["job_id"] for c in cases if c["kind"] == "held" and c["decision"] is None]
    assert sorted(map(str, waiting)) == sorted(held), "what is held has one open case"
    pictures = {str(p["job_id"]): p for p in await stores.rows("pictures")}
    gone = {id_ for id_, p in pictures.items() if p["deleted_ms"] is not None}
    assert {id_ for id_, p in pictures.items() if p["removed_ms"] is not None} <= gone
    for id_ in held | gone:
        assert await stores.gallery.get(JobId(id_)) is None
    owed = {
        job.id
        for post in await stores.outbox.owed_posts(9, limit=999)
        for job in post.jobs.values()
    }
    assert not owed & (held | gone), "nobody is owed what is not to be seen"
    listed = {j.id for who in PEOPLE for j in await stores.views.history(who, GUILD, 999)}
    assert not listed & (held | gone)
    best = await stores.votes.top(GUILD, 0, 9_999, 999, ratings=list(Rating))
    assert not {picture.job_id for picture, _ in best} & (held | gone)
    doomed = {m.message_id for m in await stores.doomed.messages(9_999)}
    posts = {p["message_id"] for p in await stores.rows("posts")}
    shown = {
        p["message_id"] for p in await stores.rows("post_pictures") if p["job_id"] in gone
    }  # fmt: skip
    assert shown & posts <= doomed, "no message keeps a picture that is gone"
    due = {case.id for case in await stores.case_posts.owed_cases(9_999)}
    assert {c["id"] for c in cases if c["decision"] is None and c["message_id"] is None} <= due
    for case in cases:
        if case["job_id"] in gone and case["message_id"] is not None and case["id"] not in due:
            assert case["shown"] == case["revision"]


@pytest.mark.parametrize("seed", range(6))
async def test_the_promises_hold_after_every_step(stores: Stores, seed: int) -> None:
    current = await stores.guilds.current(GUILD)
    await stores.guilds.save(
        replace(current.policy, review_channel=REVIEW), 0, MODERATOR, 1, summary=""
    )
    walk = Walk(stores, seed)
    for _ in range(100):
        await walk.step()
        await check(stores)
    outcomes = {row["outcome"] for row in await stores.rows("decisions")}
    assert (
        len(outcomes & {*POSSIBLE_OUTCOMES[CaseKind.HELD], *POSSIBLE_OUTCOMES[CaseKind.REPORT]})
        >= 2
    ), "otherwise it did nothing"
