"""Members who ask for pictures, four seeds of a prompt, so that there is something to vote on.

They type `/waifu` as a person would, accept the licence once, share their prompts, and wait for
their pictures before they ask for more. `members.py` drives them.
"""

from __future__ import annotations

import asyncio
import re
from itertools import cycle
from random import Random

from bot.sandbox.fans.ballots import button
from bot.sandbox.fans.errand import Errand
from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.interactions import Interactions
from bot.sandbox.world.people import People

#: Pictures of one prompt per request; the bot draws no more.
_AT_ONCE = 4
#: Pictures have their asker's mention before the words; duels and statuses do not.
_ASKED_FOR = re.compile(r"<@\d+>")
#: The most pictures pending at once, and how long to wait when none comes.
_AHEAD, _PATIENCE_S = 12, 30.0
#: How many refusals make them give up, and the pause after each.
_REFUSALS, _PAUSE_S = 5, 3.0
#: The prompts leave colours open, so that pictures of one prompt differ in them. Of 96 pictures
#: each prompt gets four: a third of the prompts is held out, and few would prove little.
PROMPTS = (
    "1girl, smile", "1girl, glasses", "1girl, long hair", "1girl, short hair, closed mouth",
    "1girl, hat", "1girl, twintails, smile", "1girl, ponytail", "1girl, school uniform",
    "1girl, flower, smile", "1girl, scarf", "1girl, braid, glasses", "1girl, open mouth",
    "1girl, bow, long hair", "1girl, hoodie", "1girl, ribbon, short hair", "1girl, cat ears",
    "1girl, beret", "1girl, headphones, grin", "1girl, side ponytail", "1girl, wavy hair, smile",
    "1girl, double bun", "1girl, serafuku, closed mouth", "1girl, rabbit ears", "1girl, hairclip",
)  # fmt: skip


class Spree:
    """Decides who asks next. `note` is called for every message that the bot posts."""

    def __init__(self, people: People, interactions: Interactions) -> None:
        self._people = people
        self._interactions = interactions
        self._settled: set[int] = set()
        self._shown = asyncio.Event()
        self._channel_id = 0
        self._posted = 0

    def note(self, message: Payload) -> None:
        """Count a message of the bot if it shows one of the pictures."""
        if int(message["channel_id"]) == self._channel_id and _ASKED_FOR.match(message["content"]):
            self._posted += len(message["attachments"])
            self._shown.set()

    async def run(self, channel_id: int, count: int, errand: Errand) -> None:
        """Ask for `count` pictures in this channel. Raises `NotPossible` if the bot refuses."""
        fans = [fan.id for fan in lounge.FANS if self._people.sees(fan.id, channel_id)]
        if not fans:
            raise NotPossible("These members cannot see this channel: open another one.")
        Random().shuffle(fans)
        self._channel_id, self._posted = channel_id, 0
        asked = refused = 0
        for fan, prompt in zip(cycle(fans), cycle(PROMPTS), strict=False):
            await self._gather(asked - _AHEAD + _AT_ONCE, errand)
            if asked >= count:
                break
            wanted = min(_AT_ONCE, count - asked)
            why = await self._refused(fan, prompt, wanted)
            if why is None:
                asked, refused = asked + wanted, 0
                continue
            refused += 1
            if refused == _REFUSALS:
                raise NotPossible(f"The bot does not draw: {why}")
            errand.say(why)
            await asyncio.sleep(_PAUSE_S)
        await self._gather(count, errand)

    async def _gather(self, count: int, errand: Errand) -> None:
        """Wait until `count` pictures have come in all, or none comes for a while."""
        while True:
            self._shown.clear()
            if (come := min(self._posted, errand.wanted)) > errand.done:
                errand.step(come - errand.done)
            if self._posted >= count:
                return
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._shown.wait()
            except TimeoutError:
                return

    async def _refused(self, fan: int, prompt: str, count: int) -> str | None:
        """Ask; return why it failed, or None. A bot that is away may be back a moment later."""
        try:
            return await self._ask(fan, prompt, count)
        except NotPossible as reason:
            return str(reason)

    async def _ask(self, fan: int, prompt: str, count: int) -> str | None:
        """Make one request; return why the bot refuses it, or None."""
        # Completed prompts would take their colours from the lot and not from the model, so voters'
        # taste in colours could not be learned.
        options: Payload = {"prompt": prompt, "count": count, "complete": "off"}
        answer = await self._call(fan, "waifu", options)
        if accept := button(answer, "accept"):
            await self._interactions.component(fan, int(answer["id"]), accept).answer()
        elif button(answer, "cancel") is None:
            return str(answer["content"])
        if fan not in self._settled:
            await self._call(fan, "privacy share", {"allow": True})
            self._settled.add(fan)
        return None

    async def _call(self, fan: int, name: str, options: Payload) -> Payload:
        """Type a command; return the message that answers it. Raises `NotPossible`."""
        ticket = self._interactions.command(fan, self._channel_id, tuple(name.split()), options)
        message = (await ticket.answer()).message
        if message is None:
            raise NotPossible("The bot's answer is gone already.")
        return message
