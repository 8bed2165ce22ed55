"""Remembers which reactions have events newer than a list read from Discord.

Lists may lag behind events, so a list must not overwrite a recent event. `cogs/voting/inbox.py`
notes events here, `cogs/voting/reconciling.py` asks. Must not know what a
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
        """The voters for whom the reading is out of date."""
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
        self._current, self._previous = _Span(), _Span()
        self._watches: list[Watch] = []

    def note_recorded(self, reaction: Reaction) -> None:
        """Note an event that the ledger accepted."""
        self._rotate()
        self._current.touched[reaction.message_id].add(_touch_of(reaction))
        self.note_received(reaction)

    def note_received(self, reaction: Reaction) -> None:
        """Note an event yet to be written: readings in progress are older."""
        for watch in self._watches:
            if watch.message_id == reaction.message_id:
                watch.touched.add(_touch_of(reaction))

    def distrust(self, message_ids: Iterable[MessageId]) -> None:
        """Distrust every list of these messages for a while."""
        self._rotate()
        self._current.stale.update(message_ids)
        for watch in self._watches:
            watch.stale |= watch.message_id in self._current.stale

    def reset(self) -> None:
        """Forget earlier events: some were lost, so they are no longer the newest."""
        self._current, self._previous = _Span(), _Span()

    @contextlib.contextmanager
    def watch(self, message_id: MessageId) -> Generator[Watch]:
        """Watch a message while its reactions are read."""
        self._rotate()
        spans = (self._current, self._previous)
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

    def _rotate(self) -> None:
        """Begin a new span once the current one is as old as the lag; drop the previous one."""
        age_s = self._now_s() - self._since_s
        if age_s < LAG_S:
            return
        self._previous = self._current if age_s < 2 * LAG_S else _Span()
        self._current = _Span()
        self._since_s += age_s


def _touch_of(reaction: Reaction) -> Touch:
    return reaction.voter_id, reaction_key(reaction.emoji), reaction.burst
