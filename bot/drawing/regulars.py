"""Who was drawn for lately, and how soon members ask again. In memory alone, for a minute.

The progress board tells it of every picture, and promises times by it. It must not know what
members ask for beyond a picture's size and steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import UserId
from bot.drawing.forecast import AskingOn, Regular
from bot.drawing.means import Mean
from bot.store.views import Work

#: Who was drawn for within this is taken to ask on.
_LATELY_MS = 60_000


@dataclass(slots=True, kw_only=True)
class _Member:
    usual: Work
    #: When they asked for that, and how many pictures of that request were begun.
    asked_ms: int
    begun: int
    #: When something of theirs was last begun or drawn.
    seen_ms: int
    #: When that was drawn; None while it is not.
    drawn_ms: int | None = None


class Regulars:
    """The members who are drawn for, in the order of their latest turns."""

    def __init__(self) -> None:
        self._members: dict[UserId, _Member] = {}
        #: From a member's last picture until they ask again.
        self._away = Mean()
        #: Of a request: its pictures.
        self._each = Mean()

    def began(self, work: Work, asked_ms: int, now_ms: int) -> None:
        """It is a member's turn, for a picture that they asked for then."""
        member = self._members.pop(work.user_id, None)
        if member is not None and member.drawn_ms is not None:
            away_ms = asked_ms - member.drawn_ms
            if 0 <= away_ms <= _LATELY_MS:
                self._away.add(away_ms)
        begun = 1
        if member is not None and member.asked_ms == asked_ms:
            begun += member.begun
        elif member is not None:
            self._each.add(member.begun)
        self._members[work.user_id] = _Member(
            usual=work, asked_ms=asked_ms, begun=begun, seen_ms=now_ms
        )

    def drawn(self, user_id: UserId, now_ms: int) -> None:
        """A picture of theirs is drawn."""
        if member := self._members.get(user_id):
            member.seen_ms = member.drawn_ms = now_ms

    def asking_on(self, now_ms: int) -> AskingOn:
        """Who is taken to ask on, and when."""
        # A clock that was set has nobody stay for longer.
        self._members = {
            user: member
            for user, member in self._members.items()
            if abs(now_ms - member.seen_ms) <= _LATELY_MS
        }
        return AskingOn(
            regulars={user: Regular(usual=member.usual) for user, member in self._members.items()},
            away_ms=self._away.value,
            each=max(1, round(self._each.value)),
        )
