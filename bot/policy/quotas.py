"""How much one member may ask for: the server's terms, adjusted for their roles. Pure.

The asking path turns it into the queue's caps. Of several roles the most generous counts, line by
line; no role exceeds the operator's limit on one member's waiting pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import RoleId
from bot.policy.layers import GuildPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one member may have in one server."""

    #: Pictures waiting at once; None: as many as the operator lets them.
    waiting_max: int | None
    #: Pictures in 24 hours; None: as many as they like.
    per_day_max: int | None
    #: Between two requests; 0: none.
    cooldown_s: int

    def waiting_under(self, cap: int) -> int:
        """Pictures waiting at once where the operator allows `cap`."""
        return cap if self.waiting_max is None else min(cap, self.waiting_max)


def quota(policy: GuildPolicy, roles: frozenset[RoleId]) -> Quota:
    """What a member with these roles may have."""
    terms = [policy.roles[role] for role in roles & policy.roles.keys()]
    cooldowns = [t.cooldown_s for t in terms if t.cooldown_s is not None]
    return Quota(
        waiting_max=_most_generous(t.waiting_max for t in terms),
        per_day_max=_most_generous((t.per_day_max for t in terms), policy.per_day_max),
        cooldown_s=min(cooldowns, default=policy.cooldown_s),
    )


def _most_generous(said: Iterable[int | None], otherwise: int | None = None) -> int | None:
    """The highest of these limits; `otherwise` if none is set."""
    return max((number for number in said if number is not None), default=otherwise)
