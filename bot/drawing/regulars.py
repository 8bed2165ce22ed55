"""Who was served lately, and how soon members ask again. In memory only, for a minute.

The progress board reports every picture to it, and bases its estimates on it. It must not know what
members ask for beyond a picture's size and steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import UserId
from bot.drawing.forecast import LikelyReturns, Regular
from bot.drawing.means import Mean
from bot.store.views import Work

#: Members served within this time are assumed to ask again.
_RECENT_MS = 60_000


@dataclass(slots=True, kw_only=True)
class _Member:
    usual: Work
    #: When they asked for it, and how many pictures of that request were begun.
    asked_ms: int
    begun: int
    #: When one of their pictures was last begun or drawn.
    served_ms: int
    #: When that picture was drawn; None until then.
    drawn_ms: int | None = None


class Regulars:
    """The members being served, in the order of their latest turns."""

    def __init__(self) -> None:
        self._members: dict[UserId, _Member] = {}
        #: The average time from a member's last picture to their next request.
        self._away_times = Mean()
        #: The average number of pictures in a request.
        self._request_sizes = Mean()

    def record_turn(self, work: Work, asked_ms: int, now_ms: int) -> None:
        """Record a member's turn, for a picture asked for at `asked_ms`."""
        self._forget_absent(now_ms)
        member = self._members.pop(work.user_id, None)
        if member is not None and member.drawn_ms is not None:
            away_ms = asked_ms - member.drawn_ms
            if 0 <= away_ms <= _RECENT_MS:
                self._away_times.add(away_ms)
        begun = 1
        if member is not None and member.asked_ms == asked_ms:
            begun += member.begun
        elif member is not None:
            self._request_sizes.add(member.begun)
        self._members[work.user_id] = _Member(
            usual=work, asked_ms=asked_ms, begun=begun, served_ms=now_ms
        )

    def record_drawn(self, user_id: UserId, now_ms: int) -> None:
        """Record that one of a member's pictures is drawn."""
        if member := self._members.get(user_id):
            member.served_ms = member.drawn_ms = now_ms

    def forget(self, user_id: UserId) -> None:
        """Drop a member who asked to be forgotten."""
        self._members.pop(user_id, None)

    def likely_returns(self, now_ms: int) -> LikelyReturns:
        """Who is expected to ask again, and when."""
        self._forget_absent(now_ms)
        return LikelyReturns(
            regulars={user: Regular(usual=member.usual) for user, member in self._members.items()},
            away_ms=self._away_times.value,
            each=max(1, round(self._request_sizes.value)),
        )

    def _forget_absent(self, now_ms: int) -> None:
        # A changed clock must not keep anybody longer.
        self._members = {
            user: member
            for user, member in self._members.items()
            if abs(now_ms - member.served_ms) <= _RECENT_MS
        }
