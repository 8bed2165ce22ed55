"""POST /page/fans: starts and stops the simulated members for the page."""

from __future__ import annotations

from aiohttp import web

from bot.sandbox.fans.members import Fans
from bot.sandbox.wire.page_api import read_body
from bot.sandbox.wire.wire import NotPossible, json_response


class FansApi:
    """The one handler; `server.py` routes to it."""

    def __init__(self, fans: Fans) -> None:
        self._fans = fans

    async def fans(self, request: web.Request) -> web.Response:
        """Start or stop an activity."""
        body = await read_body(request)
        match body["action"]:
            case "vote":
                self._fans.vote(str(body["taste"]), int(body["n"]))
            case "ask":
                self._fans.ask(int(body["channel"]), int(body["n"]))
            case "stop":
                await self._fans.stop(str(body["what"]))
            case other:
                raise NotPossible(f"The members cannot {other}.")
        return json_response(self._fans.report())
