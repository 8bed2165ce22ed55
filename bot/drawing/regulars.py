"""Who was served lately, and how soon members ask again. Kept in memory for a minute.

The progress board reports every picture here, and predicts times from it. Must not know more about
a request than a picture's size and steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import UserId
from bot.drawing.forecast import AskingOn, Regular
from bot.drawing.means import Mean
from bot.store.views import Work

#: Members served within this time are assumed to ask again.
_LATELY_MS = 60_000
#: A fraction of the mean time until members ask again: those who return sooner overtake, and those
#: who return later delay nobody.
_SOON = 0.6


@dataclass(slots=True, kw_only=True)
class _Member:
    usual: Work
    #: When one of their pictures was last begun or drawn.
    seen_ms: int
    #: When that picture was drawn; None until then.
    drawn_ms: int | None = None


class Regulars:
    """The members being served, in the order of their latest turns."""

    def __init__(self) -> None:
        self._members: dict[UserId, _Member] = {}
        #: The average time from a member's last picture to their next request.
        self._away = Mean()

    def began(self, work: Work, asked_ms: int, now_ms: int) -> None:
        """It is a member's turn, for a picture that they asked for then."""
        self._forget_absent(now_ms)
        member = self._members.pop(work.user_id, None)
        if member is not None and member.drawn_ms is not None:
            away_ms = asked_ms - member.drawn_ms
            if 0 <= away_ms <= _LATELY_MS:
                self._away.add(away_ms)
        self._members[work.user_id] = _Member(usual=work, seen_ms=now_ms)

    def drawn(self, user_id: UserId, now_ms: int) -> None:
        """Note that one of a member's pictures is drawn."""
        if member := self._members.get(user_id):
            member.seen_ms = member.drawn_ms = now_ms

    def forget(self, user_id: UserId) -> None:
        """They asked to be forgotten."""
        self._members.pop(user_id, None)

    def _forget_absent(self, now_ms: int) -> None:
        # A clock that was set has nobody stay for longer.
        self._members = {
            user: member
            for user, member in self._members.items()
            if abs(now_ms - member.seen_ms) <= _LATELY_MS
        }

    def asking_on(self, now_ms: int) -> AskingOn:
        """Who is taken to ask on, and when."""
        self._forget_absent(now_ms)
        away_ms = _SOON * self._away.value
        return AskingOn(
            regulars={
                user: Regular(
                    usual=member.usual, back_ms=max(0.0, away_ms - (now_ms - member.seen_ms))
                )
                for user, member in self._members.items()
            },
            away_ms=away_ms,
        )
