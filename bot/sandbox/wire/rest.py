"""Discord's REST API on loopback: unpacks a request, asks the world, packs the answer.

Served by `server.py` under /api/v10. Routes that SimCord lacks go to the world's own methods;
everything else goes to SimCord.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import cast
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from bot.sandbox.wire.faults import Weather, too_many_requests
from bot.sandbox.wire.limits import RateLimits
from bot.sandbox.wire.openapi import Inspector
from bot.sandbox.wire.wire import DiscordError, Payload, Upload, as_object, json_response
from bot.sandbox.world import lounge
from bot.sandbox.world.interactions import Interactions
from bot.sandbox.world.people import People
from bot.sandbox.world.world import Call, World

log = logging.getLogger(__name__)

PREFIX = "/api/v10"
#: The most bytes that one request may carry, all files together.
REQUEST_LIMIT_BYTES = 25 * 1024 * 1024
_TOO_LARGE = DiscordError(413, 40005, "Request entity too large")
_MALFORMED = DiscordError(400, 50035, "Invalid Form Body")
_CALLBACK = re.compile(r"/interactions/(\d+)/[^/]+/callback")

Handler = Callable[["Rest", "re.Match[str]", Call], object]


class Rest:
    """The API. `/gateway` answers with `gateway_url`."""

    def __init__(
        self,
        *,
        world: World,
        people: People,
        interactions: Interactions,
        weather: Weather,
        inspector: Inspector,
        limits: RateLimits,
        token: str,
    ) -> None:
        self.world = world
        self.gateway_url = ""
        self._people = people
        self._interactions = interactions
        self._weather = weather
        self._inspector = inspector
        self._limits = limits
        self._token = token

    async def serve(self, request: web.Request) -> web.Response:
        """Serve any method under /api/v10."""
        path = request.rel_url.raw_path.removeprefix(PREFIX).replace("%40", "@")
        fault = await self._weather.inject_fault()
        now_s = asyncio.get_running_loop().time()
        headers, early_s = self._limits.count_call(request.method, path, now_s)
        if early_s:
            fault = too_many_requests(headers, early_s)
        if fault is not None:
            await request.read()
            return fault
        try:
            self._authorise(request, path)
            call = await self._unpack(request, path)
            answer = self._answer(call)
        except DiscordError as error:
            return json_response(error.body(), error.status, headers)
        if answer is None:
            return web.Response(status=204, headers=headers)
        return json_response(answer, 200, headers)

    def _authorise(self, request: web.Request, path: str) -> None:
        if path.startswith(("/interactions/", "/webhooks/")):
            return
        if request.headers.get("Authorization") != f"Bot {self._token}":
            raise DiscordError(401, 0, "401: Unauthorized")

    # ---- unpacking ------------------------------------------------------------------------------

    async def _unpack(self, request: web.Request, path: str) -> Call:
        call = Call(
            method=request.method,
            path=path,
            params=dict(request.query),
            reason=request.headers.get("X-Audit-Log-Reason"),
        )
        kind = request.content_type
        try:
            if kind == "multipart/form-data":
                call = await self._unpack_form(request, call)
            elif request.can_read_body:
                call = replace(
                    call, body=cast("object", json.loads(await request.read() or b"null"))
                )
        except ValueError:
            raise _MALFORMED from None
        self._inspector.inspect(call, kind)
        return call

    async def _unpack_form(self, request: web.Request, call: Call) -> Call:
        body: object = None
        files: list[tuple[int, str, bytes]] = []
        total_bytes = 0
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise _MALFORMED
            data = bytes(await part.read())
            total_bytes += len(data)
            name = part.name or ""
            if name == "payload_json":
                body = json.loads(data)
            elif file_field := re.fullmatch(r"files\[(\d+)\]", name):
                if len(data) > self._people.upload_limit_bytes:
                    raise _TOO_LARGE
                files.append((int(file_field[1]), part.filename or "unknown", data))
        if total_bytes > REQUEST_LIMIT_BYTES:
            raise _TOO_LARGE
        descriptions = _upload_descriptions(body)
        uploads = tuple(
            Upload(fp=BytesIO(data), filename=filename, description=descriptions.get(str(number)))
            for number, filename, data in sorted(files)
        )
        return replace(call, body=body, uploads=uploads)

    # ---- answering ------------------------------------------------------------------------------

    def _answer(self, call: Call) -> object:
        try:
            for method, pattern, handler in _ROUTES:
                if method == call.method and (match := pattern.fullmatch(call.path)):
                    return handler(self, match, call)
            answer = self.world.request(call)
        except DiscordError as error:
            if error.status == 501:
                self._inspector.record(call, [f"the sandbox: {error.message}"])
            raise
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s %s was malformed", call.method, call.path, exc_info=True)
            raise _MALFORMED from None
        if callback := _CALLBACK.fullmatch(call.path):
            self._interactions.mark_answered(int(callback[1]))
            if call.params.get("with_response") not in ("1", "true"):
                return None
        return answer


def _upload_descriptions(body: object) -> dict[str, str | None]:
    outer = as_object(body)
    inner = as_object(outer.get("data"))
    attachments: list[Payload] = outer.get("attachments") or inner.get("attachments") or []
    return {str(a.get("id")): a.get("description") for a in attachments}


def _gateway(rest: Rest, _match: re.Match[str], _call: Call) -> Payload:
    limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
    return {"url": rest.gateway_url, "shards": 1, "session_start_limit": limit}


def _application(rest: Rest, _match: re.Match[str], call: Call) -> object:
    """The local server's owner is also the bot's operator, so the page can show operator views."""
    answer = as_object(rest.world.request(replace(call, path="/oauth2/applications/@me")))
    return {**answer, "owner": rest.world.request(replace(call, path=f"/users/{lounge.OWNER.id}"))}


def _register_commands(rest: Rest, match: re.Match[str], call: Call) -> object:
    guild = match.groupdict().get("guild")
    return rest.world.register_commands(int(guild) if guild else None, call.body)


def _history(rest: Rest, match: re.Match[str], call: Call) -> object:
    return rest.world.history(int(match["channel"]), call.params)


def _post_message(rest: Rest, _match: re.Match[str], call: Call) -> object:
    return rest.world.post_message(call)


def _reaction_users(rest: Rest, match: re.Match[str], call: Call) -> object:
    emoji = unquote(match["emoji"])
    return rest.world.reaction_users(
        int(match["channel"]), int(match["message"]), emoji, call.params
    )


def _edit_channel(rest: Rest, _match: re.Match[str], call: Call) -> object:
    """SimCord rejects `nsfw`: remove it from the call and set it here."""
    body = dict(as_object(call.body))
    nsfw = body.pop("nsfw", None)
    answer = rest.world.request(replace(call, body=body))
    if nsfw is not None:
        rest.world.restrict_channel(int(call.path.split("/")[2]), nsfw=bool(nsfw))
        as_object(answer)["nsfw"] = bool(nsfw)
    return answer


_CHANNEL = r"/channels/(?P<channel>\d+)"
_ROUTES: tuple[tuple[str, re.Pattern[str], Handler], ...] = tuple(
    (method, re.compile(pattern), handler)
    for method, pattern, handler in (
        ("GET", r"/gateway(/bot)?", _gateway),
        ("GET", r"(?:/oauth2)?/applications/@me", _application),
        ("PUT", r"/applications/\d+(/guilds/(?P<guild>\d+))?/commands", _register_commands),
        ("GET", _CHANNEL + "/messages", _history),
        ("POST", _CHANNEL + "/messages", _post_message),
        (
            "GET",
            _CHANNEL + r"/messages/(?P<message>\d+)/reactions/(?P<emoji>[^/]+)",
            _reaction_users,
        ),
        ("PATCH", _CHANNEL, _edit_channel),
    )
)
