"""The queue's caps: waiting pictures, pictures a day, and a pause between requests.

The queue judges each request in the transaction that inserts it, so two simultaneous requests
cannot both take the last place. Must not know the order of turns.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.domain import GuildId, RefusalReason, Refused, Request, UserId
from bot.store.db import Transaction
from bot.store.usage import ASKED_FOR, Usage, usage_of
from bot.words import limits
from bot.words.wording import duration

_DAY_MS = 86_400_000
#: Repeats the condition of the indexes on unfinished jobs, then leaves out held ones.
IS_BUSY = "state IN ('queued', 'running', 'rendered', 'held') AND state <> 'held'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How many pictures may be waiting or in progress, and how fast a member may ask.

    Pictures held for the moderators do not count.
    """

    per_user: int
    per_guild: int
    #: Pictures of one member in one server within 24 hours; None: no limit.
    per_day: int | None = None
    #: The pause between two requests of one member in one server.
    cooldown_ms: int = 0


#: A request and the caps that apply to it.
CappedRequest: TypeAlias = "tuple[Request, Caps]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The usage that caps are compared with; each granted request is added to it."""

    #: The waiting pictures of each user and server with a request.
    waiting: Counter[tuple[str, int]]
    #: What members asked for in the last 24 hours; loaded only where a cap needs it.
    usage: dict[tuple[UserId, GuildId], Usage]


async def load_usage(tx: Transaction, requests: Sequence[CappedRequest]) -> Load:
    """Load the usage that the caps of these requests are compared with."""
    load = Load(waiting=await _count_waiting(tx, requests), usage={})
    for request, caps in requests:
        member = (request.user_id, request.guild_id)
        if (caps.per_day is not None or caps.cooldown_ms) and member not in load.usage:
            load.usage[member] = await usage_of(
                tx, request.guild_id, request.user_id, request.created_ms - _DAY_MS
            )
    return load


async def _count_waiting(
    tx: Transaction, requests: Sequence[CappedRequest]
) -> Counter[tuple[str, int]]:
    rows = await tx.fetch_all(
        "SELECT 'user' AS kind, value AS id, (SELECT count(*) FROM jobs WHERE user_id = value"  # noqa: S608  a constant above
        f"  AND {IS_BUSY} AND {ASKED_FOR}) AS jobs FROM json_each(:users)"
        " UNION ALL"
        " SELECT 'guild' AS kind, value AS id, (SELECT count(*) FROM jobs WHERE guild_id = value"
        f"  AND {IS_BUSY} AND {ASKED_FOR}) AS jobs FROM json_each(:guilds)",
        {
            "users": json.dumps([*{request.user_id for request, _ in requests}]),
            "guilds": json.dumps([*{request.guild_id for request, _ in requests}]),
        },
    )
    return Counter({(row["kind"], row["id"]): row["jobs"] for row in rows})


def check_caps(request: Request, caps: Caps, load: Load) -> Request | Refused:
    """Grant the request and add it to the load, or refuse it if it exceeds a cap."""
    if refused := _check_rate(request, caps, load):
        return refused
    new, waiting = len(request.jobs), load.waiting
    user, guild = ("user", request.user_id), ("guild", request.guild_id)
    if waiting[user] + new > caps.per_user:
        return _refusal(waiting[user], caps.per_user, new, everybody=False)
    if waiting[guild] + new > caps.per_guild:
        return _refusal(waiting[guild], caps.per_guild, new, everybody=True)
    waiting.update({user: new, guild: new})
    member = (request.user_id, request.guild_id)
    if usage := load.usage.get(member):
        load.usage[member] = Usage(pictures=usage.pictures + new, last_ms=request.created_ms)
    return request


def _check_rate(request: Request, caps: Caps, load: Load) -> Refused | None:
    """The refusal if the member must wait before asking here again; otherwise None."""
    usage = load.usage.get((request.user_id, request.guild_id))
    if usage is None:
        return None
    if usage.last_ms is not None:
        # Even after the clock was set back, nobody waits longer than the pause.
        left_ms = min(usage.last_ms - request.created_ms, 0) + caps.cooldown_ms
        if left_ms > 0:
            return Refused(
                reason=RefusalReason.CAP,
                text=limits.cooldown(duration(left_ms)),
            )
    new = len(request.jobs)
    if caps.per_day is not None and usage.pictures + new > caps.per_day:
        return Refused(
            reason=RefusalReason.CAP,
            text=limits.daily_limit(
                caps.per_day, usage.pictures, fewer=usage.pictures < caps.per_day
            ),
        )
    return None


def _refusal(waiting: int, cap: int, new: int, *, everybody: bool) -> Refused:
    if new > cap:
        text = limits.too_many(new, cap)
    else:
        text = limits.in_progress(waiting, cap, everybody=everybody)
    return Refused(reason=RefusalReason.CAP, text=text)
