"""Interactions: what a client sends when a person calls a command, presses, chooses or submits.

Builds the payloads from what the bot registered, keeps a `Ticket` for each until the bot answers,
and tells the page. `rest.py` reports the bot's answers to `mark_answered`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.forms import (
    Actor,
    build_component_data,
    build_options,
    fill_modal,
    iter_components,
)
from bot.sandbox.world.people import People

#: Discord's time limit for an answer.
DEADLINE_S = 3.0

_COMMAND, _COMPONENT, _AUTOCOMPLETE, _MODAL = 2, 3, 4, 5
_CHAT_INPUT, _USER_MENU, _MESSAGE_MENU = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The bot's first answer: its kind, and the fields of that kind."""

    #: message, deferred, deferred_update, update, modal or autocomplete
    kind: str
    #: The message posted, or still being prepared; None if it is already gone.
    message: Payload | None
    modal: Payload | None
    choices: list[Payload]


class Ticket:
    """An interaction that awaits its answer."""

    def __init__(self, interaction_id: int, user_id: int, nonce: str | None) -> None:
        loop = asyncio.get_running_loop()
        self.id = interaction_id
        self.user_id = user_id
        self.nonce = nonce
        self.sent_s = loop.time()
        self.answered_s: float | None = None
        self.future: asyncio.Future[Answer | None] = loop.create_future()

    async def answer(self) -> Answer:
        """The bot's first answer. Raises `NotPossible` if there is none within 3 s."""
        answer = await asyncio.shield(self.future)
        if answer is None:
            raise NotPossible("The application did not respond.")
        return answer

    @property
    def wait_ms(self) -> float | None:
        """The time from the press to the answer; None before the answer."""
        return None if self.answered_s is None else (self.answered_s - self.sent_s) * 1000


class Interactions:
    """Opens interactions for people. `notify(user_id, event, payload)` tells their page."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._open_tickets: dict[int, Ticket] = {}
        self.notify: Callable[[int, str, Payload], None] = lambda _user, _event, _payload: None

    # ---- what people do -------------------------------------------------------------------------

    def command(
        self,
        user_id: int,
        channel_id: int,
        path: tuple[str, ...],
        options: Payload,
        nonce: str | None = None,
    ) -> Ticket:
        """Call a slash command; `path` is its name, then any group and subcommand."""
        command = self._find_slash_command(user_id, channel_id, path[0])
        built, resolved = build_options(
            self._actor(user_id, channel_id), command, path[1:], options
        )
        data = _command_data(command, resolved) | {"options": built}
        return self._send(_COMMAND, self._actor(user_id, channel_id), data, nonce)

    def autocomplete(
        self, user_id: int, channel_id: int, path: tuple[str, ...], options: Payload, focused: str
    ) -> Ticket:
        """Ask for suggestions for the option being typed."""
        command = self._find_slash_command(user_id, channel_id, path[0])
        built, resolved = build_options(
            self._actor(user_id, channel_id), command, path[1:], options, focused=focused
        )
        data = _command_data(command, resolved) | {"options": built}
        return self._send(_AUTOCOMPLETE, self._actor(user_id, channel_id), data, None)

    def context(
        self, user_id: int, channel_id: int, name: str, target_id: int, nonce: str | None = None
    ) -> Ticket:
        """Call a command from the context menu of a message or a person."""
        command = self._people.command(user_id, channel_id, name, (_USER_MENU, _MESSAGE_MENU))
        if command is None:
            raise NotPossible(f"There is no menu command called {name}.")
        buckets = ("messages",) if command["type"] == _MESSAGE_MENU else ("users", "members")
        resolved = {
            bucket: {str(target_id): self._people.resolve(bucket, target_id, user_id, channel_id)}
            for bucket in buckets
        }
        data = _command_data(command, resolved) | {"target_id": str(target_id)}
        return self._send(_COMMAND, self._actor(user_id, channel_id), data, nonce)

    def component(
        self,
        user_id: int,
        message_id: int,
        custom_id: str,
        values: list[str] | None = None,
        nonce: str | None = None,
    ) -> Ticket:
        """Press a button, or choose from a select menu, on a message."""
        message = self._people.message(message_id, user_id)
        channel_id = int(message["channel_id"])
        controls = [
            c for c in iter_components(message["components"]) if c.get("custom_id") == custom_id
        ]
        if not controls:
            raise NotPossible("That control is no longer there.")
        data = build_component_data(self._actor(user_id, channel_id), controls[0], values)
        return self._send(_COMPONENT, self._actor(user_id, channel_id), data, nonce, message_id)

    def modal(
        self,
        user_id: int,
        interaction_id: int,
        fields: Payload,
        nonce: str | None = None,
    ) -> Ticket:
        """Submit the modal that an interaction opened."""
        opener = self._people.interaction(interaction_id)
        if opener is None or opener.modal is None or opener.user_id != user_id:
            raise NotPossible("That form is no longer open.")
        resolved: dict[str, dict[str, Payload]] = {}
        actor = self._actor(user_id, opener.channel_id)
        components = fill_modal(actor, opener.modal["components"], fields, resolved)
        if not self._people.consume_modal(interaction_id):
            raise NotPossible("That form was already submitted.")
        data: Payload = {"custom_id": opener.modal["custom_id"], "components": components}
        if resolved:
            data["resolved"] = resolved
        return self._send(_MODAL, actor, data, nonce, opener.source_message_id)

    def _actor(self, user_id: int, channel_id: int) -> Actor:
        return Actor(people=self._people, user_id=user_id, channel_id=channel_id)

    def _find_slash_command(self, user_id: int, channel_id: int, name: str) -> Payload:
        command = self._people.command(user_id, channel_id, name, (_CHAT_INPUT,))
        if command is None:
            raise NotPossible(f"There is no command /{name} here for you.")
        return command

    # ---- sending and answering ------------------------------------------------------------------

    def _send(
        self,
        kind: int,
        actor: Actor,
        data: Payload,
        nonce: str | None,
        message_id: int | None = None,
    ) -> Ticket:
        interaction_id = self._people.open_interaction(
            kind, actor.channel_id, actor.user_id, data, message_id
        )
        ticket = Ticket(interaction_id, actor.user_id, nonce)
        self._open_tickets[interaction_id] = ticket
        asyncio.get_running_loop().call_later(DEADLINE_S, self._expire, interaction_id)
        self._notify_page(ticket, "sent")
        return ticket

    def mark_answered(self, interaction_id: int) -> None:
        """Complete the ticket: the bot's callback for this interaction was accepted."""
        ticket = self._open_tickets.pop(interaction_id, None)
        interaction = self._people.interaction(interaction_id)
        if ticket is None or interaction is None:
            return
        ticket.answered_s = asyncio.get_running_loop().time()
        message: Payload | None = None
        if interaction.message_id is not None:
            try:
                message = self._people.message(interaction.message_id, ticket.user_id)
            except NotPossible:
                message = None
        ticket.future.set_result(
            Answer(
                kind=interaction.kind or "",
                message=message,
                modal=interaction.modal,
                choices=interaction.choices,
            )
        )
        if interaction.modal is not None:
            modal_event = {
                key: interaction.modal[key] for key in ("title", "custom_id", "components")
            }
            modal_event |= {"nonce": ticket.nonce, "interaction_id": str(interaction_id)}
            self.notify(ticket.user_id, "MODAL", modal_event)
        self._notify_page(ticket, "acknowledged")

    def _expire(self, interaction_id: int) -> None:
        ticket = self._open_tickets.pop(interaction_id, None)
        if ticket is not None:
            ticket.future.set_result(None)
            self._notify_page(ticket, "failed", "The application did not respond")

    def _notify_page(self, ticket: Ticket, state: str, message: str | None = None) -> None:
        if ticket.nonce is None:
            return
        payload: Payload = {"nonce": ticket.nonce, "state": state}
        payload["interaction_id"] = str(ticket.id)
        if message is not None:
            payload["message"] = message
        self.notify(ticket.user_id, "INTERACTION", payload)


def _command_data(command: Payload, resolved: Payload) -> Payload:
    data: Payload = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if resolved:
        data["resolved"] = resolved
    if command.get("guild_id"):
        data["guild_id"] = str(lounge.GUILD_ID)
    return data
