"""Members who ask for pictures to vote on, four seeds of each prompt.

They type `/waifu` as a person would, accept the licence once, share their prompts, and wait for
their pictures before they ask for more. `members.py` drives them.
"""

from __future__ import annotations

import asyncio
import re
from itertools import cycle
from random import Random

from bot.sandbox.fans.activity import Activity
from bot.sandbox.fans.ballots import button_id
from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.interactions import Interactions
from bot.sandbox.world.people import People

#: The pictures of one request; the bot draws no more.
_PICTURES_PER_REQUEST = 4
#: A message with pictures starts with the asker's mention; duels and statuses do not.
_LEADING_MENTION = re.compile(r"<@\d+>")
#: The most pictures pending at once, and how long to wait for the next one.
_MAX_PENDING, _PATIENCE_S = 12, 30.0
#: They give up after this many refusals, and pause after each.
_MAX_REFUSALS, _REFUSAL_PAUSE_S = 5, 3.0
#: The prompts leave colours open, so that pictures of one prompt differ in them. With 96
#: pictures, each prompt gets four: a third of the prompts is held out, and fewer pictures would
#: prove little.
PROMPTS = (
    "1girl, smile", "1girl, glasses", "1girl, long hair", "1girl, short hair, closed mouth",
    "1girl, hat", "1girl, twintails, smile", "1girl, ponytail", "1girl, school uniform",
    "1girl, flower, smile", "1girl, scarf", "1girl, braid, glasses", "1girl, open mouth",
    "1girl, bow, long hair", "1girl, hoodie", "1girl, ribbon, short hair", "1girl, cat ears",
    "1girl, beret", "1girl, headphones, grin", "1girl, side ponytail", "1girl, wavy hair, smile",
    "1girl, double bun", "1girl, serafuku, closed mouth", "1girl, rabbit ears", "1girl, hairclip",
)  # fmt: skip


class Askers:
    """Members who take turns to ask. Call `count_pictures` for every message of the bot."""

    def __init__(self, people: People, interactions: Interactions) -> None:
        self._people = people
        self._interactions = interactions
        self._sharing_fans: set[int] = set()
        self._pictures_posted = asyncio.Event()
        self._channel_id = 0
        self._posted_count = 0

    def count_pictures(self, message: Payload) -> None:
        """Count the pictures in a message of the bot if somebody asked for them here."""
        if int(message["channel_id"]) == self._channel_id and _LEADING_MENTION.match(
            message["content"]
        ):
            self._posted_count += len(message["attachments"])
            self._pictures_posted.set()

    async def run(self, channel_id: int, count: int, activity: Activity) -> None:
        """Ask for `count` pictures in this channel. Raises `NotPossible` if the bot refuses."""
        fans = [fan.id for fan in lounge.FANS if self._people.sees(fan.id, channel_id)]
        if not fans:
            raise NotPossible("These members cannot see this channel: open another one.")
        Random().shuffle(fans)
        self._channel_id, self._posted_count = channel_id, 0
        requested = refusals = 0
        for fan, prompt in zip(cycle(fans), cycle(PROMPTS), strict=False):
            await self._wait_for_pictures(
                requested - _MAX_PENDING + _PICTURES_PER_REQUEST, activity
            )
            if requested >= count:
                break
            batch_size = min(_PICTURES_PER_REQUEST, count - requested)
            refusal = await self._try_request(fan, prompt, batch_size)
            if refusal is None:
                requested, refusals = requested + batch_size, 0
                continue
            refusals += 1
            if refusals == _MAX_REFUSALS:
                raise NotPossible(f"The bot does not draw: {refusal}")
            activity.set_status(refusal)
            await asyncio.sleep(_REFUSAL_PAUSE_S)
        await self._wait_for_pictures(count, activity)

    async def _wait_for_pictures(self, count: int, activity: Activity) -> None:
        """Wait for `count` pictures in total; stop early if none comes for `_PATIENCE_S`."""
        while True:
            self._pictures_posted.clear()
            if (posted := min(self._posted_count, activity.wanted)) > activity.done:
                activity.add_progress(posted - activity.done)
            if self._posted_count >= count:
                return
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._pictures_posted.wait()
            except TimeoutError:
                return

    async def _try_request(self, fan: int, prompt: str, count: int) -> str | None:
        """Ask; return why it failed, or None. An absent bot may be back a moment later."""
        try:
            return await self._request_pictures(fan, prompt, count)
        except NotPossible as reason:
            return str(reason)

    async def _request_pictures(self, fan: int, prompt: str, count: int) -> str | None:
        """Make one request; return why the bot refuses it, or None."""
        # Completed prompts would draw their colours at random, so the model could not learn the
        # voters' taste in colours.
        options: Payload = {"prompt": prompt, "count": count, "complete": "off"}
        answer = await self._run_command(fan, "waifu", options)
        if accept_id := button_id(answer, "accept"):
            await self._interactions.component(fan, int(answer["id"]), accept_id).answer()
        elif button_id(answer, "cancel") is None:
            return str(answer["content"])
        if fan not in self._sharing_fans:
            await self._run_command(fan, "privacy share", {"allow": True})
            self._sharing_fans.add(fan)
        return None

    async def _run_command(self, fan: int, name: str, options: Payload) -> Payload:
        """Type a command; return the message that answers it. Raises `NotPossible`."""
        ticket = self._interactions.command(fan, self._channel_id, tuple(name.split()), options)
        message = (await ticket.answer()).message
        if message is None:
            raise NotPossible("The bot's answer is already gone.")
        return message
