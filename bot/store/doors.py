"""The parts of stores that cogs may use, where a store can do more.

The worker has the whole queue; a cog has its door, which cannot claim, renew, fail or requeue.
Must not know how a job is stored.
"""

from __future__ import annotations

from typing import Protocol

from bot.domain import Admitted, GuildId, JobId, Refused, Request, RequestId, UserId
from bot.store.caps import Caps


class QueueDoor(Protocol):
    """What a cog may do with `bot.store.queue.Jobs`: ask and cancel."""

    async def enqueue(
        self,
        admitted: Admitted,
        caps: Caps,
        now_ms: int,
        waiting_id: RequestId | None = None,
        *,
        since_id: int,
        instead_of: RequestId | None = None,
    ) -> Request | Refused:
        """Queue every picture of the ask as one request, or none of them."""
        ...

    async def cancel_request(
        self, request_id: RequestId, user_id: UserId, now_ms: int
    ) -> list[JobId]:
        """Cancel the queued and running jobs of a user's own request; return them."""
        ...

    async def cancel_user(
        self, user_id: UserId, guild_id: GuildId | None, now_ms: int
    ) -> list[JobId]:
        """Cancel a user's queued and running jobs, in one server or in all; return them."""
        ...

    async def cancel_job(self, job_id: JobId, now_ms: int) -> bool:
        """Cancel one job; the caller checks permission. False if it was not queued or running."""
        ...
