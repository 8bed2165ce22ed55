"""The rule of the vote ledger: raw reactions in, events and current votes out. Pure.

`bot/store/votes.py` loads the standing reactions, lets a `VoteBook` apply new ones in order, and
writes the results. The rule: a voter's current vote on a picture is the value of their latest
reaction that still stands, under any post of the picture.
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
    """A voter was forgotten: as the how many-th member, and when they asked for it."""

    number: int
    requested_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A post of a picture and the emoji that count under it.

    `original_emoji` are the server's emoji when it was posted, `current_emoji` those of today. Both
    count, so after a change of emoji old posts can still be voted on, with the old and the new
    ones. Where the two contradict each other, `original_emoji` wins, because the bot itself put
    those under the post.
    """

    message_id: MessageId
    job_id: JobId
    requester_id: UserId
    original_emoji: VoteEmoji
    current_emoji: VoteEmoji
    #: How many members had been forgotten when the latest complete reading of its reactions began;
    #: -1 if its reactions could not be read and no voter is marked on its account any more.
    read_after: int

    def value(self, emoji: str) -> int | None:
        """+1 or -1; None if the emoji is no vote here."""
        meaning_of_emoji = meaning(emoji)
        for pair in (self.original_emoji, self.current_emoji):
            if meaning_of_emoji == meaning(pair.up):
                return 1
            if meaning_of_emoji == meaning(pair.down):
                return -1
        return None

    def seeded_values(self, emoji: str) -> tuple[int, ...]:
        """The values of an emoji that the bot itself put under the post; empty for any other."""
        key = reaction_key(emoji)
        pairs = ((self.original_emoji.up, 1), (self.original_emoji.down, -1))
        return tuple(value for own, value in pairs if reaction_key(own) == key)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingReaction:
    """A vote reaction that stands under a post; `emoji` is as first seen."""

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
#: A voter can add each of these once: an emoji under a post, as a super reaction or not.
_Key = tuple[MessageId, str, bool]


@dataclass(slots=True)
class VoteBook:
    """Applies a batch of reactions; `events`, `current_vote` and others then give the result.

    `nameless_pairs` are counted in a nameless tally already, because their voter was forgotten.
    Reactions that are only read back from Discord leave them alone; a new reaction of the voter
    takes the pair out of the tally (`renamed_pairs`), because the vote then has a name again.
    Reactions of `forgotten_voters` may be older than their request to be forgotten; such a vote is
    added to `nameless_votes`, which maps each pair to its value.
    """

    ballots: dict[MessageId, Ballot]
    last_event_id: int
    nameless_pairs: set[Pair] = field(default_factory=set[Pair])
    forgotten_voters: Mapping[UserId, Forgetting] = field(default_factory=dict[UserId, Forgetting])
    events: list[Event] = field(default_factory=list[Event])
    renamed_pairs: set[Pair] = field(default_factory=set[Pair])
    nameless_votes: dict[Pair, int] = field(default_factory=dict[Pair, int])
    _standing: dict[Pair, dict[_Key, StandingReaction]] = field(
        default_factory=dict[Pair, dict[_Key, StandingReaction]]
    )

    def load(self, stands: Iterable[StandingReaction]) -> None:
        """Load the standing reactions of every pair in the batch."""
        for stand in stands:
            standing = self._standing.setdefault((stand.job_id, stand.voter_id), {})
            standing[stand.message_id, reaction_key(stand.emoji), stand.burst] = stand

    def apply(self, reaction: Reaction) -> bool:
        """Apply one reaction; True if it is a vote, even if it changes nothing."""
        ballot = self.ballots.get(reaction.message_id)
        if ballot is None:
            return False
        pair = (ballot.job_id, reaction.voter_id)
        standing = self._standing.setdefault(pair, {})
        key = (reaction.message_id, reaction_key(reaction.emoji), reaction.burst)
        stand = standing.get(key)
        value = stand.value if stand else ballot.value(reaction.emoji)
        if value is None:
            return False
        is_older = self._may_predate_request(reaction, ballot)
        if pair in self.nameless_pairs:
            if is_older or reaction.source is VoteSource.RECONCILED:
                return True
            self.nameless_pairs.remove(pair)
            self.renamed_pairs.add(pair)
            self.nameless_votes.pop(pair, None)
        elif is_older and reaction.added and not standing:
            self.nameless_pairs.add(pair)
            self.nameless_votes[pair] = value
            return True
        if reaction.added and not stand:
            standing[key] = self._append_standing(ballot, reaction, value)
        elif stand and not reaction.added:
            self._append_event(ballot, reaction, stand.emoji, value)
            del standing[key]
        return True

    def _may_predate_request(self, reaction: Reaction, ballot: Ballot) -> bool:
        """Whether a forgotten voter may have reacted before they asked to be forgotten.

        Discord does not say when somebody reacted. A reaction is newer if a complete reading that
        began after the forgetting did not find it; before such a reading, any may be older. On
        their own pictures every reaction is newer, because the earlier pictures are gone. Under a
        post that could not be read, anybody may be such a voter.
        """
        if reaction.voter_id == ballot.requester_id:
            return False
        is_read_back = reaction.source is VoteSource.RECONCILED
        if is_read_back and ballot.read_after < 0:
            return True
        forgetting = self.forgotten_voters.get(reaction.voter_id)
        if forgetting is None:
            return False
        if is_read_back:
            return ballot.read_after < forgetting.number
        return reaction.at_ms <= forgetting.requested_ms

    def _append_standing(self, ballot: Ballot, reaction: Reaction, value: int) -> StandingReaction:
        event = self._append_event(ballot, reaction, reaction.emoji, value)
        return StandingReaction(
            message_id=ballot.message_id,
            voter_id=reaction.voter_id,
            emoji=reaction.emoji,
            burst=reaction.burst,
            job_id=ballot.job_id,
            value=value,
            event_id=event.id,
            at_ms=reaction.at_ms,
        )

    def _append_event(self, ballot: Ballot, reaction: Reaction, emoji: str, value: int) -> Event:
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

    def standing_reaction(self, event: Event) -> StandingReaction | None:
        """The final state of the event's reaction; None if it was taken back."""
        standing = self._standing[event.ballot.job_id, event.voter_id]
        return standing.get((event.ballot.message_id, reaction_key(event.emoji), event.burst))

    def current_vote(self, pair: Pair) -> StandingReaction | None:
        """The reaction that is the voter's vote on the picture in the end; None if none is."""
        standing = self._standing.get(pair)
        return max(standing.values(), key=lambda stand: stand.event_id) if standing else None
