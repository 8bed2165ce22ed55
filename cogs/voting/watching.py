"""Which reactions have events newer than a list read from Discord.

Lists may lag behind events, so a list must not overwrite what an event has just reported.
`cogs/voting/inbox.py` notes events here, `cogs/voting/reconciling.py` asks. Must not know what a
vote is.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.ballot import Reaction
from bot.domain import MessageId, UserId
from bot.words.emoji import reaction_key

#: How far a list may lag behind events.
LAG_S = 30.0

#: Voter, emoji (as `reaction_key` writes it), and whether it is a super reaction.
Touch: TypeAlias = tuple[UserId, str, bool]


@dataclass(slots=True, eq=False, kw_only=True)
class Watch:
    """The events under one message since shortly before its reactions are read."""

    message_id: MessageId
    #: Reactions about which the ledger has newer events than the reading.
    touched: set[Touch]
    #: Its reactions were cleared, or it was deleted: the reading is worthless.
    stale: bool

    def besides(self, emoji: str, *, burst: bool) -> frozenset[UserId]:
        """The voters about whom the reading must not be believed."""
        key = reaction_key(emoji)
        return frozenset(
            voter for voter, touched, super_ in self.touched if (touched, super_) == (key, burst)
        )


@dataclass(slots=True, eq=False)
class _Span:
    """The events in a span of time."""

    touched: defaultdict[MessageId, set[Touch]] = field(
        default_factory=lambda: defaultdict[MessageId, set[Touch]](set)
    )
    stale: set[MessageId] = field(default_factory=set[MessageId])


class Watches:
    """Remembers every event for `LAG_S` to twice as long, and updates the watches."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._since_s = now_s()
        self._late, self._before = _Span(), _Span()
        self._watches: list[Watch] = []

    def touch(self, reaction: Reaction) -> None:
        """Note an event that the ledger took."""
        self._turn()
        self._late.touched[reaction.message_id].add(_touch_of(reaction))
        self.overtake(reaction)

    def overtake(self, reaction: Reaction) -> None:
        """Note an event yet to be written: readings in progress are older."""
        for watch in self._watches:
            if watch.message_id == reaction.message_id:
                watch.touched.add(_touch_of(reaction))

    def spoil(self, message_ids: Iterable[MessageId]) -> None:
        """Distrust every list of these messages for a while."""
        self._turn()
        self._late.stale.update(message_ids)
        for watch in self._watches:
            watch.stale |= watch.message_id in self._late.stale

    def forget(self) -> None:
        """Events were lost, so earlier ones are no longer the newest."""
        self._late, self._before = _Span(), _Span()

    @contextlib.contextmanager
    def watch(self, message_id: MessageId) -> Generator[Watch]:
        """Watch a message while its reactions are read."""
        self._turn()
        spans = (self._late, self._before)
        watch = Watch(
            message_id=message_id,
            touched={touch for span in spans for touch in span.touched.get(message_id, ())},
            stale=any(message_id in span.stale for span in spans),
        )
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)

    def _turn(self) -> None:
        """Begin a new span once the later one is as old as the lag; drop the one before."""
        age_s = self._now_s() - self._since_s
        if age_s < LAG_S:
            return
        self._before = self._late if age_s < 2 * LAG_S else _Span()
        self._late = _Span()
        self._since_s += age_s


def _touch_of(reaction: Reaction) -> Touch:
    return reaction.voter_id, reaction_key(reaction.emoji), reaction.burst
