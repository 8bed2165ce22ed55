"""The page's own API under /page: state, messages, personas' actions, and the weather.

Thin: reads the request, calls the `Sandbox` (see `server.py`), answers JSON. Only pages served by
the sandbox may use it, so that another site open in the browser cannot drive it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from aiohttp import web

from bot.sandbox.wire.control import BotControl
from bot.sandbox.wire.wire import NotPossible, Payload, as_object, finite_number, json_response
from bot.sandbox.world.interactions import Interactions
from bot.sandbox.world.people import People

log = logging.getLogger(__name__)

PAGE = Path(__file__).parents[1] / "page"
_NO_CACHE = {"Cache-Control": "no-cache"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Reject requests that come from another site or another machine.

    A foreign site can make a browser send requests here, but they carry its Origin; and Host
    shows a foreign name that resolves to 127.0.0.1.
    """
    host = request.headers.get("Host", "")
    name = host.rpartition(":")[0] or host
    if name not in ("127.0.0.1", "localhost", "[::1]"):
        raise web.HTTPForbidden(text="This is a local page: use its address on 127.0.0.1.")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        raise web.HTTPForbidden(text="Only the sandbox's own page may do that.")
    return await handler(request)


@web.middleware
async def explain_refusal(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a refusal or a malformed request in JSON, with status 400."""
    try:
        return await handler(request)
    except NotPossible as reason:
        return json_response({"error": str(reason)}, 400)
    except (KeyError, ValueError, TypeError) as error:
        if not request.path.startswith("/page/"):
            raise
        log.info("%s %s: %r", request.method, request.path, error)
        return json_response({"error": f"malformed request: {error!r}"}, 400)


async def read_body(request: web.Request) -> Payload:
    """The JSON object that the page sent. Raises `ValueError` for anything else."""
    if request.content_type != "application/json":
        raise ValueError("the body must be application/json")
    return as_object(json.loads(await request.read()))


def _nonce(body: Payload) -> str | None:
    return str(body["nonce"]) if body.get("nonce") is not None else None


def _command_path(body: Payload) -> tuple[str, ...]:
    names = (body["name"], body.get("group"), body.get("subcommand"))
    return tuple(str(name) for name in names if name)


class LocalDiscord(Protocol):
    """What the page needs from the local Discord; `Sandbox` implements it."""

    people: People
    interactions: Interactions
    bot_control: BotControl | None

    def state(self, persona: int) -> Payload: ...  # noqa: D102  see `Sandbox`
    @property
    def has_description(self) -> bool: ...  # noqa: D102  see `Sandbox`
    def violations(self) -> list[Payload]: ...  # noqa: D102  see `Sandbox`
    def drop_gateway(self) -> None: ...  # noqa: D102  see `Sandbox`
    def invalidate_session(self) -> None: ...  # noqa: D102  see `Sandbox`
    def start_rate_limit(self, calls: int) -> None: ...  # noqa: D102  see `Sandbox`
    def start_outage(self, calls: int, status: int = 503) -> None: ...  # noqa: D102  see `Sandbox`
    def set_latency(self, ms: int) -> None: ...  # noqa: D102  see `Sandbox`
    def set_upload_limit(self, limit_bytes: int) -> None: ...  # noqa: D102  see `Sandbox`
    def go_offline(self, seconds: float) -> None: ...  # noqa: D102  see `Sandbox`
    def clear_weather(self) -> None: ...  # noqa: D102  see `Sandbox`
    def weather_report(self) -> Payload: ...  # noqa: D102  see `Sandbox`
    def broadcast_bot_state(self) -> None: ...  # noqa: D102  see `Sandbox`


class PageApi:
    """The handlers for one sandbox."""

    def __init__(self, sandbox: LocalDiscord) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        """The routes for `server.py`'s router."""
        return [
            web.get("/", self.index),
            web.get("/static/{file}", self.static),
            web.get("/page/state", self.state),
            web.get("/page/messages", self.messages),
            web.get("/page/violations", self.violations),
            web.get("/page/truth", self.reaction_users),
            web.post("/page/command", self.command),
            web.post("/page/context", self.context),
            web.post("/page/autocomplete", self.autocomplete),
            web.post("/page/component", self.component),
            web.post("/page/modal", self.modal),
            web.post("/page/upload", self.upload),
            web.put("/page/reaction", self.react),
            web.delete("/page/reaction", self.remove_reaction),
            web.post("/page/message", self.send_message),
            web.delete("/page/message", self.delete_message),
            web.post("/page/language", self.set_language),
            web.post("/page/weather", self.weather),
            web.post("/page/bot", self.bot),
        ]

    # ---- reading --------------------------------------------------------------------------------

    async def index(self, _request: web.Request) -> web.FileResponse:
        """The page."""
        return web.FileResponse(PAGE / "index.html", headers=_NO_CACHE)

    async def static(self, request: web.Request) -> web.FileResponse:
        """A file of the page."""
        path = PAGE / Path(request.match_info["file"]).name
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=_NO_CACHE)

    async def state(self, request: web.Request) -> web.Response:
        """Everything a page needs at its start."""
        return json_response(self._sandbox.state(int(request.query["persona"])))

    async def messages(self, request: web.Request) -> web.Response:
        """A channel's last messages, oldest first."""
        query = request.query
        limit = max(1, min(500, int(query.get("limit", "100"))))
        people = self._sandbox.people
        return json_response(people.messages(int(query["channel"]), int(query["persona"]), limit))

    async def violations(self, _request: web.Request) -> web.Response:
        """Violations of Discord's description, and whether the description was available."""
        sandbox = self._sandbox
        return json_response({"compares": sandbox.has_description, "found": sandbox.violations()})

    async def reaction_users(self, request: web.Request) -> web.Response:
        """A message's reactions with their users, for tests."""
        return json_response(self._sandbox.people.reactions(int(request.query["message_id"])))

    # ---- acting ----------------------------------------------------------------------------------

    async def set_language(self, request: web.Request) -> web.Response:
        """Set the language of a person's client."""
        body = await read_body(request)
        self._sandbox.people.set_locale(int(body["persona"]), str(body["locale"]))
        return json_response({"ok": True})

    async def command(self, request: web.Request) -> web.Response:
        """Call a slash command."""
        body = await read_body(request)
        ticket = self._sandbox.interactions.command(
            int(body["persona"]),
            int(body["channel"]),
            _command_path(body),
            as_object(body.get("options")),
            _nonce(body),
        )
        return json_response({"ok": True, "interaction_id": str(ticket.id)})

    async def context(self, request: web.Request) -> web.Response:
        """Call a menu command."""
        body = await read_body(request)
        ticket = self._sandbox.interactions.context(
            int(body["persona"]),
            int(body["channel"]),
            str(body["name"]),
            int(body["target_id"]),
            _nonce(body),
        )
        return json_response({"ok": True, "interaction_id": str(ticket.id)})

    async def autocomplete(self, request: web.Request) -> web.Response:
        """Ask the bot for suggestions and wait for them."""
        body = await read_body(request)
        ticket = self._sandbox.interactions.autocomplete(
            int(body["persona"]),
            int(body["channel"]),
            _command_path(body),
            as_object(body.get("options")),
            str(body["focused"]),
        )
        return json_response({"choices": (await ticket.answer()).choices})

    async def component(self, request: web.Request) -> web.Response:
        """Press a button or choose from a menu."""
        body = await read_body(request)
        values = body.get("values")
        ticket = self._sandbox.interactions.component(
            int(body["persona"]),
            int(body["message_id"]),
            str(body["custom_id"]),
            None if values is None else [str(value) for value in values],
            _nonce(body),
        )
        return json_response({"ok": True, "interaction_id": str(ticket.id)})

    async def modal(self, request: web.Request) -> web.Response:
        """Submit a form."""
        body = await read_body(request)
        ticket = self._sandbox.interactions.modal(
            int(body["persona"]),
            int(body["interaction_id"]),
            as_object(body.get("fields")),
            _nonce(body),
        )
        return json_response({"ok": True, "interaction_id": str(ticket.id)})

    async def upload(self, request: web.Request) -> web.Response:
        """Pick a file for a command or a form; the body is its bytes."""
        query = request.query
        data = await request.read()
        picked = self._sandbox.people.upload(
            int(query["persona"]), int(query["channel"]), query["name"], data
        )
        return json_response({"id": picked["id"], "name": picked["filename"]})

    async def react(self, request: web.Request) -> web.Response:
        """Add a reaction."""
        body = await read_body(request)
        self._sandbox.people.react(
            int(body["persona"]), int(body["message_id"]), str(body["emoji"])
        )
        return json_response({"ok": True})

    async def remove_reaction(self, request: web.Request) -> web.Response:
        """Remove a reaction."""
        body = await read_body(request)
        self._sandbox.people.remove_reaction(
            int(body["persona"]), int(body["message_id"]), str(body["emoji"])
        )
        return json_response({"ok": True})

    async def send_message(self, request: web.Request) -> web.Response:
        """Write a message."""
        body = await read_body(request)
        message = self._sandbox.people.send_message(
            int(body["persona"]), int(body["channel"]), str(body["content"])
        )
        return json_response({"ok": True, "message_id": message["id"]})

    async def delete_message(self, request: web.Request) -> web.Response:
        """Delete a message."""
        body = await read_body(request)
        self._sandbox.people.delete_message(int(body["persona"]), int(body["message_id"]))
        return json_response({"ok": True})

    async def weather(self, request: web.Request) -> web.Response:
        """Set the weather."""
        body = await read_body(request)
        sandbox = self._sandbox
        match body["action"]:
            case "drop":
                sandbox.drop_gateway()
            case "invalidate":
                sandbox.invalidate_session()
            case "ratelimit":
                sandbox.start_rate_limit(int(body.get("n") or 1))
            case "outage":
                sandbox.start_outage(int(body.get("n") or 1), int(body.get("status") or 503))
            case "latency":
                sandbox.set_latency(int(body.get("ms") or 0))
            case "upload_limit":
                sandbox.set_upload_limit(int(body["bytes"]))
            case "offline":
                sandbox.go_offline(finite_number(body.get("seconds") or 10))
            case "clear":
                sandbox.clear_weather()
            case other:
                raise NotPossible(f"There is no weather called {other}.")
        return json_response(sandbox.weather_report())

    async def bot(self, request: web.Request) -> web.Response:
        """Start, stop, restart or kill the bot."""
        body = await read_body(request)
        control = self._sandbox.bot_control
        if control is None:
            raise NotPossible("The bot was not started from here.")
        actions = {
            "restart": control.restart,
            "kill": control.kill,
            "start": control.start,
            "stop": control.stop,
        }
        if body["action"] not in actions:
            raise NotPossible(f"The bot cannot {body['action']}.")
        await actions[body["action"]]()
        self._sandbox.broadcast_bot_state()
        return json_response({"ok": True})
