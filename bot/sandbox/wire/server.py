"""`Sandbox`: the local Discord as one object, which tests and the page control.

The composition root of this room: builds the world, the REST API, the gateway, the CDN and the page
API on one port of 127.0.0.1, and closes them in reverse. Knows nothing about the bot.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.sandbox.fans.members import Fans
from bot.sandbox.wire.cdn import Cdn
from bot.sandbox.wire.control import BotControl
from bot.sandbox.wire.fans_api import FansApi
from bot.sandbox.wire.faults import Weather
from bot.sandbox.wire.feed import Feed
from bot.sandbox.wire.gateway import Gateway
from bot.sandbox.wire.limits import RateLimits
from bot.sandbox.wire.openapi import Inspector
from bot.sandbox.wire.page_api import PageApi, explain_refusal, guard
from bot.sandbox.wire.rest import PREFIX, Rest
from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.backend import LoungeBackend
from bot.sandbox.world.interactions import Interactions, Ticket
from bot.sandbox.world.people import LOCALES, UPLOAD_LIMIT_BYTES, People
from bot.sandbox.world.records import WorldRecords
from bot.sandbox.world.state import Store
from bot.sandbox.world.world import World

_HOST = "127.0.0.1"


class Sandbox:
    """A Discord of one server. Use as `async with Sandbox() as sandbox`.

    `port=0` takes any free port; `state_dir` keeps everything between runs; `openapi` is Discord's
    description; `privileged=False` closes with 4014 on privileged intents; `strict_limits` enforces
    the limits in `limits.py`. Methods take persons and channels by id or name ("Haru", "general").
    """

    def __init__(
        self,
        *,
        port: int = 0,
        state_dir: Path | None = None,
        openapi: Path | None = None,
        token: str = lounge.DEFAULT_TOKEN,
        privileged: bool = True,
        strict_limits: bool = False,
    ) -> None:
        self.port = port
        self.token = token
        self.bot_control: BotControl | None = None
        self._cdn = Cdn()
        backend = LoungeBackend(self._cdn)
        self.world = World(backend)
        self.people = People(backend)
        self._weather = Weather()
        self._weather.on_change = self._broadcast_weather
        self._inspector = Inspector(openapi)
        self.limits = RateLimits(strict=strict_limits)
        self.interactions = Interactions(self.people)
        self._store = (
            Store(state_dir, WorldRecords(backend, self._cdn), self._cdn) if state_dir else None
        )
        self._gateway = Gateway(self.world, self._weather, token, privileged=privileged)
        self._gateway.on_change = self.broadcast_bot_state
        self._feed = Feed(self.world, self.people)
        self.interactions.notify = self._feed.notify
        self.fans = Fans(self.people, self.interactions, self._cdn.read)
        self.fans.on_change = self._broadcast_fans
        self.world.listen(self.fans.handle_event)
        self._rest = Rest(
            world=self.world,
            people=self.people,
            interactions=self.interactions,
            weather=self._weather,
            inspector=self._inspector,
            limits=self.limits,
            token=token,
        )
        self._stack = AsyncExitStack()

    # ---- opening and closing --------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            # Saved files need the port for their URLs; nobody may connect before they are restored.
            server_socket = socket.create_server((_HOST, self.port))
            stack.callback(server_socket.close)
            self.port = int(server_socket.getsockname()[1])
            self._cdn.base_url = f"http://{_HOST}:{self.port}/cdn"
            self._gateway.url = self._rest.gateway_url = self.gateway_url
            if self._store is not None:
                await self._store.load()
                self.world.listen(self._store.mark_changes)
                stack.push_async_callback(self._store.save)
                await stack.enter_async_context(_background_task(self._store.run()))
            runner = web.AppRunner(self._build_app(), access_log=None, shutdown_timeout=2.0)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, server_socket).start()
            stack.push_async_callback(self._gateway.close)
            stack.callback(self._feed.close)
            stack.push_async_callback(self.fans.close)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _build_app(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20, middlewares=[guard, explain_refusal])
        app.add_routes(
            [
                web.get("/gateway", self._gateway.serve),
                web.get("/gateway/", self._gateway.serve),
                web.route("*", PREFIX + "/{path:.*}", self._rest.serve),
                web.get(
                    r"/cdn/attachments/{channel:\d+}/{attachment:\d+}/{filename}", self._cdn.serve
                ),
                web.get(r"/cdn/emojis/{emoji:\d+}.png", self._cdn.serve_emoji),
                web.get("/page/ws", self._feed.serve),
                web.post("/page/fans", FansApi(self.fans).fans),
                *PageApi(self).routes(),
            ]
        )
        return app

    @property
    def rest_url(self) -> str:
        """The value for `discord.http.Route.BASE`."""
        return f"http://{_HOST}:{self.port}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        """The value for `discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY`."""
        return f"ws://{_HOST}:{self.port}/gateway"

    @property
    def page_url(self) -> str:
        """The URL of the page."""
        return f"http://{_HOST}:{self.port}/"

    @property
    def online(self) -> bool:
        """Whether the bot has an identified gateway connection."""
        return self._gateway.online

    # ---- names and ids --------------------------------------------------------------------------

    def persona(self, name: str | int) -> int:
        """The user id of a persona, given by id, role or name."""
        if str(name).isdecimal() and int(name) in self.people.personas:
            return int(name)
        for persona in self.people.personas.values():
            if str(name).lower() in (persona.role, persona.name.lower()):
                return persona.id
        raise NotPossible(f"There is nobody called {name}.")

    def channel(self, name: str | int) -> int:
        """The id of a channel, given by id or name."""
        for channel in self.people.channels():
            if str(name) in (channel["id"], channel["name"]):
                return int(channel["id"])
        raise NotPossible(f"There is no channel called {name}.")

    # ---- what people do -------------------------------------------------------------------------

    def add_person(self, name: str, role: lounge.Role = lounge.Role.MEMBER) -> int:
        """Add a person. Returns the user id."""
        return self.people.add_person(name, role)

    def slash(
        self, persona: str | int, channel: str | int, name: str, options: Payload | None = None
    ) -> Ticket:
        """Call `/name`; group and subcommand follow the name after spaces."""
        return self.interactions.command(
            self.persona(persona), self.channel(channel), tuple(name.split()), options or {}
        )

    def context(self, persona: str | int, channel: str | int, name: str, target_id: int) -> Ticket:
        """Call a menu command on a message or a user."""
        return self.interactions.context(
            self.persona(persona), self.channel(channel), name, target_id
        )

    def autocomplete(
        self, persona: str | int, channel: str | int, name: str, options: Payload, focused: str
    ) -> Ticket:
        """Ask for the suggestions of an option."""
        return self.interactions.autocomplete(
            self.persona(persona), self.channel(channel), tuple(name.split()), options, focused
        )

    def click(
        self,
        persona: str | int,
        message_id: int | str,
        custom_id: str,
        values: list[str] | None = None,
    ) -> Ticket:
        """Press a button, or choose `values` from a menu."""
        return self.interactions.component(
            self.persona(persona), int(message_id), custom_id, values
        )

    def submit(self, persona: str | int, opener: Ticket, fields: Payload) -> Ticket:
        """Submit the modal that `opener` led to."""
        return self.interactions.modal(self.persona(persona), opener.id, fields)

    def send_message(self, persona: str | int, channel: str | int, content: str) -> Payload:
        """Write a message."""
        return self.people.send_message(self.persona(persona), self.channel(channel), content)

    def react(self, persona: str | int, message_id: int | str, emoji: str) -> None:
        """Add a reaction."""
        self.people.react(self.persona(persona), int(message_id), emoji)

    def remove_reaction(self, persona: str | int, message_id: int | str, emoji: str) -> None:
        """Remove a reaction."""
        self.people.remove_reaction(self.persona(persona), int(message_id), emoji)

    def clear_reactions(self, message_id: int | str, emoji: str | None = None) -> None:
        """Clear all reactions of a message, or those of one emoji."""
        self.people.clear_reactions(int(message_id), emoji)

    def delete_message(self, persona: str | int, message_id: int | str) -> None:
        """Delete a message as a persona who may."""
        self.people.delete_message(self.persona(persona), int(message_id))

    def bulk_delete(self, channel: str | int, message_ids: Iterable[int | str]) -> None:
        """Delete several messages at once."""
        self.people.bulk_delete(self.channel(channel), [int(i) for i in message_ids])

    def delete_channel(self, channel: str | int) -> None:
        """Delete a channel and everything in it."""
        self.people.delete_channel(self.channel(channel))

    def set_bot_permissions(self, *names: str) -> None:
        """Take every permission but these from the bot; names are discord.py's."""
        self.people.set_bot_permissions(names)

    # ---- what people see ------------------------------------------------------------------------

    def messages(
        self, channel: str | int, persona: str | int | None = None, limit: int = 1_000_000
    ) -> list[Payload]:
        """A channel's last messages, oldest first, as a persona sees them; all of them if None."""
        viewer = None if persona is None else self.persona(persona)
        return self.people.messages(self.channel(channel), viewer, limit)

    def reactions(self, message_id: int | str) -> dict[str, list[int]]:
        """User ids by emoji, in the order in which they reacted."""
        entries = self.people.reactions(int(message_id))
        return {str(r["emoji"]): [int(u) for u in r["user_ids"]] for r in entries}

    def attachment(self, attachment: Payload) -> bytes:
        """The bytes behind an attachment object."""
        data = self._cdn.read(int(attachment["id"]))
        if data is None:
            raise NotPossible("Those bytes are gone.")
        return data

    @property
    def has_description(self) -> bool:
        """Whether Discord's description is available for checks."""
        return self._inspector.has_description

    def violations(self) -> list[Payload]:
        """The bot's requests that broke Discord's description so far."""
        return self._inspector.violations()

    def state(self, persona: int) -> Payload:
        """Everything a page needs at its start, as one persona sees it."""
        people = self.people
        if persona not in people.personas:
            persona = lounge.PERSONAS[1].id
        return {
            "personas": [_persona_payload(persona) for persona in people.personas.values()],
            "locale": people.locale_of(persona),
            "locales": LOCALES,
            "others": [_persona_payload(fan) for fan in lounge.FANS],
            "bot": {"id": str(lounge.BOT_ID), "name": lounge.BOT_NAME, **self._bot_state()},
            "guild": {
                "id": str(lounge.GUILD_ID),
                "name": lounge.GUILD_NAME,
                "emojis": [
                    {"id": str(emoji.id), "name": emoji.name, "url": f"/cdn/emojis/{emoji.id}.png"}
                    for emoji in lounge.EMOJIS
                ],
            },
            "channels": [
                {
                    "id": channel["id"],
                    "name": channel["name"],
                    "topic": channel.get("topic"),
                    "nsfw": channel.get("nsfw", False),
                    "type": channel["type"],
                    "parent_id": channel.get("parent_id"),
                    "bot_sees": people.sees(lounge.BOT_ID, int(channel["id"])),
                }
                for channel in people.channels(persona)
            ],
            "roles": people.roles(),
            "commands": people.commands(persona),
            "weather": self.weather_report(),
            "fans": self.fans.report(),
        }

    # ---- the weather ----------------------------------------------------------------------------

    def drop_gateway(self) -> None:
        """Close the bot's gateway connection; the bot may resume."""
        self._gateway.drop()

    def invalidate_session(self) -> None:
        """End the bot's session; the bot must identify again."""
        self._gateway.invalidate_sessions()

    def start_rate_limit(self, calls: int) -> None:
        """Answer the next calls with 429."""
        self._weather.ratelimit_left = calls
        self._broadcast_weather()

    def start_outage(self, calls: int, status: int = 503) -> None:
        """Answer the next calls with this status."""
        self._weather.outage_left, self._weather.outage_status = calls, status
        self._broadcast_weather()

    def set_latency(self, ms: int) -> None:
        """Delay every call by this long."""
        self._weather.latency_ms = ms
        self._broadcast_weather()

    def set_upload_limit(self, limit_bytes: int) -> None:
        """Set the largest file that may be uploaded."""
        self.people.upload_limit_bytes = limit_bytes
        self._broadcast_weather()

    def go_offline(self, seconds: float) -> None:
        """Drop the gateway and refuse it for a while."""
        self._weather.go_offline(seconds)
        self._gateway.drop()
        self._broadcast_weather()
        asyncio.get_running_loop().call_later(seconds + 0.01, self._broadcast_weather)

    def clear_weather(self) -> None:
        """End all faults."""
        self._weather.clear()
        self.people.upload_limit_bytes = UPLOAD_LIMIT_BYTES
        self._broadcast_weather()

    def weather_report(self) -> Payload:
        """The weather as the page shows it."""
        return self._weather.report() | {"upload_limit_bytes": self.people.upload_limit_bytes}

    def _broadcast_weather(self) -> None:
        self._feed.broadcast("WEATHER", self.weather_report())

    def _broadcast_fans(self) -> None:
        self._feed.broadcast("FANS", self.fans.report())

    def _bot_state(self) -> Payload:
        running = self.online if self.bot_control is None else self.bot_control.running
        return {"online": self.online, "running": running}

    def broadcast_bot_state(self) -> None:
        """Tell the pages whether the bot is online."""
        self._feed.broadcast("BOT_STATE", self._bot_state())


def _persona_payload(who: lounge.Persona) -> Payload:
    return {"id": str(who.id), "name": who.name, "avatar_color": who.avatar_color, "role": who.role}


@asynccontextmanager
async def _background_task(work: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """Run a background task inside the block; its exception is raised at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
