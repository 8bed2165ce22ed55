"""Sends each open page the events as its persona sees them, over one websocket per page.

Served by `server.py`; listens to the world. `broadcast` and `notify` carry the sandbox's own
events.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.sandbox.wire.wire import NotPossible, Payload, encode
from bot.sandbox.world.people import People
from bot.sandbox.world.world import World

#: A page with a longer backlog is disconnected; it then reloads everything.
_MAX_BACKLOG = 5000
_PUBLISHED_EVENTS = ("MESSAGE_", "CHANNEL_", "THREAD_", "TYPING_START", "COMMANDS_UPDATE")


class _Viewer:
    """One open page."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.queue: asyncio.Queue[str | None] = asyncio.Queue()

    def send(self, event: str, payload: Payload) -> None:
        is_behind = self.queue.qsize() > _MAX_BACKLOG
        self.queue.put_nowait(None if is_behind else encode({"t": event, "d": payload}))


class Feed:
    """All open pages."""

    def __init__(self, world: World, people: People) -> None:
        self._people = people
        self._viewers: set[_Viewer] = set()
        world.listen(self._publish)

    def broadcast(self, event: str, payload: Payload) -> None:
        """Send an event to every page."""
        for viewer in self._viewers:
            viewer.send(event, payload)

    def notify(self, user_id: int, event: str, payload: Payload) -> None:
        """Send an event to the pages of one persona."""
        for viewer in self._viewers:
            if viewer.user_id == user_id:
                viewer.send(event, payload)

    def _publish(self, event: str, payload: Payload, only_user_id: int | None) -> None:
        if not self._viewers or not event.startswith(_PUBLISHED_EVENTS):
            return
        for viewer in self._viewers:
            if only_user_id in (None, viewer.user_id) and self._may_see(viewer, event, payload):
                viewer.send(event, self._personalise(viewer, event, payload))

    def _may_see(self, viewer: _Viewer, event: str, payload: Payload) -> bool:
        if event.endswith("_DELETE") and "type" in payload:
            return True
        channel_id = payload.get("channel_id") or payload.get("id")
        return channel_id is None or self._people.sees(viewer.user_id, int(channel_id))

    def _personalise(self, viewer: _Viewer, event: str, payload: Payload) -> Payload:
        """The event for one viewer: `me` in reactions differs between viewers."""
        if event not in ("MESSAGE_CREATE", "MESSAGE_UPDATE") or not payload.get("reactions"):
            return payload
        try:
            return self._people.message(int(payload["id"]), viewer.user_id)
        except NotPossible:
            return payload

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """GET /page/ws?persona=ID."""
        user_id = int(request.query["persona"])
        if user_id not in self._people.personas:
            raise web.HTTPNotFound
        ws = web.WebSocketResponse(heartbeat=30.0, timeout=1.0)
        await ws.prepare(request)
        viewer = _Viewer(user_id)
        self._viewers.add(viewer)
        writer = asyncio.create_task(self._write(viewer, ws), name="page feed")
        try:
            async for _ in ws:
                pass
        finally:
            self._viewers.discard(viewer)
            writer.cancel()
        return ws

    async def _write(self, viewer: _Viewer, ws: web.WebSocketResponse) -> None:
        while True:
            text = await viewer.queue.get()
            try:
                if text is None:
                    await ws.close(code=4008)
                    return
                await ws.send_str(text)
            except (ConnectionError, RuntimeError):
                return

    def close(self) -> None:
        """Disconnect every page."""
        for viewer in self._viewers:
            viewer.queue.put_nowait(None)
