"""Members who vote on everything that is posted, one after another, each at their own pace.

They react to pictures and press the buttons of duels, as a person at the page would, so that the
bot sees what it would see on Discord. `members.py` drives them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bot.sandbox.fans.activity import Activity
from bot.sandbox.fans.ballots import VotableMessage, find_votable
from bot.sandbox.fans.tastes import FanTaste, Opinions
from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.interactions import Interactions
from bot.sandbox.world.people import People

#: The share of votes that prefer a duel, because duels are open only briefly.
_DUELS_FIRST_SHARE = 0.6
#: How many messages of a channel they read at the start.
_HISTORY_LENGTH = 500
#: The type of a category channel.
_CATEGORY = 4

ReadFile = Callable[[int], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast members vote; the defaults are the pace of people who look at the pictures."""

    #: The least time between two votes of one member.
    rest_s: float = 3.0
    #: The votes per second of all members together.
    votes_per_s: float = 4.0


class Voters:
    """Everything to vote on, and who has voted. Call `mark_changed` for every changed message."""

    def __init__(self, people: People, interactions: Interactions, read_file: ReadFile) -> None:
        self._people = people
        self._interactions = interactions
        self._read_file = read_file
        self._rng = Random()
        self._ballots: dict[int, VotableMessage] = {}
        self._voted: set[tuple[int, int]] = set()
        self._changed: set[int] = set()
        self._change_event = asyncio.Event()
        self._last_vote_s = dict.fromkeys((fan.id for fan in lounge.FANS), 0.0)
        self._opinions = Opinions(FanTaste.CHANCE, self._rng)

    def mark_changed(self, message_id: int) -> None:
        """Remember that a message was posted, edited or deleted."""
        self._changed.add(message_id)
        self._change_event.set()

    async def run(self, taste: FanTaste, count: int, activity: Activity, pace: Pace) -> None:
        """Cast `count` votes by this taste, waiting for pictures when none are left."""
        self._opinions = Opinions(taste, self._rng)
        self._ballots.clear()
        for channel in self._people.channels():
            if channel["type"] != _CATEGORY:
                for message in self._people.messages(int(channel["id"]), None, _HISTORY_LENGTH):
                    self.mark_changed(int(message["id"]))
        while activity.done < count:
            await self._refresh_ballots()
            if await self._cast_next_vote(pace.rest_s):
                activity.add_progress()
                pause_s = self._rng.expovariate(pace.votes_per_s)
                await asyncio.sleep(min(pause_s, 4 / pace.votes_per_s))
            elif any(self._choose_ballot(fan) for fan in self._last_vote_s):
                await asyncio.sleep(pace.rest_s / 10)
            else:
                activity.set_status(
                    "They have voted on everything that is posted, and wait for more."
                )
                await self._change_event.wait()

    # ---- ballots --------------------------------------------------------------------------

    async def _refresh_ballots(self) -> None:
        """Read the changed messages again."""
        self._change_event.clear()
        changed, self._changed = self._changed, set[int]()
        for message_id in sorted(changed):
            try:
                message = self._people.message(message_id)
                ballot = find_votable(message, self._people.reactions(message_id))
            except NotPossible:
                ballot = None
            if ballot is None or not await self._load_pictures(ballot):
                self._ballots.pop(message_id, None)
                continue
            self._ballots[message_id] = ballot
            if not ballot.is_duel:
                self._voted.update((voter, message_id) for voter in ballot.voters)

    async def _load_pictures(self, ballot: VotableMessage) -> bool:
        """Let the members see its pictures; False if one cannot be read."""
        for picture in ballot.pictures:
            if self._opinions.has_seen(picture["id"]):
                continue
            data = self._read_file(int(picture["id"])) or b""
            try:
                await asyncio.to_thread(self._opinions.add_picture, picture["id"], data)
            except OSError:
                return False
        return True

    # ---- voting ---------------------------------------------------------------------------------

    def _rested_fans(self, rest_s: float) -> list[int]:
        """The members whose last vote is long enough ago."""
        now_s = asyncio.get_running_loop().time()
        return [
            fan for fan, last_vote_s in self._last_vote_s.items() if now_s - last_vote_s >= rest_s
        ]

    async def _cast_next_vote(self, rest_s: float) -> bool:
        """Cast one vote; False if there was none to cast, or it was refused."""
        fans = self._rested_fans(rest_s)
        self._rng.shuffle(fans)
        for fan in fans:
            if ballot := self._choose_ballot(fan):
                self._voted.add((fan, ballot.message_id))
                self._last_vote_s[fan] = asyncio.get_running_loop().time()
                try:
                    await self._cast_vote(fan, ballot)
                except NotPossible:
                    continue
                return True
        return False

    def _choose_ballot(self, fan: int) -> VotableMessage | None:
        """A ballot that this member may vote on and has not yet."""
        candidates = [
            ballot
            for ballot in self._ballots.values()
            if (fan, ballot.message_id) not in self._voted
            and ballot.asked_by != fan
            and self._people.sees(fan, ballot.channel_id)
        ]
        duels = [ballot for ballot in candidates if ballot.is_duel]
        if duels and self._rng.random() < _DUELS_FIRST_SHARE:
            candidates = duels
        return self._rng.choice(candidates) if candidates else None

    async def _cast_vote(self, fan: int, ballot: VotableMessage) -> None:
        """React, or press and await the answer. Raises `NotPossible`."""
        pictures: list[Payload] = list(ballot.pictures)
        if ballot.is_duel:
            better = self._opinions.better(pictures[0]["id"], pictures[1]["id"])
            choice = ballot.choices[2 if better is None else better]
            await self._interactions.component(fan, ballot.message_id, choice).answer()
        elif len(pictures) > 1:
            best = self._opinions.best([picture["id"] for picture in pictures])
            await self._interactions.component(
                fan, ballot.message_id, ballot.choices[best]
            ).answer()
        else:
            up = self._opinions.likes(pictures[0]["id"])
            self._people.react(fan, ballot.message_id, ballot.choices[0 if up else 1])
