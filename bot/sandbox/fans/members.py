"""Starts and stops, for the page, members who vote and members who ask for pictures.

`server.py` builds `Fans` and passes it the events; `fans_api.py` exposes it to the page.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.sandbox.fans.activity import Activity
from bot.sandbox.fans.asking import Askers
from bot.sandbox.fans.tastes import FanTaste
from bot.sandbox.fans.voting import Pace, ReadFile, Voters
from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.interactions import Interactions
from bot.sandbox.world.people import People

#: Larger numbers are typing errors.
MAX_VOTES, MAX_PICTURES = 5000, 500
#: Events that may add votable messages: messages, and the bot's reactions.
_RELEVANT_EVENTS = frozenset(
    {"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_REACTION_ADD"}
)


class Fans:
    """The simulated members. `on_change` is called whenever `report` has something new."""

    def __init__(self, people: People, interactions: Interactions, read_file: ReadFile) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.pace = Pace()
        self._voters = Voters(people, interactions, read_file)
        self._askers = Askers(people, interactions)
        self._voting = Activity(self._report_change)
        self._asking = Activity(self._report_change)
        self._taste = FanTaste.WARM

    def _report_change(self) -> None:
        self.on_change()

    def vote(self, taste: str, count: int) -> None:
        """Start to cast `count` votes by this taste. Raises `NotPossible`."""
        if not 1 <= count <= MAX_VOTES:
            raise NotPossible(f"They can cast 1 to {MAX_VOTES} votes.")
        if taste not in list(FanTaste):
            raise NotPossible(f"Nobody has a taste called {taste}.")
        shared_taste, voting = FanTaste(taste), self._voting
        voting.start(count, lambda: self._voters.run(shared_taste, count, voting, self.pace))
        self._taste = shared_taste

    def ask(self, channel_id: int, count: int) -> None:
        """Start to ask for `count` pictures in a channel. Raises `NotPossible`."""
        if not 1 <= count <= MAX_PICTURES:
            raise NotPossible(f"They can ask for 1 to {MAX_PICTURES} pictures.")
        asking = self._asking
        asking.start(count, lambda: self._askers.run(channel_id, count, asking))

    async def stop(self, what: str) -> None:
        """Stop `voting` or `asking`. Raises `NotPossible`."""
        activities = {"voting": self._voting, "asking": self._asking}
        if what not in activities:
            raise NotPossible(f"The members have no activity called {what}.")
        await activities[what].stop()

    async def close(self) -> None:
        """Stop both."""
        await self._asking.stop()
        await self._voting.stop()

    def handle_event(self, event: str, payload: Payload, only_user_id: int | None) -> None:
        """Pass an event of the world on to the running activities."""
        if only_user_id is not None or event not in _RELEVANT_EVENTS:
            return
        if event == "MESSAGE_REACTION_ADD" and payload["user_id"] != str(lounge.BOT_ID):
            return
        if self._voting.running:
            self._voters.mark_changed(int(payload.get("message_id") or payload["id"]))
        if self._asking.running and event == "MESSAGE_CREATE":
            self._askers.count_pictures(payload)

    def report(self) -> Payload:
        """Their activities, and the tastes to choose from."""
        return {
            "voting": self._voting.report() | {"taste": self._taste},
            "asking": self._asking.report(),
            "tastes": [{"id": taste, "label": taste.label} for taste in FanTaste],
        }
