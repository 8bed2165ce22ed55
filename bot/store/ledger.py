"""The rule of the vote ledger: raw reactions in, events and current votes out. Pure.

`bot/store/votes.py` loads what stands, lets a `Book` take the reactions in order, and writes the
book's results. The rule: a voter's current vote on a picture is the value of the latest of their
reactions that still stand, under any post of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.ballot import Axis, Reaction, VoteEmoji, VoteSource
from bot.domain import JobId, MessageId, UserId
from bot.words.emoji import meaning, reaction_key

#: The axis on which reactions vote.
REACTION_AXIS = Axis.TASTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """When a voter was forgotten: as which member of all, and when they asked for it."""

    number: int
    asked_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A post of a picture and the emoji that count under it.

    `then` are the server's emoji when it was posted, `now` its emoji today: both count, so a change
    of emoji neither ends the voting under old posts nor ignores the new emoji there. Where they
    contradict each other, `then` wins, because the bot itself put it under the post.
    """

    message_id: MessageId
    job_id: JobId
    requester_id: UserId
    then: VoteEmoji
    now: VoteEmoji
    #: How many members had been forgotten when the latest whole reading of its reactions began; -1
    #: if nobody is marked any more who may have reacted since.
    read_after: int

    def value(self, emoji: str) -> int | None:
        """+1 or -1; None for an emoji that is no vote here."""
        meant = meaning(emoji)
        for pair in (self.then, self.now):
            if meant == meaning(pair.up):
                return 1
            if meant == meaning(pair.down):
                return -1
        return None

    def opened_with(self, emoji: str) -> tuple[int, ...]:
        """The value of an emoji that the bot itself put under the post; empty for any other."""
        key = reaction_key(emoji)
        pairs = ((self.then.up, 1), (self.then.down, -1))
        return tuple(value for own, value in pairs if reaction_key(own) == key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A vote reaction that stands under a post, with `emoji` as first seen."""

    message_id: MessageId
    voter_id: UserId
    emoji: str
    burst: bool
    job_id: JobId
    value: int
    event_id: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A new row of the ledger."""

    id: int
    ballot: Ballot
    voter_id: UserId
    emoji: str
    burst: bool
    value: int
    added: bool
    source: VoteSource
    at_ms: int


#: A picture and a voter, who has one current vote on it.
Pair = tuple[JobId, UserId]
#: What a voter can have once: an emoji under a post, as a super reaction or not.
_Key = tuple[MessageId, str, bool]


@dataclass(slots=True)
class Book:
    """Takes a batch of reactions; then `events`, `current` and `stands` give the result.

    `counted` are the pairs that a nameless tally holds already (their voter was forgotten). What
    is merely read back from Discord leaves them alone; a fresh deed of the voter takes the pair out
    of the tally (`uncounted`), for from then on it has a name again. The `forgotten` are voters
    whose reactions may be older than their wish: such a vote is `nameless`, by pair its value.
    """

    ballots: dict[MessageId, Ballot]
    last_event_id: int
    counted: set[Pair] = field(default_factory=set[Pair])
    forgotten: Mapping[UserId, Forgetting] = field(default_factory=dict[UserId, Forgetting])
    events: list[Event] = field(default_factory=list[Event])
    uncounted: set[Pair] = field(default_factory=set[Pair])
    nameless: dict[Pair, int] = field(default_factory=dict[Pair, int])
    _stands: dict[Pair, dict[_Key, Stand]] = field(default_factory=dict[Pair, dict[_Key, Stand]])

    def load(self, stands: Iterable[Stand]) -> None:
        """Load the standing reactions of every pair that will be taken."""
        for stand in stands:
            held = self._stands.setdefault((stand.job_id, stand.voter_id), {})
            held[stand.message_id, reaction_key(stand.emoji), stand.burst] = stand

    def take(self, reaction: Reaction) -> bool:
        """Take one reaction; True if it is a vote, even if it changes nothing."""
        ballot = self.ballots.get(reaction.message_id)
        if ballot is None:
            return False
        pair = (ballot.job_id, reaction.voter_id)
        held = self._stands.setdefault(pair, {})
        key = (reaction.message_id, reaction_key(reaction.emoji), reaction.burst)
        stand = held.get(key)
        value = stand.value if stand else ballot.value(reaction.emoji)
        if value is None:
            return False
        older = self._may_be_older_than_the_wish(reaction, ballot)
        if pair in self.counted:
            if older or reaction.source is VoteSource.RECONCILED:
                return True
            self.counted.remove(pair)
            self.uncounted.add(pair)
            self.nameless.pop(pair, None)
        elif older and reaction.added and not held:
            self.counted.add(pair)
            self.nameless[pair] = value
            return True
        if reaction.added and not stand:
            held[key] = self._added(ballot, reaction, value)
        elif stand and not reaction.added:
            self._note(ballot, reaction, stand.emoji, value)
            del held[key]
        return True

    def _may_be_older_than_the_wish(self, reaction: Reaction, ballot: Ballot) -> bool:
        """Whether a forgotten voter may have reacted before they asked for it.

        Discord does not say when somebody reacted. What a whole reading that began after the
        forgetting did not find is newer; until there was one, everything may be older. Nothing is
        older on a picture of their own, for those of before are gone. Under a post that could not
        be read, anybody may be such a voter.
        """
        if reaction.voter_id == ballot.requester_id:
            return False
        is_read_back = reaction.source is VoteSource.RECONCILED
        if is_read_back and ballot.read_after < 0:
            return True
        forgetting = self.forgotten.get(reaction.voter_id)
        if forgetting is None:
            return False
        if is_read_back:
            return ballot.read_after < forgetting.number
        return reaction.at_ms <= forgetting.asked_ms

    def _added(self, ballot: Ballot, reaction: Reaction, value: int) -> Stand:
        event = self._note(ballot, reaction, reaction.emoji, value)
        return Stand(
            message_id=ballot.message_id,
            voter_id=reaction.voter_id,
            emoji=reaction.emoji,
            burst=reaction.burst,
            job_id=ballot.job_id,
            value=value,
            event_id=event.id,
            at_ms=reaction.at_ms,
        )

    def _note(self, ballot: Ballot, reaction: Reaction, emoji: str, value: int) -> Event:
        self.last_event_id += 1
        event = Event(
            id=self.last_event_id,
            ballot=ballot,
            voter_id=reaction.voter_id,
            emoji=emoji,
            burst=reaction.burst,
            value=value,
            added=reaction.added,
            source=reaction.source,
            at_ms=reaction.at_ms,
        )
        self.events.append(event)
        return event

    def stand_of(self, event: Event) -> Stand | None:
        """The final state of the event's reaction; None: taken back."""
        held = self._stands[event.ballot.job_id, event.voter_id]
        return held.get((event.ballot.message_id, reaction_key(event.emoji), event.burst))

    def current(self, pair: Pair) -> Stand | None:
        """The reaction that finally is the voter's vote on the picture."""
        held = self._stands.get(pair)
        return max(held.values(), key=lambda stand: stand.event_id) if held else None
