"""Requests and their rows: the request itself, the posts that it owes, its jobs.

The queue writes them for each admitted ask. The layout decides here, once, which posts are owed;
afterwards only the rows count. Must not know the order of turns.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import (
    Admitted,
    Ask,
    Job,
    JobId,
    JobState,
    OwedPostId,
    PostLayout,
    Request,
    RequestId,
    RequestKind,
)
from bot.ids import new_id
from bot.store.db import Params, Transaction
from bot.store.job_rows import columns_of


def request_of(admitted: Admitted, now_ms: int, *, since_id: int) -> Request:
    """A new request for every picture of the ask."""
    ask, request_id = admitted.ask, RequestId(new_id())
    layout = _layout_of(ask)
    job_ids = [JobId(new_id()) for _ in range(ask.count)]
    jobs = tuple(
        Job(
            id=job_id,
            request_id=request_id,
            owed_post_id=owed_post_id,
            user_id=ask.user_id,
            guild_id=ask.place.guild_id,
            channel_id=ask.place.channel_id,
            draw=draw,
            rating=admitted.rating,
            ruling=admitted.ruling,
            excused=admitted.excused,
            state=JobState.QUEUED,
            attempts=0,
            created_ms=now_ms,
        )
        for draw, job_id, owed_post_id in zip(
            ask.draws, job_ids, owed_post_ids(layout, job_ids), strict=True
        )
    )
    return Request(
        id=request_id,
        kind=ask.kind,
        layout=layout,
        user_id=ask.user_id,
        guild_id=ask.place.guild_id,
        channel_id=ask.place.channel_id,
        parent_job_id=ask.parent_job_id,
        created_ms=now_ms,
        since_id=since_id,
        jobs=jobs,
    )


def _layout_of(ask: Ask) -> PostLayout:
    if ask.kind is RequestKind.TRIAL:
        return PostLayout.DUEL
    if ask.private:
        return PostLayout.PRIVATE
    return PostLayout.GRID if ask.count > 1 else PostLayout.SINGLE


def owed_post_ids(layout: PostLayout, job_ids: Sequence[JobId]) -> list[OwedPostId]:
    """The post that will show each picture; a single-picture post has its picture's id."""
    match layout:
        case PostLayout.SINGLE | PostLayout.PRIVATE:
            return [OwedPostId(job_id) for job_id in job_ids]
        case PostLayout.GRID:
            # A picture that is too late for the grid later gets its own post, with its own id.
            return [OwedPostId(new_id())] * len(job_ids)
        case PostLayout.DUEL:
            return [OwedPostId(job_ids[0]) for _ in job_ids]


async def insert_requests(tx: Transaction, requests: Sequence[Request]) -> None:
    """Insert requests, the posts they owe and their jobs."""
    await tx.execute_many(
        "INSERT INTO requests (id, kind, layout, user_id, guild_id, channel_id, parent_job_id,"
        " created_ms, since_id, status_closed) VALUES (:id, :kind, :layout, :user_id, :guild_id,"
        " :channel_id, :parent_job_id, :created_ms, :since_id, :status_closed)",
        [_columns_of(request) for request in requests],
    )
    jobs = [job for request in requests for job in request.jobs]
    owed = {job.owed_post_id: job.request_id for job in jobs}
    await tx.execute_many(
        "INSERT INTO owed_posts (id, request_id) VALUES (:id, :request_id)",
        [{"id": id_, "request_id": request_id} for id_, request_id in owed.items()],
    )
    await tx.execute_many(
        "INSERT INTO jobs (id, request_id, owed_post_id, user_id, guild_id, channel_id, draw,"
        " rating, ruling, excused, state, created_ms) VALUES (:id, :request_id, :owed_post_id,"
        " :user_id, :guild_id, :channel_id, :draw, :rating, :ruling, :excused, 'queued',"
        " :created_ms)",
        [columns_of(job) for job in jobs],
    )


def _columns_of(request: Request) -> Params:
    return {
        "id": request.id,
        "kind": request.kind,
        "layout": request.layout,
        "user_id": request.user_id,
        "guild_id": request.guild_id,
        "channel_id": request.channel_id,
        "parent_job_id": request.parent_job_id,
        "created_ms": request.created_ms,
        "since_id": request.since_id,
        # An ephemeral message cannot be edited later.
        "status_closed": request.layout is PostLayout.PRIVATE,
    }
