"""What the page's buttons start and stop: members who vote, and members who ask for pictures.

`server.py` builds it and passes it the events; `fans_api.py` exposes it to the page.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.sandbox.fans.asking import Spree
from bot.sandbox.fans.errand import Errand
from bot.sandbox.fans.tastes import FanTaste
from bot.sandbox.fans.voting import Pace, Poll, Read
from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.interactions import Interactions
from bot.sandbox.world.people import People

#: Larger numbers are typing errors.
VOTES_MOST, PICTURES_MOST = 5000, 500
#: Events with news: the bot's reactions, and messages.
_TELLING = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_REACTION_ADD"})


class Fans:
    """The simulated members. `on_change` is called whenever `report` has something new."""

    def __init__(self, people: People, interactions: Interactions, read: Read) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.pace = Pace()
        self._poll = Poll(people, interactions, read)
        self._spree = Spree(people, interactions)
        self._voting = Errand(self._tell)
        self._asking = Errand(self._tell)
        self._taste = FanTaste.WARM

    def _tell(self) -> None:
        self.on_change()

    def vote(self, taste: str, count: int) -> None:
        """Let them cast `count` votes by this taste. Raises `NotPossible`."""
        if not 1 <= count <= VOTES_MOST:
            raise NotPossible(f"They can cast 1 to {VOTES_MOST} votes.")
        if taste not in list(FanTaste):
            raise NotPossible(f"Nobody has a taste called {taste}.")
        liked, voting = FanTaste(taste), self._voting
        voting.begin(count, lambda: self._poll.run(liked, count, voting, self.pace))
        self._taste = liked

    def ask(self, channel_id: int, count: int) -> None:
        """Let them ask for `count` pictures in a channel. Raises `NotPossible`."""
        if not 1 <= count <= PICTURES_MOST:
            raise NotPossible(f"They can ask for 1 to {PICTURES_MOST} pictures.")
        asking = self._asking
        asking.begin(count, lambda: self._spree.run(channel_id, count, asking))

    async def stop(self, what: str) -> None:
        """Stop `voting` or `asking`. Raises `NotPossible`."""
        errands = {"voting": self._voting, "asking": self._asking}
        if what not in errands:
            raise NotPossible(f"They are not at {what}.")
        await errands[what].stop()

    async def close(self) -> None:
        """Stop both."""
        await self._asking.stop()
        await self._voting.stop()

    def note(self, event: str, payload: Payload, only: int | None) -> None:
        """Listen to the world."""
        if only is not None or event not in _TELLING:
            return
        if event == "MESSAGE_REACTION_ADD" and payload["user_id"] != str(lounge.BOT_ID):
            return
        if self._voting.running:
            self._poll.note(int(payload.get("message_id") or payload["id"]))
        if self._asking.running and event == "MESSAGE_CREATE":
            self._spree.note(payload)

    def report(self) -> Payload:
        """What they are doing, and what they can be asked to do."""
        return {
            "voting": self._voting.report() | {"taste": self._taste},
            "asking": self._asking.report(),
            "tastes": [{"id": taste, "label": taste.label} for taste in FanTaste],
        }
