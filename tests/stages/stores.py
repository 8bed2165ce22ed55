"""A database with its stores for the tests of `bot/`, and methods that make a picture."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import log
from bot.domain import Admitted, Job, Picture, Rating, Refused, UserId
from bot.store.caps import Caps
from bot.store.case_posts import CasePosts
from bot.store.case_rows import Case
from bot.store.db import Database
from bot.store.decisions import Decisions
from bot.store.doomed import Doomed
from bot.store.duels import Duels
from bot.store.gallery import Gallery
from bot.store.grids import Grids
from bot.store.guilds import Guilds
from bot.store.members import Members
from bot.store.outbox import Outbox
from bot.store.parties import Parties
from bot.store.privacy import Privacy
from bot.store.queue import Jobs
from bot.store.reviews import Reviews
from bot.store.sends import Sends
from bot.store.tellings import Tellings
from bot.store.trust import Trust
from bot.store.views import JobViews
from bot.store.votes import Votes
from bot.transitions import Tell
from tests.stages.databases import open_database
from tests.stages.factories import (
    SINCE,
    USER,
    make_admitted,
    make_ask,
    make_held,
    make_place,
    make_png,
    make_post,
    make_released,
)

WORKER = "worker-1"
LEASE_MS = 60_000
AMPLE = Caps(per_user=10_000, per_guild=10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    db: Database
    queue: Jobs
    views: JobViews
    outbox: Outbox
    gallery: Gallery
    votes: Votes
    grids: Grids
    duels: Duels
    parties: Parties
    trust: Trust
    privacy: Privacy
    sends: Sends
    doomed: Doomed
    guilds: Guilds
    reviews: Reviews
    case_posts: CasePosts
    members: Members
    decisions: Decisions
    tellings: Tellings

    async def enqueue(self, admitted: Admitted | None = None, now_ms: int = 1_000) -> list[Job]:
        result = await self.queue.enqueue(
            admitted or make_admitted(), AMPLE, now_ms, since_id=SINCE
        )
        assert not isinstance(result, Refused), result.text
        return list(result.jobs)

    async def claim(self, now_ms: int = 2_000) -> Job | None:
        return await self.queue.claim(WORKER, LEASE_MS, now_ms)

    async def state(self, job: Job) -> str:
        found = await self.views.get(job.id)
        assert found is not None
        return found.state

    async def draw(
        self,
        *,
        user: int = USER,
        prompt: str = "1girl",
        guild: int | None = None,
        seed: int = 7,
        rating: Rating = Rating.GENERAL,
        now_ms: int = 3_000,
    ) -> tuple[Job, Picture]:
        """Ask for, claim and keep one picture. No other job may be queued."""
        place = make_place() if guild is None else make_place(guild=guild)
        ask = make_ask(prompt, user=UserId(user), seed=seed, place=place)
        await self.enqueue(make_admitted(ask, rating=rating))
        job = await self.claim()
        assert job is not None
        picture = await self.gallery.keep(
            make_released(job, rating=rating),
            make_png(job),
            card_id="tiny-1",
            owner=WORKER,
            now_ms=now_ms,
        )
        assert picture is not None
        return job, picture

    async def hold(
        self, *, user: int = USER, prompt: str = "1girl", now_ms: int = 3_000
    ) -> tuple[Job, Case]:
        """Hold a picture; return its job and its case. No other job may be queued."""
        await self.enqueue(make_admitted(make_ask(prompt, user=UserId(user))))
        job = await self.claim()
        assert job is not None
        kept = await self.gallery.keep(
            make_held(job), make_png(job), card_id="tiny-1", owner=WORKER, now_ms=now_ms
        )
        assert kept is not None
        (case,) = [
            case
            for case in await self.reviews.open_cases(job.guild_id, 1_000)
            if case.job_id == job.id
        ]
        return job, case

    async def deliver(
        self,
        *,
        message: int,
        user: int = USER,
        prompt: str = "1girl",
        guild: int | None = None,
        seed: int = 7,
        now_ms: int = 3_000,
    ) -> Job:
        """Draw a picture and record it as posted in `message`."""
        job, _ = await self.draw(user=user, prompt=prompt, guild=guild, seed=seed, now_ms=now_ms)
        post = make_post(job.id, message=message, guild=job.guild_id)
        assert await self.outbox.record_delivery(job.owed_post_id, post, now_ms + 1)
        return job

    async def rows(self, table: str) -> list[dict[str, object]]:
        found = await self.db.fetch_all(f"SELECT * FROM {table}")  # noqa: S608  a table's name
        return [dict(row) for row in found]


@asynccontextmanager
async def open_stores(directory: Path, tell: Tell = log.log_transition) -> AsyncGenerator[Stores]:
    db = await open_database(directory / "bot.sqlite3", tell)
    gallery = Gallery(db, directory / "pictures")
    try:
        yield Stores(
            db=db,
            queue=Jobs(db),
            views=JobViews(db),
            outbox=Outbox(db),
            gallery=gallery,
            votes=Votes(db),
            grids=Grids(db),
            duels=Duels(db),
            parties=Parties(db),
            trust=Trust(db),
            privacy=Privacy(db, gallery),
            sends=Sends(db),
            doomed=Doomed(db),
            guilds=Guilds(db),
            reviews=Reviews(db, gallery),
            case_posts=CasePosts(db),
            members=Members(db, gallery),
            decisions=Decisions(db),
            tellings=Tellings(db),
        )
    finally:
        await db.close()
