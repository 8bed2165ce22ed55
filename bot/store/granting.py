"""Grants or refuses a pending request, in the transaction that inserts it.

Called by the queue, for each request of a group in turn. Must not know how requests are inserted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from bot.domain import RefusalReason, Refused, Request, RequestId
from bot.store.cancelling import IS_CANCELLABLE, OF_REQUEST, cancel_jobs
from bot.store.caps import Caps, Load, check_caps
from bot.store.db import Params, Transaction
from bot.store.decisions import Decision
from bot.words import knowing, pictures
from bot.words.speaking import Language, speaking

_COUNT_CANCELLABLE = f"SELECT count(*) AS jobs FROM jobs WHERE {IS_CANCELLABLE} AND {OF_REQUEST}"  # noqa: S608  constants


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A request to enqueue, with its decision, its caps, and what it takes the place of.

    That is a waiting ask, or another request. One task commits for several callers, so each request
    carries its member's language.
    """

    request: Request
    decision: Decision
    caps: Caps
    waiting_id: RequestId | None
    instead_of: RequestId | None
    language: Language


async def grant(tx: Transaction, wish: PendingRequest, load: Load) -> Request | Refused:
    """Grant or refuse the request, in its member's language; end what it takes the place of."""
    with speaking(wish.language):
        if not await _end_wait(tx, wish):
            return Refused(reason=RefusalReason.GONE, text=pictures.REQUEST_EXPIRED())
        if wish.instead_of is not None:
            return await _replace(tx, wish, load)
        return check_caps(wish.request, wish.caps, load)


async def _end_wait(tx: Transaction, wish: PendingRequest) -> bool:
    """End the wait for the licence; False if the ask is no longer waiting."""
    return wish.waiting_id is None or bool(
        await tx.execute(
            "DELETE FROM waiting_asks WHERE id = :id AND user_id = :user",
            {"id": wish.waiting_id, "user": wish.request.user_id},
        )
    )


async def _replace(tx: Transaction, wish: PendingRequest, load: Load) -> Request | Refused:
    """Cancel what is not drawn of the other request, unless this one is refused.

    Its places count as free, and the pause between two requests does not apply: the member asks for
    the same pictures once more.
    """
    request = wish.request
    other: Params = {"request": wish.instead_of, "user": request.user_id}
    (row,) = await tx.fetch_all(_COUNT_CANCELLABLE, other)
    if not row["jobs"]:
        return Refused(reason=RefusalReason.GONE, text=knowing.TOO_LATE())
    places = ("user", request.user_id), ("guild", request.guild_id)
    freed = Counter(dict.fromkeys(places, row["jobs"]))
    load.waiting.subtract(freed)
    granted = check_caps(request, replace(wish.caps, cooldown_ms=0), load)
    if isinstance(granted, Refused):
        load.waiting.update(freed)
    else:
        await cancel_jobs(tx, OF_REQUEST, other, request.created_ms)
    return granted
