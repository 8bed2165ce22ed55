"""What the queue grants: so many pictures that wait, so many a day, and a pause between requests.

The queue judges each request by it, in the transaction that inserts what is granted, so two
requests at once cannot both have the last place. It must not know whose turn it is.
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
#: In the words of the indexes of what is alive, without what is held.
IS_BUSY = "state IN ('queued', 'running', 'rendered', 'held') AND state <> 'held'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most pictures that may wait or be on their way at once, and how fast a member may ask.

    What is held for the moderators waits for nobody here, and is not counted as waiting.
    """

    per_user: int
    per_guild: int
    #: Pictures of a member in a server within 24 hours; None: as many as they like.
    per_day: int | None = None
    #: Between two requests of a member in a server.
    cooldown_ms: int = 0


#: A request and the caps that it must fit under.
Wish: TypeAlias = "tuple[Request, Caps]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the caps are held against; wishes that are granted are counted in."""

    #: Pictures that each user and each server of the wishes waits for.
    waiting: Counter[tuple[str, int]]
    #: What members asked for in the last 24 hours, where a cap asks for it.
    usage: dict[tuple[UserId, GuildId], Usage]


async def load_of(tx: Transaction, wishes: Sequence[Wish]) -> Load:
    """What these wishes are held against."""
    load = Load(waiting=await _count_waiting(tx, wishes), usage={})
    for request, caps in wishes:
        whose = (request.user_id, request.guild_id)
        if (caps.per_day is not None or caps.cooldown_ms) and whose not in load.usage:
            load.usage[whose] = await usage_of(
                tx, request.guild_id, request.user_id, request.created_ms - _DAY_MS
            )
    return load


async def _count_waiting(tx: Transaction, wishes: Sequence[Wish]) -> Counter[tuple[str, int]]:
    rows = await tx.fetch_all(
        "SELECT 'user' AS kind, value AS id, (SELECT count(*) FROM jobs WHERE user_id = value"  # noqa: S608  a constant above
        f"  AND {IS_BUSY} AND {ASKED_FOR}) AS jobs FROM json_each(:users)"
        " UNION ALL"
        " SELECT 'guild' AS kind, value AS id, (SELECT count(*) FROM jobs WHERE guild_id = value"
        f"  AND {IS_BUSY} AND {ASKED_FOR}) AS jobs FROM json_each(:guilds)",
        {
            "users": json.dumps([*{request.user_id for request, _ in wishes}]),
            "guilds": json.dumps([*{request.guild_id for request, _ in wishes}]),
        },
    )
    return Counter({(row["kind"], row["id"]): row["jobs"] for row in rows})


def judge(request: Request, caps: Caps, load: Load) -> Request | Refused:
    """The request, counted into the load, or the refusal if its pictures would be too many."""
    if refused := _too_fast(request, caps, load):
        return refused
    more, waiting = len(request.jobs), load.waiting
    user, guild = ("user", request.user_id), ("guild", request.guild_id)
    if waiting[user] + more > caps.per_user:
        return _refusal(waiting[user], caps.per_user, more, everybody=False)
    if waiting[guild] + more > caps.per_guild:
        return _refusal(waiting[guild], caps.per_guild, more, everybody=True)
    waiting.update({user: more, guild: more})
    whose = (request.user_id, request.guild_id)
    if usage := load.usage.get(whose):
        load.usage[whose] = Usage(pictures=usage.pictures + more, last_ms=request.created_ms)
    return request


def _too_fast(request: Request, caps: Caps, load: Load) -> Refused | None:
    """Why a member has to wait before they ask for more here; None if they need not."""
    usage = load.usage.get((request.user_id, request.guild_id))
    if usage is None:
        return None
    if usage.last_ms is not None:
        # A clock that was set back makes nobody wait for longer than the pause.
        left_ms = min(usage.last_ms - request.created_ms, 0) + caps.cooldown_ms
        if left_ms > 0:
            return Refused(
                reason=RefusalReason.CAP,
                text=limits.pause(duration(left_ms)),
            )
    more = len(request.jobs)
    if caps.per_day is not None and usage.pictures + more > caps.per_day:
        return Refused(
            reason=RefusalReason.CAP,
            text=limits.a_day(caps.per_day, usage.pictures, fewer=usage.pictures < caps.per_day),
        )
    return None


def _refusal(now: int, cap: int, more: int, *, everybody: bool) -> Refused:
    if more > cap:
        text = limits.too_many(more, cap)
    else:
        text = limits.in_progress(now, cap, everybody=everybody)
    return Refused(reason=RefusalReason.CAP, text=text)
