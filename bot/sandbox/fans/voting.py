"""Members who vote on whatever is posted, one after another, each at their own pace.

They react under pictures and press under duels, as a person at the page would, so that the bot sees
what it would see on Discord. `members.py` drives them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bot.sandbox.fans.ballots import Votable, votable
from bot.sandbox.fans.errand import Errand
from bot.sandbox.fans.tastes import FanTaste, Opinions
from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.interactions import Interactions
from bot.sandbox.world.people import People

#: The share of votes for which a duel comes first, because duels are open only briefly.
_DUEL_FIRST = 0.6
#: How many messages of a channel they look at when they begin.
_BACK = 500
#: The type of a category channel.
_CATEGORY = 4

Read = Callable[[int], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast members vote; the defaults are the pace of people who look at the pictures."""

    #: The least time one member looks at the next picture.
    rest_s: float = 3.0
    #: The votes per second of all of them together.
    votes_per_s: float = 4.0


class Poll:
    """What there is to vote on, and who has voted. `note` is called for every changed message."""

    def __init__(self, people: People, interactions: Interactions, read: Read) -> None:
        self._people = people
        self._interactions = interactions
        self._read = read
        self._dice = Random()
        self._ballots: dict[int, Votable] = {}
        self._voted: set[tuple[int, int]] = set()
        self._changed: set[int] = set()
        self._news = asyncio.Event()
        self._rested_s = dict.fromkeys((fan.id for fan in lounge.FANS), 0.0)
        self._opinions = Opinions(FanTaste.CHANCE, self._dice)

    def note(self, message_id: int) -> None:
        """Note that a message came, changed or went."""
        self._changed.add(message_id)
        self._news.set()

    async def run(self, taste: FanTaste, count: int, errand: Errand, pace: Pace) -> None:
        """Cast `count` votes by this taste, waiting for pictures when none are left."""
        self._opinions = Opinions(taste, self._dice)
        self._ballots.clear()
        for channel in self._people.channels():
            if channel["type"] != _CATEGORY:
                for message in self._people.messages(int(channel["id"]), None, _BACK):
                    self.note(int(message["id"]))
        while errand.done < count:
            await self._look()
            if await self._vote(pace.rest_s):
                errand.step()
                pause_s = self._dice.expovariate(pace.votes_per_s)
                await asyncio.sleep(min(pause_s, 4 / pace.votes_per_s))
            elif any(self._choose(fan) for fan in self._rested_s):
                await asyncio.sleep(pace.rest_s / 10)
            else:
                errand.say("They have voted on everything that is posted, and wait for more.")
                await self._news.wait()

    # ---- what there is --------------------------------------------------------------------------

    async def _look(self) -> None:
        """Read the changed messages again."""
        self._news.clear()
        changed, self._changed = self._changed, set[int]()
        for message_id in sorted(changed):
            try:
                message = self._people.message(message_id)
                found = votable(message, self._people.reactions(message_id))
            except NotPossible:
                found = None
            if found is None or not await self._seen(found):
                self._ballots.pop(message_id, None)
                continue
            self._ballots[message_id] = found
            if not found.is_duel:
                self._voted.update((voter, message_id) for voter in found.voters)

    async def _seen(self, ballot: Votable) -> bool:
        """Whether its pictures could be read."""
        for picture in ballot.pictures:
            if self._opinions.knows(picture["id"]):
                continue
            data = self._read(int(picture["id"])) or b""
            try:
                await asyncio.to_thread(self._opinions.meet, picture["id"], data)
            except OSError:
                return False
        return True

    # ---- voting ---------------------------------------------------------------------------------

    def _free(self, rest_s: float) -> list[int]:
        """The members who have looked long enough."""
        now_s = asyncio.get_running_loop().time()
        return [fan for fan, since_s in self._rested_s.items() if now_s - since_s >= rest_s]

    async def _vote(self, rest_s: float) -> bool:
        """Cast one vote; False if there was none to cast, or it was refused."""
        free = self._free(rest_s)
        self._dice.shuffle(free)
        for fan in free:
            if ballot := self._choose(fan):
                self._voted.add((fan, ballot.message_id))
                self._rested_s[fan] = asyncio.get_running_loop().time()
                try:
                    await self._say(fan, ballot)
                except NotPossible:
                    continue
                return True
        return False

    def _choose(self, fan: int) -> Votable | None:
        """Something that this member may vote on and has not yet."""
        open_ = [
            ballot
            for ballot in self._ballots.values()
            if (fan, ballot.message_id) not in self._voted
            and ballot.asked_by != fan
            and self._people.sees(fan, ballot.channel_id)
        ]
        duels = [ballot for ballot in open_ if ballot.is_duel]
        if duels and self._dice.random() < _DUEL_FIRST:
            open_ = duels
        return self._dice.choice(open_) if open_ else None

    async def _say(self, fan: int, ballot: Votable) -> None:
        """React, or press and await the answer. Raises `NotPossible`."""
        names: list[Payload] = list(ballot.pictures)
        if ballot.is_duel:
            better = self._opinions.better(names[0]["id"], names[1]["id"])
            mark = ballot.marks[2 if better is None else better]
            await self._interactions.component(fan, ballot.message_id, mark).answer()
        elif len(names) > 1:
            best = self._opinions.best([one["id"] for one in names])
            await self._interactions.component(fan, ballot.message_id, ballot.marks[best]).answer()
        else:
            up = self._opinions.likes(names[0]["id"])
            self._people.react(fan, ballot.message_id, ballot.marks[0 if up else 1])
