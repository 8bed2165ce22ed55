"""What a store lets a cog do, where the store can do more.

The worker holds the whole queue; a cog holds its door, through which nothing can be claimed,
renewed, failed or put back. It must not know how a job is stored.
"""

from __future__ import annotations

from typing import Protocol

from bot.domain import Admitted, GuildId, JobId, Refused, Request, RequestId, UserId
from bot.store.caps import Caps


class QueueDoor(Protocol):
    """To ask and to cancel: `bot.store.queue.Jobs`, as far as a cog may go."""

    async def enqueue(
        self,
        admitted: Admitted,
        caps: Caps,
        now_ms: int,
        waiting_id: RequestId | None = None,
        *,
        since_id: int,
    ) -> Request | Refused:
        """Queue every picture of the ask as one request, or none of them."""
        ...

    async def cancel_request(
        self, request_id: RequestId, user_id: UserId, now_ms: int
    ) -> list[JobId]:
        """Cancel what is queued or running of a user's own request."""
        ...

    async def cancel_user(
        self, user_id: UserId, guild_id: GuildId | None, now_ms: int
    ) -> list[JobId]:
        """Cancel what a user has queued or running, in one server or in all."""
        ...

    async def cancel_job(self, job_id: JobId, now_ms: int) -> bool:
        """Cancel one job; who may is the caller's to check."""
        ...
